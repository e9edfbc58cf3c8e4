"""One writer at a time: servers that share a store take turns for each read-merge-write."""

from __future__ import annotations

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from kflab.metadata.errors import StoreUnavailable
from kflab.metadata.location import MySql, Sqlite

__all__ = ["FileLock", "Lock", "MySqlLock", "lock_for"]

WAIT = 20.0  # seconds
_BUSY = "Another server has been writing to the metadata store for 20 seconds; try again in a moment."


class Lock(Protocol):
    def hold(self) -> Any:
        """A context manager; entering it raises StoreUnavailable after 20 s."""


def lock_for(place: Sqlite | MySql) -> Lock:
    return FileLock(place) if isinstance(place, Sqlite) else MySqlLock(place)


class FileLock:
    """A lock on a file beside the store; the system lets go of it when its process dies."""

    def __init__(self, place: Sqlite) -> None:
        self._path = place.path.with_name(place.path.name + ".lock")

    @contextmanager
    def hold(self) -> Iterator[None]:
        deadline = time.monotonic() + WAIT
        with self._path.open("ab") as file:
            while True:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if time.monotonic() > deadline:
                        raise StoreUnavailable(_BUSY) from None
                    time.sleep(0.005)
            yield


class MySqlLock:
    """MySQL's named lock; the server lets go of it when the connection ends."""

    def __init__(self, place: MySql) -> None:
        self._place = place
        self._connection: Any = None

    @contextmanager
    def hold(self) -> Iterator[None]:
        import pymysql  # type: ignore[import-untyped]

        name = f"kflab.{self._place.database}"[:64]
        try:
            if self._connection is None:
                p = self._place
                self._connection = pymysql.connect(
                    host=p.host, port=p.port, user=p.user, password=p.password, database=p.database
                )
            self._connection.ping(reconnect=True)
            if self._ask("SELECT GET_LOCK(%s, %s)", name, int(WAIT)) != 1:
                raise StoreUnavailable(_BUSY)
        except pymysql.MySQLError as error:
            raise StoreUnavailable(f"The metadata database does not answer: {error}") from error
        try:
            yield
        finally:
            try:
                self._ask("SELECT RELEASE_LOCK(%s)", name)
            except pymysql.MySQLError:
                self._connection = None  # the lock ends with its connection

    def _ask(self, statement: str, *values: Any) -> Any:
        with self._connection.cursor() as cursor:
            cursor.execute(statement, values)
            return cursor.fetchone()[0]
