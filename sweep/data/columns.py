"""Read the columns of a table as their readings say: numbers, truth values, dates, levels."""

from collections.abc import Sequence

import polars as pl

from sweep.data.cells import (
    as_labels,
    first_row,
    is_text,
    is_truth,
    is_word,
    parse_truth,
    plain,
    shown,
    text_of,
    without_markers,
)
from sweep.data.dates import DAY, find_formats, from_days, parts_of, read_dates
from sweep.data.numbers import parse
from sweep.data.readings import LIMITS, Reading
from sweep.errors import TableError


def read_column(reading: Reading, column: pl.Series, missing: Sequence[str], row: int = 0) -> list[pl.Series]:
    """Read a column: the series of its own name, then those that come of it."""
    try:
        if reading.kind == "category":
            return [_read_levels(reading, column, missing)]
        if reading.kind == "date":
            return _read_dates(reading, column, missing, row)
        return _read_numbers(reading, column, missing, row)
    except pl.exceptions.PolarsError as error:
        raise TableError(f"column {shown(reading.name)} cannot be read: {error}.") from None


def _read_levels(reading: Reading, column: pl.Series, missing: Sequence[str]) -> pl.Series:
    if is_text(column):
        return text_of(column, missing)
    if column.dtype.is_temporal():
        return column.cast(pl.String)
    values = plain(column)
    if values.dtype.is_numeric():
        values = without_markers(values, missing)
    return as_labels(values) if reading.coded else values


def _read_numbers(reading: Reading, column: pl.Series, missing: Sequence[str], row: int) -> list[pl.Series]:
    limits = None
    if is_text(column):
        text = text_of(column, missing)
        values, limits = _parse_numbers(reading, text, row)
    else:
        values = plain(column)
        if reading.kind == "number" and values.dtype == pl.Boolean:
            values = values.cast(pl.Float64)
    if values.dtype.is_numeric():
        values = without_markers(values, missing)
        if values.dtype.is_float() and (infinite := values.is_infinite()).any():
            at = first_row(infinite)
            raise TableError(
                f"numbers must be finite; column {shown(reading.name)}, row {row + at} holds {values[at - 1]}: "
                "correct it, or name it as missing."
            )
    sides = []
    for what, name in reading.extra:
        beyond = pl.zeros(len(values), pl.Float64, eager=True) if limits is None else (limits == LIMITS[what])
        sides.append(beyond.cast(pl.Float64).set(values.is_null(), None).alias(name))
    return [values.alias(reading.name), *sides]


def _parse_numbers(reading: Reading, text: pl.Series, row: int) -> tuple[pl.Series, pl.Series | None]:
    """Return the numbers that texts are, as Int64 where all are whole, and which are bounds."""
    if reading.kind == "truth":
        bare = text.set(is_word(text), None)
        if is_truth(bare, loosely=True).all():
            return parse_truth(bare), None
    values, limits = parse(text, reading.notation)
    odd = values.is_null() & text.is_not_null()
    if odd.any():
        left = text.filter(odd)
        if reading.kind == "truth" or is_truth(left).any():
            truth = is_truth(text).fill_null(False)
            values = values.scatter(truth.arg_true(), parse_truth(text.filter(truth)).cast(pl.Float64))
        odd = values.is_null() & text.is_not_null() & ~is_word(text)
        if odd.any() and not reading.lenient:
            at = first_row(odd)
            unit = f" in {reading.notation.unit}" if reading.notation.unit else ""
            raise TableError(
                f"column {shown(text.name)} must hold numbers{unit}, as it did where the network learned; "
                f"row {row + at} holds {shown(text[at - 1])}: correct it, or name it as missing."
            )
        known = text.set(values.is_null(), None)
        whole = known.cast(pl.Int64, strict=False)
        if limits is None and reading.kind == "number" and whole.null_count() == values.null_count():
            return whole, None
    return values, limits


def _read_dates(reading: Reading, column: pl.Series, missing: Sequence[str], row: int) -> list[pl.Series]:
    if is_text(column):
        text = text_of(column, missing)
        text = text.set(is_word(text), None)
        if reading.format is None:
            formats = find_formats(text.drop_nulls().unique())
            if len(formats) != 1 and text.null_count() < len(text):
                raise _no_dates(reading, column, first_row(text.is_not_null()), row)
            seconds = read_dates(text, formats[0]) if formats else pl.Series([None] * len(text), dtype=pl.Float64)
        else:
            seconds = read_dates(text, reading.format)
        odd = seconds.is_null() & text.is_not_null()
        if odd.any():
            raise _no_dates(reading, column, first_row(odd), row)
    elif column.dtype.is_temporal():
        seconds = from_days(column)
    elif column.null_count() == len(column):
        seconds = pl.Series([None] * len(column), dtype=pl.Float64)
    elif reading.format is not None and reading.format.date == "%Y%m%d" and column.dtype.is_numeric():
        return _read_dates(reading, as_labels(plain(column)).rename(column.name), missing, row)
    else:
        raise _no_dates(reading, column, first_row(column.is_not_null()), row)
    values = seconds if reading.seconds else (seconds / DAY).floor()
    if not reading.seconds:
        values = values.cast(pl.Int64)
    parts = parts_of(seconds) if reading.extra else {}
    return [values.alias(reading.name), *(parts[what].alias(name) for what, name in reading.extra)]


def _no_dates(reading: Reading, column: pl.Series, at: int, row: int) -> TableError:
    return TableError(
        f"column {shown(reading.name)} must hold dates, as it did where the network learned; "
        f"row {row + at} holds {shown(column[at - 1])}: correct it, or name it as missing."
    )
