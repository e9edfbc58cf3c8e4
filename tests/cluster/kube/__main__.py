"""`python -m tests.cluster.kube up|down`: see the package."""

from __future__ import annotations

import sys

from . import binaries, node
from .places import places
from .ready import missing


def say(text: str) -> None:
    print(f"kfhub: {text}", flush=True)


def main(arguments: list[str]) -> int:
    if arguments == ["down"]:
        node.down(places())
        return 0
    if arguments != ["up"]:
        print(sys.modules[__package__ or ""].__doc__)
        return 2
    if problem := missing(places(), say):
        say(problem)
        return 1
    try:
        binaries.build(places(), say)
        node.up(places(), say)
    except (binaries.BuildError, node.ClusterError) as error:
        say(str(error))
        return 1
    print(f"KUBECONFIG={places().kubeconfig}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
