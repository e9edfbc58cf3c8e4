"""The hub of one machine, as JupyterHub configuration. Called by hub_config/jupyterhub_config.py."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from typing import Any

from jupyterhub.utils import random_port

from . import chp
from .limits import scopes_work
from .local import SHARED_ACCOUNT, guard_command
from .pages import add_pages
from .settings import Settings

__all__ = ["configure"]


def configure(c: Any) -> None:
    """Sets up a hub on loopback from `KFHUB_*`: addresses, accounts, proxy, spawner and pages.

    What is set on `c` after this call counts.
    """
    # what the hub writes is for its account; notebooks write as whoever started the hub would
    c.LocalSpawner.umask = os.umask(0o077)
    settings = Settings.from_environment()
    data = settings.data
    _end_with_parent()
    scopes_work()  # tried now, before anybody waits

    hub = c.JupyterHub
    hub.bind_url = settings.url
    hub.hub_bind_url = f"http://127.0.0.1:{random_port()}"
    hub.db_url = f"sqlite:///{data / 'jupyterhub.sqlite'}"
    hub.cookie_secret_file = str(data / "jupyterhub_cookie_secret")
    hub.template_paths = [str(data / "templates")]
    hub.allow_named_servers = True

    c.ConfigurableHTTPProxy.command = [*guard_command(), "--", *chp.command()]
    c.ConfigurableHTTPProxy.api_url = f"http://127.0.0.1:{random_port()}"
    c.ConfigurableHTTPProxy.pid_file = str(data / "proxy.pid")

    # Groups are given by the admin; with manage_groups each login would empty them.
    hub.authenticator_class = "shared-password"
    c.SharedPasswordAuthenticator.user_password = settings.password
    c.SharedPasswordAuthenticator.admin_password = settings.admin_password
    c.SharedPasswordAuthenticator.admin_users = {"admin"}
    c.SharedPasswordAuthenticator.allow_all = True

    hub.spawner_class = "kfspawner.local.LocalSpawner"
    c.LocalSpawner.data = str(data)
    c.LocalSpawner.policy_file = str(settings.policy)
    # -P: not from the workspace, where a file random.py would keep the server from starting
    c.LocalSpawner.cmd = [sys.executable, "-P", "-m", "jupyterhub.singleuser"]
    # JupyterLab refuses root unless told; whoever runs the hub as root has chosen so
    c.LocalSpawner.args = ["--allow-root"] if os.geteuid() == 0 else []
    c.LocalSpawner.default_url = "/lab"
    c.LocalSpawner.poll_interval = 2
    c.LocalSpawner.start_timeout = c.LocalSpawner.http_timeout = 120
    c.LocalSpawner.consecutive_failure_limit = 0

    add_pages(c, template_vars={"kfhub_notice": SHARED_ACCOUNT})


def _end_with_parent() -> None:
    """Started by `kfhub start`, the hub stops as for SIGTERM when that is gone, however it ended."""
    parent = int(os.environ.pop("KFHUB_PARENT", "0"))

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os.kill(os.getpid(), signal.SIGTERM)

    if parent:
        threading.Thread(target=watch, daemon=True).start()
