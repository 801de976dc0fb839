"""The reliability diagram: how often a row is positive where the delivered probability says so."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from sweep.report.figures.hover import hover
from sweep.report.figures.layout import SQUARE, legend, new_axes, title
from sweep.report.figures.placement import Occupied, write_beside
from sweep.report.figures.style import SMALL, headed, words
from sweep.report.theme import BLUE, GREY
from sweep.statistics.calibration import Bin, Calibration, Measured

SMALLEST = 1e-4  # of the axes: what lies below is drawn there
TICKS = (1e-4, 1e-3, 0.01, 0.1, 0.5, 0.9, 0.99, 0.999)


def draw_reliability(
    bins: Sequence[Bin],
    *,
    calibration: Calibration | None = None,
    name: str = "",
    narrow: bool = False,
    ax: Axes | None = None,
) -> Axes:
    """Draw the prevalence against the mean probability of each bin, on log-odds axes, with exact intervals and counts.

    Parameters
    ----------
    bins : sequence of Bin
        Of the probability that is delivered.
    calibration : Calibration, optional
        What was measured before it was recalibrated, if it was.
    name : str
        The study's name.
    narrow : bool
        For a phone.
    """
    ax = new_axes(ax, (0.95, *SQUARE[1:]), narrow=narrow)  # room for 0.0001 beside the axis
    ax.set_box_aspect(1)
    x, y, low, high = (np.array([getattr(b, key) for b in bins]) for key in ("probability", "share", "low", "high"))
    seen = np.concatenate([x, y, np.where(y == 1, low, y), np.where(y == 0, high, y)])
    seen = seen[(seen > SMALLEST) & (seen < 1 - SMALLEST)]
    ends = (max(SMALLEST, seen.min() / 3), 1 - max(SMALLEST, (1 - seen.max()) / 3)) if seen.size else (0.01, 0.99)
    x, y, low, high = (np.clip(values, *ends) for values in (x, y, low, high))
    ax.vlines(x, low, high, color=BLUE, linewidth=1.5, alpha=0.6, label="exact 95 % interval")
    points: dict[str, Any] = {"marker": "o", "markersize": 6, "linestyle": "none", "clip_on": False}
    ax.plot(x, y, color=BLUE, label="a bin, with the positives\namong its rows", **points)
    ax.plot(ends, ends, color=GREY, linewidth=1, linestyle="--", label="as it should be", zorder=0)
    ax.set_xscale("logit", one_half="0.5", use_overline=False)
    ax.set_yscale("logit", one_half="0.5", use_overline=False)
    ticks = [t for t in TICKS if ends[0] <= t <= ends[1]]
    for set_ticks in (ax.set_xticks, ax.set_yticks):
        set_ticks(ticks, [f"{t:g}" for t in ticks])
        set_ticks([], minor=True)
    ax.set(xlim=ends, ylim=ends)
    _write_counts(ax, bins, x, y, low, high)
    said = "mean probability {:.4f}, {} of {} rows positive: {:.4f} ({:.4f} to {:.4f})"
    texts = [said.format(b.probability, b.positives, b.rows, b.share, b.low, b.high) for b in bins]
    hover(ax, x, y, texts)
    ax.set_xlabel("delivered probability (mean of the bin)", **words())
    ax.set_ylabel("prevalence among these rows", **words())
    title(
        ax,
        headed(name, "can the probability be believed?", longest=36),
        f"as delivered, out-of-fold: {len(bins)} bins of equally many positives",
        *_measured(calibration),
    )
    legend(ax)
    return ax


def _write_counts(ax: Axes, bins: Sequence[Bin], *places: np.ndarray) -> None:
    """Write each bin's counts beside its point."""
    x, y, low, high = (place.tolist() for place in places)
    taken, ends = Occupied(), ax.get_xlim()
    taken.add_line(ax, np.geomspace(*ends, 80).tolist(), np.geomspace(*ends, 80).tolist())
    taken.add_points(ax, x, y, [36.0] * len(x))
    for at, down, up in zip(x, low, high, strict=True):
        taken.add_line(ax, (at, at), (down, up))
    figure = ax.get_figure(root=True)
    right = ax.get_window_extent().x1 + (0 if figure is None else 0.15 * figure.dpi)
    around = ax.get_window_extent()
    frame = (around.x0, around.y0, right, around.y1)
    for one, *at in zip(bins, x, y, strict=True):
        text = f"{one.positives} of {one.rows}"
        write_beside(ax, text, (at[0], at[1]), area=36.0, taken=taken, frame=frame, **words(SMALL - 1, color=BLUE))


def _measured(calibration: Calibration | None) -> list[str]:
    if calibration is None:
        return []
    total, slope = f"sum(p) / positives {_said(calibration.total)}", f"slope {_said(calibration.slope)}"
    return [f"{total}, {slope}"] if calibration.export is None else [f"recalibrated; before: {total},", slope]


def _said(found: Measured) -> str:
    if found.value is None:
        return "undefined"
    return f"{found.value:.2f} ({found.low:.2f} to {found.high:.2f})"
