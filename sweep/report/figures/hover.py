"""Hints: what a reader is told where the pointer rests on a drawing; kept with the Axes, drawn as nothing."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from sweep.report.drawing import Hint

POINTS = 72  # of an inch
AROUND = 7.0  # points to each side of a marker, at least


class Hover(Artist):
    """The hints of a drawing's parts, in data coordinates.

    Parameters
    ----------
    x, y : (hints,)
        Centres; a `y` of None: a band over the whole height, as wide as it is to its neighbours.
    texts : sequence of str
    around : float
        Points to each side of a centre.
    """

    def __init__(self, x: ArrayLike, y: ArrayLike | None, texts: Sequence[str], around: float) -> None:
        super().__init__()
        self.x = np.asarray(x, dtype=float)
        self.y = None if y is None else np.asarray(y, dtype=float)
        self.texts, self.around = texts, around
        self.set_in_layout(False)

    def draw(self, *_: Any) -> None:
        """Draw nothing."""

    def hints(self) -> list[Hint]:
        """Place the hints on the page, in points from its upper left corner."""
        axes, figure = self.axes, self.get_figure(root=True)
        if not isinstance(axes, Axes) or figure is None:
            return []
        scale, height = POINTS / figure.dpi, POINTS * figure.get_size_inches()[1]
        middle = np.full(self.x.shape, axes.get_ylim()[0]) if self.y is None else self.y
        x, y = scale * axes.transData.transform(np.stack([self.x, middle], axis=1)).T
        if self.y is not None:
            side = 2 * self.around
            return [
                Hint((at - self.around, height - up - self.around, side, side), text)
                for at, up, text in zip(x.tolist(), y.tolist(), self.texts, strict=True)
            ]
        box = axes.get_window_extent()
        inside = np.clip(x, scale * box.x0, scale * box.x1)
        order = np.argsort(inside)
        between = (inside[order][1:] + inside[order][:-1]) / 2
        ends = np.concatenate([[scale * box.x0], between, [scale * box.x1]]).tolist()
        top, tall = height - scale * box.y1, scale * box.height
        return [
            Hint((ends[k], top, max(ends[k + 1] - ends[k], 0.5), tall), self.texts[row])
            for k, row in enumerate(order.tolist())
        ]


def hover(ax: Axes, x: ArrayLike, y: ArrayLike | None, texts: Sequence[str], *, around: float = AROUND) -> None:
    """Say a text where the pointer rests on each of some points, or, with `y` None, anywhere above its x."""
    if len(texts):
        ax.add_artist(Hover(x, y, texts, around))


def hints_of(figure: Figure) -> list[Hint]:
    """Collect the hints of a figure: bands first, so that points lie over them."""
    found = [artist for artist in figure.findobj(Hover) if isinstance(artist, Hover)]
    found.sort(key=lambda artist: artist.y is not None)
    return [hint for artist in found for hint in artist.hints()]
