"""kfhub's panels as widgets in a notebook cell.

    import kflab

    kflab.widgets.Train()
    kflab.widgets.Run(kflab.train(dataset="sklearn:wine", model="sklearn:RandomForestClassifier"))

They are the panels of JupyterLab; here the kernel asks the server in their place. A cell that runs does not stop them
where kernel and page speak over a subshell (ipykernel 7 with JupyterLab 4.4 or Notebook 7.4 and later); elsewhere they
show what is streamed, and answer when the cell is done.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kflab.sdk.training import RunHandle
from kflab.sdk.tuning import TuneHandle
from kflab.widgets.panel import Panel

__all__ = ["Cluster", "Metadata", "Run", "Runs", "Train", "Tune"]


class Train(Panel):
    """Train a model step by step. `state` may fill the form in, such as `{"uri": "sklearn:wine"}`."""

    def __init__(self, state: Mapping[str, Any] | None = None) -> None:
        super().__init__("train", state=state)

    @property
    def run(self) -> RunHandle | None:
        """The run that was started here last."""
        run_id = (self.state or {}).get("run")
        return RunHandle(run_id) if run_id else None


class Tune(Panel):
    """Search for better hyperparameters. `state` may fill the form in, such as `{"data": {"uri": "sklearn:wine"}}`,
    and `start` names a training run whose dataset, model and parameters the search begins with.
    """

    def __init__(self, start: str | RunHandle | None = None, state: Mapping[str, Any] | None = None) -> None:
        given = dict(state or {})
        if start is not None:
            given |= {"source": "run", "from": start.id if isinstance(start, RunHandle) else start}
        super().__init__("tune", state=given)

    @property
    def run(self) -> TuneHandle | None:
        """The search that was started here last."""
        run_id = (self.state or {}).get("run")
        return TuneHandle(run_id) if run_id else None


class Runs(Panel):
    """All runs, live. `state` may choose some, such as `{"group": "failed"}`."""

    def __init__(self, state: Mapping[str, Any] | None = None) -> None:
        super().__init__("runs", state=state)


class Run(Panel):
    """One run, by its id or as what `kflab.train` or `kflab.tune` returns."""

    def __init__(self, run: str | RunHandle) -> None:
        super().__init__("run", {"id": run.id if isinstance(run, RunHandle) else run})

    @property
    def run(self) -> RunHandle:
        return RunHandle(self.args["id"])


class Metadata(Panel):
    """Datasets, models, metrics and executions. `state` may narrow them, such as `{"type": "system.Model"}`."""

    def __init__(self, state: Mapping[str, Any] | None = None) -> None:
        super().__init__("metadata", state=state)


class Cluster(Panel):
    """Pods, deployments, services and jobs of the namespace, live. `state` may choose a kind: `{"kind": "jobs"}`."""

    def __init__(self, state: Mapping[str, Any] | None = None) -> None:
        super().__init__("cluster", state=state)
