"""Where the kflab server is, and one request to it. Standard library only: importing kflab must stay light."""

from __future__ import annotations

import functools
import ipaddress
import json
import os
import stat
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Any

__all__ = ["ApiError", "Connection", "Unreachable", "find"]

TIMEOUT = 30.0


class Unreachable(ConnectionError):
    """No kflab server answers; what was to be recorded can wait in the outbox."""


class ApiError(Exception):
    """The server refused a request.

    `message` is its sentence, `status` the HTTP status, `fields` the list of `{"field", "message"}` at fault, where there are some.
    """

    def __init__(self, message: str, status: int, fields: list[dict[str, str]] | None = None) -> None:
        self.message = message
        self.status = status
        self.fields = fields or []
        details = "".join(f"\n  {f.get('field', '')}: {f.get('message', '')}" for f in self.fields)
        super().__init__(message + details)


@dataclass(frozen=True)
class Connection:
    """`url` ends in `/kflab/api/`; `token` goes into the Authorization header and is never shown."""

    url: str
    token: str

    def __repr__(self) -> str:
        return f"Connection(url={self.url!r})"

    @property
    def direct(self) -> bool:
        """Whether it is on this machine, so that no proxy of the environment may get the token."""
        return _loopback(self.url)

    def request(
        self, method: str, path: str, body: Any = None, query: Mapping[str, Any] | None = None
    ) -> Any:
        """Send JSON, return JSON.

        Raises Unreachable if no server answers or it says 502, 503 or 504 or sends us elsewhere, and ApiError for
        any other refusal.
        """
        url = self.url + path
        given = {k: v for k, v in (query or {}).items() if v is not None}
        if given:
            url += "?" + urllib.parse.urlencode(given)
        request = urllib.request.Request(url, method=method)  # noqa: S310  the scheme is checked in find()
        request.add_header("Authorization", f"token {self.token}")
        data = None
        if body is not None:
            data = json.dumps(body, allow_nan=False).encode()
            request.add_header("Content-Type", "application/json")
        try:
            with _opener(_loopback(url)).open(request, data, timeout=TIMEOUT) as answer:
                text = answer.read()
        except urllib.error.HTTPError as error:
            with error:  # it holds the connection
                raise self._refused(error) from None  # its sentence says it all
        except (OSError, HTTPException) as error:
            raise Unreachable(f"the kflab server at {self.url} does not answer ({error})") from error
        return json.loads(text) if text else None

    def _refused(self, error: urllib.error.HTTPError) -> Unreachable | ApiError:
        if error.code in range(300, 400):
            to = error.headers.get("Location")
            return Unreachable(f"{self.url} is not a kflab server's address: it sends on to {to}")
        message, fields = _refusal(error)
        return (
            Unreachable(message) if error.code in (502, 503, 504) else ApiError(message, error.code, fields)
        )


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """The token is for the server that was named, and what is recorded must not turn into a GET."""

    def redirect_request(self, *_: Any) -> None:
        return None


@functools.cache
def _opener(direct: bool) -> urllib.request.OpenerDirector:
    """`direct`: past the proxies of the environment, which would get the token."""
    return urllib.request.build_opener(_NoRedirect, urllib.request.ProxyHandler({} if direct else None))


def _loopback(url: str) -> bool:
    host = urllib.parse.urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _refusal(error: urllib.error.HTTPError) -> tuple[str, list[dict[str, str]]]:
    try:
        answer = json.loads(error.read())
        return str(answer["message"]), list(answer.get("fields") or [])
    except (ValueError, KeyError, TypeError, OSError):
        return f"the kflab server answered {error.code} {error.reason}", []


def _base(url: str) -> str:
    if urllib.parse.urlsplit(url).scheme not in ("http", "https"):
        raise Unreachable(f"KFLAB_URL must begin with http:// or https://, not {url!r}")
    url = url.rstrip("/") + "/"
    return url if url.endswith("/kflab/api/") else url + "kflab/api/"


def _runtime_folder() -> Path:
    """Jupyter's runtime folder, by the rules of jupyter_core.paths.jupyter_runtime_dir on Linux and macOS."""
    if os.environ.get("JUPYTER_RUNTIME_DIR"):
        return Path(os.environ["JUPYTER_RUNTIME_DIR"])
    try:
        from jupyter_core.paths import jupyter_runtime_dir
    except ImportError:
        return Path.home() / ".local/share/jupyter/runtime"
    return Path(jupyter_runtime_dir())


def _from_file(path: Path) -> Connection | None:
    """A connection file counts only if no one else may read or write it: it holds a token."""
    try:
        info = path.stat()
        if info.st_uid != os.getuid() or stat.S_IMODE(info.st_mode) & 0o077:
            return None
        found = json.loads(path.read_text("utf-8"))
        return Connection(_base(str(found["url"])), str(found["token"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def find() -> Connection:
    """The server to talk to: KFLAB_URL and KFLAB_TOKEN, else the newest `kflab-*.json` of a running server.

    Raises Unreachable if there is none.
    """
    url = os.environ.get("KFLAB_URL")
    if url:
        return Connection(_base(url), os.environ.get("KFLAB_TOKEN", ""))
    files = sorted(_runtime_folder().glob("kflab-*.json"), key=_changed, reverse=True)
    for file in files:
        connection = _from_file(file)
        if connection is not None:
            return connection
    raise Unreachable(
        "no kflab server was found: KFLAB_URL is not set, and no Jupyter server with kflab runs here"
    )


def _changed(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0
