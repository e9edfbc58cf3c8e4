"""A search from Python: against a real server, and the bar's words with a scripted one."""

from __future__ import annotations

from typing import Any

import pytest

import kflab
from kflab.sdk import training, tuning
from kflab.sdk.connection import ApiError, Unreachable
from kflab.sdk.training import RunFailed
from kflab.sdk.tuning import TuneHandle
from tests.kflab.server.conftest import Lab, lab, until

__all__ = ["lab"]
pytestmark = pytest.mark.timeout(300)

TREE: dict[str, Any] = {"dataset": "sklearn:digits", "model": "sklearn:DecisionTreeClassifier"}
# Fits at once at a depth of 1; deeper it waits for the file GO, and says that it does.
SLOW = """
import os, time
from sklearn.tree import DecisionTreeClassifier
class Tree(DecisionTreeClassifier):
    def fit(self, X, y):
        while self.max_depth > 1 and not os.path.exists("GO"):
            open("GO-waits", "w").close()
            time.sleep(0.01)
        return super().fit(X, y)
def build(max_depth=1):
    return Tree(max_depth=max_depth, random_state=0)
"""


@pytest.fixture
def server(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> Lab:
    """A real server, as a kernel of it finds it."""
    monkeypatch.setenv("KFLAB_URL", lab.base)
    monkeypatch.setenv("KFLAB_TOKEN", lab.token)
    return lab


def test_a_search_finds_better_and_its_best_is_registered(
    server: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    search = kflab.tune(**TREE, params={"max_depth": 1}, method="tpe", trials=8)
    assert search.wait() is search
    best = search.best()
    assert best["metric"] == "accuracy" and best["trial"] > 0 and best["params"]["max_depth"] > 1
    assert best["value"] >= best["baseline"] + 0.05 and best["gain"] == best["value"] - best["baseline"]
    assert search.summary() == (
        f"Best of 8: accuracy {best['value']:.4g}, {best['gain']:.3g} above the baseline."
    )
    shown = capsys.readouterr().err.split("\r")[-1]
    assert "8/8" in shown and f"baseline={best['baseline']:.4g}, best={best['value']:.4g}" in shown

    table = search.trials()
    assert list(table.index) == list(range(9)) and set(table["state"]) == {"done"}
    assert list(table.columns[:4]) == ["state", "value", "std", "seconds"]
    assert table.loc[0, "value"] == best["baseline"] and table.loc[0, "max_depth"] == 1
    assert table["value"].idxmax() == best["trial"]
    assert not {"resource", "text"} & set(table.columns)

    made = search.register()
    assert made.wait(progress=False).state == "done"
    assert made.metrics()["accuracy"] == pytest.approx(best["value"], abs=0.2)
    # Waits for the server to have recorded it.
    kept = made.artifacts()
    assert sorted(kept["type"]) == ["system.Metrics", "system.Model"]
    (model,) = kept[kept["type"] == "system.Model"].to_dict("records")
    assert model["hyperparameters"]["max_depth"] == best["params"]["max_depth"]
    assert model["id"] in list(kflab.Workspace().list(kflab.Model)["id"])


def test_a_search_that_begins_with_a_training_run_takes_over_what_that_was(server: Lab) -> None:
    before = kflab.train(
        dataset="sklearn:diabetes", model="sklearn:Ridge", params={"alpha": 900.0}, split=[0.6, 0.2, 0.2]
    ).wait(progress=False)
    search = kflab.tune(
        before, space={"alpha": (0.01, 1000.0, "log")}, metric="mae", method="random", trials=3
    )
    spec = search.wait(progress=False).info()["spec"]
    assert spec["from"]["run"] == before.id and spec["split"]["parts"] == [0.6, 0.2, 0.2]
    assert search.trials().loc[0, "alpha"] == 900.0
    best = search.best()
    # Less is better here.
    assert best["metric"] == "mae" and best["value"] < best["baseline"] == before.metrics()["mae"]
    assert search.summary().endswith(" below the baseline.")
    again = kflab.tune(
        before, model="sklearn:DecisionTreeRegressor", params={}, trials=1, seconds=60, parallel=2
    )
    spec = again.info()["spec"]
    again.cancel()
    assert spec["model"]["family"] == "sklearn:DecisionTreeRegressor"
    assert spec["tuning"]["budget"] == {"trials": 1, "parallel": 2, "seconds": 60.0, "trial_seconds": None}


def test_none_better_than_the_baseline_is_said(server: Lab) -> None:
    search = kflab.tune(**TREE, space={"max_depth": [1, 2]}, method="grid", trials=5)
    best = search.wait(progress=False).best()
    assert (best["trial"], best["gain"], best["value"]) == (0, 0.0, best["baseline"])
    assert search.summary() == f"None of 2 trials beats the baseline: accuracy {best['value']:.4g}."


def test_what_hyperband_gave_is_in_the_table(server: Lab) -> None:
    search = kflab.tune(
        **TREE,
        space={"max_depth": range(1, 30)},
        method="hyperband",
        tuning={"resource": {"name": "samples", "min": 50, "max": 500}},
        trials=3,
    )
    table = search.wait(progress=False).trials()
    assert table["resource"].notna().sum() == 3 and table["resource"].dropna().between(50, 500).all()


@pytest.mark.parametrize(
    ("given", "field", "words"),
    [
        ({"space": {"max_dept": (1, 32)}}, "tuning.space.0.name", "did you mean 'max_depth'"),
        ({"space": {"max_depth": (32, 1)}}, "tuning.space.0.low", "Swap the two"),
        ({"space": {"criterion": ["gini", "ginny"]}}, "tuning.space.0.choices", "gini"),
        ({"method": "guess"}, "tuning.method", "tpe"),
        ({"method": "hyperband"}, "tuning.resource", "needs 'resource'"),
        ({"trials": 0}, "tuning.budget.trials", "1 or more"),
        ({"metric": "acuracy"}, "tuning.objective.metric", "accuracy"),
        ({"baseline": {"max_dept": 1}}, "tuning.baseline.max_dept", "max_depth"),
    ],
)
def test_a_refusal_names_the_field(server: Lab, given: dict[str, Any], field: str, words: str) -> None:
    before = server.get("runs")["total"]
    with pytest.raises(ApiError) as refused:
        kflab.tune(**TREE, **given)
    assert refused.value.status == 400
    assert [one["field"] for one in refused.value.fields] == [field]
    assert words in str(refused.value)
    assert server.get("runs")["total"] == before


def test_a_cancelled_search_tells_what_it_has_and_goes_on(server: Lab) -> None:
    go = server.workspace / "tune-go"
    (server.workspace / "slow_tree.py").write_text(SLOW.replace("GO", str(go)))
    search = kflab.tune(
        dataset="sklearn:wine",
        model="slow_tree.py:build",
        space={"max_depth": (2, 30)},
        baseline={"max_depth": 1},
        trials=2,
    )
    until(lambda: go.with_name("tune-go-waits").exists())
    with pytest.raises(ValueError, match="wait"):
        search.artifacts()
    search.cancel()
    with pytest.raises(RunFailed) as ended:
        search.wait(progress=False)
    assert ended.value.cause == "cancelled"
    best = search.best()
    assert (best["trial"], best["metric"], best["params"]) == (0, "accuracy", {"max_depth": 1})
    waits = go.with_name("tune-go-waits")
    waits.unlink()
    again = TuneHandle(search.id).resume()
    until(waits.exists)
    with pytest.raises(ApiError, match="nothing to stop"):
        again.stop(0)
    again.stop(1)
    until(lambda: again.trials()["state"][1] == "pruned")
    go.touch()
    assert again.wait(progress=False).state == "done"
    assert list(again.trials()["state"]) == ["done", "pruned", "done"]
    assert "on request" in again.trials()["text"][1]
    with pytest.raises(ApiError, match="more than 2") as refused:
        again.resume()
    assert [one["field"] for one in refused.value.fields] == ["budget.trials"]
    assert again.resume(trials=3).wait(progress=False).state == "done"
    assert list(again.trials()["state"]) == ["done", "pruned", "done", "done"]


# The short forms, and what is said of those that are none.


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ((1, 32), {"type": "int", "low": 1, "high": 32}),
        ((1, 0.5), {"type": "float", "low": 1, "high": 0.5}),
        ((1e-4, 1.0, "log"), {"type": "float", "low": 1e-4, "high": 1.0, "scale": "log"}),
        ((1, 64, "linear"), {"type": "int", "low": 1, "high": 64, "scale": "linear"}),
        (range(2, 11, 2), {"type": "int", "low": 2, "high": 10, "step": 2}),
        (range(10, 0, -3), {"type": "int", "low": 1, "high": 10, "step": 3}),
        (["gini", "entropy"], {"type": "choice", "choices": ["gini", "entropy"]}),
        (("gini", "entropy"), {"type": "choice", "choices": ["gini", "entropy"]}),
        ([1, 32], {"type": "choice", "choices": [1, 32]}),
        ([True, False], {"type": "bool"}),
        ([1, 0], {"type": "choice", "choices": [1, 0]}),
        ({"type": "int", "low": 1, "high": 9, "step": 2}, {"type": "int", "low": 1, "high": 9, "step": 2}),
    ],
)
def test_the_short_forms_of_a_space(given: Any, wanted: dict[str, Any]) -> None:
    assert tuning._space({"p": given}) == [{"name": "p", **wanted}]


def test_a_space_as_the_api_has_it_is_sent_as_it_is() -> None:
    space = [
        {"name": "a", "type": "bool"},
        {"name": "b", "type": "int", "low": 1, "high": 2, "when": {"a": [True]}},
    ]
    assert tuning._space(space) == space


@pytest.mark.parametrize(
    ("given", "error", "words"),
    [
        (3, TypeError, r"space\['p'\] must be a pair of numbers"),
        ([], TypeError, "a list of choices"),
        (range(3, 3), TypeError, "a pair of numbers"),
        ((1, 10, 2), TypeError, r"'step': "),
        ((1, 10, "ln"), TypeError, 'only "log"'),
        ((0.1, float("inf")), ValueError, "finite"),
    ],
)
def test_a_space_that_cannot_be_read_is_told_before_it_is_sent(
    given: Any, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        tuning._space({"p": given})


# The bar, with a scripted server.


class Server:
    """Answers for events with one page after another; raises those that are exceptions."""

    def __init__(self, *pages: Any, goals: Any = None) -> None:
        self._pages = list(pages)
        self._goals = {"metrics": [{"name": "rmse", "goal": "min"}]} if goals is None else goals

    def request(self, method: str, path: str, body: Any = None, query: Any = None) -> Any:
        if path.endswith("/events"):
            return self._given(self._pages.pop(0))
        if path == "methods":
            return self._given(self._goals)
        return {
            "spec": {"tuning": {"budget": {"trials": 4}}},
            "text": "no trial gave a result",
            "cause": "error",
        }

    @staticmethod
    def _given(answer: Any) -> Any:
        if isinstance(answer, Exception):
            raise answer
        return answer


def page(state: str, *events: dict[str, Any], next: int = 0) -> dict[str, Any]:
    return {"state": state, "items": list(events), "next_since": next}


def trial(number: int, state: str, value: float | None = None, **more: Any) -> dict[str, Any]:
    given = {} if value is None else {"value": value, "metrics": {"rmse": value}}
    return {"type": "trial", "trial": number, "state": state, "params": {}, **given, **more}


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Any:
    def given(*pages: Any, goals: Any = None) -> TuneHandle:
        scripted = Server(*pages, goals=goals)
        for module in (training, tuning):
            monkeypatch.setattr(module, "find", lambda: scripted)
        monkeypatch.setattr(training, "_POLL", 0)
        return TuneHandle("one")

    return given


SEARCH = (
    page("running", trial(0, "running"), trial(0, "done", 9.0), trial(1, "done", 7.5), next=3),
    page("running", trial(2, "failed", cause="nan", text="no"), trial(3, "running"), next=5),
    page("done", trial(3, "done", 8.0), {"type": "done"}, next=7),
    page("done"),
)


def test_the_bar_counts_trials_and_shows_baseline_best_and_failures(
    serve: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    # A server that is away when the waiting begins is waited for, as later.
    serve(Unreachable("restarting"), *SEARCH).wait()
    shown = capsys.readouterr().err.split("\r")
    assert any("1/4" in text and "baseline=9, best=7.5" in text for text in shown)
    assert any("2/4" in text and "best=7.5, failed=1" in text for text in shown)
    # The space was exhausted, so three were all; the last was no better.
    assert "3/3" in shown[-1] and "baseline=9, best=7.5, failed=1" in shown[-1]
    assert shown[-1].endswith("\n")


def test_without_knowing_what_is_better_the_bar_shows_the_last(
    serve: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    serve(*SEARCH, goals=Unreachable("no helper")).wait()
    shown = capsys.readouterr().err.split("\r")[-1]
    assert "baseline=9, last=8, failed=1" in shown and "best" not in shown


def test_without_a_bar_the_server_is_not_asked_at_each_trial(
    serve: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    search = serve(*SEARCH)
    asked: list[str] = []
    info, goals = search.info, tuning._goals
    monkeypatch.setattr(tuning, "bar", lambda **_: None)
    monkeypatch.setattr(search, "info", lambda: (asked.append("run"), info())[1])
    monkeypatch.setattr(tuning, "_goals", lambda: (asked.append("methods"), goals())[1])
    search.wait()
    assert asked == ["run", "methods"]


def test_a_baseline_that_failed_is_said(serve: Any, capsys: pytest.CaptureFixture[str]) -> None:
    search = serve(
        page("failed", trial(0, "failed", cause="error", text="no"), {"type": "failed"}, next=2),
        page("failed"),
    )
    with pytest.raises(RunFailed, match="no trial"):
        search.wait()
    assert "baseline=failed" in capsys.readouterr().err


def test_a_parameter_named_as_a_column_keeps_out_of_its_way(serve: Any) -> None:
    event = trial(1, "failed", params={"value": 3, "depth": 2}, text="It is no number.")
    frame = serve(page("failed", event, next=1), page("failed")).trials()
    assert frame.loc[1, "params.value"] == 3 and frame.loc[1, "depth"] == 2
    assert frame.loc[1, "text"] == "It is no number." and frame["value"].isna().all()


def test_whole_numbers_stay_whole_where_not_every_trial_has_them(serve: Any) -> None:
    found = (
        trial(0, "done", 1.0, params={"rate": 1.0}),
        trial(1, "done", 2.0, params={"depth": 15, "rate": 2.0}),
    )
    frame = serve(page("done", *found, next=2), page("done")).trials()
    assert str(frame.loc[1, "depth"]) == "15" and frame["depth"].isna()[0]
    assert frame["rate"].dtype == frame["value"].dtype == float and frame["std"].isna().all()


def test_before_the_first_trial_there_is_a_table_and_no_best(serve: Any) -> None:
    search = serve(page("running"), page("running"))
    assert list(search.trials().columns) == ["state", "value", "std", "seconds"]


@pytest.mark.parametrize(
    ("trials", "sentence"),
    [
        ([trial(0, "done", 9.0)], "Only the baseline is done: rmse 9."),
        ([trial(0, "done", 9.0), trial(1, "done", 9.5)], "The one trial does not beat the baseline: rmse 9."),
        ([trial(0, "done", 9.0), trial(1, "done", 7.5)], "Best of 1: rmse 7.5, 1.5 below the baseline."),
        (
            [trial(0, "failed"), trial(1, "done", 7.0), trial(2, "done", 7.0), trial(3, "failed")],
            "Best of 2: rmse 7; the baseline failed.",
        ),
        ([trial(0, "pruned"), trial(1, "done", 7.0)], "Best of 1: rmse 7; the baseline was stopped."),
        ([trial(0, "running"), trial(1, "done", 7.0)], "Best of 1: rmse 7; the baseline is not done yet."),
    ],
)
def test_what_came_of_it_so_far_is_a_sentence(
    serve: Any, monkeypatch: pytest.MonkeyPatch, trials: list[dict[str, Any]], sentence: str
) -> None:
    given = page("running", *trials, next=len(trials))
    search = serve(given, page("running"), given, page("running"))
    monkeypatch.setattr(TuneHandle, "info", lambda self: {"state": "running"})
    assert search.summary() == sentence


@pytest.mark.parametrize(
    ("state", "words"), [("running", "wait\\(\\) for it"), ("failed", "trials\\(\\) tells")]
)
def test_no_best_says_what_to_do(serve: Any, monkeypatch: pytest.MonkeyPatch, state: str, words: str) -> None:
    search = serve(page(state), page(state))
    monkeypatch.setattr(TuneHandle, "info", lambda self: {"state": state})
    with pytest.raises(ValueError, match=words):
        search.best()
