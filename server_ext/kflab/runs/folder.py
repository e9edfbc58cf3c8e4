"""What lies in the folder of one run, and the lock that says whether somebody is at work in it."""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

__all__ = ["RESERVE", "RunFolder", "try_lock"]

RESERVE = 64 * 1024


@dataclass(frozen=True)
class RunFolder:
    """`<runs>/<id>`. Nothing but the supervisor writes events.jsonl, as long as it holds run.lock."""

    path: Path

    @property
    def id(self) -> str:
        return self.path.name

    @property
    def spec(self) -> Path:
        return self.path / "spec.json"

    @property
    def budget(self) -> Path:
        """Of a search that went on with another budget: what holds instead of the one in spec.json."""
        return self.path / "budget.json"

    @property
    def events(self) -> Path:
        return self.path / "events.jsonl"

    @property
    def text(self) -> Path:
        """All that the run printed."""
        return self.path / "log.txt"

    @property
    def lock(self) -> Path:
        return self.path / "run.lock"

    @property
    def cancel(self) -> Path:
        """Exists when somebody asked the run to stop; holds who, as JSON `{by}`."""
        return self.path / "cancel.json"

    @property
    def stop(self) -> Path:
        """Of a search: requests to end one of its trials."""
        return self.path / "stop"

    @property
    def data(self) -> Path:
        """What the splitter writes: the parts and split.json."""
        return self.path / "data"

    @property
    def split(self) -> Path:
        """Written last by the splitter: there once the parts are whole."""
        return self.data / "split.json"

    @property
    def train(self) -> Path:
        return self.data / "train.parquet"

    @property
    def validation(self) -> Path:
        """There is none where the data has two parts."""
        return self.data / "validation.parquet"

    @property
    def search(self) -> Path:
        """The state of a tuning run's method."""
        return self.path / "search.json"

    @property
    def out(self) -> Path:
        """What training and evaluation write."""
        return self.path / "out"

    @property
    def reserve(self) -> Path:
        """Bytes kept back, so that a full disk still has room for the last event."""
        return self.path / "reserve"

    def keep_reserve(self) -> None:
        """Fill the reserve. Raises OSError if the disk is full already."""
        # Random, as a file system that compresses keeps no room for zeros.
        self.reserve.write_bytes(os.urandom(RESERVE))

    def release_reserve(self) -> None:
        with suppress(FileNotFoundError):
            self.reserve.unlink()


def try_lock(path: Path) -> int | None:
    """Take the lock of a run: a file descriptor that holds it until it is closed, or None if it is taken.

    The kernel frees the lock when its holder dies, however it dies; so no process id has to be trusted.
    """
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(fd)
        return None
    except BaseException:
        os.close(fd)
        raise
    return fd
