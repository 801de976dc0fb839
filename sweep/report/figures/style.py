"""What all drawings share: how lines and names are drawn, and where the numbers on them stand.

Figures are plain `matplotlib.figure.Figure` objects: no pyplot, no global state, nothing for a server to leak.
"""

from functools import cache
from typing import Any

import numpy as np
from matplotlib import patheffects
from matplotlib.font_manager import findfont, get_font
from numpy.typing import ArrayLike, NDArray

from sweep.report.theme import BLUE, GREEN, ORANGE, PURPLE, VERMILLION

CLASS_COLOURS = (BLUE, VERMILLION)
CRITERION_COLOURS = {"precision": GREEN, "ratio": PURPLE, "recall": ORANGE}
CRITERION_NAMES = {"precision": "P0 = P1", "ratio": "P1 = R1 (FP = FN)", "recall": "R0 = R1"}

LINE_STYLES = {"precision": (0, (1, 1.2)), "ratio": (0, (5, 2)), "recall": (0, (5, 1.5, 1, 1.5))}

CLASSES = ("class 0", "class 1")  # where nothing better is known
FONT = "DejaVu Sans"  # comes with matplotlib, so that a picture is the same everywhere
SMALL, NORMAL, LARGE = 9.5, 10.5, 12.0  # points; 100 pixels an inch at README size
HALO = (patheffects.withStroke(linewidth=3, foreground="white"),)


@cache
def _drawable() -> frozenset[int]:
    return frozenset(get_font(findfont(FONT)).get_charmap())


def headed(name: str, head: str, *, longest: int = 48) -> str:
    """Put a study's name, where it has one, before the head of a drawing.

    Examples
    --------
    >>> headed("clinic", "the balance curve"), headed("", "the balance curve")
    ('clinic: the balance curve', 'the balance curve')
    """
    return f"{shown(name, longest=longest)}: {head}" if name else head


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


def class_shown(classes: tuple[str, str], which: int, *, longest: int = 22) -> str:
    """Prepare a class's name to be drawn."""
    return shown(classes[which], longest=longest)


def words(size: float = NORMAL, **more: Any) -> dict[str, Any]:
    """Keywords of a Text in house style, literal: a `$` is a `$`."""
    return {"fontsize": size, "fontfamily": FONT, "parse_math": False, **more}


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
