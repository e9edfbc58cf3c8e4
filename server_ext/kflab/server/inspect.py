"""The server's end of the processes that look at data (kflab.ml.inspector)."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from pathlib import Path
from typing import Any

from kflab.server.errors import Refused, Unavailable

__all__ = ["Inspector"]

_MAX_ANSWER = 32 * 1024 * 1024
# What reads whole files. It has a process of its own, so that a form can be filled in and sent meanwhile.
_SLOW = frozenset({"profile"})

Process = asyncio.subprocess.Process


class Inspector:
    """Helper processes, started when they are needed, replaced when they hang or die."""

    def __init__(self, root: Path, timeout: float = 60.0) -> None:
        self._root = root
        self._timeout = timeout
        self._free = {True: asyncio.Lock(), False: asyncio.Lock()}
        self._idle: dict[bool, Process] = {}
        self._closed = False

    async def ask(self, ask: str, **request: Any) -> Any:
        """What a helper answers. Raises Refused for the user's mistake, Unavailable if there is no answer in time."""
        slow = ask in _SLOW
        try:
            async with self._free[slow], asyncio.timeout(self._timeout):
                line = await self._exchange(slow, {"ask": ask, **request})
        except TimeoutError:
            raise Unavailable(
                f"Reading the data took more than {self._timeout:g} s and was stopped. Use a smaller file, or parquet."
            ) from None
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            raise Unavailable(
                "The process that reads data ended unexpectedly, perhaps for lack of memory. Try again, or use a smaller file."
            ) from None
        answer = json.loads(line)
        if "fault" in answer:
            raise Unavailable(answer["fault"])
        if "error" in answer:
            raise Refused(answer["error"]["message"], [answer["error"]])
        return answer["ok"]

    async def _exchange(self, slow: bool, request: dict[str, Any]) -> bytes:
        process = await self._take(slow)
        try:
            if process.stdin is None or process.stdout is None:
                raise OSError("the process has no pipes")
            process.stdin.write(json.dumps(request).encode() + b"\n")
            await process.stdin.drain()
            line = await process.stdout.readuntil(b"\n")
        except BaseException:
            # Not heard to its end, it would give this answer to the next request.
            await _kill(process)
            raise
        if self._closed:
            await _kill(process)
        else:
            self._idle[slow] = process
        return line

    async def _take(self, slow: bool) -> Process:
        process = self._idle.pop(slow, None)
        if process is not None and process.returncode is None:
            return process
        # Its own session: Ctrl-C in the server's terminal is for the server, which may ask whether it is meant.
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-P",
            "-m",
            "kflab.ml.inspector",
            str(self._root),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=_MAX_ANSWER,
            start_new_session=True,
        )

    async def close(self) -> None:
        self._closed = True
        while self._idle:
            await _kill(self._idle.popitem()[1])


async def _kill(process: Process) -> None:
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
