"""Find what each column of a table is, number, truth value, date or category, from all of its values."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

import polars as pl

from sweep.data.cells import first_row, is_truth, is_word, listed, shown
from sweep.data.dates import DAY, TIME, DateFormat, find_formats, from_days, parts_of, read_dates
from sweep.data.numbers import Marks, Notation, count_marks, count_points, find_unit, parse, resolve, split
from sweep.data.schema import LIMITS, Reading, Schema, bare_frame, read_column, text_of, whole_numbers
from sweep.errors import TableError

MOST_LEVELS = 1000  # of a category, kept to tell which are new in another table
MANY = 10  # different numbers that make a column one of measurements, though words stand among them
CODE = r"^[A-Za-z]{1,4}[-. ]?\d[\w./-]*$|^\d+[-./]?[A-Za-z][\w./-]*$"  # V45, E11.9, 12b
PROBLEMS = 3  # columns that one message names


@dataclass(frozen=True)
class Asked:
    """What the user said of columns: their names, by kind."""

    number: Collection[str] = ()
    category: Collection[str] = ()
    date: Collection[str] = ()

    def of(self, name: str) -> str | None:
        """Return the kind that a column was said to have."""
        return next((kind for kind in ("number", "category", "date") if name in getattr(self, kind)), None)


@dataclass
class _Draft:
    """A column of text on its way to a reading."""

    text: pl.Series
    words: dict[str, int] = field(default_factory=dict)
    rest: pl.DataFrame | None = None  # different values that are no words for missing, and their rows
    parts: pl.DataFrame | None = None  # the same, taken apart as numbers
    marks: Marks | None = None


@dataclass
class _Found:
    """What was found, and what has to be said."""

    readings: dict[str, Reading] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    limits: dict[str, pl.Series] = field(default_factory=dict)  # which values of a column are bounds


def learn_schema(
    raw: pl.DataFrame,
    *,
    missing: Sequence[str] = (),
    asked: Asked | None = None,
    categories: Collection[str] = (),
    taken: Collection[str] = (),
    bare: bool = False,
) -> tuple[Schema, tuple[str, ...]]:
    """Find how each column is to be read.

    Parameters
    ----------
    raw : pl.DataFrame, shape (rows, table columns)
        The columns as the file holds them: text, or of a type of their own.
    missing : sequence of str
        Values that mean "not known", in every column.
    asked : Asked, optional
        What the user said of columns.
    categories : collection of str
        Columns that the file says are categories, whatever they hold.
    taken : collection of str
        Names that no column made of another may have.
    bare : bool
        Whether `bare_frame` was at these rows already.

    Returns
    -------
    schema : Schema
    notes : tuple of str
        What has to be said of it.

    Raises
    ------
    TableError
        If a column of numbers or dates holds words that are neither, or could be read in two ways.
    """
    asked = asked or Asked()
    found = _Found()
    drafts: dict[str, _Draft] = {}
    raw = raw if bare else bare_frame(raw, missing)
    whole = whole_numbers(raw.drop({*asked.category, *asked.date, *categories}, strict=False))
    found.readings.update({column.name: Reading(column.name, "number") for column in whole})
    _say_codes(raw.select(column.name for column in whole), found)
    for column in raw:
        name, wanted = column.name, asked.of(column.name)
        if name in found.readings:
            continue
        if wanted == "category" or (wanted is None and (name in categories or _is_category(column))):
            found.readings[name] = _category(column, missing)
        elif column.dtype == pl.String or wanted == "date":
            draft = _Draft(text_of(column, missing))
            if wanted == "date" and column.dtype.is_temporal():
                found.readings[name] = _typed(column, found)
            elif not _is_settled(draft, found, wanted):
                drafts[name] = draft
        else:
            found.readings[name] = _typed(column, found)
    known: Mapping[str, Notation | None] = {}
    marks = {name: draft.marks for name, draft in drafts.items() if draft.marks is not None}
    for name, notation in resolve(marks, known).items():
        _settle_numbers(drafts[name], notation, found, asked.of(name))
    if found.problems:
        more = f" (and {len(found.problems) - PROBLEMS} more columns)" if len(found.problems) > PROBLEMS else ""
        raise TableError("; ".join(found.problems[:PROBLEMS]) + f"{more}.")
    names = {*raw.columns, *taken}
    readings = tuple(_with_extra(found.readings[column.name], column, missing, names, found) for column in raw)
    return Schema(readings, tuple(missing)), tuple(found.notes)


def _is_category(column: pl.Series) -> bool:
    return isinstance(column.dtype, pl.Categorical | pl.Enum)


def _category(column: pl.Series, missing: Sequence[str]) -> Reading:
    coded = column.dtype.is_numeric()
    return Reading(column.name, "category", coded=coded)


def _typed(column: pl.Series, found: _Found) -> Reading:
    """Return the reading of a column that has a type of its own."""
    dtype = column.dtype
    if dtype == pl.Boolean:
        return Reading(column.name, "truth")
    if dtype.is_temporal():
        return Reading(column.name, "date", seconds=dtype != pl.Date and not _are_days(column))
    return Reading(column.name, "number", marked=dtype.is_float() or dtype.is_decimal())


def _are_days(column: pl.Series) -> bool:
    """Check whether points in time are whole days, as pandas holds dates."""
    if not isinstance(column.dtype, pl.Datetime):
        return False
    day = from_days(column) % DAY
    return column.null_count() < len(column) and bool((day.drop_nulls() == 0).all())


def _is_settled(draft: _Draft, found: _Found, wanted: str | None) -> bool:
    """Find what a column of text is, where its own values tell; else leave what tells in the draft."""
    text = draft.text
    name, rows = text.name, len(text) - text.null_count()
    real = text.cast(pl.Float64, strict=False)
    odd = text.filter(real.is_null() & text.is_not_null())
    counts = odd.rename("value").value_counts(name="rows") if len(odd) else None
    if counts is not None:
        words = is_word(counts["value"])
        draft.words = dict(counts.filter(words).iter_rows())
        draft.rest = counts.filter(~words)
    left = 0 if draft.rest is None else int(draft.rest["rows"].sum())
    plain = rows - left - sum(draft.words.values())
    if wanted == "date":
        _settle_dates(draft, found, forced=True)
        return True
    if draft.rest is None or not left:
        if not text.str.contains(r"\.").any():
            _say_words(draft, found)
            found.readings[name] = Reading(name, "number")
            return True
        draft.marks = count_points(text.filter(real.is_not_null()))
        return False
    rest = draft.rest["value"]
    if not plain and is_truth(rest).all() and wanted is None:
        _say_words(draft, found)
        found.readings[name] = Reading(name, "truth")
        return True
    if wanted is None and left >= plain and find_formats(rest):
        return _settle_dates(draft, found, forced=False)
    draft.parts = split(rest)
    shaped = int(draft.rest.filter(draft.parts["body"].is_not_null())["rows"].sum())
    if wanted != "number" and (plain + shaped) * 2 < plain + left:
        _settle_category(draft, found, plain)
        return True
    bodies = [(draft.parts["body"] + draft.parts["power"]).drop_nulls()]
    if plain:
        bodies.append(text.filter(real.is_not_null()).unique().str.strip_chars_start("+-"))
    draft.marks = count_marks(pl.concat([body.rename("body") for body in bodies]))
    return False


def _settle_category(draft: _Draft, found: _Found, plain: int, why: str = "") -> None:
    name = draft.text.name
    known = len(draft.text) - draft.text.null_count()
    if not why and plain * 5 >= known and plain > 1:
        some = draft.rest["value"].sort() if draft.rest is not None else ()
        why = f"{plain} of {known} values are numbers, the others are not: {listed(some, width=40)}"
    if why:
        found.notes.append(f"column {shown(name)}: read as categories ({why}); --number {name} makes it numbers")
    found.readings[name] = Reading(name, "category")


def _settle_numbers(draft: _Draft, notation: Notation | None, found: _Found, wanted: str | None) -> None:
    """Decide on a column whose values are mostly shaped as numbers, once its marks are known."""
    text, rest, parts = draft.text, draft.rest, draft.parts
    name, marks = text.name, draft.marks
    if notation is None:
        mark = "." if marks is None or marks.doubtful is None else marks.doubtful
        value = str(text.filter(text.str.contains(mark, literal=True).fill_null(False))[0])
        one, other = value.replace(mark, ""), value.replace(mark, ".")
        found.problems.append(
            f"column {shown(name)}: {shown(value)} can be {one} or {other}, and no other column tells which mark this "
            f"table uses: write its numbers with one kind of mark, or leave it out (--drop) or say --category {name}"
        )
        return
    known = len(text) - text.null_count() - sum(draft.words.values())
    bare = text.set(is_word(text), None) if draft.words else text
    if rest is not None and parts is not None:
        real = bare.cast(pl.Float64, strict=False)
        shaped = parts["body"].is_not_null()
        numbers = bare.filter(real.is_not_null())
        zeros = int((real.drop_nulls() == 0).sum()) + int(
            rest.filter((parts["unit"] == "") & parts["body"].str.contains(r"^0*[.,]?0*$"))["rows"].sum()
        )
        units = pl.concat([parts["unit"].filter(shaped), pl.Series([""], dtype=pl.String)])
        counts = pl.concat([rest["rows"].filter(shaped), pl.Series([len(numbers)], dtype=rest["rows"].dtype)])
        notation = replace(notation, unit=find_unit(units, counts, zeros))
    values, limits = parse(bare, notation)
    odd = values.is_null() & bare.is_not_null()
    count = int(odd.sum())
    different = values.drop_nulls().n_unique()
    reading = Reading(name, "number", notation, marked=marks is not None and _has_marks(marks))
    if count and wanted == "number":
        found.notes.append(f"column {shown(name)}: {count} values that are no numbers are missing: {_odd(bare, odd)}")
        reading = replace(reading, lenient=True)
    elif count:
        share = (known - count) / known
        words = bare.filter(odd).unique()
        coded = words.str.contains(CODE).all() and not _bear_one_unit(words)
        repeated = different * 2 <= known - count
        if (
            share < 0.5
            or (coded and repeated and count * 100 >= known)
            or (share < 0.8 and different < MANY and split(words)["body"].null_count())
        ):
            why = f"they look like codes: {listed(words.sort(), width=40)}" if coded and share >= 0.5 else ""
            _settle_category(draft, found, known - count, why)
            return
        found.problems.append(
            f"column {shown(name)}: {known - count} of {known} values are numbers, {_odd(bare, odd)} not: correct "
            f"them, name them as missing (--missing {shown(words[0])}), or say --number {name} (what is no number is "
            f"missing) or --category {name}"
        )
        return
    elif (
        limits is not None
        and int((limits.filter(values.is_not_null()) == 0).sum()) * 2 < known
        and (values.filter(limits == 0).drop_nulls().n_unique() < MANY)
    ):
        _settle_category(draft, found, 0)
        return
    _say_words(draft, found)
    if notation.says:
        found.notes.append(f"column {shown(name)}: numbers with {', '.join(notation.says)}")
    if limits is not None:
        found.limits[name] = limits
        below, above = (int((limits == side).sum()) for side in (-1, 1))
        found.notes.append(
            f"column {shown(name)}: {below + above} values are bounds ({below} below, {above} above, such as "
            f"{shown(bare.filter((limits != 0).fill_null(False))[0])}): the bound as a number, and that it is one"
        )
    found.readings[name] = reading


def _has_marks(marks: Marks) -> bool:
    return bool(marks.points or marks.commas or marks.either_point or marks.either_comma or any(marks.grouped.values()))


def _bear_one_unit(words: pl.Series) -> bool:
    """Check whether these words are numbers with one and the same unit."""
    units = split(words)["unit"]
    return bool((units != "").all()) and units.n_unique() == 1


def _odd(text: pl.Series, odd: pl.Series) -> str:
    """Name the words that are no numbers, with the row where each first stands and how often it does."""
    counts = text.filter(odd).rename("value").value_counts(sort=True, name="rows")
    said = []
    for word, rows in counts.head(3).iter_rows():
        row = first_row((text == word).fill_null(False))
        said.append(f"{shown(word)} in row {row}" + (f" and {rows - 1} more" if rows > 1 else ""))
    more = f" and {counts.height - 3} other words" if counts.height > 3 else ""
    return ", ".join(said) + more


def _settle_dates(draft: _Draft, found: _Found, *, forced: bool) -> bool:
    """Decide on a column of which most values are dates; return whether it is decided."""
    bare = draft.text.set(is_word(draft.text), None)
    name = bare.name
    values = bare.drop_nulls()
    different = values.unique()
    formats = find_formats(different, forced=forced)
    if not formats:
        found.problems.append(f"column {shown(name)} was said to hold dates; it holds {listed(different.head(3))}")
        return True
    if len(formats) > 1:
        one, other = (read_dates(different, how) for how in formats)
        if (one == other).all():
            formats = formats[:1]
        elif forced:
            found.problems.append(
                f"column {shown(name)}: {shown(different[0])} can be two dates, and no value tells which: "
                "write the year first, as in 2024-12-31"
            )
            return True
        else:
            _settle_category(draft, found, 0, f"{shown(different[0])} can be two dates, and no value tells which")
            return True
    seconds = read_dates(bare, formats[0])
    odd = seconds.is_null() & bare.is_not_null()
    count = int(odd.sum())
    if count * 2 > len(values) and not forced:
        return False
    if count:
        found.problems.append(
            f"column {shown(name)}: {len(values) - count} of {len(values)} values are dates, {_odd(bare, odd)} not: "
            f"correct them, name them as missing, or say --category {name}"
        )
        return True
    _say_words(draft, found)
    found.readings[name] = Reading(name, "date", format=formats[0], seconds=formats[0].clock)
    return True


def _say_words(draft: _Draft, found: _Found) -> None:
    if draft.words:
        each = ", ".join(f"{rows} {shown(word)}" for word, rows in sorted(draft.words.items(), key=lambda w: -w[1]))
        found.notes.append(f"column {shown(draft.text.name)}: read as missing: {each}")


def _say_codes(whole: pl.DataFrame, found: _Found) -> None:
    """Say of columns of whole numbers that they look like codes, by their leading zeros."""
    if whole.width:
        padded = whole.select(pl.all().str.contains(r"^0\d").sum()).row(0)
        for name, rows in zip(whole.columns, padded, strict=True):
            if rows and rows * 10 >= whole.height:
                found.notes.append(
                    f"column {shown(name)}: numbers with leading zeros; --category {name} keeps them as codes"
                )


def _with_extra(reading: Reading, column: pl.Series, missing: Sequence[str], names: set[str], found: _Found) -> Reading:
    """Add what only the values read can tell: the columns beside, the range of dates, the levels."""
    if reading.kind == "date":
        return _with_parts(reading, column, missing, names, found)
    if reading.kind == "number" and reading.name in found.limits:
        sides = [what for what, side in LIMITS.items() if (found.limits[reading.name] == side).any()]
        return replace(reading, extra=_named(reading.name, sides, names))
    if reading.kind == "category":
        levels = read_column(reading, column, missing)[0].drop_nulls().unique()
        if levels.dtype == pl.String and len(levels) <= MOST_LEVELS:
            return replace(reading, levels=tuple(levels.sort()))
    return reading


def _with_parts(reading: Reading, column: pl.Series, missing: Sequence[str], names: set[str], found: _Found) -> Reading:
    values = read_column(reading, column, missing)[0]
    seconds = values.cast(pl.Float64) * (1 if reading.seconds else DAY)
    varying = []
    timeless = reading.format is not None and reading.format.date == TIME
    if not timeless and not isinstance(column.dtype, pl.Time | pl.Duration):
        parts = parts_of(seconds)
        firsts = (seconds.drop_nulls() / DAY).floor().cast(pl.Int32).cast(pl.Date).dt.day().n_unique() == 1
        varying = [what for what, part in parts.items() if part.drop_nulls().n_unique() > 1]
        varying = [
            what for what in varying if not (what == "weekday" and firsts) and (reading.seconds or what != "hour")
        ]
    what = f"dates ({_format(reading.format)})" if reading.format is not None else str(column.dtype)
    also = f", with {', '.join(varying)} beside" if varying else ""
    unit = "seconds" if reading.seconds else "days"
    found.notes.append(f"column {shown(reading.name)}: {what} read as {unit}{also}")
    low, high = values.min(), values.max()
    return replace(
        reading,
        low=None if low is None else float(low),  # type: ignore[arg-type]
        high=None if high is None else float(high),  # type: ignore[arg-type]
        extra=_named(reading.name, varying, names),
    )


def _format(how: DateFormat) -> str:
    if how.date == TIME:
        return "times of day"
    return how.date + (" and times" if how.clock else "")


def _named(name: str, whats: Sequence[str], names: set[str]) -> tuple[tuple[str, str], ...]:
    """Name the columns that come of one, as no other column is named."""
    made = []
    for what in whats:
        new = f"{name} ({what})"
        while new in names:
            new += "'"
        names.add(new)
        made.append((what, new))
    return tuple(made)
