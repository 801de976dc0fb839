"""The learning curve over positives: the selected network, trained on shares of them."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sweep.search.setup import TrialSetup
from sweep.stack.design import positive_shares
from sweep.statistics.bootstrap import RESAMPLES, average_precisions, counts_of, interval, row_draws, thinned
from sweep.statistics.criteria import balancing_threshold, score
from sweep.study.params import Params
from sweep.validation import count_folds, trained_on

if TYPE_CHECKING:
    from sweep.parallel.workers import Workers
    from sweep.search.budget import Budget

SHARES = (0.2, 0.4, 0.5, 0.6, 0.8, 1.0)
DRAWS, FEWER_DRAWS = 4, 2  # of positives at each share; fewer where the positives themselves are many
MANY_POSITIVES = 200  # trained on: which of them are drawn tells less than which rows there are
LEAST_POSITIVES = 10  # trained on: points with fewer are skipped
LEAST_POINTS = 3
ROWS_SCORED = 1_000_000  # about, of a larger table: of what ranks low a part, which weighs so much more
DOUBLING = 2**-0.5  # of the gain from half to all, in the middle of [1/2, 1]: exponents c from 1 to 0


@dataclass(frozen=True)
class Point:
    """Scores at one share of all positives, each the mean over the draws with its 95 % interval.

    Attributes
    ----------
    share : float
    positives : float
        Trained on, mean over folds.
    score, average_precision, recall : float
        min(P1, R1), pooled average precision and R1, out-of-fold.
    """

    share: float
    positives: float
    score: float
    score_low: float
    score_high: float
    average_precision: float
    average_precision_low: float
    average_precision_high: float
    recall: float
    recall_low: float
    recall_high: float


@dataclass(frozen=True)
class Gain:
    """What doubling the positives would bring, with its 95 % interval; `from_half`: what all brought over half."""

    from_half: float
    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Gains:
    """What doubling the positives would bring in min(P1, R1) and in average precision."""

    score: Gain
    average_precision: Gain


@dataclass(frozen=True)
class LearningCurve:
    """Scores along the positives trained on.

    Attributes
    ----------
    points : tuple of Point
    gain : Gains or None
        None, with `why`, where the curve cannot tell.
    why : str or None
    draws : int
        Of positives at each share.
    says : str
        The sentence of the verdict.
    """

    points: tuple[Point, ...]
    gain: Gains | None
    why: str | None
    draws: int
    says: str = ""


def measure_learning_curve(
    X: np.ndarray,
    setup: TrialSetup,
    params: Params,
    delivered: np.ndarray,
    *,
    workers: "Workers",
    budget: "Budget",
) -> LearningCurve:
    """Measure scores along the share of all positives that is trained on, and what doubling the positives would bring.

    All columns keep w1 / w0 and all negatives; the positives that stay weigh 1 / share as much again, and held-out rows
    are scored whole, but for those beyond `ROWS_SCORED` that the delivered network ranks low. The scores are pooled
    out-of-fold average precision and min(P1, R1) at an FP = FN threshold chosen on the other folds, each the mean over
    the draws.

    With g the gain from half of the positives to all, doubling all brings at most g if the curve is concave, and
    ``g * 2^-c``, c in [0, 1], along ``a + b * n^-c``. So the gain is given as g / sqrt(2), its low end from the low end
    of g at the c that makes it least, its high end that of g itself.

    Parameters
    ----------
    X : array, shape (rows, features)
    setup : TrialSetup
    params : Params
        The selected network and balance; of a mean, its best member is trained.
    delivered : array, shape (scored rows, repeats)
        The out-of-fold logits of that network and balance: those of all positives, but where a mean is delivered.
    workers : Workers
    budget : Budget
        Where all shares would take more than half as long as the search, the least, the half and all are trained on.
    """
    folds = range(count_folds(setup.fold_of_row))
    positives = np.mean([np.sum(setup.y[trained_on(setup.fold_of_row, fold)]) for fold in folds])
    shares = [share for share in SHARES if share * positives >= LEAST_POSITIVES]
    if len(shares) < LEAST_POINTS or 0.5 not in shares:
        why = (
            f"a training part holds {positives:.0f} positives, too few for a curve: a point needs "
            f"{LEAST_POSITIVES}, a curve {LEAST_POINTS} points and one at half of the positives"
        )
        return LearningCurve((), None, why, DRAWS)
    draws, network = draws_of(float(positives)), params.parts[0]
    if shares[0] < 0.5 and budget.seconds(network, len(shares) * draws) > budget.spent / 2:
        shares = [shares[0], 0.5, 1.0]
    known = not params.members  # what all positives give was trained for the balance
    design = positive_shares(
        setup.y,
        setup.groups,
        setup.fold_of_row,
        most=params.most,
        shares=shares[:-1] if known else shares,
        draws=draws,
        seed=setup.seed,
        sample=setup.sample,
    )
    stack = workers.fit(X, design, setup.recipe(network), seed=setup.seed)
    rows = setup.scored
    some, times = thinned(rows.y, rows.units, delivered.mean(axis=1), seed=setup.seed, at_most=ROWS_SCORED)
    scored = design.at(rows.index[some])
    logits = scored.out_of_fold(stack.logits(X[rows.index[some]], scored.held_out))
    kept = (design.W[design.trained(setup.y) == 1] > 0).sum(axis=0).reshape(design.balances, -1).mean(axis=1).tolist()
    if known:
        of_all = delivered[some][:, np.arange(draws) % delivered.shape[1]]
        logits, kept = np.concatenate([logits, of_all[:, None]], axis=1), [*kept, float(positives)]
    of_rows = rows.y[some], rows.units[some], rows.fold_of_row[some]
    return score_points(*of_rows, logits, shares, kept, seed=setup.seed, weights=times)


def draws_of(positives: float) -> int:
    """Choose how often the positives of a share are drawn, by how many of them there are to train on.

    Examples
    --------
    >>> draws_of(20), draws_of(2000)
    (4, 2)
    """
    return DRAWS if positives < MANY_POSITIVES else FEWER_DRAWS


def score_points(
    y: NDArray[np.integer],
    units: NDArray[np.integer],
    fold_of_row: NDArray[np.integer],
    logits: NDArray[np.floating],
    shares: list[float],
    positives: list[float],
    *,
    seed: int,
    weights: NDArray[np.float64] | None = None,
) -> LearningCurve:
    """Score the out-of-fold logits of shares x draws, (rows, shares, draws), with intervals.

    See `measure_learning_curve`; weights: how many rows each stands for.
    """
    rows, points, draws = logits.shape
    flat, each = logits.reshape(rows, points * draws), np.ones(rows) if weights is None else weights
    called = np.stack([decide_by_other_folds(z, y, fold_of_row, each) for z in flat.T], axis=1)
    counts = _weighed(each[None], y == 1, called)[0]
    rng = np.random.default_rng([seed, 6])
    tallied, precise = [], []
    some, times = thinned(y, units, flat.mean(axis=1), seed=seed)
    times = times * each[some]
    for drawn_rows in row_draws(y[some], units[some], RESAMPLES, rng):
        block = drawn_rows * times
        tallied.append(_weighed(block, y[some] == 1, called[some]))
        precise.append(np.stack([average_precisions(y[some], z[some], block) for z in flat.T], axis=1))
    resampled = np.concatenate(tallied)
    plain = {
        "score": score(counts, "ratio"),
        "average_precision": np.array([average_precisions(y, z, each[None])[0] for z in flat.T]),
        "recall": counts[:, 0] / (counts[:, 0] + counts[:, 2]),
    }
    drawn = {
        "score": score(resampled, "ratio"),
        "average_precision": np.concatenate(precise),
        "recall": resampled[..., 0] / (resampled[..., 0] + resampled[..., 2]),
    }
    of_draws = rng.multinomial(draws, np.full(draws, 1 / draws), size=RESAMPLES) / draws
    half = shares.index(0.5)
    scores: list[dict[str, float]] = [{} for _ in shares]
    gains: dict[str, Gain] = {}
    for name, values in plain.items():
        mean = values.reshape(points, draws).mean(axis=1)
        spread = np.einsum("rpd,rd->rp", drawn[name].reshape(-1, points, draws), of_draws)
        for p, point in enumerate(scores):
            low, high = interval(spread[:, p], around=float(mean[p]))
            point |= {name: float(mean[p]), f"{name}_low": low, f"{name}_high": high}
        gains[name] = doubling(float(mean[-1] - mean[half]), spread[:, -1] - spread[:, half])
    return LearningCurve(
        points=tuple(Point(share, n, **of) for share, n, of in zip(shares, positives, scores, strict=True)),
        gain=Gains(gains["score"], gains["average_precision"]),
        why=None,
        draws=draws,
    )


def doubling(from_half: float, drawn: NDArray[np.floating]) -> Gain:
    """Project what doubling the positives brings, from the gain between half of them and all.

    Parameters
    ----------
    from_half : float
    drawn : (resamples,)
        The same of each resample.

    Examples
    --------
    >>> gain = doubling(0.1, np.array([0.06, 0.1, 0.14]))
    >>> round(gain.value, 3), round(gain.low, 3), round(gain.high, 3)
    (0.071, 0.031, 0.138)
    """
    low, high = interval(drawn, around=from_half)
    return Gain(from_half, from_half * DOUBLING, low=min(low, low / 2), high=max(high, high / 2))


def _weighed(weights: NDArray[np.float64], y: NDArray[np.bool_], called: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Count decisions, (rows, columns), by weights, (resamples, rows): (resamples, columns, 4)."""
    classes = np.stack([y, ~y], axis=1)
    tallies = np.concatenate([classes, called & classes[:, :1], called & classes[:, 1:]], axis=1)
    return counts_of(weights @ tallies.astype(float))


def decide_by_other_folds(
    logits: NDArray[np.floating],
    y: NDArray[np.integer],
    fold_of_row: NDArray[np.integer],
    weights: NDArray[np.float64] | None = None,
) -> NDArray[np.bool_]:
    """Decide each fold by the FP = FN threshold of the other folds' logits; (rows,) of bool.

    weights: how many rows each stands for.
    """
    called = np.zeros(len(y), bool)
    for fold in range(count_folds(fold_of_row)):
        here = fold_of_row == fold
        others = None if weights is None else weights[~here]
        called[here] = logits[here] > balancing_threshold(y[~here], logits[~here], weights=others)
    return called
