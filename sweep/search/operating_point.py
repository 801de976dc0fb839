"""Where to stand on the curve: the operating point of a study, chosen, corrected for the search, and described."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from sweep.search.selection import OPERATING_POINT, Pick, Selection
from sweep.statistics.calibration import as_delivered
from sweep.statistics.confusion import Counts
from sweep.statistics.corrected_point import CorrectedPoint, Estimate, choose_point, corrected_point
from sweep.statistics.operating_point import FLOORS, Point, Wanted, highest, share_met


@dataclass(frozen=True)
class ExpectedCost:
    """Cost per 1000 rows out-of-fold and of both blanket decisions; the threshold if probabilities are right."""

    per_1000: float
    nobody: float
    everybody: float
    threshold_if_calibrated: float


@dataclass(frozen=True)
class CorrectedRates:
    """P1, R1 and cost per 1000 rows to expect on new rows, each with its 95 % interval."""

    precision: Estimate | None
    recall: Estimate
    cost: Estimate | None


@dataclass(frozen=True)
class OperatingPoint:
    """What result.json holds of an operating point.

    Attributes
    ----------
    kind, asked, costs, confidence
        As in `Wanted`.
    reached : bool
    most : float
        The balance that was best for it.
    threshold : float or None
        On the delivered probability.
    counts, precision, recall
        Out-of-fold.
    called : float
        Share of the rows predicted positive.
    met : float
        Share of resamples of rows in which what was asked holds.
    corrected : CorrectedRates
    highest : (value, low, high) or None
        Where a floor is beyond reach: the highest such rate that any trial kept.
    expected_cost : ExpectedCost or None
    """

    kind: str
    asked: float
    costs: tuple[float, float] | None
    confidence: float | None
    reached: bool
    most: float
    threshold: float | None
    counts: Counts
    precision: tuple[float | None, float | None]
    recall: tuple[float | None, float | None]
    called: float
    met: float
    corrected: CorrectedRates
    highest: Estimate | None
    expected_cost: ExpectedCost | None


@dataclass(frozen=True)
class Standing:
    """An operating point as delivered.

    Attributes
    ----------
    asked : Wanted
    most : float
        The balance that was best for it.
    point : Point
        On the mean logits as delivered.
    met : float
        Share of resamples of rows in which what was asked holds at this threshold.
    corrected : CorrectedPoint
    highest : Counts or None
        Where a floor is beyond reach: those of the highest such rate that a trial or balance had.
    """

    asked: Wanted
    most: float
    point: Point
    met: float
    corrected: CorrectedPoint
    highest: Counts | None

    def described(self, probability: Callable[[str, float], float | None]) -> OperatingPoint:
        """Describe the point for result.json; `probability`: of a balance at a mean logit."""
        counts, found = self.point.counts, self.corrected
        kept, floor_is_recall = self.highest, self.asked.kind == "recall"
        best = None if kept is None else kept.intervals()["R1" if floor_is_recall else "P1"]
        highest = None
        if kept is not None and best is not None:
            highest = ((kept.recall if floor_is_recall else kept.precision)[1] or 0.0, *best)
        return OperatingPoint(
            kind=self.asked.kind,
            asked=self.asked.value,
            costs=self.asked.costs,
            confidence=self.asked.confidence,
            reached=self.point.reached,
            most=self.most,
            threshold=probability(OPERATING_POINT, self.point.threshold),
            counts=counts,
            precision=counts.precision,
            recall=counts.recall,
            called=counts.called / counts.rows,
            met=self.met,
            corrected=CorrectedRates(found.precision, found.recall, found.cost),
            highest=highest,
            expected_cost=expected_cost(self.asked, counts),
        )


def expected_cost(asked: Wanted, counts: Counts) -> ExpectedCost | None:
    """Compute the expected cost of counts beside that of the blanket calls; None where no costs were asked for.

    Examples
    --------
    >>> expected_cost(Wanted("cost", 50.0, costs=(50.0, 1.0)), Counts(tp=8, fp=20, fn=2, tn=970)).nobody
    500.0
    """
    if asked.costs is None:
        return None
    missed, false = asked.costs
    per_row = 1000 / counts.rows
    return ExpectedCost(
        per_1000=per_row * (missed * counts.fn + false * counts.fp),
        nobody=per_row * missed * counts.positives,
        everybody=per_row * false * counts.negatives,
        threshold_if_calibrated=false / (missed + false),
    )


def stand(
    selection: Selection,
    asked: Wanted,
    trials: np.ndarray,
    trial_on_curve: list[bool],
    losses: np.ndarray,
    *,
    seed: int,
) -> tuple[Selection, Standing]:
    """Choose a balance of the curve and its threshold for what was asked, and correct it for the search.

    Parameters
    ----------
    selection : Selection
    asked : Wanted
    trials : array, shape (scored rows, trials)
        Mean out-of-fold logits of all completed trials.
    trial_on_curve : list of bool
        Whether the curve is that of the trial's network.
    losses : array, shape (scored rows, trials)
        By whose sum networks were chosen.
    seed : int

    Returns
    -------
    Selection
        With one pick more, the operating point, which is what is delivered.
    Standing
    """
    rows, curve = selection.rows, selection.curve
    y, units = rows.y, rows.units
    means = along_curve(selection)
    of_all = asked, y, units, trials, trial_on_curve, means
    balance, point = choose_point(*of_all, losses=losses, seed=seed)
    corrected = corrected_point(*of_all, balance, point, losses=losses, seed=seed)
    most = float(curve.most[balance])
    of_balance = selection.curve_logits[:, balance], point.threshold, selection.curve_trained_on[balance]
    pick = Pick.at(rows, most, *of_balance)
    met = share_met(asked, y, units, means[:, balance], point.threshold, seed=seed)
    kept = None
    if asked.kind in FLOORS and not point.reached:
        every = [highest(asked.kind, y, column) for column in (*trials.T, *means.T)]
        kept = max(every, key=lambda counts: (getattr(counts, asked.kind)[1] or 0.0, -counts.called))
    picks = {**selection.picks, OPERATING_POINT: pick}
    chosen = replace(selection, equal=OPERATING_POINT, why=None, picks=picks)
    return chosen, Standing(asked, most, point, met, corrected, kept)


def along_curve(selection: Selection) -> np.ndarray:
    """Mean out-of-fold logits of each balance of the curve as delivered: float32, shape (scored rows, balances)."""
    columns = zip(selection.curve_logits.mean(axis=2).T, selection.curve.most.tolist(), strict=True)
    return np.stack([as_delivered(selection.rows, mean, most) for mean, most in columns], axis=1)
