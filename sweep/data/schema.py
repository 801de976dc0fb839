"""What a table's columns are: learned from the table trained on, kept with the model, applied to every other one."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from sweep.data.cells import bare_frame, is_text, shown, text_of, whole_numbers
from sweep.data.columns import read_column
from sweep.data.dates import TIME
from sweep.data.notations import find_date_format, find_notations
from sweep.data.numbers import SHARES
from sweep.data.readings import EXPECTED, Reading


@dataclass(frozen=True)
class Schema:
    """How the columns of a table are read.

    Attributes
    ----------
    readings : tuple of Reading
    missing : tuple of str
        Texts, and numbers as text, that the user named as missing.
    """

    readings: tuple[Reading, ...]
    missing: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The columns of a file that are read."""
        return tuple(reading.name for reading in self.readings)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that come of reading, in order."""
        return tuple(
            name for reading in self.readings for name in (reading.name, *(extra for _, extra in reading.extra))
        )

    def expected(self) -> dict[str, str]:
        """Say of the columns whose number is not the file's own which number it is."""
        says = {}
        for one in self.readings:
            if one.kind == "date":
                what = "" if one.format is None or not one.format.timeless else one.format.date
                since = " since midnight" if what == TIME else "" if what else " since 1970-01-01"
                says[one.name] = f"{'seconds' if one.seconds else 'days'}{since}"
            elif one.notation.unit in SHARES:
                says[one.name] = f"a share, not {one.notation.unit}"
            says |= {name: f"of {one.name}: {EXPECTED[what]}" for what, name in one.extra}
        return says

    def select(self, names: Iterable[str]) -> "Schema":
        """Keep what is needed for these columns, those that come of others among them."""
        wanted = {*names}
        kept = []
        for reading in self.readings:
            extra = tuple((what, name) for what, name in reading.extra if name in wanted)
            if extra or reading.name in wanted:
                kept.append(replace(reading, extra=extra))
        return replace(self, readings=tuple(kept))

    def read(self, raw: pl.DataFrame, *, row: int = 0, bare: bool = False) -> pl.DataFrame:
        """Read rows, each by itself.

        Parameters
        ----------
        raw : pl.DataFrame, shape (rows, table columns)
            The columns as the file holds them: text, or of a type of their own.
        row : int
            Rows of the file before these, for messages.
        bare : bool
            Whether `bare_frame` was at these rows already.

        Returns
        -------
        pl.DataFrame, shape (rows, columns)
            Int64, Float64, Boolean and String, null where missing.

        Raises
        ------
        TableError
            If a value is not of its column's kind, or infinite.
        """
        table = raw.select(self.names) if bare else bare_frame(raw.select(self.names), self.missing)
        shared = [one.name for one in self.readings if one.kind == "number" and one.notation.unit not in SHARES]
        table = table.with_columns(whole_numbers(table.select(shared)))
        columns = zip(self.readings, table.get_columns(), strict=True)
        return pl.DataFrame([part for one, column in columns for part in read_column(one, column, self.missing, row)])

    def fit(self, raw: pl.DataFrame) -> tuple["Schema", tuple[str, ...]]:
        """Find how another table writes the same columns: its marks and its dates' format.

        Parameters
        ----------
        raw : pl.DataFrame, shape (rows, table columns)
            Its rows, or the first of them.

        Returns
        -------
        schema : Schema
        notes : tuple of str
            What differs from the table that was learned from.

        Raises
        ------
        TableError
            If a column could be read in two ways.
        """
        bare = bare_frame(raw.select(self.names), self.missing)
        of = dict(zip(bare.columns, bare.get_columns(), strict=True))
        texts = {
            reading.name: text_of(of[reading.name], self.missing)
            for reading in self.readings
            if is_text(of[reading.name]) and reading.kind in ("number", "date")
        }
        numbers = [reading for reading in self.readings if reading.kind == "number" and reading.name in texts]
        found = find_notations(numbers, texts)
        readings, notes = [], []
        for reading in self.readings:
            if reading.name in found:
                changed = replace(reading, notation=found[reading.name])
            elif reading.kind == "date" and reading.name in texts:
                changed = replace(reading, format=find_date_format(reading, texts[reading.name]))
            else:
                changed = reading
            if changed.notation != reading.notation:
                says = ", ".join(changed.notation.says) or "decimal points"
                notes.append(f"column {shown(reading.name)}: written otherwise than where the network learned ({says})")
            readings.append(changed)
        return replace(self, readings=tuple(readings)), tuple(notes)

    def to_dict(self) -> dict[str, Any]:
        """Return the schema as what JSON can hold."""
        return {"columns": [reading.to_dict() for reading in self.readings], "missing": list(self.missing)}

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> "Schema":
        """Return the schema that `to_dict` wrote."""
        readings = tuple(Reading.from_dict(entry) for entry in content["columns"])
        return cls(readings, tuple(content["missing"]))
