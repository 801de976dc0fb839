"""Two studies of the same rows, each with the balance that it delivers: `sweep compare`."""

from dataclasses import dataclass

import numpy as np

from sweep.document import Document
from sweep.errors import StudyError
from sweep.search.selection import Selection
from sweep.statistics.bootstrap import RESAMPLES, Estimate, average_precisions, row_draws


@dataclass(frozen=True)
class StudyComparison(Document):
    """The first study less the second, out-of-fold, paired over the rows.

    Attributes
    ----------
    rows : int
    score : Estimate
        Of min(P1, R1), each at the threshold that it delivers.
    average_precision : Estimate
    """

    rows: int
    score: Estimate
    average_precision: Estimate

    @property
    def finding(self) -> str:
        """Say which study has the better score, or that they are not told apart."""
        if not self.score.excludes_zero:
            return "not told apart"
        return "the first is better" if self.score.value > 0 else "the second is better"


def compare_studies(first: Selection, second: Selection, *, seed: int = 0) -> StudyComparison:
    """Estimate the difference of two studies by a paired bootstrap over row groups.

    Both were selected on the rows that compare them; the intervals do not cover that, nor the search.

    Parameters
    ----------
    first, second : Selection
        Of the same rows in the same order; row groups are those of the first.
    seed : int

    Raises
    ------
    StudyError
        If they are of other rows.
    """
    y, pair = first.y, (first, second)
    if not (np.array_equal(y, second.y) and np.array_equal(first.rows.index, second.rows.index)):
        raise StudyError(
            f"Studies to compare must have the same rows in the same order; got {len(y)} rows with {int(y.sum())} "
            f"positives and {len(second.y)} with {int(second.y.sum())}. Run both on one table."
        )
    picks = [study.picks[study.equal] for study in pair]
    called = [pick.mean > pick.threshold for pick in picks]

    def differences(weights: np.ndarray) -> np.ndarray:
        """Score and average precision, first less second, in each resample, (2, resamples)."""
        scores = [(weights @ (c & (y == 1))) / np.maximum(weights @ c, weights @ (y == 1)) for c in called]
        precisions = [average_precisions(y, pick.mean, weights) for pick in picks]
        return np.stack([scores[0] - scores[1], precisions[0] - precisions[1]])

    draws = row_draws(y, first.rows.units, RESAMPLES, np.random.default_rng(seed))
    drawn = np.concatenate([differences(block) for block in draws], axis=1)
    values = differences(np.ones((1, len(y))))[:, 0].tolist()
    return StudyComparison(len(y), *(Estimate.of(value, of) for value, of in zip(values, drawn, strict=True)))
