import json
from pathlib import Path

import pytest

from kflab.sdk import connection
from kflab.sdk.connection import Unreachable


@pytest.fixture(autouse=True)
def apart(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("KFLAB_URL", raising=False)
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path))


def test_environment_goes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KFLAB_URL", "http://127.0.0.1:1/user/ada")
    monkeypatch.setenv("KFLAB_TOKEN", "secret")
    found = connection.find()
    assert found.url == "http://127.0.0.1:1/user/ada/kflab/api/"
    assert "secret" not in repr(found)


@pytest.mark.parametrize(("mode", "counts"), [(0o600, True), (0o644, False), (0o620, False)])
def test_a_connection_file_counts_only_if_it_is_private(tmp_path: Path, mode: int, counts: bool) -> None:
    file = tmp_path / "kflab-7.json"
    file.write_text(json.dumps({"url": "http://127.0.0.1:2/", "token": "t"}))
    file.chmod(mode)
    if counts:
        assert connection.find().url == "http://127.0.0.1:2/kflab/api/"
    else:
        with pytest.raises(Unreachable):
            connection.find()


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"url": "file:///etc/passwd", "token": "t"}', '{"url": 3}']
)
def test_a_broken_connection_file_is_passed_over(tmp_path: Path, text: str) -> None:
    file = tmp_path / "kflab-7.json"
    file.write_text(text)
    file.chmod(0o600)
    with pytest.raises(Unreachable):
        connection.find()


def test_a_url_that_is_no_http_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KFLAB_URL", "file:///etc/")
    with pytest.raises(Unreachable, match="http"):
        connection.find()


def test_no_server_is_unreachable(monkeypatch: pytest.MonkeyPatch, free_port: int) -> None:
    monkeypatch.setenv("KFLAB_URL", f"http://127.0.0.1:{free_port}/")
    with pytest.raises(Unreachable, match="does not answer"):
        connection.find().request("GET", "runs")
