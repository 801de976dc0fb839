"""Numbers as people write them: decimal and thousands marks, units, bounds such as <300; found from all values."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import polars as pl

CURRENCIES = "USD|EUR|GBP|CHF|JPY|CNY|INR|SEK|NOK|DKK|PLN|CZK|HUF|AUD|CAD|NZD|BRL|MXN|ZAR|TRY|KRW|RUB"
SYMBOLS = rf"[A-Z]{{0,3}}\$|[€£¥₹₽₩₺฿]|{CURRENCIES}|Fr\.|Rs\.?|kr\.?|zł"
UNIT = rf"%|‰|{SYMBOLS}|[A-Za-zµμ°ΩÅ][A-Za-z0-9µμ°Ω/²³^*·._%-]{{0,14}}"
SHAPE = (
    r"^(?P<limit><=|>=|=<|=>|[<>≤≥])?\s*(?P<sign>[+-])?\s*"
    rf"(?P<before>{SYMBOLS})?\s*(?P<later>[+-])?"
    r"(?P<body>[.,]?[0-9][0-9.,' ]*)(?P<power>[eE][+-]?[0-9]+)?\s*"
    rf"(?P<after>{UNIT})?(?P<plus>\+)?$"
)
POWER = r"([eE][+-]?\d+)?$"
ENOUGH = 1000  # values in which a mark that can only be a decimal one settles it
SURE_COMMAS, SURE_POINTS = 20, 50  # different numbers, all with three digits after the mark, beside whole ones
SPELT = {"\u2212": "-", "\u00a0": " ", "\u2007": " ", "\u2009": " ", "\u202f": " ", "\u2019": "'"}


@dataclass(frozen=True)
class Notation:
    """How the numbers of a column are written.

    Attributes
    ----------
    decimal : "." or ","
    thousands : "", ".", ",", "'" or " "
    unit : str
        What stands before or after each number, or "". With "%" and "‰" the numbers are shares: 12 % is 0.12.
    """

    decimal: str = "."
    thousands: str = ""
    unit: str = ""

    @property
    def says(self) -> tuple[str, ...]:
        """Notes about it for the reader."""
        says = []
        if self.decimal == ",":
            says.append("decimal commas")
        if self.thousands:
            says.append(f"{self.thousands!r} between thousands")
        if self.unit in ("%", "‰"):
            says.append(f"{self.unit} as shares (12 % is 0.12)")
        elif self.unit:
            says.append(f"the unit {self.unit!r} left away")
        return tuple(says)


@dataclass(frozen=True)
class Marks:
    """How many different values of a column speak for each mark.

    Attributes
    ----------
    points, commas : int
        Values in which the mark can only be a decimal one.
    grouped : mapping of str to int
        Values in which a mark can only stand between thousands, by mark.
    either_point, either_comma : int
        Values like 1.758: the mark could be one or the other.
    whole : int
        Values without any mark.
    """

    points: int
    commas: int
    grouped: Mapping[str, int]
    either_point: int
    either_comma: int
    whole: int

    @property
    def decimal(self) -> str | None:
        """The decimal mark that the column's own values prove; None if they do not."""
        points, commas = self.points + self.grouped[","], self.commas + self.grouped["."]
        return None if points == commas == 0 else "." if points >= commas else ","

    @property
    def doubtful(self) -> str | None:
        """The mark that could stand for fractions or thousands; None if there is none."""
        if self.decimal is not None or not (self.either_point or self.either_comma):
            return None
        return "." if self.either_point >= self.either_comma else ","


def split(text: pl.Series) -> pl.DataFrame:
    """Take texts apart: limit, sign, body, power, unit, each null where the text is no number.

    Returns
    -------
    pl.DataFrame, shape (rows, 5)
        `limit` is -1 for "below", 1 for "above", 0 for none; `sign` is "-" or ""; `body` holds digits and marks.
    """
    tidy = text.str.replace_many(SPELT)
    parts = tidy.str.extract_groups(SHAPE).struct.unnest()
    return parts.select(
        limit=pl.when(pl.col("limit").str.contains("[<≤]"))
        .then(-1)
        .when(pl.col("limit").is_not_null() | pl.col("plus").is_not_null())
        .then(1)
        .otherwise(0)
        .cast(pl.Int8),
        sign=pl.when((pl.col("sign") == "-") | (pl.col("later") == "-")).then(pl.lit("-")).otherwise(pl.lit("")),
        body=pl.col("body").str.strip_chars(),
        power=pl.col("power").fill_null(""),
        unit=pl.coalesce("before", "after").fill_null(""),
    )


def count_marks(numbers: pl.Series) -> Marks:
    """Count what speaks for each mark among different bodies of numbers (with their powers, without signs)."""

    def count(pattern: str) -> int:
        return int(marked.str.contains(pattern).sum())

    marked = numbers.filter(numbers.str.contains("[.,' ]"))
    either = {mark: count(rf"^[1-9]\d{{0,2}}{point}\d{{3}}$") for mark, point in ((".", r"\."), (",", ","))}
    grouped = {
        ".": count(rf"^[1-9]\d{{0,2}}(\.\d{{3}})+,\d*{POWER}") + count(r"^[1-9]\d{0,2}(\.\d{3}){2,}$"),
        ",": count(rf"^[1-9]\d{{0,2}}(,\d{{3}})+\.\d*{POWER}") + count(r"^[1-9]\d{0,2}(,\d{3}){2,}$"),
        "'": count(rf"^\d{{1,3}}('\d{{3}})+([.,]\d*)?{POWER}"),
        " ": count(rf"^\d{{1,3}}( \d{{3}})+([.,]\d*)?{POWER}"),
    }
    return Marks(
        points=count(rf"^\d*\.\d*{POWER}") - either["."] + count(rf"^\d{{1,3}}(['\s]\d{{3}})+\.\d*{POWER}"),
        commas=count(rf"^\d*,\d+{POWER}") - either[","] + count(rf"^\d{{1,3}}(['\s]\d{{3}})+,\d*{POWER}"),
        grouped=grouped,
        either_point=either["."],
        either_comma=either[","],
        whole=len(numbers) - len(marked),
    )


def count_points(numbers: pl.Series) -> Marks:
    """Count as `count_marks` does among numbers that hold points only, as far as it takes to know what they are."""
    none = dict.fromkeys(".,' ", 0)
    some = numbers.drop_nulls().head(ENOUGH)
    for part in (some, numbers.drop_nulls().unique()):
        marked = part.filter(part.str.contains(".", literal=True))
        either = int(marked.str.contains(r"^[+-]?[1-9]\d{0,2}\.\d{3}$").sum())
        if len(marked) > either:
            return Marks(len(marked) - either, 0, none, either, 0, len(part) - len(marked))
    return Marks(0, 0, none, either, 0, len(part) - len(marked))


def resolve(marks: Mapping[str, Marks], known: Mapping[str, Notation | None]) -> dict[str, Notation | None]:
    """Find each column's marks, from its own values first, then from the file's other columns.

    Parameters
    ----------
    marks : mapping of name to Marks
        Of the columns that hold numbers.
    known : mapping of name to Notation or None
        Where a table was learned from: how the column was written there, or None if it held no marks.

    Returns
    -------
    dict of name to Notation or None
        Without units. None: the column could be read in two ways.
    """
    proven = {column.decimal for column in marks.values()} - {None}
    return {name: _resolve_one(column, proven, known, name) for name, column in marks.items()}


def _resolve_one(
    column: Marks, proven: Iterable[str | None], known: Mapping[str, Notation | None], name: str
) -> Notation | None:
    """Find one column's marks; None if it could be read in two ways."""
    before = known.get(name)
    apart = next((mark for mark in ("'", " ") if column.grouped[mark]), "")
    decimal, doubtful = column.decimal, column.doubtful
    if decimal is None and doubtful is not None:
        other = "," if doubtful == "." else "."
        enough = SURE_POINTS if doubtful == "." else SURE_COMMAS
        many = max(column.either_point, column.either_comma) >= enough
        if apart or [*proven] == [doubtful]:
            decimal = doubtful
        elif [*proven] == [other]:
            decimal = other
        elif before is not None and doubtful in (before.decimal, before.thousands):
            decimal = before.decimal
        elif name in known:
            return None
        elif column.whole and many and not [*proven]:
            decimal = other
        elif doubtful == "," or [*proven]:
            return None
        else:
            decimal = "."
    decimal = decimal or (before.decimal if before is not None else ".")
    other = "," if decimal == "." else "."
    between = column.grouped[other] or (column.either_comma if other == "," else column.either_point)
    return Notation(decimal, apart or (other if between else ""))


def find_unit(units: pl.Series, counts: pl.Series, rows_of_zero: int) -> str:
    """Return the unit of a column: what most rows bear, or any one currency; "" if none.

    Parameters
    ----------
    units : series of str
        Of different values.
    counts : series of int
        How many rows hold each.
    rows_of_zero : int
        Rows that hold 0 without a unit, which is the same in all of them.
    """
    by_unit = pl.DataFrame({"unit": units, "rows": counts}).group_by("unit").agg(pl.col("rows").sum())
    rows = dict(by_unit.iter_rows())
    rows[""] = rows.get("", 0) - rows_of_zero
    total = sum(rows.values())
    found = max((unit for unit in rows if unit), key=lambda unit: (rows[unit], unit), default="")
    if not found:
        return ""
    is_currency = bool(pl.Series([found]).str.contains(f"^({SYMBOLS})$").all())
    return found if rows[found] * 2 > total or (is_currency and len(rows) == 2) else ""


def parse(text: pl.Series, notation: Notation) -> tuple[pl.Series, pl.Series | None]:
    """Read texts as numbers.

    Returns
    -------
    values : series of float, shape (rows,)
        Null where the text is missing or no number of this notation.
    limits : series of int or None
        -1 where the text says "below", 1 where it says "above", 0 where it is the number; None if all are.
    """
    plain = notation.decimal == "." and notation.thousands != "." and notation.unit not in ("%", "‰")
    values = text.cast(pl.Float64, strict=False) if plain else pl.Series(text.name, [None] * len(text), pl.Float64)
    left = (values.is_null() & text.is_not_null()).arg_true()
    if not len(left):
        return values.fill_nan(None) + 0.0, None
    parts = split(text.gather(left))
    body = parts["body"]
    point = r"\." if notation.decimal == "." else ","
    fits = body.str.contains(rf"^\d*({point}\d*)?$")
    if notation.thousands:
        between = r"\." if notation.thousands == "." else notation.thousands
        fits |= body.str.contains(rf"^\d{{1,3}}({between}\d{{3}})+({point}\d*)?$")
        body = body.str.replace_all(notation.thousands, "", literal=True)
    written = parts["sign"] + body.str.replace(notation.decimal, ".", literal=True) + parts["power"]
    found = written.cast(pl.Float64, strict=False)
    fits &= parts["unit"] == notation.unit
    if notation.unit:
        fits |= (parts["unit"] == "") & ((found == 0) | (notation.unit not in ("%", "‰")))
    if notation.unit in ("%", "‰"):
        found = found / (100 if notation.unit == "%" else 1000)
    found = found.set(~fits.fill_null(False), None)
    limits = parts["limit"].set(found.is_null(), 0)
    values = values.scatter(left, found).fill_nan(None) + 0.0
    if not (limits != 0).any():
        return values, None
    return values, pl.zeros(len(text), pl.Int8, eager=True).scatter(left, limits)
