"""Decimal and thousands marks: what a column's values prove of them, and what the file's other columns settle."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import polars as pl

POWER = r"([eE][+-]?\d+)?$"
ENOUGH = 1000  # values in which a mark that can only be a decimal one settles it
SURE_COMMAS, SURE_POINTS = 20, 50  # different numbers, all with three digits after the mark, beside whole ones
LAKHS = r"\d{1,2}(,\d{2})+,\d{3}"  # thousands as India writes them: 2,53,772


@dataclass(frozen=True)
class Notation:
    """How the numbers of a column are written.

    Attributes
    ----------
    decimal : "." or ","
    thousands : "", ".", ",", "'" or " "
    unit : str
        What stands before or after each number, or "". With "%" and "‰" the numbers are shares: 12 % is 0.12.
    negative : "", "()" or "-"
        How numbers below zero are written, if not with a sign before them: (5) or 5-.
    """

    decimal: str = "."
    thousands: str = ""
    unit: str = ""
    negative: str = ""

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
        if self.negative:
            says.append(f"{'(5)' if self.negative == '()' else '5-'} as -5")
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
    long : int
        Those of them with four digits or more: no mark stands between thousands there.
    """

    points: int
    commas: int
    grouped: Mapping[str, int]
    either_point: int
    either_comma: int
    whole: int
    long: int

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

    @property
    def any(self) -> bool:
        """Check whether a mark stands in any value."""
        marked = (self.points, self.commas, self.either_point, self.either_comma, *self.grouped.values())
        return any(marked)


def count_marks(numbers: pl.Series) -> Marks:
    """Count what speaks for each mark among different bodies of numbers (with their powers, without signs)."""

    def count(pattern: str) -> int:
        return int(marked.str.contains(pattern).sum())

    is_marked = numbers.str.contains("[.,' ]")
    marked = numbers.filter(is_marked)
    either = {mark: count(rf"^[1-9]\d{{0,2}}{point}\d{{3}}$") for mark, point in ((".", r"\."), (",", ","))}
    grouped = {
        ".": count(rf"^[1-9]\d{{0,2}}(\.\d{{3}})+,\d*{POWER}") + count(r"^[1-9]\d{0,2}(\.\d{3}){2,}$"),
        ",": count(rf"^([1-9]\d{{0,2}}(,\d{{3}})+|{LAKHS})\.\d*{POWER}")
        + count(rf"^([1-9]\d{{0,2}}(,\d{{3}}){{2,}}|{LAKHS})$"),
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
        long=int((numbers.filter(~is_marked).str.len_bytes() > 3).sum()),
    )


def count_points(numbers: pl.Series) -> Marks:
    """Count as `count_marks` does among numbers that hold points only, as far as it takes to know what they are."""
    none = dict.fromkeys(".,' ", 0)
    for part in (numbers.head(ENOUGH), numbers.unique()):
        part = part.drop_nulls()
        is_marked = part.str.contains(".", literal=True)
        marked = part.filter(is_marked)
        either = int(marked.str.contains(r"^[+-]?[1-9]\d{0,2}\.\d{3}$").sum())
        whole = part.filter(~is_marked).str.strip_chars_start("+-")
        long = int((whole.str.len_bytes() > 3).sum())
        if len(marked) > either:
            return Marks(len(marked) - either, 0, none, either, 0, len(whole), long)
    return Marks(0, 0, none, either, 0, len(whole), long)


def resolve(
    marks: Mapping[str, Marks], known: Mapping[str, Notation | None], *, pointed: bool = True
) -> dict[str, Notation | None]:
    """Find each column's marks, from its own values first, then from the file's other columns.

    Parameters
    ----------
    marks : mapping of name to Marks
        Of the columns that hold numbers.
    known : mapping of name to Notation or None
        Where a table was learned from: how the column was written there, or None if it held no marks.
    pointed : bool
        Whether fractions can be taken to have a point, as where commas part a file's fields.

    Returns
    -------
    dict of name to Notation or None
        Marks alone. None: the column could be read in two ways.
    """
    proven = {column.decimal for column in marks.values()} - {None}
    return {name: _resolve_one(column, proven, known, name, pointed) for name, column in marks.items()}


def _resolve_one(
    column: Marks, proven: Iterable[str | None], known: Mapping[str, Notation | None], name: str, pointed: bool
) -> Notation | None:
    """Find one column's marks; None if it could be read in two ways."""
    before = known.get(name)
    apart = next((mark for mark in ("'", " ") if column.grouped[mark]), "")
    decimal, doubtful = column.decimal, column.doubtful
    if decimal is None and doubtful is not None:
        other = "," if doubtful == "." else "."
        count, sure = (column.either_point, SURE_POINTS) if doubtful == "." else (column.either_comma, SURE_COMMAS)
        if apart or [*proven] == [doubtful]:
            decimal = doubtful
        elif [*proven] == [other]:
            decimal = other
        elif before is not None and doubtful in (before.decimal, before.thousands):
            decimal = before.decimal
        elif name in known or [*proven]:
            return None
        elif column.long:
            decimal = doubtful
        elif column.whole and count >= (sure if pointed else SURE_COMMAS):
            decimal = other
        elif doubtful == "." and pointed:
            decimal = "."
        else:
            return None
    decimal = decimal or (before.decimal if before is not None else ".")
    other = "," if decimal == "." else "."
    between = column.grouped[other] or (column.either_comma if other == "," else column.either_point)
    return Notation(decimal, apart or (other if between else ""))
