"""The hub side of kfhub: what an admin allows, the form, and the spawners."""
