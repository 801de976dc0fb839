"""The size of a test: what so many test positives can show of the recall."""

from dataclasses import dataclass

import numpy as np
from scipy.special import betaincinv

from sweep.statistics.bootstrap import TAILS
from sweep.statistics.confusion import Counts, precision_at_prevalence, proportion_interval

WANTED = 0.1  # half of the interval's length
SIZES = (8, 12, 25, 50, 100)
LARGEST = 2000


@dataclass(frozen=True)
class Size:
    """The exact 95 % interval of the recall at a number of test positives."""

    positives: int
    interval: tuple[float, float]


@dataclass(frozen=True)
class SizeOfTest:
    """What a test table can show.

    Attributes
    ----------
    recall : float
        R1 out-of-fold.
    positives, interval : int, (low, high), or None
        Of the test table, and the interval of the recall there; None without one.
    share, trained_share : float
        Prevalence in the test table, None without one, and in the training table.
    precision : float or None
        What the out-of-fold recalls imply for P1 at the test table's prevalence.
    wanted, needed : float, int
        From `needed` positives on the interval is the recall plus or minus `wanted` or less.
    sizes : tuple of Size
        The interval at other numbers of positives.
    says : str
        The sentence of the verdict.
    """

    recall: float
    positives: int | None
    interval: tuple[float, float] | None
    share: float | None
    trained_share: float
    precision: float | None
    wanted: float
    needed: int
    sizes: tuple[Size, ...]
    says: str = ""


def assess_test_size(counts: Counts, *, positives: int | None, share: float | None) -> SizeOfTest:
    """Say what a test with so many positives can show of the recall, and how many it would need.

    The interval is the exact one of the count nearest to recall times positives. `needed` is the number of positives
    from which on it stays within +-0.1, whichever of the two nearest counts comes.

    Parameters
    ----------
    counts : Counts
        Out-of-fold, of the selected balance.
    positives : int or None
        Of the test table, if there is one.
    share : float or None
        Prevalence in it.
    """
    recall0, recall = (rate or 0.0 for rate in counts.recall)
    return SizeOfTest(
        recall=recall,
        positives=positives,
        interval=None if positives is None else at_recall(recall, positives),
        share=share,
        trained_share=counts.positives / counts.rows,
        precision=None if share is None else precision_at_prevalence(recall0, recall, share)[1],
        wanted=WANTED,
        needed=needed(recall),
        sizes=tuple(Size(n, at_recall(recall, n)) for n in SIZES),
    )


def at_recall(recall: float, positives: int) -> tuple[float, float]:
    """Compute the exact 95 % interval of the recall where the nearest count to it is found.

    Examples
    --------
    >>> low, high = at_recall(0.25, 12)
    >>> round(low, 2), round(high, 2)
    (0.05, 0.57)
    """
    return proportion_interval(round(recall * positives), positives)


def needed(recall: float) -> int:
    """Count the positives from which on the exact interval is no longer than 2 * `WANTED`.

    Examples
    --------
    >>> needed(0.5), needed(0.25)
    (104, 82)
    """
    n = np.arange(1, LARGEST)
    lengths = []
    for count in (np.floor(recall * n), np.ceil(recall * n)):
        low = np.where(count > 0, betaincinv(count, n - count + 1, TAILS[0]), 0.0)
        high = np.where(count < n, betaincinv(count + 1, n - count, TAILS[1]), 1.0)
        lengths.append(high - low)
    return int(n[np.max(lengths, axis=0) > 2 * WANTED].max()) + 1
