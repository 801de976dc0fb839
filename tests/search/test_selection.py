"""Where the weights end before a balance is reached, the threshold finishes the way."""

import numpy as np
import pytest

from sweep.search.selection import Pick, _pick
from sweep.statistics.curve import balance_curve
from sweep.validation import ScoredRows

Y = (np.arange(400) < 40).astype(int)
FOLD = np.arange(400) % 4
NONE = np.zeros((3, 0))  # quantiles of rows trained on


def picked(name: str, *, apart: float, shift: float, y: np.ndarray = Y) -> Pick:
    """A balance on a curve whose logits, at most = 0.5 and 0.9, lie `shift` off where they should."""
    logits = np.random.default_rng(0).normal(size=(400, 2, 2)) + apart * y[:, None, None] + shift
    logits[:, 1] += 0.2
    curve = balance_curve(y, np.arange(400), logits.astype(np.float32), [0.5, 0.9], resamples=20)
    rows = ScoredRows.of(y, np.arange(400), FOLD)
    return _pick(rows, name, curve.crossings[name].most, logits[:, 1].astype(np.float32), curve, NONE)


@pytest.mark.parametrize("name", ["ratio", "recall"])
@pytest.mark.parametrize("shift", [-3.0, 3.0])
def test_the_threshold_finishes_where_the_weights_end(name: str, shift: float) -> None:
    """If it failed, min(R0, R1) of the recall balance would stay at .28 where a moved threshold has .57."""
    found = picked(name, apart=2.0, shift=shift)
    assert found.reached_by == "threshold"
    assert found.threshold * shift > 0
    assert found.gap is not None
    assert abs(found.gap) < 0.05
    assert found.counts.called == np.count_nonzero(found.mean > found.threshold)


def test_a_balance_that_the_weights_reach_keeps_its_threshold() -> None:
    """If it failed, the weights would no longer do the balancing, and every export would decide otherwise."""
    found = picked("ratio", apart=2.0, shift=-1.42)
    assert (found.reached_by, found.threshold) == ("weights", 0.0)


def test_equal_precision_is_for_the_weights_alone() -> None:
    """If it failed, equal precision would be delivered at a recall that nobody wants."""
    found = picked("precision", apart=2.0, shift=-3.0)
    assert (found.reached_by, found.threshold) == (None, 0.0)


def test_rows_that_no_threshold_parts_leave_a_balance_unreached() -> None:
    """If it failed, a dead network would be said to call both classes equally often."""
    curve = balance_curve(Y, np.arange(400), np.full((400, 2, 1), -1.0), [0.5, 0.9], resamples=20)
    found = _pick(
        ScoredRows.of(Y, np.arange(400), FOLD), "ratio", 0.9, np.full((400, 1), -1.0, np.float32), curve, NONE
    )
    assert found.reached_by is None


def test_the_threshold_finishes_where_a_balance_once_trained_misses_what_the_curve_promised() -> None:
    """If it failed, a network that learned little would predict no row positive, and FP = FN be said to be reached."""
    order = np.random.default_rng(0).normal(size=400) + 0.5 * Y
    logits = (0.01 * order[:, None, None] + np.array([-0.5, 0.5])[:, None]).astype(np.float32)
    curve = balance_curve(Y, np.arange(400), logits, [0.5, 0.9], resamples=20)
    assert curve.crossings["ratio"].reached, "from no row to all rows"
    rows = ScoredRows.of(Y, np.arange(400), FOLD)
    for name in ("ratio", "recall"):
        found = _pick(rows, name, curve.crossings[name].most, logits[:, 0], curve, NONE)
        assert found.reached_by == "threshold"
        assert found.threshold < 0
        assert found.gap is not None
        assert abs(found.gap) < 0.05
    as_trained = _pick(rows, "precision", 0.5, logits[:, 0], curve, NONE)
    assert as_trained.threshold == 0
