"""The importance of the columns: how far average precision falls when each is permuted."""

from collections.abc import Sequence

from matplotlib.axes import Axes

from sweep.evidence.importance import Importance
from sweep.report.figures.hover import hover
from sweep.report.figures.layout import new_axes, title
from sweep.report.figures.style import SMALL, headed, shown, words
from sweep.report.theme import BLUE, GREY

MOST = 10  # columns drawn
PLACE = (2.6, 0.75, 5.0, 3.95)  # inches, of the Axes: names stand left of them


def draw_importance(
    importance: Sequence[Importance], *, name: str = "", narrow: bool = False, ax: Axes | None = None
) -> Axes:
    """Draw the columns that matter most, each with its interval, the first on top.

    Parameters
    ----------
    importance : sequence of Importance
        Most first; the first `MOST` are drawn.
    name : str
        The study's name.
    narrow : bool
        For a phone.
    """
    ax = new_axes(ax, PLACE, narrow=narrow)
    drawn = importance[:MOST]
    places = range(len(drawn))
    ax.axvline(0, color=GREY, linewidth=0.8)
    ax.hlines(places, [one.low for one in drawn], [one.high for one in drawn], color=BLUE, linewidth=3, alpha=0.4)
    ax.plot([one.value for one in drawn], places, color=BLUE, marker="o", markersize=7, linestyle="none")
    said = [f"{one.column}: {one.value:+.3f} ({one.low:+.3f} to {one.high:+.3f})" for one in drawn]
    hover(ax, [one.value for one in drawn], list(places), said, around=9.0)
    ax.set_yticks(places, [shown(one.column, longest=14 if narrow else 18) for one in drawn])
    for label in ax.get_yticklabels():
        label.set(parse_math=False, fontsize=SMALL)
    ax.set_ylim(max(len(drawn), 3) - 0.5, -0.5)
    ax.set_xlabel(
        "fall of average precision" if narrow else "fall of average precision when the column is permuted", **words()
    )
    left = len(importance) - len(drawn)
    title(
        ax,
        headed(name, "what it goes by", longest=28),
        "out-of-fold; bars: 95 %, over row groups",
        f"{'when a column is permuted; ' * narrow}columns that go together share it"
        + (f"; the first {len(drawn)} of {len(importance)}" if left else ""),
    )
    return ax
