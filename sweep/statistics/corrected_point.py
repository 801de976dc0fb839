"""An operating point corrected for the search: balance and threshold chosen on resampled rows, scored on the rest."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sweep.statistics.bootstrap import TAILS, check_units, tally
from sweep.statistics.checks import check_labels, check_logits
from sweep.statistics.confusion import count, rates
from sweep.statistics.corrected_score import Corrected
from sweep.statistics.criteria import score
from sweep.statistics.intervals import FITTING, Choices, draw_recalls, effective_size, score_interval
from sweep.statistics.operating_point import Point, Ranking, Wanted, best_threshold, draws, excess, find_point

WORK = 4e8  # rows x candidates x resamples, about; the resamples follow
LEAST_RESAMPLES, MOST_RESAMPLES = 100, 500
MOVED = 0.5  # of how far thresholds with confidence differ between resamples: with none 86 %, with all 100 % held

Estimate = tuple[float, float, float]


@dataclass(frozen=True)
class CorrectedPoint:
    """What to expect of an operating point on new rows.

    Attributes
    ----------
    precision, recall : (value, low, high) or None
        P1 and R1 of the out-of-bag counts, summed over the resamples, with a 95 % interval; None where no row is
        predicted positive.
    cost : (value, low, high)
        Expected per 1000 rows, at this table's prevalence; None where no costs were asked for.
    score : Corrected
        min(P1, R1), as for a balance.
    """

    precision: Estimate | None
    recall: Estimate
    cost: Estimate | None
    score: Corrected


def choose_point(
    asked: Wanted,
    y: ArrayLike,
    units: ArrayLike,
    trials: ArrayLike,
    trial_on_curve: ArrayLike,
    curve: ArrayLike,
    *,
    losses: ArrayLike | None = None,
    resamples: int | None = None,
    seed: int = 0,
) -> tuple[int, Point]:
    """Choose a balance of the curve and its threshold.

    The balance is the one that is best by the rule's other half. With `confidence` its threshold is then moved to where
    the floor holds in that share of the resamples, the floor raised by what the choice flatters: by half of how much
    less the out-of-bag counts have of what the floor is on than the rows that it was chosen on. By half, for a resample
    tells as much as half the rows, and flatters what is chosen on it twice as much.

    Parameters and what they mean as in `corrected_point`.

    Returns
    -------
    balance : int
        Column of `curve`.
    point : Point
    """
    labels = check_labels(y, both=True)
    along = check_logits(curve, "curve", (labels.size, "balances"))
    plain = replace(asked, confidence=None)
    points = [find_point(plain, labels, units, column) for column in along.T]
    balance = int(np.argmax([point.value for point in points]))
    if asked.confidence is None:
        return balance, points[balance]
    of_all = plain, y, units, trials, trial_on_curve, along, balance, points[balance]
    corrected = corrected_point(*of_all, losses=losses, resamples=resamples, seed=seed)
    (_, p1), (_, r1) = points[balance].counts.precision, points[balance].counts.recall
    apparent, honest = (r1, corrected.recall) if asked.kind == "recall" else (p1, corrected.precision)
    flattered = max(0.0, (apparent or 0.0) - (honest[0] if honest else 0.0)) / 2
    raised = replace(asked, value=min(1.0, asked.value + flattered))
    options = {} if resamples is None else {"resamples": resamples}
    return balance, find_point(raised, labels, units, along[:, balance], seed=seed, **options)


def corrected_point(
    asked: Wanted,
    y: ArrayLike,
    units: ArrayLike,
    trials: ArrayLike,
    trial_on_curve: ArrayLike,
    curve: ArrayLike,
    balance: int,
    taken: Point,
    *,
    losses: ArrayLike | None = None,
    resamples: int | None = None,
    seed: int = 0,
) -> CorrectedPoint:
    """Correct P1, R1 and cost of an operating point for having been chosen on the rows that score it.

    Each resample draws row groups, within classes, and repeats the rule on them: the trial of the lowest losses, or
    without losses the best, each at its own best threshold; where the curve is that of its network, the best balance of
    the curve with its threshold. What comes of it is counted on the groups left out, and the rates are those of the
    counts summed over the resamples. Where a floor was asked for with confidence, each resample, too, takes the best
    balance without and then a threshold that exceeds the floor by as many standard errors as confidence came to on all
    rows.

    What `corrected_score` does not cover, this does not either.

    Parameters
    ----------
    asked : Wanted
    y : (rows,) of bool or 0 and 1
    units : (rows,) of int
        Each class in at least 2 of them.
    trials : (rows, trials)
        Mean out-of-fold logits of all completed trials.
    trial_on_curve : (trials,) of bool
        Whether the curve is that of the trial's network.
    curve : (rows, balances)
        Mean out-of-fold logits along the balance curve.
    balance : int
        The column of the curve that was chosen on all rows.
    taken : Point
        Its threshold.
    losses : (rows, trials), optional
        By whose sum networks were chosen, the lowest first.
    resamples : int, optional
        Default: by the size of the arrays, from 100 to 500.
    seed : int

    References
    ----------
    Tsamardinos, Greasidou and Borboudakis, Machine Learning 107, 2018.
    """
    labels = check_labels(y, both=True)
    ids = check_units(units, labels.size)
    searched = check_logits(trials, "trials", (labels.size, "trials"))
    along = check_logits(curve, "curve", (labels.size, "balances"))
    own = along[:, balance]
    on_curve = np.asarray(trial_on_curve, dtype=bool)
    candidates = np.concatenate([searched, along], axis=1)
    margin = _margin(asked, labels, own, taken)
    judged = None if losses is None else check_logits(losses, "losses", searched.shape)
    total, choices = _out_of_bag(asked, margin, labels, ids, candidates, on_curve, judged, resamples, seed)
    rng = np.random.default_rng([seed, 14])
    tallies = tally(labels, ids, (own > taken.threshold)[:, None])
    r0, r1 = rates(total)[2:].tolist()
    effective = (
        effective_size(tallies[:, 1] - tallies[:, 3], tallies[:, 1]),
        effective_size(tallies[:, 2], tallies[:, 0]),
    )
    share = float(labels.mean())
    p1, r1_interval, cost = _intervals(asked, (r0, r1), effective, share, choices, rng)
    value = float(score(total))
    low, high = score_interval((r0, r1), effective, share, rng)
    whole = float(score(np.array(list(taken.counts.to_dict().values()))))
    per_1000 = None
    if asked.costs is not None:
        per_1000 = _around(1000 * float(asked.cost(total)) / float(total.sum()), cost)
    return CorrectedPoint(
        precision=_around(float(total[0] / (total[0] + total[1])), p1) if total[0] + total[1] else None,
        recall=_around(r1, r1_interval),
        cost=per_1000,
        score=Corrected(value, min(low, value), max(high, value), whole, (r0, r1), effective),
    )


def _margin(asked: Wanted, y: NDArray[np.bool_], logits: NDArray[np.floating], taken: Point) -> float:
    """Compute by how many standard errors confidence came to exceed the floor on all rows."""
    if asked.confidence is None or not taken.reached:
        return 0.0
    called = logits > taken.threshold
    tp, all_called = np.array([[np.sum(y & called)], [y.sum()]]), np.array([[called.sum()], [y.size]])
    over, error = excess(asked, tp, all_called)
    return float(max(0.0, over[0, 0] / error[0, 0])) if error[0, 0] > 0 else 0.0


def _out_of_bag(
    asked: Wanted,
    margin: float,
    y: NDArray[np.bool_],
    units: NDArray[np.int64],
    logits: NDArray[np.floating],
    trial_on_curve: NDArray[np.bool_],
    losses: NDArray[np.floating] | None,
    resamples: int | None,
    seed: int,
) -> tuple[NDArray[np.float64], Choices]:
    """Sum the counts of what each resample picks, on the groups that it left out; and list the picks.

    Of a floor or a budget the picks are left out: what their recalls differ by is their sampling noise once more. The
    threshold of least cost, though, may lie far from where it lay, at hardly another cost. So may, by half as much, one
    that holds a floor with confidence, where a few rows decide how far beyond the floor it is.
    """
    rankings: dict[int, Ranking] = {}
    trials, positive = trial_on_curve.size, y[:, None]
    resamples = resamples or int(np.clip(WORK / logits.size, LEAST_RESAMPLES, MOST_RESAMPLES))
    total, picks = np.zeros(4), []
    for weights in draws(y, units, resamples, np.random.default_rng([seed, 13])):
        size = weights.shape[1]
        values, thresholds = np.empty((2, logits.shape[1], size))
        columns, best = np.arange(logits.shape[1]), np.zeros(size, dtype=np.int64)
        if losses is not None:
            best = np.argmin(losses.T @ weights, axis=0)
            columns = np.append(np.unique(best[~trial_on_curve[best]]), columns[trials:])
        for column in columns.tolist():
            if column not in rankings:
                rankings[column] = Ranking.of(logits[:, column])
            ranking = rankings[column]
            tp, called = ranking.sums(weights * positive), ranking.sums(weights)
            point, values[column], _ = best_threshold(asked, tp, called, y.size)
            if margin:
                point, *_ = best_threshold(asked, tp, called, y.size, margin=margin)
            thresholds[column] = ranking.thresholds[point]
        if losses is None:
            best = np.argmax(values[:trials], axis=0)
        along = trials + np.argmax(values[trials:], axis=0)
        picked = np.where(trial_on_curve[best], along, best)
        decided = logits[:, picked] > thresholds[picked, np.arange(size)]
        left_out = weights == 0
        hits = count(y, decided & left_out)[:, :2].sum(axis=0)  # of those left out, as only they can be called
        positives, negatives = left_out[y].sum(), left_out[~y].sum()
        total += [hits[0], hits[1], positives - hits[0], negatives - hits[1]]
        if asked.kind == "cost" or margin:
            picks += [(1 / resamples, r0, r1) for r0, r1 in rates(count(y, decided))[:, 2:].tolist()]
    if margin:
        chosen = np.array(picks)
        chosen[:, 1:] -= (1 - MOVED) * (chosen[:, 1:] - chosen[:, 1:].mean(axis=0))
        picks = [(share, r0, r1) for share, r0, r1 in chosen.tolist()]
    return total, picks


def _intervals(
    asked: Wanted,
    recall: tuple[float, float],
    effective: tuple[float, float],
    share: float,
    choices: Choices,
    rng: np.random.Generator,
) -> tuple[tuple[float, float], tuple[float, float], tuple[float, float]]:
    """Compute 95 % intervals of P1, R1 and the cost per 1000 rows, from draws of both recalls."""
    fewer = (FITTING * effective[0], FITTING * effective[1])
    plain, generous = (draw_recalls(recall, fewer, rng, choices=choices, generous=more) for more in (False, True))

    def tables(recalls: NDArray[np.float64]) -> NDArray[np.float64]:
        tn, tp = (1 - share) * recalls[0], share * recalls[1]
        return np.stack([tp, 1 - share - tn, share - tp, tn], axis=-1)

    def precision(recalls: NDArray[np.float64]) -> NDArray[np.float64]:
        tp, fp = tables(recalls)[:, 0], tables(recalls)[:, 1]
        return tp / np.maximum(tp + fp, 1e-12)

    low, high = TAILS
    return (
        (float(np.quantile(precision(plain), low)), float(np.quantile(precision(generous), high))),
        (float(np.quantile(plain[1], low)), float(np.quantile(generous[1], high))),
        (
            float(np.quantile(1000 * asked.cost(tables(generous)), low)),
            float(np.quantile(1000 * asked.cost(tables(plain)), high)),
        ),
    )


def _around(value: float, interval: tuple[float, float]) -> Estimate:
    return value, min(interval[0], value), max(interval[1], value)
