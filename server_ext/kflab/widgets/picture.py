"""What a panel showed last, put into words: from the answers of the API to a Picture. Pure but for `ask` and `logs`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from kflab.sdk.training import ENDED
from kflab.widgets.runlogs import Ask, Log, Logs
from kflab.widgets.still import Picture

__all__ = ["take"]

_ROWS = 20
_WORDS = {
    "queued": "Queued",
    "running": "Running",
    "paused": "Paused",
    "interrupted": "Interrupted",
    "done": "Done",
    "failed": "Failed",
    "cancelled": "Cancelled",
}


def take(ask: Ask, logs: Logs, view: str, args: Mapping[str, Any], state: Mapping[str, Any]) -> Picture:
    """The picture of a view in a state. Raises what `ask` raises, and ValueError for an unknown view."""
    match view:
        case "runs":
            return _runs(ask, state)
        case "run":
            return _run(ask, logs, str(args.get("id", "")))
        case "train":
            started = state.get("run")
            return _run(ask, logs, started, "Train") if isinstance(started, str) else _train(state)
        case "tune":
            started = state.get("run")
            return _run(ask, logs, started, "Tune") if isinstance(started, str) else _tune(state)
        case "metadata":
            return _metadata(ask, state)
        case "cluster":
            return _cluster(ask, state)
    raise ValueError(f"there is no panel {view!r}")


def _runs(ask: Ask, state: Mapping[str, Any]) -> Picture:
    group = state.get("group")
    asked = {"state": group} if group in _WORDS else {}
    page = ask("runs", {"limit": 500, **asked})
    runs = page["items"]
    counts = Counter(run["state"] for run in runs)
    parts = [f"{counts[name]} {word.lower()}" for name, word in _WORDS.items() if counts[name]]
    total = page["total"]
    if not total:
        return Picture("Runs", "No runs yet.")
    return Picture(
        "Runs",
        f"{_count(total, 'run')}: {', '.join(parts)}.",
        ("Name", "State", "Best", "Duration", "Created"),
        tuple(
            (_run_name(run), _word(run), _best(run), _took(run), _moment(run["created"]))
            for run in runs[:_ROWS]
        ),
        _left_out(min(total, _ROWS), total, "runs"),
    )


def _run(ask: Ask, logs: Logs, run_id: str, title: str = "") -> Picture:
    run = ask(f"runs/{run_id}", {})
    log = logs.read(ask, run_id)
    name = _run_name(run)
    sentence, columns, rows = _searched(ask, run, log) if run["kind"] == "tune" else _trained(run, log)
    return Picture(
        f"{title}: {name}" if title else name,
        sentence,
        columns if rows else (),
        rows,
        f"Run {run_id}, created {_moment(run['created'])}.",
        final=run["state"] in ENDED and log.whole,
    )


_Table = tuple[str, tuple[str, ...], tuple[tuple[str, ...], ...]]


def _trained(run: Mapping[str, Any], log: Log) -> _Table:
    """The measures of a run, one column for each part of the data."""
    parts = sorted({part for _, part in log.metrics}, key=("train", "validation", "test").index)
    names = list(dict.fromkeys(name for name, _ in log.metrics))
    rows = tuple((_plain(name), *(brief(log.metrics.get((name, part))) for part in parts)) for name in names)
    return _outcome(run, _best(run)), ("Metric", *(part.capitalize() for part in parts)), rows


def _searched(ask: Ask, run: Mapping[str, Any], log: Log) -> _Table:
    """The trials of a search, the best first."""
    name, goal = _objective(ask, run, log)
    metric = _plain(name)
    sign = 1 if goal == "max" else -1
    valued = {n: t for n, t in log.trials.items() if isinstance(t.get("value"), int | float)}
    order = sorted(valued, key=lambda n: (-sign * valued[n]["value"], n))
    rows = tuple(
        (
            "baseline" if n == 0 else str(n),
            str(log.trials[n]["state"]).capitalize(),
            brief(log.trials[n].get("value")),
            ", ".join(
                f"{key}={brief(value) if isinstance(value, float) else value}"
                for key, value in log.trials[n]["params"].items()
            ),
        )
        for n in [*order, *sorted(set(log.trials) - set(order))][:_ROWS]
    )
    done = {n: t["value"] for n, t in valued.items() if t["state"] == "done"}
    return (
        _outcome(run, _standing(done, metric, sign)),
        ("Trial", "State", metric.capitalize(), "Parameters"),
        rows,
    )


def _objective(ask: Ask, run: Mapping[str, Any], log: Log) -> tuple[str, str]:
    """The metric that decides and its goal; where the search was asked for without, the first that was measured."""
    given = run["spec"]["tuning"].get("objective") or {}
    measured = next(
        (metric for trial in log.trials.values() for metric in trial.get("metrics") or ()), "value"
    )
    name = given.get("metric") or measured
    goals = {metric["name"]: metric["goal"] for metric in ask("methods", {})["metrics"]}
    return name, given.get("goal") or goals.get(name, "max")


def _standing(done: Mapping[int, float], metric: str, sign: int) -> str:
    """How the best of the trials stands against the baseline, as the panel says it."""
    baseline, trials = done.get(0), {n: value for n, value in done.items() if n}
    if not trials:
        return "" if baseline is None else f"only the baseline is done, {metric} {brief(baseline)}"
    best = max(trials.values(), key=lambda value: sign * value)
    if baseline is None:
        return f"best of {len(trials)}: {metric} {brief(best)}"
    if sign * best <= sign * baseline:
        return f"none of {_count(len(trials), 'trial')} beats the baseline, {metric} {brief(baseline)}"
    where = "above" if best > baseline else "below"
    return f"best of {len(trials)}: {metric} {brief(best)}, {abs(best - baseline):.3g} {where} the baseline"


def _train(state: Mapping[str, Any]) -> Picture:
    parts = (
        "60 % train, 20 % validation, 20 % test" if state.get("validation", True) else "80 % train, 20 % test"
    )
    return _prepared(
        "Train",
        {
            "Dataset": state.get("uri"),
            "Target": state.get("target"),
            "Split": f"{parts}, {state['method']}" if state.get("method") else None,
            "Model": state.get("family"),
        },
    )


def _tune(state: Mapping[str, Any]) -> Picture:
    data = state.get("data") or {}
    from_run = state.get("from") if state.get("source") == "run" else None
    chosen = {"Dataset": data.get("uri"), "Target": data.get("target"), "Model": data.get("family")}
    return _prepared(
        "Tune",
        {
            **({"From run": from_run} if from_run else chosen),
            "Metric": _plain(state.get("metric") or ""),
            "Method": state.get("method"),
            "Trials": state.get("trials"),
        },
    )


def _prepared(title: str, lines: Mapping[str, Any]) -> Picture:
    """A form that was not sent yet."""
    if not lines.get("Dataset") and not lines.get("From run"):
        return Picture(title, "No dataset is chosen yet.")
    chosen = tuple((name, str(value)) for name, value in lines.items() if value)
    return Picture(title, "Prepared, not started.", ("Step", "Choice"), chosen)


def _metadata(ask: Ask, state: Mapping[str, Any]) -> Picture:
    kind = "executions" if state.get("tab") == "executions" else "artifacts"
    asked = {key: state[key] for key in ("type", "q", "filter", "sort") if state.get(key)}
    page = ask(f"metadata/{kind}", {"sort": "-created", **asked, "limit": _ROWS})
    total, items = page["total"], page["items"]
    title = f"Metadata: {kind}"
    if not items:
        return Picture(title, "Nothing matches." if len(asked) > 1 else "Nothing is recorded yet.")
    chosen = state.get("selected")
    name = chosen.get("name") if isinstance(chosen, Mapping) else None
    about = "" if page.get("total_exact", True) else "about "
    return Picture(
        title,
        f"{about.capitalize()}{_count(total, kind[:-1])}." + (f" Chosen: {name}." if name else ""),
        ("Name", "Type", "Version", "State", "Created"),
        tuple(
            (
                item["name"],
                str(item["type"]).removeprefix("system."),
                item.get("version") or "",
                str(item.get("state") or "").capitalize(),
                _moment(item.get("created")),
            )
            for item in items
        ),
        _left_out(len(items), total, kind),
    )


def _cluster(ask: Ask, state: Mapping[str, Any]) -> Picture:
    overview = ask("cluster", {})
    if overview["state"] != "connected":
        return Picture("Cluster", overview.get("message") or "There is no cluster here.")
    namespace = overview["namespace"]
    kinds = overview["kinds"]
    kind = state.get("kind", "pods")
    known = next((k for k in kinds if k["name"] == kind), None)
    counted = ", ".join(f"{k['count']} {k['name']}" for k in kinds if k["count"])
    title = f"Cluster: {namespace}"
    if known is None or known["count"] is None:
        return Picture(title, f"{counted or 'Nothing'} in {namespace}.")
    page = ask(f"cluster/{kind}", {"limit": _ROWS})
    return Picture(
        title,
        f"{counted or 'Nothing'} in {namespace}.",
        (kind.capitalize(), "Status", "Why", "Created"),
        tuple(
            (row["name"], row["status"], row.get("text") or "", _moment(row.get("created")))
            for row in page["items"]
        ),
        _left_out(len(page["items"]), page["total"], kind),
    )


def _run_name(run: Mapping[str, Any]) -> str:
    if run["name"]:
        return str(run["name"])
    family = str((run["spec"].get("model") or {}).get("family", "")).rpartition(":")[2]
    kind = "Evaluation" if run["kind"] == "evaluate" else (family or "Run")
    if run["kind"] == "tune":
        kind = f"Tuning of {family or 'a model'}"
    return f"{kind} {run['id'][-4:]}"


def _outcome(run: Mapping[str, Any], result: str) -> str:
    said = _word(run)
    if took := _took(run):
        said += f" after {took}" if run["state"] != "done" else f" in {took}"
    if result:
        said += f": {result}"
    if run["state"] == "failed" and run.get("text"):
        said += f": {run['text']}"
    return said if said.endswith(".") else f"{said}."


def _word(run: Mapping[str, Any]) -> str:
    return _WORDS.get(run["state"], str(run["state"]))


def _best(run: Mapping[str, Any]) -> str:
    """Of an ended run, as with `_took`."""
    best = run.get("best")
    if not best or not run.get("ended"):
        return ""
    trial = {None: "", 0: " (the baseline)"}.get(best.get("trial"), f" (trial {best.get('trial')})")
    return f"{_plain(best['metric'])} {brief(best['value'])}{trial}"


def _took(run: Mapping[str, Any]) -> str:
    """How long an ended run took; nothing for others, so that their picture does not change by itself."""
    if not run.get("started") or not run.get("ended"):
        return ""
    seconds = (_time(run["ended"]) - _time(run["started"])).total_seconds()
    if seconds < 10:
        return f"{max(0.0, seconds):.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    return f"{minutes} m {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} m"


def _time(value: str) -> datetime:
    return datetime.fromisoformat(value)


def _moment(value: str | None) -> str:
    """`2026-03-01 10:00 UTC`: it stays true however old the picture is."""
    return f"{_time(value):%Y-%m-%d %H:%M} UTC" if value else ""


def _plain(name: str) -> str:
    return name.replace("_", " ")


def brief(value: Any) -> str:
    """A number of the API with four significant digits."""
    if isinstance(value, Mapping):
        return str(next(iter(value.values()), ""))
    if value is None or isinstance(value, str):
        return value or ""
    if isinstance(value, int) or (value == int(value) and abs(value) < 1e6):
        return str(int(value))
    return f"{value:#.4g}".rstrip(".") if 1e-3 <= abs(value) < 1e6 else f"{value:.2e}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _left_out(shown: int, total: int, noun: str) -> str:
    return f"The first {shown} of {total} {noun}." if total > shown else ""
