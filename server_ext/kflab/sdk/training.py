"""Start runs from Python and follow them."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, Self

from kflab.sdk import ulid
from kflab.sdk.connection import Unreachable, find
from kflab.sdk.metadata import listed

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Progress", "RunFailed", "RunHandle", "bar", "number", "request", "train"]

ENDED = frozenset({"done", "failed", "cancelled", "interrupted"})
_POLL = 0.5


class RunFailed(RuntimeError):
    """The run ended without a result; `cause` is that of its failed event, else "cancelled" or "interrupted"."""

    def __init__(self, text: str, cause: str) -> None:
        self.cause = cause
        super().__init__(text)


class RunHandle:
    """A run that the server knows: follow it, wait for it, cancel it, evaluate its model."""

    def __init__(self, id: str) -> None:
        self.id = id

    def info(self) -> dict[str, Any]:
        """The run as the API gives it: id, kind, name, state, cause, text, times, spec, best."""
        run: dict[str, Any] = find().request("GET", f"runs/{self.id}")
        return run

    @property
    def state(self) -> str:
        return str(self.info()["state"])

    def events(self, since: int = 0) -> Iterator[dict[str, Any]]:
        """The events recorded so far with a `seq` above `since`, in order."""
        while True:
            page = find().request("GET", f"runs/{self.id}/events", query={"since": since, "limit": 1000})
            yield from page["items"]
            if not page["items"]:
                return
            since = page["next_since"]

    def metrics(self, part: str = "validation") -> dict[str, float]:
        """The final metrics of one part of the data: `validation`, or `test` for a run that evaluates."""
        return {e["name"]: e["value"] for e in self.events() if e["type"] == "metric" and e["part"] == part}

    def artifacts(self, timeout: float = 60.0) -> pd.DataFrame:
        """What the run has left in the metadata, newest first, a row each as in `Workspace.list`: its model, its metrics.

        The server records the end of a run a moment later, which is waited for, up to `timeout` seconds. Raises
        TimeoutError if it is not there by then, and ValueError while the run goes on.
        """
        until = time.monotonic() + timeout
        mine = f'prop.run_id = "{self.id}"'
        while not self._recorded(mine):
            if (state := self.state) not in ENDED:
                raise ValueError(
                    f"run {self.id} is {state}; wait() for its end, which is when it is recorded"
                )
            if time.monotonic() >= until:
                raise TimeoutError(
                    f"the end of run {self.id} is not in the metadata after {timeout:g} s; the server's log says why"
                )
            time.sleep(_POLL)
        return listed(mine)

    @staticmethod
    def _recorded(mine: str) -> bool:
        """Whether the metadata has the end of a run."""
        found = find().request("GET", "metadata/executions", query={"filter": mine, "limit": 1})["items"]
        return bool(found) and found[0]["state"] != "RUNNING"

    def wait(self, timeout: float | None = None, progress: bool = True) -> Self:
        """Return when the run is done; show how far it is meanwhile.

        `timeout` is in seconds. Raises RunFailed if the run failed, was cancelled or interrupted, TimeoutError if it is
        still going. A server that restarts meanwhile is waited for: the run goes on without it.
        """
        until = None if timeout is None else time.monotonic() + timeout
        shown = self._progress() if progress else None
        since = 0
        try:
            while True:
                state, since = self._follow(since, shown)
                if state in ENDED:
                    break
                if until is not None and time.monotonic() >= until:
                    raise TimeoutError(f"run {self.id} is {state} after {timeout:g} s; it goes on")
                time.sleep(_POLL)
        finally:
            if shown:
                shown.close()
        if state == "done":
            return self
        run = self.info()
        raise RunFailed(run.get("text") or f"run {self.id} was {state}", run.get("cause") or state)

    def _progress(self) -> Progress:
        """What shows how far the run is."""
        return StepBar()

    def _follow(self, since: int, shown: Progress | None) -> tuple[str, int]:
        """Read on; return the state and the last seq read. While no server answers the state is "running"."""
        try:
            page = find().request("GET", f"runs/{self.id}/events", query={"since": since, "limit": 1000})
        except Unreachable:
            return "running", since
        for event in page["items"]:
            if shown:
                shown.event(event)
        # All of a run is read before its end counts, so that the bar ends where the run did.
        state = "running" if page["items"] and page["state"] in ENDED else page["state"]
        return str(state), int(page["next_since"]) if page["items"] else since

    def cancel(self) -> None:
        """Stop the run; what it has recorded stays."""
        find().request("POST", f"runs/{self.id}/cancel")

    def evaluate(self) -> RunHandle:
        """Compare the model with the truth on the test part, which unlocks it; the metadata records that."""
        return RunHandle(find().request("POST", f"runs/{self.id}/evaluate", {"key": ulid.new()})["id"])

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.id!r})"


class Progress(Protocol):
    """Something that is shown each event of a run, and closed at its end."""

    def event(self, event: Mapping[str, Any]) -> None: ...

    def close(self) -> None: ...


def bar(**options: Any) -> Any:
    """A tqdm bar, in the notebook's own look where there is one; None without tqdm."""
    try:
        from tqdm.auto import tqdm
    except ImportError:
        return None
    return tqdm(file=sys.stderr, **options)


class StepBar:
    """A bar over the steps of training, with the stage and the last metrics beside it."""

    def __init__(self) -> None:
        self._bar: Any = None
        self._stage = ""

    def event(self, event: Mapping[str, Any]) -> None:
        if event["type"] == "stage" and event["state"] == "begin":
            self._stage = event["name"]
            if self._bar is not None:
                self._bar.set_description(self._stage)
        elif event["type"] == "epoch":
            if self._bar is None:
                self._bar = bar(total=event["of"], unit=event["unit"], desc=self._stage)
            if self._bar is not None:
                self._bar.total = event["of"]
                self._bar.n = event["step"]
                last = {
                    f"validation {k}": f"{v:.4g}" for k, v in event.get("validation", {}).items() if number(v)
                }
                self._bar.set_postfix(last)

    def close(self) -> None:
        if self._bar is not None:
            self._bar.close()


def number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def train(
    spec: Mapping[str, Any] | None = None,
    *,
    dataset: str | Mapping[str, Any] | None = None,
    target: str | None = None,
    model: str | Mapping[str, Any] | None = None,
    params: Mapping[str, Any] | None = None,
    split: Sequence[float] | Mapping[str, Any] | None = None,
    training: Mapping[str, Any] | None = None,
    **more: Any,
) -> RunHandle:
    """Start a run and return its handle.

    Give a whole RunSpec, or its parts: `dataset` and `model` as a string or an object, `split` as the parts
    such as `[0.6, 0.2, 0.2]`, and any other key of a RunSpec (`name`, `workspace`, `task`, `metrics`,
    `preprocess`, `engine`).

        kflab.train(dataset="customers.csv", target="churn", model="sklearn:RandomForestClassifier")

    Raises ApiError, naming the fields at fault, if the server refuses it, and Unreachable if none answers.
    """
    body = request(
        {"kind": "train", **(spec or {}), **more},
        dataset=dataset,
        target=target,
        model=model,
        params=params,
        split=split,
        training=training,
    )
    return RunHandle(find().request("POST", "runs", body)["id"])


def request(
    spec: Mapping[str, Any],
    *,
    dataset: str | Mapping[str, Any] | None,
    target: str | None,
    model: str | Mapping[str, Any] | None,
    params: Mapping[str, Any] | None,
    split: Sequence[float] | Mapping[str, Any] | None,
    training: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """A RunSpec of its parts, with a key, so that a request which is sent twice starts one run."""
    body: dict[str, Any] = {"key": ulid.new(), **spec}
    if dataset is not None:
        body["dataset"] = {"uri": dataset} if isinstance(dataset, str) else dict(dataset)
    if target is not None:
        body["dataset"] = {**body.get("dataset", {}), "target": target}
    if model is not None:
        body["model"] = {"family": model} if isinstance(model, str) else dict(model)
    if params is not None:
        body["model"] = {**body.get("model", {}), "params": dict(params)}
    if split is not None:
        body["split"] = dict(split) if isinstance(split, Mapping) else {"parts": list(split)}
    if training is not None:
        body["training"] = dict(training)
    return body
