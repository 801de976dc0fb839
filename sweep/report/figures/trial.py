"""One trial: its precision-recall curve, where it decides, and the balances at this prevalence."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike, NDArray

from sweep.class_weight import weight_ratio
from sweep.errors import InputError
from sweep.report.figures.hover import hover
from sweep.report.figures.layout import SQUARE, legend, new_axes, title
from sweep.report.figures.style import (
    CLASSES,
    CRITERION_COLOURS,
    CRITERION_NAMES,
    LINE_STYLES,
    class_shown,
    headed,
    ratio_text,
    words,
)
from sweep.report.theme import BLUE, GREY, VERMILLION, WHITE
from sweep.statistics.confusion import Counts, PrecisionRecall, precision_recall_points

HINTS = 60  # thresholds of a curve that say what they do


def balance_lines(share: float, recall: ArrayLike) -> dict[str, NDArray[np.float64]]:
    """P1 at which each balance holds, on a table of this prevalence.

    With o = (1 - share) / share negatives a positive and R = R1, counted in positives: tp = R, fn = 1 - R,
    fp = R (1 - P1) / P1, tn = o - fp. Then

        precision   tn fp = tp fn      fp^2 - o fp + R (1 - R) = 0, its smaller root;  P1 = R / (R + fp)
        ratio       fp = fn            P1 = R
        recall      fp / o = fn        P1 = R / (R + o (1 - R))

    The larger root for `precision` calls nearly all rows positive and is worse than no skill.

    Parameters
    ----------
    share : float
        Positives among the rows, inside (0, 1).
    recall : (points,)
        R1, in [0, 1].

    Returns
    -------
    dict of (points,) float
        By criterion. `precision` is NaN where that root is not real or worse than no skill (share above 0.5 only).

    Examples
    --------
    >>> {name: line.round(3).tolist() for name, line in balance_lines(0.1, [0.5, 0.9]).items()}
    {'precision': [0.947, 0.989], 'ratio': [0.5, 0.9], 'recall': [0.1, 0.5]}
    """
    if not 0 < share < 1:
        raise InputError(f"share must lie inside (0, 1); got {share}. Give a table with both classes.")
    recalls = np.asarray(recall, dtype=float)
    odds = (1 - share) / share
    inside = odds**2 - 4 * recalls * (1 - recalls)
    false_alarms = 2 * (1 - recalls) / (odds + np.sqrt(np.where(inside >= 0, inside, np.nan)))  # fp / tp
    precision = 1 / (1 + false_alarms)
    return {
        "precision": np.where(precision >= share * (1 - 1e-9), precision, np.nan),
        "ratio": recalls.copy(),
        "recall": recalls / (recalls + odds * (1 - recalls)),
    }


def draw_trial(
    y: ArrayLike,
    logits: ArrayLike,
    counts: Counts,
    *,
    number: int,
    params: Mapping[str, Any],
    name: str = "",
    classes: tuple[str, str] = CLASSES,
    state: str = "complete",
    epoch: int | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw precision against recall of one trial, out-of-fold.

    Parameters
    ----------
    y : (rows,) of bool or 0 and 1, both occurring
    logits : (rows,)
        Out-of-fold, the mean over the repeats that hold the row out; a row is predicted positive where its logit > 0.
    counts : Counts
        Of the decision that is drawn.
    number : int
        The trial's number.
    params : mapping
        `most`, `depth` and `width`.
    name : str
        The study's name.
    classes : (str, str)
        What class 0 and class 1 are called.
    state : {"complete", "pruned"}
    epoch : int, optional
        Where a pruned trial stopped.
    """
    share = counts.positives / counts.rows
    weights = f"weights {ratio_text(float(weight_ratio(params['most'], share)))}"
    lines = [f"most {params['most']:.3f} ({weights}), depth {params['depth']}, width {params['width']}"]
    if state == "pruned":
        lines.append("pruned" if epoch is None else f"pruned at epoch {epoch}: drawn as it stood there")
    lines.append(findings(counts))
    head = headed(name, f"trial {number}", longest=36)
    at_zero = counts == Counts.of(y, np.asarray(logits) > 0)  # not where an operating point was asked for
    decision = f"the trial's own threshold{', logit 0' if at_zero else ''}"
    return draw_curve(y, logits, counts, decision, head, *lines, classes=classes, ax=ax)


def draw_curve(
    y: ArrayLike,
    logits: ArrayLike,
    counts: Counts,
    decision: str,
    head: str,
    *lines: str,
    classes: tuple[str, str] = CLASSES,
    narrow: bool = False,
    ax: Axes | None = None,
) -> Axes:
    """Draw precision against recall at every threshold, a decision with its exact intervals, and the balances.

    Parameters
    ----------
    y : (rows,) of bool or 0 and 1, both occurring
    logits : (rows,)
        Out-of-fold, or anything else that sorts the rows.
    counts : Counts
        Of the decision.
    decision : str
        What it is called.
    head, lines : str
        Of the title.
    classes : (str, str)
        What class 0 and class 1 are called.
    narrow : bool
        For a phone.
    """
    points = precision_recall_points(y, logits)
    share = counts.positives / counts.rows
    ax = new_axes(ax, SQUARE, narrow=narrow)
    ax.set_box_aspect(1)

    _draw_decision(ax, counts, decision)
    drawn = _bends(np.append(0.0, points.recall))
    steps = np.append(points.precision[0], points.precision)
    ax.step(
        np.append(0.0, points.recall)[drawn], steps[drawn], where="pre", color=BLUE, linewidth=2, clip_on=False,
        label="every other threshold,\npooled out-of-fold",
    )  # fmt: skip
    _explain(ax, points, counts)
    grid = np.linspace(0, 1, 401)
    for criterion, precision in balance_lines(share, grid).items():
        if np.isnan(precision).all():
            continue
        ax.plot(
            grid, precision, color=CRITERION_COLOURS[criterion], linestyle=LINE_STYLES[criterion], linewidth=1.8,
            zorder=1.5, label=f"{CRITERION_NAMES[criterion]} here",
        )  # fmt: skip
    ax.axhline(share, color=GREY, linewidth=1.2, label=f"no skill: P1 = {share:.3g},\nthe prevalence")

    ticks = np.linspace(0, 1, 6)
    ax.set(xlim=(0, 1), ylim=(0, 1), xticks=ticks, yticks=ticks)
    ax.set_xlabel(f"recall of {class_shown(classes, 1)} (R1)", **words())
    ax.set_ylabel(f"precision of {class_shown(classes, 1)} (P1)", **words())
    title(ax, head, *lines)
    legend(ax)
    return ax


def _bends(recall: NDArray[np.float64]) -> NDArray[np.int64]:
    """Find the points at which a curve bends, (bends,): of those of one recall, the first and the last."""
    changes = np.diff(recall) != 0
    return np.flatnonzero(np.append(True, changes) | np.append(changes, True))


def _explain(ax: Axes, points: PrecisionRecall, counts: Counts) -> None:
    """Say, along the curve, what is found there and at how many false alarms."""
    rows = np.unique(np.linspace(0, points.recall.size - 1, HINTS).round().astype(int))
    recall, precision = points.recall[rows], points.precision[rows]
    found = np.rint(recall * counts.positives)
    false = np.rint(found / np.maximum(precision, 1e-12) - found)
    texts = [
        f"R1 {r:.3f}, P1 {p:.3f}: finds {n:.0f} of {counts.positives}, {m:.0f} false alarms"
        for r, p, n, m in zip(recall, precision, found, false, strict=True)
    ]
    hover(ax, recall, precision, texts, around=5.0)


def findings(counts: Counts) -> str:
    """Say what a decision finds and costs, in words.

    Examples
    --------
    >>> findings(Counts(tp=93, fp=41, fn=58, tn=2971))
    'finds 93 of 151, 41 false alarms'
    >>> findings(Counts(tp=0, fp=0, fn=12, tn=574))
    'predicts no positive: no precision (0 of 12 found)'
    """
    if not counts.called:
        return f"predicts no positive: no precision (0 of {counts.positives} found)"
    return f"finds {counts.tp} of {counts.positives}, {counts.fp} false alarm{'' if counts.fp == 1 else 's'}"


def _draw_decision(ax: Axes, counts: Counts, name: str) -> None:
    """Draw a decision as a cross of its exact intervals; nothing without a predicted positive."""
    p1, r1 = counts.precision[1], counts.recall[1]
    intervals = counts.intervals()
    p1_range, r1_range = intervals["P1"], intervals["R1"]
    if p1 is None or r1 is None or p1_range is None or r1_range is None:
        return
    label = (
        f"{name}:\nP1 {p1:.2f} ({p1_range[0]:.2f} to {p1_range[1]:.2f})"
        f"\nR1 {r1:.2f} ({r1_range[0]:.2f} to {r1_range[1]:.2f})"
    )
    for x, y in ((r1_range, (p1, p1)), ((r1, r1), p1_range)):
        ax.plot(x, y, color=VERMILLION, linewidth=2.2, zorder=4, clip_on=False, solid_capstyle="butt")
    ax.plot(
        r1, p1, linestyle="none", marker="o", markersize=8, color=VERMILLION, markeredgecolor=WHITE,
        clip_on=False, zorder=5, label=label,
    )  # fmt: skip
