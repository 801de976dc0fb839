"""The importance of the columns: how far average precision falls when each is permuted."""

from collections.abc import Sequence

from matplotlib.axes import Axes

from sweep.evidence.importance import Importance
from sweep.report.figures.style import BLUE, GREY, SMALL, new_axes, shown, title, words

MOST = 10  # columns drawn
PLACE = (2.6, 0.75, 5.0, 3.95)  # inches, of the Axes: names stand left of them


def draw_importance(importance: Sequence[Importance], *, name: str = "", ax: Axes | None = None) -> Axes:
    """Draw the columns that matter most, each with its interval, the first on top.

    Parameters
    ----------
    importance : sequence of Importance
        Most first; the first `MOST` are drawn.
    name : str
        The study's name.
    """
    ax = new_axes(ax, PLACE)
    drawn = importance[:MOST]
    places = range(len(drawn))
    ax.axvline(0, color=GREY, linewidth=0.8)
    ax.hlines(places, [one.low for one in drawn], [one.high for one in drawn], color=BLUE, linewidth=3, alpha=0.4)
    ax.plot([one.value for one in drawn], places, color=BLUE, marker="o", markersize=7, linestyle="none")
    ax.set_yticks(places, [shown(one.column, longest=18) for one in drawn])
    for label in ax.get_yticklabels():
        label.set(parse_math=False, fontsize=SMALL)
    ax.set_ylim(max(len(drawn), 3) - 0.5, -0.5)
    ax.set_xlabel("fall of average precision when the column is permuted", **words())
    left = len(importance) - len(drawn)
    title(
        ax,
        f"{shown(name, longest=28)}: what it goes by" if name else "what it goes by",
        "out-of-fold; bars: 95 %, over row groups",
        "columns that go together share it" + (f"; the first {len(drawn)} of {len(importance)}" if left else ""),
    )
    return ax
