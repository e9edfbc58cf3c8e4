"""The starter notebook: a tour of kfhub that runs from top to bottom. No Jupyter."""

from kflab.starter.notebook import notebook, tour
from kflab.starter.workspace import NAME, put, welcome

__all__ = ["NAME", "notebook", "put", "tour", "welcome"]
