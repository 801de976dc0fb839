"""Drawings as SVG: from what matplotlib writes to a file that follows dark mode, with titles where a pointer rests.

Loads no matplotlib: `sweep report` puts drawings that are there into its page.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from sweep.errors import StudyError
from sweep.report.theme import dark_style

SVG, XLINK = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"
FAMILY = "'DejaVu Sans', Verdana, sans-serif"  # of much the same widths
ElementTree.register_namespace("", SVG)
ElementTree.register_namespace("xlink", XLINK)


@dataclass(frozen=True)
class Hint:
    """A title over a part of a drawing: `box` is x, y, width and height in points, from the upper left corner."""

    box: tuple[float, float, float, float]
    text: str


def finish(written: str, *, title: str, hints: Sequence[Hint]) -> str:
    """Finish what matplotlib wrote as SVG: a name for readers that see nothing, the hints, and the dark colours.

    Parameters
    ----------
    written : str
    title : str
        What the drawing shows.
    hints : sequence of Hint
        The later ones lie over the earlier ones.
    """
    root = ElementTree.fromstring(re.sub(r"<!DOCTYPE[^>]*>", "", written))
    for metadata in root.findall(f"{{{SVG}}}metadata"):
        root.remove(metadata)
    root.set("class", "drawing")
    root.set("role", "img")
    root.set("aria-label", title)
    style = ElementTree.Element(f"{{{SVG}}}style")
    style.text = dark_style("svg.drawing")
    root.insert(0, style)
    for hint in hints:
        x, y, width, height = (f"{value:.1f}" for value in hint.box)
        area = {"x": x, "y": y, "width": width, "height": height, "class": "hint"}
        rect = ElementTree.SubElement(root, f"{{{SVG}}}rect", {**area, "fill": "none", "pointer-events": "all"})
        ElementTree.SubElement(rect, f"{{{SVG}}}title").text = hint.text
    text = ElementTree.tostring(root, encoding="unicode")
    return re.sub(r"(font: [^;\"]*?)'DejaVu Sans'", rf"\1{FAMILY}", text) + "\n"


def inline(path: Path) -> str:
    """Read a drawing to be put into a page: without a style of its own, and with ids that no other drawing has.

    Raises
    ------
    StudyError
        If it is damaged.
    """
    try:
        root = ElementTree.fromstring(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, ElementTree.ParseError):
        raise StudyError(f"{path} must be a drawing; it is damaged. `sweep plot` draws it again.") from None
    for style in root.findall(f"{{{SVG}}}style"):
        root.remove(style)
    for element in root.iter():
        for name, value in list(element.attrib.items()):
            if name == "id":
                element.set(name, f"{path.stem}-{value}")
            elif name == f"{{{XLINK}}}href" and value.startswith("#"):
                element.set(name, f"#{path.stem}-{value[1:]}")
            elif "url(#" in value:
                element.set(name, value.replace("url(#", f"url(#{path.stem}-"))
    return ElementTree.tostring(root, encoding="unicode")
