"""Which pictures a study has, and where they lie."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sweep.report.figures import (
    TrialPoint,
    draw_balance_curve,
    draw_delivered,
    draw_importance,
    draw_learning,
    draw_reliability,
    draw_thresholds,
    draw_trial,
    draw_trials,
    save,
    save_all,
)
from sweep.report.out_of_fold import read_out_of_fold, read_thresholds
from sweep.report.result import Result
from sweep.search.selection import Selection
from sweep.statistics.calibration import bins_of_equal_positives
from sweep.statistics.confusion import Counts
from sweep.study.study import FINISHED, FrozenTrial
from sweep.study_folder import StudyFolder

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PICTURES = (
    "delivered",
    "thresholds",
    "precision-recall",
    "balance-curve",
    "reliability",
    "importance",
    "learning-curve",
)  # of a study, in the order in which they are shown


def draw_one(
    record: StudyFolder,
    y: np.ndarray,
    logits: np.ndarray,
    counts: Counts,
    *,
    number: int,
    params: Mapping[str, Any],
    stopped: int | None,
    classes: tuple[str, str],
) -> Path:
    """Draw one trial from its out-of-fold logits, (rows,).

    `stopped` is the epoch at which it was pruned, if it was; `classes` what class 0 and class 1 are called.
    """
    path = record.trial_plot(number)
    path.parent.mkdir(parents=True, exist_ok=True)
    state = "complete" if stopped is None else "pruned"
    more: dict[str, Any] = {"name": record.name, "classes": classes, "state": state, "epoch": stopped}
    axes = draw_trial(y, logits, counts, number=number, params=params, **more)
    save(axes, path)
    return path


def draw_every_trial(
    trials: Sequence[FrozenTrial], selection: Selection, result: Result, *, narrow: bool = False
) -> "Axes":
    """Draw precision against recall of all trials, and what was selected."""
    pick, network = selection.picks[selection.equal], selection.winner.params
    (_, precision), (_, recall) = pick.counts.precision, pick.counts.recall
    chosen = TrialPoint(
        selection.winner.trial,
        pick.most,
        network.depth,
        network.width,
        precision,
        recall,
        words=network.words,
        members=len(network.parts),
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
            more="".join(f", {k} {v:.4g}" for k, v in t.params.items() if k not in ("most", "depth", "width")),
        )
        for t in trials
    ]
    asked = result.operating_point
    floor = (asked.kind, asked.asked) if asked and asked.kind in ("recall", "precision") else None
    prevalence = float(selection.y.mean())
    return draw_trials(
        points,
        selected=chosen,
        prevalence=prevalence,
        equal=result.equal,
        floor=floor,
        asked_for=asked is not None,
        name=result.name,
        classes=result.data.class_names,
        narrow=narrow,
    )


def draw_all(record: StudyFolder, trials: Sequence[FrozenTrial], selection: Selection, result: Result) -> None:
    """Draw the pictures of the whole study; from what it kept of single rows too."""
    record.plots.mkdir(parents=True, exist_ok=True)
    for name, draw in drawings(record, trials, selection, result).items():
        save_all(draw, record.plots / f"{name}.png")


def drawings(
    record: StudyFolder, trials: Sequence[FrozenTrial], selection: Selection, result: Result
) -> dict[str, Callable[[bool], "Axes"]]:
    """Name what draws each picture of a study; each is told whether it is for a phone."""
    pick, taken, name, classes = selection.picks[selection.equal], result.selected, result.name, result.data.class_names
    thresholds, rows = read_thresholds(record), read_out_of_fold(record)
    bins = bins_of_equal_positives(rows["label"].to_numpy(), rows["probability"].to_numpy())
    verdict = result.verdict
    measured = verdict.calibration if verdict else None
    found: dict[str, Callable[[bool], Axes]] = {
        "delivered": lambda narrow: draw_delivered(
            selection.y,
            pick.mean,
            pick.counts,
            threshold=taken.threshold,
            average_precision=taken.average_precision,
            name=name,
            classes=classes,
            narrow=narrow,
        ),
        "thresholds": lambda narrow: draw_thresholds(
            thresholds, marks=marks_of(result), delivered=taken.threshold, name=name, classes=classes, narrow=narrow
        ),
        "precision-recall": lambda narrow: draw_every_trial(trials, selection, result, narrow=narrow),
        "balance-curve": lambda narrow: draw_balance_curve(
            selection.curve, selected=selection.equal, equal=result.equal, name=name, classes=classes, narrow=narrow
        ),
        "reliability": lambda narrow: draw_reliability(bins, calibration=measured, name=name, narrow=narrow),
    }
    if verdict and verdict.importance:
        found["importance"] = lambda narrow: draw_importance(verdict.importance, name=name, narrow=narrow)
    if verdict and verdict.learning.points:
        found["learning-curve"] = lambda narrow: draw_learning(verdict.learning, name=name, narrow=narrow)
    return found


def marks_of(result: Result) -> dict[str, float]:
    """Name the thresholds to mark: the balances', each on its own network's probability, and what was asked for."""
    names = [name for name in result.balances if name not in ("unweighted", "moved_cut")]
    marks = {f"equal {name}": at for name in names if (at := result.balances[name].threshold) is not None}
    if result.operating_point and result.operating_point.threshold is not None:
        marks[f"{result.operating_point.kind} {result.operating_point.asked:g}"] = result.operating_point.threshold
    return marks


def pictures_of(record: StudyFolder) -> list[Path]:
    """Find the study's pictures that are there, of each the PNG."""
    return [path for name in PICTURES if (path := record.plots / f"{name}.png").exists()]
