"""One trial, trained for real on a made table: floors prune it, a time limit ends it, neither changes the rest."""

import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sweep.parallel.workers import Workers
from sweep.progress import Progress
from sweep.search import loop as search_module
from sweep.search.loop import search
from sweep.search.task import Outcome, Params, Task
from sweep.search.trial import evaluate
from sweep.stack.network import Stack
from sweep.study.space import Space
from sweep.study.study import FINISHED, Study
from sweep.study_folder import StudyFolder

PARAMS = Params(0.7, 1, 8)


@pytest.fixture(scope="module")
def task() -> Task:
    rng = np.random.default_rng(0)
    y = (np.arange(240) % 4 == 0).astype(int)
    X = rng.normal(size=(240, 3)) + y[:, None]
    rows = np.arange(240)
    return Task(X, y, rows % 3, rows, repeats=2, epochs=20, batch_size=32, equal="precision", seed=0)


@pytest.fixture(scope="module")
def whole(task: Task) -> Outcome:
    outcome = evaluate(task.X, task.without_table(), PARAMS, {}, None)
    assert outcome is not None
    return outcome


def test_a_network_that_diverges_calls_nothing(task: Task, monkeypatch: pytest.MonkeyPatch) -> None:
    """The run would end with a traceback, and so would every later one, for the trial is tried again."""
    wild = evaluate(task.X, task, replace(PARAMS, learning_rate=1.0, weight_decay=10.0), {}, None)
    assert wild is not None
    assert np.isfinite(wild.logits).all()

    monkeypatch.setattr(Stack, "logits", lambda self, X, blocks: np.full((len(X), self.columns), np.nan, np.float32))
    nothing = evaluate(task.X, task, PARAMS, {}, None)
    assert nothing is not None
    assert task.counts(nothing.logits).called == 0
    assert task.score(nothing.logits) == 0


def test_a_trial_scores_every_row_out_of_fold_and_reports_on_its_way(task: Task, whole: Outcome) -> None:
    """Rows would be scored by a network that saw them, or nothing could be pruned."""
    assert whole.logits.shape == (240, 2)
    assert np.isfinite(whole.logits).all()
    assert (whole.epochs, whole.pruned) == (20, False)
    assert [epoch for epoch, _ in whole.reports] == [3, 6, 10]
    assert task.score(whole.logits) > 0.5


def test_a_trial_is_a_pure_function(task: Task, whole: Outcome) -> None:
    """A study would not be the same twice."""
    again = evaluate(task.X, task.without_table(), PARAMS, {}, 1000)
    assert again is not None
    assert (again.logits == whole.logits).all()
    assert again.reports == whole.reports


def test_a_trial_below_a_floor_ends_there_with_what_it_reached(task: Task, whole: Outcome) -> None:
    """Time would go into trials that cannot win, or a good one would be stopped."""
    scores = dict(whole.reports)
    pruned = evaluate(task.X, task.without_table(), PARAMS, {3: 0.0, 6: scores[6] + 0.01}, None)
    assert pruned is not None
    assert (pruned.epochs, pruned.pruned) == (6, True)
    assert pruned.reports == whole.reports[:2]
    assert task.score(pruned.logits) == scores[6]
    kept = evaluate(task.X, task.without_table(), PARAMS, scores, None)
    assert kept is not None
    assert not kept.pruned


def test_a_trial_whose_time_is_over_ends_in_the_middle_of_an_epoch(task: Task) -> None:
    """A limit of a minute would wait for a trial of an hour."""
    began = time.monotonic()
    assert evaluate(np.repeat(task.X, 200, axis=0), _longer(task, 200), Params(0.7, 3, 256), {}, 1.0) is None
    assert time.monotonic() - began < 20


def _longer(task: Task, times: int) -> Task:
    y, folds = np.repeat(task.y, times), np.repeat(task.fold_of_row, times)
    return Task(task.X[:0], y, folds, np.arange(len(y)), 2, 1000, 32, "precision", 0)


def test_a_search_whose_time_is_over_gives_up_what_is_under_way_for_a_later_run(
    task: Task, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, whole: Outcome
) -> None:
    """Nothing would be there at the end of the time, or the trial cut off would be lost or count."""
    limits: list[float | None] = []

    def slow(X: np.ndarray, task: Task, params: Params, floors: dict[int, float], seconds: float | None) -> object:
        limits.append(seconds)
        time.sleep(0.8)
        return whole if seconds is None or seconds > 0.8 else None

    def opened() -> Study:
        record.folder.mkdir(parents=True, exist_ok=True)
        space = Space((0.5, 0.75), (1, 1), (8, 8))
        return Study.open(record, None, space=space, seed=0, identity={}, note=print)

    record = StudyFolder(tmp_path, "n")
    monkeypatch.setattr(search_module, "evaluate", slow)
    for timeout in (0.0, 2.2):
        search(opened(), task, trials=50, timeout=timeout, workers=Workers(), progress=Progress(), show=lambda *_: None)
    assert limits[0] is None, "the first trial was cut off, and nothing is there"
    study = opened()
    assert len(study.trials(*FINISHED)) in (2, 3)
    assert study.totals()["failed"] == 1
    cut = next(t for t in study.optuna.trials if t.number not in {f.number for f in study.trials(*FINISHED)})
    assert study.ask()[1].most == cut.params["most"]
