"""The hub in a cluster: the chart's values become JupyterHub's configuration, or one sentence says why not."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from jupyterhub.app import JupyterHub
from traitlets import TraitError
from traitlets.config import Config

from kfspawner.kube_hub import SHARED_NAMESPACE, configure
from kfspawner.settings import hub_config
from kfspawner.static_files import StaticFiles

ROOT = Path(__file__).parents[2]
CONFIG = ROOT / "helm/kfhub/files/jupyterhub_config.py"
SECRETS = {
    "hub.config.ConfigurableHTTPProxy.auth_token": "between-hub-and-proxy",
    "hub.config.JupyterHub.cookie_secret": "ab" * 32,
    "hub.config.CryptKeeper.keys": "11" * 32 + ";" + "22" * 32,
    "hub.config.SharedPasswordAuthenticator.user_password": "everybody",
    "hub.config.SharedPasswordAuthenticator.admin_password": "a" * 40,
}
Configured = Callable[..., Any]


@pytest.fixture
def place(tmp_path: Path) -> dict[str, str]:
    """The environment and the files of a hub's pod."""
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    for name, value in SECRETS.items():
        (secrets / name).write_text(value)
    values = tmp_path / "values.yaml"
    values.write_text("{}")
    return {
        "POD_NAMESPACE": "science",
        "KFHUB_VALUES": str(values),
        "KFHUB_SECRETS": str(secrets),
        "KFHUB_POLICY": "/policy.yaml",
    }


@pytest.fixture
def configured(place: dict[str, str]) -> Configured:
    """What `configure` makes of values; secrets as keywords with `_` for `.` are added or, with None, taken out."""

    def configured(values: Any = None, **secrets: str | None) -> Any:
        Path(place["KFHUB_VALUES"]).write_text(yaml.safe_dump(values or {}))
        for name, value in secrets.items():
            path = Path(place["KFHUB_SECRETS"]) / name.replace("__", ".")
            path.unlink(missing_ok=True) if value is None else path.write_text(value)
        c = Config()
        configure(c, place)
        return c

    return configured


def test_addresses_are_those_of_services_in_the_hubs_namespace(configured: Configured) -> None:
    c = configured({"hub": {"baseUrl": "/lab/"}})
    assert c.JupyterHub.hub_connect_url == "http://hub.science.svc:8081"
    assert c.JupyterHub.hub_bind_url == "http://:8081"
    assert c.JupyterHub.bind_url == "http://:8000/lab/"
    assert c.ConfigurableHTTPProxy.api_url == "http://proxy-api.science.svc:8001"
    assert c.ConfigurableHTTPProxy.auth_token == "between-hub-and-proxy"
    assert c.ConfigurableHTTPProxy.should_start is False
    assert c.JupyterHub.cleanup_servers is False
    assert c.JupyterHub.cookie_secret == b"\xab" * 32


def test_notebooks_run_under_default_editor_in_namespaces_of_their_own(configured: Configured) -> None:
    c = configured()
    assert c.JupyterHub.spawner_class == "kfspawner.spawner.KFSpawner"
    assert c.KFSpawner == {
        "policy_file": "/policy.yaml",
        "single_namespace": False,
        "hub_service_account": "hub",
    }
    assert c.KubeSpawner == {
        "namespace": "science",
        "enable_user_namespaces": True,
        "service_account": "default-editor",
        "uid": 1000,
        "fs_gid": 100,
    }
    assert c.Spawner == {"cmd": ["jupyterhub-singleuser"], "default_url": "/lab", "start_timeout": 300}
    assert c.JupyterHub.allow_named_servers is True
    assert c.JupyterHub.template_paths == [str(hub_config() / "templates")]


def test_a_single_namespace_has_no_namespaces_for_users(configured: Configured) -> None:
    c = configured({"singleNamespace": True, "singleuser": {"serviceAccountName": "default-viewer"}})
    assert c.KFSpawner.single_namespace is True
    assert c.KubeSpawner.enable_user_namespaces is False
    assert c.KubeSpawner.service_account == "default-viewer"


def test_everybody_logs_in_with_the_passwords_of_the_secret(configured: Configured) -> None:
    c = configured()
    assert c.JupyterHub.authenticator_class == "shared-password"
    assert c.SharedPasswordAuthenticator == {
        "user_password": "everybody",
        "admin_password": "a" * 40,
        "admin_users": {"admin"},
        "allow_all": True,
    }
    assert c.CryptKeeper == {"keys": ["11" * 32, "22" * 32]}


def test_hub_config_wins_and_cannot_undo_what_is_kept(configured: Configured) -> None:
    c = configured(
        {
            "hub": {
                "config": {
                    "JupyterHub": {
                        "authenticator_class": "generic-oauth",
                        "cookie_secret": "ff" * 32,
                        "services": [{"name": "mine"}],
                        "load_groups": {"vision": {"users": ["ada"]}},
                    },
                    "GenericOAuthenticator": {"client_id": "x"},
                    "KubeSpawner": {"uid": 2000},
                    "Spawner": {"default_url": "/tree"},
                },
                "services": {"reports": {"url": "http://reports", "apiToken": "not read"}},
                "loadRoles": {"reader": {"scopes": ["list:users"]}},
            }
        },
        hub__services__reports__apiToken="kept",
    )
    assert c.JupyterHub.authenticator_class == "generic-oauth"
    assert c.JupyterHub.cookie_secret == b"\xab" * 32
    assert c.JupyterHub.load_groups == {"vision": {"users": ["ada"]}}
    assert c.GenericOAuthenticator.client_id == "x"
    assert (c.KubeSpawner.uid, c.KubeSpawner.namespace) == (2000, "science")
    assert c.Spawner.default_url == "/tree"
    culler, reports, mine = c.JupyterHub.services
    assert culler["name"] == "jupyterhub-idle-culler"
    assert reports == {"name": "reports", "url": "http://reports", "api_token": "kept"}
    assert mine == {"name": "mine"}
    assert c.JupyterHub.load_roles[2:] == [{"name": "reader", "scopes": ["list:users"]}]


def test_users_may_share_their_own_servers_unless_the_admin_says_otherwise(configured: Configured) -> None:
    roles = configured({}).JupyterHub.load_roles
    assert {"name": "user", "scopes": ["self", "shares!user"]} in roles
    own = {"hub": {"loadRoles": {"user": {"scopes": ["self"]}}}}
    assert [role for role in configured(own).JupyterHub.load_roles if role["name"] == "user"] == [
        {"name": "user", "scopes": ["self"]}
    ]


def test_the_culler_may_stop_servers_and_no_more(configured: Configured) -> None:
    c = configured({"hub": {"baseUrl": "/x"}, "cull": {"timeout": 60, "every": 5, "maxAge": 7}})
    (service,), (_, role) = c.JupyterHub.services, c.JupyterHub.load_roles
    assert "--url=http://127.0.0.1:8081/x/hub/api" in service["command"]
    assert {"--timeout=60", "--cull-every=5", "--max-age=7", "--cull-users=false"} < set(service["command"])
    assert role == {
        "name": "jupyterhub-idle-culler",
        "scopes": ["list:users", "read:users:activity", "read:servers", "delete:servers"],
        "services": ["jupyterhub-idle-culler"],
    }
    assert "admin:users" in configured({"cull": {"users": True}}).JupyterHub.load_roles[1]["scopes"]
    assert configured({"cull": {"enabled": False}}).JupyterHub.services == []


def test_a_database_elsewhere(configured: Configured, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGPASSWORD", "")
    monkeypatch.setattr("sqlalchemy.dialects.postgresql.psycopg.PGDialect_psycopg.import_dbapi", lambda: None)
    c = configured(
        {"hub": {"db": {"type": "postgres", "url": "postgresql://kfhub@db/kfhub"}}},
        hub__db__password="s3cret",
    )
    assert c.JupyterHub.db_url == "postgresql://kfhub@db/kfhub"
    assert c.JupyterHub.upgrade_db is False
    assert os.environ["PGPASSWORD"] == "s3cret"


@pytest.mark.parametrize(
    ("kind", "url", "upgrade"),
    [("sqlite-pvc", "sqlite:///jupyterhub.sqlite", True), ("sqlite-memory", "sqlite://", False)],
)
def test_a_database_of_its_own(configured: Configured, kind: str, url: str, upgrade: bool) -> None:
    c = configured({"hub": {"db": {"type": kind}}})
    assert (c.JupyterHub.db_url, c.JupyterHub.upgrade_db) == (url, upgrade)
    assert (
        configured({"hub": {"db": {"type": kind, "upgrade": not upgrade}}}).JupyterHub.upgrade_db
        is not upgrade
    )


@pytest.mark.parametrize(
    ("values", "secrets", "said"),
    [
        ({"hub": {"imge": {}}}, {}, "hub.imge"),
        ({"cull": {"timeout": 0}}, {}, "cull.timeout"),
        ({"hub": {"db": {"type": "mysql"}}}, {}, "hub.db.type"),
        ({"hub": {"db": {"type": "postgres"}}}, {}, "without hub.db.url"),
        ({"hub": {"db": {"url": "postgresql://db/x"}}}, {}, "hub.db.type is sqlite-pvc"),
        ({"hub": {"db": {"type": "postgres", "url": "nonsense"}}}, {}, "no URL of a database"),
        ({"hub": {"db": {"type": "postgres", "url": "mysql://db/x"}}}, {}, "is for mysql"),
        ({"hub": {"db": {"type": "postgres", "url": "postgresql+psycopg2://db/x"}}}, {}, "package psycopg2"),
        ({"hub": {"config": {"loadRoles": {}}}}, {}, "hub.config.loadRoles is not the name of a class"),
        (
            {},
            {"hub__config__JupyterHub__cookie_secret": None},
            "no value for hub.config.JupyterHub.cookie_secret",
        ),
        ({}, {"hub__config__JupyterHub__cookie_secret": "xyz"}, "hexadecimal"),
        ({}, {"hub__config__ConfigurableHTTPProxy__auth_token": None}, "auth_token"),
        ({}, {"hub__config__SharedPasswordAuthenticator__user_password": "short"}, "has 5 characters"),
        ({}, {"hub__config__SharedPasswordAuthenticator__admin_password": "a" * 31}, "has 31 characters"),
        ({}, {"hub__config__SharedPasswordAuthenticator__user_password": "a" * 40}, "are the same"),
    ],
)
def test_values_that_cannot_be_used_are_told(
    configured: Configured, values: Any, secrets: dict[str, str | None], said: str
) -> None:
    with pytest.raises(TraitError) as error:
        configured(values, **secrets)
    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_a_missing_file_and_a_missing_namespace_are_told(place: dict[str, str]) -> None:
    with pytest.raises(TraitError, match="POD_NAMESPACE is not set"):
        configure(Config(), {**place, "POD_NAMESPACE": ""})
    with pytest.raises(TraitError, match=r"nowhere\.yaml can't be read"):
        configure(Config(), {**place, "KFHUB_VALUES": "/nowhere.yaml"})
    Path(place["KFHUB_VALUES"]).write_text("a: [")
    with pytest.raises(TraitError, match="are no YAML"):
        configure(Config(), place)


# --- as JupyterHub reads it -------------------------------------------------------------------------


@pytest.fixture
def load(
    place: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Callable[[Any], JupyterHub]]:
    """A hub that has read the chart's configuration, and went no further."""
    for name, value in place.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)

    def load(values: Any) -> JupyterHub:
        # the spawner needs a cluster; what is looked at here is around it
        spawner = {"spawner_class": "kfspawner.local.LocalSpawner"}
        values = {**values, "hub": {"config": {"JupyterHub": spawner}, **values.get("hub", {})}}
        Path(place["KFHUB_VALUES"]).write_text(yaml.safe_dump(values))
        app = JupyterHub.instance()
        app.load_config_file(str(CONFIG))
        return app

    yield load
    JupyterHub.clear_instance()


def test_extra_config_comes_last(load: Callable[[Any], JupyterHub]) -> None:
    app = load(
        {
            "hub": {
                "extraConfig": {
                    "20-second": "c.JupyterHub.active_server_limit += 1",
                    "10-first": "c.JupyterHub.active_server_limit = 4\n"
                    "c.JupyterHub.spawner_class = 'kfspawner.local.LocalSpawner'\n"
                    "c.JupyterHub.template_vars = {'announcement': 'Tea'}\n",
                },
                "activeServerLimit": 1,
            }
        }
    )
    assert app.active_server_limit == 5
    assert app.template_vars == {"announcement": "Tea"}
    assert app.tornado_settings == {"static_handler_class": StaticFiles, "slow_spawn_timeout": 1}


def test_one_namespace_for_all_says_so_on_each_page(load: Callable[[Any], JupyterHub]) -> None:
    assert load({"singleNamespace": True}).template_vars == {"kfhub_notice": SHARED_NAMESPACE}


def test_notebooks_that_only_look_need_no_such_notice(load: Callable[[Any], JupyterHub]) -> None:
    viewer = {"serviceAccountName": "default-viewer"}
    assert load({"singleNamespace": True, "singleuser": viewer}).template_vars == {}


def test_jupyterhub_ends_with_the_sentence(
    load: Callable[[Any], JupyterHub], capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        load({"cull": {"evry": 1}})
    said = capfd.readouterr().err
    assert "cull.evry" in said
    assert "Traceback" not in said
