"""Notebooks of a running hub: what they get, what they may not see, and how they end."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from kfspawner.guard import TRAINING

REQUEST: dict[str, Any] = {
    "cpu": "1",
    "memory": "700Mi",
    "dataVolumes": [{"name": "customers", "mount": "/data/customers"}],
    "environment": {"GREETING": "hello {username} %s"},
}
# A run that outlives its notebook, started as the Runs panel starts one.
TRAIN = """
import sys
from pathlib import Path
from kflab.runs.manager import RunManager
from kflab.runs.spec import RunSpec
spec = {"dataset": {"uri": "sklearn:wine"}, "split": {"parts": [0.6, 0.2, 0.2]},
        "model": {"family": "sklearn:RandomForestClassifier"}}
manager = RunManager(Path.cwd(), command=[sys.executable, "-c", "import time; time.sleep(600)"])
manager.create(RunSpec.model_validate(spec))
"""
SLEEP = "import time; time.sleep(600)"
PATHS = "import random; open('paths', 'w').write(random.TAKEN)"
HOG = "import time; held = bytearray(900 * 2**20); time.sleep(600)"
ORPHAN = "import subprocess, sys; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(601)'], start_new_session=True)"


def kernel(workspace: Path, name: str, code: str) -> None:
    """A kernel of the workspace's own that runs `code`."""
    folder = workspace / f".local/share/jupyter/kernels/{name}"
    folder.mkdir(parents=True)
    spec = {"argv": [sys.executable, "-c", code], "display_name": name, "language": "python"}
    (folder / "kernel.json").write_text(json.dumps(spec))


def processes_with(argument: str) -> list[psutil.Process]:
    return [p for p in psutil.process_iter(["cmdline"]) if argument in (p.info["cmdline"] or [])]


def supervisors(data: Path) -> list[psutil.Process]:
    return [p for p in processes_with(TRAINING) if str(data) in " ".join(p.info["cmdline"])]


@pytest.fixture(scope="module")
def bob(hub: Any) -> Any:
    return hub.person("bob")


@pytest.fixture(scope="module")
def servers(bob: Any) -> dict[str, Any]:
    """Two notebooks of one person, both running."""
    assert bob.rest("POST", "vision", {"user_options": REQUEST}).status_code in (201, 202)
    answer = bob.form({"cpu": "2"})
    assert answer.status_code == 302 and "/hub/spawn-pending/bob" in answer.headers["Location"]
    return {name: bob.wait_ready(name) for name in ("vision", "")}


@pytest.fixture(scope="module")
def guards(servers: dict[str, Any], hub: Any) -> dict[str, psutil.Process]:
    """The guard of each notebook, by the last part of its log's name."""
    found = {}
    for process in psutil.Process(hub.process.pid).children(recursive=True):
        command = process.cmdline()
        if "--note" in command:
            found["vision" if "vision" in command[command.index("--note") + 1] else ""] = process
    return found


@pytest.fixture(scope="module")
def workspace(hub: Any, servers: dict[str, Any]) -> Path:
    return Path(hub.data / "volumes/user-bob/vision-workspace")


def test_two_notebooks_of_one_person_answer(bob: Any, servers: dict[str, Any]) -> None:
    for name in servers:
        answer = bob.inside("GET", name, "api/status")
        assert answer.status_code == 200, answer.text[:200]
    assert bob.web.get("/user/bob/vision/").url.path.startswith("/user/bob/vision/lab")


def test_volumes_are_folders(hub: Any, workspace: Path) -> None:
    link = workspace / "customers"
    assert link.is_symlink() and link.resolve() == hub.data / "volumes/user-bob/customers"
    (hub.data / "volumes/user-bob/customers/a.csv").write_text("a\n1\n")
    assert (link / "a.csv").is_file()
    assert json.loads((workspace.parent / "vision-workspace.json").read_text()) == {
        "owner": "bob",
        "notebook": "vision",
        "links": {"bob/vision": {"customers": str(link.resolve())}},
    }


def test_root_folder_is_the_workspace(bob: Any, workspace: Path) -> None:
    names = [entry["name"] for entry in bob.inside("GET", "vision", "api/contents").json()["content"]]
    assert "customers" in names


def test_data_of_a_volume_can_be_used(bob: Any, hub: Any, workspace: Path) -> None:
    (hub.data / "volumes/user-bob/customers/orders.csv").write_text("age,left\n" + "30,yes\n40,no\n" * 10)
    answer = bob.inside("GET", "vision", "kflab/api/datasets/profile?uri=customers/orders.csv")
    assert answer.status_code == 200 and answer.json()["rows"] == 20


def test_modules_of_the_workspace_are_for_kernels_and_never_for_the_server(
    hub: Any, bob: Any, servers: dict[str, Any], until: Callable[..., Any]
) -> None:
    workspace = hub.data / "volumes/user-bob/modules"
    workspace.mkdir()
    (workspace / "random.py").write_text("TAKEN = 'yes'\n")
    options = {"workspace": {"kind": "existing", "name": "modules"}}
    assert bob.rest("POST", "modules", {"user_options": options}).status_code in (201, 202)
    bob.wait_ready("modules")
    kernel(workspace, "paths", PATHS)
    assert bob.inside("POST", "modules", "api/kernels", {"name": "paths"}).status_code == 201
    until(lambda: (workspace / "paths").is_file() and (workspace / "paths").read_text() == "yes")
    umask = os.umask(0o077)
    os.umask(umask)
    assert (workspace / "paths").stat().st_mode & 0o777 == 0o666 & ~umask  # not the hub's own umask
    assert bob.rest("DELETE", "modules").status_code in (202, 204)


def test_stored_options_are_resolved(bob: Any, servers: dict[str, Any]) -> None:
    stored = bob.stored("vision")
    assert stored["workspace"]["name"] == "vision-workspace"
    assert stored["cpu"] == "1" and stored["v"] == 1


def test_environment_holds_what_was_asked_and_no_secret_of_the_hub(
    guards: dict[str, psutil.Process], workspace: Path
) -> None:
    environment = guards["vision"].children()[0].environ()
    assert environment["GREETING"] == "hello {username} %s"
    assert environment["OMP_NUM_THREADS"] == "1"
    assert environment["HOME"] == str(workspace)
    # a terminal finds the environment of the hub
    assert environment["PATH"].split(os.pathsep)[0] == str(Path(sys.executable).parent)
    assert not [name for name in environment if name.startswith("KFHUB_")]
    assert not {"CONFIGPROXY_AUTH_TOKEN", "JUPYTERHUB_CRYPT_KEY"} & set(environment)
    assert "correct-horse" not in " ".join(environment.values())


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="this system has no CPU affinity")
def test_processes_run_on_as_many_cores_as_asked_for(guards: dict[str, psutil.Process]) -> None:
    there = len(os.sched_getaffinity(0))
    assert len(os.sched_getaffinity(guards["vision"].children()[0].pid)) == min(1, there)
    assert len(os.sched_getaffinity(guards[""].children()[0].pid)) == min(2, there)


def test_a_running_notebook_is_not_started_twice(bob: Any, servers: dict[str, Any]) -> None:
    assert bob.rest("POST", "vision", {"user_options": {}}).status_code == 400
    assert bob.form({}, "vision").status_code == 400


def test_nobody_enters_anothers_notebook(hub: Any, servers: dict[str, Any]) -> None:
    eve = hub.person("eve")
    assert eve.web.get("/user/bob/vision/lab").status_code == 403
    assert eve.api("GET", "users/bob").status_code in (403, 404)
    assert eve.web.get("/hub/admin").status_code == 403


def test_everything_listens_on_loopback_only(hub: Any, servers: dict[str, Any]) -> None:
    tree = [hub.process.pid, *(p.pid for p in psutil.Process(hub.process.pid).children(recursive=True))]
    listening = [
        connection.laddr.ip
        for pid in tree
        for connection in psutil.Process(pid).net_connections("tcp")
        if connection.status == psutil.CONN_LISTEN
    ]
    assert len(listening) >= 5  # proxy, its API, hub, two notebooks
    assert set(listening) == {"127.0.0.1"}


def test_memory_hog_is_stopped_with_a_sentence_and_the_other_notebook_is_not(
    bob: Any, workspace: Path, guards: dict[str, psutil.Process], until: Callable[..., Any]
) -> None:
    family = guards["vision"].children(recursive=True)
    kernel(workspace, "hog", HOG)
    assert bob.inside("POST", "vision", "api/kernels", {"name": "hog"}).status_code == 201
    until(lambda: not guards["vision"].is_running())
    until(lambda: "vision" in bob.servers() and bob.servers()["vision"]["stopped"])
    assert not [p for p in family if p.is_running() and p.status() != psutil.STATUS_ZOMBIE]
    sentence = "more than the 700 MiB it may use"
    assert sentence in bob.web.get("/hub/spawn/bob/vision").text
    assert sentence in bob.web.get("/hub/home").text
    assert sentence in bob.web.get("/hub/user/bob/vision/lab").text
    assert bob.inside("GET", "", "api/status").status_code == 200


def test_stopping_a_notebook_ends_all_it_started_but_training_runs(
    hub: Any, bob: Any, servers: dict[str, Any], guards: dict[str, psutil.Process], until: Callable[..., Any]
) -> None:
    workspace = hub.data / "volumes/user-bob/default-workspace"
    for name, code in {"sleep": SLEEP, "orphan": ORPHAN, "train": TRAIN}.items():
        kernel(workspace, name, code)
        assert bob.inside("POST", "", "api/kernels", {"name": name}).status_code == 201
    until(lambda: supervisors(hub.data))
    orphan = until(lambda: processes_with("import time; time.sleep(601)"))
    run = supervisors(hub.data)[0]
    family = [
        p
        for p in guards[""].children(recursive=True)
        if run.pid not in (p.pid, *(a.pid for a in p.parents()))
    ]
    assert orphan[0] in family
    try:
        assert bob.rest("DELETE", "").status_code in (202, 204)
        until(lambda: not [p for p in family if p.is_running() and p.status() != psutil.STATUS_ZOMBIE])
        until(lambda: bob.servers()[""]["stopped"])
        assert run.is_running() and run.status() != psutil.STATUS_ZOMBIE
        assert bob.tokens() == []
    finally:
        for process in [*run.children(recursive=True), run]:
            process.kill()


def test_stored_options_start_the_same_notebook_again(bob: Any, servers: dict[str, Any]) -> None:
    before = bob.stored("vision")
    assert bob.rest("POST", "vision").status_code in (201, 202)
    bob.wait_ready("vision")
    assert bob.stored("vision") == before
    assert "more than the 700 MiB" not in bob.web.get("/hub/home").text
    assert bob.rest("DELETE", "vision").status_code in (202, 204)


def test_workspace_of_another_notebook_is_refused_as_new(bob: Any, servers: dict[str, Any]) -> None:
    options = {"workspace": {"kind": "new", "name": "vision-workspace"}}
    message = bob.rest("POST", "other", {"user_options": options}).json()["message"]
    assert message.startswith("workspace.name:") and "your notebook vision" in message


def test_files_of_the_workspace_are_never_replaced_by_a_volume(
    hub: Any, bob: Any, servers: dict[str, Any]
) -> None:
    (hub.data / "volumes/user-bob/default-workspace/mine").write_text("kept")
    options = {"dataVolumes": [{"name": "theirs", "mount": "/data/mine"}]}
    message = bob.rest("POST", "", {"user_options": options}).json()["message"]
    assert message.startswith("dataVolumes.0.mount:")
    assert (hub.data / "volumes/user-bob/default-workspace/mine").read_text() == "kept"


@pytest.fixture
def admin(hub: Any) -> Iterator[Any]:
    yield hub.person("admin", "correct-horse-battery-staple-100%")


def test_admin_is_apart(hub: Any, admin: Any) -> None:
    assert admin.web.get("/hub/admin").status_code == 200
    assert admin.api("GET", "users").status_code == 200
    with pytest.raises(AssertionError):
        hub.person("admin")  # with everyone's password
    with pytest.raises(AssertionError):
        hub.person("carol", "correct-horse-battery-staple-100%")


def test_login_says_that_the_account_is_shared(hub: Any, bob: Any) -> None:
    sentence = "they can read each other's files and control the hub"
    for page in (bob.web.get("/hub/spawn/bob/another").text, hub.person("dora").web.get("/hub/logout").text):
        assert sentence in page.replace("&#39;", "'")
