"""The interval of a score that rests on few rows, from draws of both recalls."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from sweep.statistics.bootstrap import TAILS
from sweep.statistics.criteria import score

Choices = Sequence[tuple[float, float, float]]

RATE_DRAWS = 10_000  # of each recall
FITTING = 0.8  # of the effective rows remain once the fit's own variation counts: without it 92 % held on other tables


def effective_size(hits: NDArray[np.integer], sizes: NDArray[np.integer]) -> float:
    """Compute how many rows, drawn singly, tell as much about a rate as these row groups; at most as many as there are.

    n divided by the design effect, the variance of the number of hits over n p (1 - p). Where all rows hit or none
    does, rows of one group count as one: sum(sizes)**2 / sum(sizes**2).

    Parameters
    ----------
    hits, sizes : (units,) of int
        Of each row group: the rows that hit, and all.

    References
    ----------
    Kish, Survey Sampling, 1965.

    Examples
    --------
    >>> effective_size(np.array([1, 0, 1, 1]), np.array([1, 1, 1, 1]))
    4.0
    >>> effective_size(np.array([2, 0, 2, 2]), np.array([2, 2, 2, 2]))
    4.0
    """
    n = float(sizes.sum())
    rate = float(hits.sum()) / n
    if not 0 < rate < 1:
        return n * n / float(np.sum(sizes.astype(float) ** 2))
    alone = n * rate * (1 - rate)
    spread = float(np.sum((hits - rate * sizes) ** 2))
    return n if spread <= alone else n * alone / spread


def draw_recalls(
    recall: tuple[float, float],
    effective: tuple[float, float],
    rng: np.random.Generator,
    *,
    choices: Choices = (),
    generous: bool = False,
) -> NDArray[np.float64]:
    """Draw what R0 and R1 may be, from Beta(hits + 1/2, misses + 1/2); generously, from Beta(hits + 1, misses).

    Where the search might as well have come to something else, its recalls differ: each draw is moved by how far one of
    the choices lies from their mean.

    Parameters
    ----------
    recall : (R0, R1)
    effective : (negatives, positives)
        `effective_size` of each class: hits are this times the recall.
    rng : Generator
    choices : sequence of (share, R0, R1)
        What was picked in which share of the resamples.
    generous : bool
        Draw for an upper end, as in the Clopper-Pearson interval, so that a class without a miss may have recall 1.

    Returns
    -------
    (2, draws) float
    """
    hit, miss = (1.0, 1e-9) if generous else (0.5, 0.5)
    rate, size = np.array(recall)[:, None], np.array(effective)[:, None]
    drawn = rng.beta(rate * size + hit, (1 - rate) * size + miss, size=(2, RATE_DRAWS))
    if not choices:
        return drawn
    share, rates = np.array(choices)[:, 0], np.array(choices)[:, 1:].T
    moved = rates - (rates @ share)[:, None]
    recalls: NDArray[np.float64] = np.clip(drawn + moved[:, rng.choice(share.size, RATE_DRAWS, p=share)], 0, 1)
    return recalls


def score_interval(
    recall: tuple[float, float],
    effective: tuple[float, float],
    prevalence: float,
    rng: np.random.Generator,
    *,
    choices: Choices = (),
) -> tuple[float, float]:
    """Compute the 95 % interval of the score at these recalls.

    R0 and R1 are drawn by `draw_recalls`, at four fifths of the effective sizes, for another table would also have
    fitted other networks. Each pair is scored; the high end is that of the generous draws. Both ends are moved, on the
    logit scale, by what takes the median of the plain draws to the score of the median recalls, for the lesser of two
    noisy rates lies low. Measured coverage: see `corrected_score`.

    Parameters
    ----------
    recall : (R0, R1)
    effective : (negatives, positives)
    prevalence : float
    rng : Generator
    choices : sequence of (share, R0, R1)

    Examples
    --------
    >>> low, high = score_interval((0.975, 0.4), (576, 24), 0.04, np.random.default_rng(0))
    >>> round(low, 2), round(high, 2)
    (0.22, 0.6)

    A search that every fifth time ends with no row predicted positive:

    >>> choices = ((0.8, 0.97, 0.5), (0.2, 1.0, 0.0))
    >>> low, high = score_interval((0.975, 0.4), (576, 24), 0.04, np.random.default_rng(0), choices=choices)
    >>> round(low, 2), round(high, 2)
    (0.0, 0.59)
    """

    def on_logits(recalls: NDArray[np.float64]) -> NDArray[np.float64]:
        tn, tp = (1 - prevalence) * recalls[0], prevalence * recalls[1]
        scores = score(np.stack([tp, 1 - prevalence - tn, prevalence - tp, tn], axis=-1))
        odds: NDArray[np.float64] = logit(np.clip(scores, 1e-9, 1 - 1e-9))
        return odds

    fewer = (FITTING * effective[0], FITTING * effective[1])
    plain = draw_recalls(recall, fewer, rng)
    shift = on_logits(np.median(plain, axis=1)) - np.median(on_logits(plain))
    low = np.quantile(on_logits(draw_recalls(recall, fewer, rng, choices=choices)), TAILS[0])
    high = np.quantile(on_logits(draw_recalls(recall, fewer, rng, choices=choices, generous=True)), TAILS[1])
    return float(expit(low + shift)), float(expit(high + shift))
