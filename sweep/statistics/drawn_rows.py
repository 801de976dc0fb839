"""Row groups drawn with replacement, within classes, where of a large table only some rows need to be told apart.

Of the other rows it matters how many of their groups are drawn, and what those sum to: with thousands of them, normal.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sweep.statistics.bootstrap import times_drawn

AT_ONCE = 2_000_000  # entries of one block of row weights


@dataclass(frozen=True, eq=False)
class Drawn:
    """A block of resamples.

    Attributes
    ----------
    weights : (resamples, rows told apart) of float32
        How often each is drawn; 0 is out of bag.
    rest : (resamples, 1 + values)
        Of the other rows that are drawn, their number and the sum of each value.
    """

    weights: NDArray[np.float32]
    rest: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class DrawnRows:
    """What resamples are drawn from.

    Attributes
    ----------
    rows : (rows told apart,) of int
        Their places in the table: all rows of each of their groups.
    groups : (rows told apart,) of int
        The group of each; first those that hold a positive.
    sizes : (int, int, int)
        How many groups hold a positive, hold none, and are not told apart.
    total : (1 + values,)
        Of the rows not told apart, their number and the sum of each value.
    root : (1 + values, 1 + values)
        A matrix by which independent normal draws get the covariance of the same between their groups.
    """

    rows: NDArray[np.int64]
    groups: NDArray[np.int64]
    sizes: tuple[int, int, int]
    total: NDArray[np.float64]
    root: NDArray[np.float64]

    @classmethod
    def of(
        cls,
        y: NDArray[np.bool_],
        units: NDArray[np.int64],
        apart: NDArray[np.bool_],
        values: NDArray[np.floating] | None = None,
    ) -> "DrawnRows":
        """Tell apart the groups of some rows, and all that hold a positive.

        Parameters
        ----------
        y : (rows,) of bool
        units : (rows,) of int, consecutive from 0
        apart : (rows,) of bool
        values : (rows, values), optional
            What is summed of the rows that are not told apart.
        """
        kind = np.full(int(units.max()) + 1, 2)
        kind[units[apart]] = 1
        kind[units[y]] = 0
        sizes = np.bincount(kind, minlength=3)
        place = np.empty_like(kind)
        place[np.argsort(kind, kind="stable")] = np.arange(kind.size)
        of_row = place[units]
        told = sizes[0] + sizes[1]
        rows, others = np.flatnonzero(of_row < told), np.flatnonzero(of_row >= told)
        sums = np.empty((1 if values is None else 1 + values.shape[1], sizes[2]), dtype=np.float32)
        total = np.empty(len(sums))
        for k in range(len(sums)):
            weights = None if k == 0 or values is None else values[others, k - 1]
            summed = np.bincount(of_row[others] - told, weights, minlength=sizes[2])
            total[k] = summed.sum()
            sums[k] = summed - summed.mean() if summed.size else summed
        variances, axes = np.linalg.eigh((sums @ sums.T).astype(float) / max(1, sizes[2]))
        root = axes * np.sqrt(np.maximum(variances, 0))
        return cls(rows, of_row[rows], (int(sizes[0]), int(sizes[1]), int(sizes[2])), total, root)

    @property
    def left_out(self) -> float:
        """The number of rows not told apart that a resample leaves out, in expectation."""
        groups = self.sizes[1] + self.sizes[2]
        return float(self.total[0]) * (1 - 1 / max(1, groups)) ** groups

    def every(self) -> Drawn:
        """Take each row once."""
        return Drawn(np.ones((1, self.rows.size), np.float32), self.total[None])

    def draw(self, resamples: int, rng: np.random.Generator) -> Iterator[Drawn]:
        """Draw as many groups with a positive as there are, and as many without, in blocks of resamples."""
        positive, negative, rest = self.sizes
        step = max(1, AT_ONCE // self.rows.size)
        for start in range(0, resamples, step):
            size = min(step, resamples - start)
            apart = rng.binomial(negative + rest, negative / max(1, negative + rest), size)
            parts = [times_drawn(np.full(size, positive), positive, rng), times_drawn(apart, negative, rng)]
            weights = np.take(np.concatenate(parts, axis=1, dtype=np.float32), self.groups, axis=1)
            yield Drawn(weights, self._rest(negative + rest - apart, rng))

    def _rest(self, times: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.float64]:
        """Sum so many of the groups that are not told apart, (resamples,): (resamples, 1 + values)."""
        mean = self.total / max(1, self.sizes[2])
        about = rng.standard_normal((times.size, mean.size)) @ self.root.T
        summed: NDArray[np.float64] = times[:, None] * mean + np.sqrt(times)[:, None] * about
        return summed
