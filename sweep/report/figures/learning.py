"""The learning curve: scores along the positives trained on, and what doubling them would bring."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, NullLocator

from sweep.errors import InputError
from sweep.evidence.learning_curve import Gain, LearningCurve
from sweep.report.figures.hover import hover
from sweep.report.figures.layout import WIDE, legend, new_axes, title
from sweep.report.figures.style import SMALL, headed, spread, words
from sweep.report.theme import BLACK, BLUE, GREY, ORANGE

LINES = {"score": ("min(P1, R1)", BLUE), "average_precision": ("average precision", ORANGE)}
TWICE = 2.0  # times all positives: where the projection is drawn


def crowded(ticks: Sequence[float], *, least: float = 1.22) -> set[float]:
    """Find the ticks that stand too near to the one before them on a log axis to be labelled.

    Examples
    --------
    >>> crowded([40, 50, 60, 80, 100])
    {60}
    """
    taken, left_out = ticks[0], set()
    for tick in ticks[1:]:
        if tick < least * taken:
            left_out.add(tick)
        else:
            taken = tick
    return left_out


def draw_learning(learning: LearningCurve, *, name: str = "", narrow: bool = False, ax: Axes | None = None) -> Axes:
    """Draw both scores with their bands, and right of them the interval of where doubling would take each.

    Parameters
    ----------
    learning : LearningCurve
        With at least one point.
    name : str
        The study's name.
    narrow : bool
        For a phone.
    """
    ax = new_axes(ax, WIDE, narrow=narrow)
    points, gains = learning.points, learning.gain
    if not points or gains is None:
        raise InputError("learning must have points to draw; got none. Say why instead.")
    positives = np.array([point.positives for point in points])
    ends = {}
    for nudge, (score, (label, colour)) in zip((0.98, 1.02), LINES.items(), strict=True):
        values = [getattr(point, score) for point in points]
        low, high = ([getattr(point, f"{score}_{end}") for point in points] for end in ("low", "high"))
        ax.fill_between(positives, low, high, color=colour, alpha=0.15, linewidth=0)
        ax.plot(positives, values, color=colour, linewidth=2, marker="o", markersize=5, label=label)
        gain: Gain = getattr(gains, score)
        at = TWICE * positives[-1] * nudge
        ax.plot((positives[-1], at), (values[-1], values[-1] + gain.value), color=colour, linestyle=":", linewidth=1.5)
        reach = [min(max(values[-1] + end, 0.0), 1.0) for end in (gain.low, gain.high)]
        ax.plot((at, at), reach, color=colour, linewidth=3, solid_capstyle="butt")
        ax.plot(at, values[-1] + gain.value, color=colour, marker="o", markerfacecolor="white", markersize=7)
        ends[score] = values[-1] + gain.value
        said = [f"{label} {v:.3f} ({a:.3f} to {b:.3f})" for v, a, b in zip(values, low, high, strict=True)]
        texts = [f"{n:.0f} positives: {text}" for n, text in zip(positives, said, strict=True)]
        hover(ax, positives, values, texts)
        doubled = f"doubled: {label} {gain.value:+.3f} ({gain.low:+.3f} to {gain.high:+.3f})"
        hover(ax, [at], [values[-1] + gain.value], [doubled])
    ax.set_xscale("log")
    ticks = [*positives, TWICE * positives[-1]]
    ax.xaxis.set(major_locator=FixedLocator(ticks), minor_locator=NullLocator())
    shares = [f"{100 * point.share:.0f} %" for point in points]
    labels = [f"{n:.0f}\n{s}" for n, s in zip(ticks, [*shares, "doubled"], strict=True)]
    left_out = crowded(ticks, least=1.35 if narrow else 1.22)
    labels = [label if tick not in left_out else "" for tick, label in zip(ticks, labels, strict=True)]
    ax.set_xticks(ticks, labels)
    highest = max(getattr(point, f"{score}_high") for point in points for score in LINES)
    reached = max(ends.values())
    ax.set(xlim=(positives[0] * 0.95, ticks[-1] * 1.06), ylim=(0, min(1.0, 1.15 * max(highest, reached, 0.1))))
    ax.axvline(positives[-1], color=GREY, linewidth=0.8, linestyle=":")
    if not narrow:
        heights = spread(list(ends.values()), 0.07 * ax.get_ylim()[1])
        for (_, (text, colour)), height in zip(LINES.items(), heights, strict=True):
            ax.annotate(
                text, (1, height), (12, 0), xycoords=ax.get_yaxis_transform(), textcoords="offset points",
                annotation_clip=False, **words(SMALL, va="center", color=colour),
            )  # fmt: skip
    below = "" if narrow else " (below: share of a training part's)"
    ax.set_xlabel(f"positives trained on{below}", **words(color=BLACK))
    title(
        ax,
        headed(name, "would more positives help?"),
        f"the same negatives and w1 : w0; out-of-fold, mean of {learning.draws} draws",
        "bands: 95 %, over row groups and draws; right: what doubling would bring",
    )
    if narrow:
        legend(ax)
    return ax
