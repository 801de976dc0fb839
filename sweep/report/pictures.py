"""Which pictures a study has, and where they lie."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sweep.report.figures import (
    TrialPoint,
    draw_balance_curve,
    draw_importance,
    draw_learning,
    draw_reliability,
    draw_thresholds,
    draw_trial,
    draw_trials,
    save,
)
from sweep.report.out_of_fold import read_thresholds
from sweep.report.result import Result
from sweep.search.selection import Selection
from sweep.statistics.confusion import Counts
from sweep.study.study import FINISHED, FrozenTrial
from sweep.study_folder import StudyFolder

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def draw_one(
    record: StudyFolder,
    y: np.ndarray,
    logits: np.ndarray,
    counts: Counts,
    *,
    number: int,
    params: Mapping[str, Any],
    stopped: int | None,
) -> Path:
    """Draw one trial from its out-of-fold logits, (rows,); `stopped`: the epoch at which it was pruned, if it was."""
    path = record.trial_plot(number)
    path.parent.mkdir(parents=True, exist_ok=True)
    state = "complete" if stopped is None else "pruned"
    axes = draw_trial(y, logits, counts, number=number, params=params, name=record.name, state=state, epoch=stopped)
    save(axes, path)
    return path


def draw_every_trial(trials: Sequence[FrozenTrial], selection: Selection, name: str) -> "Axes":
    """Draw precision against recall of all trials, and what was selected."""
    pick, network = selection.picks[selection.equal], selection.winner.params
    (_, precision), (_, recall) = pick.counts.precision, pick.counts.recall
    chosen = TrialPoint(
        selection.winner.trial, pick.most, network.depth, network.width, precision, recall, bins=network.bins
    )
    points = [
        TrialPoint(
            t.number,
            most=t.params["most"],
            depth=t.params["depth"],
            width=t.params["width"],
            precision=t.user_attrs["P1"],
            recall=t.user_attrs["R1"],
            pruned=t.state != FINISHED[0],
        )
        for t in trials
    ]
    return draw_trials(points, selected=chosen, no_skill=float(selection.y.mean()), name=name)


def draw_all(record: StudyFolder, trials: Sequence[FrozenTrial], selection: Selection, result: Result) -> None:
    """Draw the pictures of the whole study."""
    record.plots.mkdir(parents=True, exist_ok=True)
    save(draw_every_trial(trials, selection, record.name), record.plots / "precision-recall.png")
    along = draw_thresholds(
        read_thresholds(record), marks=marks_of(result), delivered=result.selected.threshold, name=record.name
    )
    save(along, record.plots / "thresholds.png")
    curve = draw_balance_curve(selection.curve, selected=selection.equal, equal=result.equal, name=record.name)
    save(curve, record.plots / "balance-curve.png")
    if result.verdict:
        save(draw_reliability(result.verdict.calibration, name=record.name), record.plots / "reliability.png")
        if result.verdict.importance:
            drawn = draw_importance(result.verdict.importance, name=record.name)
            save(drawn, record.plots / "importance.png")
        if result.verdict.learning.points:
            save(draw_learning(result.verdict.learning, name=record.name), record.plots / "learning-curve.png")


def marks_of(result: Result) -> dict[str, float]:
    """Name the thresholds to mark: the balances', each on its own network's probability, and what was asked for."""
    names = [name for name in result.balances if name not in ("unweighted", "moved_cut")]
    marks = {f"equal {name}": at for name in names if (at := result.balances[name].threshold) is not None}
    if result.operating_point and result.operating_point.threshold is not None:
        marks[f"{result.operating_point.kind} {result.operating_point.asked:g}"] = result.operating_point.threshold
    return marks


def shown(record: StudyFolder) -> list[Path]:
    """Find the pictures that the report shows, of those that are there."""
    names = ("thresholds", "balance-curve", "precision-recall", "learning-curve", "reliability", "importance")
    return [path for name in names if (path := record.plots / f"{name}.png").exists()]
