"""Our methods of search for people who write keras-tuner code.

    from kflab.ml.search import KFTuner

    tuner = KFTuner(build, objective="val_accuracy", method="tpe", max_trials=30, directory="tuning")
    tuner.search(x, y, validation_data=(x_val, y_val), epochs=20)
    tuner.get_best_models()[0]

Importing this takes seconds.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import keras_tuner

from kflab.ml.search.adopted import Adopted
from kflab.ml.search.making import make
from kflab.ml.search.searcher import WAIT, Searcher, Suggestion
from kflab.ml.tuning import METHODS, Method, ResourceSpec

__all__ = ["KFTuner", "SearcherOracle"]

_EPOCHS = "tuner/epochs"  # keras-tuner's own name for what hyperband gives a trial


class SearcherOracle(keras_tuner.Oracle):  # type: ignore[misc]
    """An Oracle of keras-tuner that asks one of our searchers.

    Its files are written whole or not at all, and hold all that is needed to go on after a kill. A space that grows, as
    a trial shows a hyperparameter that was not known, is searched from there by a searcher that learns what was found.
    """

    def __init__(
        self,
        objective: Any = None,
        *,
        method: Method = "tpe",
        max_trials: int | None = 10,
        seed: int | None = None,
        resource: ResourceSpec | None = None,
        **rest: Any,
    ) -> None:
        if method not in METHODS:
            raise ValueError(f"There is no method {method!r}. Use one of {', '.join(METHODS)}.")
        if (method == "hyperband") != (resource is not None):
            raise ValueError(
                "Hyperband needs max_epochs, the most that a model is trained for; the other methods take none."
            )
        super().__init__(objective=objective, max_trials=max_trials, seed=seed, **rest)
        if seed is not None:
            self.seed = seed  # theirs takes 0 for none
        self.trials: dict[str, Any]
        self._retry_queue: list[str]
        self._method = method
        self._resource = resource
        self._space: str | None = None
        self._adopted: Adopted | None = None
        self._searcher: Searcher | None = None
        self._numbers: dict[str, int] = {}

    def populate_space(self, trial_id: str) -> dict[str, Any]:
        searcher, adopted = self._current()
        answer = searcher.ask()
        if not isinstance(answer, Suggestion):
            return {"status": "IDLE" if answer is WAIT else "STOPPED", "values": None}
        self._numbers[trial_id] = answer.number
        values = adopted.values(answer.params)
        if answer.resource is not None:
            values[_EPOCHS] = answer.resource
        return {"status": "RUNNING", "values": values}

    def note(self) -> str | None:
        """A sentence on what the method does differently from its name, once there is something to say."""
        return None if self._searcher is None else self._searcher.note()

    def get_state(self) -> dict[str, Any]:
        state: dict[str, Any] = super().get_state()
        if self._searcher is not None:
            state["kfhub"] = {
                "space": self._space,
                "numbers": self._numbers,
                "searcher": self._searcher.dump(),
            }
        return state

    def set_state(self, state: Mapping[str, Any]) -> None:
        super().set_state(state)
        self._searcher = None
        kept = state.get("kfhub")
        if kept is None:  # a search of keras-tuner's own, which is learned from
            return
        self._begin(json.loads(kept["space"]))
        if self._searcher is not None:
            self._searcher.load(kept["searcher"])
        self._numbers = dict(kept["numbers"])

    def save(self) -> None:
        _write(self._get_oracle_fname(), self.get_state())

    def reload(self) -> None:
        try:
            super().reload()
        except ValueError as error:
            raise ValueError(
                f"{self._project_dir} holds another search. {error} "
                "Use another project_name, or overwrite=True to begin anew."
            ) from error
        # A trial that was written a moment before the kill, and the Oracle was not: it has not begun.
        self.trials = {key: self.trials[key] for key in self.start_order}
        cut_off, self._retry_queue = self._retry_queue, []
        for key in cut_off:
            trial = self.trials[key]
            if key in self.end_order:  # theirs writes that it has ended while it still counts as running
                continue
            if trial.status in ("COMPLETED", "FAILED"):  # its end was written, and the Oracle was not
                self.end_order.append(key)
                self._tell(trial)
            else:
                trial.metrics = type(trial.metrics)()
                self._retry_queue.append(key)

    def _save_trial(self, trial: Any) -> None:
        _write(f"{self._get_trial_dir(trial.trial_id)}/trial.json", trial.get_state())

    def _retry(self, trial: Any) -> bool:
        # Theirs asks this once the trial is scored and before the Oracle is saved.
        again = bool(super()._retry(trial))
        if not again:
            self._tell(trial)
        return again

    def _tell(self, trial: Any) -> None:
        number = self._numbers.pop(trial.trial_id, None)
        if self._searcher is None or self._adopted is None:
            return
        done = trial.status == "COMPLETED"
        if number is not None:
            self._searcher.tell(number, trial.score if done else None, "done" if done else "failed")
        elif done:  # it was begun in a space that has grown since
            self._searcher.learn(self._adopted.params(trial.hyperparameters.values), float(trial.score))

    def _current(self) -> tuple[Searcher, Adopted]:
        """The searcher of the space as it is now."""
        now = self.hyperparameters.get_config()["space"]
        if self._searcher is None or self._adopted is None or self._space != json.dumps(now):
            self._begin(now)
            for trial in self.trials.values():
                if trial.status == "COMPLETED":
                    self._tell(trial)
        assert self._searcher is not None and self._adopted is not None  # noqa: S101
        return self._searcher, self._adopted

    def _begin(self, space: list[Any]) -> None:
        self._space = json.dumps(space)
        hyperparameters = keras_tuner.HyperParameters.from_config(
            {"space": json.loads(self._space), "values": {}}
        )
        self._adopted = Adopted(hyperparameters, grid=self._method == "grid")
        self._numbers = {}
        self._searcher = make(
            self._method,
            self._adopted.parameters,
            goal=self.objective.direction,
            seed=self.seed,
            resource=self._resource,
        )


class KFTuner(keras_tuner.Tuner):  # type: ignore[misc]
    """A Tuner whose trials come from `random`, `grid`, `hyperband`, `bayesian` or `tpe`.

    `hypermodel` is a function `build(hp)` that returns a compiled Keras model, or a `keras_tuner.HyperModel`; with a `fit`
    of its own that returns the objective, its `build` may return anything. Hyperband needs `max_epochs`; each of its
    trials trains from the start, for `hp.get("tuner/epochs")` epochs. Grid takes ten values and the default of a range
    without a step. A search that was stopped or killed goes on when a tuner is made with the same directory and
    project_name. `rest` are the arguments of keras_tuner.Tuner and Oracle.
    """

    def __init__(
        self,
        hypermodel: Any = None,
        objective: Any = None,
        *,
        method: Method = "tpe",
        max_trials: int | None = 10,
        seed: int | None = None,
        max_epochs: int | None = None,
        factor: int = 3,
        hyperparameters: Any = None,
        tune_new_entries: bool = True,
        allow_new_entries: bool = True,
        max_retries_per_trial: int = 0,
        max_consecutive_failed_trials: int = 3,
        **rest: Any,
    ) -> None:
        oracle = SearcherOracle(
            objective,
            method=method,
            max_trials=max_trials,
            seed=seed,
            resource=None if max_epochs is None else ResourceSpec(max=max_epochs, factor=factor),
            hyperparameters=hyperparameters,
            tune_new_entries=tune_new_entries,
            allow_new_entries=allow_new_entries,
            max_retries_per_trial=max_retries_per_trial,
            max_consecutive_failed_trials=max_consecutive_failed_trials,
        )
        self._built: Any = None
        self._foreign = False
        super().__init__(oracle=oracle, hypermodel=hypermodel, **rest)

    def note(self) -> str | None:
        """A sentence on what the method does differently from its name, once there is something to say."""
        return self.oracle.note()  # type: ignore[no-any-return]

    def on_search_begin(self) -> None:
        super().on_search_begin()
        self.save()  # so that a kill in the first trial loses nothing either

    def save(self) -> None:
        if not self._is_worker():
            self.oracle.save()
        _write(self._get_tuner_fname(), self.get_state())

    def load_model(self, trial: Any) -> Any:
        """The Keras model of a trial, with the weights of its best epoch. Raises ValueError where none were kept."""
        if not Path(self._get_checkpoint_fname(trial.trial_id)).exists():
            raise ValueError(
                f"Trial {trial.trial_id} left no weights: only those of Keras models that a trial has trained are kept. "
                "Build the model anew from get_best_hyperparameters()."
            )
        return super().load_model(trial)

    def _build_hypermodel(self, hp: Any) -> Any:
        self._built = super()._build_hypermodel(hp)
        return self._built

    def _try_build(self, hp: Any) -> Any:
        if self._foreign:
            return self._build_hypermodel(hp)
        try:
            return super()._try_build(hp)
        except keras_tuner.errors.FatalTypeError:
            if not _fits_itself(self.hypermodel):
                raise
            # No Keras model, which its own `fit` knows what to do with; Keras need not be tidied up for the next.
            self._foreign = True
            return self._built

    def _build_and_fit_model(self, trial: Any, *args: Any, **kwargs: Any) -> Any:
        hp = trial.hyperparameters
        model = self._try_build(hp)
        if not isinstance(model, keras.Model):
            # The last two callbacks are the tuner's own, for Keras.
            callbacks = kwargs.pop("callbacks")[:-2]
            return self.hypermodel.fit(
                hp, model, *args, **kwargs, **({"callbacks": callbacks} if callbacks else {})
            )
        if _EPOCHS in hp.values:
            kwargs["epochs"] = hp.values[_EPOCHS]
        results = self.hypermodel.fit(hp, model, *args, **kwargs)
        _write(self._get_build_config_fname(trial.trial_id), model.get_build_config())
        return results


def _fits_itself(hypermodel: Any) -> bool:
    return type(hypermodel).fit is not keras_tuner.HyperModel.fit


def _write(path: str, state: Any) -> None:
    """Whole or not at all: a kill in between leaves the file as it was."""
    making = Path(f"{path}.new")
    making.write_text(json.dumps(state), "utf-8")
    making.replace(path)
