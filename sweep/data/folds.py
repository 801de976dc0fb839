"""Which fold holds a row out: both classes spread evenly, or blocks by time; no group split."""

from itertools import pairwise

import numpy as np
import polars as pl

from sweep.errors import TableError
from sweep.validation import NEVER, numbered


def fold_of_row(y: np.ndarray, groups: np.ndarray, folds: int, seed: int) -> np.ndarray:
    """Assign the rows to folds.

    Groups are assigned whole: first those that hold positives, the one with most of them first, each to the fold with
    the fewest positives; then the others, the largest first, each to the fold with the fewest negatives. Equals come
    in an order drawn from `seed`. With groups of one row, folds differ by at most one positive and one negative.

    Parameters
    ----------
    y : np.ndarray, shape (rows,)
        1 for a positive, 0 for a negative.
    groups : np.ndarray, shape (rows,)
        Rows with the same number stay in one fold.
    folds : int
        How many, from 2 on.
    seed : int
        Of the order among equals. Nothing else is random.

    Returns
    -------
    np.ndarray, shape (rows,), int64
        Fold of each row, 0 to folds - 1.

    Raises
    ------
    TableError
        If a fold is left without one of the classes.
    """
    _check_shapes(y, groups, folds)
    inverse = numbered(groups)
    sizes = np.bincount(inverse)
    positives = np.bincount(inverse[y == 1], minlength=len(sizes))
    negatives = sizes - positives
    shuffled = np.random.default_rng(seed).permutation(len(sizes))
    order = shuffled[np.lexsort((-sizes[shuffled], -positives[shuffled]))]
    first = int(np.count_nonzero(positives))
    fold_of_group = np.empty(len(sizes), dtype=np.int64)
    filled = np.zeros((folds, 2), dtype=np.int64)  # positives, negatives
    for part, main in ((order[:first], 0), (order[first:], 1)):
        alike = np.stack([(positives, negatives)[main][part], sizes[part]], axis=1)
        ends = np.flatnonzero(np.append((alike[1:] != alike[:-1]).any(axis=1), True)[: len(part)]) + 1
        for begin, end in pairwise([0, *ends.tolist()]):
            dealt = _deal(end - begin, alike[begin].tolist(), filled[:, main], filled.sum(axis=1))
            fold_of_group[part[begin:end]] = dealt
            for column, weights in enumerate((positives, negatives)):
                filled[:, column] += np.bincount(dealt, weights[part[begin:end]], folds).astype(np.int64)
    if not filled.all():
        fold, label = (int(index) for index in np.argwhere(filled == 0)[0])
        raise TableError(
            f"every fold must hold both classes; dealing {len(sizes)} groups into {folds} folds leaves fold {fold + 1} "
            f"without {('positives', 'negatives')[label]}: ask for fewer folds."
        )
    return fold_of_group[inverse]


def _deal(groups: int, alike: list[int], have: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Deal groups of as many rows of a class, and rows, each to the fold that has the fewest of that class by then.

    Of equals the one of the fewest rows takes it.

    A fold's turns come at what it has before each of them: the order of all turns is that of these numbers. Once no
    fold is behind, they take turns in one order.

    Examples
    --------
    >>> _deal(6, [1, 1], np.array([2, 0, 1]), np.array([2, 0, 1])).tolist()
    [1, 1, 2, 0, 1, 2]
    """
    (count, size), level = alike, int(have.max())
    turn, fold = (of.ravel() for of in np.indices((1 - (-int(np.ptp(have)) // count), len(have))))
    at = have[fold] + turn * count
    order = np.lexsort((fold, rows[fold] + turn * size, at))
    behind, in_turn = (fold[order[part[order]]] for part in (at < level, (at >= level) & (at < level + count)))
    dealt: np.ndarray = np.append(behind, np.resize(in_turn, max(0, groups - len(behind))))[:groups]
    return dealt


def blocks_by_time(y: np.ndarray, groups: np.ndarray, times: np.ndarray, folds: int) -> np.ndarray:
    """Assign the rows to folds + 1 blocks by time, the first of which is never scored.

    Rows of one moment stay together. So does a group, at the time of its last row: no network is trained on a row from
    after the block that it scores begins. The blocks hold equally many rows of the rarer class, as nearly as that goes.

    Parameters
    ----------
    y : np.ndarray, shape (rows,)
        1 for a positive, 0 for a negative.
    groups : np.ndarray, shape (rows,)
        Rows with the same number stay in one block.
    times : np.ndarray, shape (rows,)
    folds : int
        How many blocks are scored.

    Returns
    -------
    np.ndarray, shape (rows,), int64
        `sweep.validation.NEVER` for the first block, then 0 to folds - 1.

    Raises
    ------
    TableError
        If a block is left without one of the classes.

    Examples
    --------
    >>> blocks_by_time(np.array([0, 1] * 6), np.arange(12), np.arange(12), 2).tolist()
    [-1, -1, -1, -1, 0, 0, 0, 0, 1, 1, 1, 1]
    """
    _check_shapes(y, groups, folds)
    group = numbered(groups)
    last = np.full(group.max() + 1, -np.inf)
    np.maximum.at(last, group, times)
    moment = np.unique(last[group], return_inverse=True)[1]
    rarer = y == (1 if 2 * np.count_nonzero(y) <= len(y) else 0)
    each = np.bincount(moment, rarer)
    middle = np.cumsum(each) - each / 2  # rows of the rarer class before the middle of each moment
    block = np.minimum(folds, (middle * (folds + 1) / each.sum()).astype(np.int64))[moment]
    for label, name in ((1, "positives"), (0, "negatives")):
        found = np.bincount(block[y == label], minlength=folds + 1)
        if not found.all():
            raise TableError(
                f"{folds} folds by time need {folds + 1} blocks of rows, one after the other, with both classes in "
                f"each; block {np.argmin(found) + 1} would have no {name}, as rows of one time or one group stay "
                f"together ({moment.max() + 1} times apart): ask for fewer folds."
            )
    fold: np.ndarray = block + NEVER
    return fold


def check_groups(y: np.ndarray, groups: np.ndarray, folds: int) -> None:
    """Check that there are enough groups of rows for every fold to hold both classes.

    Parameters
    ----------
    y : np.ndarray, shape (rows,)
        1 for a positive, 0 for a negative.
    groups : np.ndarray, shape (rows,)
        Rows with the same number stay in one fold.
    folds : int
        How many, from 2 on.

    Raises
    ------
    TableError
        If fewer than `folds` groups hold positives, or negatives.
    """
    _check_shapes(y, groups, folds)
    for label, name in ((1, "positive"), (0, "negative")):
        rows = int(np.count_nonzero(y == label))
        found = pl.Series(groups[y == label]).n_unique()  # sooner than NumPy's where most differ
        if found < folds:
            apart = "" if found == rows else f", which stay together in {found} groups"
            raise TableError(
                f"{folds} folds need {folds} {name} rows that may be parted, 1 per fold; the table has {rows}{apart}: "
                + (f"ask for {found} folds or fewer." if found > 1 else "no cross-validation is possible on it.")
            )


def _check_shapes(y: np.ndarray, groups: np.ndarray, folds: int) -> None:
    if folds < 2:
        raise TableError(f"folds must be 2 or more; got {folds}.")
    if y.ndim != 1 or groups.shape != y.shape:
        raise TableError(f"groups must have the shape of y, (rows,); got {groups.shape} for {y.shape}.")
