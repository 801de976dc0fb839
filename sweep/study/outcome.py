"""What a trial came to, scored: what a worker sends back and the study is told."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from sweep.statistics.confusion import Counts
from sweep.statistics.criteria import CRITERIA, gap


@dataclass(frozen=True, eq=False)
class Outcome:
    """What a trial came to.

    Attributes
    ----------
    logits : array of float32, shape (rows, repeats)
        Out-of-fold.
    counts : Counts
        Of their decisions, at the threshold 0 on the mean over repeats.
    score : float
        The study's objective.
    average_precision : float or None
    reports : tuple of (epoch, average precision)
        Of the rows trained on, out-of-fold, on the way.
    epochs : int
        The epochs trained.
    pruned : bool
        Whether it was stopped before its last epoch.
    seconds : float
    """

    logits: np.ndarray
    counts: Counts
    score: float
    average_precision: float | None
    reports: tuple[tuple[int, float], ...]
    epochs: int
    pruned: bool
    seconds: float

    def attributes(self) -> dict[str, Any]:
        """Give what the study keeps with the trial, by name."""
        (p0, p1), (r0, r1) = self.counts.precision, self.counts.recall
        return {
            "counts": self.counts.to_dict(),
            "P0": p0, "P1": p1, "R0": r0, "R1": r1,
            "average_precision": self.average_precision,
            **{f"gap_{equal}": gap(self.counts, equal) for equal in CRITERIA},
            "epochs": self.epochs,
            "seconds": self.seconds,
        }  # fmt: skip
