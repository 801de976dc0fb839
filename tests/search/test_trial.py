"""One trial, trained for real on a made table: floors prune it, a time limit ends it, neither changes the rest."""

import pickle
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sweep.errors import RunError
from sweep.parallel.workers import Workers
from sweep.progress import Progress
from sweep.search import loop as search_module
from sweep.search.loop import search
from sweep.search.setup import TrialSetup
from sweep.search.trial import evaluate
from sweep.stack.network import Stack
from sweep.statistics.confusion import average_precision
from sweep.study.outcome import Outcome
from sweep.study.params import Params
from sweep.study.space import Space
from sweep.study.study import Study
from sweep.study_folder import StudyFolder

PARAMS = Params(0.7, 1, 8)
Y = (np.arange(240) % 4 == 0).astype(int)
X = np.random.default_rng(0).normal(size=(240, 3)) + Y[:, None]


@pytest.fixture(scope="module")
def setup() -> TrialSetup:
    rows = np.arange(240)
    return TrialSetup(Y, rows % 3, rows, repeats=2, epochs=20, batch_size=32, equal="precision", seed=0)


@pytest.fixture(scope="module")
def whole(setup: TrialSetup) -> Outcome:
    outcome = evaluate(X, setup, PARAMS, {}, None)
    assert outcome is not None
    return outcome


def test_a_network_that_diverges_calls_nothing(setup: TrialSetup, monkeypatch: pytest.MonkeyPatch) -> None:
    """The run would end with a traceback, and so would every later one, for the trial is tried again."""
    wild = evaluate(X, setup, replace(PARAMS, learning_rate=1.0, weight_decay=10.0), {}, None)
    assert wild is not None
    assert np.isfinite(wild.logits).all()

    monkeypatch.setattr(Stack, "logits", lambda self, X, blocks: np.full((len(X), self.columns), np.nan, np.float32))
    nothing = evaluate(X, setup, PARAMS, {}, None)
    assert nothing is not None
    assert setup.counts(nothing.logits).called == 0
    assert setup.score(nothing.logits) == 0


def test_a_trial_scores_every_row_out_of_fold_and_reports_on_its_way(setup: TrialSetup, whole: Outcome) -> None:
    """Rows would be scored by a network that saw them, nothing could be pruned, or a trial would cost its repeats."""
    assert whole.logits.shape == (240, 1)
    assert np.isfinite(whole.logits).all()
    assert (whole.epochs, whole.pruned) == (20, False)
    assert [epoch for epoch, _ in whole.reports] == [3, 6, 10]
    assert setup.score(whole.logits) > 0.5


def test_a_trial_is_a_pure_function(setup: TrialSetup, whole: Outcome) -> None:
    """A study would not be the same twice."""
    again = evaluate(X, setup, PARAMS, {}, 1000)
    assert again is not None
    assert (again.logits == whole.logits).all()
    assert again.reports == whole.reports


def test_a_trial_below_a_floor_ends_there_with_what_it_reached(setup: TrialSetup, whole: Outcome) -> None:
    """Time would go into trials that cannot win, or a good one would be stopped."""
    scores = dict(whole.reports)
    pruned = evaluate(X, setup, PARAMS, {3: 0.0, 6: scores[6] + 0.01}, None)
    assert pruned is not None
    assert (pruned.epochs, pruned.pruned) == (6, True)
    assert pruned.reports == whole.reports[:2]
    assert average_precision(Y, pruned.logits.mean(axis=1)) == pytest.approx(scores[6])
    kept = evaluate(X, setup, PARAMS, scores, None)
    assert kept is not None
    assert not kept.pruned


def test_a_trial_on_sampled_negatives_scores_all_rows_and_reports_as_on_all(setup: TrialSetup, whole: Outcome) -> None:
    """If it failed, a large table's trials would be pruned by another prevalence, or rows be left without a score."""
    drawn = np.where(Y == 1, True, np.arange(240) % 8 < 6)
    sampled = evaluate(X, replace(setup, sample=drawn), PARAMS, {}, None)
    assert sampled is not None
    assert sampled.logits.shape == whole.logits.shape
    assert np.isfinite(sampled.logits).all()
    assert sampled.reports[-1][1] == pytest.approx(whole.reports[-1][1], abs=0.12)


class Clock:
    """A clock that is moved by hand, or by so many seconds at each look."""

    def __init__(self, per_look: float = 0.0) -> None:
        self.now = 0.0
        self.per_look = per_look

    def __call__(self) -> float:
        self.now += self.per_look
        return self.now


def test_a_trial_whose_time_is_over_ends_in_the_middle_of_an_epoch(setup: TrialSetup) -> None:
    """If it failed, a limit of a minute would wait for a trial of an hour."""
    looks = Clock(per_look=1.0)
    assert evaluate(X, replace(setup, epochs=100_000), PARAMS, {}, 3.0, clock=looks) is None
    assert looks.now <= 6.0, "it went on after the time was over, which each of two threads sees once"


def test_a_search_whose_time_is_over_gives_up_what_is_under_way_for_a_later_run(
    setup: TrialSetup, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, whole: Outcome
) -> None:
    """If it failed, nothing would be there at the end of the time, or the trial cut off would be lost or count."""
    limits: list[float | None] = []
    clock = Clock()

    def slow(X: np.ndarray, setup: TrialSetup, params: Params, floors: object, seconds: float | None) -> object:
        limits.append(seconds)
        clock.now += 0.8
        return whole if seconds is None or seconds > 0.8 else None

    def opened() -> Study:
        record.folder.mkdir(parents=True, exist_ok=True)
        space = Space((0.5, 0.75), (1, 1), (8, 8))
        return Study.open(record, None, space=space, seed=0, identity={}, note=print)

    record = StudyFolder(tmp_path, "n")
    monkeypatch.setattr(search_module, "evaluate", slow)
    for timeout in (0.0, 2.2):
        search(
            opened(),
            X,
            setup,
            trials=50,
            timeout=timeout,
            workers=Workers(),
            progress=Progress(),
            on_told=lambda *_: None,
            clock=clock,
        )
    assert limits == [None, pytest.approx(2.2), pytest.approx(1.4), pytest.approx(0.6)]
    study = opened()
    assert len(study.finished_trials()) == 3
    assert study.totals() == {"complete": 3, "pruned": 0, "failed": 0, "stopped": 1}
    cut = next(t for t in study.optuna.trials if t.number not in {f.number for f in study.finished_trials()})
    assert study.ask()[1].most == cut.params["most"]


def test_trials_of_a_large_table_train_on_fewer_negatives() -> None:
    """If it failed, fifty trials of a million rows would take as long as what is delivered, or lose positives."""
    rows = np.arange(100_000)
    y, X = (rows % 100 == 0).astype(int), rows[:, None].astype(float)
    of_all = TrialSetup(y, rows % 5, rows, 2, 14, 256, "precision", 0, sample=(y == 1) | (rows % 2 == 1))
    thinner = of_all.of_trials(X)
    assert thinner.trained == pytest.approx(5_500, rel=0.02)
    assert thinner.sample is not None
    assert thinner.sample[y == 1].all()
    assert (thinner.epochs, thinner.batch_size) == (14, 128)
    assert replace(thinner, sample=of_all.sample, epochs=14, batch_size=256) == of_all, "the same rows are scored"
    assert replace(of_all, sample=rows < 5_400).of_trials(X).trained == 5_400, "not many"
    half = replace(of_all, y=(rows % 2 == 0).astype(int), sample=None)
    assert half.of_trials(X) is half, "three negatives a positive at least"


def test_a_search_sends_each_trial_its_settings_and_no_row(setup: TrialSetup, tmp_path: Path) -> None:
    """If it failed, labels, folds and groups of ten million rows would travel to a worker with each trial."""
    sent: list[tuple[object, ...]] = []

    class Watched(Workers):
        def stream(self, calls: Any, **shared: Any) -> Any:
            assert shared["shared"] is X
            assert shared["beside"][0] is setup
            sent.extend(arguments for _, _, arguments in calls)
            raise RunError("enough was seen")

    record = StudyFolder(tmp_path, "n")
    record.folder.mkdir(parents=True)
    space = Space((0.5, 0.75), (1, 1), (8, 8))
    study = Study.open(record, None, space=space, seed=0, identity={}, note=print)
    given: Any = {"workers": Watched(), "progress": Progress(), "on_told": lambda *_: None}
    with pytest.raises(RunError, match="enough"):
        search(study, X, setup, trials=1, timeout=None, **given)
    assert len(pickle.dumps(sent)) < 1000


def test_a_setup_travels_without_what_is_worked_out_of_it(setup: TrialSetup) -> None:
    """If it failed, what a worker can work out itself would be sent to it, twice the rows' own numbers."""
    before = len(pickle.dumps(replace(setup)))
    _ = setup.scored
    assert len(pickle.dumps(setup)) == before
    assert pickle.loads(pickle.dumps(setup)).trained == setup.trained
