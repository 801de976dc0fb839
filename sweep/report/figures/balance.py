"""The balance curve: P0, P1, R0 and R1 along the weight ratio, and where each criterion is met."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, NullLocator
from numpy.typing import NDArray

from sweep.class_weight import weight_ratio
from sweep.report.figures.hover import hover
from sweep.report.figures.layout import WIDE, legend, new_axes, title
from sweep.report.figures.style import (
    CLASS_COLOURS,
    CLASSES,
    CRITERION_COLOURS,
    CRITERION_NAMES,
    SMALL,
    class_shown,
    headed,
    ratio_text,
    spread,
    words,
)
from sweep.report.theme import BLACK, GREY, PALE
from sweep.statistics.confusion import RATES
from sweep.statistics.criteria import CRITERIA
from sweep.statistics.curve import Curve

ROWS = {"precision": 1.26, "ratio": 1.18, "recall": 1.10}  # heights of the strip of crossings above the rates
TICKS = (1, 2, 3, 5, 7, 10, 15, 20, 30, 50, 100, 200, 500, 1000)


def ratio_ticks(low: float, high: float, *, least: float = 0.1) -> list[float]:
    """Round weight ratios from low to high, on a log axis at least `least` of its length apart; the ends are kept.

    Examples
    --------
    >>> ratio_ticks(1, 23.6)
    [1.0, 2.0, 3.0, 5.0, 7.0, 10.0, 15.0, 23.6]
    """
    length = np.log(high / low)
    inside = [t for t in sorted({*TICKS, *(1 / t for t in TICKS)}) if low < t < high]
    ticks = [float(low)]
    for t in inside:
        if min(np.log(t / ticks[-1]), np.log(high / t)) >= least * length:
            ticks.append(float(t))
    return ticks if high == low else [*ticks, float(high)]


def draw_balance_curve(
    curve: Curve,
    *,
    selected: str,
    equal: str | None,
    name: str = "",
    classes: tuple[str, str] = CLASSES,
    narrow: bool = False,
    ax: Axes | None = None,
) -> Axes:
    """Draw the four rates with their bands, and above them each criterion's crossing with its interval.

    Parameters
    ----------
    curve : Curve
    selected, equal : str
        The criterion that was taken, and the one that was asked for: None where an operating point was.
    name : str
        The study's name.
    classes : (str, str)
        What class 0 and class 1 are called.
    narrow : bool
        For a phone.
    """
    ax = new_axes(ax, WIDE, narrow=narrow)
    order = np.argsort(curve.log_ratio)
    x = np.exp(curve.log_ratio[order])
    values = dict(zip(RATES, np.hstack([curve.precision, curve.recall])[order].T, strict=True))
    ax.set_xscale("log")
    for rate, line in values.items():
        colour, dashes = CLASS_COLOURS[int(rate[1])], "-" if rate[0] == "P" else (0, (4, 1.5))
        ax.fill_between(x, *curve.bands[rate][order].T, color=colour, alpha=0.15, linewidth=0)
        ax.plot(
            x,
            line,
            color=colour,
            linestyle=dashes,
            linewidth=2,
            marker="o" if x.size == 1 else None,
            label=_named(rate, classes),
        )
    if not narrow:
        _label_rates(ax, values, classes)
    _explain(ax, x, curve.most[order], values)
    handles = ax.get_legend_handles_labels()[0]
    for criterion in CRITERIA:
        handles.append(_draw_crossing(ax, curve, criterion, taken=criterion == selected, narrow=narrow))

    ticks = ratio_ticks(x[0], x[-1], least=0.16 if narrow else 0.1)
    most = np.interp(np.log(ticks), curve.log_ratio[order], curve.most[order])
    ax.xaxis.set(major_locator=FixedLocator(ticks), minor_locator=NullLocator())
    ax.set_xticks(ticks, [f"{ratio_text(t)}\n{m:.3g}" for t, m in zip(ticks, most, strict=True)])
    levels = np.linspace(0, 1, 6)
    rows = [CRITERION_NAMES[c].partition(" (")[0] for c in ROWS]
    ax.set_yticks([*levels, *ROWS.values()], [*(f"{v:.1f}" for v in levels), *rows])
    ax.set(xlim=(x[0], x[-1]) if x.size > 1 else (x[0] / 2, x[0] * 2), ylim=(0, 1.32))
    ax.axhline(1.04, color=PALE, linewidth=0.8)
    ax.set_xlabel("weight of a positive : of a negative (below: most)", **words())
    counts = curve.counts[0]
    title(
        ax,
        headed(name, "the balance curve"),
        f"{counts.sum()} rows, {counts[0] + counts[2]} positives, out-of-fold; bands: 95 % of the resamples",
        said(selected, equal, reached=selected in curve.crossings and curve.crossings[selected].reached),
    )
    if narrow:
        legend(ax, handles=handles)
    return ax


def said(selected: str, equal: str | None, *, reached: bool) -> str:
    """Say which balance was taken; nothing of who asked for it, as the default was asked for by nobody.

    Examples
    --------
    >>> said("ratio", "precision", reached=True)
    'P0 = P1 is not reached; P1 = R1 (FP = FN) is taken'
    >>> said("recall", "recall", reached=False)
    'R0 = R1 is taken, by moving the threshold'
    """
    if equal is None:
        return "an operating point was asked for in their place"
    taken = f"{CRITERION_NAMES[selected]} is taken{'' if reached else ', by moving the threshold'}"
    return taken if selected == equal else f"{CRITERION_NAMES[equal]} is not reached; {taken}"


def _label_rates(ax: Axes, values: dict[str, NDArray[np.float64]], classes: tuple[str, str]) -> None:
    """Name each rate right of where its line ends, moved apart where two end together."""
    ends = {rate: line[np.isfinite(line)][-1] for rate, line in values.items() if np.isfinite(line).any()}
    heights = spread(list(ends.values()), 0.06)
    heights -= max(0.0, heights.max() - 1.0)
    for rate, height in zip(ends, heights, strict=True):
        _label_right(ax, height, _named(rate, classes), color=CLASS_COLOURS[int(rate[1])])


def _named(rate: str, classes: tuple[str, str]) -> str:
    name = class_shown(classes, int(rate[1]), longest=14)
    return f"{rate}  {'precision' if rate[0] == 'P' else 'recall'}, {name}"


def _explain(ax: Axes, x: NDArray[np.float64], most: NDArray[np.float64], values: dict[str, Any]) -> None:
    """Say the four rates at each balance."""
    texts = []
    for k, ratio in enumerate(x.tolist()):
        rates = ", ".join(f"{rate} {line[k]:.3f}" for rate, line in values.items() if np.isfinite(line[k]))
        texts.append(f"weights {ratio_text(ratio)}, most {most[k]:.4f}: {rates}")
    hover(ax, x, None, texts)


def _label_right(ax: Axes, height: float, text: str, **more: Any) -> None:
    """Write right of the Axes, clear of a marker on its edge."""
    ax.annotate(
        text, (1, height), (12, 0), xycoords=ax.get_yaxis_transform(), textcoords="offset points",
        annotation_clip=False, **words(SMALL, va="center", **more),
    )  # fmt: skip


def _draw_crossing(ax: Axes, curve: Curve, criterion: str, *, taken: bool, narrow: bool) -> Line2D:
    """Draw one row of the strip: a crossing and its interval, or a hollow arrow at the end where it is not reached.

    Returns what a legend says of it; a wide drawing has it written beside the row.
    """
    crossing, height, colour = curve.crossings[criterion], ROWS[criterion], CRITERION_COLOURS[criterion]
    positives = curve.counts[0, 0] + curve.counts[0, 2]
    prevalence = float(positives / curve.counts[0].sum())
    at, *ends = (float(weight_ratio(most, prevalence)) for most in (crossing.most, crossing.low, crossing.high))
    if crossing.reached:
        ax.plot(ends, (height, height), color=colour, linewidth=3, solid_capstyle="butt", clip_on=False)
    if crossing.reached or taken:
        line: dict[str, Any] = {"color": BLACK} if taken else {"color": colour, "linestyle": ":"}
        ax.plot((at, at), (0, height), linewidth=1.4, zorder=1, clip_on=False, **line)
    outward = "<" if np.log(at) <= np.mean(curve.log_ratio) else ">"
    marker: dict[str, Any] = {"marker": ("*" if taken else "o") if crossing.reached else outward}
    marker |= {"markersize": 15 if crossing.reached and taken else 8, "markeredgewidth": 1.0 if taken else 1.5}
    marker |= {
        "markerfacecolor": colour if crossing.reached else "white",
        "markeredgecolor": BLACK if taken else colour,
    }
    ax.plot(at, height, clip_on=False, zorder=5, **marker)
    text = ratio_text(at, *ends) if crossing.reached else "not reached"
    if not narrow:
        bold = {"fontweight": "bold" if taken else "normal"}
        _label_right(ax, height, text, color=BLACK if crossing.reached else GREY, **bold)
    hover(ax, [at], [height], [f"{CRITERION_NAMES[criterion]}: {text}"])
    label = f"{CRITERION_NAMES[criterion]}: {text}"
    return Line2D([], [], linestyle="none", label=label, **{**marker, "markersize": 8})
