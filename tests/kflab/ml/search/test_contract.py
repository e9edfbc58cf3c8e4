"""What every method of search keeps to, tried on each of them, on spaces that people make and on those that they should not."""

from __future__ import annotations

import copy
import json
import math
import statistics
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any, get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kflab.ml.search import relay
from kflab.ml.search import spaces as spaces_
from kflab.ml.search.making import make
from kflab.ml.search.methods import KINDS
from kflab.ml.search.searcher import END, WAIT, Params, Searcher, Suggestion
from kflab.ml.tuning import METHODS, Parameter, ResourceSpec, Value

RESOURCE = ResourceSpec(max=9)
every = pytest.mark.parametrize("method", METHODS)
# keras-tuner's Gaussian process takes a quarter of a second for a trial, so it is tried where it matters only.
quick = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

Space = list[Parameter]


def range_(name: str, low: float, high: float, **more: Any) -> Parameter:
    kind = "int" if isinstance(low, int) and isinstance(high, int) else "float"
    return Parameter(name=name, type=kind, low=low, high=high, **more)


def choice(name: str, *choices: Value, **more: Any) -> Parameter:
    return Parameter(name=name, type="choice", choices=list(choices), **more)


def flag(name: str, **more: Any) -> Parameter:
    return Parameter(name=name, type="bool", **more)


MIXED = [
    range_("rate", 1e-4, 1.0, scale="log"),
    range_("units", 1, 64, scale="log"),
    choice("kind", 1, "a", True, 1.0),
    range_("depth", 1, 9, when={"kind": ["a", True]}),
    flag("on"),
]
FINITE = [
    range_("tenths", 0.1, 0.5, step=0.1),
    choice("kind", "x", "y"),
    flag("on", when={"kind": ["y"]}),
]
FLAT = [range_("x", 0.0, 1.0), range_("y", 0.0, 1.0)]


def start(
    method: Any, space: Space, *, goal: Any = "max", seed: int = 7, resource: ResourceSpec = RESOURCE
) -> Searcher:
    return make(method, space, goal=goal, seed=seed, resource=resource)


def fitting(method: str) -> Space:
    return FINITE if method == "grid" else MIXED


def asked(searcher: Searcher) -> Suggestion:
    answer = searcher.ask()
    assert isinstance(answer, Suggestion), answer
    return answer


def search(searcher: Searcher, score: Callable[[Params], float], trials: int = 10_000) -> list[Suggestion]:
    """One trial after the other, until the end."""
    found: list[Suggestion] = []
    while len(found) < trials and isinstance(answer := searcher.ask(), Suggestion):
        searcher.tell(answer.number, score(answer.params), "done")
        found.append(answer)
    return found


def through_json(state: Mapping[str, Any]) -> Any:
    return json.loads(json.dumps(state, allow_nan=False))


def product(space: Space, done: Params | None = None) -> list[Params]:
    """All combinations, in the order of the grid."""
    done = done or {}
    if not space:
        return [done]
    first, *rest = space
    if any(not alike(done.get(name), values) for name, values in first.when.items()):
        return product(rest, done)
    return [params for value in values_of(first) for params in product(rest, {**done, first.name: value})]


def values_of(parameter: Parameter) -> list[Value]:
    if (options := parameter.options()) is not None:
        return options
    assert parameter.low is not None and parameter.high is not None
    step = parameter.step or 1
    count = math.floor((parameter.high - parameter.low) / step + 1e-6) + 1
    kind: type = int if parameter.type == "int" else float
    return [kind(round(parameter.low + k * step, 9)) for k in range(count)]


def alike(value: object, options: Sequence[object]) -> bool:
    return any(value == o and isinstance(value, bool) == isinstance(o, bool) for o in options)


def key(params: Params) -> str:
    return json.dumps(params, sort_keys=True)


def belongs(space: Space, params: Params) -> None:
    """Fails unless the parameters are those of the space, each with a value of its own type."""
    expected = set()
    for parameter in space:
        if all(alike(params.get(name), values) for name, values in parameter.when.items()):
            expected.add(parameter.name)
            value = params[parameter.name]
            if (options := parameter.options()) is not None:
                assert any(type(value) is type(o) and value == o for o in options)
                continue
            assert type(value) is (int if parameter.type == "int" else float)
            assert parameter.low <= value <= parameter.high  # type: ignore[operator]
            if parameter.step:
                steps = (value - parameter.low) / parameter.step  # type: ignore[operator]
                assert abs(steps - round(steps)) < 1e-6
    assert set(params) == expected


@st.composite
def parameters(draw: st.DrawFn, name: str, before: Space, finite: bool) -> Parameter:
    whens = [p for p in before if p.options()]
    when = {}
    if whens and draw(st.booleans()):
        parent = draw(st.sampled_from(whens))
        when = {
            parent.name: draw(st.lists(st.sampled_from(parent.options()), min_size=1, max_size=2)),
        }
    kind = draw(st.sampled_from(["int", "float", "choice", "bool"]))
    if kind == "bool":
        return flag(name, when=when)
    if kind == "choice":
        plain = st.one_of(
            st.integers(-3, 3), st.floats(-2, 2), st.booleans(), st.text(max_size=3), st.just("1")
        )
        options = draw(st.lists(plain, min_size=1, max_size=4, unique_by=lambda v: (type(v), v)))
        return choice(name, *options, when=when)
    if finite:
        low = draw(st.integers(-5, 5))
        count = draw(st.integers(1, 3))
        step = draw(st.sampled_from([1, 2, 7] if kind == "int" else [0.1, 0.25, 3.0]))
        high = low + count * step
        if kind == "int":
            return range_(name, low, high, step=step, when=when)
        return range_(name, float(low), float(high), step=step, when=when)
    log = draw(st.booleans())
    ends = st.integers(1 if log else -(2**53), 2**53) if kind == "int" else _floats(1e-300 if log else -1e300)
    low, high = sorted(draw(st.lists(ends, min_size=2, max_size=2, unique=True)))
    return range_(name, low, high, scale="log" if log else "linear", when=when)


def _floats(least: float) -> st.SearchStrategy[float]:
    return st.one_of(st.floats(least, 1e300, allow_subnormal=False), st.floats(max(least, -1.0), 1.0))


@st.composite
def spaces(draw: st.DrawFn, finite: bool, most: int = 4) -> Space:
    hostile = st.one_of(
        st.text(min_size=1, max_size=8), st.sampled_from(["tuner/epochs", "p0", "p1", "values", "a=b", "名"])
    )
    names = draw(st.lists(hostile, min_size=1, max_size=most, unique=True))
    space: Space = []
    for name in names:
        space.append(draw(parameters(name, space, finite)))
    return space


@every
@given(data=st.data())
@quick
def test_what_is_asked_for_lies_in_the_space_with_its_types(method: str, data: st.DataObject) -> None:
    space = data.draw(spaces(finite=method == "grid"))
    searcher = start(method, space, seed=data.draw(st.integers(0, 2**64)))
    # For bayesian these are fewer than it draws by chance.
    for number in range(1, 4 if method == "bayesian" else 13):
        answer = searcher.ask()
        if not isinstance(answer, Suggestion):
            assert answer in (WAIT, END)
            break
        assert answer.number == number
        belongs(space, answer.params)
        if number % 3:
            searcher.tell(number, data.draw(st.floats(allow_nan=False)), "done")


def test_the_gaussian_process_stays_in_the_space_at_its_edges() -> None:
    space = [
        range_("low", 1, 5, scale="log"),
        range_("whole", -3, 3),
        range_("rate", 1e-3, 1.0, scale="log"),
        choice("kind", "a", 2, True),
        range_("more", 0, 4, when={"kind": [2]}),
    ]
    searcher = start("bayesian", space)
    for suggestion in search(
        searcher, lambda p: p["low"] + p["whole"] + 1e200 * (p["kind"] == 2), 3 * len(space) + 4
    ):  # type: ignore[operator]
        belongs(space, suggestion.params)


@every
@given(data=st.data())
@quick
def test_a_finite_space_is_gone_through_once_and_then_it_ends(method: str, data: st.DataObject) -> None:
    if method == "hyperband":
        return  # it gives the same parameters more and more of its resource
    space = data.draw(
        spaces(finite=True, most=3).filter(lambda s: len(product(s)) <= (6 if method == "bayesian" else 60))
    )
    everything = [key(params) for params in product(space)]
    searcher = start(method, space)
    found = [key(s.params) for s in search(searcher, lambda params: 0.5)]
    if method == "grid":
        assert found == everything
    else:
        assert sorted(found) == sorted(everything)
    assert searcher.ask() is END and searcher.ask() is END


@every
def test_a_space_with_a_range_without_steps_never_ends(method: str) -> None:
    """Not even where that range takes part in a few of many trials only, and those are the worst."""
    if method == "grid":
        return  # it needs steps
    kinds = [f"kind {n}" for n in range(40)]
    searcher = start(
        method, [choice("kind", *kinds), range_("rate", 0.0, 1.0, when={"kind": [kinds[5]]})], seed=1
    )
    for kind in kinds:
        assert searcher.learn({"kind": kind, "rate": 0.5}, 0.1 if kind == kinds[5] else 0.9)
    found = search(searcher, lambda p: 0.1, 12)
    assert [s.params["kind"] for s in found] == [kinds[5]] * 12
    assert len({(s.params["rate"], s.resource) for s in found}) == 12


def test_what_is_left_is_drawn_from_all_that_has_no_end() -> None:
    space = spaces_.Space(
        [
            choice("kind", *"abcdef"),
            range_("rate", 1e-9, 1.0, scale="log", when={"kind": ["b"]}),
            range_("share", 0.0, 1.0, when={"kind": ["e"]}),
        ]
    )
    tried = {codes for kind in "acdf" if (codes := space.encode({"kind": kind})) is not None}
    drawn = [space.decode(space.untried(tried, seed) or ()) for seed in range(60)]
    rates = sorted(float(p["rate"]) for p in drawn if p["kind"] == "b")
    shares = sorted(float(p["share"]) for p in drawn if p["kind"] == "e")
    assert len({*rates, *shares}) == 60 and min(len(rates), len(shares)) > 10
    assert 1e-7 < statistics.median(rates) < 1e-2 and 0.2 < statistics.median(shares) < 0.8


def test_steps_are_where_they_were_written() -> None:
    space = [range_("x", 0.1, 1.0, step=0.1)]
    assert [s.params["x"] for s in search(start("grid", space), lambda p: 0.0)] == [
        0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0,
    ]  # fmt: skip
    far = [range_("x", 1e12, 1e12 + 1, step=1e-3)]
    searcher = start("random", far)
    assert searcher.learn({"x": 1e12 + 0.005}, 1.0)
    assert searcher.learn({"x": math.nextafter(1e12 + 0.005, math.inf)}, 1.0)
    assert not searcher.learn({"x": 1e12 + 0.0055}, 1.0)
    for suggestion in search(searcher, lambda p: 0.0, 20):
        assert start("tpe", far).learn(suggestion.params, 0.0)


def test_a_grid_that_is_wide_costs_nothing() -> None:
    searcher = start("grid", [range_("n", 0, 2**52), choice("c", "a", "b")])
    assert [s.params["n"] for s in search(searcher, lambda p: 0.0, 5)] == [0, 0, 1, 1, 2]


@pytest.mark.parametrize("method", ["grid", "hyperband"])
def test_a_space_or_resource_that_the_method_cannot_use_is_refused(method: Any) -> None:
    with pytest.raises(ValueError, match=r"'x'|resource"):
        make(method, FLAT, goal="max", seed=1)


@every
def test_several_run_at_once_and_end_in_any_order(method: str) -> None:
    searcher = start(method, fitting(method))
    suggestions = [asked(searcher) for _ in range(5)]
    assert [s.number for s in suggestions] == [1, 2, 3, 4, 5]
    assert list(searcher.running()) == suggestions
    for number in (4, 1, 5):
        searcher.tell(number, number / 10, "done")
    assert [s.number for s in searcher.running()] == [2, 3]
    assert asked(searcher).number == 6


def test_grid_waits_for_nothing_but_the_last() -> None:
    searcher = start("grid", [flag("a")])
    assert [asked(searcher).params, asked(searcher).params] == [{"a": False}, {"a": True}]
    assert searcher.ask() is WAIT
    searcher.tell(2, 0.1, "done")
    searcher.tell(1, None, "failed")
    assert searcher.ask() is END


@every
def test_what_is_told(method: str) -> None:
    searcher = start(method, fitting(method))
    for _ in range(8):
        asked(searcher)
    searcher.tell(1, None, "failed")
    searcher.tell(2, math.nan, "done")
    searcher.tell(3, math.inf, "done")
    searcher.tell(4, None, "pruned")
    searcher.tell(5, 0.25, "pruned")
    searcher.tell(6, 0.5, "done")
    searcher.tell(6, 0.9, "done")
    searcher.tell(6, None, "failed")
    with pytest.raises(ValueError, match="Trial 7 is done"):
        searcher.tell(7, None, "done")
    with pytest.raises(ValueError, match="'late'"):
        searcher.tell(7, 1.0, "late")  # type: ignore[arg-type]
    for unknown in (0, 9, -1):
        with pytest.raises(KeyError):
            searcher.tell(unknown, 0.1, "done")
    assert [s.number for s in searcher.running()] == [7, 8]
    rows = searcher.dump()["rows"]
    assert [(row[0], row[1]) for row in rows] == [
        ("f", None), ("f", None), ("f", None), ("f", None), ("p", 0.25), ("d", 0.5), ("r", None), ("r", None),
    ]  # fmt: skip
    assert asked(searcher).number == 9


@every
def test_a_result_from_outside(method: str) -> None:
    space = FINITE
    searcher = start(method, space)
    known: Params = {"tenths": 0.30000000000000004, "kind": "y", "on": True, "other": 1}
    assert searcher.learn(known, 0.9)
    assert searcher.learn(known, 0.9)
    assert len(searcher.dump()["rows"]) == 1
    outside: list[dict[str, Any]] = [
        {"tenths": 0.35, "kind": "x"},
        {"tenths": 0.3, "kind": "y"},
        {"tenths": None, "kind": "x"},
        {"tenths": 0.3, "kind": "z"},
        {"tenths": True, "kind": "x"},
        {"tenths": 10**400, "kind": "x"},
        {},
    ]
    for params in outside:
        assert not searcher.learn(params, 0.9)
    assert not searcher.learn({"tenths": 0.1, "kind": "x"}, math.nan)
    assert not searcher.running()
    first = asked(searcher)
    assert first.number == 1
    searcher.tell(1, 0.1, "done")
    if method == "hyperband":
        return
    found = [key(s.params) for s in [first, *search(searcher, lambda p: 0.1)]]
    asked_for = key({"tenths": 0.3, "kind": "y", "on": True})
    expected = [key(p) for p in product(space)]
    if method == "grid":
        assert found == expected
    else:
        assert sorted([*found, asked_for]) == sorted(expected)


@every
@pytest.mark.parametrize("places", [(0,), (1, 2, 7), (13, 14), range(15)])
def test_what_was_tried_before_is_skipped(method: str, places: Sequence[int]) -> None:
    everything = product(FINITE)
    assert len(everything) == 15
    searcher = start(method, FINITE)
    for place in places:
        searcher.skip({**everything[place], "other": 1})
    searcher.skip({"tenths": 0.35, "kind": "x"})  # no part of the space
    again = start(method, FINITE)
    again.load(through_json(searcher.dump()))
    found = [key(s.params) for s in search(again, lambda p: 0.5)]
    left = [key(params) for place, params in enumerate(everything) if place not in places]
    if method == "grid":
        assert found == left
    else:
        assert sorted(set(found)) == sorted(left)
    assert again.ask() is END


def test_equal_choices_of_other_types_are_told_apart() -> None:
    space = [choice("kind", 1, True, 1.0, "1")]
    for place, value in enumerate([1, True, 1.0, "1"]):
        searcher = start("random", space)
        assert searcher.learn({"kind": value}, 0.5)
        assert searcher.dump()["rows"][0][2] == [place]


@pytest.mark.parametrize("method", ["tpe", "bayesian"])
def test_results_from_outside_are_learned_from(method: str) -> None:
    """Told where the best is, they look near it; told the opposite, elsewhere."""
    near = []
    for sign in (1, -1):
        searcher = start(method, FLAT)
        for x, y in [(i / 4, j / 4) for i in range(5) for j in range(5)]:
            assert searcher.learn({"x": x, "y": y}, sign * -((x - 0.25) ** 2 + (y - 0.75) ** 2))
        suggestions = [asked(searcher) for _ in range(4)]
        distances = [math.hypot(s.params["x"] - 0.25, s.params["y"] - 0.75) for s in suggestions]  # type: ignore[operator]
        near.append(statistics.mean(distances))
    assert near[0] + 0.2 < near[1]


ACTIONS = st.lists(
    st.one_of(
        st.just(("ask",)),
        st.tuples(st.just("tell"), st.integers(0, 5), st.floats(-1, 1), st.sampled_from(["done", "pruned", "failed"])),
        st.tuples(st.just("learn"), st.integers(0, 3), st.floats(-1, 1)),
        st.tuples(st.just("skip"), st.integers(0, 3)),
    ),
    min_size=1,
    max_size=40,
)  # fmt: skip
KNOWN: list[Params] = [
    {"rate": 0.01, "units": 3, "kind": "a", "depth": 2, "on": True},
    {"rate": 0.5, "units": 64, "kind": 1, "on": False},
    {"tenths": 0.2, "kind": "x"},
    {"tenths": 0.5, "kind": "y", "on": False},
]


def act(searcher: Searcher, action: tuple[Any, ...]) -> Any:
    if action[0] == "ask":
        return searcher.ask()
    if action[0] == "learn":
        return searcher.learn(KNOWN[action[1]], action[2])
    if action[0] == "skip":
        return searcher.skip(KNOWN[action[1]])
    running = searcher.running()
    if running:
        searcher.tell(running[action[1] % len(running)].number, action[2], action[3])
    return len(running)


@every
@given(before=ACTIONS, after=ACTIONS)
@quick
def test_a_search_goes_on_where_it_was_cut_off(
    method: str, before: list[tuple[Any, ...]], after: list[tuple[Any, ...]]
) -> None:
    if method == "bayesian":
        before = before[:20]  # it would think about each trial for long
    one = start(method, fitting(method), goal="min")
    for action in [("ask",)] * (12 if method == "tpe" else 3) + before:
        act(one, action)
    state = through_json(one.dump())
    other = start(method, fitting(method), goal="min")
    other.learn(KNOWN[0], 0.1)  # what it had is forgotten
    other.load(copy.deepcopy(state))
    assert through_json(other.dump()) == state
    assert list(other.running()) == list(one.running()) and other.note() == one.note()
    for action in after[:6] if method == "bayesian" else after:
        assert act(one, action) == act(other, action)
    assert act(one, ("ask",)) == act(other, ("ask",))


@pytest.mark.parametrize("running", [0, 2])
def test_the_gaussian_process_goes_on_where_it_was_cut_off(running: int) -> None:
    one = start("bayesian", FLAT)
    batch = [asked(one) for _ in range(7)]
    for suggestion in reversed(batch):  # sums depend on the order
        one.tell(suggestion.number, -((float(suggestion.params["x"]) - 0.3) ** 2) / 7, "done")
    for _ in range(running):
        asked(one)
    other = start("bayesian", FLAT)
    other.load(through_json(one.dump()))
    assert [asked(one), asked(one)] == [asked(other), asked(other)]


def test_the_gaussian_process_does_not_mind_the_size_of_values() -> None:
    found = []
    for size in (1e-9, 1.0, 1e9):
        searcher = start("bayesian", FLAT, goal="min")
        found.append(search(searcher, lambda p: size * ((p["x"] - 0.3) ** 2 + p["y"]), 9))  # type: ignore[operator] # noqa: B023
    for one, two, three in zip(*found, strict=True):
        assert one.params == pytest.approx(two.params, abs=1e-3)
        assert three.params == pytest.approx(two.params, abs=1e-3)


@pytest.mark.parametrize(("method", "by_chance"), [("tpe", 10), ("bayesian", 3 * len(FLAT))])
def test_it_learns_once_there_are_as_many_trials_by_chance_as_its_description_says(
    method: Any, by_chance: int
) -> None:
    def proposals(score: Callable[[Params], float]) -> list[Params]:
        return [found.params for found in search(start(method, FLAT), score, by_chance + 1)]

    low, high = proposals(lambda p: -float(p["x"])), proposals(lambda p: float(p["x"]))
    assert low[:by_chance] == high[:by_chance]
    assert low[by_chance] != high[by_chance]
    said = (
        "3 trials by chance for each parameter"
        if method == "bayesian"
        else f"after {by_chance} trials by chance"
    )
    assert said in KINDS[method].description


def test_what_runs_is_not_asked_for_again_nearby() -> None:
    """A Gaussian process that knew nothing of running trials would ask for the same place again and again."""
    searcher = start("bayesian", FLAT, goal="min")
    search(searcher, lambda p: 1000 + (p["x"] - 0.3) ** 2 + (p["y"] - 0.6) ** 2, 12)  # type: ignore[operator]
    at_once = [asked(searcher).params for _ in range(3)]
    gaps = [math.dist(a.values(), b.values()) for a in at_once for b in at_once if a is not b]  # type: ignore[arg-type]
    assert min(gaps) > 1e-3


@every
def test_more_is_better_or_less_is(method: str) -> None:
    """The same search with all values and the goal turned round asks for the same."""

    def score(params: Params) -> float:
        return (
            sum(float(v) for v in params.values() if not isinstance(v, str)) % 1
            if method == "grid"
            else (params["x"] - 0.3) ** 2 + params["y"]  # type: ignore[operator,return-value]
        )

    space = FINITE if method == "grid" else FLAT
    count = 10 if method == "bayesian" else 30
    least = search(start(method, space, goal="min"), score, count)
    most = search(start(method, space, goal="max"), lambda p: -score(p), count)
    assert [s.params for s in least] == [s.params for s in most]


@pytest.mark.parametrize(("method", "trials", "seeds"), [("tpe", 40, 5), ("bayesian", 14, 3)])
def test_it_is_better_than_chance(method: str, trials: int, seeds: int) -> None:
    def loss(params: Params) -> float:
        return (params["x"] - 0.37) ** 2 + (params["y"] - 0.71) ** 2  # type: ignore[operator,return-value]

    def best(name: str, seed: int) -> float:
        found = search(start(name, FLAT, goal="min", seed=seed), loss, trials)
        assert len(found) == trials
        return min(loss(s.params) for s in found)

    mine = statistics.median(best(method, seed) for seed in range(seeds))
    chance = statistics.median(best("random", seed) for seed in range(15))
    assert mine < chance / 2


@every
def test_a_seed_gives_one_search(method: str) -> None:
    if method == "grid":
        return
    first = [
        [s.params for s in search(start(method, MIXED, seed=seed), lambda p: 0.5, 5)] for seed in (0, 0, 1)
    ]
    assert first[0] == first[1] != first[2]
    # A neighbouring seed is no copy that is one draw ahead.
    rates = [{p["rate"] for p in params} for params in first]
    assert not rates[1] & rates[2]


@every
def test_the_state_is_small_and_json(method: str) -> None:
    space = [
        range_("rate", 1e-4, 1.0, scale="log"),
        range_("units", 1, 640),
        choice("kind", *[f"a long name of a choice {n}" for n in range(9)]),
        range_("x", 0.0, 1.0, step=0.001 if method == "grid" else None),
    ]
    if method == "grid":
        space[0] = range_("rate", 0.1, 1.0, step=0.001)
    elif method == "bayesian":
        space[0] = choice("rate", *[n / 7 for n in range(100)])
    count = {"bayesian": 10, "tpe": 100}.get(method, 300)
    searcher = start(method, space)
    for number in range(1, count + 1):
        assert asked(searcher).number == number
        searcher.tell(number, 1 / number, "done")
    text = json.dumps(searcher.dump(), allow_nan=False, separators=(",", ":"))
    assert len(text) <= 150 * count + 200


@every
def test_a_state_of_another_search_is_refused(method: str) -> None:
    space = FINITE
    searcher = start(method, space)
    asked(searcher)
    state = through_json(searcher.dump())
    other_method = "tpe" if method != "tpe" else "random"
    others = [
        (start(other_method, space), "method"),
        (start(method, space[:2]), "space"),
        (start(method, [space[0], space[1], flag("on")]), "space"),
        (start(method, space, goal="min"), "goal"),
        (start(method, space, seed=8), "seed"),
    ]
    if method == "hyperband":
        others.append((start(method, space, resource=ResourceSpec(max=27)), "resource"))
    for other, word in others:
        with pytest.raises(ValueError, match=f"another {word}"):
            other.load(state)
        assert asked(other).number == 1


@every
@given(data=st.data())
@quick
def test_a_damaged_state_is_refused_and_changes_nothing(method: str, data: st.DataObject) -> None:
    searcher = start(method, fitting(method))
    for _ in range(3):
        asked(searcher)
    searcher.tell(2, 0.5, "done")
    before = through_json(searcher.dump())
    state = through_json(before)
    junk = st.one_of(
        st.none(),
        st.integers(),
        st.floats(allow_nan=False),
        st.text(),
        st.booleans(),
        st.lists(st.integers()),
        st.dictionaries(st.text(), st.integers()),
    )
    row = data.draw(st.integers(0, 2))
    damage = data.draw(st.sampled_from(["v", "rows", "row", "letter", "value", "codes", "code", "more"]))
    if damage in state:
        state[damage] = data.draw(junk)
    elif damage == "row":
        state["rows"][row] = data.draw(junk)
    elif damage in ("letter", "value", "codes"):
        state["rows"][row][("letter", "value", "codes").index(damage)] = data.draw(junk)
    else:
        codes = state["rows"][row][2]
        codes[data.draw(st.integers(0, len(codes) - 1))] = data.draw(junk)
    try:
        searcher.load(state)
    except ValueError as error:
        assert str(error).startswith(("This is no state", "The state of this search is damaged"))
        assert through_json(searcher.dump()) == before
    else:
        # By chance it was another state that there can be.
        belongs(fitting(method), asked(searcher).params)


def test_hyperband_gives_the_better_ones_more() -> None:
    searcher = start("hyperband", FLAT, goal="min", resource=ResourceSpec(min=2, max=54, factor=3))
    found = search(searcher, lambda p: float(p["x"]), 40)
    resources = [s.resource for s in found]
    assert resources == [2] * 27 + [6] * 9 + [18] * 3 + [54]
    by_x = sorted(found[:27], key=lambda s: s.params["x"])
    assert {key(s.params) for s in found[27:36]} == {key(s.params) for s in by_x[:9]}
    assert found[-1].params == by_x[0].params
    # The next bracket begins with more, and so on; the last gives all of it at once.
    assert asked(searcher).resource == 6
    later = search(searcher, lambda p: float(p["x"]), 200)
    assert {s.resource for s in later} == {2, 6, 18, 54}
    assert all(s.resource is None for s in search(start("random", FLAT), lambda p: 0.0, 3))


def test_hyperband_copes_with_failures() -> None:
    searcher = start("hyperband", FLAT, resource=ResourceSpec(max=9))
    found = []
    for _ in range(14):
        suggestion = asked(searcher)
        found.append(suggestion)
        good = suggestion.number in (1, 2)
        searcher.tell(
            suggestion.number, suggestion.number / 10 if good else None, "done" if good else "failed"
        )
    assert [s.resource for s in found[:11]] == [1] * 9 + [3] * 2
    # Of nine only two are left, which go on alone; what failed is not tried again with more.
    assert [s.params for s in found[9:11]] == [found[1].params, found[0].params]
    assert not any(s.params == earlier.params for s in found[11:] for earlier in found[:9])


def test_hyperband_ends_once_a_small_space_is_used_up() -> None:
    space = [flag("a"), choice("b", 1, 2, 3)]
    searcher = start("hyperband", space, resource=ResourceSpec(max=27))
    first = [asked(searcher) for _ in range(6)]
    assert {s.resource for s in first} == {1} and len({key(s.params) for s in first}) == 6
    assert searcher.ask() is WAIT
    for suggestion in first:
        searcher.tell(suggestion.number, suggestion.number / 10, "done")
    rest = search(searcher, lambda p: 0.5)
    assert [s.resource for s in rest] == [3, 3, 9, 27]
    assert searcher.ask() is END


def rows_of_random(count: int) -> dict[str, Any]:
    """The state of a bayesian search with so many trials, which would take minutes to make."""
    drawn = start("random", FLAT)
    search(drawn, lambda p: -((p["x"] - 0.5) ** 2), count)  # type: ignore[operator]
    return {**through_json(drawn.dump()), "method": "bayesian"}


def test_after_a_hundred_trials_tpe_goes_on_and_says_so() -> None:
    searcher = start("bayesian", FLAT)
    searcher.load(rows_of_random(100))
    assert searcher.note() is None
    twin = start("tpe", FLAT)
    twin.load({**rows_of_random(100), "method": "tpe"})
    for _ in range(3):
        suggestion = asked(searcher)
        assert suggestion == asked(twin)
        for one in (searcher, twin):
            one.tell(suggestion.number, 0.1, "done")
    assert searcher.note() == (
        "After 100 trials TPE went on, told of all of them: "
        "the Gaussian process grows slower with each trial."
    )
    again = start("bayesian", FLAT)
    again.load(through_json(searcher.dump()))
    assert again.note() == searcher.note() and asked(again) == asked(searcher)


def test_a_hundred_results_from_outside_are_too_many_for_the_gaussian_process_as_well() -> None:
    searcher = start("bayesian", FLAT)
    for number in range(100):
        assert searcher.note() is None
        assert searcher.learn({"x": number / 100, "y": 0.5}, number / 100)
    assert asked(searcher).number == 1 and searcher.note() is not None


def test_the_hundredth_is_still_of_the_gaussian_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay, "_MOST", 8)
    searcher = start("bayesian", FLAT)
    search(searcher, lambda p: float(p["x"]), 8)
    assert searcher.note() is None
    asked(searcher)
    assert "After 8 trials" in (searcher.note() or "")


@every
def test_it_needs_one_thread(method: str) -> None:
    before = set(threading.enumerate())
    searcher = start(method, fitting(method))
    search(searcher, lambda p: 0.5, 9)
    assert set(threading.enumerate()) == before


def test_all_methods_are_tried() -> None:
    assert set(METHODS) == {"random", "grid", "hyperband", "bayesian", "tpe"}
    assert len(get_args(Value)) == 4
