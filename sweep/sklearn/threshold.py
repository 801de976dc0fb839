"""The threshold of the classifier for an operating point: found out-of-fold, carried over to the networks of all rows.

The networks of the folds are further columns of the one stack that `fit` trains: first those of all rows, then those of
each fold, with zeros on its rows.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from sweep.config import Balance
from sweep.data.duplicates import find_duplicates
from sweep.data.folds import fold_of_row
from sweep.errors import InputError
from sweep.statistics.carry_over import CarryOver, every, quantiles
from sweep.statistics.confusion import described
from sweep.statistics.corrected_point import choose_point
from sweep.statistics.operating_point import Point, Wanted

FOLDS = 5


def asked_of(**options: Any) -> Wanted | None:
    """Take the operating point that the classifier's parameters ask for, or None.

    Raises
    ------
    InputError
        If several are asked for, or one is out of range.
    """
    point = Balance(**options).point
    return None if point is None else Wanted(**point)


@dataclass(frozen=True)
class Folds:
    """The rows of a cross-validation inside `fit`.

    Attributes
    ----------
    y : array of 0 and 1, shape (rows,)
    units : array of int, shape (rows,)
        Equal rows, which stay in one fold.
    fold_of_row : array of int, shape (rows,)
        -1 for a row of weight 0, which counts nowhere.
    """

    y: np.ndarray
    units: np.ndarray
    fold_of_row: np.ndarray

    @classmethod
    def of(cls, X: np.ndarray, y: np.ndarray, weight: np.ndarray, seed: int) -> "Folds":
        """Split the rows of a weight above 0, equal ones together; X as the stack takes it, (rows, features)."""
        units = find_duplicates(pl.DataFrame(X), y)
        live = weight > 0
        least = min(len(np.unique(units[live & (y == label)])) for label in (0, 1))
        if least < FOLDS:
            raise InputError(
                f"For an operating point each class must have at least {FOLDS} different rows of a weight above 0, to "
                f"be held out in turn; got {least}. Ask for none, or add rows."
            )
        folds = np.full(len(y), -1)
        folds[live] = fold_of_row(y[live], units[live], FOLDS, seed)
        return cls(y, units, folds)

    def columns(self, W: np.ndarray) -> np.ndarray:
        """Set weights of all rows, (rows, repeats), and those without each fold side by side."""
        held_out = [np.where((self.fold_of_row == fold)[:, None], 0, W) for fold in range(FOLDS)]
        return np.concatenate([W, *held_out], axis=1)

    def find_threshold(self, asked: Wanted, logits: np.ndarray, repeats: int) -> tuple[float, dict[str, Any]]:
        """Find the threshold on the mean logit of the networks of all rows, and describe what it does out-of-fold.

        Parameters
        ----------
        asked : Wanted
        logits : array, shape (rows, (1 + folds) * repeats)
            Of the columns that `columns` laid out.
        repeats : int
        """
        live = self.fold_of_row >= 0
        means = logits.reshape(len(logits), -1, repeats).mean(axis=2, dtype=np.float64)[live]
        folds, final, by_fold = self.fold_of_row[live], means[:, 0], means[:, 1:]
        out_of_fold = by_fold[np.arange(len(folds)), folds][:, None]
        y, units = self.y[live], self.units[live]
        if asked.kind == "top" and asked.value >= len(y):
            raise InputError(f"top must be fewer rows than are trained on, {len(y)}; got {asked.value:g}.")
        _, point = choose_point(asked, y, units, out_of_fold, [True], out_of_fold)
        some = every(len(y))
        thin, fold = by_fold[some], folds[some]
        trained_on = quantiles((thin[fold != k, k] for k in range(FOLDS)), len(fold))
        line = CarryOver.between(trained_on, quantiles([final[some]], len(fold)))
        return float(line.carried(point.threshold)), _words(asked, point)


def _words(asked: Wanted, point: Point) -> dict[str, Any]:
    found = {"kind": asked.kind, "asked": asked.value, "confidence": asked.confidence, "reached": point.reached}
    words = described(point.counts)
    ends = {rate: None if interval is None else [*interval] for rate, interval in words["intervals"].items()}
    return {**found, **words, "intervals": ends}
