"""Scores of trials: on the validation part or over folds, with as much of a resource as a method gives."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from kflab.ml import learning
from kflab.ml.errors import DataError, TrainingError
from kflab.ml.job import TrainJob
from kflab.ml.spec import DatasetSpec, ModelSpec, SplitSpec, TrainingSpec
from kflab.ml.splitter import divide
from kflab.ml.trials import Scorer
from kflab.ml.tuning import ResourceSpec

from .conftest import Fit, Heard


def scorer(
    root: Path,
    folder: Path,
    family: str,
    *,
    uri: str = "sklearn:wine",
    parts: tuple[float, ...] = (0.6, 0.2, 0.2),
    objective: str = "accuracy",
    resource: dict[str, Any] | None = None,
    params: dict[str, Any] | None = None,
    training: dict[str, Any] | None = None,
    dataset: dict[str, Any] | None = None,
    split: dict[str, Any] | None = None,
) -> Scorer:
    parted = SplitSpec.model_validate({"parts": list(parts), "folds": 3, **(split or {})})
    said = divide(DatasetSpec.model_validate(dataset or {"uri": uri}), parted, "auto", root, folder)
    validation = folder / "validation.parquet"
    job = TrainJob(
        task=said["task"],
        target=said["target"],
        train_path=folder / "train.parquet",
        validation_path=validation if validation.exists() else None,
        model=ModelSpec(family=family, params=params or {}),
        root=root,
        split=parted,
        training=TrainingSpec.model_validate({"epochs": 4, "patience": None, **(training or {})}),
    )
    return Scorer(job, objective, ResourceSpec.model_validate(resource) if resource else None)


def test_a_trial_is_measured_as_a_run_with_the_same_parameters_is(
    root: Path, tmp_path: Path, heard: Heard, fit: Fit
) -> None:
    made = scorer(root, tmp_path / "parts", "sklearn:DecisionTreeClassifier", params={"min_samples_leaf": 5})
    score = made.score({"max_depth": 2}, None, heard)
    run = fit(
        "sklearn:wine", "sklearn:DecisionTreeClassifier", params={"max_depth": 2, "min_samples_leaf": 5}
    )
    assert score.metrics == pytest.approx(run.result.metrics)
    assert score.value == score.metrics["accuracy"] and score.std is None
    assert heard.of("epoch") and not heard.of("prediction")
    # The next one is not told of the last one's parameters.
    assert made.score({}, None, heard).value != made.score({"max_depth": 1}, None, heard).value


def test_with_two_parts_it_is_the_mean_over_the_folds(root: Path, tmp_path: Path, heard: Heard) -> None:
    made = scorer(root, tmp_path / "parts", "sklearn:DecisionTreeClassifier", parts=(0.8, 0.2))
    score = made.score({"max_depth": 1}, None, heard)
    assert score.std is not None and score.std > 0
    assert len(made._pairs) == 3
    assert made.score({"max_depth": 1}, None, heard) == score


def test_patience_holds_for_each_fold(
    root: Path, tmp_path: Path, heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []
    measure = learning.measure

    def noted(model: Any, *about: Any) -> dict[str, float]:
        sizes.append(model.n_iter_)
        return measure(model, *about)

    monkeypatch.setattr(learning, "measure", noted)
    made = scorer(
        root,
        tmp_path / "parts",
        "sklearn:HistGradientBoostingClassifier",
        uri="sklearn:breast_cancer",
        parts=(0.8, 0.2),
        objective="log_loss",
        params={"max_iter": 200, "learning_rate": 0.3},
        training={"patience": 1},
    )
    made.score({}, None, heard)
    assert len(sizes) == 3 and max(sizes) < 200
    # Only the first is shown.
    assert [e["step"] for e in heard.of("epoch")] == list(range(40, sizes[0] + 1, 40))


def visits(root: Path) -> dict[str, Any]:
    """Six rows of each of 120 people, all but alike, whose answer has nothing to do with their features."""
    generator = np.random.default_rng(0)
    who = np.repeat(np.arange(120), 6)
    frame = pd.DataFrame(generator.normal(size=(120, 4))[who], columns=list("abcd"))
    frame += generator.normal(size=frame.shape) * 0.01
    frame["who"] = [f"person {number}" for number in who]
    frame["y"] = generator.integers(0, 2, 120)[who]
    frame.to_csv(root / "visits.csv", index=False)
    return {"uri": "visits.csv", "target": "y", "columns": list("abcd")}


def test_folds_do_not_reward_learning_groups_by_heart(root: Path, tmp_path: Path, heard: Heard) -> None:
    dataset = visits(root)
    made, leaky = (
        scorer(
            root,
            tmp_path / method,
            "sklearn:DecisionTreeClassifier",
            parts=(0.8, 0.2),
            dataset=dataset,
            split={"method": method, "by": "who"},
        )
        for method in ("group", "random")
    )
    deep, shallow = (made.score({"max_depth": depth}, None, heard).value for depth in (30, 1))
    assert deep < 0.65 and deep <= shallow + 0.05
    assert leaky.score({"max_depth": 30}, None, heard).value > 0.95
    # The group is for the folds alone.
    assert list(made._pairs[0][0].features.columns) == dataset["columns"]


def test_parts_of_an_older_version_are_not_divided_into_folds(root: Path, tmp_path: Path) -> None:
    about: dict[str, Any] = {
        "parts": (0.8, 0.2),
        "dataset": visits(root),
        "split": {"method": "group", "by": "who"},
    }
    made = scorer(root, tmp_path / "parts", "sklearn:DecisionTreeClassifier", **about)
    path = made._job.train_path
    pd.read_parquet(path).drop(columns="__kflab_mark__").to_parquet(path, index=False)
    with pytest.raises(DataError, match="older version") as error:
        Scorer(made._job, "accuracy")
    assert error.value.field == "split.by"


def test_a_class_that_comes_late_is_said(root: Path, tmp_path: Path, fit: Fit) -> None:
    day = np.arange(100)
    pd.DataFrame({"day": day, "x": day % 7, "y": np.where(day < 40, 0, day % 2)}).to_csv(
        root / "days.csv", index=False
    )
    with pytest.raises(DataError, match="In folds by 'day'") as error:
        scorer(
            root,
            tmp_path / "parts",
            "sklearn:DecisionTreeClassifier",
            parts=(0.8, 0.2),
            dataset={"uri": "days.csv", "target": "y"},
            split={"method": "time", "by": "day"},
        )
    assert error.value.field == "split.parts"
    # Training watches the latest fold alone.
    trained = fit(
        "days.csv", "sklearn:DecisionTreeClassifier", target="y", parts=[0.8, 0.2], method="time", by="day"
    )
    assert trained.result.metrics and min(r["row"] for r in trained.heard.of("prediction")[-1]["rows"]) > 60


@pytest.mark.parametrize(
    ("family", "name", "least", "most"),
    [
        ("sklearn:RandomForestClassifier", "trees", 3, 30),
        ("sklearn:HistGradientBoostingClassifier", "trees", 3, 30),
        ("sklearn:DecisionTreeClassifier", "samples", 20, 90),
        ("keras:mlp", "epochs", 1, 4),
    ],
)
def test_a_resource_is_what_the_trial_gets(
    root: Path, tmp_path: Path, family: str, name: str, least: int, most: int
) -> None:
    made = scorer(root, tmp_path / "parts", family, resource={"name": name, "max": most})
    for given in (least, most):
        heard = Heard()
        made.score({}, given, heard)
        assert heard.of("epoch")[-1]["step"] == given


@pytest.mark.parametrize(
    ("parts", "rows"), [((0.6, 0.2, 0.2), 107), ((0.8, 0.2), 95)], ids=["three parts", "two parts"]
)
def test_no_more_rows_are_given_than_there_are(
    root: Path, tmp_path: Path, parts: tuple[float, ...], rows: int
) -> None:
    def given(least: int, most: int) -> Scorer:
        resource = {"name": "samples", "min": least, "max": most}
        return scorer(
            root, tmp_path / "parts", "sklearn:DecisionTreeClassifier", parts=parts, resource=resource
        )

    for least, field in ((20, "max"), (rows, "min")):
        with pytest.raises(DataError, match=f"at most {rows} rows") as error:
            given(least, 540)
        assert error.value.field == f"tuning.resource.{field}"
    # The last round may ask for some more than there are, as it alone then has them all.
    most = 3 * (rows - 1)
    assert given(20, most)
    with pytest.raises(DataError, match=f"Use at most {rows}\\."):
        given(20, most + 1)


def test_what_cannot_be_measured_says_so(root: Path, tmp_path: Path, heard: Heard) -> None:
    (root / "flat.py").write_text(
        "from sklearn.base import BaseEstimator, RegressorMixin\n"
        "class Flat(RegressorMixin, BaseEstimator):\n"
        "    def fit(self, X, y):\n        return self\n"
        "    def predict(self, X):\n        return X[:, 0] * float('nan')\n"
        "def build():\n    return Flat()\n"
    )
    nan = scorer(root, tmp_path / "a", "flat.py:build", uri="sklearn:diabetes", objective="rmse")
    with pytest.raises(TrainingError, match="not finite"):
        nan.score({}, None, heard)
    (root / "hard.py").write_text("from sklearn.svm import LinearSVC\ndef build():\n    return LinearSVC()\n")
    hard = scorer(root, tmp_path / "b", "hard.py:build", objective="log_loss")
    with pytest.raises(DataError, match="needs probabilities") as error:
        hard.score({}, None, heard)
    assert error.value.field == "tuning.objective.metric"
    with pytest.raises(DataError, match="does not fit"):
        scorer(root, tmp_path / "c", "sklearn:DecisionTreeClassifier", objective="rmse")
