"""The starter notebook in a real server: there at the first start, back when it is asked for, off where the admin says so."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from kflab.starter import NAME, tour
from tests.kflab.server.conftest import Lab, new_lab

__all__ = ["new_lab"]
pytestmark = pytest.mark.timeout(180)


def test_a_new_workspace_has_it_and_one_that_is_not_new_only_when_asked(new_lab: Callable[..., Lab]) -> None:
    lab = new_lab().start()
    there = lab.workspace / NAME
    assert json.loads(there.read_text("utf-8")) == tour()
    assert "this workspace is new" in lab.log
    assert "kflabStarter" not in lab.http.get(f"{lab.base}lab").text
    there.unlink()
    lab.stop()
    lab.start()
    assert not there.exists()

    asked = lab.post("starter")
    assert (asked.status_code, asked.json()) == (200, {"path": NAME})
    # As Lab opens it.
    opened = lab.http.get(f"{lab.base}api/contents/{NAME}").json()
    assert opened["type"] == "notebook" and len(opened["content"]["cells"]) == len(tour()["cells"])
    there.write_text("changed")
    assert lab.post("starter").json() == {"path": NAME}
    assert there.read_text() == "changed"

    lab.workspace.rename(lab.workspace.with_name("away"))
    refused = lab.post("starter")
    assert refused.status_code == 503
    assert "could not be put into the workspace: No such file" in refused.json()["message"]
    lab.workspace.with_name("away").rename(lab.workspace)


@pytest.mark.parametrize("by", ["environment", "config"])
def test_an_admin_can_switch_it_off(new_lab: Callable[..., Lab], by: str) -> None:
    lab = new_lab(**({"KFLAB_STARTER": "off"} if by == "environment" else {}))
    if by == "config":
        config = lab.workspace.with_name("config")
        config.mkdir()
        (config / "jupyter_server_config.py").write_text("c.KFLabApp.starter = False\n")
    lab.start()
    assert not (lab.workspace / NAME).exists()
    refused = lab.post("starter")
    assert refused.status_code == 404
    assert refused.json() == {"message": "Your admin has switched the starter notebook off."}
    assert not (lab.workspace / NAME).exists()
    assert '"kflabStarter": "off"' in lab.http.get(f"{lab.base}lab").text
