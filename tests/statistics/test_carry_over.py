"""Thresholds of the folds' networks on the scale of the final ones: as large a share of new rows lies above them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sweep.statistics.carry_over import MOST_ROWS, CarryOver, every, quantiles, shares

VALUES = st.lists(st.floats(-50, 50, width=32), min_size=1, max_size=30).map(sorted)


@pytest.mark.parametrize("threshold", [-1.5, 0.0, 1.0, 2.5])
def test_as_large_a_share_of_new_rows_is_above_a_threshold(threshold: float) -> None:
    """If it failed, final networks that are sharper would raise other alarms than were counted out-of-fold."""
    rng = np.random.default_rng(0)

    def final(says: np.ndarray) -> np.ndarray:
        return 1.3 * says - 0.4 + 0.02 * says**3

    trained_on, new = rng.standard_normal(20_000), rng.standard_normal(100_000)
    parts = np.split(trained_on, 5)
    line = CarryOver.between(quantiles(parts, len(trained_on)), quantiles([final(trained_on)], len(trained_on)))
    above = (final(new) > line.carried(threshold)).mean()
    assert above == pytest.approx((new > threshold).mean(), rel=0.1)


@given(VALUES, VALUES, st.booleans(), st.lists(st.floats(-60, 60), min_size=2, unique=True))
def test_it_keeps_the_order_of_rows(folds: list[float], final: list[float], fixed: bool, logits: list[float]) -> None:
    """If it failed, rows on either side of a threshold out-of-fold would lie on the same one as delivered."""
    size = min(len(folds), len(final))
    line = CarryOver.between(folds[:size], final[:size], fixed=fixed)
    assert (np.diff(line.carried(np.sort(logits))) >= -1e-12).all(), "by more than is rounded"
    assert all(np.diff(knots).min(initial=1) > 0 for knots in (line.folds, line.final))
    assert CarryOver.of(line.to_dict()) == line
    if fixed:
        assert line.carried(0.0) == 0


def test_without_quantiles_a_logit_stays_as_it_is() -> None:
    """If it failed, a balance that was delivered before there was a line would decide otherwise."""
    assert CarryOver().carried([-1.0, 2.0]).tolist() == [-1.0, 2.0]


@pytest.mark.parametrize("rows", [2, 30, 1_000, 100_000])
def test_quantiles_are_inside_and_few(rows: int) -> None:
    """If it failed, a small table would have quantiles beyond its rows, or a large one would take long."""
    found = shares(rows)
    assert 0 < found.min() < found.max() + 1e-9 < 1 + 1e-9
    assert (np.diff(found) > 0).all()
    assert len(range(*every(rows).indices(rows))) <= MOST_ROWS
