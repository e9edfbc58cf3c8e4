"""Each model learns real data better than guessing, shows how, and comes back from its file as it was."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from kflab.ml import metrics, models
from kflab.ml.errors import DataError, TrainingError
from kflab.ml.fitting import geometric
from kflab.ml.predictor import load
from kflab.ml.spec import ModelSpec

FOREST = "sklearn:RandomForestClassifier"
# family, dataset, metric, value that a guess does not reach
LEARNS = [
    ("sklearn:LogisticRegression", "sklearn:wine", "accuracy", 0.85),
    (FOREST, "sklearn:breast_cancer", "accuracy", 0.85),
    ("sklearn:HistGradientBoostingClassifier", "sklearn:breast_cancer", "accuracy", 0.85),
    ("sklearn:Ridge", "sklearn:diabetes", "r2", 0.3),
    ("sklearn:RandomForestRegressor", "sklearn:diabetes", "r2", 0.3),
    ("sklearn:HistGradientBoostingRegressor", "sklearn:diabetes", "r2", 0.25),
]
SMALL = {"HistGradientBoosting": {"max_iter": 20}, "RandomForest": {"n_estimators": 40}}


def small(family: str) -> dict[str, Any]:
    return next((params for name, params in SMALL.items() if name in family), {})


@pytest.mark.parametrize("parts", [[0.6, 0.2, 0.2], [0.8, 0.2]], ids=["three parts", "two parts"])
@pytest.mark.parametrize(("family", "uri", "metric", "floor"), LEARNS)
def test_learns_and_is_saved(
    fit: Any, family: str, uri: str, metric: str, floor: float, parts: list[float]
) -> None:
    trained = fit(uri, family, parts=parts, params=small(family))
    assert trained.result.metrics[metric] > floor
    assert trained.evaluate()[metric] > floor
    stages = [(s["name"], s["state"]) for s in trained.heard.of("stage")]
    names = ["load", "preprocess", "fit", "score", "save"]
    assert stages[:10] == [(name, state) for name in names for state in ("begin", "end")]
    # Every metric of the task has a final value of the validation part.
    finals = {m["name"] for m in trained.heard.of("metric") if m["part"] == "validation"}
    assert finals == set(metrics.DEFAULTS[trained.said["task"]])
    assert trained.heard.of("artifact")[0]["sha256"] == trained.result.sha256
    epochs = trained.heard.of("epoch")
    assert len(epochs) >= 2 and epochs[-1]["step"] == epochs[-1]["of"]
    assert [e["step"] for e in epochs] == sorted({e["step"] for e in epochs})
    for epoch in epochs:
        assert set(epoch["train"]) and set(epoch["validation"])


@pytest.mark.parametrize(
    ("uri", "metric", "floor"), [("sklearn:breast_cancer", "accuracy", 0.85), ("sklearn:diabetes", "r2", 0.2)]
)
def test_the_network_learns_and_is_saved(fit: Any, uri: str, metric: str, floor: float) -> None:
    trained = fit(
        uri, "keras:mlp", params={"units": 32}, training={"epochs": 25, "patience": 25, "batch_size": 16}
    )
    assert trained.result.model_path.name == "model.keras"
    assert trained.evaluate()[metric] > floor
    assert {e["unit"] for e in trained.heard.of("epoch")} == {"epoch"}
    # What comes back from the file predicts what the last shown metrics say.
    frame = pd.read_parquet(trained.folder / "validation.parquet")
    again = load(trained.folder / "model").predict(frame[trained.said["columns"]])
    truth = frame["target"].to_numpy(dtype=object if metric == "accuracy" else None)
    assert metrics.score([metric], truth, again, None, trained.said["classes"] or ())[
        metric
    ] == pytest.approx(trained.result.metrics[metric], abs=1e-4)


def test_patience_stops_the_network_and_keeps_the_best_epoch(fit: Any) -> None:
    trained = fit(
        "sklearn:wine",
        "keras:mlp",
        params={"learning_rate": 0.05},
        training={"epochs": 60, "patience": 2, "batch_size": 16},
    )
    losses = [e["validation"]["log_loss"] for e in trained.heard.of("epoch")]
    assert len(losses) < 60
    assert trained.result.hyperparameters["epochs_of_best"] == int(np.argmin(losses)) + 1
    assert trained.result.metrics["log_loss"] == pytest.approx(min(losses), rel=1e-3)


@pytest.mark.parametrize("parts", [[0.6, 0.2, 0.2], [0.8, 0.2]], ids=["three parts", "two parts"])
def test_what_patience_stopped_is_fitted_again_as_large_as_it_was(fit: Any, parts: list[float]) -> None:
    trained = fit(
        "sklearn:breast_cancer",
        "sklearn:HistGradientBoostingClassifier",
        parts=parts,
        params={"max_iter": 200, "learning_rate": 0.3},
        training={"patience": 1, "refit": "train+validation"},
    )
    reached = trained.heard.of("epoch")[-1]["step"]
    assert reached < 200 and trained.result.hyperparameters["max_iter"] == reached
    saved: Any = load(trained.folder / "model")
    assert saved.pipeline["model"].n_iter_ == reached


def test_a_loss_that_is_no_number_ends_the_run_with_that_cause(fit: Any, root: Path) -> None:
    frame = pd.DataFrame({"a": [1e30, -1e30] * 30, "y": [1e35, -1e35, 3.0] * 20})
    frame.to_csv(root / "huge.csv", index=False)
    with pytest.raises(TrainingError) as caught:
        fit(
            "huge.csv",
            "keras:mlp",
            target="y",
            task="regression",
            preprocess={"scale": "none"},
            params={"learning_rate": 1.0},
        )
    assert caught.value.cause == "nan" and "learning rate" in str(caught.value)


def test_a_forest_watched_is_the_forest_of_one_fit(fit: Any) -> None:
    from sklearn.ensemble import RandomForestClassifier

    trained = fit("sklearn:breast_cancer", FOREST, params={"n_estimators": 60})
    assert len(trained.heard.of("epoch")) <= 20
    train = pd.read_parquet(trained.folder / "train.parquet")
    validation = pd.read_parquet(trained.folder / "validation.parquet")
    columns = trained.said["columns"]
    plain = RandomForestClassifier(n_estimators=60, random_state=7).fit(
        train[columns].to_numpy(), train["target"]
    )
    saved = load(trained.folder / "model").proba(validation[columns])
    assert np.array_equal(saved, plain.predict_proba(validation[columns].to_numpy()))


@pytest.mark.parametrize(("total", "steps"), [(1, 20), (7, 20), (100, 20), (5000, 20)])
def test_geometric_steps(total: int, steps: int) -> None:
    found = geometric(total, steps)
    assert found[-1] == total and len(found) <= steps and found == sorted(set(found)) and found[0] == 1


def test_logistic_regression_is_saved_without_its_callback(fit: Any) -> None:
    trained = fit("sklearn:wine", "sklearn:LogisticRegression")
    assert not hasattr(load(trained.folder / "model").pipeline["model"], "_skl_callbacks")  # type: ignore[union-attr]
    assert {e["unit"] for e in trained.heard.of("epoch")} == {"iteration"}


def test_others_show_a_nested_learning_curve(fit: Any) -> None:
    trained = fit("sklearn:diabetes", "sklearn:Ridge")
    assert [e["unit"] for e in trained.heard.of("epoch")] == ["samples"] * 4
    rows = trained.said["sizes"]["train"]
    assert [e["step"] for e in trained.heard.of("epoch")] == [round(rows * s) for s in (0.1, 0.25, 0.5, 1)]


def test_predictions_beside_the_truth(fit: Any) -> None:
    trained = fit("sklearn:breast_cancer", FOREST, params={"n_estimators": 20})
    last = trained.heard.of("prediction")[-1]
    assert last["n"] == trained.said["sizes"]["validation"] and len(last["rows"]) <= 200
    assert np.sum(last["confusion"]["matrix"]) == last["n"]
    source = pd.read_parquet(trained.folder / "validation.parquet").set_index("__kflab_row__")["target"]
    for row in last["rows"]:
        assert source[row["row"]] == row["truth"]
    errors = [1 - row["proba"][row["truth"]] for row in last["rows"]]
    assert errors == sorted(errors, reverse=True)
    numbers = fit("sklearn:diabetes", "sklearn:Ridge").heard.of("prediction")[-1]
    assert sum(numbers["residuals"]["histogram"]["counts"]) == numbers["n"]


@pytest.mark.parametrize("parts", [[0.6, 0.2, 0.2], [0.8, 0.2]], ids=["three parts", "two parts"])
def test_training_never_opens_the_test_part(fit: Any, parts: list[float]) -> None:
    def lock(folder: Path) -> None:
        (folder / "test.parquet").unlink()
        (folder / "split.json").unlink()

    assert fit("sklearn:wine", "sklearn:LogisticRegression", parts=parts, before_training=lock).result.metrics


def mixed(root: Path) -> None:
    generator = np.random.default_rng(1)
    n = 240
    x = generator.normal(size=n)
    frame = pd.DataFrame(
        {
            "x": np.where(generator.random(n) < 0.1, np.nan, x),
            "colour": generator.choice(["red", "green", "blue"], n),
            "day": pd.date_range("2026-01-01", periods=n).strftime("%Y-%m-%d"),
            "note": [
                f"a note of some length about item {i} and {'good' if v > 0 else 'bad'} things"
                for i, v in enumerate(x)
            ],
            "ok": generator.random(n) < 0.5,
            "y": np.where(x > 0, "up", "down"),
        }
    )
    frame.loc[3, "colour"] = None
    frame.to_csv(root / "mixed.csv", index=False)


@pytest.mark.parametrize(
    "family", ["sklearn:LogisticRegression", FOREST, "sklearn:HistGradientBoostingClassifier"]
)
def test_every_kind_of_column_is_prepared_and_comes_back(fit: Any, root: Path, family: str) -> None:
    mixed(root)
    trained = fit("mixed.csv", family, target="y", params=small(family))
    assert trained.evaluate()["accuracy"] > 0.8


@pytest.mark.parametrize(
    "preprocess",
    [
        {"missing": "mean", "scale": "minmax", "categories": "ordinal", "text": "minhash"},
        {"missing": "most_frequent", "scale": "robust", "categories": "target", "text": "drop"},
        {"scale": "squash", "categories": "drop", "dates": "drop", "text": "gap"},
        {"outliers": "clip", "drop": ["note", "day"], "text": "string"},
    ],
    ids=lambda p: ",".join(map(str, p.values())),
)
def test_every_way_to_prepare_comes_back(fit: Any, root: Path, preprocess: dict[str, Any]) -> None:
    mixed(root)
    trained = fit("mixed.csv", "sklearn:LogisticRegression", target="y", preprocess=preprocess)
    assert trained.evaluate()["accuracy"] > 0.7


@pytest.mark.parametrize(
    ("preprocess", "field"),
    [
        ({"drop": ["nothing"]}, "preprocess.drop.0"),
        ({"drop": ["x", "colour", "day", "note", "ok"]}, "preprocess.drop"),
        ({"missing": "none"}, "preprocess.missing"),
    ],
)
def test_preparation_that_cannot_be(fit: Any, root: Path, preprocess: dict[str, Any], field: str) -> None:
    mixed(root)
    with pytest.raises(DataError) as caught:
        fit("mixed.csv", "sklearn:LogisticRegression", target="y", preprocess=preprocess)
    assert caught.value.field == field


@pytest.mark.parametrize(
    ("family", "params", "field"),
    [
        ("sklearn:RandomForestClasifier", {}, "model.family"),
        ("os:system", {}, "model.family"),
        ("../model.py:build", {}, "model.family"),
        (FOREST, {"n_estimator": 3}, "model.params.n_estimator"),
        (FOREST, {"zzz": 3}, "model.params.zzz"),
        (FOREST, {"n_estimators": 0}, "model.params.n_estimators"),
        (FOREST, {"n_estimators": "many"}, "model.params.n_estimators"),
        (FOREST, {"max_features": "most"}, "model.params.max_features"),
    ],
)
def test_a_model_that_does_not_exist(root: Path, family: str, params: dict[str, Any], field: str) -> None:
    with pytest.raises(DataError) as caught:
        models.check(ModelSpec(family=family, params=params), root)
    assert caught.value.field == field
    # Whole sentences, each with its end.
    assert not re.search(r"[^.?!:;,] It has", caught.value.message), caught.value.message


def test_a_model_that_does_not_solve_the_task(fit: Any) -> None:
    with pytest.raises(DataError, match="does not solve") as caught:
        fit("sklearn:diabetes", FOREST)
    assert caught.value.field == "model.family"


def test_every_family_has_a_schema_that_its_defaults_fit(root: Path) -> None:
    for offer in models.catalog():
        assert "anyOf" not in json.dumps(offer["schema"]) and "prefixItems" not in json.dumps(offer["schema"])
        defaults = {name: schema["default"] for name, schema in offer["schema"]["properties"].items()}
        models.check(ModelSpec(family=offer["family"], params=defaults), root)


def test_own_model_code(fit: Any, root: Path) -> None:
    (root / "mine.py").write_text(
        "from sklearn.svm import SVC\ndef build(C=1.0):\n    return SVC(C=C, probability=False)\n"
    )
    trained = fit("sklearn:wine", "mine.py:build", params={"C": 10.0})
    assert trained.result.metrics["accuracy"] > 0.85
    assert trained.result.hyperparameters["C"] == 10.0
    (root / "mine.py").write_text("def build():\n    return 7\n")
    with pytest.raises(DataError, match="int, which has no fit, predict, get_params"):
        fit("sklearn:wine", "mine.py:build")
    # Like a Keras model: it can be fitted, but not copied.
    (root / "mine.py").write_text(
        "class Net:\n    def fit(self, X, y): ...\n    def predict(self, X): ...\n"
        "def build():\n    return Net()\n"
    )
    with pytest.raises(DataError, match=r"Net, which has no get_params.*BaseEstimator.*keras:mlp") as caught:
        fit("sklearn:wine", "mine.py:build")
    assert caught.value.field == "model.family"
    (root / "mine.py").write_text("def build():\n    raise ZeroDivisionError('mine')\n")
    with pytest.raises(ZeroDivisionError, match="mine"):
        fit("sklearn:wine", "mine.py:build")


def test_a_file_that_skops_does_not_vouch_for_is_not_loaded(fit: Any, root: Path) -> None:
    from skops.io.exceptions import UntrustedTypesFoundException

    (root / "odd.py").write_text(
        "from sklearn.linear_model import LogisticRegression\nclass Odd(LogisticRegression):\n    pass\n"
        "def build():\n    return Odd()\n"
    )
    trained = fit("sklearn:wine", "odd.py:build")
    with pytest.raises(UntrustedTypesFoundException):
        trained.evaluate()


def test_metrics_that_do_not_fit() -> None:
    assert metrics.check([], "regression") == ["rmse", "mae", "r2"]
    for names, task in ((["accuracy"], "regression"), (["r2"], "binary"), (["nothing"], "binary")):
        with pytest.raises(DataError) as caught:
            metrics.check(names, task)  # type: ignore[arg-type]
        assert caught.value.field == "metrics.0"


def test_showing_costs_at_most_a_quarter(monkeypatch: pytest.MonkeyPatch) -> None:
    from kflab.ml import live as module

    clock = {"now": 0.0}
    monkeypatch.setattr(module.time, "monotonic", lambda: clock["now"])
    events: list[tuple[str, dict[str, Any]]] = []

    class Slow:
        classes_ = np.array([0, 1])

        def predict_proba(self, X: Any) -> Any:
            clock["now"] += 1.0  # showing one step costs two seconds, fitting one costs one
            return np.tile([0.4, 0.6], (len(X), 1))

    part = module.Part(np.zeros((4, 1)), np.array([0, 1, 0, 1]), np.arange(4))
    show = module.Live(
        lambda type, **f: events.append((type, f)), "binary", ["accuracy"], [0, 1], part, part, "epoch", 40
    )
    for step in range(1, 41):
        clock["now"] += 1.0
        show.step(step, Slow(), last=step == 40)
    shown = [f["step"] for kind, f in events if kind == "epoch"]
    assert shown[-1] == 40 and len(shown) * 2 <= 0.25 * 40 + 4
    assert [f["code"] for kind, f in events if kind == "warning"] == ["live-steps-thinned"]


@pytest.mark.parametrize(
    ("family", "params", "size"),
    [
        ("keras:mlp", {"learning_rate": 0.05}, "epochs_of_best"),
        ("sklearn:HistGradientBoostingClassifier", {"max_iter": 100, "learning_rate": 0.3}, "max_iter"),
    ],
)
def test_when_patience_stops_does_not_depend_on_what_there_was_time_to_show(
    fit: Any, monkeypatch: pytest.MonkeyPatch, family: str, params: dict[str, Any], size: str
) -> None:
    from kflab.ml import live as module

    training = {"epochs": 40, "patience": 2, "batch_size": 16, "refit": "train+validation"}
    monkeypatch.setattr(module, "_FREE_SECONDS", 1e9)
    whole = fit("sklearn:breast_cancer", family, params=params, training=training)
    monkeypatch.setattr(module, "_FREE_SECONDS", 0.0)
    monkeypatch.setattr(module, "_SHARE", 0.0)
    thinned = fit("sklearn:breast_cancer", family, params=params, training=training)
    assert len(thinned.heard.of("epoch")) < len(whole.heard.of("epoch"))
    assert thinned.result.hyperparameters[size] == whole.result.hyperparameters[size]
    assert thinned.result.metrics == whole.result.metrics
