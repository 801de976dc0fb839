"""Row groups drawn for the corrected score: that they are the bootstrap, with rows told apart or not."""

import numpy as np
import pytest

from sweep.statistics.bootstrap import check_units
from sweep.statistics.drawn_rows import Drawn, DrawnRows

ROWS = 4000
LABELS = np.arange(ROWS) % 40 == 0
UNITS = check_units(np.random.default_rng(0).integers(1500, size=ROWS), ROWS)
LOSSES = np.random.default_rng(1).random((ROWS, 2))


def drawn(apart: np.ndarray, resamples: int) -> tuple[DrawnRows, Drawn]:
    """Resamples of the table in one block, where some rows are told apart."""
    rows = DrawnRows.of(LABELS, UNITS, apart, LOSSES)
    blocks = [*rows.draw(resamples, np.random.default_rng(2))]
    return rows, Drawn(np.concatenate([b.weights for b in blocks]), np.concatenate([b.rest for b in blocks]))


@pytest.mark.parametrize("apart", [np.full(ROWS, True), np.arange(ROWS) < 400])
def test_sums_have_the_bootstraps_moments_whether_rows_are_told_apart_or_not(apart: np.ndarray) -> None:
    """If it failed, a large table would be resampled otherwise than a small one, or groups and classes mixed."""
    rows, found = drawn(apart, 4000)
    values = np.column_stack([np.ones(ROWS), LOSSES])
    sums = found.weights @ values[rows.rows] + found.rest
    of_group = np.stack([np.bincount(UNITS, column) for column in values.T], axis=1)
    strata = np.bincount(UNITS, LABELS) > 0
    parts = (of_group[strata], of_group[~strata])
    np.testing.assert_allclose(sums.mean(axis=0), values.sum(axis=0), rtol=0.002)
    spread = sum(len(part) * np.cov(part.T, bias=True) for part in parts)
    np.testing.assert_allclose(np.cov(sums.T), spread, rtol=0.08)
    np.testing.assert_allclose(rows.every().weights.sum() + rows.every().rest[0, 0], ROWS)


def test_what_is_left_out_is_of_groups_that_were_not_drawn() -> None:
    """If it failed, a row would be scored by a choice that its twin took part in, or rows would be scored too often."""
    apart = np.arange(ROWS) < 400
    rows, found = drawn(apart, 500)
    by_group = np.stack([np.bincount(UNITS[rows.rows], w) for w in found.weights])
    sizes = np.bincount(UNITS[rows.rows], minlength=by_group.shape[1])
    assert (by_group % np.maximum(sizes, 1) == 0).all(), "a group is drawn whole"
    assert set(np.flatnonzero(LABELS)) <= set(rows.rows), "every positive is told apart"
    everything, all_found = drawn(np.full(ROWS, True), 500)
    missed = (found.weights == 0).sum(axis=1).mean() + rows.left_out
    assert missed == pytest.approx((all_found.weights == 0).sum(axis=1).mean(), rel=0.01)
    assert everything.left_out == 0
