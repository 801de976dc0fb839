"""An operating point of a finished study: the balance of its curve that is best for it, as far as it was trained."""

from dataclasses import asdict

import numpy as np

from sweep.class_weight import weight_ratio
from sweep.model.final import Final
from sweep.model.layers import Delivered
from sweep.search.operating_point import along_curve
from sweep.search.selection import OPERATING_POINT, Selection
from sweep.statistics.calibration import as_delivered
from sweep.statistics.confusion import described
from sweep.statistics.corrected_point import choose_point
from sweep.statistics.operating_point import Point, Wanted

ALIKE = 1.02  # weight ratios this near are one balance


def at_point(final: Final, selection: Selection, asked: Wanted, *, single: bool) -> tuple[Delivered, str]:
    """Put together the balance that is best for an operating point, at its threshold; nothing is trained.

    All balances of the curve are candidates. Where the networks of the best one were not trained on all rows, the
    nearest balance that was, by the weight ratio, takes its place at a threshold of its own, and that is said.

    Returns
    -------
    Delivered
    str
        What the operating point does out-of-fold, for the terminal.
    """
    rows, curve = selection.rows, along_curve(selection)
    y, units = rows.y, rows.units
    best, ideal = choose_point(asked, y, units, curve, np.full(curve.shape[1], True), curve)
    most = float(selection.curve.most[best])
    name = _nearest(final, selection, most)
    pick = selection.picks[name]
    mean = pick.mean
    if single:
        mean = as_delivered(rows, pick.logits[:, final.alone[name]["repeat"]], pick.most)
    own = mean[:, None]
    _, found = choose_point(asked, y, units, own, [True], own)
    said = {"out_of_fold": {OPERATING_POINT: described(found.counts)}, "balance": OPERATING_POINT, "expected": {}}
    said["operating_point"] = {**asdict(asked), "reached": found.reached, "of_balance": name, "best_most": most}
    threshold = float(final.carried(name, found.threshold, single=single))
    model = final.assemble(name, single=single, threshold=threshold, said=said)
    return model, " ".join(_says(model, found, ideal, most, pick.most, name, float(y.mean())))


def _nearest(final: Final, selection: Selection, most: float) -> str:
    """Find the trained balance whose weight ratio is nearest to that of `most`."""
    share = float(selection.y.mean())
    away = {
        name: abs(float(np.log(weight_ratio(selection.picks[name].most, share) / weight_ratio(most, share))))
        for name in selection.picks
        if name in final.most
    }
    return min(away, key=lambda name: away[name])


def _says(
    model: Delivered, found: Point, ideal: Point, most: float, taken: float, name: str, share: float
) -> list[str]:
    threshold = model.card["threshold"]
    at = "" if threshold is None else f"predicted positive from a probability of {threshold:.3g} on: "
    missed = "" if found.reached else "; what was asked for is beyond reach, this is the nearest"
    called = f"{found.counts.called} of {found.counts.rows} rows predicted positive"
    lines = [f"{at}{_rates(found)} out-of-fold, {called}{missed}"]
    apart = weight_ratio(most, share) / weight_ratio(taken, share)
    if not 1 / ALIKE <= apart <= ALIKE:
        lines.append(
            f"(at most = {taken:.3g}, the balance {name.replace('_', ' ')}: of the trained ones the nearest to the "
            f"best for this, {most:.3g}, with {_rates(ideal)}; run a study with this operating point to train that one)"
        )
    return lines


def _rates(point: Point) -> str:
    (_, p1), (_, r1) = point.counts.precision, point.counts.recall
    return ", ".join(f"{k} {'-' if v is None else f'{v:.3f}'}" for k, v in (("R1", r1), ("P1", p1)))
