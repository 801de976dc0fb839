"""The threshold picture: precision, recall and the share called along the threshold, with intervals and marks."""

from collections.abc import Mapping

import numpy as np
import polars as pl
from matplotlib.axes import Axes
from scipy.special import logit

from sweep.report.figures.style import (
    BLACK,
    CLASS_COLOURS,
    GREY,
    SMALL,
    WIDE,
    legend_beside,
    new_axes,
    shown,
    title,
    words,
)

MOST_CALLED = 0.5  # of the rows: the picture begins where the threshold calls fewer
APART = 0.08  # of the axis, at least, between two ticks
TICKS = (0.0001, 0.001, 0.01, 0.05, 0.2, 0.5, 0.8, 0.95, 0.99, 0.999)


def draw_thresholds(
    thresholds: pl.DataFrame,
    *,
    marks: Mapping[str, float],
    delivered: float | None,
    name: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Draw P1, R1 and the share called along the threshold on the probability.

    Parameters
    ----------
    thresholds : pl.DataFrame
        As thresholds.csv holds it.
    marks : mapping of str to float
        Thresholds to mark, by what they are called.
    delivered : float or None
        The threshold that the exported model decides by.
    name : str
        The study's name.
    """
    ax = new_axes(ax, WIDE)
    total = sum(thresholds[0, name] for name in ("tp", "fp", "fn", "tn")) if thresholds.height else 0
    shown_rows = pl.col("threshold").is_between(0, 1, closed="none") & (pl.col("called") <= MOST_CALLED * total)
    rows = thresholds.filter(shown_rows).sort("threshold")
    x = logit(rows["threshold"].to_numpy())
    for rate, dashes in (("P1", "-"), ("R1", (0, (4, 1.5)))):
        values, low, high = (rows[f"{rate}{end}"].cast(pl.Float64).to_numpy() for end in ("", "_low", "_high"))
        ax.fill_between(x, low, high, color=CLASS_COLOURS[1], alpha=0.15, linewidth=0)
        text = "precision of class 1, P1" if rate == "P1" else "recall of class 1, R1"
        ax.plot(x, values, color=CLASS_COLOURS[1], linestyle=dashes, linewidth=2, label=text)
    share = rows["called"].to_numpy() / max(total, 1)
    ax.plot(x, share, color=GREY, linewidth=1.5, label="share called")
    ends = (x.min(), x.max()) if len(x) > 1 else (-1.0, 1.0)
    inside = {text: at for text, at in marks.items() if ends[0] <= logit(at) <= ends[1]}
    for level, (text, at) in enumerate(sorted(inside.items(), key=lambda mark: mark[1])):
        height = 1.02 + 0.06 * (level % 4)
        taken = delivered is not None and at == delivered
        ax.vlines(logit(at), 0, height + 0.04, BLACK, "-" if taken else ":", linewidth=2.0 if taken else 0.9)
        ax.annotate(text, (logit(at), height), (-4, 0), textcoords="offset points", **words(SMALL, ha="right"))
    ticks: list[float] = []
    for tick in TICKS:
        far = not ticks or logit(tick) - logit(ticks[-1]) >= APART * (ends[1] - ends[0])
        if ends[0] <= logit(tick) <= ends[1] and far:
            ticks.append(tick)
    ax.set_xticks(logit(ticks) if ticks else [], [f"{t:g}" for t in ticks])
    ax.set(xlim=ends, ylim=(0, 1.28), yticks=np.linspace(0, 1, 6))
    ax.set_xlabel("threshold on the probability: from it on a row is predicted positive", **words())
    legend_beside(ax)
    title(
        ax, f"{shown(name)}: where to stand" if name else "where to stand", "out-of-fold; bands: exact 95 % intervals"
    )
    return ax
