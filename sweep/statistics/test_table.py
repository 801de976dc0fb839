"""The score on a test table, beside what the out-of-fold counts lead one to expect there."""

from dataclasses import dataclass

from sweep.statistics.confusion import Counts, precision_at_prevalence
from sweep.statistics.corrected_score import Corrected, prediction_interval
from sweep.statistics.criteria import score

Interval = tuple[float, float]
Pair = tuple[float | None, float | None]


@dataclass(frozen=True)
class OnTest:
    """The counts and rates on a test table.

    Attributes
    ----------
    counts : Counts
    precision, recall : (class 0, class 1)
        None where undefined.
    intervals : mapping of str to (low, high) or None
        Exact 95 % intervals of P0, P1, R0 and R1.
    expected_precision : (class 0, class 1)
        That the out-of-fold recalls imply at the table's prevalence.
    score : float or None
        min(P1, R1); None where the table lacks a class.
    predicted : (low, high) or None
        95 % interval in which the score was to be expected, the table's own sampling noise included.
    """

    counts: Counts
    precision: Pair
    recall: Pair
    intervals: dict[str, Interval | None]
    expected_precision: Pair
    score: float | None
    predicted: Interval | None


def compare_with_test(counts: Counts, out_of_fold: Counts, corrected: Corrected) -> OnTest:
    """Set the counts on a test table beside what was to be expected.

    Parameters
    ----------
    counts : Counts
        On the test table.
    out_of_fold : Counts
        Of the same balance.
    corrected : Corrected
        Its score, corrected for the search.
    """
    recall0, recall1 = out_of_fold.recall
    both = counts.positives > 0 and counts.negatives > 0
    return OnTest(
        counts=counts,
        precision=counts.precision,
        recall=counts.recall,
        intervals=counts.intervals(),
        expected_precision=precision_at_prevalence(recall0 or 0.0, recall1 or 0.0, counts.positives / counts.rows),
        score=float(score(counts)) if both else None,
        predicted=prediction_interval(corrected, counts.positives, counts.negatives) if both else None,
    )
