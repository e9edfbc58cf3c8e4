"""The server's end of the process that looks at data (kflab.ml.inspector)."""

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


class Inspector:
    """One helper process, started when it is first asked, replaced when it hangs or dies."""

    def __init__(self, root: Path, timeout: float = 60.0) -> None:
        self._root = root
        self._timeout = timeout
        self._process: asyncio.subprocess.Process | None = None
        self._lock = asyncio.Lock()

    async def ask(self, ask: str, **request: Any) -> Any:
        """What the helper answers. Raises Refused for the user's mistake, Unavailable if there is no answer."""
        async with self._lock:
            try:
                line = await asyncio.wait_for(self._exchange({"ask": ask, **request}), self._timeout)
            except TimeoutError:
                await self._end()
                raise Unavailable(
                    f"Reading the data took more than {self._timeout:g} s and was stopped. Use a smaller file, or parquet."
                ) from None
            except (OSError, asyncio.IncompleteReadError, ValueError):
                await self._end()
                raise Unavailable(
                    "The process that reads data ended unexpectedly, perhaps for lack of memory. Try again, or use a smaller file."
                ) from None
            except asyncio.CancelledError:
                # Its answer would be taken for that to the next request.
                await self._end()
                raise
        answer = json.loads(line)
        if "error" in answer:
            raise Refused(answer["error"]["message"], [answer["error"]])
        return answer["ok"]

    async def _exchange(self, request: dict[str, Any]) -> bytes:
        process = self._process
        if process is None or process.returncode is not None:
            process = self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-P",
                "-m",
                "kflab.ml.inspector",
                str(self._root),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                limit=_MAX_ANSWER,
            )
        if process.stdin is None or process.stdout is None:
            raise OSError("the process has no pipes")
        process.stdin.write(json.dumps(request).encode() + b"\n")
        await process.stdin.drain()
        return await process.stdout.readuntil(b"\n")

    async def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None and process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    async def close(self) -> None:
        async with self._lock:
            await self._end()
