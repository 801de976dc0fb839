"""A column of text on its way to a reading, and what was found of a table's columns so far."""

from dataclasses import dataclass, field
from functools import cached_property

import polars as pl

from sweep.data.cells import first_row, is_word, shown
from sweep.data.marks import Marks
from sweep.data.numbers import split
from sweep.data.readings import Reading


@dataclass
class Draft:
    """A column of text, taken apart.

    Attributes
    ----------
    text : series of str, shape (rows,)
        Bare, null where missing.
    words : dict of str to int
        Words for "no value" among them, and in how many rows each stands.
    rest : pl.DataFrame or None
        Different values (`value`) that are neither plain numbers nor such words, and in how many `rows` they stand.
    plain : int
        Rows that hold numbers as Python writes them.
    marks : Marks or None
        What speaks for each mark.
    """

    text: pl.Series
    words: dict[str, int] = field(default_factory=dict)
    rest: pl.DataFrame | None = None
    plain: int = 0
    marks: Marks | None = None

    @classmethod
    def of(cls, text: pl.Series) -> "Draft":
        """Take a column of text apart."""
        draft = cls(text)
        odd = text.filter(draft.real.is_null() & text.is_not_null())
        draft.plain = len(text) - text.null_count() - len(odd)
        if len(odd):
            counts = odd.rename("value").value_counts(name="rows").sort("value")
            words = is_word(counts["value"])
            draft.words = dict(counts.filter(words).iter_rows())
            left = counts.filter(~words)
            draft.rest = left if left.height else None
        return draft

    @property
    def name(self) -> str:
        """The column's name."""
        return self.text.name

    @cached_property
    def real(self) -> pl.Series:
        """The numbers that Python reads, null elsewhere."""
        return self.text.cast(pl.Float64, strict=False).fill_nan(None)

    @cached_property
    def bare(self) -> pl.Series:
        """The texts without words for "no value"."""
        return self.text.set(is_word(self.text), None) if self.words else self.text

    @property
    def left(self) -> int:
        """Rows of the rest."""
        return 0 if self.rest is None else int(self.rest["rows"].sum())

    @cached_property
    def parts(self) -> pl.DataFrame:
        """The rest taken apart as numbers."""
        return split(pl.Series(dtype=pl.String) if self.rest is None else self.rest["value"])


@dataclass
class Found:
    """What was found of a table's columns, and what has to be said.

    Attributes
    ----------
    readings : dict of name to Reading
    notes, problems : list of str
        For the reader; what the table is refused for.
    limits : dict of name to series
        Which values of a column are bounds.
    dates : dict of name to series
        The dates of a column, as seconds.
    """

    readings: dict[str, Reading] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    limits: dict[str, pl.Series] = field(default_factory=dict)
    dates: dict[str, pl.Series] = field(default_factory=dict)

    def say(self, name: str, what: str) -> None:
        """Note something about a column."""
        self.notes.append(f"column {shown(name)}: {what}")

    def say_words(self, draft: Draft) -> None:
        """Note which words of a column were read as missing, and how often each stands there."""
        if draft.words:
            each = (f"{rows} {shown(word)}" for word, rows in sorted(draft.words.items(), key=lambda entry: -entry[1]))
            self.say(draft.name, f"read as missing: {', '.join(each)}")


def name_odd(text: pl.Series, odd: pl.Series) -> str:
    """Name the values that do not fit, with the row where each first stands and how often it does."""
    counts = text.filter(odd).rename("value").value_counts(name="rows").sort("rows", "value", descending=[True, False])
    said = []
    for word, rows in counts.head(3).iter_rows():
        row = first_row((text == word).fill_null(False))
        said.append(f"{shown(word)} in row {row}" + (f" and {rows - 1} more" if rows > 1 else ""))
    more = f" and {counts.height - 3} other words" if counts.height > 3 else ""
    return ", ".join(said) + more
