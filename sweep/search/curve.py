"""The balance curve at the price of a few trials: some balances over the whole range, finer where one is to be picked.

Between balances little changes, as all share initial weights and batches: what a crossing's interval is made of is the
rows. Measured on five tables (studies/benchmarks/speed), the interval of 7 balances and 2 about each crossing is that
of 21.
"""

from collections.abc import Callable, Sequence

import numpy as np

from sweep.class_weight import balance_grid, most_of_ratio, weight_ratio
from sweep.statistics.curve import Curve, balance_curve

COARSE = 7  # balances, even in the log of the weight ratio
FEWER = 4  # of them, where a network takes long to train, and none about a crossing
ABOUT = 0.25  # of the distance between them: how far on both sides of a crossing there is one more
ROUGH = 100  # resamples by which the crossings are found first
RESAMPLES = 1000
EXPECTED = COARSE + 3  # balances in all, about: 2 more for each crossing inside the range

Train = Callable[[Sequence[float]], tuple[np.ndarray, np.ndarray]]


def trace_curve(
    train: Train,
    y: np.ndarray,
    units: np.ndarray,
    low: float,
    high: float,
    *,
    prevalence: float | None = None,
    coarse: int = COARSE,
    seed: int,
) -> tuple[Curve, np.ndarray, np.ndarray]:
    """Measure a network's balance curve between two ends of `most`, finer about the crossings inside.

    Parameters
    ----------
    train : callable
        From balances to their out-of-fold logits, (rows, balances, repeats), and something beside them,
        (balances, ...); each is trained once.
    y : array of 0 and 1, shape (rows,)
    units : array of int, shape (rows,)
        Row groups.
    low, high : float
        Ends of `most`.
    prevalence : float, optional
        In the whole table, where `y` are some of its rows; default: among these.
    coarse : int
        Balances over the whole range; if these are few, there are no finer ones.
    seed : int

    Returns
    -------
    Curve, the out-of-fold logits, array of shape (rows, balances, repeats), and what goes with them, (balances, ...)
    """
    prevalence = float(y.mean()) if prevalence is None else prevalence
    grid = balance_grid(prevalence, coarse, low=low, high=high)
    logits, beside = train(grid.tolist())
    rough = balance_curve(y, units, logits, grid, prevalence=prevalence, resamples=ROUGH, seed=seed)
    if more := finer(rough, prevalence) if coarse > FEWER else []:
        further, beside_further = train(more)
        grid = np.append(grid, more)
        order = np.argsort(grid)
        grid, logits = grid[order], np.concatenate([logits, further], axis=1)[:, order]
        beside = np.concatenate([beside, beside_further])[order]
    whole = balance_curve(y, units, logits, grid, prevalence=prevalence, resamples=RESAMPLES, seed=seed)
    return whole, logits, beside


def finer(curve: Curve, prevalence: float) -> list[float]:
    """Name the balances to add to an even grid: one on each side of a crossing inside it, rising.

    Examples
    --------
    >>> y, push = np.repeat([0, 1], [80, 20]), np.log([1.0, 2.0, 4.0])
    >>> logits = (np.linspace(-3, 2.5, 100)[:, None] + push)[:, :, None]
    >>> curve = balance_curve(y, np.arange(100), logits, [0.5, 2 / 3, 0.8], resamples=9)
    >>> curve.crossings["ratio"].reached, [round(most, 3) for most in finer(curve, 0.2)]
    (False, [])
    """
    log_ratio = curve.log_ratio
    if len(log_ratio) < 2:
        return []
    apart = abs(log_ratio[-1] - log_ratio[0]) / (len(log_ratio) - 1)
    wanted: list[float] = []
    for crossing in curve.crossings.values():
        if crossing.reached:
            at = float(np.log(weight_ratio(crossing.most, prevalence)))
            wanted += [at - ABOUT * apart, at + ABOUT * apart]
    found: list[float] = []
    for place in np.clip(sorted(wanted), log_ratio.min(), log_ratio.max()).tolist():
        if np.abs(np.append(log_ratio, found) - place).min() > ABOUT * apart / 2:
            found.append(place)
    return sorted(most_of_ratio(np.exp(found), prevalence).tolist()) if found else []
