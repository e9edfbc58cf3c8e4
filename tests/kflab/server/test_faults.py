"""Helper processes of the server killed at any point: an answer or a sentence, and the next request works."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from kflab.runs.spec import new_ulid

from .conftest import Lab, children, kill_children, until

WORKER = "kflab.metadata.worker"
INSPECTOR = "kflab.ml.inspector"


@pytest.fixture
def lab(lab: Lab) -> Iterator[Lab]:
    """With both helpers at work."""
    assert lab.get("metadata/artifacts")["total"] >= 0
    assert lab.get("methods")["metrics"]
    yield lab


def said(answer: httpx.Response) -> str:
    """The sentence of a 503."""
    assert answer.status_code == 503, answer.text
    message: str = answer.json()["message"]
    assert set(answer.json()) == {"message"} and message.endswith(".") and len(message) > 20
    return message


def group(name: str) -> dict[str, Any]:
    """A step that made two models: all three or none."""
    return {
        "key": new_ulid(),
        "contexts": [{"ref": "w", "type": "system.Pipeline", "name": "faults"}],
        "executions": [{"ref": "e", "type": "system.ContainerExecution", "name": name, "state": "COMPLETE"}],
        "artifacts": [
            {"ref": ref, "type": "system.Model", "name": f"{name} {ref}", "uri": "x"} for ref in ("a", "b")
        ],
        "events": [{"execution": "e", "artifact": ref, "type": "OUTPUT"} for ref in ("a", "b")],
    }


def names(lab: Lab, kind: str) -> list[str]:
    found: list[str] = []
    token = None
    while True:
        query = {"filter": 'workspace = "faults"', "limit": 500, **({"page_token": token} if token else {})}
        page = lab.get(f"metadata/{kind}", **query)
        found += [item["name"] for item in page["items"]]
        if (token := page["next_page_token"]) is None:
            return sorted(found)


def test_an_idle_worker_is_replaced(lab: Lab) -> None:
    made = lab.post("metadata/batch", group("before")).json()["ids"]
    (old,) = children(lab.pid, WORKER)
    old.kill()
    assert lab.get(f"metadata/artifacts/{made['a']}")["name"] == "before a"
    answer = lab.post("metadata/batch", group("after"))
    assert answer.status_code == 200, answer.text
    (new,) = children(lab.pid, WORKER)
    assert new.pid != old.pid
    assert answer.json()["ids"]["w"] == made["w"]


def test_killed_at_any_point_nothing_is_halved_or_doubled(lab: Lab) -> None:
    pick = random.Random(5)
    finished = threading.Event()
    killed: list[int] = []

    def kill() -> None:
        while len(killed) < 5 and not finished.wait(pick.random() * 0.4):
            killed.extend(kill_children(lab.pid, WORKER))

    def write(number: int) -> None:
        batch = group(f"step {number:03}")
        while (answer := lab.post("metadata/batch", batch)).status_code != 200:
            assert "try again" in said(answer)
        ids = answer.json()["ids"]
        again = lab.post("metadata/batch", batch)
        if again.status_code == 200:
            assert again.json() == {"ids": ids, "replayed": True}

    killer = threading.Thread(target=kill)
    killer.start()
    number = 0
    with ThreadPoolExecutor(3) as threads:
        while killer.is_alive() or number < 12:
            list(threads.map(write, range(number, number + 6)))
            number += 6
    finished.set()
    killer.join()
    assert len(killed) >= 5
    steps = [f"step {one:03}" for one in range(number)]
    assert [name for name in names(lab, "executions") if name.startswith("step")] == steps
    assert [name for name in names(lab, "artifacts") if name.startswith("step")] == [
        f"{step} {ref}" for step in steps for ref in ("a", "b")
    ]
    found = lab.get("metadata/contexts", filter='name = "faults"')
    assert found["total"] == 1


def test_a_worker_that_keeps_dying_is_told_of(lab: Lab) -> None:
    batch = group("stubborn")
    with ThreadPoolExecutor(1) as threads:
        asked = threads.submit(lab.post, "metadata/batch", batch)
        while not asked.done():
            kill_children(lab.pid, WORKER)
        assert "try again" in said(asked.result())
    answer = lab.post("metadata/batch", batch)
    assert answer.status_code == 200, answer.text
    assert names(lab, "executions").count("stubborn") == 1


def test_an_idle_inspector_is_replaced(lab: Lab) -> None:
    old = children(lab.pid, INSPECTOR)
    for one in old:
        one.kill()
    assert old and not psutil.wait_procs(old, timeout=10)[1]
    assert lab.get("methods")["metrics"]
    assert {one.pid for one in children(lab.pid, INSPECTOR)}.isdisjoint(one.pid for one in old)


@pytest.fixture
def slow_file(lab: Lab) -> Iterator[str]:
    """A file that takes seconds to read."""
    path = Path(lab.workspace) / "slow.csv"
    row = ",".join(f"word {n}" for n in range(20)) + "\n"
    with path.open("w") as file:
        file.write(",".join(f"c{n}" for n in range(20)) + "\n")
        file.writelines(row for _ in range(400_000))
    yield path.name
    path.unlink()


def busy(lab: Lab, file: str) -> psutil.Process:
    """The inspector that has the file open, or has read all of it and has not answered yet: a quick disk leaves no
    time to see it open."""
    size = (Path(lab.workspace) / file).stat().st_size
    before = {one.pid: one.io_counters().read_chars for one in children(lab.pid, INSPECTOR)}

    def reading() -> psutil.Process | None:
        for one in children(lab.pid, INSPECTOR):
            try:
                opened = any(entry.path.endswith(file) for entry in one.open_files())
                if opened or one.io_counters().read_chars - before.get(one.pid, 0) >= size:
                    return one
            except psutil.Error:
                continue
        return None

    found: psutil.Process = until(reading)
    return found


def test_an_inspector_killed_in_the_middle(lab: Lab, slow_file: str) -> None:
    with ThreadPoolExecutor(1) as threads:
        asked = threads.submit(lab.http.get, "datasets/profile", params={"uri": slow_file})
        busy(lab, slow_file).kill()
        assert "memory" in said(asked.result())
    assert lab.get("datasets/profile", uri="sklearn:wine")["rows"] == 178
    assert lab.get("models")["total"]


def test_a_form_is_filled_in_and_sent_while_large_files_are_read(lab: Lab, slow_file: str) -> None:
    with ThreadPoolExecutor(3) as threads:
        asked = [
            threads.submit(lab.http.get, "datasets/profile", params={"uri": slow_file}) for _ in range(3)
        ]
        busy(lab, slow_file).suspend()  # however quick the machine, it is not done before the form
        assert lab.get("methods")["metrics"]
        run = lab.run()
        assert not any(one.done() for one in asked), "the form did not wait for a file"

        def given_up() -> bool:
            kill_children(lab.pid, INSPECTOR)
            return all(one.done() for one in asked)

        until(given_up)
        for one in asked:
            said(one.result())
    lab.ended(run)
