"""What one cell means: which of four plain types it has, what is missing, which texts are numbers or truth values."""

import math
from collections.abc import Collection, Iterable, Sequence

import numpy as np
import polars as pl

from sweep.errors import TableError

# Words that stand for "no value" in a column that otherwise holds numbers, dates or truth values, whatever their case.
# In a column of text they may be values ("NA" is a country, "None" an answer), so there only empty fields and what the
# user names are missing.
WORDS = (
    "na n/a #n/a n.a. n.a nan -nan nat <na> null (null) [null] none nil \\n nd n.d. n/d unk unknown missing undefined "
    ". .. ... - -- --- \u2013 \u2014 ? ?? ??? #div/0! #value! #ref! #name? #num! #null! #error! "
    "1.#ind -1.#ind 1.#qnan -1.#qnan 1.#nan 0000-00-00 0000-00-00t00:00:00"
)
PHRASES = (
    "not available,not applicable,not known,not measured,not done,not reported,not recorded,not tested,not collected,"
    "not determined,no data,no value,no result,missing data,missing value,0000-00-00 00:00:00"
)
MISSING_WORDS = {*WORDS.split(), *PHRASES.split(",")}
YES = ("yes", "y", "true", "t", "on", "1", "ja", "oui", "si", "sí")
NO = ("no", "n", "false", "f", "off", "0", "nein", "non")
TRUTHS = dict.fromkeys(YES, "1") | dict.fromkeys(NO, "0")
SAMPLE = 200  # rows that tell most columns of no whole numbers
TICKS = {"ms": 1e3, "us": 1e6, "ns": 1e9}  # of polars' time units in a second


def shown(value: object) -> str:
    r"""Return a value as messages show it: quoted, control characters escaped, at most 40 characters.

    >>> shown("a\tb"), shown(3)
    ("'a\\tb'", '3')
    """
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:37]}..."


def listed(values: Iterable[object], *, width: int = 90) -> str:
    """Return values as a list for a message that ends, with their number, where the line would be full.

    >>> listed(["age", "sex"])
    "'age', 'sex'"
    """
    texts = [shown(value) for value in values]
    used = 0
    for position, text in enumerate(texts):
        used += len(text) + 2
        if used > width and position:
            return f"{', '.join(texts[:position])}, ... ({len(texts)} in all)"
    return ", ".join(texts)


def first_row(found: pl.Series) -> int:
    """Return the number of the first row where this is true, from 1 on."""
    return int(found.arg_true()[0]) + 1


def plain(series: pl.Series) -> pl.Series:
    """Return a column as Int64, Float64, Boolean or String.

    Dates become days and times, datetimes and durations become seconds (since 1970 where they are points in time);
    decimals and numbers too large for Int64 become Float64; categories become text; NaN becomes null and -0 becomes 0.

    Raises
    ------
    TableError
        If the column holds lists, structs, binary values or other objects.
    """
    dtype = series.dtype
    if dtype in (pl.Boolean, pl.String, pl.Int64):
        return series
    if dtype.is_float() or dtype.is_decimal() or dtype == pl.Null:
        values = series.cast(pl.Float64)
        below = (1 / values == -math.inf).fill_null(False)  # -0, which polars' own `+ 0.0` leaves
        values = values.set(below, 0.0) if below.any() else values
        return values.fill_nan(None) if values.is_nan().any() else values  # a large column that is tidy is not copied
    if dtype.is_integer():
        whole = series.cast(pl.Int64, strict=False)
        return whole if whole.null_count() == series.null_count() else series.cast(pl.Float64)
    if dtype == pl.Date:
        return series.to_physical().cast(pl.Int64)
    if dtype == pl.Time:
        return series.to_physical().cast(pl.Float64) / TICKS["ns"]
    if isinstance(dtype, pl.Datetime | pl.Duration):
        return series.to_physical().cast(pl.Float64) / TICKS[dtype.time_unit]
    if isinstance(dtype, pl.Categorical | pl.Enum):
        return series.cast(pl.String)
    raise TableError(
        f"a column must hold numbers, text, truth values or dates; column {shown(series.name)} holds {dtype}: "
        "take it apart into plain columns or leave it out of the file."
    )


def bare_text(text: pl.Series, missing: Sequence[str] = ()) -> pl.Series:
    """Return text without blanks around it, null where it is empty or one of the texts named as missing."""
    values = text.str.strip_chars()
    return values.set(values.is_in(["", *missing]), None)


def is_word(text: pl.Series) -> pl.Series:
    """Check of each text whether it is a word for "no value"."""
    return text.str.to_lowercase().is_in(MISSING_WORDS).fill_null(False)


def without_markers(values: pl.Series, missing: Sequence[str]) -> pl.Series:
    """Return a column of numbers with null where it holds a number that was named as missing."""
    if not missing:
        return values
    numbers = pl.Series([*missing], dtype=pl.String).cast(pl.Float64, strict=False).drop_nulls()
    return values.set(values.cast(pl.Float64).is_in(numbers.to_list()), None) if len(numbers) else values


def parse_text(series: pl.Series) -> pl.Series:
    """Return a column of bare text as Int64, Float64 or Boolean if every one of its values is such, else as it is."""
    bare = series.set(is_word(series), None)
    nothing = bare.null_count()
    if nothing == len(bare):
        return bare.cast(pl.Float64)
    whole = bare.cast(pl.Int64, strict=False)
    if whole.null_count() == nothing:
        return whole
    real = bare.cast(pl.Float64, strict=False)
    if real.null_count() == nothing:
        return plain(real)
    return parse_truth(bare) if is_truth(bare).all() else series


def is_truth(text: pl.Series, *, loosely: bool = False) -> pl.Series:
    """Check of each text whether it is true or false (`loosely`: or yes, no, 1, 0); null where missing."""
    return text.str.to_lowercase().is_in([*TRUTHS] if loosely else ["true", "false"])


def parse_truth(text: pl.Series) -> pl.Series:
    """Return true and false, or their like, in any case, as Boolean."""
    return text.str.to_lowercase().is_in(YES)


def as_labels(series: pl.Series) -> pl.Series:
    """Return a plain column as text in which whole numbers have no point: 1, 1.0 and "1" are all "1"."""
    if series.dtype == pl.Float64:
        whole = series.cast(pl.Int64, strict=False)
        series = whole if whole.cast(pl.Float64).eq_missing(series).all() else series
    return series.cast(pl.String)


def as_numbers(series: pl.Series) -> np.ndarray:
    """Return a column as numbers; text is read as a number where it is one, true and false are 1 and 0.

    Returns
    -------
    np.ndarray, shape (rows,), float64
        NaN where a value is missing.

    Raises
    ------
    TableError
        If a value is no number.
    """
    values = plain(series)
    if values.dtype == pl.String:
        text = values.str.strip_chars()
        text = text.set((text == "") | is_word(text), None)
        values = text.cast(pl.Float64, strict=False)
        wrong = values.is_null() & text.is_not_null()
        if wrong.any():
            row = first_row(wrong)
            raise TableError(
                f"column {shown(series.name)} must hold numbers, as it did where the network learned; "
                f"row {row} holds {shown(text[row - 1])}: correct it, or name it as missing."
            )
    return values.cast(pl.Float64).fill_null(math.nan).to_numpy()


def is_text(column: pl.Series) -> bool:
    """Check whether a column is text, as a type of its own or as categories."""
    return column.dtype == pl.String or isinstance(column.dtype, pl.Categorical | pl.Enum)


def bare_frame(raw: pl.DataFrame, missing: Sequence[str], *, but: Collection[str] = ()) -> pl.DataFrame:
    """Return a table whose columns of text, but for some, are as `bare_text` makes them."""
    text = pl.col(pl.String).exclude([*but]).str.strip_chars()
    columns = (column for column in raw if column.dtype == pl.String and column.name not in but)
    forced = [column.name for column in columns if _is_forced(column)]
    raw = raw.with_columns(pl.col(forced).str.strip_chars().str.replace('^="(.*)"$', "$1"))
    return raw.with_columns(pl.when(~text.is_in(["", *missing])).then(text))


def _is_forced(column: pl.Series) -> bool:
    """Check whether a spreadsheet was told that values are text, as in ="007"."""
    return column.head(SAMPLE).str.starts_with('="').any()


def whole_numbers(bare: pl.DataFrame) -> list[pl.Series]:
    """Return those columns of bare text that hold whole numbers only, as Int64."""
    text = bare.select(pl.col(pl.String))
    if not text.width:
        return []
    start = text.head(SAMPLE)
    started = zip(start.null_count().row(0), start.cast(pl.Int64, strict=False).null_count().row(0), text, strict=True)
    text = text.select(column.name for before, after, column in started if before == after)
    whole = text.cast(pl.Int64, strict=False)
    pairs = zip(text.null_count().row(0), whole.null_count().row(0), whole.get_columns(), strict=True)
    return [column for before, after, column in pairs if before == after]


def text_of(column: pl.Series, missing: Sequence[str]) -> pl.Series:
    """Return a column of `bare_frame` as String: text as it is, values of any other type bare."""
    return column if column.dtype == pl.String else bare_text(column.cast(pl.String), missing)
