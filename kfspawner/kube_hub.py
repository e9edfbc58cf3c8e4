"""The hub in a cluster, as JupyterHub configuration. Called by the chart's jupyterhub_config.py."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from typing import Any

from jupyterhub.utils import url_path_join
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError
from traitlets import TraitError

from .kube_values import Cull, Database, Place, Singleuser, Values
from .pages import add_pages
from .settings import StartError, hub_config
from .variables import short

__all__ = ["configure"]

HUB_PORT, PROXY_API_PORT = 8081, 8001
SHARED_NAMESPACE = (
    "Notebooks of this hub run in its own namespace, and may manage what is in it: whoever can start one can read"
    " the files of the others and control the hub."
)
_CULLER = "jupyterhub-idle-culler"
# JupyterHub's role of every user, with the right to share their own servers; its roles and groups say with whom.
_SHARING = {"name": "user", "scopes": ["self", "shares!user"]}
# Kept in the hub's Secret; what hub.config says of them is in there too.
_SECRETS = (
    ("JupyterHub", "cookie_secret"),
    ("JupyterHub", "proxy_auth_token"),
    ("ConfigurableHTTPProxy", "auth_token"),
    ("CryptKeeper", "keys"),
    ("SharedPasswordAuthenticator", "user_password"),
    ("SharedPasswordAuthenticator", "admin_password"),
)


def configure(c: Any, environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Sets up a hub in a pod from the values of its chart; returns `hub.extraConfig`, code by name, to be
    executed after it in the order of the names.

    What is set on `c` after this call counts. Raises TraitError, which JupyterHub shows as one line, for
    values that can't be used.
    """
    try:
        place = Place.from_environment(environ)
        values = Values.load(place.values)
        _configure(c, place, values)
    except StartError as error:
        raise TraitError(str(error)) from None
    return dict(sorted(values.hub.extra_config.items()))


def _configure(c: Any, place: Place, values: Values) -> None:
    _addresses(c, place, values)
    _database(c, place, values.hub.db)
    _accounts(c, place)
    _spawner(c, place, values)
    _limits(c, values)
    hub = c.JupyterHub
    hub.services, hub.load_roles = [], [_SHARING] if "user" not in values.hub.load_roles else []
    if values.cull.enabled:
        service, role = _culler(values.cull, values.hub.base_url)
        hub.services.append(service)
        hub.load_roles.append(role)
    for name, service in values.hub.services.items():
        token = place.secret(f"hub.services.{name}.apiToken")
        known = {key: value for key, value in service.items() if key != "apiToken"}
        hub.services.append({"name": name, **known, **({"api_token": token} if token else {})})
    hub.load_roles += [{"name": name, **role} for name, role in values.hub.load_roles.items()]
    if values.debug:
        hub.log_level = "DEBUG"
        c.Spawner.debug = True
    _pass_through(c, values.hub.config)

    shared = values.single_namespace and values.singleuser.service_account_name == "default-editor"
    add_pages(
        c,
        template_vars={"kfhub_notice": SHARED_NAMESPACE} if shared else {},
        # What is refused by then is refused by the answer itself; then to the page that shows the progress.
        slow_spawn_timeout=1,
    )


def _addresses(c: Any, place: Place, values: Values) -> None:
    """Proxy and hub are Services of the hub's namespace; notebooks call the hub from theirs."""
    hub, proxy = c.JupyterHub, c.ConfigurableHTTPProxy
    hub.bind_url = url_path_join("http://:8000", values.hub.base_url)
    hub.hub_bind_url = f"http://:{HUB_PORT}"
    hub.hub_connect_url = f"http://hub.{place.namespace}.svc:{HUB_PORT}"
    hub.cookie_secret = _cookie_secret(place)
    proxy.should_start = False
    proxy.api_url = f"http://proxy-api.{place.namespace}.svc:{PROXY_API_PORT}"
    proxy.auth_token = place.needed_secret("hub.config.ConfigurableHTTPProxy.auth_token")
    # a hub that ends leaves notebooks and their routes as they are, and finds them again
    hub.cleanup_servers = False
    hub.last_activity_interval = 60  # also how soon a proxy that started anew has its routes back


def _cookie_secret(place: Place) -> bytes:
    name = "hub.config.JupyterHub.cookie_secret"
    text = place.needed_secret(name)
    if not re.fullmatch("([0-9a-fA-F]{2}){32,}", text):
        raise StartError(
            f"{name} must be 64 or more hexadecimal digits, as `openssl rand -hex 32` makes them."
        )
    return bytes.fromhex(text)


def _database(c: Any, place: Place, database: Database) -> None:
    hub = c.JupyterHub
    # Its own file is kept up with JupyterHub's versions; a database of others only when they say so.
    hub.upgrade_db = database.type == "sqlite-pvc" if database.upgrade is None else database.upgrade
    if database.type != "postgres":
        if database.url:
            raise StartError(
                f"hub.db.url is for databases elsewhere, and hub.db.type is {database.type}. Use hub.db.type"
                " postgres, or leave the URL out."
            )
        hub.db_url = "sqlite://" + ("/jupyterhub.sqlite" if database.type == "sqlite-pvc" else "")
        return
    if not database.url:
        raise StartError(
            "hub.db.type is postgres without hub.db.url. Set it, such as postgresql://kfhub@db.example.org/kfhub."
        )
    try:
        url = make_url(database.url)
        if url.get_backend_name() != "postgresql":
            raise StartError(f"hub.db.url is for {url.get_backend_name()}, and hub.db.type is postgres.")
        url.get_dialect().import_dbapi()
    except ArgumentError:
        raise StartError(
            "hub.db.url is no URL of a database. Write it like postgresql://kfhub@db.example.org/kfhub, with the"
            " password in hub.db.password."
        ) from None
    except ImportError as error:
        raise StartError(
            f"hub.db.url needs the Python package {error.name}, which is not in the hub's image. Write the URL"
            " with postgresql:// or postgresql+psycopg://, or add the package."
        ) from None
    hub.db_url = database.url
    password = place.secret("hub.db.password")
    if password is not None:
        os.environ["PGPASSWORD"] = password  # not in the URL, which JupyterHub logs


def _accounts(c: Any, place: Place) -> None:
    """Everybody with one password and `admin` with another, until hub.config names another authenticator.
    Groups are given by the admin; with manage_groups each login would empty them."""
    prefix = "hub.config.SharedPasswordAuthenticator."
    shared = c.SharedPasswordAuthenticator
    user, admin = place.secret(prefix + "user_password"), place.secret(prefix + "admin_password")
    for problem in (short(prefix + "user_password", user, 8), short(prefix + "admin_password", admin, 32)):
        if problem:
            raise StartError(problem)
    if user and user == admin:
        raise StartError(f"{prefix}user_password and admin_password are the same. Choose two different ones.")
    c.JupyterHub.authenticator_class = "shared-password"
    shared.user_password, shared.admin_password = user, admin
    shared.admin_users = {"admin"}
    shared.allow_all = True
    keys = place.secret("hub.config.CryptKeeper.keys")
    if keys:
        c.CryptKeeper.keys = keys.split(";")


def _spawner(c: Any, place: Place, values: Values) -> None:
    """Stock traits are set on the stock classes, so that an admin's c.KubeSpawner counts as well as
    c.KFSpawner."""
    user: Singleuser = values.singleuser
    c.JupyterHub.spawner_class = "kfspawner.spawner.KFSpawner"
    c.KFSpawner.policy_file = str(place.policy)
    c.KFSpawner.single_namespace = values.single_namespace
    c.KFSpawner.hub_service_account = "hub"

    c.Spawner.cmd = [user.cmd] if isinstance(user.cmd, str) else user.cmd
    c.Spawner.default_url = user.default_url
    c.Spawner.start_timeout = user.start_timeout

    kube = c.KubeSpawner
    kube.namespace = place.namespace
    kube.enable_user_namespaces = not values.single_namespace
    kube.service_account = user.service_account_name
    kube.uid = user.uid
    kube.fs_gid = user.fs_gid
    for name in ("extra_labels", "extra_annotations", "node_selector", "extra_pod_config"):
        if value := getattr(user, name):
            setattr(kube, name, value)
    if user.extra_env:
        kube.environment = user.extra_env


def _limits(c: Any, values: Values) -> None:
    hub, given = c.JupyterHub, values.hub
    for name in (
        *("allow_named_servers", "named_server_limit_per_user", "concurrent_spawn_limit"),
        *("active_server_limit", "authenticate_prometheus", "redirect_to_server", "shutdown_on_logout"),
    ):
        value = getattr(given, name)
        if value is not None:
            setattr(hub, name, value)
    if given.consecutive_failure_limit is not None:
        c.Spawner.consecutive_failure_limit = given.consecutive_failure_limit
    hub.template_paths = [*given.template_paths, str(hub_config() / "templates")]
    hub.template_vars = given.template_vars


def _culler(cull: Cull, base_url: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The service that stops idle notebooks, and a role that lets it do that and no more."""
    scopes = ["list:users", "read:users:activity", "read:servers", "delete:servers"]
    command = [
        *(sys.executable, "-m", "jupyterhub_idle_culler"),
        f"--url={url_path_join(f'http://127.0.0.1:{HUB_PORT}', base_url, 'hub/api')}",
        f"--timeout={cull.timeout}",
        f"--cull-every={cull.every}",
        f"--concurrency={cull.concurrency}",
        f"--max-age={cull.max_age}",
        f"--cull-admin-users={str(cull.admin_users).lower()}",
        f"--cull-users={str(cull.users).lower()}",
        f"--remove-named-servers={str(cull.remove_named_servers).lower()}",
    ]
    if cull.users:
        scopes.append("admin:users")
    return {"name": _CULLER, "command": command}, {"name": _CULLER, "scopes": scopes, "services": [_CULLER]}


def _pass_through(c: Any, config: Mapping[str, Mapping[str, Any]]) -> None:
    """hub.config: any setting of JupyterHub and its classes, by class and name."""
    for section, given in config.items():
        if not re.fullmatch("[A-Z][A-Za-z0-9_]*", section):
            raise StartError(
                f"hub.config.{section} is not the name of a class, such as JupyterHub or KubeSpawner. If it is a"
                " value of the chart, take it out of hub.config."
            )
        settings = {name: value for name, value in given.items() if (section, name) not in _SECRETS}
        if section == "JupyterHub":
            for name in ("services", "load_roles"):  # beside the chart's own, not instead
                c.JupyterHub[name] += settings.pop(name, [])
        for name, value in settings.items():
            c[section][name] = value
