"""report.html: one file that needs nothing from outside."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl
from jinja2 import Environment, PackageLoader, StrictUndefined

from sweep.evidence.bullets import say_condition
from sweep.evidence.verdict import Verdict
from sweep.files import write_text
from sweep.progress import duration
from sweep.report.mistakes import Segment
from sweep.report.result import Result
from sweep.report.slider import Slider, script, script_hash
from sweep.report.standing import point_lines
from sweep.report.terminal import HOLDS, number, recall_by_cut, selected_line, span

ANSWERS = {
    "futile": "Futile, as far as these rows can tell",
    "data-limited": "Not futile: short of positives",
    "feature-limited": "Not futile: limited by the features",
    "workable": "Not futile: workable",
}
TRACK = (120, 16, 4)  # pixels of a drawn interval: width, height, margin


@dataclass(frozen=True)
class Rows:
    """What the page shows of single rows and thresholds; empty where it is not to be had.

    Attributes
    ----------
    thresholds : pl.DataFrame or None
        As thresholds.csv holds it.
    mistakes : pl.DataFrame or None
        As `surest_mistakes` lists them.
    segments : mapping of str to tuple of Segment
        By column.
    """

    thresholds: pl.DataFrame | None = None
    mistakes: pl.DataFrame | None = None
    segments: Mapping[str, tuple[Segment, ...]] = field(default_factory=dict)


def write_report(path: Path, result: Result, *, pictures: Sequence[Path], study: str, rows: Rows) -> None:
    """Write the page whole or not at all; every text that a user gave is escaped.

    Parameters
    ----------
    path : Path
    result : Result
    pictures : sequence of Path
        Put into the page; which is shown where goes by the name of its file.
    study : str
        The study's settings, every one spelled out.
    rows : Rows
    """
    write_text(path, render(result, pictures=pictures, study=study, rows=rows))


def render(result: Result, *, pictures: Sequence[Path], study: str, rows: Rows | None = None) -> str:
    """Render the page as text, its pictures inside it."""
    environment = Environment(
        loader=PackageLoader("sweep.report", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    rows = rows or Rows()
    slider = None if rows.thresholds is None else Slider.of(rows.thresholds, result.selected.counts)
    environment.filters.update(
        number=number, span=span, duration=duration, upper_first=lambda text: text[:1].upper() + text[1:]
    )
    return environment.get_template("report.html").render(
        result=result,
        verdict=result.verdict,
        headline=headline(result.verdict),
        holds=HOLDS,
        line=selected_line(result),
        standing=list(point_lines(result.operating_point)) if result.operating_point else [],
        recall_by_cut=recall_by_cut(result),
        track=track,
        pictures={p.stem: base64.b64encode(p.read_bytes()).decode() for p in pictures},
        study=study,
        slider=slider,
        script=script(),
        script_hash=script_hash(script()),
        mistakes=rows.mistakes,
        segments=rows.segments,
    )


def headline(verdict: Verdict | None) -> str:
    """Say the answer in a few words."""
    if verdict is None:
        return "Not asked: the run was a quick one, without a verdict"
    return ANSWERS[verdict.answer] + ("" if verdict.sure else ", probably") + say_condition(verdict)


def track(
    value: float | None, low: float | None, high: float | None, start: float = 0.0, end: float = 1.0
) -> dict[str, float] | None:
    """Place an interval on a line from `start` to `end`, in pixels; None where it is undefined.

    Examples
    --------
    >>> track(0.25, 0.0, 2.0)
    {'width': 120, 'height': 16, 'left': 4, 'right': 116, 'low': 4.0, 'high': 116.0, 'value': 32.0, 'zero': 4.0}
    """
    if value is None or low is None or high is None:
        return None
    width, height, margin = TRACK
    places = {"low": low, "high": high, "value": value, "zero": 0.0}
    inside = {k: min(max((v - start) / (end - start), 0.0), 1.0) for k, v in places.items()}
    at = {k: round(margin + share * (width - 2 * margin), 1) for k, share in inside.items()}
    return {"width": width, "height": height, "left": margin, "right": width - margin, **at}
