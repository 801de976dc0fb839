"""How rows are held out: which rows each fold's networks are trained on, and which rows are scored.

`fold_of_row` says it all, array of int, shape (rows,): from 0, the fold that holds the row out. Where some rows have
`NEVER`, they are the first block of a forward validation: blocks by time, each scored by networks that were trained on
the blocks before it alone. Without such rows each fold's networks are trained on all rows of the other folds.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

NEVER = -1  # of a row that is trained on and never scored


def count_folds(fold_of_row: NDArray[np.integer]) -> int:
    """Count the folds that are scored."""
    return int(fold_of_row.max()) + 1


def is_forward(fold_of_row: NDArray[np.integer]) -> bool:
    """Check whether the folds are blocks by time, each scored by networks that saw only the blocks before it."""
    return bool(fold_of_row.min() == NEVER)


def trained_on(fold_of_row: NDArray[np.integer], fold: int | NDArray[np.integer]) -> NDArray[np.bool_]:
    """Find the rows that a fold's networks are trained on, (rows,) of bool; folds may be broadcast over rows.

    Examples
    --------
    >>> trained_on(np.array([0, 1, 2]), 1).tolist(), trained_on(np.array([-1, 0, 1]), 0).tolist()
    ([True, False, True], [True, False, False])
    """
    trained: NDArray[np.bool_] = fold_of_row < fold if is_forward(fold_of_row) else fold_of_row != fold
    return trained


def count_trained_on(fold_of_row: NDArray[np.integer], some: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Count, of some rows, (rows,) of bool, those that each fold's networks are trained on, (folds,).

    Examples
    --------
    >>> some = np.array([True, True, False])
    >>> count_trained_on(np.array([0, 1, 1]), some).tolist(), count_trained_on(np.array([-1, 0, 1]), some).tolist()
    ([1, 1], [1, 2])
    """
    of_block = np.bincount(fold_of_row[some] + 1, minlength=count_folds(fold_of_row) + 1)
    counts: NDArray[np.int64] = np.cumsum(of_block)[:-1] if is_forward(fold_of_row) else of_block.sum() - of_block[1:]
    return counts


def numbered(groups: NDArray[np.integer]) -> NDArray[np.int64]:
    """Give row groups consecutive numbers from 0 in the order of theirs, (rows,); without sorting, where that goes.

    Examples
    --------
    >>> numbered(np.array([3, 0, 3, 5])).tolist(), numbered(np.array([-7, 10**9, -7])).tolist()
    ([1, 0, 1, 2], [0, 1, 0])
    """
    number: NDArray[np.int64]
    if groups.size and groups.min() >= 0 and groups.max() <= 2 * groups.size:
        there = np.zeros(int(groups.max()) + 1, bool)
        there[groups] = True
        number = (np.cumsum(there) - 1)[groups]
    else:
        number = np.unique(groups, return_inverse=True)[1]
    return number


def fewer_folds(fold_of_row: NDArray[np.integer], folds: int) -> NDArray[np.int64]:
    """Join neighbouring folds until there are so many, or as many as before; what is never scored stays so.

    Examples
    --------
    >>> fewer_folds(np.array([-1, 0, 1, 2, 3, 4]), 3).tolist()
    [-1, 0, 0, 1, 1, 2]
    """
    now = count_folds(fold_of_row)
    joined: NDArray[np.int64] = np.where(fold_of_row < 0, NEVER, fold_of_row * min(folds, now) // now).astype(np.int64)
    return joined


@dataclass(frozen=True, eq=False)
class ScoredRows:
    """The rows that are scored out-of-fold, in the table's order: every count, interval and curve is over these.

    Attributes
    ----------
    index : array of int, shape (scored rows,)
        Their places in the table.
    y, units, fold_of_row : arrays of int, shape (scored rows,)
        Labels, row groups, and the fold of each, from 0.
    trained : array of float, shape (folds,)
        Prevalence among the rows that each fold's networks were trained on.
    prevalence : float
        That of the whole table, on which the final networks are trained.
    """

    index: NDArray[np.int64]
    y: NDArray[np.integer]
    units: NDArray[np.integer]
    fold_of_row: NDArray[np.integer]
    trained: NDArray[np.float64]
    prevalence: float

    @classmethod
    def of(cls, y: NDArray[np.integer], units: NDArray[np.integer], fold_of_row: NDArray[np.integer]) -> "ScoredRows":
        """Take those of a table's rows that are scored; all three are of shape (rows,)."""
        index = np.flatnonzero(fold_of_row != NEVER)
        trained = count_trained_on(fold_of_row, y == 1) / count_trained_on(fold_of_row, np.full(y.shape, True))
        return cls(index, y[index], units[index], fold_of_row[index], trained, float(y.mean()))

    @cached_property
    def folds(self) -> int:
        """The number of folds."""
        return len(self.trained)
