"""Importance: what the network goes by falls, noise does not, and groups move whole inside their fold."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sweep.evidence.importance import permute_groups
from tests.made_evidence import Case


def test_the_column_that_tells_comes_first_and_noise_is_near_nothing(case: Case) -> None:
    """If it failed, a reader would look for the meaning of a model in the wrong column."""
    first, second = case.evidence.importance
    assert (first.column, second.column) == ("dose", "noise")
    assert first.low > 0.1
    assert second.low <= 0.05
    for one in (first, second):
        assert one.low <= one.value <= one.high


@given(st.integers(0, 1000), st.lists(st.integers(1, 4), min_size=4, max_size=20))
def test_every_row_of_a_fold_is_taken_once_and_copies_stay_alike(seed: int, sizes: list[int]) -> None:
    """If it failed, values would leak from fold to fold, or copies of a row be told apart."""
    rng = np.random.default_rng(seed)
    groups = np.repeat(np.arange(len(sizes)), sizes)
    folds = rng.integers(0, 2, len(sizes))[groups]
    taken = permute_groups(groups, folds, rng)
    for fold in np.unique(folds):
        rows = np.flatnonzero(folds == fold)
        assert sorted(taken[rows]) == rows.tolist()


def test_groups_of_one_size_exchange_their_values_whole() -> None:
    """If it failed, a row group would hold values of several others: the permuted table would be noisier than asked."""
    groups = np.repeat(np.arange(10), 3)
    taken = permute_groups(groups, np.zeros(30, int), np.random.default_rng(0))
    assert (np.ptp(groups[taken].reshape(10, 3), axis=1) == 0).all()
