"""What all drawings share: colours, sizes legible at 800 pixels, names drawn as they are, and writing the file.

Figures are plain `matplotlib.figure.Figure` objects: no pyplot, no global state, nothing for a server to leak.
"""

import os
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import patheffects
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import findfont, get_font
from numpy.typing import ArrayLike, NDArray

from sweep.errors import InputError

# Okabe and Ito (2008): told apart with any of the common colour-vision deficiencies, and in grey print
BLACK, GREY, PALE = "#000000", "#6e6e6e", "#c8c8c8"
BLUE, SKY, GREEN, ORANGE, VERMILLION, PURPLE = "#0072B2", "#56B4E9", "#009E73", "#E69F00", "#D55E00", "#CC79A7"
CLASS_COLOURS = (BLUE, VERMILLION)
CRITERION_COLOURS = {"precision": GREEN, "ratio": PURPLE, "recall": ORANGE}
CRITERION_NAMES = {"precision": "P0 = P1", "ratio": "P1 = R1 (FP = FN)", "recall": "R0 = R1"}

FONT = "DejaVu Sans"  # comes with matplotlib, so that a picture is the same everywhere
SMALL, NORMAL, LARGE = 9.5, 10.5, 12.0  # points; 100 pixels an inch at README size
SIZE = (8.0, 5.7)  # inches, of a figure
SQUARE, WIDE = (0.75, 0.6, 4.15, 4.15), (0.85, 0.75, 4.7, 3.95)  # inches, of its Axes: left, bottom, width, height
DPI = 150
HALO = (patheffects.withStroke(linewidth=3, foreground="white"),)


@cache
def _drawable() -> frozenset[int]:
    return frozenset(get_font(findfont(FONT)).get_charmap())


def shown(text: object, *, longest: int = 48) -> str:
    """Prepare a name to be drawn on one line: nothing is read as mathematics or markup by the Text it goes into.

    Line breaks and tabs become visible signs, characters that the font lacks become U+FFFD, and the middle of a long
    name gives way to an ellipsis.

    Examples
    --------
    >>> shown("cost_$ <b>")
    'cost_$ <b>'
    >>> shown("a" * 30 + "b" * 30, longest=11)
    'aaaaa…bbbbb'
    """
    name = str(text).replace("\r\n", "\n").translate({ord("\n"): "↵", ord("\r"): "↵", ord("\t"): "→"})
    name = "".join(c if c.isprintable() and ord(c) in _drawable() else "\N{REPLACEMENT CHARACTER}" for c in name)
    if len(name) > longest:
        head = longest // 2
        name = f"{name[:head]}…{name[len(name) - (longest - head - 1) :]}"
    return name


def words(size: float = NORMAL, **more: Any) -> dict[str, Any]:
    """Keywords of a Text in house style, literal: a `$` is a `$`."""
    return {"fontsize": size, "fontfamily": FONT, "parse_math": False, **more}


def new_axes(ax: Axes | None, inches: tuple[float, float, float, float]) -> Axes:
    """Take the given Axes, or make one of a new Figure at (left, bottom, width, height); in house style.

    The place is fixed, not fitted, so that the pictures of two trials can be laid on one another.
    """
    if ax is None:
        place = np.divide(inches, (*SIZE, *SIZE))
        ax = Figure(figsize=SIZE, facecolor="white").add_axes(place.tolist())
    ax.spines[["top", "right"]].set_visible(False)
    ax.tick_params(labelsize=SMALL, labelfontfamily=FONT, color=GREY)
    return ax


def title(ax: Axes, head: str, *lines: str) -> None:
    """Write a bold first line over plain ones, all from the left edge of the Axes."""
    ax.set_title("\n".join(lines), loc="left", **words(NORMAL, color="#333333", linespacing=1.35))
    above = 9 + NORMAL * (1.1 + 1.5 * (len(lines) - 1))  # points
    ax.annotate(
        head, (0, 1), (0, above), xycoords="axes fraction", textcoords="offset points", annotation_clip=False,
        **words(LARGE, fontweight="bold", va="bottom"),
    )  # fmt: skip


def legend_beside(ax: Axes, **more: Any) -> None:
    """Put the legend right of the Axes, where it hides no data; its entries are drawn literally."""
    legend = ax.legend(
        loc="upper left", bbox_to_anchor=(1.02, 1.0), frameon=False, labelspacing=0.9,
        prop={"family": FONT, "size": SMALL}, **more,
    )  # fmt: skip
    for text in legend.get_texts():
        text.set_parse_math(False)


def ratio_text(ratio: float, *ends: float) -> str:
    """Write a weight ratio w1 / w0 as a reader says it, with the ends of its interval if given.

    Examples
    --------
    >>> ratio_text(2.449), ratio_text(0.25), ratio_text(0.25, 0.2, 0.5)
    ('2.45 : 1', '1 : 4', '1 : 4 (2 to 5)')
    """
    turned = ratio < 1
    low_to_high = sorted(1 / end if turned else end for end in ends)
    text = f"1 : {1 / ratio:.3g}" if turned else f"{ratio:.3g} : 1"
    return f"{text} ({' to '.join(f'{end:.3g}' for end in low_to_high)})" if ends else text


def spread(wanted: ArrayLike, gap: float) -> NDArray[np.float64]:
    """Positions at least `gap` apart, in the order of the wanted ones and as near to them as may be.

    Parameters
    ----------
    wanted : (labels,)

    Examples
    --------
    >>> spread([0.95, 0.96, 0.2], 0.1).round(3)
    array([0.905, 1.005, 0.2  ])
    """
    positions = np.asarray(wanted, dtype=float)
    if positions.size == 0:
        return positions
    order = np.argsort(positions, kind="stable")
    steps = gap * np.arange(positions.size)
    blocks: list[list[float]] = []  # least squares under an order: pool adjacent violators
    for value in positions[order] - steps:
        blocks.append([value])
        while len(blocks) > 1 and np.mean(blocks[-2]) > np.mean(blocks[-1]):
            blocks[-2:] = [blocks[-2] + blocks[-1]]
    result = np.empty(positions.size)
    result[order] = np.concatenate([np.full(len(b), np.mean(b)) for b in blocks]) + steps
    return result


def save(drawn: Axes | Figure, path: str | Path, *, dpi: int = DPI) -> None:
    """Write the whole figure as PNG, whole or not at all: the file appears by a rename in its own folder."""
    figure = drawn if isinstance(drawn, Figure) else drawn.get_figure(root=True)
    if figure is None:
        raise InputError("drawn must be on a Figure; got Axes that were removed from theirs. Draw them again.")
    path = Path(path)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        figure.savefig(part, format="png", dpi=dpi, metadata={"Software": None})
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
