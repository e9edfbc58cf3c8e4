"""The hub side of kfhub: what an admin allows, the form, and the spawners."""

from .errors import FieldError, PolicyError
from .notebook import Gpu, NotebookSpec, Owner, Volume
from .policy import Policy
from .quantity import Quantity

__all__ = ["FieldError", "Gpu", "NotebookSpec", "Owner", "Policy", "PolicyError", "Quantity", "Volume"]
