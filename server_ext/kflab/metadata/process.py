"""The worker process as the server sees it: started when needed, started again when it has died."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
import sys
from pathlib import Path
from typing import Any

from kflab.metadata import errors, wire
from kflab.metadata.errors import MetadataError, StoreUnavailable

__all__ = ["WorkerProcess"]

ATTEMPTS = 3
# Seconds for an exchange, after which the worker counts as dead. The first with a process may have to fill the
# index of a big store, and a rebuild always does.
LIMIT = 120.0
FILLING = 3600.0
LIMITS = {"rebuild": FILLING}
CLOSING = 5.0  # seconds that what is being done has left when the server stops


class WorkerProcess:
    """One question at a time. A question may be asked again of a new process, so it has to bear that."""

    def __init__(self, url: str, index: Path) -> None:
        self._url = url
        self._index = index
        self._process: asyncio.subprocess.Process | None = None
        self._turn = asyncio.Lock()
        self._numbers = itertools.count(1)
        self._closed = False

    @property
    def pid(self) -> int | None:
        """The process's id; None while there is none."""
        return self._process.pid if self._process is not None else None

    async def ask(self, op: str, body: bytes = b"") -> dict[str, Any]:
        """The worker's answer. Raises the MetadataError that it answered, or StoreUnavailable if it keeps dying."""
        # Shielded: a caller that goes away must not leave half an exchange behind.
        return await asyncio.shield(asyncio.ensure_future(self._ask(op, body)))

    async def _ask(self, op: str, body: bytes) -> dict[str, Any]:
        async with self._turn:
            for _ in range(ATTEMPTS):
                if self._closed:
                    raise StoreUnavailable("The metadata store is closed, as the server is stopping.")
                try:
                    answer = await self._exchange(op, body)
                except (OSError, EOFError, ValueError):
                    await self._end()
                    continue
                return _result(answer)
        raise StoreUnavailable(
            "The process that writes the metadata store has died several times while doing this, or did not answer; "
            "look into the server's log, and try again. What was recorded before is safe."
        )

    async def close(self) -> None:
        """End the process after what it is doing, which may take CLOSING seconds and is then cut off."""
        try:
            async with asyncio.timeout(CLOSING):
                await self._turn.acquire()
        except TimeoutError:
            self._closed = True
            await self._end()  # whoever has the turn, or waits for it, learns it by this
            return
        try:
            self._closed = True
            await self._end(gently=True)
        finally:
            self._turn.release()

    async def _exchange(self, op: str, body: bytes) -> dict[str, Any]:
        process, limit = self._process, LIMITS.get(op, LIMIT)
        if process is None or process.returncode is not None:
            process = self._process = await self._start()
            limit += FILLING
        async with asyncio.timeout(limit):
            return await self._answer(process, op, body)

    async def _answer(self, process: asyncio.subprocess.Process, op: str, body: bytes) -> dict[str, Any]:
        if process.stdin is None or process.stdout is None:
            raise EOFError
        number = next(self._numbers)
        process.stdin.write(wire.pack({"id": number, "op": op}, body))
        await process.stdin.drain()
        head = await process.stdout.readexactly(wire.HEAD)
        answer: dict[str, Any] = json.loads(await process.stdout.readexactly(wire.size(head)))
        tail = await process.stdout.readexactly(wire.HEAD)
        await process.stdout.readexactly(wire.size(tail))
        if answer.get("id") != number:
            raise ValueError("an answer to another question")
        return answer

    async def _start(self) -> asyncio.subprocess.Process:
        # Its own session: Ctrl-C in the server's terminal must not end it in the middle of a write.
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-P",  # no modules out of the workspace, which may be the server's folder
            "-m",
            "kflab.metadata.worker",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            start_new_session=True,
            env={**os.environ, "GLOG_minloglevel": "2", "TF_CPP_MIN_LOG_LEVEL": "2"},
        )
        if process.stdin is not None:
            # Not as arguments: those every account of the machine can read, and the URL may hold a password.
            process.stdin.write(wire.pack({"url": self._url, "index": str(self._index)}))
        return process

    async def _end(self, gently: bool = False) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        if process.stdin is not None:
            process.stdin.close()
        if not (gently and await _ended(process)):
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            # One that waits for a disk that is gone does not even end by this.
            await _ended(process)


async def _ended(process: asyncio.subprocess.Process) -> bool:
    try:
        async with asyncio.timeout(CLOSING):
            await process.wait()
    except TimeoutError:
        return False
    return True


def _result(answer: dict[str, Any]) -> dict[str, Any]:
    if "error" not in answer:
        result: dict[str, Any] = answer["result"]
        return result
    kind: type[MetadataError] = getattr(errors, answer["error"])
    error = kind.__new__(kind)
    MetadataError.__init__(error, answer["message"], answer["fields"])
    raise error
