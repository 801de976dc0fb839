"""report.html: one file that needs nothing from outside."""

import base64
from collections.abc import Sequence
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from sweep.answer.summary import HOLDS, duration, number, selected_line, span
from sweep.balance.metrics import Counts
from sweep.record import Result, write_text


def write_report(path: Path, result: Result, *, pictures: Sequence[Path]) -> None:
    """Write the page whole or not at all; every text that a user gave is escaped."""
    write_text(path, render(result, pictures=pictures))


def render(result: Result, *, pictures: Sequence[Path]) -> str:
    """The page as text, its pictures inside it."""
    environment = Environment(
        loader=PackageLoader("sweep.answer", "."), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    environment.filters.update(number=number, span=span, duration=duration)
    return environment.get_template("report.html").render(
        result=result,
        holds=HOLDS,
        line=selected_line(result),
        counts=lambda c: Counts(**c),
        pictures=[(p.stem.replace("-", " "), base64.b64encode(p.read_bytes()).decode()) for p in pictures],
    )
