"""report.html: one file that needs nothing from outside."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import polars as pl
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from sweep.data.cells import shown
from sweep.files import write_text
from sweep.progress import duration
from sweep.report.answer import headline, say_found
from sweep.report.drawing import inline
from sweep.report.mistakes import Segment
from sweep.report.result import Result
from sweep.report.slider import Slider, script, script_hash
from sweep.report.standing import point_lines
from sweep.report.terminal import HOLDS, network, number, recall_by_cut, selected_line
from sweep.report.theme import dark_style
from sweep.statistics.digits import rate, span

TRACK = (120, 16, 4)  # pixels of a drawn interval: width, height, margin
MANY_COLUMNS = 40  # of a table, from which on their list is folded
SAID_OF_DATA = {"rows", "positives", "features", "fingerprint", "target", "positive", "negative", "columns", "notes"}
SAID_OF_TEST = {"counts", "precision", "recall", "intervals", "expected_precision", "score", "predicted"}


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
        PNG, put into the page; in their place, the SVG beside them, and the one for phones, where these are there.
        Which is shown where goes by the name of its file.
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
    environment.filters.update(number=number, span=span, duration=duration, upper_first=_upper_first)
    negative, positive = result.data.class_names
    return environment.get_template("report.html").render(
        result=result,
        verdict=result.verdict,
        headline=headline(result.verdict),
        found=say_found(result.selected.counts, positive),
        found_on_test=say_found(result.test.counts, positive) if result.test else "",
        network=network(result),
        negative=negative,
        positive=positive,
        holds=HOLDS,
        line=_upper_first(selected_line(result)),
        standing=list(point_lines(result.operating_point)) if result.operating_point else [],
        recall_by_cut=recall_by_cut(result),
        rate=rate,
        track=track,
        drawings={path.stem: _drawing(path) for path in pictures},
        dark=Markup(dark_style("svg.drawing")),
        study=study,
        slider=slider,
        script=script(),
        script_hash=script_hash(script()),
        mistakes=rows.mistakes,
        segments=rows.segments,
        remarks=remarks(result),
        many_columns=len(result.data.columns) > MANY_COLUMNS,
        facts=[*more_facts(asdict(result.data), SAID_OF_DATA)],
        test_facts=[*more_facts(asdict(result.test), SAID_OF_TEST)] if result.test else [],
    )


def remarks(result: Result) -> dict[str, list[str]]:
    """Collect what was said of each column on reading the tables: levels new in the test table, dates outside."""
    found: dict[str, list[str]] = {}
    for column in result.data.columns:
        start = f"column {shown(column.name)}: "
        said = [note.removeprefix(start) for note in result.data.notes if note.startswith(start)]
        if said:
            found[column.name] = said
    return found


def more_facts(values: Mapping[str, Any], said: set[str]) -> list[tuple[str, str]]:
    """List what else is known, by name: keys that the page says nowhere else, as far as they hold anything.

    Examples
    --------
    >>> more_facts({"rows": 9, "negatives_per_positive": 20, "scored": None, "new_levels": {"site": 3}}, {"rows"})
    [('negatives per positive', '20'), ('new levels', 'site: 3')]
    """
    found = []
    for name, value in values.items():
        if name in said or value is None or value in ((), [], {}):
            continue
        if isinstance(value, Mapping):
            text = ", ".join(f"{key}: {one}" for key, one in value.items())
        elif isinstance(value, (list, tuple)):
            text = "; ".join(map(str, value))
        else:
            text = str(value)
        found.append((name.replace("_", " "), text))
    return found


def _drawing(path: Path) -> Markup:
    """Put a picture into the page: as it is on a desk, and as it is on a phone."""
    wide, narrow = path.with_suffix(".svg"), path.with_name(f"{path.stem}-narrow.svg")
    if wide.exists() and narrow.exists():
        return Markup(f'<div class="desk">{inline(wide)}</div><div class="phone">{inline(narrow)}</div>')
    return Markup(f'<img alt="" src="data:image/png;base64,{base64.b64encode(path.read_bytes()).decode()}">')


def _upper_first(text: str) -> str:
    return text[:1].upper() + text[1:]


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
