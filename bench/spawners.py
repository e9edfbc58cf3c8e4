"""KFSpawner and stock KubeSpawner as JupyterHub makes them, in the benchmark's own process."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from kubernetes_asyncio.config import kube_config
from kubespawner.clients import load_config
from traitlets.config import Config


class Database:
    """JupyterHub's, of which a spawner needs only this."""

    def commit(self) -> None: ...


async def connect(kubeconfig: Path) -> None:
    """Has this kubeconfig be found where KubeSpawner looks for one: the variable is read once, at import."""
    kube_config.KUBE_CONFIG_DEFAULT_LOCATION = str(kubeconfig)
    load_config.cache_clear()
    await kube_config.load_kube_config()


def make(spawner: type[Any], user: str, **settings: Any) -> Any:
    """One for `user`, with settings under the class's own name. Wants a running loop."""
    found = spawner(
        config=Config({spawner.__name__: settings}),
        user=SimpleNamespace(
            name=user, id=1, url=f"/user/{user}/", groups=[], admin=False, escaped_name=user, settings={}
        ),
        hub=SimpleNamespace(
            public_host="",
            url="http://hub:8081",
            base_url="/hub/",
            api_url="http://hub:8081/hub/api",
        ),
        orm_spawner=SimpleNamespace(name="", user_options=None, state=None, server=None),
        db=Database(),
    )
    found.api_token = "the-token-of-a-notebook"
    return found
