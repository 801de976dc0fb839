"""The threshold picture: precision, recall and the share called along the threshold, with intervals and marks."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl
from matplotlib.axes import Axes
from scipy.special import logit

from sweep.report.figures.hover import hover
from sweep.report.figures.layout import WIDE, legend, new_axes, title
from sweep.report.figures.style import CLASS_COLOURS, CLASSES, SMALL, class_shown, headed, words
from sweep.report.theme import BLACK, GREY

RATES = {"P1": "precision", "R1": "recall"}
MOST_CALLED = 0.5  # of the rows: the picture begins where the threshold calls fewer
BANDS = 80  # that say what their threshold does
APART = 0.08  # of the axis, at least, between two ticks
TICKS = (0.0001, 0.001, 0.01, 0.05, 0.2, 0.5, 0.8, 0.95, 0.99, 0.999)


def draw_thresholds(
    thresholds: pl.DataFrame,
    *,
    marks: Mapping[str, float],
    delivered: float | None,
    name: str = "",
    classes: tuple[str, str] = CLASSES,
    narrow: bool = False,
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
    classes : (str, str)
        What class 0 and class 1 are called.
    narrow : bool
        For a phone.
    """
    ax = new_axes(ax, WIDE, narrow=narrow)
    total = sum(thresholds[0, name] for name in ("tp", "fp", "fn", "tn")) if thresholds.height else 0
    shown_rows = pl.col("threshold").is_between(0, 1, closed="none") & (pl.col("called") <= MOST_CALLED * total)
    rows = thresholds.filter(shown_rows).sort("threshold")
    x = logit(rows["threshold"].to_numpy())
    for rate, dashes in (("P1", "-"), ("R1", (0, (4, 1.5)))):
        values, low, high = (rows[f"{rate}{end}"].cast(pl.Float64).to_numpy() for end in ("", "_low", "_high"))
        ax.fill_between(x, low, high, color=CLASS_COLOURS[1], alpha=0.15, linewidth=0)
        text = f"{rate}  {RATES[rate]},\n{class_shown(classes, 1)}"
        ax.plot(x, values, color=CLASS_COLOURS[1], linestyle=dashes, linewidth=2, label=text)
    share = rows["called"].to_numpy() / max(total, 1)
    ax.plot(x, share, color=GREY, linewidth=1.5, label="share of rows\npredicted positive")
    some = rows.gather_every(max(1, len(x) // BANDS))
    hover(ax, logit(some["threshold"].to_numpy()), None, [_says(row, total) for row in some.iter_rows(named=True)])
    ends = (x.min(), x.max()) if len(x) > 1 else (-1.0, 1.0)
    inside = {text: at for text, at in marks.items() if ends[0] <= logit(at) <= ends[1]}
    for level, (text, at) in enumerate(sorted(inside.items(), key=lambda mark: mark[1])):
        height = 1.02 + 0.06 * (level % 4)
        taken = delivered is not None and at == delivered
        ax.vlines(logit(at), 0, height + 0.04, BLACK, "-" if taken else ":", linewidth=2.0 if taken else 0.9)
        left = logit(at) - ends[0] > 0.35 * (ends[1] - ends[0])  # there is room for the words
        side: dict[str, Any] = {"xytext": (-4 if left else 4, 0), "textcoords": "offset points"}
        ax.annotate(text, (logit(at), height), **side, **words(SMALL, ha="right" if left else "left"))
    ticks: list[float] = []
    for tick in TICKS:
        far = not ticks or logit(tick) - logit(ticks[-1]) >= APART * (ends[1] - ends[0])
        if ends[0] <= logit(tick) <= ends[1] and far:
            ticks.append(tick)
    ax.set_xticks(logit(ticks) if ticks else [], [f"{t:g}" for t in ticks])
    ax.set(xlim=ends, ylim=(0, 1.28), yticks=np.linspace(0, 1, 6))
    ax.set_xlabel("threshold on the probability", **words())
    title(
        ax,
        headed(name, "where to stand"),
        "from the threshold on a row is predicted positive",
        "out-of-fold; bands: exact 95 % intervals",
    )
    legend(ax)
    return ax


def _says(row: Mapping[str, Any], total: int) -> str:
    """Say what a threshold does, for the reader who points at it."""
    p1 = "undefined" if row["P1"] is None else f"{row['P1']:.3f}"
    return (
        f"from {row['threshold']:.3g} on: P1 {p1}, R1 {row['R1']:.3f}; {row['called']} of {total} rows predicted "
        f"positive, {row['tp']} of them rightly"
    )
