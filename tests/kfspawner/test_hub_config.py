"""The configuration of a hub: what an admin adds below kfhub's is kept, or refused with a sentence."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

import pytest
from jupyterhub.app import JupyterHub
from jupyterhub.spawner import Spawner
from traitlets import TraitError
from traitlets.config import Config

from kfspawner.local import SHARED_ACCOUNT, LocalSpawner
from kfspawner.static_files import StaticFiles

ROOT = Path(__file__).parents[2]
Load = Callable[[str], JupyterHub]


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Load]:
    """A hub that has read its configuration, with lines of an admin at the end, and went no further."""
    umask = os.umask(0o077)
    monkeypatch.setenv("KFHUB_DATA", str(tmp_path))
    monkeypatch.setattr("kfspawner.hub.scopes_work", lambda: False)

    def load(lines: str) -> JupyterHub:
        path = tmp_path / "jupyterhub_config.py"
        path.write_text((ROOT / "hub_config/jupyterhub_config.py").read_text() + lines)
        app = JupyterHub.instance()
        app.load_config_file(str(path))
        return app

    yield load
    JupyterHub.clear_instance()
    os.umask(umask)


def test_dictionaries_of_an_admin_are_added_to(load: Load) -> None:
    app = load(
        "c.JupyterHub.tornado_settings = {'slow_spawn_timeout': 3}\n"
        "c.JupyterHub.template_vars = {'announcement': 'Tea at four'}\n"
    )
    assert app.tornado_settings == {"static_handler_class": StaticFiles, "slow_spawn_timeout": 3}
    assert app.template_vars == {"kfhub_notice": SHARED_ACCOUNT, "announcement": "Tea at four"}


def test_what_an_admin_sets_counts(load: Load) -> None:
    app = load("c.JupyterHub.template_vars = {'kfhub_notice': ''}\nc.Spawner.pre_spawn_hook = print\n")
    assert app.template_vars == {"kfhub_notice": ""}


@pytest.mark.parametrize(
    "name", ["apply_user_options", "options_form", "options_from_form", "options_from_query"]
)
@pytest.mark.parametrize("section", ["LocalSpawner", "Spawner"])
def test_a_hook_that_would_never_be_called_is_refused(
    load: Load, section: str, name: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        load(f"c.{section}.{name} = print\n")
    assert f"c.{section}.{name} can't be set" in capfd.readouterr().err
    with pytest.raises(TraitError, match="Remove the line"):  # where a hub is configured without `configure`
        LocalSpawner(
            user=SimpleNamespace(name="ada"),
            orm_spawner=SimpleNamespace(name="", state={}, server=None),
            config=Config({section: {name: print}}),
            policy_file="spawner_ui_config.yaml",
        )


def test_jupyterhub_finds_the_spawner_by_its_short_name() -> None:
    points = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["entry-points"]
    module, _, name = points["jupyterhub.spawners"]["kfhub-local"].partition(":")
    assert issubclass(getattr(import_module(module), name), Spawner)
