"""Notebooks that can't start, on a running hub: a sentence each, and nothing is left behind."""

from __future__ import annotations

from pathlib import Path
from typing import Any

# Ends Python before it runs anything, in the guard as well as in the notebook.
BROKEN = {"user_options": {"environment": {"PYTHONHOME": "/nowhere"}}}


def start(person: Any, server: str, body: dict[str, Any]) -> Any:
    """Asks for a notebook that does not come up. Returns the answer, or the one of the page that waits."""
    answer = person.rest("POST", server, body)
    if answer.status_code == 202:  # it took more than the moment that a request waits
        answer = person.web.get(f"/hub/spawn-pending/{person.name}/{server}")
    return answer


def test_process_that_ends_at_once_is_told_with_its_log(hub: Any) -> None:
    name = "é" * 60  # more bytes than a file's name may have, once it is part of a URL
    person = hub.person(name)
    answer = start(person, "", BROKEN)
    assert answer.status_code == 500
    message = answer.json()["message"]
    assert "ended before it answered" in message
    assert "Traceback" not in message
    log = Path(message.rpartition("all of it is in ")[2].removesuffix("."))
    assert log.is_relative_to(hub.data / "logs")
    assert "/nowhere" in log.read_text()
    server = person.servers()[""]
    assert not server["ready"] and not server["pending"]
    assert person.tokens() == []


def test_folder_that_can_not_be_made_is_told(hub: Any) -> None:
    person = hub.person("walter")
    (hub.data / "volumes").mkdir(exist_ok=True)
    (hub.data / "volumes/user-walter").write_text("in the way")
    answer = start(person, "", {"user_options": {}})
    assert answer.status_code == 500
    assert "folders can't be made" in answer.json()["message"]
    assert "user-walter" in answer.json()["message"]
    (hub.data / "volumes/user-walter").unlink()
    assert person.rest("POST", "", {"user_options": {}}).status_code in (201, 202)  # the next try may work
    person.wait_ready("")
    assert person.rest("DELETE", "").status_code in (202, 204)
