"""`python -m tests.cluster.kube up|hub|down`: see the package."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from . import binaries, node
from .client import Cluster, CommandError
from .places import places
from .ready import build, missing


def say(text: str) -> None:
    print(f"kfhub: {text}", flush=True)


def up(with_images: bool) -> Cluster:
    (build if with_images else binaries.build)(places(), say)
    node.up(places(), say)
    return Cluster(places().kubeconfig, places(), own=True)


def hub(cluster: Cluster) -> None:
    from . import images, install

    build = install.build_of(images.load(cluster.places, say))
    given = os.environ.get("KFHUB_PASSWORD", ""), os.environ.get("KFHUB_ADMIN_PASSWORD", "")
    found = install.install(cluster, say, build, user_password=given[0], admin_password=given[1])
    say(f"kubectl and helm are in {cluster.places.bin}")
    for who, password in (("anybody", found.user_password), ("admin", found.admin_password)):
        if password not in given:
            say(f"{who} logs in with the password {password}")
    print(f"kfhub is ready at {found.url}")


def main(arguments: list[str]) -> int:
    if arguments == ["down"]:
        node.down(places())
        left = node.remains(places())
        say(f"left behind: {', '.join(left)}" if left else "the cluster is down and nothing of it is left")
        return bool(left)
    if arguments not in (["up"], ["hub"]):
        print(sys.modules[__package__ or ""].__doc__)
        return 2
    with_hub = arguments == ["hub"]
    if problem := missing(places(), say, with_images=with_hub):
        say(problem)
        return 1
    from tools.images import ImageError

    try:
        cluster = up(with_hub)
        if with_hub:
            hub(cluster)
    except (binaries.BuildError, node.ClusterError, CommandError, ImageError) as error:
        say(str(error))
        return 1
    print(f"KUBECONFIG={Path(cluster.kubeconfig)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
