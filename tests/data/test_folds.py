"""Folds: no group split, both classes spread evenly, the same for the same seed."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sweep.data.folds import check_groups, fold_of_row
from sweep.errors import TableError


@st.composite
def tables(draw: Any) -> Any:
    """Return y, groups and folds; some groups hold several rows."""
    y = np.array(draw(st.lists(st.integers(0, 1), min_size=4, max_size=60)))
    groups = np.array(draw(st.lists(st.integers(0, len(y)), min_size=len(y), max_size=len(y))))
    return y, groups, draw(st.integers(2, 5))


@settings(deadline=None)
@given(tables(), st.integers(0, 2**32))
def test_groups_are_never_split(table: Any, seed: int) -> None:
    """If this failed, a copy of a training row would be scored as held out."""
    y, groups, folds = table
    try:
        fold = fold_of_row(y, groups, folds, seed)
    except TableError:
        return
    assert all(len(set(fold[groups == group])) == 1 for group in set(groups))
    assert all(set(y[fold == k]) == {0, 1} for k in range(folds))
    np.testing.assert_array_equal(fold, fold_of_row(y, groups, folds, seed))


@settings(deadline=None)
@given(tables(), st.integers(0, 99))
def test_groups_are_dealt_one_after_the_other_to_the_fold_with_the_least(table: Any, seed: int) -> None:
    """If it failed, dealing those that are alike at once would change the folds of studies that are resumed."""
    y, groups, folds = table
    inverse = np.unique(groups, return_inverse=True)[1]
    of_class = np.stack([np.bincount(inverse, y == label) for label in (1, 0)], axis=1).astype(int)
    shuffled = np.random.default_rng(seed).permutation(len(of_class))
    order = sorted(shuffled, key=lambda group: (-of_class[group, 0], -of_class[group].sum()))
    filled, of_group = np.zeros((folds, 2), int), np.zeros(len(of_class), int)
    for group in order:
        main = 0 if of_class[group, 0] else 1
        of_group[group] = min(range(folds), key=lambda k: (filled[k, main], filled[k].sum(), k))
        filled[of_group[group]] += of_class[group]
    if filled.all():
        np.testing.assert_array_equal(fold_of_row(y, groups, folds, seed), of_group[inverse])


@settings(deadline=None)
@given(st.integers(5, 40), st.integers(5, 200), st.integers(2, 5), st.integers(0, 99))
def test_single_rows_are_dealt_evenly(positives: int, negatives: int, folds: int, seed: int) -> None:
    """If this failed, a fold could be left with few positives by chance."""
    y = np.random.default_rng(seed).permutation(np.repeat([1, 0], [positives, negatives]))
    fold = fold_of_row(y, np.arange(len(y)), folds, seed)
    for label in (0, 1):
        assert np.ptp(np.bincount(fold[y == label], minlength=folds)) <= 1


def test_the_seed_alone_makes_the_difference() -> None:
    """If this failed, repeats over seeds would measure one split only, or a fixed seed would not fix it."""
    y = np.arange(100) % 10 == 0
    split = [fold_of_row(y.astype(np.int8), np.arange(100), 5, seed) for seed in (0, 0, 1)]
    assert (split[0] == split[1]).all()
    assert (split[0] != split[2]).any()


def test_too_few_groups_are_refused() -> None:
    """If this failed, a fold without positives would be scored."""
    y = np.array([1, 1, 1, 0, 0, 0, 0, 0])
    alone = np.arange(8)
    check_groups(y, alone, 3)
    with pytest.raises(TableError, match=r"5 folds need 5 positive rows .* has 3: ask for 3 folds"):
        check_groups(y, alone, 5)
    with pytest.raises(TableError, match="has 3, which stay together in 2 groups: ask for 2"):
        check_groups(y, np.array([0, 0, 2, 3, 4, 5, 6, 7]), 3)
    with pytest.raises(TableError, match="leaves fold"):
        fold_of_row(y, alone, 5, 0)
    with pytest.raises(TableError, match="2 or more; got 1"):
        fold_of_row(y, alone, 1, 0)
    with pytest.raises(TableError, match="shape of y"):
        check_groups(y, alone[1:], 2)
