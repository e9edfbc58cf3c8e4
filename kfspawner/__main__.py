"""`python -m kfspawner` is the command `kfhub`."""

from .cli import app

app(prog_name="kfhub")
