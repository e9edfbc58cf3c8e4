"""What `kfhub start` is told by environment variables and what it keeps in its folder, checked before use."""

from __future__ import annotations

import os
import secrets
import socket
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from . import variables
from .errors import PolicyError
from .policy import Policy
from .variables import ADMIN_PASSWORD, PASSWORD

__all__ = ["Settings", "StartError", "hub_config"]


class StartError(Exception):
    """The hub can't start. `str()` is a sentence that says why and what to do."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything a hub on this machine is made from. `made` says that kfhub itself chose the password."""

    port: int
    data: Path
    policy: Path
    password: str
    admin_password: str
    made: bool

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> Settings:
        """Reads `KFHUB_*`, and makes the data folder and the passwords that are not given.

        Raises StartError for a value that can't be used.
        """
        if problem := variables.fault(environ):
            raise StartError(problem)
        port = variables.port(environ)
        data = Path(environ.get("KFHUB_DATA") or ".kfhub").absolute()
        try:
            data.mkdir(parents=True, exist_ok=True, mode=0o700)
            _keep_private(data)
            password = environ.get(PASSWORD) or _kept(data / "password", 12)
            admin = environ.get(ADMIN_PASSWORD) or _kept(data / "admin_password", 24)
        except OSError as error:
            raise StartError(
                f"The folder {data} can't be used: {error.strerror}. Set KFHUB_DATA to another one."
            ) from error
        if password == admin:
            raise StartError(f"{PASSWORD} and {ADMIN_PASSWORD} are the same. Choose two different ones.")
        policy = Path(environ.get("KFHUB_POLICY") or data / "spawner_ui_config.yaml").absolute()
        return cls(port, data, policy, password, admin, made=not environ.get(PASSWORD))

    def check(self) -> None:
        """Raises StartError if the port is taken or the policy is wrong."""
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", self.port))
            except OSError as error:
                raise StartError(
                    f"Port {self.port} can't be used: {error.strerror}. Stop what uses it, or set KFHUB_PORT to"
                    " another port."
                ) from error
        try:
            Policy.load(self.policy)
        except PolicyError as error:
            raise StartError(
                f"The policy {self.policy} can't be used: {' '.join(str(error).splitlines())}"
                " Correct it, or set KFHUB_POLICY to another file."
            ) from error


def hub_config() -> Path:
    """The folder of what an admin may edit, as it comes with this package."""
    package = Path(__file__).parent
    return next(place for place in (package / "hub_config", package.parent / "hub_config") if place.is_dir())


def _keep_private(folder: Path) -> None:
    """Takes the permissions of others off a folder that was there; not off one that is shared like /tmp."""
    found = folder.stat()
    if found.st_uid == os.geteuid() and found.st_mode & 0o077 and not found.st_mode & stat.S_ISVTX:
        folder.chmod(0o700)


def _kept(path: Path, size: int) -> str:
    """The password in `path`; made at the first start, readable by this account only."""
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(size))
    except FileExistsError:
        path.chmod(0o600)
    text = path.read_text().strip()
    if len(text) < size:
        raise StartError(f"{path} holds no password any more. Remove the file: kfhub then makes a new one.")
    return text
