"""How sure can a test of this size be? What so many test positives allow to say of the recall."""

from typing import Any

import numpy as np
from scipy.special import betaincinv

from sweep.statistics.bootstrap import TAILS
from sweep.statistics.confusion import Counts, precision_at_prevalence, proportion_interval

WANTED = 0.1  # half of the interval's length
SIZES = (8, 12, 25, 50, 100)
LARGEST = 2000


def sizing(counts: Counts, *, positives: int | None, share: float | None) -> dict[str, Any]:
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
        Of the positives in it.

    Returns
    -------
    dict
        `recall`; `positives`, `interval` and `precision`, what the recalls imply for P1 at its share, or None without a
        test table; `needed` for `wanted`; `sizes`: the interval at other numbers of positives.
    """
    recall0, recall = (rate or 0.0 for rate in counts.recall)
    return {
        "recall": recall,
        "positives": positives,
        "interval": None if positives is None else list(at_recall(recall, positives)),
        "share": share,
        "trained_share": counts.positives / counts.rows,
        "precision": None if share is None else precision_at_prevalence(recall0, recall, share)[1],
        "wanted": WANTED,
        "needed": needed(recall),
        "sizes": [{"positives": n, "interval": list(at_recall(recall, n))} for n in SIZES],
    }


def at_recall(recall: float, positives: int) -> tuple[float, float]:
    """Exact 95 % interval of the recall where the nearest count to it is found.

    Examples
    --------
    >>> low, high = at_recall(0.25, 12)
    >>> round(low, 2), round(high, 2)
    (0.05, 0.57)
    """
    return proportion_interval(round(recall * positives), positives)


def needed(recall: float) -> int:
    """Positives from which on the exact interval is no longer than 2 * `WANTED`.

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
