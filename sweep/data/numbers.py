"""Numbers as people write them, taken apart and read: signs, units, powers, bounds such as <300."""

import polars as pl

from sweep.data.marks import LAKHS, Notation

CURRENCIES = "USD|EUR|GBP|CHF|JPY|CNY|INR|SEK|NOK|DKK|PLN|CZK|HUF|AUD|CAD|NZD|BRL|MXN|ZAR|TRY|KRW|RUB"
SYMBOLS = rf"[A-Z]{{0,3}}\$|[€£¥₹₽₩₺฿]|{CURRENCIES}|Fr\.|Rs\.?|kr\.?|zł"
LETTERS = r"A-Za-z0-9µμ°Ω/²³^*.%_"
UNIT = rf"%|‰|{SYMBOLS}|[A-Za-zµμ°ΩÅ](?:[{LETTERS}-]{{0,13}}[{LETTERS}])?"
POWER = r"[eE][+-]?[0-9]+|\s?[x×*]\s?10\^[+-]?[0-9]+"
SHAPE = (
    r"^'?(?P<open>\()?\s*(?P<limit><=|>=|=<|=>|[<>≤≥])?\s*(?P<sign>[+-])?\s*"
    rf"(?P<before>{SYMBOLS})?\s*(?P<later>[+-])?"
    rf"(?P<body>[.,]?[0-9][0-9.,' ]*)(?P<power>{POWER})?\s*"
    rf"(?P<after>{UNIT})?(?P<plus>\+)?(?P<minus>-)?\s*(?P<close>\))?$"
)
SPELT = {
    **dict.fromkeys("\u2212\u2013\ufe63\uff0d", "-"),
    **dict.fromkeys("\u00a0\u2007\u2009\u202f", " "),
    **dict.fromkeys("\u200b\u200e\u200f\u2060\ufeff", ""),  # marks that cannot be seen
    "\u2019": "'",
    "\u066b": ".",
    "\u066c": ",",
    "\u00b7": ".",
    **{chr(zero + digit): str(digit) for zero in (0x0660, 0x06F0, 0xFF10) for digit in range(10)},
}
SHARES = {"%": 100, "‰": 1000}


def split(text: pl.Series) -> pl.DataFrame:
    """Take texts apart: limit, sign, body, power, unit, negative, each null where the text is no number.

    Returns
    -------
    pl.DataFrame, shape (rows, 6)
        `limit` is -1 for "below", 1 for "above", 0 for none; `sign` is "-" or ""; `body` holds digits and marks;
        `negative` is "()" or "-" where that says that the number is below zero, as `Notation` has it, else "".
    """
    tidy = text.str.replace_many(SPELT)
    parts = tidy.str.extract_groups(SHAPE).struct.unnest()
    signed = pl.col("sign").is_not_null() | pl.col("later").is_not_null()
    style = pl.when(pl.col("open").is_not_null()).then(pl.lit("()")).otherwise(pl.col("minus").fill_null(""))
    twice = (pl.col("open").is_not_null().cast(pl.Int8) + pl.col("minus").is_not_null() + signed) > 1
    unpaired = pl.col("open").is_null() != pl.col("close").is_null()
    return parts.select(
        limit=pl.when(pl.col("limit").str.contains("[<≤]"))
        .then(-1)
        .when(pl.col("limit").is_not_null() | pl.col("plus").is_not_null())
        .then(1)
        .otherwise(0)
        .cast(pl.Int8),
        sign=pl.when((pl.col("sign") == "-") | (pl.col("later") == "-") | (style != ""))
        .then(pl.lit("-"))
        .otherwise(pl.lit("")),
        body=pl.when(~twice & ~unpaired).then(pl.col("body").str.strip_chars()),
        power=pl.col("power").fill_null("").str.replace(r"^\s?[x×*]\s?10\^", "e"),
        unit=pl.coalesce("before", "after").fill_null("").str.replace("^([A-Za-z]{2,})s$", "$1"),  # 1 day, 2 days
        negative=style,
    )


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
    rows = count_units(units, counts)
    rows[""] = rows.get("", 0) - rows_of_zero
    total = sum(rows.values())
    found = max((unit for unit in rows if unit), key=lambda unit: (rows[unit], unit), default="")
    if not found:
        return ""
    is_currency = bool(pl.Series([found]).str.contains(f"^({SYMBOLS})$").all())
    return found if rows[found] * 2 > total or (is_currency and len(rows) == 2) else ""


def count_units(units: pl.Series, counts: pl.Series) -> dict[str, int]:
    """Return how many rows bear each unit, from the units of different values and the rows that hold each."""
    frame = pl.DataFrame({"unit": units, "rows": counts})
    return dict(frame.group_by("unit").agg(pl.col("rows").sum()).iter_rows())


def find_negative(parts: pl.DataFrame, *, below: bool) -> str:
    """Return how a column writes numbers below zero, if not with a sign; "" unless all of its values agree.

    Parameters
    ----------
    parts : pl.DataFrame
        Different values, as `split` gives them.
    below : bool
        Whether other values of the column have a sign before them.
    """
    numbers = parts.filter(pl.col("body").is_not_null())
    styles = [style for style in numbers["negative"].unique() if style]
    signed = ((numbers["sign"] == "-") & (numbers["negative"] == "")).any()
    return styles[0] if len(styles) == 1 and not below and not signed else ""


def parse(text: pl.Series, notation: Notation) -> tuple[pl.Series, pl.Series | None]:
    """Read texts as numbers.

    Returns
    -------
    values : series of float, shape (rows,)
        Null where the text is missing or no number of this notation.
    limits : series of int or None
        -1 where the text says "below", 1 where it says "above", 0 where it is the number; None if all are.
    """
    plain = notation.decimal == "." and notation.thousands != "." and notation.unit not in SHARES
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
        lakhs = f"|{LAKHS}" if between == "," else ""
        fits |= body.str.contains(rf"^(\d{{1,3}}({between}\d{{3}})+{lakhs})({point}\d*)?$")
        body = body.str.replace_all(notation.thousands, "", literal=True)
    written = parts["sign"] + body.str.replace(notation.decimal, ".", literal=True) + parts["power"]
    found = written.cast(pl.Float64, strict=False)
    alike = parts["unit"] == notation.unit
    if notation.unit:
        alike |= (parts["unit"] == "") & ((found == 0) | (notation.unit not in SHARES))
    if notation.unit in SHARES:
        found = found / SHARES[notation.unit]
    fits &= alike & parts["negative"].is_in(["", notation.negative])
    found = found.set(~fits.fill_null(False), None)
    limits = parts["limit"].set(found.is_null(), 0)
    values = values.scatter(left, found).fill_nan(None) + 0.0
    if not (limits != 0).any():
        return values, None
    return values, pl.zeros(len(text), pl.Int8, eager=True).scatter(left, limits)
