"""Negatives sampled: who is drawn, and that what is measured stays the whole table's."""

import numpy as np
import pytest
from scipy.special import expit

from sweep.class_weight import undo_weights, weight_ratio
from sweep.stack.design import all_rows, cross_validation, positive_shares
from sweep.stack.recipe import Recipe
from sweep.stack.sampling import dice, sample_rows
from sweep.stack.training import fit

ROWS = 6000
RNG = np.random.default_rng(0)
X = RNG.normal(size=(ROWS, 3))
Y = (X[:, 0] + RNG.normal(size=ROWS) > 3.2).astype(int)
FOLD = np.arange(ROWS) % 3
SAMPLE = sample_rows(X, Y, 10, seed=4)
DRAWN = np.zeros(ROWS, bool) if SAMPLE is None else SAMPLE


def test_all_positives_and_so_many_negatives_are_drawn() -> None:
    """If it failed, positives would be lost, or the cost would not follow them."""
    assert DRAWN[Y == 1].all()
    assert DRAWN[Y == 0].sum() == pytest.approx(10 * Y.sum(), rel=0.15)
    assert sample_rows(X, Y, 1000, seed=4) is None
    assert sample_rows(X, Y, None, seed=4) is None


def test_no_other_row_decides_whether_a_row_is_in() -> None:
    """If it failed, a label of a held-out row, or the order of the rows, would choose what a network is trained on."""
    order = RNG.permutation(ROWS)
    np.testing.assert_array_equal(dice(X[order], 4), dice(X, 4)[order])
    flipped = Y.copy()
    a, b = np.flatnonzero(Y == 1)[0], np.flatnonzero(Y == 0)[0]
    flipped[[a, b]] = flipped[[b, a]]
    others = ~np.isin(np.arange(ROWS), (a, b))
    again = sample_rows(X, flipped, 10, seed=4)
    assert again is not None
    np.testing.assert_array_equal(again[others], DRAWN[others])
    assert abs(np.corrcoef(dice(X, 4), dice(X, 5))[0, 1]) < 0.05


def test_copies_of_a_row_are_drawn_one_by_one_and_a_missing_value_is_one() -> None:
    """If it failed, a table of few different rows would lose whole kinds of negatives, or draw anew on each machine."""
    alike = np.repeat([[1.0, np.nan], [-0.0, 2.0]], 500, axis=0)
    thrown = dice(alike, 0)
    assert thrown.min() >= 0
    assert thrown.max() < 1
    for part in np.split(thrown, 2):
        assert (part < 0.3).mean() == pytest.approx(0.3, abs=0.07)
    np.testing.assert_array_equal(np.sort(dice(np.abs(alike), 0)), np.sort(thrown))


@pytest.mark.parametrize("most", [0.5, 0.8, 1.0])
def test_the_sums_of_the_weights_are_those_of_the_whole_table(most: float) -> None:
    """If it failed, `most` would mean another balance on a sample, and undoing the weights would be off."""
    designs = [cross_validation(Y, FOLD, most=[most], repeats=1, seed=0, sample=s) for s in (None, SAMPLE)]
    designs += [all_rows(Y, most=[most], repeats=1, seed=0, sample=s) for s in (None, SAMPLE)]
    units, shares = np.arange(ROWS), [0.5, 1.0]
    designs += [
        positive_shares(Y, units, FOLD, most=most, shares=shares, draws=2, seed=0, sample=s) for s in (None, SAMPLE)
    ]
    for whole, some in zip(designs[::2], designs[1::2], strict=True):
        for label in (0, 1):
            want, got = ((d.W * (label == d.Y)).sum(axis=0, dtype=float) for d in (whole, some))
            np.testing.assert_allclose(got, want, rtol=1e-4)
        assert len(some.W) == len(np.flatnonzero(DRAWN))
        np.testing.assert_array_equal(some.trained(Y)[:, None], some.Y[:, :1])
    assert designs[1].held_out[0][0].tolist() == np.flatnonzero(FOLD == 0).tolist()  # all rows are scored


def test_entries_are_a_column_each() -> None:
    """If it failed, a design trained in parts would not be the one that was laid out."""
    design = cross_validation(Y, FOLD, most=[0.5, 0.9], repeats=2, seed=0, sample=SAMPLE)
    columns = np.array([7, 0, 11])
    for whole, part in zip((design.Y, design.W), design.entries(columns), strict=True):
        np.testing.assert_array_equal(whole[:, columns], part)


def test_probabilities_add_up_to_the_positives_of_all_rows() -> None:
    """If it failed, the prior of the sample would be taken for that of the table: at 10 : 1 four times too high."""
    design = cross_validation(Y, FOLD, most=[0.8], repeats=1, seed=0, sample=SAMPLE)
    recipe = Recipe(depth=1, width=16, epochs=30, batch_size=64, dropout=0.0)
    stack = fit(design.trained(X), design.Y, design.W, recipe, seed=0, init_seed=design.init_seed)
    logits = design.out_of_fold(stack.logits(X))[:, 0, 0]
    total = expit(undo_weights(logits, weight_ratio(0.8, float(Y.mean())))).sum()
    assert total / Y.sum() == pytest.approx(1, abs=0.15)


def test_a_column_knows_nothing_of_the_others_given_the_draw() -> None:
    """If it failed, a network on sampled rows would depend on the networks beside it."""
    design = cross_validation(Y, FOLD, most=[0.8, 0.6], repeats=1, seed=0, sample=SAMPLE)
    recipe = Recipe(depth=1, width=8, epochs=2, batch_size=64)
    rows = design.trained(X)
    stack = fit(rows, design.Y, design.W, recipe, seed=0, init_seed=design.init_seed)
    alone = fit(rows, design.Y[:, [4]], design.W[:, [4]], recipe, seed=0, init_seed=design.init_seed[[4]])
    np.testing.assert_allclose(stack.logits(X[:50])[:, 4], alone.logits(X[:50])[:, 0], atol=2e-4)
