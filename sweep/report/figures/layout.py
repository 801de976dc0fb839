"""Where things stand: beside the Axes on a wide drawing, below them on a narrow one, which a phone shows."""

import textwrap
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sweep.report.figures.style import FONT, LARGE, NORMAL, SMALL, words
from sweep.report.theme import GREY, INK

SIZE = (8.0, 5.7)  # inches, of a wide figure
SQUARE, WIDE = (0.75, 0.6, 4.15, 4.15), (0.85, 0.75, 4.7, 3.95)  # inches, of its Axes: left, bottom, width, height
NARROW = 4.2  # inches, of a narrow figure; its height is what it needs
NARROW_LEFT, NARROW_RIGHT, NARROW_HEIGHT = 0.72, 0.3, 3.3  # inches, beside its Axes, and of them
LINE = 50  # characters, of a title on a narrow one
EDGE = 0.08  # inches, around all


def new_axes(ax: Axes | None, inches: tuple[float, float, float, float], *, narrow: bool = False) -> Axes:
    """Take the given Axes, or make one of a new Figure at (left, bottom, width, height); in house style.

    The place on a wide figure is fixed, not fitted, so that the pictures of two trials can be laid on one another. On
    a narrow one (`narrow`) the Axes keep to its sides, at least as far from the left as on the wide one where that is
    for long names.
    """
    if ax is None:
        if narrow:
            left = max(NARROW_LEFT, 0.62 * inches[0])
            place = np.divide((left, 1.0, NARROW - left - NARROW_RIGHT, NARROW_HEIGHT), (NARROW, 6.0, NARROW, 6.0))
            ax = Figure(figsize=(NARROW, 6.0), facecolor="white").add_axes(place.tolist())
        else:
            place = np.divide(inches, (*SIZE, *SIZE))
            ax = Figure(figsize=SIZE, facecolor="white").add_axes(place.tolist())
    ax.spines[["top", "right"]].set_visible(False)
    ax.tick_params(labelsize=SMALL, labelfontfamily=FONT, color=GREY)
    return ax


def is_narrow(ax: Axes) -> bool:
    """Check whether it is drawn for a phone."""
    figure = ax.get_figure(root=True)
    return figure is not None and bool(figure.get_size_inches()[0] == NARROW)


def title(ax: Axes, head: str, *lines: str) -> None:
    """Write a bold first line over plain ones, all from the left edge of the Axes.

    On a narrow drawing the lines are broken, and the first one is left to the page around it.
    """
    if (figure := ax.get_figure(root=True)) is not None:
        figure.set_label("; ".join((head, *lines)))
    if is_narrow(ax):
        text = "\n".join("\n".join(textwrap.wrap(line, LINE)) for line in lines)
        ax.annotate(
            text, (0, 1), (EDGE * 72, 10), xycoords=("figure fraction", "axes fraction"), textcoords="offset points",
            annotation_clip=False, **words(SMALL, color=INK, linespacing=1.3, va="bottom"),
        )  # fmt: skip
        return
    ax.set_title("\n".join(lines), loc="left", **words(NORMAL, color=INK, linespacing=1.35))
    above = 9 + NORMAL * (1.1 + 1.5 * (len(lines) - 1))  # points
    ax.annotate(
        head, (0, 1), (0, above), xycoords="axes fraction", textcoords="offset points", annotation_clip=False,
        **words(LARGE, fontweight="bold", va="bottom"),
    )  # fmt: skip


def legend(ax: Axes, **more: Any) -> None:
    """Put the legend where it hides no data, right of the Axes or below them; its entries are drawn literally."""
    style: dict[str, Any] = {"frameon": False, "prop": {"family": FONT, "size": SMALL}}
    if is_narrow(ax):
        figure = ax.get_figure(root=True)
        assert figure is not None
        place: dict[str, Any] = {"loc": "lower left", "bbox_to_anchor": (0, 0), "bbox_transform": figure.transFigure}
        found = ax.legend(**style, **place, labelspacing=0.5, borderaxespad=0.4, **more)
    else:
        found = ax.legend(**style, loc="upper left", bbox_to_anchor=(1.02, 1.0), labelspacing=0.9, **more)
    for text in found.get_texts():
        text.set_parse_math(False)


def fit_height(ax: Axes) -> None:
    """Make a narrow figure as high as its title, Axes, labels and legend need, one above the other."""
    figure = ax.get_figure(root=True)
    if figure is None or not is_narrow(ax):
        return
    figure.draw_without_rendering()
    dpi, found = figure.dpi, ax.get_legend()
    below = 0.0 if found is None else found.get_window_extent().height / dpi
    if found is not None:
        found.set_in_layout(False)
    box = ax.get_tightbbox()
    assert box is not None
    frame = ax.get_window_extent()
    under, over = (frame.y0 - box.y0) / dpi, (box.y1 - frame.y1) / dpi
    bottom = below + under + 2 * EDGE
    height = bottom + NARROW_HEIGHT + over + EDGE
    x0, width = ax.get_position().x0, ax.get_position().width
    figure.set_size_inches(NARROW, height)
    ax.set_position((x0, bottom / height, width, NARROW_HEIGHT / height))
