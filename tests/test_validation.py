"""Which rows a fold's networks are trained on, and which are scored: of folds that were drawn and of blocks by time."""

import numpy as np
from scipy.special import logit

from sweep.statistics.calibration import as_delivered, undone
from sweep.validation import NEVER, ScoredRows, count_folds, fewer_folds, trained_on

BLOCKS = np.array([NEVER, 1, 0, 2, NEVER, 0, 1, 2])


def test_a_block_is_trained_on_the_blocks_before_it_alone() -> None:
    """If it failed, a row would be scored by networks that know what came after it."""
    for fold in range(3):
        np.testing.assert_array_equal(trained_on(BLOCKS, fold), fold > BLOCKS)
    drawn = np.array([0, 1, 2, 0])
    np.testing.assert_array_equal(trained_on(drawn, 1), [True, False, True, True])


def test_the_first_block_is_never_scored() -> None:
    """If it failed, counts would hold rows that no network had held out."""
    y = np.array([1, 0, 1, 0, 0, 1, 0, 0])
    rows = ScoredRows.of(y, np.arange(8), BLOCKS)
    assert rows.index.tolist() == [1, 2, 3, 5, 6, 7]
    assert rows.y.tolist() == y[rows.index].tolist()
    assert rows.fold_of_row.tolist() == [1, 0, 2, 0, 1, 2]
    assert rows.trained.tolist() == [1 / 2, 3 / 4, 3 / 6]
    assert rows.prevalence == 3 / 8
    assert rows.folds == count_folds(BLOCKS) == 3


def test_joined_blocks_keep_their_order() -> None:
    """If it failed, the permutation test would train on rows from after those that it scores."""
    joined = fewer_folds(BLOCKS, 2)
    assert count_folds(joined) == 2
    order = np.argsort(BLOCKS, kind="stable")
    assert (np.diff(joined[order]) >= 0).all()
    assert (joined == NEVER).tolist() == (BLOCKS == NEVER).tolist()
    assert fewer_folds(BLOCKS, 9).tolist() == BLOCKS.tolist()


def test_weights_are_undone_by_what_each_block_was_trained_on() -> None:
    """If it failed, a block trained on few positives would have another prior undone than its networks learned."""
    y = np.repeat([0, 1, 0, 1, 0], [15, 5, 20, 20, 40])
    folds = np.repeat([NEVER, 0, 1], [20, 40, 40])
    rows = ScoredRows.of(y, np.arange(100), folds)
    odds = undone(rows, np.zeros(80), 1.0)
    np.testing.assert_allclose(odds, logit(np.repeat([5 / 20, 25 / 60], 40)))
    moved = as_delivered(rows, np.zeros(80), 1.0)
    np.testing.assert_allclose(moved, odds - logit(25 / 100), rtol=1e-6)
