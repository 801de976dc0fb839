"""Carry a threshold over from the networks of the folds to those of all rows, by what both say of rows trained on.

Networks of all rows give other logits than those of the folds: they saw more rows and took more steps. What they say of
new rows is not known, but what both say of the rows that they were trained on is. A threshold is carried over to where
as large a share of those rows lies above it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

LEAST = 25  # rows beyond the outermost quantile: fewer tell more of chance than of the scale
EACH = 24  # quantiles on either side of the median
MOST_ROWS = 50_000  # that quantiles are taken of


@dataclass(frozen=True)
class CarryOver:
    """A rising line of logits of the final networks over logits of the networks of the folds.

    Attributes
    ----------
    folds, final : tuple of float, rising
        Knots; beyond them, and where there are none, the line goes on with slope 1.
    """

    folds: tuple[float, ...] = ()
    final: tuple[float, ...] = ()

    @classmethod
    def between(cls, folds: ArrayLike, final: ArrayLike, *, fixed: bool = False) -> "CarryOver":
        """Lay the line through quantiles of both, (quantiles,), at the same shares.

        Parameters
        ----------
        folds, final : (quantiles,)
        fixed : bool
            Leave 0 where it is: there the class weights alone decide.

        Examples
        --------
        >>> line = CarryOver.between([-2.0, 0.5, 1.0], [-2.5, 0.5, 1.5])
        >>> line.carried([-3.0, 0.75, 2.0])
        array([-3.5,  1. ,  2.5])
        """
        here, there = np.asarray(folds, dtype=float), np.asarray(final, dtype=float)
        if fixed:
            same_side = np.sign(here) * np.sign(there) > 0
            here, there = np.append(here[same_side], 0.0), np.append(there[same_side], 0.0)
        order = np.lexsort((there, here))
        here, there = here[order], np.maximum.accumulate(there[order])
        for place in range(2):  # ties in the one, then in what is left of the other
            _, first = np.unique((here, there)[place], return_index=True)
            here, there = here[first], there[first]
        return cls(tuple(here.tolist()), tuple(there.tolist()))

    def carried(self, logits: ArrayLike) -> NDArray[np.float64]:
        """Carry logits of any shape over."""
        values = np.asarray(logits, dtype=float)
        if not self.folds:
            return values
        low, high = self.final[0] - self.folds[0], self.final[-1] - self.folds[-1]
        within = np.interp(values, self.folds, self.final)
        return np.where(values < self.folds[0], values + low, np.where(values > self.folds[-1], values + high, within))

    def to_dict(self) -> dict[str, list[float]]:
        """Give what JSON can hold."""
        return {"folds": list(self.folds), "final": list(self.final)}

    @classmethod
    def of(cls, words: Mapping[str, Iterable[float]]) -> "CarryOver":
        """Take what `to_dict` gave; nothing leaves logits as they are."""
        return cls(tuple(words.get("folds", ())), tuple(words.get("final", ())))


def shares(rows: int) -> NDArray[np.float64]:
    """Choose the shares at which quantiles are taken: denser towards both ends, the outermost 25 rows from them.

    Examples
    --------
    >>> [round(float(share), 4) for share in shares(10_000)[[0, 1, 23, -1]]]
    [0.0025, 0.0031, 0.5, 0.9975]
    """
    ranks = np.geomspace(min(LEAST, max(1, rows // 8)), max(1, rows / 2), EACH) / rows
    return np.unique(np.concatenate([ranks, 1 - ranks]).round(12))


def every(rows: int) -> slice:
    """Thin out the rows, as evenly as can be, to no more than quantiles are taken of."""
    return slice(None, None, -(-rows // MOST_ROWS))


def quantiles(parts: Iterable[NDArray[np.floating]], rows: int) -> NDArray[np.float64]:
    """Take the quantiles of the logits of rows trained on, those of all parts together; `rows` of the table."""
    found: NDArray[np.float64] = np.quantile(np.concatenate([*parts]).astype(float), shares(rows))
    return found
