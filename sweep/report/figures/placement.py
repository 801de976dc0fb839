"""Where a label has room: beside its point, over no other point, line or text."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.text import Text
from numpy.typing import NDArray

from sweep.report.theme import GREY

SIDES = ((1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (1, -1), (-1, 1), (-1, -1))  # in the order of liking
FAR = 12  # pixels from the marker, beyond which a line leads to the label
STEPS = (0, 6, 14, 26, 42)  # pixels further away
POINT, OUTSIDE = 10.0, 100.0  # what lying over a point, or beyond the frame, costs; a line costs 1 for each 10 pixels

Box = tuple[float, float, float, float]  # x0, y0, x1, y1


@dataclass
class Occupied:
    """What a label must not lie over, in pixels.

    Attributes
    ----------
    circles : list of (x, y, radius)
    paths : list of (points, 2)
        Lines, by points on them that are near to one another.
    boxes : list of Box
    """

    circles: list[tuple[float, float, float]] = field(default_factory=list)
    paths: list[NDArray[np.float64]] = field(default_factory=list)
    boxes: list[Box] = field(default_factory=list)

    def add_line(self, ax: Axes, x: Sequence[float], y: Sequence[float]) -> None:
        """Add a line through points given in data coordinates, by a point every few pixels."""
        corners = ax.transData.transform(np.stack([x, y], axis=1))
        for (x0, y0), (x1, y1) in pairwise(corners):
            count = 2 + int(np.hypot(x1 - x0, y1 - y0) // 4)
            self.paths.append(np.stack([np.linspace(x0, x1, count), np.linspace(y0, y1, count)], axis=1))

    def add_points(self, ax: Axes, x: Sequence[float], y: Sequence[float], areas: Sequence[float]) -> None:
        """Add markers, in data coordinates, of areas in square points."""
        figure = ax.get_figure(root=True)
        pixels = 1.0 if figure is None else figure.dpi / 72
        places = ax.transData.transform(np.stack([x, y], axis=1)) if len(x) else np.empty((0, 2))
        self.circles += [(*at, np.sqrt(a) / 2 * pixels) for at, a in zip(places.tolist(), areas, strict=True)]

    def cost(self, box: Box, frame: Box) -> float:
        """Weigh what a label in a box would lie over."""
        x0, y0, x1, y1 = box
        total = 0.0
        for x, y, radius in self.circles:
            apart = np.hypot(max(x0 - x, 0.0, x - x1), max(y0 - y, 0.0, y - y1))
            total += POINT * (apart < radius + 1)
        for path in self.paths:
            inside = (path[:, 0] > x0) & (path[:, 0] < x1) & (path[:, 1] > y0) & (path[:, 1] < y1)
            total += 0.4 * np.count_nonzero(inside)
        for a0, b0, a1, b1 in self.boxes:
            total += POINT * (x0 < a1 and a0 < x1 and y0 < b1 and b0 < y1)
        beyond = max(frame[0] - x0, 0.0) + max(frame[1] - y0, 0.0) + max(x1 - frame[2], 0.0) + max(y1 - frame[3], 0.0)
        return total + OUTSIDE * (beyond > 0)


def free_place(size: tuple[float, float], at: tuple[float, float], radius: float, taken: Occupied, frame: Box) -> Box:
    """Find the box of a label beside a point: the nearest of those that lie over the least.

    Parameters
    ----------
    size : (width, height)
        Of the label, in pixels, as all here.
    at, radius
        The point and its marker's radius.
    taken : Occupied
    frame : Box
        In which the label must lie.

    Examples
    --------
    >>> free_place((40, 10), (50, 50), 5, Occupied(), (0, 0, 100, 100))
    (58.0, 45.0, 98.0, 55.0)
    >>> free_place((40, 10), (80, 50), 5, Occupied(), (0, 0, 100, 100))
    (32.0, 45.0, 72.0, 55.0)
    """
    width, height = size
    best, least = (0.0, 0.0, 0.0, 0.0), np.inf
    for far in STEPS:
        for right, up in SIDES:
            gap = (radius + 3 + far) * (0.75 if right and up else 1.0)
            x0 = at[0] + (gap if right > 0 else -gap - width if right < 0 else -width / 2)
            y0 = at[1] + (gap if up > 0 else -gap - height if up < 0 else -height / 2)
            box = (x0, y0, x0 + width, y0 + height)
            cost = taken.cost(box, frame)
            if cost < least - 1e-9:
                best, least = box, cost
        if least == 0:
            break
    return best


def write_beside(
    ax: Axes, text: str, at: tuple[float, float], *, area: float, taken: Occupied, frame: Box | None = None, **more: Any
) -> None:
    """Write a label beside a point where it has room, which is taken from then on.

    Parameters
    ----------
    ax : Axes
        With its limits set.
    text : str
    at : (x, y)
        The point, in data coordinates.
    area : float
        Of its marker, in square points.
    taken : Occupied
    frame : Box, optional
        In which the label must lie, in pixels; default: the Axes.
    more
        Of the Text.
    """
    figure = ax.get_figure(root=True)
    if figure is None:
        return
    pixels = figure.dpi / 72
    x, y = ax.transData.transform(at).tolist()
    line = {"arrowstyle": "-", "color": GREY, "linewidth": 0.6, "shrinkA": 0, "shrinkB": 3}
    label = ax.annotate(
        text, at, (0, 0), textcoords="offset points", annotation_clip=False, zorder=6, arrowprops=line, **more
    )
    extent, around = Text.get_window_extent(label), ax.get_window_extent()  # without the line to it
    inside = frame or (around.x0, around.y0, around.x1, around.y1)
    x0, y0, x1, y1 = free_place((extent.width, extent.height), (x, y), np.sqrt(area) / 2 * pixels, taken, inside)
    taken.boxes.append((x0, y0, x1, y1))
    label.set(horizontalalignment="left", verticalalignment="bottom")
    label.xyann = ((x0 - x) / pixels, (y0 - y) / pixels)
    far = np.hypot(max(x0 - x, 0.0, x - x1), max(y0 - y, 0.0, y - y1)) > np.sqrt(area) / 2 * pixels + FAR
    if label.arrow_patch is not None:
        label.arrow_patch.set_visible(bool(far))
