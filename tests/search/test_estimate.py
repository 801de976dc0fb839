"""The estimate of a run's time: every phase has its seconds, and they grow with what makes a run long."""

from dataclasses import replace

import numpy as np
import pytest

from sweep.evidence.estimate import AROUND, estimate_verdict
from sweep.search.estimate import estimate, middle_of, networks_of, typical_column, typical_scoring
from sweep.search.pace import Pace, measure_pace, work
from sweep.search.setup import TrialSetup
from sweep.stack.recipe import Recipe
from sweep.study.space import Space

ROWS = 3000
Y = (np.arange(ROWS) % 30 == 0).astype(int)
SETUP = TrialSetup(Y, np.arange(ROWS) % 5, np.arange(ROWS), 2, 20, 64, "precision", 0)
SPACE, PACE = Space((0.5, 0.95), (1, 3), (32, 256)), Pace(1.0, inputs=30, cores=2)


def test_the_proportions_are_those_that_were_measured() -> None:
    """If it failed, one network's time would say nothing of another's: here microseconds a step of a block."""
    measured = {(1, 32): 306, (2, 64): 480, (3, 256): 2200}  # 2 to 3 columns, batches of 64
    for (depth, width), want in measured.items():
        recipe = Recipe(depth, width, epochs=1, batch_size=64)
        assert work(5, recipe, 6400, 30) / 2 / 100 == pytest.approx(want * 1e-6, rel=0.35)


def test_every_phase_takes_longer_where_more_is_to_be_done() -> None:
    """If it failed, a user would wait an hour for what was said to be minutes."""
    times = estimate(SETUP, SPACE, PACE, of_trials=SETUP, trials=50, workers=1)
    assert set(times) == {"search", "curve", "final"}
    assert min(times.values()) > 0
    twice = estimate(SETUP, SPACE, PACE, of_trials=SETUP, trials=100, workers=1)
    assert twice["search"] == pytest.approx(2 * times["search"])
    slow = estimate(SETUP, SPACE, replace(PACE, factor=3.0), of_trials=SETUP, trials=50, workers=1)
    assert all(slow[phase] > times[phase] for phase in times)
    one = Space((0.5, 0.95), (1, 1), (32, 32))
    assert typical_column(SETUP, PACE, networks_of(one)) < typical_column(SETUP, PACE, networks_of(SPACE))
    verdict = estimate_verdict(SETUP, SPACE, PACE, columns=20)
    assert 0 < verdict < estimate_verdict(SETUP, SPACE, PACE, columns=200)
    tested = [estimate_verdict(SETUP, SPACE, PACE, columns=20, test_rows=rows) for rows in (0, 300)]
    assert verdict == tested[0] < tested[1]


def test_what_is_compared_beside_the_training_takes_its_own_time_at_least() -> None:
    """If it failed, a verdict on many cores would be said to take no longer than its training."""
    untrained = [replace(PACE, factor=1e-9, cores=cores) for cores in (1, 2, 1000)]
    one, two, many = (estimate_verdict(SETUP, SPACE, pace, columns=20) for pace in untrained)
    assert one > two >= many > AROUND
    trained = estimate_verdict(SETUP, SPACE, PACE, columns=20)
    assert trained > two


def test_rows_that_are_not_trained_on_hardly_cost() -> None:
    """If it failed, a sampled table would be said to take as long as a whole one."""
    sampled = replace(SETUP, sample=(Y == 1) | (np.arange(ROWS) % 6 == 1))
    times = [estimate(setup, SPACE, PACE, of_trials=setup, trials=50, workers=1)["curve"] for setup in (SETUP, sampled)]
    assert times[1] < 0.4 * times[0]


def test_rows_that_are_scored_and_not_trained_on_cost_their_scoring() -> None:
    """If it failed, ten million rows would be said to take as long as a hundred thousand."""
    at = np.arange(100 * ROWS)
    first = at < ROWS
    many = TrialSetup(np.tile(Y, 100) * first, at % 5, at, 2, 20, 64, "precision", 0, sample=first)
    few, more = (estimate(s, SPACE, PACE, of_trials=s, trials=50, workers=1)["search"] for s in (SETUP, many))
    assert more - few == pytest.approx(50 * typical_scoring(many, PACE, networks_of(SPACE), 99 * ROWS))


def test_the_pace_is_measured_on_this_machine() -> None:
    """If it failed, the estimate would be that of another machine, or training a few steps would fail."""
    small = replace(SETUP, epochs=2, repeats=1)
    X = np.random.default_rng(0).normal(size=(ROWS, 4))
    pace = measure_pace(X, small, middle_of(Space((0.5, 0.9), (1, 1), (8, 8))), workers=1)
    assert pace.factor > 0
    assert pace.inputs == 4
