"""Dates, times and durations written as text: their format found from all values, read as days or seconds."""

from dataclasses import dataclass

import polars as pl

NAMES = r"[A-Za-z]{3,10}"
# What the date part looks like, and the formats that it may have; more than one: the values must tell which.
FORMATS: dict[str, tuple[str, ...]] = {
    r"\d{4}-\d{1,2}-\d{1,2}": ("%Y-%m-%d",),
    r"\d{4}/\d{1,2}/\d{1,2}": ("%Y/%m/%d",),
    r"\d{4}\.\d{1,2}\.\d{1,2}": ("%Y.%m.%d",),
    r"\d{4} \d{1,2} \d{1,2}": ("%Y %m %d",),
    r"\d{1,2}\.\d{1,2}\.\d{4}": ("%d.%m.%Y",),
    r"\d{1,2}\.\d{1,2}\.\d{2}": ("%d.%m.%y",),
    r"\d{1,2}/\d{1,2}/\d{4}": ("%d/%m/%Y", "%m/%d/%Y"),
    r"\d{1,2}/\d{1,2}/\d{2}": ("%d/%m/%y", "%m/%d/%y"),
    r"\d{1,2}-\d{1,2}-\d{4}": ("%d-%m-%Y", "%m-%d-%Y"),
    r"\d{1,2}-\d{1,2}-\d{2}": ("%d-%m-%y", "%m-%d-%y"),
    rf"\d{{1,2}}-{NAMES}-\d{{4}}": ("%d-%b-%Y",),
    rf"\d{{1,2}}-{NAMES}-\d{{2}}": ("%d-%b-%y",),
    rf"\d{{1,2}}/{NAMES}/\d{{4}}": ("%d/%b/%Y",),
    rf"\d{{1,2}} {NAMES} \d{{4}}": ("%d %b %Y",),
    rf"\d{{1,2}} {NAMES} \d{{2}}": ("%d %b %y",),
    rf"\d{{1,2}}{NAMES}\d{{4}}": ("%d%b%Y",),
    rf"\d{{4}}-{NAMES}-\d{{1,2}}": ("%Y-%b-%d",),
    rf"{NAMES} \d{{1,2}} \d{{4}}": ("%b %d %Y",),
    r"\d{4}-\d{2}": ("%Y-%m",),
    r"\d{4}/\d{2}": ("%Y/%m",),
    r"\d{2}/\d{4}": ("%m/%Y",),
    rf"{NAMES} \d{{4}}": ("%b %Y",),
    rf"{NAMES}-\d{{4}}": ("%b-%Y",),
    rf"{NAMES}-\d{{2}}": ("%b-%y",),
}
COMPACT = {r"\d{8}": ("%Y%m%d",), r"\d{2}\.\d{4}": ("%m.%Y",)}  # numbers, unless all values can be nothing but dates
SHAPES = {**FORMATS, **COMPACT}
# Formats without a date: a time of day, hours and minutes beyond a day, minutes and seconds beside hours.
TIME, DURATION, MINUTES = CLOCKS = ("time", "h:mm:ss", "mm:ss")
CLOCK = r"(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2}(?:[.,]\d+)?))?(?: ?(?P<noon>[AaPp][Mm]))?"
ZONE = r"(?: ?(?P<zone>Z|z|UTC|GMT|[+-]\d{2}:?\d{2}))?"
SHAPE = rf"^(?P<date>.*?\S)(?:[Tt :] *{CLOCK}{ZONE})?$"
SPAN = r"^(?:(?P<days>\d+) days?,? ?)?(?P<hour>\d+):(?P<minute>\d{2})(?::(?P<second>\d{2}(?:[.,]\d+)?))?$"
WEEKDAY = (
    r"(?i)^(?:(?:mon|tue|tues|wed|wednes|thu|thurs|fri|sat|satur|sun)(?:day)?|montag|dienstag|mittwoch|donnerstag|"
    r"freitag|samstag|sonnabend|sonntag|mo|di|mi|do|fr|sa|so)[.,]{0,2} +"
)
MONTHS = {  # how others begin the names of months
    "mär": "Mar", "mrz": "Mar", "mrt": "Mar", "mai": "May", "mei": "May", "mag": "May", "okt": "Oct", "ott": "Oct",
    "out": "Oct", "dez": "Dec", "dic": "Dec", "déc": "Dec", "ene": "Jan", "gen": "Jan", "fév": "Feb", "fev": "Feb",
    "avr": "Apr", "abr": "Apr", "juin": "Jun", "giu": "Jun", "juil": "Jul", "lug": "Jul", "aoû": "Aug", "ago": "Aug",
    "set": "Sep",
}  # fmt: skip
YEARS = (1800, 2200)
MANY = 1000  # texts, from which on each different one is read once
SAMPLE = 200  # different texts in which a format is sought
FEW = 5  # different numbers that must all be days, to be taken for nothing else
DAY = 86_400  # seconds


@dataclass(frozen=True)
class DateFormat:
    """How the dates of a column are written.

    Attributes
    ----------
    date : str
        The date part as `strptime` knows it; one of `CLOCKS` where there is none.
    clock : bool
        Whether times stand beside the dates.
    """

    date: str
    clock: bool

    @property
    def timeless(self) -> bool:
        """Check whether there is no date, but a time of day or a duration alone."""
        return self.date in CLOCKS

    @property
    def says(self) -> str:
        """Say what the column holds."""
        if self.timeless:
            return "times of day" if self.date == TIME else f"durations ({self.date})"
        years = "; years 69 to 99 are 19.., 00 to 68 are 20.." if "%y" in self.date else ""
        return f"dates ({self.date}{' and times' if self.clock else ''}{years})"


def find_formats(text: pl.Series, *, forced: bool = False) -> tuple[DateFormat, ...]:
    """Find the formats under which most of these different texts are dates; two, where the values do not tell which.

    `forced` takes eight digits for a date, too.
    """
    text = text.drop_nulls()
    some = text.gather_every(len(text) // SAMPLE + 1)
    if not len(some) or not some.str.contains(r"\d").any():
        return ()
    if (some.str.contains(f"^{CLOCK}$") | some.str.contains(SPAN)).sum() * 2 > len(some):
        return (_find_clock(text),)
    parts = _split(some)
    clock = bool(parts["hour"].is_not_null().any())
    matches = {
        shape: int(parts["date"].str.contains(f"^{shape}$").sum()) for shape in (SHAPES if forced or clock else FORMATS)
    }
    best = max(matches, key=lambda shape: matches[shape])
    if matches[best] * 2 <= len(some) and sum(matches.values()) * 10 < len(some) * 9:
        return ()
    found = [DateFormat(one, clock) for one in SHAPES[best]]
    if len(found) == 1:
        text = some
    lacking = [read_dates(text, one).null_count() for one in found]
    fewest = min(lacking)
    if (len(text) - fewest) * 3 < len(text):
        return ()
    fitting = [one for one, missing in zip(found, lacking, strict=True) if missing == fewest]
    return tuple(fitting if len(fitting) < 2 else _without_order(text, fitting))


def _without_order(text: pl.Series, formats: list[DateFormat]) -> list[DateFormat]:
    """Return those formats under which the first number, if it is always 1 and the other is not, is the day."""
    numbers = _split(text)["date"].str.extract_groups(r"^(\d+)\D(\d+)\D").struct.unnest().cast(pl.Int64, strict=False)
    ones = [(column.drop_nulls() == 1).all() for column in numbers.get_columns()]
    if ones[0] == ones[1]:
        return formats
    return [one for one in formats if one.date.startswith("%d") == ones[0]]


def find_compact(numbers: pl.Series) -> DateFormat | None:
    """Return the format of whole numbers that are days such as 20240131, all of them; None if they are not."""
    known = numbers.drop_nulls()
    if not len(known) or known.min() < 19_000_101 or known.max() > 21_001_231:  # type: ignore[operator]
        return None
    different = known.unique()
    how = DateFormat("%Y%m%d", False)
    return how if len(different) >= FEW and not read_dates(different.cast(pl.String), how).null_count() else None


def is_month_and_year(text: pl.Series) -> bool:
    """Check whether texts such as 01.2024 are all months, which no number is written as."""
    known = text.drop_nulls()
    shape = r"^(0[1-9]|1[0-2])\.(19|20)\d\d$"
    if not len(known) or not known.head(SAMPLE).str.contains(shape).all():
        return False
    return bool(known.str.contains(shape).all() and known.str.starts_with("0").any())


def read_dates(text: pl.Series, how: DateFormat) -> pl.Series:
    """Read texts as seconds since 1970 (a time of day: since midnight), Float64; null where a text is no such date."""
    different = text.unique() if len(text) > MANY else text
    if len(different) * 2 < len(text):
        known = read_dates(different, how)
        return text.replace_strict(different, known, default=None, return_dtype=pl.Float64)
    if how.date == TIME:
        return _seconds(text.str.extract_groups(f"^{CLOCK}$").struct.unnest())
    if how.timeless:
        return _spans(text, how)
    parts = _split(text)
    date = parts["date"]
    shape = next(shape for shape, formats in SHAPES.items() if how.date in formats)
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


def _find_clock(text: pl.Series) -> DateFormat:
    """Tell times of day from durations, and from those of minutes and seconds beside which hours stand."""
    if read_dates(text, DateFormat(TIME, True)).null_count() == 0:
        return DateFormat(TIME, True)
    parts = text.str.extract_groups(SPAN).struct.unnest()
    long = (parts["hour"].cast(pl.Int64, strict=False) >= 24).fill_null(False)
    short = parts["second"].is_null() & parts["hour"].is_not_null()
    if not (long | parts["days"].is_not_null()).any():
        return DateFormat(TIME, True)
    return DateFormat(MINUTES if (short & long).any() and (~short).any() else DURATION, True)


def _spans(text: pl.Series, how: DateFormat) -> pl.Series:
    """Read durations as seconds."""
    parts = text.str.extract_groups(SPAN).struct.unnest()
    days, first, second = (parts[name].cast(pl.Float64, strict=False) for name in ("days", "hour", "minute"))
    third = parts["second"].str.replace(",", ".", literal=True).cast(pl.Float64)
    seconds = days.fill_null(0.0) * DAY + first * 3600 + second * 60 + third.fill_null(0.0)
    if how.date == MINUTES:
        seconds = pl.select(pl.when(third.is_null()).then(first * 60 + second).otherwise(seconds)).to_series()
    return seconds.set((second >= 60) | (third >= 60).fill_null(False), None).alias(text.name)


def _split(text: pl.Series) -> pl.DataFrame:
    parts = _tidy(text).str.extract_groups(SHAPE).struct.unnest()
    return parts.with_columns(pl.col("date").str.replace_all(r"[.,]? +|, *", " "))


def _tidy(text: pl.Series) -> pl.Series:
    """Write dates of other languages and programs as the table of formats has them."""
    if text.str.contains(r"^\d{8}[Tt ]?\d{6}").any():
        text = text.str.replace(r"^(\d{8})[Tt ]?(\d{2})(\d{2})(\d{2})", "${1}T$2:$3:$4")
    if not text.str.contains(r"\p{L}{2}|年").any():
        return text
    text = text.str.replace_many(MONTHS, ascii_case_insensitive=True).str.replace(WEEKDAY, "")
    text = text.str.replace(r"(\d{4})年(\d{1,2})月(\d{1,2})日", "$1-$2-$3").str.replace(r"(:\d\d) ?(?:Uhr|h)$", "$1")
    return text.str.replace(rf"^({NAMES} +\d{{1,2}}) ([\d:]+) (\d{{4}})$", "$1 $3 $2")


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
