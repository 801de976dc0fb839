"""What the stages of a run share, and what they give up."""

import weakref
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import polars as pl
import pytest

from sweep import pipeline
from sweep.config import Data, Spec, Training
from sweep.errors import SpecError
from sweep.prepared import prepare
from sweep.search.setup import TrialSetup
from sweep.stack.recipe import default_epochs
from sweep.study.params import Params


def test_x_is_given_up_before_the_report(tables: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If it failed, the report, which reads the table again, would take three GiB more of ten million rows."""
    data = prepare(Spec.from_options(tables / "train.csv", {"target": "label", "positive": "ill"}))
    held: list[bool] = []
    for stage in ("estimate_time", "search_trials"):
        monkeypatch.setattr(pipeline, stage, lambda this: held.append(bool(this.data.X.size)))
    monkeypatch.setattr(pipeline, "select_balance", lambda this: (None, None, None))
    monkeypatch.setattr(pipeline, "deliver_model", lambda this, *_: (None, None))
    monkeypatch.setattr(pipeline, "report_result", lambda this, *_: held.append("X" in vars(this.data)))
    this: Any = SimpleNamespace(data=data, quick=True)
    pipeline.search_to_report(this)
    assert held == [True, True, False]


@pytest.mark.parametrize(("negatives", "drawn", "kept"), [(None, 462, 20), ("5", 132, 5), ("all", 2200, "all")])
def test_networks_train_on_so_many_negatives_and_epochs_go_by_the_rows_trained_on(
    tmp_path: Path, negatives: str | None, drawn: int, kept: int | str
) -> None:
    """If it failed, a large table would take long for its negatives, or a sample would get too few steps."""
    path = tmp_path / "table.csv"
    pl.DataFrame({"x": np.arange(2200), "y": np.arange(2200) % 100 == 0}).write_csv(path)
    spec = Spec("study", Data(path, ("y",), positive="true"), training=Training(negatives=negatives))
    data = prepare(spec)
    setup = pipeline.make_setup(data)
    assert data.spec.training.negatives == kept
    assert setup.trained == pytest.approx(drawn, rel=0.15)
    assert data.spec.training.epochs == default_epochs(drawn)
    assert setup.epochs == data.spec.training.epochs
    with pytest.raises(SpecError, match="negatives must be a whole number from 1 to 1000000, or 'all'; got 'few'"):
        replace(spec, training=Training(negatives="few"))


def test_logits_of_all_trials_lie_in_memory_one_after_the_other() -> None:
    """If it failed, a study of a million rows would hold those of each repeat of every trial at once."""
    rng, y = np.random.default_rng(0), (np.arange(300) < 60).astype(int)
    alive: list[weakref.ref[np.ndarray]] = []

    def logits(trial: SimpleNamespace) -> np.ndarray:
        assert not any(one() is not None for one in alive[:-1])
        found: np.ndarray = rng.normal(size=(300, 2)) + y[:, None]
        alive.append(weakref.ref(found))
        return found

    params = Params(0.6, 1, 8)
    kept = SimpleNamespace(trials=lambda state: [SimpleNamespace(params={"most": 0.6, "depth": 1, "width": 8})] * 5)
    setup = TrialSetup(y, np.arange(300) % 3, np.arange(300), 2, 4, 64, "precision", 0)
    this: Any = SimpleNamespace(study=SimpleNamespace(trials=kept.trials, logits=logits), setup=setup)
    selection: Any = SimpleNamespace(winner=SimpleNamespace(params=params), confirmed=())
    means, on_curve, losses = pipeline.all_trials(this, selection)
    assert means.shape == losses.shape == (300, 5)
    assert losses.dtype == np.float32
    assert on_curve == [True] * 5


def test_of_a_large_table_the_logits_of_hopeless_trials_are_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """If it failed, fifty trials of ten million rows would take 4 GiB, or a trial that a resample takes be missing."""
    rng, y = np.random.default_rng(0), (np.arange(900) < 200).astype(int)
    signal = rng.normal(size=900) + 3.0 * y
    of_trials = [rng.normal(size=900), signal, rng.normal(size=900), signal + 0.2 * rng.normal(size=900)]
    trials = [SimpleNamespace(params={"most": 0.6, "depth": 1, "width": 8}, logits=z[:, None]) for z in of_trials]
    study = SimpleNamespace(trials=lambda state: trials, logits=lambda trial: trial.logits)
    setup = TrialSetup(y, np.arange(900) % 3, np.arange(900), 2, 4, 64, "precision", 0)
    this: Any = SimpleNamespace(study=study, setup=setup)
    selection: Any = SimpleNamespace(winner=SimpleNamespace(params=Params(0.6, 1, 8)), confirmed=())
    whole, _, losses = pipeline.all_trials(this, selection)
    monkeypatch.setattr(pipeline, "LOGITS_KEPT", 1000)
    some, on_curve, fewer = pipeline.all_trials(this, selection)
    np.testing.assert_array_equal(some, whole[:, [1, 3]])
    np.testing.assert_array_equal(fewer, losses[:, [1, 3]])
    assert on_curve == [True] * 2
