"""Dates and times written as text: their format found from all values, read as days or seconds, with their parts."""

from dataclasses import dataclass

import polars as pl

NAMES = r"[A-Za-z]{3,9}"
# What the date part looks like, and the formats that it may have; more than one: the values must tell which.
FORMATS: dict[str, tuple[str, ...]] = {
    r"\d{4}-\d{1,2}-\d{1,2}": ("%Y-%m-%d",),
    r"\d{4}/\d{1,2}/\d{1,2}": ("%Y/%m/%d",),
    r"\d{4}\.\d{1,2}\.\d{1,2}": ("%Y.%m.%d",),
    r"\d{1,2}\.\d{1,2}\.\d{4}": ("%d.%m.%Y",),
    r"\d{1,2}\.\d{1,2}\.\d{2}": ("%d.%m.%y",),
    r"\d{1,2}/\d{1,2}/\d{4}": ("%d/%m/%Y", "%m/%d/%Y"),
    r"\d{1,2}/\d{1,2}/\d{2}": ("%d/%m/%y", "%m/%d/%y"),
    r"\d{1,2}-\d{1,2}-\d{4}": ("%d-%m-%Y", "%m-%d-%Y"),
    rf"\d{{1,2}}-{NAMES}-\d{{4}}": ("%d-%b-%Y",),
    rf"\d{{1,2}}-{NAMES}-\d{{2}}": ("%d-%b-%y",),
    rf"\d{{1,2}} {NAMES} \d{{4}}": ("%d %b %Y",),
    rf"\d{{1,2}}{NAMES}\d{{4}}": ("%d%b%Y",),
    rf"{NAMES} \d{{1,2}} \d{{4}}": ("%b %d %Y",),
    r"\d{4}-\d{2}": ("%Y-%m",),
    r"\d{4}/\d{2}": ("%Y/%m",),
    r"\d{2}/\d{4}": ("%m/%Y",),
    rf"{NAMES} \d{{4}}": ("%b %Y",),
}
COMPACT = {r"\d{8}": ("%Y%m%d",)}  # a number, unless the user says that it is a date
TIME = "time"  # the format of a time of day alone
CLOCK = r"(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2}(?:[.,]\d+)?))?(?: ?(?P<noon>[AaPp][Mm]))?"
ZONE = r"(?: ?(?P<zone>Z|z|UTC|GMT|[+-]\d{2}:?\d{2}))?"
SHAPE = rf"^(?P<date>.*?\S)(?:[Tt ] *{CLOCK}{ZONE})?$"
YEARS = (1800, 2200)
MANY = 1000  # texts, from which on each different one is read once
DAY = 86_400  # seconds


@dataclass(frozen=True)
class DateFormat:
    """How the dates of a column are written.

    Attributes
    ----------
    date : str
        The date part as `strptime` knows it; "time" where there is none.
    clock : bool
        Whether times stand beside the dates.
    """

    date: str
    clock: bool


def find_formats(text: pl.Series, *, forced: bool = False) -> tuple[DateFormat, ...]:
    """Find the formats under which most of these different texts are dates; two, where the values do not tell which.

    `forced` takes eight digits for a date, too.
    """
    some = text.drop_nulls().head(20)
    if not len(some) or not some.str.contains(r"\d").any():
        return ()
    if some.str.contains(rf"^{CLOCK}$").sum() * 2 > len(some):
        return (DateFormat(TIME, True),)
    parts = _split(some)
    clock = parts["hour"].is_not_null().any()
    table = {**FORMATS, **COMPACT} if forced else FORMATS
    for shape, formats in table.items():
        if parts["date"].str.contains(f"^{shape}$").sum() * 2 > len(some):
            found = [DateFormat(one, bool(clock)) for one in formats]
            lacking = [read_dates(text, one).null_count() for one in found]
            fewest = min(lacking)
            if (len(text) - fewest) * 2 < len(text):
                return ()
            return tuple(one for one, missing in zip(found, lacking, strict=True) if missing == fewest)
    return ()


def read_dates(text: pl.Series, how: DateFormat) -> pl.Series:
    """Read texts as seconds since 1970 (a time of day: since midnight), Float64; null where a text is no such date."""
    different = text.unique() if len(text) > MANY else text
    if len(different) * 2 < len(text):
        known = read_dates(different, how)
        return text.replace_strict(different, known, default=None, return_dtype=pl.Float64)
    if how.date == TIME:
        parts = text.str.extract_groups(f"^{CLOCK}$").struct.unnest()
        return _seconds(parts)
    parts = _split(text)
    date = parts["date"]
    shape = next(shape for shape, formats in {**FORMATS, **COMPACT}.items() if how.date in formats)
    date = date.set(~date.str.contains(f"^{shape}$"), None)
    form = how.date
    if "%b" in form:
        date = date.str.replace(r"([A-Za-z]{3})[A-Za-z]+", "$1")
    if "%d" not in form:
        date, form = "01 " + date, f"%d {form}"
    days = date.str.to_date(form, strict=False)
    days = days.set(~days.dt.year().is_between(*YEARS), None)
    seconds = days.to_physical().cast(pl.Float64) * DAY
    return seconds + _seconds(parts).fill_null(0.0).set(parts["hour"].is_not_null() & _seconds(parts).is_null(), None)


def from_days(values: pl.Series) -> pl.Series:
    """Return a column of polars' dates, times or durations as seconds, Float64."""
    physical = values.to_physical().cast(pl.Float64)
    dtype = values.dtype
    if dtype == pl.Date:
        return physical * DAY
    return physical / {"ms": 1e3, "us": 1e6, "ns": 1e9}[getattr(dtype, "time_unit", "ns")]


def parts_of(seconds: pl.Series) -> dict[str, pl.Series]:
    """Return hour, weekday (0: Monday) and month (1 to 12) of points in time, each Float64."""
    time = (seconds * 1e6).round().cast(pl.Int64).cast(pl.Datetime("us"))
    return {
        "hour": time.dt.hour().cast(pl.Float64),
        "weekday": (time.dt.weekday() - 1).cast(pl.Float64),
        "month": time.dt.month().cast(pl.Float64),
    }


def _split(text: pl.Series) -> pl.DataFrame:
    parts = text.str.extract_groups(SHAPE).struct.unnest()
    return parts.with_columns(pl.col("date").str.replace_all(r"[.,]? +|, *", " "))


def _seconds(parts: pl.DataFrame) -> pl.Series:
    """Return the seconds since midnight, in UTC where a zone stands there; null where there is no such time."""
    hour, minute = (parts[name].cast(pl.Float64) for name in ("hour", "minute"))
    second = parts["second"].str.replace(",", ".", literal=True).cast(pl.Float64).fill_null(0.0)
    half = parts["noon"].str.to_lowercase()
    hour = pl.select(
        pl.when(half.is_null())
        .then(hour)
        .when((hour < 1) | (hour > 12))
        .then(None)
        .otherwise(hour % 12 + (half == "pm").cast(pl.Float64) * 12)
    ).to_series()
    clock = hour * 3600 + minute * 60 + second
    clock = clock.set((hour >= 24) | (minute >= 60) | (second >= 60), None)
    if "zone" not in parts.columns:
        return clock
    zone = parts["zone"]
    ahead = (
        zone.str.extract(r"[+-](\d{2})", 1).cast(pl.Float64) * 3600
        + zone.str.extract(r"(\d{2})$", 1).cast(pl.Float64) * 60
    )
    ahead = ahead * pl.select(pl.when(zone.str.starts_with("-")).then(-1.0).otherwise(1.0)).to_series()
    return clock - ahead.fill_null(0.0)
