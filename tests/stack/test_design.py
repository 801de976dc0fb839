"""The weight matrix as laws, and the designs: which column holds which rows out."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from sweep.class_weight import weight_matrix
from sweep.errors import InputError
from sweep.stack.design import all_rows, cross_validation, init_seeds, label_shuffles, positive_shares

LABELS = hnp.arrays(np.int64, st.tuples(st.integers(1, 40), st.integers(1, 4)), elements=st.integers(0, 1))
MOST = st.floats(0.5, 1)
Y60 = (np.random.default_rng(0).random(60) < 0.2).astype(int)
FOLD = np.arange(60) % 3


@given(LABELS, MOST)
def test_the_formula(Y: np.ndarray, most: float) -> None:
    """If it failed, the weights would not be the recipe's: 1 / (2 b), 1 / (2 (1 - b)), b = clip(m, 1 - most, most)."""
    W = weight_matrix(Y, most)
    assert W.shape == Y.shape
    for s in range(Y.shape[1]):
        b = min(max(Y[:, s].mean(), 1 - most), most)
        np.testing.assert_allclose(W[Y[:, s] == 1, s], 1 / (2 * b) if b else 0)
        np.testing.assert_allclose(W[Y[:, s] == 0, s], 1 / (2 * (1 - b)) if b < 1 else 0)


@given(LABELS, MOST)
def test_a_column_knows_nothing_of_the_others(Y: np.ndarray, most: float) -> None:
    """If it failed, one label's share would weigh another's rows, or a 1-D Y would mean something else."""
    W = weight_matrix(Y, most)
    for s in range(Y.shape[1]):
        np.testing.assert_array_equal(W[:, s], weight_matrix(Y[:, s], most))


@given(LABELS, MOST)
def test_the_rarer_class_never_weighs_less(Y: np.ndarray, most: float) -> None:
    """If it failed, weighting would invert; the ratio of weights stays under the cap's, most / (1 - most)."""
    W = weight_matrix(Y, most)
    assert np.isfinite(W).all()
    assert (W > 0).all()
    for y, w in zip(Y.T, W.T, strict=True):
        if 0 < y.sum() < len(y):
            rare = int(y.mean() <= 0.5)
            ratio = w[y == rare][0] / w[y != rare][0]
            assert ratio >= 1 - 1e-9
            assert ratio * (1 - most) <= most * (1 + 1e-9)


@given(LABELS, MOST)
def test_the_classes_are_alike(Y: np.ndarray, most: float) -> None:
    """If it failed, which class is called positive would change the weights."""
    np.testing.assert_allclose(weight_matrix(1 - Y, most), weight_matrix(Y, most))


@given(LABELS)
def test_half_is_no_weighting_and_the_end_is_even(Y: np.ndarray) -> None:
    """If it failed, `most` = 0.5 would weigh, or beyond saturation the classes would not weigh the same in all."""
    np.testing.assert_array_equal(weight_matrix(Y, 0.5), np.ones(Y.shape))
    for y, w in zip(Y.T, weight_matrix(Y, 1).T, strict=True):
        if 0 < y.sum() < len(y):
            assert w[y == 1].sum() == pytest.approx(len(y) / 2)
            assert w[y == 0].sum() == pytest.approx(len(y) / 2)
            np.testing.assert_allclose(w, weight_matrix(y, max(y.mean(), 1 - y.mean())))


@pytest.mark.parametrize(
    ("Y", "most", "message"),
    [
        (np.zeros((2, 2, 2)), 0.9, r"Y must have the shape \(rows,\) or \(rows, labels\)"),
        (np.zeros(0), 0.9, "hold rows"),
        (np.array([0, 2]), 0.9, "Y must hold 0 and 1 only"),
        (np.array([0, np.nan]), 0.9, "Y must hold 0 and 1 only"),
        (np.array([0, 1]), 0.4, r"most must lie in \[0.5, 1\]; got 0.4. Below 0.5 the weighting would invert"),
        (np.array([0, 1]), 1.1, r"most must lie in \[0.5, 1\]; got 1.1"),
        (np.array([0, 1]), np.nan, r"most must lie in \[0.5, 1\]; got nan"),
    ],
)
def test_what_cannot_be_weighed_is_refused(Y: np.ndarray, most: float, message: str) -> None:
    """If it failed, a wrong label or cap would come out as weights."""
    with pytest.raises(InputError, match=message):
        weight_matrix(Y, most)


def test_cross_validation_is_a_column_a_fold() -> None:
    """If it failed, a column would train on rows that it is scored on, or be weighed by their share."""
    design = cross_validation(Y60, FOLD, most=[0.5, 0.8], repeats=2, seed=1)
    W = design.W.reshape(60, 2, 2, 3)
    for balance, most in enumerate((0.5, 0.8)):
        for fold in range(3):
            live = fold != FOLD
            assert not W[~live, balance, :, fold].any()
            want = weight_matrix(Y60[live], most)[:, None].repeat(2, axis=1)
            np.testing.assert_allclose(W[live, balance, :, fold], want, rtol=1e-6)
    seeds = design.init_seed.reshape(2, 2, 3)
    assert (seeds == seeds[:1, :, :1]).all()  # the same for all balances and folds of a repeat
    assert seeds[0, 0, 0] != seeds[0, 1, 0]


def test_out_of_fold_logits_are_those_of_the_columns_that_hold_the_row_out() -> None:
    """If it failed, scores would be of rows that were trained on."""
    design = cross_validation(Y60, FOLD, most=[0.5, 0.8], repeats=2, seed=1)
    held_out = design.out_of_fold(design.W)
    assert held_out.shape == (60, 2, 2)
    assert not held_out.any()
    blocks = np.zeros((60, 12), int)
    for rows, of_rows in design.held_out:
        blocks[np.ix_(rows, of_rows)] += 1
    np.testing.assert_array_equal(blocks, design.W == 0)
    columns = np.broadcast_to(np.arange(12), (60, 12))
    np.testing.assert_array_equal(design.out_of_fold(columns)[4], [[1, 4], [7, 10]])
    kept = np.empty((60, 4))
    for rows, of_rows in design.held_out:
        kept[rows] = of_rows
    np.testing.assert_array_equal(design.out_of_fold(kept), design.out_of_fold(columns))
    with pytest.raises(ValueError, match="a design that holds rows out"):
        all_rows(Y60, most=[0.5], repeats=2, seed=1).out_of_fold(np.zeros((60, 2)))


def test_the_first_repeats_do_not_depend_on_how_many_there_are() -> None:
    """If it failed, adding a repeat would change those before it."""
    np.testing.assert_array_equal(init_seeds(3, 5)[:2], init_seeds(3, 2))
    assert len(set(init_seeds(3, 5).tolist() + init_seeds(4, 5).tolist())) == 10


def test_all_rows_has_no_zeros() -> None:
    """If it failed, the final ensemble would not have seen every row."""
    design = all_rows(Y60, most=[0.5, 0.7, 0.9], repeats=2, seed=1)
    assert design.W.shape == design.Y.shape == (60, 6)
    np.testing.assert_allclose(design.W[:, 4], weight_matrix(Y60, 0.9), rtol=1e-6)
    assert (design.W > 0).all()


def test_label_shuffles_cross_validate_each_column_of_labels() -> None:
    """If it failed, the permutation test would compare networks that differ in more than their labels."""
    labels = np.stack([Y60, Y60[::-1]], axis=1)
    design = label_shuffles(labels, FOLD, most=0.8, seed=2)
    assert len(set(design.init_seed)) == 1
    assert not design.out_of_fold(design.W).any()
    np.testing.assert_array_equal(design.Y.reshape(60, 2, 3), labels[:, :, None].repeat(3, axis=2))
    live = FOLD != 2
    np.testing.assert_allclose(design.W[live, 5], weight_matrix(labels[live, 1], 0.8), rtol=1e-6)


def test_positive_shares_weigh_the_rest_up() -> None:
    """If it failed, the learning curve would fall because the weighted prior does, not for want of positives."""
    units = np.arange(60)
    shares = (0.5, 0.75, 1.0)
    design = positive_shares(Y60, units, FOLD, most=0.8, shares=shares, draws=2, seed=2)
    W = design.W.reshape(60, 3, 2, 3)
    assert not design.out_of_fold(design.W).any()
    for fold in range(3):
        live = (fold != FOLD) & (Y60 == 1)
        whole = cross_validation(Y60, FOLD, most=[0.8], repeats=1, seed=0).W[:, fold]
        np.testing.assert_allclose(W[live][:, :, :, fold].sum(axis=0), whole[live].sum(), rtol=1e-5)
        np.testing.assert_allclose(W[:, 2, 0, fold], whole, rtol=1e-6)
        on = W[live][:, :, :, fold] > 0
        assert (on[:, 1] >= on[:, 0]).all()  # a smaller share is part of a larger one
        assert on[:, 0].sum(axis=0).tolist() == [round(0.5 * live.sum())] * 2
        np.testing.assert_array_equal(W[Y60 == 0][:, 0], W[Y60 == 0][:, 2])
