"""All trials of a study: precision against recall of class 1, each at its own threshold."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.lines import Line2D

from sweep.class_weight import weight_ratio
from sweep.report.figures.hover import hover
from sweep.report.figures.layout import SQUARE, is_narrow, legend, new_axes, title
from sweep.report.figures.placement import Occupied, write_beside
from sweep.report.figures.style import (
    CLASSES,
    CRITERION_COLOURS,
    CRITERION_NAMES,
    FONT,
    HALO,
    LINE_STYLES,
    SMALL,
    class_shown,
    headed,
    ratio_text,
    words,
)
from sweep.report.figures.trial import balance_lines
from sweep.report.theme import BLACK, GREY, PALE, VERMILLION

LEAST_WINDOW = 0.4  # of recall and precision: never zoom in further than this
MARKERS = {0: "d", 1: "o", 2: "s", 3: "^", 4: "D", 5: "p"}  # by depth; deeper ones have six corners
EDGE = "#fcfcfc"  # of a marker, on a dark page too
COLOURS = LinearSegmentedColormap.from_list("most", colormaps["viridis"](np.linspace(0.22, 1.0, 64)))  # seen on both
GRID = np.linspace(0, 1, 401)
STAR = 260.0  # square points


@dataclass(frozen=True)
class TrialPoint:
    """A trial, or a balance picked on the curve, at its operating point (logit > 0), out-of-fold.

    Attributes
    ----------
    precision, recall : float or None
        P1 and R1; precision None without a predicted positive.
    words : str
        What is selected, which need be no trial's network, described.
    members : int
        Of how many networks the mean is.
    more : str
        Further settings that were searched, as a reader is told them.
    """

    number: int
    most: float
    depth: int
    width: int
    precision: float | None
    recall: float | None
    pruned: bool = False
    words: str = ""
    members: int = 1
    more: str = ""

    def says(self, prevalence: float | None) -> str:
        """Say what it is, for the reader who points at it."""
        ratio = "" if prevalence is None else f" (weights {ratio_text(float(weight_ratio(self.most, prevalence)))})"
        network = self.words or f"depth {self.depth}, width {self.width}{self.more}"
        state = ", pruned" if self.pruned else ""
        return (
            f"trial {self.number}{state}: P1 {self.precision:.3f}, R1 {self.recall:.3f}; most {self.most:.3f}{ratio}, "
            f"{network}"
        )

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
    prevalence: float | None = None,
    equal: str | None = None,
    floor: tuple[str, float] | None = None,
    asked_for: bool = False,
    name: str = "",
    classes: tuple[str, str] = CLASSES,
    narrow: bool = False,
    ax: Axes | None = None,
) -> Axes:
    """Draw all trials: coloured by `most`, shaped by depth, sized by width, the pruned ones hollow.

    Parameters
    ----------
    trials : sequence of TrialPoint
    selected : TrialPoint, optional
        What is delivered: the selected trial's network at the balance picked, which need not be the trial's own.
    prevalence : float, optional
        Of the positives: the precision of predicting at random.
    equal : str, optional
        The balance that is to hold: it is drawn. FP = FN is drawn wherever it passes through.
    floor : ("recall" or "precision", float), optional
        What was asked for in its place.
    asked_for : bool
        Whether an operating point was, so that trials are not at logit 0.
    name : str
        The study's name.
    classes : (str, str)
        What class 0 and class 1 are called.
    narrow : bool
        For a phone.
    """
    ax = new_axes(ax, SQUARE, narrow=narrow)
    ax.set_box_aspect(1)
    drawn = sorted((t for t in trials if t.drawable), key=_area, reverse=True)  # small ones on top
    chosen = [selected] if selected and selected.drawable else []
    x, y = _places(drawn + chosen)
    lines = _balances(prevalence, equal)
    asked: dict[str, list[float]] = {floor[0]: [floor[1]]} if floor else {}
    top = [0.97] * (equal == "precision" and "precision" in lines)  # P0 = P1 lies there, where positives are rare
    xlim, ylim = window(x + asked.get("recall", [])), window(y + top + asked.get("precision", []))
    ax.set(xlim=xlim, ylim=ylim, xticks=tenths(*xlim), yticks=tenths(*ylim))
    taken = Occupied()
    handles = _draw_levels(ax, taken) + _draw_lines(ax, lines, taken) + _draw_straight(ax, prevalence, floor, taken)

    caps = [t.most for t in drawn]
    colours = ScalarMappable(Normalize(*_colour_range(caps)), COLOURS)
    for point in drawn:
        colour: Any = colours.to_rgba(np.array([point.most]))
        ax.scatter(
            *_places([point]), s=_area(point), marker=_marker(point), zorder=3, clip_on=False,
            facecolors="none" if point.pruned else colour, edgecolors=colour if point.pruned else EDGE,
            linewidths=1.8 if point.pruned else 0.8,
        )  # fmt: skip
    taken.add_points(ax, *_places(drawn), [_area(t) for t in drawn])
    hover(ax, *_places(drawn), [t.says(prevalence) for t in drawn])
    if chosen:
        ax.scatter(*_places(chosen), s=STAR, marker="*", color=VERMILLION, edgecolors=BLACK, zorder=5, clip_on=False)
        at, says = (x[-1], y[-1]), f"selected, at the balance picked, {chosen[0].says(prevalence)}"
        write_beside(ax, "selected", at, area=STAR, taken=taken, **words(fontweight="bold", path_effects=HALO))
        hover(ax, *_places(chosen), [says])
    legend(ax, handles=_key(trials, chosen) + handles)
    if drawn:
        place = (0.0, -0.22, 1.0, 0.03) if is_narrow(ax) else (1.06, 0.1, 0.5, 0.035)
        bar = ax.figure.colorbar(colours, cax=ax.inset_axes(place), orientation="horizontal")
        bar.ax.tick_params(labelsize=SMALL, labelfontfamily=FONT)
        bar.set_label("most, the cap on the weights", **words(SMALL))
    ax.set_xlabel(f"recall of {class_shown(classes, 1)} (R1)", **words())
    ax.set_ylabel(f"precision of {class_shown(classes, 1)} (P1)", **words())
    where = "its threshold for what was asked" if asked_for else "its own threshold (logit 0)"
    count = f"{len(trials)} trial{'' if len(trials) == 1 else 's'}, each at {where}, out-of-fold"
    head = headed(name, "precision against recall", longest=28)
    title(ax, head, count, *filter(None, [silent_note(trials)]))
    return ax


def _places(points: Sequence[TrialPoint]) -> tuple[list[float], list[float]]:
    """R1 and P1 of drawable points."""
    return [p.recall or 0.0 for p in points], [p.precision or 0.0 for p in points]


def _area(point: TrialPoint) -> float:
    """Of the marker, in square points: grows with the root of the width, so that small ones stay visible."""
    return 14.0 * float(np.sqrt(max(point.width, 4)))


def _marker(point: TrialPoint) -> str:
    """Of a depth."""
    return MARKERS.get(point.depth, "h")


def _colour_range(caps: Sequence[float]) -> tuple[float, float]:
    low, high = (min(caps), max(caps)) if caps else (0.5, 1.0)
    return (low, high) if high > low else (low - 0.01, high + 0.01)


def _balances(prevalence: float | None, equal: str | None) -> dict[str, Any]:
    """Compute the lines to draw: that of FP = FN, and that of the balance that is to hold."""
    names = {"ratio", equal} - {None}
    if prevalence is None or not 0 < prevalence < 1:
        return {"ratio": GRID}
    return {name: line for name, line in balance_lines(prevalence, GRID).items() if name in names}


def _draw_levels(ax: Axes, taken: Occupied) -> list[Line2D]:
    """Draw where min(P1, R1) is the same, every 0.1; return what the legend says of it."""
    (x0, x1), (y0, y1) = ax.get_xlim(), ax.get_ylim()
    handles = []
    for level in np.arange(1, 10) / 10:
        ax.plot((1, level, level), (level, level, 1), color=PALE, linewidth=0.8, zorder=0.5)
        taken.add_line(ax, (1, level, level), (level, level, 1))
        if x0 < level < x1 or y0 < level < y1:
            handles = [Line2D([], [], color=PALE, label="same min(P1, R1)")]
        if max(x0, y0) < level < min(x1, y1):
            text = ax.annotate(
                f"{level:.1f}", (level, level), (5, -10), textcoords="offset points", zorder=0.6, **words(8, color=GREY)
            )
            box = text.get_window_extent()
            taken.boxes.append((box.x0, box.y0, box.x1, box.y1))
    return handles


def _draw_lines(ax: Axes, lines: dict[str, Any], taken: Occupied) -> list[Line2D]:
    """Draw the balances' lines; return the legend's handles of those that pass through the Axes."""
    (x0, x1), (y0, y1) = ax.get_xlim(), ax.get_ylim()
    handles = []
    for criterion, precision in lines.items():
        inside = np.all([x0 <= GRID, x1 >= GRID, precision >= y0, precision <= y1], axis=0)
        if np.count_nonzero(inside) < 2:
            continue
        style: dict[str, Any] = {"color": CRITERION_COLOURS[criterion], "linestyle": LINE_STYLES[criterion]}
        ax.plot(GRID, precision, linewidth=1.5, zorder=1, **style)
        taken.add_line(ax, GRID[inside].tolist(), precision[inside].tolist())
        handles.append(Line2D([], [], label=CRITERION_NAMES[criterion], linewidth=1.5, **style))
    return handles


def _draw_straight(
    ax: Axes, prevalence: float | None, floor: tuple[str, float] | None, taken: Occupied
) -> list[Line2D]:
    """Draw the precision of no skill, and the floor that was asked for, where they pass through; return the handles."""
    (x0, x1), (y0, y1) = ax.get_xlim(), ax.get_ylim()
    handles = []
    if prevalence is not None and y0 <= prevalence <= y1:
        ax.axhline(prevalence, color=GREY, linewidth=1.2, zorder=1)
        taken.add_line(ax, (x0, x1), (prevalence, prevalence))
        handles.append(Line2D([], [], color=GREY, label=f"no skill: P1 = {prevalence:.3g}"))
    if floor is not None:
        kind, value = floor
        across = kind == "precision"
        line: dict[str, Any] = {"color": BLACK, "linestyle": ":", "linewidth": 1.4, "zorder": 1}
        (ax.axhline if across else ax.axvline)(value, **line)
        taken.add_line(ax, *(((x0, x1), (value, value)) if across else ((value, value), (y0, y1))))
        handles.append(Line2D([], [], label=f"asked: {'P1' if across else 'R1'} at least {value:.3g}", **line))
    return handles


def _key(trials: Sequence[TrialPoint], chosen: Sequence[TrialPoint]) -> list[Line2D]:
    """Collect the legend's handles of the points: only what the drawing shows."""

    def dot(label: str, area: float, **more: Any) -> Line2D:
        style = {"marker": "o", "markersize": np.sqrt(area), "color": GREY, "markeredgecolor": EDGE} | more
        return Line2D([], [], linestyle="none", label=label, **style)

    handles = []
    for selected in chosen:
        of = f"mean of {selected.members} networks" if selected.members > 1 else selected.words
        text = f"selected: {of},\nmost = {selected.most:.3f}\nP1 {selected.precision:.2f}, R1 {selected.recall:.2f}"
        handles.append(dot(text, 220, marker="*", color=VERMILLION, markeredgecolor=BLACK))
    drawn = [t for t in trials if t.drawable]
    for depth, marker in sorted({(t.depth, _marker(t)) for t in drawn}):
        handles.append(dot(f"depth {depth}", 60, marker=marker))
    widths = sorted({t.width: _area(t) for t in drawn}.items())
    for place in dict.fromkeys(round(i * (len(widths) - 1) / 2) for i in range(3 * bool(widths))):
        width, area = widths[place]
        handles.append(dot(f"width {width}", area))
    if any(t.pruned for t in drawn):
        handles.append(dot("pruned, as it stood", 90, color="none", markeredgecolor=GREY, markeredgewidth=1.8))
    return handles
