"""Find what each column of a table is, number, truth value, date or category, from all of its values."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import polars as pl

from sweep.data.cells import TRUTHS, bare_frame, is_truth, shown, text_of, whole_numbers
from sweep.data.columns import read_column
from sweep.data.date_columns import Undecided, settle_dates, settle_order, with_parts
from sweep.data.dates import DAY, DateFormat, find_compact, find_formats, from_days, is_month_and_year
from sweep.data.drafts import Draft, Found
from sweep.data.marks import count_points, resolve
from sweep.data.number_columns import is_mixed_truth, is_numeric, settle_category, settle_numbers
from sweep.data.readings import LIMITS, Reading, name_extra
from sweep.data.schema import Schema
from sweep.errors import TableError

LEVELS_BYTES = 2**18  # of a category's levels, kept to tell which are new in another table
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


def learn_schema(
    raw: pl.DataFrame,
    *,
    missing: Sequence[str] = (),
    asked: Asked | None = None,
    categories: Collection[str] = (),
    taken: Collection[str] = (),
    bare: bool = False,
    pointed: bool = True,
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
    pointed : bool
        Whether fractions can be taken to have a point, as where commas part a file's fields.

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
    found = Found()
    drafts: dict[str, Draft] = {}
    undecided: list[Undecided] = []
    raw = raw if bare else bare_frame(raw, missing)
    whole = whole_numbers(raw.drop({*asked.category, *asked.date, *categories}, strict=False))
    for column in whole:
        found.readings[column.name] = _of_whole(column, asked.of(column.name))
    _say_codes(raw.select(one.name for one in whole if found.readings[one.name].kind == "number"), found)
    for column in raw:
        name, wanted = column.name, asked.of(column.name)
        if name in found.readings:
            continue
        if wanted == "category" or (wanted is None and (name in categories or _is_category(column))):
            found.readings[name] = Reading(name, "category", coded=column.dtype.is_numeric())
        elif column.dtype == pl.String or (wanted == "date" and not column.dtype.is_temporal()):
            draft = Draft.of(text_of(column, missing))
            formats = _formats_of(draft, wanted)
            if formats or wanted == "date":
                left = settle_dates(draft, formats, found, forced=wanted == "date")
                undecided += [] if left is None else [left]
            elif not _is_settled(draft, found, wanted):
                drafts[name] = draft
        else:
            found.readings[name] = _typed(column, wanted)
    marks = {name: draft.marks for name, draft in drafts.items() if draft.marks is not None}
    for name, notation in resolve(marks, {}, pointed=pointed).items():
        settle_numbers(drafts[name], notation, found, asked.of(name))
    settle_order(undecided, found)
    if found.problems:
        more = f" (and {len(found.problems) - PROBLEMS} more columns)" if len(found.problems) > PROBLEMS else ""
        raise TableError("; ".join(found.problems[:PROBLEMS]) + f"{more}.")
    names = {*raw.columns, *taken}
    readings = tuple(_with_extra(found.readings[column.name], column, missing, names, found) for column in raw)
    return Schema(readings, tuple(missing)), tuple(found.notes)


def _is_category(column: pl.Series) -> bool:
    return isinstance(column.dtype, pl.Categorical | pl.Enum)


def _of_whole(column: pl.Series, wanted: str | None) -> Reading:
    """Return the reading of whole numbers: numbers, or days such as 20240131."""
    how = find_compact(column) if wanted is None else None
    return Reading(column.name, "number") if how is None else Reading(column.name, "date", format=how)


def _typed(column: pl.Series, wanted: str | None) -> Reading:
    """Return the reading of a column that has a type of its own."""
    dtype = column.dtype
    if dtype == pl.Boolean:
        return Reading(column.name, "truth")
    if dtype.is_temporal():
        return Reading(column.name, "date", seconds=dtype != pl.Date and not _are_days(column))
    if dtype.is_integer():
        return _of_whole(column, wanted)
    return Reading(column.name, "number", marked=dtype.is_float() or dtype.is_decimal())


def _are_days(column: pl.Series) -> bool:
    """Check whether points in time are whole days, as pandas holds dates."""
    if not isinstance(column.dtype, pl.Datetime):
        return False
    day = from_days(column) % DAY
    return column.null_count() < len(column) and bool((day.drop_nulls() == 0).all())


def _formats_of(draft: Draft, wanted: str | None) -> tuple[DateFormat, ...]:
    """Return the formats under which a column holds dates, as the user says or its values tell; none: it does not."""
    if wanted == "date":
        return find_formats(draft.bare.drop_nulls().unique(), forced=True)
    if wanted is not None:
        return ()
    if draft.rest is None:
        return (DateFormat("%m.%Y", False),) if is_month_and_year(draft.bare) else ()
    return find_formats(draft.rest["value"]) if draft.left >= draft.plain else ()


def _is_settled(draft: Draft, found: Found, wanted: str | None) -> bool:
    """Find what a column of text is, where its own values tell; else leave what tells in the draft."""
    name, text = draft.name, draft.text
    if draft.rest is None:
        if not text.str.contains(r"\.").any():
            found.say_words(draft)
            found.readings[name] = Reading(name, "number")
            return True
        draft.marks = count_points(draft.bare)
        return False
    if wanted is None and _is_truth(draft, found):
        found.say_words(draft)
        found.readings[name] = Reading(name, "truth")
        return True
    if not is_numeric(draft, wanted):
        settle_category(draft, found)
        return True
    return False


def _is_truth(draft: Draft, found: Found) -> bool:
    """Check whether a column holds true and false alone, in one spelling or several."""
    rest = draft.rest["value"] if draft.rest is not None else pl.Series(dtype=pl.String)
    if not draft.plain and is_truth(rest).all():
        return True
    if len(rest) > len(TRUTHS) or not is_truth(rest, loosely=True).all():
        return False
    different = draft.bare.drop_nulls().unique().sort()
    if not is_mixed_truth(different):
        return False
    found.say(draft.name, f"true and false in several spellings: {', '.join(map(shown, different))}")
    return True


def _say_codes(whole: pl.DataFrame, found: Found) -> None:
    """Say of columns of whole numbers that they look like codes, by their leading zeros."""
    if whole.width:
        padded = whole.select(pl.all().str.contains(r"^0\d").sum()).row(0)
        for name, rows in zip(whole.columns, padded, strict=True):
            if rows and rows * 10 >= whole.height:
                found.notes.append(
                    f"column {shown(name)}: numbers with leading zeros; --category {name} keeps them as codes"
                )


def _with_extra(reading: Reading, column: pl.Series, missing: Sequence[str], names: set[str], found: Found) -> Reading:
    """Add what only the values read can tell: the columns beside, the range of dates, the levels."""
    if reading.kind == "date":
        return with_parts(reading, column, missing, names, found)
    if reading.kind == "number" and reading.name in found.limits:
        sides = [what for what, side in LIMITS.items() if (found.limits[reading.name] == side).any()]
        return replace(reading, extra=name_extra(reading.name, sides, names))
    if reading.kind == "category":
        levels = read_column(reading, column, missing)[0].drop_nulls().unique()
        if levels.dtype == pl.String and int(levels.str.len_bytes().sum()) <= LEVELS_BYTES:
            return replace(reading, levels=tuple(levels.sort()))
    return reading
