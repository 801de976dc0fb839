"""Look at the columns read: which are left out and why, what is said of each, what looks wrong."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

import polars as pl

from sweep.data.cells import shown
from sweep.data.comparison import find_variants
from sweep.data.kinds import Asked
from sweep.data.schema import Schema

INDEX = re.compile(r"__index_level_\d+__", re.IGNORECASE)  # as pandas names its index in Parquet
ROW_NUMBER = re.compile(
    r"index|idx|unnamed: ?\d+(\.\d+)*|level_\d+|rownames?|#|"
    r"((row|record|case|sample|line)[ _.-]?)?(id|no|nr|number|index)",
    re.IGNORECASE,
)
NUMBERS_ROWS = "numbering the rows (--number keeps it)"
REASONS = (
    "holding no value at all",
    "holding one value only",
    "holding a text of its own in each row",
    NUMBERS_ROWS,
)
MARKERS = {-1.0, -9.0, *(sign * (10.0**n - 1) for n in (2, 3, 4, 5, 6) for sign in (-1, 1))} - {99.0}
FAR = 4  # times the next largest number
FEW_ROWS = 20  # below which whole numbers may be consecutive by chance


def find_reasons(features: pl.DataFrame, schema: Schema, asked: Asked) -> dict[str, str]:
    """Return why columns are left out, by their names."""
    reasons, of = {}, features.to_dict()
    for reading in schema.readings:
        column = of[reading.name]
        if column.null_count() == len(column):
            reasons[reading.name] = REASONS[0]
        elif not column.null_count() and column.min() == column.max():
            reasons[reading.name] = REASONS[1]
        elif column.dtype == pl.String and column.n_unique() == len(column) and asked.of(reading.name) is None:
            reasons[reading.name] = REASONS[2]
        elif asked.of(reading.name) is None and _is_index(column):
            reasons[reading.name] = REASONS[3]
    return reasons


def _is_index(column: pl.Series) -> bool:
    """Check whether a column numbers the rows: by its name, or as whole numbers without a gap, in any order."""
    if INDEX.fullmatch(column.name):
        return True
    if column.null_count() or not column.dtype.is_numeric():
        return False
    if len(column) < FEW_ROWS:
        return False
    values, named = column.cast(pl.Float64), ROW_NUMBER.fullmatch(column.name.strip()) is not None
    gapless = float(values.max()) - float(values.min()) + 1 == len(values)  # type: ignore[arg-type]
    if not (named or gapless) or not (values == values.floor()).all() or values.n_unique() < len(values):
        return False
    return named or not (values.diff().drop_nulls() == 1).all()


def is_of(note: str, names: dict[str, str]) -> bool:
    """Check whether a note is about one of these columns."""
    return any(note.startswith(f"column {shown(name)}: ") for name in names)


def describe(
    raw: pl.DataFrame,
    target: str,
    dropped: dict[str, str],
    why: dict[str, str],
    schema: Schema,
    features: pl.DataFrame,
    notes: Sequence[str],
) -> tuple[dict[str, Any], ...]:
    """Say of each column but the target what it is read as, and why."""
    readings = {reading.name: reading for reading in schema.readings}
    described, of = [], features.to_dict()
    for column in raw:
        name = column.name
        if name == target:
            continue
        entry: dict[str, Any] = {"name": name, "kind": "left out", "missing": None, "levels": None}
        if name in dropped:
            described.append({**entry, "missing": column.null_count(), "why": dropped[name]})
            continue
        values, start = of[name], f"column {shown(name)}: "
        said = "; ".join(note.removeprefix(start) for note in notes if note.startswith(start))
        entry["missing"] = values.null_count()
        if values.dtype == pl.String:
            entry["levels"] = values.drop_nulls().n_unique()
        entry["kind"] = "left out" if name in why else readings[name].kind
        described.append({**entry, "why": why.get(name) or said or None})
    return tuple(described)


def find_suspicions(features: pl.DataFrame, schema: Schema) -> Iterator[str]:
    """Yield what looks as if the user would want it otherwise."""
    for column in features:
        if column.dtype == pl.Int64 and not column.null_count() and (column.diff().drop_nulls() == 1).all():
            yield f"column {shown(column.name)} looks like a row number: --drop {column.name} leaves it out"
    of = features.to_dict()
    for reading in schema.readings:
        if reading.kind == "number" and (marker := _find_marker(of[reading.name])) is not None:
            value, rows = marker
            yield (
                f"column {shown(reading.name)}: {rows} values are {value}, far from all others: if that stands for "
                f"no value, --missing={value} makes them missing"
            )
        groups = find_variants(reading.levels or ())
        if groups:
            some = ", ".join(" and ".join(shown(level) for level in group[:2]) for group in groups[:3])
            yield f"column {shown(reading.name)}: levels differ by case or blanks alone: {some}"


def _find_marker(column: pl.Series) -> tuple[int, int] | None:
    """Find a number that may stand for "no value", such as -999 or 9999 far from all others, and its rows."""
    for value in (column.min(), column.max()):
        if value not in MARKERS:
            continue
        rows = int((column == value).sum())
        others = column.filter(column != value).drop_nulls()
        if rows < 2 or not len(others):
            continue
        far = others.min() >= 0 if value < 0 else others.max() * FAR <= value and others.min() >= 0  # type: ignore[operator]
        if far:
            return int(value), rows  # type: ignore[arg-type]
    return None
