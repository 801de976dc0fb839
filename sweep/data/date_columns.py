"""Decide on a column whose values look like dates: their format, and the columns that come of them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import polars as pl

from sweep.data.cells import listed, shown
from sweep.data.columns import read_column
from sweep.data.dates import DAY, DateFormat, parts_of, read_dates
from sweep.data.drafts import Draft, Found, name_odd
from sweep.data.readings import Reading, name_extra

TWO = "can be two dates, and no value tells which"
REMEDY = "write the year first, as in 2024-12-31"


@dataclass(frozen=True)
class Undecided:
    """A column of dates such as 03/04/2024: the day may stand first, or the month."""

    draft: Draft
    formats: tuple[DateFormat, ...]
    forced: bool

    @property
    def example(self) -> str:
        """A value that can be two dates."""
        different = self.draft.bare.drop_nulls().unique().sort()
        one, other = (read_dates(different, how) for how in self.formats)
        return str(different.filter((one != other).fill_null(False))[0])


def settle_dates(
    draft: Draft, formats: tuple[DateFormat, ...], found: Found, *, forced: bool = False
) -> Undecided | None:
    """Decide on a column of which most values are dates; return it where its own values do not tell all."""
    name, bare = draft.name, draft.bare
    different = bare.drop_nulls().unique()
    if not formats:
        found.problems.append(f"column {shown(name)} was said to hold dates; it holds {listed(different.head(3))}")
        return None
    if len(formats) > 1:
        one, other = (read_dates(different, how) for how in formats)
        if not (one == other).all():
            return Undecided(draft, formats, forced)
    _settle(draft, formats[0], found)
    return None


def settle_order(columns: Sequence[Undecided], found: Found) -> None:
    """Decide on columns such as 03/04/2024 by the order in which the file's other columns write day and month."""
    proven = {
        reading.format.date.startswith("%d"): reading.name
        for reading in found.readings.values()
        if reading.format is not None and reading.format.date[:2] in ("%d", "%m") and reading.format.date[2] in "/-"
        and "%b" not in reading.format.date and "%d" in reading.format.date
    }  # fmt: skip
    for column in columns:
        name, draft = column.draft.name, column.draft
        if len(proven) == 1:
            (day_first, other), *_ = proven.items()
            how = next(one for one in column.formats if one.date.startswith("%d") == day_first)
            found.say(
                name, f"{'day' if day_first else 'month'} before {'month' if day_first else 'day'}, as in {other!r}"
            )
            _settle(draft, how, found)
        elif column.forced:
            found.problems.append(f"column {shown(name)}: {shown(column.example)} {TWO}: {REMEDY}")
        else:
            found.say(name, f"read as categories ({shown(column.example)} {TWO}); {REMEDY}, to have dates")
            found.readings[name] = Reading(name, "category")


def _settle(draft: Draft, how: DateFormat, found: Found) -> None:
    """Read a column as dates of a format, or refuse it for what is none."""
    name, bare = draft.name, draft.bare
    seconds = read_dates(bare, how)
    odd = seconds.is_null() & bare.is_not_null()
    if odd.any():
        known, count = len(bare) - bare.null_count(), int(odd.sum())
        found.problems.append(
            f"column {shown(name)}: {known - count} of {known} values are {how.says}, {name_odd(bare, odd)} not: "
            f"correct them, name them as missing, or say --category {name}"
        )
        return
    found.say_words(draft)
    found.readings[name] = Reading(name, "date", format=how, seconds=how.clock)
    found.dates[name] = seconds


def with_parts(reading: Reading, column: pl.Series, missing: Sequence[str], names: set[str], found: Found) -> Reading:
    """Add the first and the last date, and the columns of hour, weekday and month where they vary."""
    seconds = found.dates.get(reading.name)
    if seconds is None:
        seconds = read_column(reading, column, missing)[0].cast(pl.Float64) * (1 if reading.seconds else DAY)
    values = seconds if reading.seconds else (seconds / DAY).floor()
    varying = []
    timeless = reading.format is not None and reading.format.timeless
    if not timeless and not isinstance(column.dtype, pl.Time | pl.Duration):
        parts = parts_of(seconds)
        firsts = (seconds.drop_nulls() / DAY).floor().cast(pl.Int32).cast(pl.Date).dt.day().n_unique() == 1
        varying = [what for what, part in parts.items() if part.drop_nulls().n_unique() > 1]
        varying = [
            what for what in varying if not (what == "weekday" and firsts) and (reading.seconds or what != "hour")
        ]
    what = reading.format.says if reading.format is not None else str(column.dtype)
    also = f", with {', '.join(varying)} beside" if varying else ""
    found.say(reading.name, f"{what} read as {'seconds' if reading.seconds else 'days'}{also}")
    low, high = values.min(), values.max()
    return replace(
        reading,
        low=None if low is None else float(low),  # type: ignore[arg-type]
        high=None if high is None else float(high),  # type: ignore[arg-type]
        extra=name_extra(reading.name, varying, names),
    )
