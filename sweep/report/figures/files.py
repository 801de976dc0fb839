"""Writing drawings: PNG, and SVG with hints in it, whole or not at all."""

import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sweep.errors import InputError
from sweep.report.drawing import finish
from sweep.report.figures.hover import hints_of
from sweep.report.figures.layout import fit_height

DPI = 150
SHOWN_DPI = 72  # in a notebook
PLAIN: Any = {"svg.fonttype": "none", "svg.hashsalt": "sweep"}  # text stays text; the same file each time


def save(drawn: Axes | Figure, path: str | Path, *, dpi: int = DPI) -> None:
    """Write the whole figure as PNG, or as SVG by the file's ending, whole or not at all.

    The file appears by a rename in its own folder.
    """
    figure, path = _figure_of(drawn), Path(path)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        if path.suffix == ".svg":
            part.write_text(_svg(figure), encoding="utf-8")
        else:
            figure.savefig(part, format="png", dpi=dpi, metadata={"Software": None})
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def save_all(draw: Callable[[bool], Axes], path: Path) -> None:
    """Write a drawing as PNG and SVG, and beside it, as `-narrow.svg`, as it is for a phone.

    Parameters
    ----------
    draw : callable
        Draws it; is told whether it is the narrow one.
    path : Path
        Of the PNG.
    """
    wide = draw(False)
    save(wide, path)
    save(wide, path.with_suffix(".svg"))
    narrow = draw(True)
    fit_height(narrow)
    save(narrow, path.with_name(f"{path.stem}-narrow.svg"))


def shown_in_notebooks(axes: Axes) -> Axes:
    """Have a notebook show the picture where these Axes are a cell's last value; return them."""

    def png() -> bytes:
        drawn = io.BytesIO()
        _figure_of(axes).savefig(drawn, format="png", dpi=SHOWN_DPI, metadata={"Software": None})
        return drawn.getvalue()

    vars(axes)["_repr_png_"] = png  # what IPython asks an object for
    return axes


def _figure_of(drawn: Axes | Figure) -> Figure:
    figure = drawn if isinstance(drawn, Figure) else drawn.get_figure(root=True)
    if figure is None:
        raise InputError("drawn must be on a Figure; got Axes that were removed from theirs. Draw them again.")
    return figure


def _svg(figure: Figure) -> str:
    """Draw a figure as SVG, named by what its title says."""
    written = io.StringIO()
    with matplotlib.rc_context(PLAIN):
        figure.savefig(written, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    return finish(written.getvalue(), title=str(figure.get_label()), hints=hints_of(figure))
