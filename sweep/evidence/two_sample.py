"""Whether a test table differs from the training table: a network that tells their rows apart, and by which columns."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from sweep.data.folds import fold_of_row
from sweep.errors import TableError
from sweep.evidence.columns import SourceColumn
from sweep.evidence.permutation_test import (
    FOLDS,
    LEVEL,
    NETWORK,
    SHUFFLES,
    average_precision_of_each,
    epochs,
    held_out,
    shuffled,
)

if TYPE_CHECKING:
    from sweep.parallel.workers import Workers

ROWS, TIMES = 4000, 5  # in all at most, and of one table at most so many times those of the other
FEWEST = 10  # rows of each table
BINS = 10  # of a number, by quantiles of the rows of both tables
LISTED, NAMED = 10, 3  # columns: in the document, and in the sentence


@dataclass(frozen=True, eq=False)
class Rows:
    """The rows of a table.

    Attributes
    ----------
    X : array, shape (rows, features)
    groups : array of int, shape (rows,)
        Row groups.
    columns : sequence of SourceColumn
        That X comes of.
    """

    X: np.ndarray
    groups: np.ndarray
    columns: Sequence[SourceColumn]


@dataclass(frozen=True)
class ColumnDifference:
    """How far one column differs between the tables.

    Attributes
    ----------
    name : str
    difference, by_chance : float
        Half of the summed differences of the shares of its levels, or of the bins of its numbers, missing ones among
        them: from 0 to 1; and the median of the same on shuffles.
    """

    name: str
    difference: float
    by_chance: float


@dataclass(frozen=True)
class TwoSampleTest:
    """Whether a network tells the rows of the test table from those of the training table.

    Attributes
    ----------
    p, level : float
        The tables differ where p is no larger than the level.
    shuffles : int
    average_precision, by_chance : float
        Out-of-fold, of "is of the test table"; and the median of the same on shuffles.
    rows, test_rows : int
        How many rows were looked at, and how many of them are of the test table.
    columns : tuple of ColumnDifference
        Those that differ by more than on any shuffle, the one that differs most first; none where p is above the level.
    seconds : float
    says : str
    """

    p: float
    level: float
    shuffles: int
    average_precision: float
    by_chance: float
    rows: int
    test_rows: int
    columns: tuple[ColumnDifference, ...]
    seconds: float
    says: str = ""

    @property
    def found(self) -> bool:
        """Check whether the tables differ."""
        return self.p <= self.level


def compare_tables(training: Rows, test: Rows, *, seed: int, workers: "Workers") -> TwoSampleTest | None:
    """Test whether the test table's rows and the training table's come of one distribution.

    The network of the test for signal, fixed beforehand, is cross-validated on which table a row is of and on shuffles
    of it, within folds and over row groups; equal rows of the two tables are one group. With b of n shuffles at least
    as good by out-of-fold average precision, ``p = (b + 1) / (n + 1)``.

    Parameters
    ----------
    training, test : Rows
        With the same columns. Of large tables some rows are drawn.
    seed : int
    workers : Workers

    Returns
    -------
    TwoSampleTest, or None where the tables hold too few rows, or too few row groups, for it.

    References
    ----------
    Lopez-Paz and Oquab, Revisiting classifier two-sample tests, ICLR 2017.
    """
    started = time.perf_counter()
    if min(len(training.X), len(test.X)) < FEWEST:
        return None
    rng = np.random.default_rng([seed, 7])
    drawn = _draw(len(training.X), len(test.X), rng)
    X = np.concatenate([training.X[drawn[0]], test.X[drawn[1]].astype(training.X.dtype)])
    of_test = np.repeat([0, 1], [len(rows) for rows in drawn])
    units = _tie_copies(X, np.concatenate([training.groups[drawn[0]], -1 - test.groups[drawn[1]]]))
    try:
        folds = fold_of_row(of_test, units, FOLDS, seed)
    except TableError:  # too few row groups
        return None
    labels = np.concatenate([of_test[:, None], shuffled(of_test, units, folds, SHUFFLES[0], rng)], axis=1)
    logits = held_out(X, labels, folds, replace(NETWORK, epochs=epochs(len(X))), seed=seed, workers=workers)
    own, *others = average_precision_of_each(labels, logits)
    p = (1 + sum(other >= own for other in others)) / (1 + len(others))
    found = TwoSampleTest(
        p=p,
        level=LEVEL,
        shuffles=len(others),
        average_precision=own,
        by_chance=float(np.median(others)),
        rows=len(X),
        test_rows=int(of_test.sum()),
        columns=_find_columns(training.columns, test.columns, drawn, labels) if p <= LEVEL else (),
        seconds=time.perf_counter() - started,
    )
    return replace(found, says=say_two_sample(found))


def rows_compared(training: int, test: int) -> tuple[int, int]:
    """Choose how many rows of each table are looked at.

    Examples
    --------
    >>> rows_compared(3000, 100), rows_compared(50_000, 10_000), rows_compared(100, 10_000)
    ((500, 100), (2000, 2000), (100, 500))
    """
    tested = min(test, ROWS // 2, TIMES * training)
    return min(training, TIMES * tested, ROWS - tested), tested


def say_two_sample(found: TwoSampleTest) -> str:
    """Say whether the tables differ, and by which columns."""
    measured = f"average precision {found.average_precision:.2f}, by chance {found.by_chance:.2f}"
    if not found.found:
        return f"No network told the test table's rows from the training table's ({measured}; p = {found.p:.2g})."
    most = ", ".join(f"`{column.name}`" for column in found.columns[:NAMED])
    return (
        f"The test table differs from the training table: a network tells their rows apart ({measured}; p at most "
        f"{found.p:.2g}){f'; most by {most}' if most else ''}."
    )


def _draw(training: int, test: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    some = rows_compared(training, test)
    of_training, of_test = (
        np.sort(rng.choice(rows, part, replace=False)) for rows, part in zip((training, test), some, strict=True)
    )
    return of_training, of_test


def _tie_copies(X: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """Join the groups of rows that are equal: a number for each row, (rows,)."""
    from scipy.sparse import coo_array  # a second to load
    from scipy.sparse.csgraph import connected_components

    plain = np.ascontiguousarray(X + 0)  # no -0
    equal = np.unique(plain.view(np.dtype((np.void, plain.strides[0]))).ravel(), return_inverse=True)[1]
    group = np.unique(groups, return_inverse=True)[1]
    edges = coo_array((np.ones(len(X), np.int8), (equal, len(X) + group)), shape=(2 * len(X), 2 * len(X)))
    tied: np.ndarray = connected_components(edges, directed=False)[1][equal]
    return tied


def _find_columns(
    training: Sequence[SourceColumn],
    test: Sequence[SourceColumn],
    drawn: tuple[np.ndarray, np.ndarray],
    labels: np.ndarray,
) -> tuple[ColumnDifference, ...]:
    """List the columns that differ by more than on any shuffle, by how much more than they do by chance."""
    found: dict[str, ColumnDifference] = {}
    for here, there in zip(training, test, strict=True):
        for known, some, others in zip(here.levels, here.values, there.values, strict=True):
            values = np.concatenate([some[drawn[0]], others[drawn[1]]])
            own, *shuffles = _difference(_code(values, number=known is None), labels)
            if own > max(shuffles):
                one = ColumnDifference(here.name, float(own), float(np.median(shuffles)))
                found[one.name] = max(one, found.get(one.name, one), key=_excess)
    return tuple(sorted(found.values(), key=_excess, reverse=True)[:LISTED])


def _excess(column: ColumnDifference) -> float:
    return column.difference - column.by_chance


def _code(values: np.ndarray, *, number: bool) -> np.ndarray:
    """Give the level or bin of each row, (rows,) from 0 on; missing ones have their own."""
    missing = np.isnan(values)
    if number and not missing.all():
        edges = np.unique(np.quantile(values[~missing], np.linspace(0, 1, BINS + 1)[1:-1]))
        values = np.searchsorted(edges, values, side="left")
    code: np.ndarray = np.unique(np.where(missing, -1, values), return_inverse=True)[1]
    return code


def _difference(code: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Halve the summed differences of shares between the tables, for each column of labels, (labels,)."""
    here = (code == np.arange(code.max() + 1)[:, None]).astype(np.float64)
    in_test = here @ labels
    shares = in_test / labels.sum(axis=0) - (here.sum(axis=1)[:, None] - in_test) / (1 - labels).sum(axis=0)
    half: np.ndarray = np.abs(shares).sum(axis=0) / 2
    return half
