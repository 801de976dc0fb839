"""Resampling of row groups: tallies, strata, and that what is drawn is the bootstrap."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score

from sweep.evidence.baselines import compare
from sweep.evidence.learning_curve import score_points
from sweep.search.setup import TrialSetup
from sweep.statistics.bootstrap import (
    alike,
    average_precisions,
    check_units,
    counts_of,
    resampled_sums,
    row_draws,
    strata,
    tally,
    thinned,
)
from sweep.statistics.confusion import count


def made(seed: int, rows: int = 30, columns: int = 3, groups: int = 12) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Labels, row groups and decisions, both classes in more than one group."""
    rng = np.random.default_rng(seed)
    y = np.arange(rows) % 4 == 0
    return y, check_units(rng.integers(groups, size=rows), rows), rng.random((rows, columns)) < 0.4


@given(st.integers(0, 2**32 - 1))
def test_tallies_add_up_to_the_counts(seed: int) -> None:
    """If it failed, rows would be lost or counted twice where row groups are summed."""
    y, units, called = made(seed)
    tallies = tally(y, units, called)
    np.testing.assert_array_equal(counts_of(tallies.sum(axis=0)), count(y, called))
    for unit, summed in enumerate(tallies):
        rows = units == unit
        np.testing.assert_array_equal(counts_of(summed), count(y[rows], called[rows]))


@given(st.integers(0, 2**32 - 1), st.sampled_from([1, 2**20]))
def test_alike_is_unique_rows(seed: int, scale: int) -> None:
    """If it failed, two different row groups would be drawn as one; large entries force the code to be compressed."""
    tallies = (np.random.default_rng(seed).integers(0, 2, (50, 5)) * scale).astype(np.int32)
    kinds, repeats = alike(tallies)
    want, sizes = np.unique(tallies, axis=0, return_counts=True)
    np.testing.assert_array_equal(kinds, want)
    np.testing.assert_array_equal(repeats, sizes)


def test_sums_have_the_bootstraps_moments() -> None:
    """If it failed, bands would rest on draws too narrow, too wide or not stratified."""
    tallies = tally(*made(3))
    parts = strata(tallies)
    mean = sum(tallies[part].sum(axis=0) for part in parts)
    variance = sum(len(part) * tallies[part].var(axis=0) for part in parts)
    sums = resampled_sums(tallies, 20_000, np.random.default_rng(0))
    assert sums.shape == (20_000, tallies.shape[1])
    np.testing.assert_allclose(sums.mean(axis=0), mean, rtol=0.02, atol=0.05)
    np.testing.assert_allclose(sums.var(axis=0), variance, rtol=0.06, atol=0.05)


def test_false_alarms_vary_as_much_among_rows_that_stand_for_all() -> None:
    """If it failed, intervals of a large table would be several times too wide: each false alarm would weigh many."""
    y, logits = (np.arange(50_000) < 100).astype(int), np.random.default_rng(0).normal(size=50_000)
    called = (logits > np.sort(logits)[-200]) & (y == 0)
    some, times = thinned(y, np.arange(50_000), logits, seed=0, at_most=2000)
    assert len(some) < 2300
    draws = row_draws(y[some], some, 2000, np.random.default_rng(0))
    alarms = np.concatenate([block @ (called[some] * times) for block in draws])
    np.testing.assert_allclose([alarms.mean(), alarms.std()], [called.sum(), np.sqrt(called.sum())], rtol=0.1)


def test_average_precision_of_resamples_sums_up_at_the_positives_alone(summed: list[int]) -> None:
    """If it failed, an interval of a large table would cost sums at every row, where recall steps at positives only."""
    rng = np.random.default_rng(0)
    y, logits = (np.arange(400) < 20).astype(int), rng.integers(0, 300, 400).astype(float)
    draws = rng.integers(0, 3, (6, 400)) * rng.random(400)
    want = [average_precision_score(y, logits, sample_weight=weights) for weights in draws]
    summed.clear()
    np.testing.assert_allclose(average_precisions(y, logits, draws), want, rtol=1e-9)
    assert 0 < max(summed) <= 6 * 20


def test_units_are_checked() -> None:
    """If it failed, row groups of another table would be taken, or told apart wrongly."""
    assert check_units([7, -1, 7], 3).tolist() == [1, 0, 1]
    for units in ([0, 1], [0.0, 1.0, 2.0]):
        with pytest.raises(ValueError, match=r"units must be integers of shape \(3,\)"):
            check_units(units, 3)


def test_some_rows_stand_for_all_of_a_large_table(monkeypatch: pytest.MonkeyPatch) -> None:
    """If it failed, the evidence on a million rows would take hours, or say other than on all of them."""
    rng = np.random.default_rng(0)
    y = (np.arange(12_000) < 240).astype(int)
    units, folds = np.arange(12_000), np.arange(12_000) % 4
    good = rng.normal(size=12_000) + 2.2 * y
    weak = rng.normal(size=12_000) + 1.4 * y
    setup = TrialSetup(y, folds, units, 1, 1, 64, "precision", 0)
    points = np.stack([weak, (weak + good) / 2, good], axis=1)[:, :, None]

    def measured() -> list[float]:
        against = compare(setup, good, weak)
        curve = score_points(y, units, folds, points, [0.25, 0.5, 1.0], [60.0, 120.0, 240.0], seed=0)
        ends = [(e.value, e.low, e.high) for e in (against.score, against.average_precision)]
        ends += [(p.average_precision, p.average_precision_low, p.average_precision_high) for p in curve.points]
        return [value for three in ends for value in three]

    whole = measured()
    monkeypatch.setattr("sweep.statistics.bootstrap.THIN", 4000)
    some = measured()
    assert some[::3] == whole[::3]
    np.testing.assert_allclose(some, whole, atol=0.05)
