"""The lab side of kfhub: what a notebook imports."""
