"""Find how another table writes the columns that were learned: its marks, units and formats of dates."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import polars as pl

from sweep.data.cells import is_word, shown
from sweep.data.dates import DateFormat, find_formats, read_dates
from sweep.data.marks import Marks, Notation, count_marks, resolve
from sweep.data.numbers import SHARES, find_negative, find_unit, split
from sweep.data.readings import PLAIN, Reading
from sweep.errors import TableError


def find_notations(numbers: Sequence[Reading], texts: Mapping[str, pl.Series]) -> dict[str, Notation]:
    """Find the notation of the number columns of another table."""
    marks: dict[str, Marks] = {}
    units: dict[str, str] = {}
    negatives: dict[str, str] = {}
    for reading in numbers:
        text = texts[reading.name]
        unlike = text.filter(text.cast(pl.Float64, strict=False).is_null() & text.is_not_null())
        if not len(unlike) and reading.notation == PLAIN and not text.str.contains(r"\.").any():
            continue  # whole numbers: the same in any notation
        counts = text.drop_nulls().value_counts(name="rows")
        parts = split(counts.to_series(0))
        marks[reading.name] = count_marks((parts["body"] + parts["power"]).drop_nulls())
        negatives[reading.name] = reading.notation.negative or find_negative(parts, below=False)
        zero = int(counts.filter((parts["unit"] == "") & parts["body"].str.contains(r"^0*[.,]?0*$"))["rows"].sum())
        shaped = parts["body"].is_not_null()
        units[reading.name] = find_unit(parts["unit"].filter(shaped), counts["rows"].filter(shaped), zero)
    known = {reading.name: reading.notation if reading.marked else None for reading in numbers}
    found: dict[str, Notation] = {}
    for name, notation in resolve(marks, known).items():
        reading = next(one for one in numbers if one.name == name)
        if notation is None:
            value = _example(texts[name], marks[name].doubtful or ".")
            raise TableError(
                f"column {shown(name)}: {shown(value)} can mean two numbers, as no other column tells whether the "
                "table writes decimal commas or points: write it as the table trained on, or with more digits."
            )
        unit = reading.notation.unit
        if units[name] and units[name] != unit and (unit or units[name] in SHARES):
            unit = "" if unit in SHARES else unit  # `read` then names the first row that differs
        elif not unit:
            unit = units[name]
        found[name] = replace(notation, unit=unit, negative=negatives[name])
    return found


def _example(text: pl.Series, mark: str) -> str:
    return str(text.filter(text.str.contains(mark, literal=True).fill_null(False))[0])


def find_date_format(reading: Reading, text: pl.Series) -> DateFormat | None:
    """Find how another table writes a column's dates: as before if all are such, else as its values tell."""
    text = text.set(is_word(text), None).drop_nulls().unique()
    before = reading.format
    if before is not None and (before.timeless or read_dates(text, before).null_count() == 0):
        return before
    formats = find_formats(text)
    if before in formats or not formats:
        return before
    if len(formats) > 1:
        alike = [one for one in formats if before is not None and one.date == before.date]
        return alike[0] if alike else before
    return formats[0]
