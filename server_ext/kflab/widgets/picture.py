"""What a panel showed last, put into words: from the answers of the API to a Picture. Pure but for `ask`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from kflab.widgets.still import Picture

__all__ = ["Ask", "take"]

# A GET to the API: path and query to JSON.
Ask = Callable[[str, Mapping[str, Any]], Any]

_ROWS = 20
# More events than this are not read for a picture; a run so long has its best value in its record.
_PAGES = 5
_MOST = 1000
_WORDS = {
    "queued": "Queued",
    "running": "Running",
    "paused": "Paused",
    "interrupted": "Interrupted",
    "done": "Done",
    "failed": "Failed",
    "cancelled": "Cancelled",
}


def take(ask: Ask, view: str, args: Mapping[str, Any], state: Mapping[str, Any]) -> Picture:
    """The picture of a view in a state. Raises what `ask` raises, and ValueError for an unknown view."""
    match view:
        case "runs":
            return _runs(ask, state)
        case "run":
            return _run(ask, str(args.get("id", "")))
        case "train":
            return _train(ask, state)
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


def _run(ask: Ask, run_id: str, title: str = "") -> Picture:
    run = ask(f"runs/{run_id}", {})
    metrics = _metrics(ask, run_id) if run["state"] == "done" else {}
    parts = sorted({part for _, part in metrics}, key=("train", "validation", "test").index)
    names = list(dict.fromkeys(name for name, _ in metrics))
    rows = [(_plain(name), *(brief(metrics.get((name, part))) for part in parts)) for name in names]
    name = _run_name(run)
    return Picture(
        f"{title}: {name}" if title else name,
        _outcome(run),
        ("Metric", *(part.capitalize() for part in parts)) if rows else (),
        tuple(rows),
        f"Run {run_id}, created {_moment(run['created'])}.",
    )


def _metrics(ask: Ask, run_id: str) -> dict[tuple[str, str], Any]:
    found: dict[tuple[str, str], Any] = {}
    since = 0
    for _ in range(_PAGES):
        page = ask(f"runs/{run_id}/events", {"since": since, "limit": _MOST})
        found |= {(e["name"], e["part"]): e["value"] for e in page["items"] if e["type"] == "metric"}
        if len(page["items"]) < _MOST:
            return found
        since = page["next_since"]
    return {}


def _train(ask: Ask, state: Mapping[str, Any]) -> Picture:
    if isinstance(state.get("run"), str):
        return _run(ask, state["run"], "Train")
    parts = (
        "60 % train, 20 % validation, 20 % test" if state.get("validation", True) else "80 % train, 20 % test"
    )
    rows = [
        ("Dataset", state.get("uri")),
        ("Target", state.get("target")),
        ("Split", f"{parts}, {state['method']}" if state.get("method") else None),
        ("Model", state.get("family")),
    ]
    chosen = tuple((name, str(value)) for name, value in rows if value)
    if not state.get("uri"):
        return Picture("Train", "No dataset is chosen yet.")
    return Picture("Train", "Prepared, not started.", ("Step", "Choice"), chosen)


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
    return f"{kind} {run['id'][-4:]}"


def _outcome(run: Mapping[str, Any]) -> str:
    said = _word(run)
    if took := _took(run):
        said += f" after {took}" if run["state"] != "done" else f" in {took}"
    if best := _best(run):
        said += f": {best}"
    if run["state"] == "failed" and run.get("text"):
        said += f": {run['text']}"
    return said if said.endswith(".") else f"{said}."


def _word(run: Mapping[str, Any]) -> str:
    return _WORDS.get(run["state"], str(run["state"]))


def _best(run: Mapping[str, Any]) -> str:
    best = run.get("best")
    return f"{_plain(best['metric'])} {brief(best['value'])}" if best else ""


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
