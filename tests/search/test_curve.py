"""The balance curve is measured at few balances, finer about the crossings, and says what a fine grid says."""

from collections.abc import Sequence

import numpy as np
import pytest

from sweep.class_weight import balance_grid, weight_ratio
from sweep.search.curve import COARSE, finer, trace_curve
from sweep.statistics.curve import balance_curve

ROWS = 2000
RNG = np.random.default_rng(1)
Y = (np.arange(ROWS) < 80).astype(int)
SHARE = float(Y.mean())
BASE = RNG.normal(size=(ROWS, 1)) * 1.3 + 2.5 * Y[:, None] - 3.1


def train(mosts: Sequence[float]) -> tuple[np.ndarray, np.ndarray]:
    """Logits that move with the weights, as a network's do, and beside them the balances."""
    caps = np.array(mosts)
    return (BASE + 0.8 * np.log(weight_ratio(caps, SHARE)))[:, :, None].astype(np.float32), caps


def test_few_balances_find_the_crossing_that_a_fine_grid_finds_with_the_same_interval() -> None:
    """If it failed, the curve would be cheap, and the balance picked on it another one or less certain."""
    curve, logits, _ = trace_curve(train, Y, np.arange(ROWS), 0.5, 1.0, seed=0)
    grid = balance_grid(SHARE, 21)
    fine = balance_curve(Y, np.arange(ROWS), train(grid.tolist())[0], grid, seed=0)
    assert logits.shape == (ROWS, len(curve.most), 1)
    assert len(curve.most) <= COARSE + 4
    found, want = curve.crossings["ratio"], fine.crossings["ratio"]
    assert found.reached
    place, fine_place = (np.log(weight_ratio(c.most, SHARE)) for c in (found, want))
    assert place == pytest.approx(fine_place, abs=0.05)
    width, fine_width = (np.log(weight_ratio(c.high, SHARE) / weight_ratio(c.low, SHARE)) for c in (found, want))
    assert width <= 1.1 * fine_width


def test_every_balance_is_trained_once_and_its_logits_stay_with_it() -> None:
    """If it failed, time would go into the same column twice, or a balance would be judged by another's logits."""
    asked: list[float] = []

    def told(mosts: Sequence[float]) -> tuple[np.ndarray, np.ndarray]:
        asked.extend(mosts)
        return train(mosts)

    curve, logits, beside = trace_curve(told, Y, np.arange(ROWS), 0.5, 1.0, seed=0)
    assert sorted(asked) == curve.most.tolist()
    np.testing.assert_array_equal(logits, train(curve.most.tolist())[0])
    np.testing.assert_array_equal(beside, curve.most)


def test_no_balance_is_added_where_none_is_reached_or_the_range_is_a_point() -> None:
    """If it failed, time would go where nothing is to be picked, or a table with even classes would fail."""
    flat = balance_curve(Y, np.arange(ROWS), np.full((ROWS, 3, 1), -1.0), [0.5, 0.7, 0.9], resamples=9)
    assert finer(flat, SHARE) == []
    even = np.arange(40) % 2
    curve, *_ = trace_curve(
        lambda mosts: (np.zeros((40, len(mosts), 1)), np.array(mosts)), even, np.arange(40), 0.5, 1.0, seed=0
    )
    assert curve.most.tolist() == [0.5]
