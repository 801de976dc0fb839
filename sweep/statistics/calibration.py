"""The calibration of the exported probability: its sum, slope and bins, out-of-fold, and its recalibration."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from sweep.class_weight import undo_weights, weight_ratio
from sweep.statistics.bootstrap import RESAMPLES, interval, row_draws, thinned
from sweep.statistics.confusion import proportion_interval
from sweep.validation import ScoredRows

BINS, FEW_BINS = 10, 5  # of equal counts; few below 100 positives
ENOUGH_POSITIVES = 100  # for 10 bins, and for a first step of Newton's method that all resamples take from one line
POSITIVES_OF_A_BIN, LEAST_BINS = 20, 3  # where bins are of equally many positives
NEWTON_STEPS = 100  # at most
CACHED = 400_000  # entries of resamples that are fitted at once: a step passes over them many times
HALVINGS = 30  # of a step, at most
SHORT, SHORTEST = 0.1, 1e-5  # steps not held against the likelihood, and that end a fit: the next is their square


@dataclass(frozen=True)
class Measured:
    """A value with its 95 % interval; all None where it is undefined."""

    value: float | None
    low: float | None
    high: float | None

    @property
    def excludes_one(self) -> bool:
        """Check whether 1 lies outside of the interval."""
        return self.low is not None and self.high is not None and not self.low <= 1 <= self.high


@dataclass(frozen=True)
class Bin:
    """Rows of nearly one probability: its mean, the prevalence among them and its exact interval."""

    rows: int
    probability: float
    share: float
    low: float
    high: float

    @property
    def positives(self) -> int:
        """Those among its rows."""
        return round(self.share * self.rows)


@dataclass(frozen=True)
class Bins:
    """Equal-count bins of the probability with the weights undone, and as the network was trained."""

    undone: tuple[Bin, ...]
    as_trained: tuple[Bin, ...]


@dataclass(frozen=True)
class Calibration:
    """How far the probability is to be believed.

    Attributes
    ----------
    total : Measured
        sum(p) / positives, with the weights undone.
    slope : Measured
        Of a logistic regression of y on the log-odds; undefined where the classes hardly overlap.
    export : (intercept, slope) or None
        The recalibration that is delivered with the probability, where one is needed.
    bins : Bins
    says : str
        The sentence of the verdict.
    """

    total: Measured
    slope: Measured
    export: tuple[float, float] | None
    bins: Bins
    says: str = ""


def undone(rows: ScoredRows, logits: NDArray[np.floating], most: float) -> NDArray[np.float64]:
    """Undo the weights, ``logit - log(w1 / w0)``, with the w1 / w0 of the rows that each fold was trained on.

    Parameters
    ----------
    rows : ScoredRows
    logits : (scored rows,)
        Mean out-of-fold logits.
    most : float
    """
    log_odds: NDArray[np.float64] = undo_weights(logits, _ratios(rows, most)[rows.fold_of_row])
    return log_odds


def as_delivered(rows: ScoredRows, logits: NDArray[np.floating], most: float) -> NDArray[np.float32]:
    """Move out-of-fold logits to the weight ratio of all rows: undo each fold's w1 / w0, redo that of all rows.

    They differ from `logits` only where the cap does not bind, so that each fold has a weight ratio of its own. A
    threshold on them is one on the undone log-odds.

    Parameters
    ----------
    rows : ScoredRows
    logits : (scored rows,)
        Mean out-of-fold logits.
    most : float
    """
    moved: NDArray[np.float32] = undo_weights(logits, _relative(rows, most)[rows.fold_of_row]).astype(np.float32)
    return moved


def as_delivered_by_fold(rows: ScoredRows, logits: NDArray[np.floating], most: float) -> NDArray[np.float32]:
    """Move the logits of each fold's networks, (..., folds), as `as_delivered` does those of the rows it holds out."""
    moved: NDArray[np.float32] = undo_weights(logits, _relative(rows, most)).astype(np.float32)
    return moved


def _relative(rows: ScoredRows, most: float) -> NDArray[np.float64]:
    """Compute w1 / w0 of each fold over that of all rows, (folds,)."""
    relative: NDArray[np.float64] = _ratios(rows, most) / weight_ratio(most, rows.prevalence)
    return relative


def _ratios(rows: ScoredRows, most: float) -> NDArray[np.float64]:
    """Compute w1 / w0 of the rows that each fold was trained on, (folds,)."""
    return np.array([weight_ratio(most, float(share)) for share in rows.trained])


def calibration(rows: ScoredRows, logits: NDArray[np.floating], most: float, *, seed: int) -> Calibration:
    """Measure the calibration of the probability, with the weights undone and without: `recalibration`, and bins.

    Parameters
    ----------
    rows, logits, most, seed
        As in `recalibration`.
    """
    labels, odds = (rows.y == 1).astype(float), undone(rows, logits, most)
    total, slope, export = recalibration(rows, logits, most, seed=seed)
    return Calibration(total, slope, export, Bins(bins(labels, odds), bins(labels, logits.astype(float))))


def recalibration(
    rows: ScoredRows, logits: NDArray[np.floating], most: float, *, seed: int
) -> tuple[Measured, Measured, tuple[float, float] | None]:
    """Measure `Calibration.total` and `slope`, and give `export`, the recalibration, where one is needed.

    `total` is sum(p) / positives, 1 where it says the right number of positives; `slope` is that of a logistic
    regression of y on the log-odds, 1 where it is neither over- nor underconfident. Where the interval of either
    excludes 1, `export` is that regression, to be delivered with the probability; its slope is not below 0. Where the
    slope is undefined it is left at 1, and the intercept alone makes the sum right.

    Parameters
    ----------
    rows : ScoredRows
    logits : (scored rows,)
        Mean out-of-fold logits of one balance.
    most : float
        That balance.
    seed : int

    References
    ----------
    Cox, Two further applications of a model for binary regression, Biometrika 45, 1958.
    """
    y, units, odds = rows.y, rows.units, undone(rows, logits, most)
    labels = (y == 1).astype(float)
    p = expit(odds)
    rows_drawn, times = thinned(y, units, odds, seed=seed)
    some, here = labels[rows_drawn], odds[rows_drawn]
    line = fit_line(some, here, times[None])[0]
    if len(rows_drawn) < len(y):  # all rows from where those that stand for them end: a step or two
        line = fit_line(labels, odds, np.ones((1, len(y))), start=line)[0]

    def measured(weights: NDArray[np.float64]) -> NDArray[np.float64]:
        """Sum and slope of weighted rows, (2, resamples)."""
        sums = (weights @ p[rows_drawn]) / (weights @ some)
        if some.sum() < ENOUGH_POSITIVES or np.isnan(line[1]):
            return np.stack([sums, fit_line(some, here, weights, start=line)[:, 1]])
        near = step_line(some, here, weights, line)
        lines = near if len(rows_drawn) < len(y) else fit_line(some, here, weights, start=near)
        return np.stack([sums, lines[:, 1]])

    draws = row_draws(y[rows_drawn], units[rows_drawn], RESAMPLES, np.random.default_rng([seed, 9]))
    at_once = max(1, CACHED // len(rows_drawn))
    pieces = (block[at : at + at_once] for block in draws for at in range(0, len(block), at_once))
    drawn = np.concatenate([measured(piece * times) for piece in pieces], axis=1)
    values = np.array([p.sum() / labels.sum(), line[1]])
    if len(rows_drawn) < len(y):  # moved to where all rows have their middle
        drawn += (values - measured(times[None])[:, 0])[:, None]
    total, slope = (_with_interval(float(value), of) for value, of in zip(values, drawn, strict=True))
    export = _export(labels, odds, line, slope) if total.excludes_one or slope.excludes_one else None
    return total, slope, export


def fit_line(
    labels: NDArray[np.float64],
    odds: NDArray[np.float64],
    weights: NDArray[np.float64],
    *,
    start: NDArray[np.float64] | None = None,
) -> NDArray[np.float64]:
    """Fit intercept and slope of y on the log-odds by maximum likelihood, in each resample, by Newton's method.

    The steps are taken on log-odds of mean 0 and deviation 1, so that their scale does not matter, and halved
    until the likelihood does not fall: from afar a whole step can go past the maximum, and the next one further. A step
    is never bent, one part of it shortened alone: it might no longer lead upwards, and the fit would end where it is.

    Parameters
    ----------
    labels, odds : (rows,)
    weights : (resamples, rows)
    start : (2,) or (resamples, 2), optional
        Where to begin, such as the line of all rows: fewer steps. Not where it is NaN.

    Returns
    -------
    (resamples, 2) float
        NaN where it does not exist: the classes do not overlap, or the odds are all alike.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> odds = rng.normal(size=4000)
    >>> labels = (rng.random(4000) < expit(2 * odds - 1)).astype(float)
    >>> fit_line(labels, odds, np.ones((1, 4000))).round(1)
    array([[-1.,  2.]])
    """
    nowhere = _apart(labels, odds, weights)
    middle, spread_of_odds = odds.mean(), odds.std() or 1.0
    odds = (odds - middle) / spread_of_odds
    if start is None or np.isnan(start).any():
        mean = (weights @ labels) / weights.sum(axis=1)
        line = np.stack([logit(np.clip(mean, 1e-9, 1 - 1e-9)), np.zeros(len(mean))], axis=1)
    else:
        begin = np.broadcast_to(start, (len(weights), 2))
        line = np.stack([begin[:, 0] + begin[:, 1] * middle, begin[:, 1] * spread_of_odds], axis=1)
    left = np.flatnonzero(~nowhere)
    for _ in range(NEWTON_STEPS):
        if not len(left):
            break
        fitted = expit(line[left, :1] + line[left, 1:] * odds)
        drawn = weights[left]
        error, spread = drawn * (labels - fitted), drawn * fitted * (1 - fitted)
        total = spread.sum(axis=1)
        centre = np.divide(spread @ odds, total, out=np.zeros_like(total), where=total > 0)
        away = odds - centre[:, None]  # from the rows near the decision boundary: most rows may be far from them
        width = np.einsum("ij,ij->i", spread, away**2)
        nowhere[left] = flat = (total <= 1e-300) | (width <= 1e-28 * total)
        tilt = np.einsum("ij,ij->i", error, away) / np.where(flat, np.inf, width)
        step = np.stack([error.sum(axis=1) / np.where(flat, np.inf, total) - centre * tilt, tilt], axis=1)
        far = np.flatnonzero(np.abs(step).max(axis=1) > SHORT)
        before = _likelihood(labels, odds, drawn[far], line[left[far]])
        for _ in range(HALVINGS if len(far) else 0):
            after = _likelihood(labels, odds, drawn[far], line[left[far]] + step[far])
            worse = after < before - 1e-12 * np.abs(before)
            if not worse.any():
                break
            step[far[worse]] /= 2
        line[left] += step
        left = left[np.abs(step).max(axis=1) >= SHORTEST]
    slope = line[:, 1] / spread_of_odds
    found = np.stack([line[:, 0] - slope * middle, slope], axis=1)
    return np.where(nowhere[:, None], np.nan, found)


def step_line(
    labels: NDArray[np.float64],
    odds: NDArray[np.float64],
    weights: NDArray[np.float64],
    line: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Take one step of Newton's method from the line of all rows to that of each resample, (resamples, 2).

    All resamples begin at one line, so that sums over rows are products of matrices. From some hundred positives on the
    step ends where `fit_line` does, but for a small part of what the resamples differ by.

    Parameters
    ----------
    labels, odds : (rows,)
    weights : (resamples, rows)
    line : (2,)

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> odds = rng.normal(size=4000)
    >>> labels = (rng.random(4000) < expit(2 * odds - 1)).astype(float)
    >>> line, drawn = fit_line(labels, odds, np.ones((1, 4000)))[0], rng.poisson(1.0, (1, 4000)).astype(float)
    >>> bool(np.abs(step_line(labels, odds, drawn, line) - fit_line(labels, odds, drawn)).max() < 0.01)
    True
    """
    fitted = expit(line[0] + line[1] * odds)
    middle = np.average(odds, weights=fitted * (1 - fitted))
    away = odds - middle
    error, spread = labels - fitted, fitted * (1 - fitted)
    parts = np.stack([error, error * away, spread, spread * away, spread * away**2], axis=1)
    g0, g1, h0, h1, h2 = (weights @ parts).T
    tilt = (h0 * g1 - h1 * g0) / (h0 * h2 - h1**2)
    level = (g0 - h1 * tilt) / h0
    return np.stack([line[0] + level - tilt * middle, line[1] + tilt], axis=1)


def _likelihood(
    labels: NDArray[np.float64], odds: NDArray[np.float64], weights: NDArray[np.float64], line: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Compute the log-likelihood, (resamples,), of one line per resample, (resamples, 2)."""
    fitted = line[:, :1] + line[:, 1:] * odds
    found: NDArray[np.float64] = np.einsum("ij,ij->i", weights, labels * fitted - np.logaddexp(0, fitted))
    return found


def _apart(labels: NDArray[np.float64], odds: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Check, in each resample, whether the log-odds of the classes do not overlap: the slope is then infinite.

    A resample with one class only counts as such.
    """

    def ends(part: NDArray[np.bool_]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        drawn = weights[:, part] > 0
        lowest, highest = np.where(drawn, odds[part], np.inf), np.where(drawn, odds[part], -np.inf)
        return lowest.min(axis=1), highest.max(axis=1)

    (low0, high0), (low1, high1) = ends(labels == 0), ends(labels == 1)
    return (low1 >= high0) | (low0 >= high1)


def bins(labels: NDArray[np.float64], odds: NDArray[np.float64]) -> tuple[Bin, ...]:
    """Sort the probability into equal-count bins; at most 5 below 100 positives.

    Examples
    --------
    >>> [(b.rows, b.share) for b in bins(np.array([0.0, 0, 0, 1, 1]), np.array([-2.0, -1, 0, 1, 2]))][3:]
    [(1, 1.0), (1, 1.0)]
    """
    parts = np.array_split(np.argsort(odds, kind="stable"), BINS if labels.sum() >= ENOUGH_POSITIVES else FEW_BINS)
    return tuple(_bin(labels[part], expit(odds[part])) for part in parts if len(part))


def bins_of_equal_positives(y: NDArray[np.integer], probability: NDArray[np.floating]) -> tuple[Bin, ...]:
    """Sort a probability into bins of equally many positives, as far as ties allow; at most 5 below 100 positives.

    Of a rare class, bins of equally many rows hold next to no positive but for the last. There are up to 10 bins, of
    about 20 positives.

    Parameters
    ----------
    y, probability : (rows,)

    Examples
    --------
    >>> y = np.array([0, 0, 0, 1, 0, 1, 0, 1, 1, 1])
    >>> [(b.positives, b.rows) for b in bins_of_equal_positives(y, np.arange(10) / 10)]
    [(2, 6), (2, 3), (1, 1)]
    """
    order = np.argsort(probability, kind="stable")
    labels, p = (y[order] == 1).astype(float), probability[order].astype(float)
    ends = np.flatnonzero(np.append(p[1:] != p[:-1], True)) + 1  # a tie is not split
    found = np.cumsum(labels)[ends - 1]
    parts = int(np.clip(found[-1] // POSITIVES_OF_A_BIN, LEAST_BINS, BINS))
    wanted = np.searchsorted(found, found[-1] * np.arange(1, parts) / parts - 1e-9)
    places = np.unique([0, *ends[wanted].tolist(), len(p)])
    return tuple(_bin(labels[a:b], p[a:b]) for a, b in pairwise(places.tolist()))


def _bin(labels: NDArray[np.float64], probability: NDArray[np.float64]) -> Bin:
    hits = int(labels.sum())
    low, high = proportion_interval(hits, len(labels))
    return Bin(len(labels), float(probability.mean()), hits / len(labels), low, high)


def _with_interval(value: float, drawn: NDArray[np.float64]) -> Measured:
    """Add the interval; None where the value, or that of more than one resample in 40, does not exist."""
    if np.isnan(value) or np.isnan(drawn).mean() > 0.025:
        return Measured(None, None, None)
    return Measured(value, *interval(drawn[~np.isnan(drawn)], around=value))


def _export(
    labels: NDArray[np.float64], odds: NDArray[np.float64], line: NDArray[np.float64], slope: Measured
) -> tuple[float, float]:
    if slope.value is None:
        far = np.abs(odds).max() + 50
        from scipy.optimize import brentq  # slow to load, and few commands fit anything

        return float(brentq(lambda shift: expit(shift + odds).sum() - labels.sum(), -far, far)), 1.0
    return (float(logit(labels.mean())), 0.0) if line[1] < 0 else (float(line[0]), float(line[1]))
