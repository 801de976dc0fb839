"""The reliability diagram: how often a row is positive where the probability says so, weights undone and not."""

import numpy as np
from matplotlib.axes import Axes

from sweep.report.figures.style import BLUE, GREY, SQUARE, VERMILLION, legend_beside, new_axes, shown, title, words
from sweep.statistics.calibration import Calibration, Measured

KINDS = {"undone": ("weights undone", BLUE, "o"), "as_trained": ("not undone", VERMILLION, "s")}
SMALLEST = 1e-4  # of the axes: what lies below is drawn there


def draw_reliability(calibration: Calibration, *, name: str = "", ax: Axes | None = None) -> Axes:
    """Draw observed share against mean probability of each bin, on log-odds axes, with exact intervals.

    Parameters
    ----------
    calibration : Calibration
    name : str
        The study's name.
    """
    ax = new_axes(ax, (0.95, *SQUARE[1:]))  # room for 0.0001 beside the axis
    seen: list[float] = []
    for kind, (label, colour, marker) in KINDS.items():
        bins = getattr(calibration.bins, kind)
        x, y, low, high = (np.array([getattr(b, key) for b in bins]) for key in ("probability", "share", "low", "high"))
        x, y, low, high = (np.clip(v, SMALLEST, 1 - SMALLEST) for v in (x, y, low, high))
        seen += [*x, *y[y > SMALLEST], *high]
        ax.vlines(x, low, high, color=colour, linewidth=1.5, alpha=0.6)
        ax.plot(x, y, color=colour, marker=marker, markersize=6, linewidth=1, label=label)
    ends = (max(SMALLEST, min(seen) / 2), 1 - max(SMALLEST, (1 - max(seen)) / 2))
    ax.plot(ends, ends, color=GREY, linewidth=1, linestyle="--", label="as it should be", zorder=0)
    ax.set_xscale("logit", one_half="0.5", use_overline=False)
    ax.set_yscale("logit", one_half="0.5", use_overline=False)
    ticks = [t for t in (1e-4, 1e-3, 0.01, 0.1, 0.5, 0.9, 0.99, 0.999) if ends[0] <= t <= ends[1]]
    for set_ticks in (ax.set_xticks, ax.set_yticks):
        set_ticks(ticks, [f"{t:g}" for t in ticks])
        set_ticks([], minor=True)
    ax.set(xlim=ends, ylim=ends)
    ax.set_xlabel("probability that the network gives (mean of the bin)", **words())
    ax.set_ylabel("prevalence among these rows", **words())
    legend_beside(ax)
    title(
        ax,
        f"{shown(name)}: can the probability be believed?" if name else "can the probability be believed?",
        f"out-of-fold, {len(calibration.bins.undone)} bins of equal counts; bars: exact 95 % intervals",
        f"sum(p) / positives {_said(calibration.total)}, slope {_said(calibration.slope)}",
    )
    return ax


def _said(found: Measured) -> str:
    if found.value is None:
        return "undefined"
    return f"{found.value:.2f} ({found.low:.2f} to {found.high:.2f})"
