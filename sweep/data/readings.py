"""How one column is read: what it is, how it is written, and which columns come of it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from sweep.data.dates import DateFormat
from sweep.data.marks import Notation

Kind = Literal["number", "truth", "date", "category"]
LIMITS = {"below": -1, "above": 1}
EXPECTED = {
    "below": "1 where the value was a bound such as <300, else 0",
    "above": "1 where the value was a bound such as >300, else 0",
    "hour": "hour of the date, 0 to 23",
    "weekday": "weekday of the date, 0 (Monday) to 6",
    "month": "month of the date, 1 to 12",
}
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
        The least and the greatest number learned from, or the first and the last date, in days or seconds.
    missing : (int, int) or None
        How many values were missing where it was learned, and of how many rows.
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
    missing: tuple[int, int] | None = None
    coded: bool = False
    levels: tuple[str, ...] | None = None
    extra: tuple[tuple[str, str], ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the reading as what JSON can hold, without what goes without saying."""
        usual = asdict(Reading("", "number"))
        return {k: v for k, v in asdict(self).items() if k in ("name", "kind") or v != usual[k]}

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> "Reading":
        """Return the reading that `to_dict` wrote."""
        values = dict(content)
        if "notation" in values:
            values["notation"] = Notation(**values["notation"])
        if values.get("format") is not None:
            values["format"] = DateFormat(**values["format"])
        for name in ("levels", "missing"):
            if values.get(name) is not None:
                values[name] = tuple(values[name])
        if "extra" in values:
            values["extra"] = tuple((what, name) for what, name in values["extra"])
        return cls(**values)


def name_extra(name: str, whats: Sequence[str], names: set[str]) -> tuple[tuple[str, str], ...]:
    """Name the columns that come of one, as no other column is named; `names` holds those taken."""
    made = []
    for what in whats:
        new = f"{name} ({what})"
        while new in names:
            new += "'"
        names.add(new)
        made.append((what, new))
    return tuple(made)
