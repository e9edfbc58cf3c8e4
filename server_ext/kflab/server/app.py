"""The Jupyter server extension: reads its settings, makes the services and hangs up the routes."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jupyter_server.extension.application import ExtensionApp
from jupyter_server.utils import url_path_join
from traitlets import Bool, Unicode, default

from kflab.cluster.connection import Connection
from kflab.cluster.namespace import Namespace
from kflab.metadata.errors import StoreUnavailable
from kflab.metadata.location import locate
from kflab.metadata.store import Store
from kflab.runs.manager import RunManager
from kflab.server import handlers, kernels, openapi
from kflab.server.inspect import Inspector
from kflab.server.services import Services
from kflab.starter import NAME, welcome

__all__ = ["KFLabApp"]


class KFLabApp(ExtensionApp):  # type: ignore[misc]
    """kflab: metadata, runs, datasets and models under `kflab/api/`."""

    name = "kflab"
    description = "Browse metadata, train models and follow runs."

    metadata_url = Unicode(
        help="""Where the metadata store is: `sqlite:///…` or `mysql://…`.
        The environment variable KFLAB_METADATA_URL goes before the default,
        which is a SQLite file in `.kflab` of the workspace.""",
    ).tag(config=True)
    runs_root = Unicode(
        help="Folder of the runs, in the workspace unless absolute. KFLAB_RUNS goes before the default, .kflab/runs.",
    ).tag(config=True)

    starter = Bool(
        help="""Whether there is a starter notebook: put into a new workspace once, and a card of the launcher.
        The environment variable KFLAB_STARTER=off goes before the default, which is that there is.""",
    ).tag(config=True)

    @default("starter")
    def _starter(self) -> bool:
        return os.environ.get("KFLAB_STARTER", "").strip().lower() not in ("off", "no", "false", "0")

    @default("metadata_url")
    def _metadata_url(self) -> str:
        file = quote(str(self._workspace() / ".kflab/metadata.db"))
        return os.environ.get("KFLAB_METADATA_URL") or f"sqlite:///{file}"

    def _workspace(self) -> Path:
        return Path(self.serverapp.root_dir).resolve()

    def initialize_settings(self) -> None:
        root = self._workspace()
        self._welcome(root)
        self._services = Services(
            root=root,
            store=self._store(root),
            runs=RunManager(root, Path(self.runs_root) if self.runs_root else None),
            inspector=Inspector(root),
            cluster=Namespace(Connection()),
            active=self._note_activity,
        )
        self.settings["kflab_services"] = self._services
        self.settings["kflab_document"] = openapi.document
        self.settings["kflab_starter"] = self.starter

    def _welcome(self, root: Path) -> None:
        """The starter notebook, before anything else makes the folder by which a workspace is not new any more."""
        if not self.starter:
            # Lab's pages read it, and leave the card out of the launcher.
            self.serverapp.web_app.settings.setdefault("page_config_data", {})["kflabStarter"] = "off"
            return
        try:
            if welcome(root):
                self.log.info("kflab: this workspace is new; %s shows what there is", NAME)
        except OSError as error:
            self.log.warning("kflab: the starter notebook could not be put into %s: %s", root, error.strerror)

    def _store(self, root: Path) -> Store | StoreUnavailable:
        try:
            return Store(self.metadata_url, root / locate(self.metadata_url).index)
        except StoreUnavailable as error:
            self.log.warning("kflab: there is no metadata store: %s", error.message)
            return error

    def _note_activity(self, now: datetime) -> None:
        # jupyter_server takes the newest of all its settings with this ending for the last activity; ours are a copy.
        self.serverapp.web_app.settings["kflab_last_activity"] = now

    def initialize_handlers(self) -> None:
        self.handlers.extend(handlers.table())

    async def _start_jupyter_server_extension(self, serverapp: Any) -> None:
        url, token = self._address(serverapp)
        kernels.equip(
            serverapp.kernel_manager, serverapp.web_app.settings.get("terminal_manager"), url, token
        )
        self._file = kernels.ConnectionFile(Path(serverapp.runtime_dir))
        self._file.write(url, token)
        self._services.start()

    @staticmethod
    def _address(serverapp: Any) -> tuple[str, str]:
        """URL and token for a kernel on this machine. On a hub its own API token is the one that opens the server."""
        host = serverapp.ip if serverapp.ip not in ("", "*", "0.0.0.0", "::") else "127.0.0.1"  # noqa: S104
        host = f"[{host}]" if ":" in host else host
        scheme = "https" if serverapp.certfile else "http"
        url = url_path_join(f"{scheme}://{host}:{serverapp.port}", serverapp.base_url)
        return url, os.environ.get("JUPYTERHUB_API_TOKEN") or serverapp.identity_provider.token or ""

    async def stop_extension(self) -> None:
        if hasattr(self, "_file"):
            self._file.remove()
        await self._services.close()
