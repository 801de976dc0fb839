"""What a table's columns are: learned from the table trained on, kept with the model, applied to every other one."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

import polars as pl

from sweep.data.cells import (
    as_labels,
    bare_text,
    first_row,
    is_truth,
    is_word,
    parse_truth,
    plain,
    shown,
    without_markers,
)
from sweep.data.dates import DAY, TIME, DateFormat, find_formats, from_days, parts_of, read_dates
from sweep.data.numbers import Marks, Notation, count_marks, find_unit, parse, resolve, split
from sweep.errors import TableError

Kind = Literal["number", "truth", "date", "category"]
LIMITS = {"below": -1, "above": 1}
EXPECTED = {
    "below": "1 where the value was a bound such as <300, else 0",
    "above": "1 where the value was a bound such as >300, else 0",
    "hour": "hour of the date, 0 to 23",
    "weekday": "weekday of the date, 0 (Monday) to 6",
    "month": "month of the date, 1 to 12",
}
SHARES = ("%", "‰")
PLAIN = Notation()


@dataclass(frozen=True)
class Reading:
    """How a column is read.

    Attributes
    ----------
    name : str
    kind : "number", "truth", "date" or "category"
    notation : Notation
        Of numbers.
    marked : bool
        Whether the numbers learned from held a decimal or thousands mark.
    lenient : bool
        Whether texts that are no numbers are missing: where the user said that the column holds numbers.
    format : DateFormat or None
        Of dates that were text.
    seconds : bool
        Whether dates are seconds since 1970, not days.
    low, high : float or None
        The first and the last date learned from, in days or seconds.
    coded : bool
        Whether a category's levels were numbers.
    levels : tuple of str or None
        All levels that a category held where it was learned; None where there were too many to keep.
    extra : tuple of (str, str)
        Columns that come of this one beside it: what each says ("below", "above", "hour", "weekday", "month"), and
        its name.
    """

    name: str
    kind: Kind
    notation: Notation = PLAIN
    marked: bool = False
    lenient: bool = False
    format: DateFormat | None = None
    seconds: bool = False
    low: float | None = None
    high: float | None = None
    coded: bool = False
    levels: tuple[str, ...] | None = None
    extra: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Schema:
    """How the columns of a table are read.

    Attributes
    ----------
    readings : tuple of Reading
    missing : tuple of str
        Texts, and numbers as text, that the user named as missing.
    """

    readings: tuple[Reading, ...]
    missing: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The columns of a file that are read."""
        return tuple(reading.name for reading in self.readings)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that come of reading, in order."""
        return tuple(
            name for reading in self.readings for name in (reading.name, *(extra for _, extra in reading.extra))
        )

    def expected(self) -> dict[str, str]:
        """Say of the columns whose number is not the file's own which number it is."""
        says = {}
        for one in self.readings:
            if one.kind == "date":
                since = "midnight" if one.format is not None and one.format.date == TIME else "1970-01-01"
                says[one.name] = f"{'seconds' if one.seconds else 'days'} since {since}"
            elif one.notation.unit in SHARES:
                says[one.name] = f"a share, not {one.notation.unit}"
            says |= {name: f"of {one.name}: {EXPECTED[what]}" for what, name in one.extra}
        return says

    def select(self, names: Iterable[str]) -> "Schema":
        """Keep what is needed for these columns, those that come of others among them."""
        wanted = {*names}
        kept = []
        for reading in self.readings:
            extra = tuple((what, name) for what, name in reading.extra if name in wanted)
            if extra or reading.name in wanted:
                kept.append(replace(reading, extra=extra))
        return replace(self, readings=tuple(kept))

    def read(self, raw: pl.DataFrame, *, row: int = 0, bare: bool = False) -> pl.DataFrame:
        """Read rows, each by itself.

        Parameters
        ----------
        raw : pl.DataFrame, shape (rows, table columns)
            The columns as the file holds them: text, or of a type of their own.
        row : int
            Rows of the file before these, for messages.
        bare : bool
            Whether `bare_frame` was at these rows already.

        Returns
        -------
        pl.DataFrame, shape (rows, columns)
            Int64, Float64, Boolean and String, null where missing.

        Raises
        ------
        TableError
            If a value is not of its column's kind, or infinite.
        """
        table = raw.select(self.names) if bare else bare_frame(raw.select(self.names), self.missing)
        shared = [one.name for one in self.readings if one.kind == "number" and one.notation.unit not in SHARES]
        table = table.with_columns(whole_numbers(table.select(shared)))
        columns = zip(self.readings, table.get_columns(), strict=True)
        return pl.DataFrame([part for one, column in columns for part in read_column(one, column, self.missing, row)])

    def fit(self, raw: pl.DataFrame) -> tuple["Schema", tuple[str, ...]]:
        """Find how another table writes the same columns: its marks and its dates' format.

        Parameters
        ----------
        raw : pl.DataFrame, shape (rows, table columns)
            Its rows, or the first of them.

        Returns
        -------
        schema : Schema
        notes : tuple of str
            What differs from the table that was learned from.

        Raises
        ------
        TableError
            If a column could be read in two ways.
        """
        bare = bare_frame(raw.select(self.names), self.missing)
        of = dict(zip(bare.columns, bare.get_columns(), strict=True))
        texts = {
            reading.name: text_of(of[reading.name], self.missing)
            for reading in self.readings
            if is_text(of[reading.name]) and reading.kind in ("number", "date")
        }
        numbers = [reading for reading in self.readings if reading.kind == "number" and reading.name in texts]
        found = _notations(numbers, texts)
        readings, notes = [], []
        for reading in self.readings:
            if reading.name in found:
                changed = replace(reading, notation=found[reading.name])
            elif reading.kind == "date" and reading.name in texts:
                changed = replace(reading, format=_date_format(reading, texts[reading.name]))
            else:
                changed = reading
            if changed.notation != reading.notation:
                says = ", ".join(changed.notation.says) or "decimal points"
                notes.append(f"column {shown(reading.name)}: written otherwise than where the network learned ({says})")
            readings.append(changed)
        return replace(self, readings=tuple(readings)), tuple(notes)

    def to_dict(self) -> dict[str, Any]:
        """Return the schema as what JSON can hold, without what goes without saying."""
        usual = asdict(Reading("", "number"))
        columns = [
            {k: v for k, v in asdict(reading).items() if k in ("name", "kind") or v != usual[k]}
            for reading in self.readings
        ]
        return {"columns": columns, "missing": list(self.missing)}

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> "Schema":
        """Return the schema that `to_dict` wrote."""
        readings = []
        for entry in content["columns"]:
            values = dict(entry)
            if "notation" in values:
                values["notation"] = Notation(**values["notation"])
            if values.get("format") is not None:
                values["format"] = DateFormat(**values["format"])
            if values.get("levels") is not None:
                values["levels"] = tuple(values["levels"])
            if "extra" in values:
                values["extra"] = tuple((what, name) for what, name in values["extra"])
            readings.append(Reading(**values))
        return cls(tuple(readings), tuple(content["missing"]))


def is_text(column: pl.Series) -> bool:
    """Check whether a column is text, as a type of its own or as categories."""
    return column.dtype == pl.String or isinstance(column.dtype, pl.Categorical | pl.Enum)


def bare_frame(raw: pl.DataFrame, missing: Sequence[str]) -> pl.DataFrame:
    """Return a table whose columns of text are as `bare_text` makes them."""
    text = pl.col(pl.String).str.strip_chars()
    return raw.with_columns(pl.when(~text.is_in(["", *missing])).then(text))


def whole_numbers(bare: pl.DataFrame) -> list[pl.Series]:
    """Return those columns of bare text that hold whole numbers only, as Int64."""
    text = bare.select(pl.col(pl.String))
    whole = text.cast(pl.Int64, strict=False)
    pairs = zip(text.null_count().row(0), whole.null_count().row(0), whole.get_columns(), strict=True)
    return [column for before, after, column in pairs if before == after] if text.width else []


def text_of(column: pl.Series, missing: Sequence[str]) -> pl.Series:
    """Return a column of `bare_frame` as String: text as it is, values of any other type bare."""
    return column if column.dtype == pl.String else bare_text(column.cast(pl.String), missing)


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
    nothing = text.null_count()
    if reading.kind == "truth":
        truth = is_truth(text)
        if truth.all() or nothing == len(text):
            return parse_truth(text), None
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
    elif reading.format is not None and reading.format.date == "%Y%m%d" and column.dtype.is_integer():
        return _read_dates(reading, column.cast(pl.String), missing, row)
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


def _notations(numbers: Sequence[Reading], texts: Mapping[str, pl.Series]) -> dict[str, Notation]:
    """Find the notation of the number columns of another table."""
    marks: dict[str, Marks] = {}
    units: dict[str, str] = {}
    for reading in numbers:
        text = texts[reading.name]
        unlike = text.filter(text.cast(pl.Float64, strict=False).is_null() & text.is_not_null())
        if not len(unlike) and reading.notation == PLAIN and not text.str.contains(r"\.").any():
            continue  # whole numbers: the same in any notation
        counts = text.drop_nulls().value_counts(name="rows")
        parts = split(counts.to_series(0))
        marks[reading.name] = count_marks((parts["body"] + parts["power"]).drop_nulls())
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
        found[name] = replace(notation, unit=unit)
    return found


def _example(text: pl.Series, mark: str) -> str:
    return str(text.filter(text.str.contains(mark, literal=True).fill_null(False))[0])


def _date_format(reading: Reading, text: pl.Series) -> DateFormat | None:
    """Find how another table writes a column's dates: as before if all are such, else as its values tell."""
    text = text.set(is_word(text), None).drop_nulls().unique()
    before = reading.format
    if before is not None and (before.date == TIME or read_dates(text, before).null_count() == 0):
        return before
    formats = find_formats(text)
    if before in formats or not formats:
        return before
    if len(formats) > 1:
        alike = [one for one in formats if before is not None and one.date == before.date]
        return alike[0] if alike else before
    return formats[0]
