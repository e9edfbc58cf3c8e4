from __future__ import annotations

import itertools
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from kflab.ml.errors import DataError
from kflab.ml.spec import SplitSpec
from kflab.ml.splitting import folds, marks, split

PARTS = st.sampled_from([[0.8, 0.2], [0.6, 0.2, 0.2], [0.5, 0.5], [0.34, 0.33, 0.33]])


def table(rows: int, classes: int, groups: int = 5) -> pd.DataFrame:
    n = np.arange(rows)
    return pd.DataFrame({"x": n * 1.0, "y": n % classes, "g": (n * 7) % groups, "t": -n})


@settings(max_examples=150, deadline=None)
@given(
    rows=st.integers(40, 300),
    classes=st.integers(2, 4),
    parts=PARTS,
    method=st.sampled_from(["random", "stratified", "group", "time"]),
    seed=st.integers(0, 2**32 - 1),
)
def test_every_row_is_in_one_part_and_the_same_seed_gives_the_same(
    rows: int, classes: int, parts: list[float], method: Any, seed: int
) -> None:
    by = {"group": "g", "time": "t"}.get(method)
    spec = SplitSpec(method=method, by=by, parts=parts, seed=seed)
    frame = table(rows, classes)
    found = split(frame, "y", spec, "multiclass")
    assert list(found) == (["train", "test"] if len(parts) == 2 else ["train", "validation", "test"])
    joined = np.concatenate(list(found.values()))
    assert sorted(joined.tolist()) == list(range(rows))
    again = split(frame, "y", spec, "multiclass")
    assert all(np.array_equal(found[name], again[name]) for name in found)
    if method != "group":
        for share, got in zip(parts, found.values(), strict=True):
            assert abs(len(got) - share * rows) <= classes + 1
    if method == "stratified":
        for got in found.values():
            shares = frame["y"].iloc[got].value_counts(normalize=True)
            assert len(shares) == classes and shares.max() - shares.min() < 0.35
    if method == "group":
        owners = [set(frame["g"].iloc[got]) for got in found.values()]
        assert not any(a & b for i, a in enumerate(owners) for b in owners[i + 1 :])
    if method == "time":
        ends = [(frame["t"].iloc[got].min(), frame["t"].iloc[got].max()) for got in found.values()]
        assert all(earlier[1] < later[0] for earlier, later in itertools.pairwise(ends))


def test_another_seed_gives_other_parts() -> None:
    frame = table(100, 2)
    one, two = (split(frame, "y", SplitSpec(seed=s), "binary")["test"] for s in (1, 2))
    assert not np.array_equal(one, two)


@pytest.mark.parametrize("parts", [[0.5, 0.6], [0.6, 0.2, 0.1], [1.0], [0.5, 0.5, 0.0], []])
def test_parts_must_add_up(parts: list[float]) -> None:
    with pytest.raises(ValidationError):
        SplitSpec(parts=parts)


def refused(frame: pd.DataFrame, **spec: Any) -> DataError:
    with pytest.raises(DataError) as caught:
        split(frame, "y", SplitSpec(**spec), "multiclass")
    return caught.value


def test_a_class_too_small_for_a_stratified_split_is_named() -> None:
    frame = table(60, 2)
    frame.loc[0, "y"] = 9
    error = refused(frame, method="stratified", parts=[0.6, 0.2, 0.2])
    assert error.field == "split.method" and "Class 9 has only 1 row," in error.message


def test_a_class_missing_from_train_is_named() -> None:
    frame = table(60, 2)
    last = split(frame, "y", SplitSpec(seed=3), "multiclass")["test"][0]
    frame.loc[last, "y"] = 9
    assert "stratified" in refused(frame, seed=3).message


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        ({"method": "group", "by": "nope"}, "split.by"),
        ({"method": "time", "by": "name"}, "split.by"),
        ({"method": "group", "by": "one"}, "split.by"),
        ({"method": "time", "by": "gap"}, "split.by"),
    ],
)
def test_a_column_that_does_not_serve(spec: dict[str, Any], field: str) -> None:
    frame = table(40, 2).assign(name="a", one=1, gap=[np.nan] + [1.0] * 39)
    assert refused(frame, **spec).field == field


def test_too_few_rows() -> None:
    assert refused(table(3, 2)).field == "split.parts"


@settings(max_examples=150, deadline=None)
@given(
    who=st.lists(st.integers(0, 9), min_size=12, max_size=120),
    count=st.integers(2, 8),
    task=st.sampled_from(["binary", "regression"]),
    method=st.sampled_from(["random", "stratified", "group", "time"]),
    seed=st.integers(0, 2**32 - 1),
)
def test_folds_keep_groups_whole_and_never_learn_from_what_comes_later(
    who: list[int], count: int, task: Any, method: Any, seed: int
) -> None:
    assume(len(set(who)) > 1)
    frame = pd.DataFrame({"by": who, "y": np.arange(len(who)) // 2 % 2})
    spec = SplitSpec(method=method, by="by" if method in ("group", "time") else None, folds=count, seed=seed)
    found = folds(frame["y"], spec, task, marks(frame, spec))
    assert len(found) == (min(count, len(set(who))) if method == "group" else count)
    for learn, watch in found:
        assert len(learn) and len(watch) and not set(learn) & set(watch)
        if method == "group":
            assert not set(frame["by"].iloc[learn]) & set(frame["by"].iloc[watch])
        if method == "time":
            assert frame["by"].iloc[learn].max() <= frame["by"].iloc[watch].min()
    compared = np.concatenate([watch for _, watch in found])
    assert len(compared) == len(set(compared))
    if method == "time":
        assert len(found[0][0]) == max(len(learn) for learn, _ in found)
    else:
        assert len(compared) == len(frame)


def test_no_fold_of_groups_is_empty() -> None:
    # scikit-learn's StratifiedGroupKFold puts two of these six groups into one of six folds.
    sizes = [65, 40, 36, 17, 6, 22]
    marked = np.repeat(np.arange(6), sizes)
    truth = pd.Series(marked % 2)
    for seed in range(20):
        found = folds(truth, SplitSpec(method="group", by="by", folds=6, seed=seed), "binary", marked)
        assert sorted(len(watch) for _, watch in found) == sorted(sizes)


def test_groups_are_kept_apart_as_words_are_and_dates_in_their_order() -> None:
    frame = pd.DataFrame(
        {"who": ["b", "a", "b", "c"], "day": pd.to_datetime(["2026-02-01", "2025-12-31"] * 2)}
    )
    group, time = (
        marks(frame, SplitSpec(method=method, by=by))  # type: ignore[arg-type]
        for method, by in (("group", "who"), ("time", "day"))
    )
    assert group is not None and group.tolist() == [1, 0, 1, 2]
    assert time is not None and time.tolist() == [1, 0, 1, 0]


@pytest.mark.parametrize(
    ("method", "rows", "field", "words"),
    [
        ("group", 8, "split.by", "fewer than two groups of 'by'"),
        ("time", 2, "split.parts", "fewer than two rows to compare on"),
        ("random", 1, "split.parts", "fewer than two rows,"),
    ],
)
def test_too_little_for_two_folds(method: Any, rows: int, field: str, words: str) -> None:
    frame = pd.DataFrame({"by": [1] * rows, "y": [0.5] * rows})
    spec = SplitSpec(method=method, by=None if method == "random" else "by")
    with pytest.raises(DataError, match=words) as caught:
        folds(frame["y"], spec, "regression", marks(frame, spec))
    assert caught.value.field == field


def ask(root: Path, out: Path, **request: Any) -> tuple[int, dict[str, Any]]:
    body = {"split": {}, "task": "auto", **request, "root": str(root), "out": str(out)}
    done = subprocess.run(
        [sys.executable, "-m", "kflab.ml.splitter"], input=json.dumps(body), capture_output=True, text=True
    )
    return done.returncode, json.loads(done.stdout)


def test_the_splitter_process(root: Path, tmp_path: Path) -> None:
    out = tmp_path / "data"
    code, said = ask(root, out, dataset={"uri": "sklearn:breast_cancer"}, split={"parts": [0.6, 0.2, 0.2]})
    assert code == 0 and said["ok"]["task"] == "binary" and said["ok"]["classes"] == ["benign", "malignant"]
    assert sum(said["ok"]["sizes"].values()) == 569
    assert {p.name for p in out.iterdir()} == {
        "train.parquet",
        "validation.parquet",
        "test.parquet",
        "split.json",
    }
    code, said = ask(root, out, dataset={"uri": "nothing.csv", "target": "y"})
    assert code == 1 and said["error"]["field"] == "dataset.uri"
