"""What each threshold does: counts, rates and their exact intervals at no more than 200 thresholds of one balance."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from sweep.statistics.checks import check_labels, check_logits
from sweep.statistics.confusion import Counts
from sweep.statistics.operating_point import Ranking

MOST = 200


@dataclass(frozen=True)
class AtThreshold:
    """A threshold on the logit, above which rows are predicted positive, and its counts."""

    threshold: float
    counts: Counts


def threshold_table(y: ArrayLike, logits: ArrayLike, *, always: float) -> tuple[AtThreshold, ...]:
    """Count the decisions at thresholds from the highest to the lowest.

    Where there are more than 200 distinct ones, half are even in the positives found, half in the log of the rows
    called, where precision moves most.

    Parameters
    ----------
    y : (rows,) of bool or 0 and 1, both occurring
    logits : (rows,)
    always : float
        A threshold that is among them: the delivered one.

    Examples
    --------
    >>> [(at.threshold, at.counts.called) for at in threshold_table([0, 1, 1], [0.0, 1.0, 2.0], always=0.5)][:2]
    [(2.0, 0), (1.5, 1)]
    """
    labels = check_labels(y, both=True)
    scores = check_logits(logits, "logits", (labels.size,))
    ranking = Ranking.of(scores)
    places = ranking.places
    chosen = np.arange(places.size)
    if places.size >= MOST:
        found = np.append(0, np.cumsum(labels[ranking.order]))[places]
        half = MOST // 2 - 2
        evenly = np.searchsorted(found, np.linspace(0, labels.sum(), half))
        by_called = np.searchsorted(places, np.geomspace(1, labels.size, half))
        chosen = np.unique(np.clip(np.concatenate([[0, places.size - 1], evenly, by_called]), 0, places.size - 1))
    values = ranking.thresholds[chosen]
    same = np.count_nonzero(scores > always)
    values = np.sort(np.append(values[places[chosen] != same], always))[::-1]
    called, tp = (
        len(of) - np.searchsorted(of, values.astype(of.dtype), side="right")
        for of in (np.sort(scores), np.sort(scores[labels]))
    )
    fn = labels.sum() - tp
    counts = np.stack([tp, called - tp, fn, len(labels) - called - fn], axis=1)
    return tuple(AtThreshold(value, Counts.from_array(of)) for value, of in zip(values.tolist(), counts, strict=True))
