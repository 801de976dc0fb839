"""All trials of a study: precision against recall of class 1, each at its own threshold."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.lines import Line2D

from sweep.report.figures.style import (
    BLACK,
    CRITERION_COLOURS,
    FONT,
    GREY,
    HALO,
    NORMAL,
    PALE,
    SMALL,
    SQUARE,
    VERMILLION,
    legend_beside,
    new_axes,
    shown,
    title,
    words,
)

LEAST_WINDOW = 0.4  # of recall and precision: never zoom in further than this


@dataclass(frozen=True)
class TrialPoint:
    """A trial, or a balance picked on the curve, at its operating point (logit > 0), out-of-fold.

    Attributes
    ----------
    precision, recall : float or None
        P1 and R1; precision None without a predicted positive.
    bins : bool
        Whether the network has bins, which no trial's has.
    """

    number: int
    most: float
    depth: int
    width: int
    precision: float | None
    recall: float | None
    pruned: bool = False
    bins: bool = False

    @property
    def drawable(self) -> bool:
        """True if both rates are defined."""
        return all(rate is not None and np.isfinite(rate) for rate in (self.precision, self.recall))


def window(values: Sequence[float]) -> tuple[float, float]:
    """Limits in steps of 0.1 that hold the values with some air, inside [0, 1], at least `LEAST_WINDOW` apart.

    Examples
    --------
    >>> window([0.42, 0.55]), window([0.99]), window([])
    ((0.2, 0.6), (0.6, 1.0), (0.0, 1.0))
    """
    if not values:
        return 0.0, 1.0
    low = max(0, int(np.floor(10 * (min(values) - 0.03))))
    high = min(10, int(np.ceil(10 * (max(values) + 0.03))))
    while high - low < 10 * LEAST_WINDOW:
        low, high = (low - 1, high) if high == 10 or (low > 0 and (high - low) % 2) else (low, high + 1)
    return low / 10, high / 10


def tenths(low: float, high: float) -> list[float]:
    """Ticks from low to high, both multiples of 0.1."""
    ticks: list[float] = (np.arange(round(10 * low), round(10 * high) + 1) / 10).tolist()
    return ticks


def silent_note(trials: Sequence[TrialPoint]) -> str:
    """Say which trials are missing from the drawing; empty where none is.

    Examples
    --------
    >>> silent_note([TrialPoint(4, 0.5, 1, 16, None, 0.0), TrialPoint(5, 0.9, 1, 16, 0.3, 0.6)])
    '1 trial predicts no positive: no precision'
    """
    silent = sum(not t.drawable for t in trials)
    if not silent:
        return ""
    return f"{silent} trial{' predicts' if silent == 1 else 's predict'} no positive: no precision"


def draw_trials(
    trials: Sequence[TrialPoint],
    *,
    selected: TrialPoint | None = None,
    no_skill: float | None = None,
    name: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Draw all trials: coloured by `most`, sized by network, the pruned ones hollow.

    Parameters
    ----------
    trials : sequence of TrialPoint
    selected : TrialPoint, optional
        What is delivered: the selected trial's network at the balance picked, which need not be the trial's own.
    no_skill : float, optional
        Prevalence: the precision of predicting at random.
    name : str
        The study's name.
    """
    ax = new_axes(ax, SQUARE)
    ax.set_box_aspect(1)
    drawn = sorted((t for t in trials if t.drawable), key=_area, reverse=True)  # small ones on top
    chosen = [selected] if selected and selected.drawable else []
    x, y = _places(drawn + chosen)
    xlim, ylim = window(x), window(y)
    ax.set(xlim=xlim, ylim=ylim, xticks=tenths(*xlim), yticks=tenths(*ylim))
    _draw_levels(ax, xlim, ylim)
    if no_skill is not None and no_skill >= ylim[0]:
        ax.axhline(no_skill, color=GREY, linewidth=1.2, zorder=1)

    caps = [t.most for t in drawn]
    colours = ScalarMappable(Normalize(*_colour_range(caps)), "viridis")
    for hollow in (False, True):
        group = [t for t in drawn if bool(t.pruned) == hollow]
        fill: Any = colours.to_rgba(np.array([t.most for t in group]))
        ax.scatter(
            *_places(group), s=[_area(t) for t in group], zorder=3, clip_on=False,
            facecolors="none" if hollow else fill, edgecolors=fill if hollow else "white",
            linewidths=1.8 if hollow else 0.8,
        )  # fmt: skip
    if chosen:
        ax.scatter(*_places(chosen), s=260, marker="*", color=VERMILLION, edgecolors=BLACK, zorder=5, clip_on=False)
        _label_selected(ax, chosen[0], xlim)
    legend_beside(ax, handles=_key(trials, selected, no_skill, ylim[0]))
    if drawn:
        bar = ax.figure.colorbar(colours, cax=ax.inset_axes((1.06, 0.1, 0.5, 0.035)), orientation="horizontal")
        bar.ax.tick_params(labelsize=SMALL, labelfontfamily=FONT)
        bar.set_label("most, the cap on the weights", **words(SMALL))
    ax.set_xlabel("recall of class 1 (R1)", **words())
    ax.set_ylabel("precision of class 1 (P1)", **words())
    count = f"{len(trials)} trial{'' if len(trials) == 1 else 's'}, each at its own threshold (logit 0), out-of-fold"
    head = "precision against recall"
    title(ax, f"{shown(name, longest=28)}: {head}" if name else head, count, *filter(None, [silent_note(trials)]))
    return ax


def _places(points: Sequence[TrialPoint]) -> tuple[list[float], list[float]]:
    """R1 and P1 of drawable points."""
    return [p.recall or 0.0 for p in points], [p.precision or 0.0 for p in points]


def _area(point: TrialPoint) -> float:
    """Of the marker, in square points: grows with the root of the hidden units, so that small ones stay visible."""
    return 12.0 * float(np.sqrt(point.depth * point.width))


def _colour_range(caps: Sequence[float]) -> tuple[float, float]:
    low, high = (min(caps), max(caps)) if caps else (0.5, 1.0)
    return (low, high) if high > low else (low - 0.01, high + 0.01)


def _draw_levels(ax: Axes, xlim: tuple[float, float], ylim: tuple[float, float]) -> None:
    """Draw where min(P1, R1) is the same, every 0.1, and the diagonal on which their corners lie."""
    for level in np.arange(1, 10) / 10:
        ax.plot((1, level, level), (level, level, 1), color=PALE, linewidth=0.8, zorder=0.5)
        if max(xlim[0], ylim[0]) < level < min(xlim[1], ylim[1]):
            ax.annotate(
                f"{level:.1f}", (level, level), (5, -10), textcoords="offset points", zorder=0.6, **words(8, color=GREY)
            )
    ax.plot((0, 1), (0, 1), color=CRITERION_COLOURS["ratio"], linestyle=(0, (5, 2)), linewidth=1.5, zorder=1)


def _label_selected(ax: Axes, point: TrialPoint, xlim: tuple[float, float]) -> None:
    """Name the delivered point beside its star, on the side with more room."""
    left = (point.recall or 0.0) > sum(xlim) / 2
    ax.annotate(
        "selected", (point.recall or 0.0, point.precision or 0.0), (-12 if left else 12, -14),
        textcoords="offset points", zorder=6, path_effects=HALO,
        **words(NORMAL, fontweight="bold", ha="right" if left else "left", va="center"),
    )  # fmt: skip


def _key(
    trials: Sequence[TrialPoint], selected: TrialPoint | None, no_skill: float | None, floor: float
) -> list[Line2D]:
    """Collect the legend's handles: only what the drawing shows."""

    def dot(label: str, area: float, **more: Any) -> Line2D:
        style = {"marker": "o", "markersize": np.sqrt(area), "color": GREY, "markeredgecolor": "white"} | more
        return Line2D([], [], linestyle="none", label=label, **style)

    handles = []
    if selected and selected.drawable:
        text = (
            f"selected: trial {selected.number}'s network,\n{'with bins, ' * selected.bins}most = {selected.most:.3f}\n"
            f"P1 {selected.precision:.2f}, R1 {selected.recall:.2f}"
        )
        handles.append(dot(text, 220, marker="*", color=VERMILLION, markeredgecolor=BLACK))
    networks = sorted({(_area(t), t.depth, t.width) for t in trials if t.drawable})
    shown_sizes = {round(i * (len(networks) - 1) / 2): None for i in range(3)} if networks else {}
    for area, depth, width in (networks[i] for i in shown_sizes):
        handles.append(dot(f"depth {depth}, width {width}", area))
    if any(t.pruned and t.drawable for t in trials):
        handles.append(dot("pruned, as it stood", 90, color="none", markeredgecolor=GREY, markeredgewidth=1.8))
    diagonal: dict[str, Any] = {"color": CRITERION_COLOURS["ratio"], "linestyle": (0, (5, 2)), "linewidth": 1.5}
    handles.append(Line2D([], [], label="P1 = R1 (FP = FN)", **diagonal))
    handles.append(Line2D([], [], color=PALE, label="same min(P1, R1)"))
    if no_skill is not None:
        below = " (below)" if no_skill < floor else ""
        handles.append(Line2D([], [], color=GREY, label=f"no skill: P1 = {no_skill:.3g}{below}"))
    return handles
