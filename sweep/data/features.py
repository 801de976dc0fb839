"""Table columns as X: raw numbers (NaN: missing) and one-hot levels. Nothing is scaled or filled in here."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import polars as pl

from sweep.data.cells import as_labels, as_numbers, listed, plain, shown
from sweep.errors import TableError

RARE = 5  # a level needs as many rows to have a column of X
MOST_LEVELS = 100  # of one category; the most frequent ones


@dataclass(frozen=True)
class Column:
    """A column of the table.

    Attributes
    ----------
    name : str
        As in the table.
    kind : "number" or "category"
        Numbers and truth values are one column of X, categories one a level.
    levels : tuple of (str or None)
        Of a category, sorted; None, the last, stands for a missing value. A row with any other level holds zeros.
    """

    name: str
    kind: Literal["number", "category"]
    levels: tuple[str | None, ...] = ()

    @property
    def width(self) -> int:
        """Number of columns of X."""
        return len(self.levels) if self.kind == "category" else 1

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns of X."""
        if self.kind == "number":
            return (self.name,)
        return tuple(f"{self.name}={'(missing)' if level is None else level}" for level in self.levels)


@dataclass(frozen=True)
class Features:
    """How the columns of a table become X.

    >>> frame = pl.DataFrame({"age": [30, None, 50], "sex": ["F", "M", "F"]})
    >>> features = Features((Column("age", "number"), Column("sex", "category", ("F", "M"))))
    >>> features.names
    ('age', 'sex=F', 'sex=M')
    >>> features.transform(frame)
    array([[30.,  1.,  0.],
           [nan,  0.,  1.],
           [50.,  1.,  0.]])
    """

    columns: tuple[Column, ...]

    @classmethod
    def learn(cls, frame: pl.DataFrame) -> "Features":
        """Find the levels that stand `RARE` times or more, at most `MOST_LEVELS` a column.

        Parameters
        ----------
        frame : pl.DataFrame, shape (rows, feature columns)
            As `Table.frame`: numbers, truth values and text.

        Raises
        ------
        TableError
            If no column of X would be left.
        """
        features = cls(tuple(_learn_column(column) for column in frame))
        if not features.names:
            raise TableError(
                f"a table needs a feature of numbers or one with a level in {RARE} rows or more; "
                f"{listed(frame.columns) or 'no column'} gives none."
            )
        return features

    @property
    def width(self) -> int:
        """Number of columns of X."""
        return sum(column.width for column in self.columns)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns of X."""
        return tuple(name for column in self.columns for name in column.names)

    def transform(self, frame: pl.DataFrame, *, into: np.ndarray | None = None) -> np.ndarray:
        """Return X of a table that has these columns, in any order and beside any others.

        Parameters
        ----------
        frame : pl.DataFrame
        into : array of zeros, shape (rows, features), optional
            That becomes X, such as one in a file.

        Returns
        -------
        np.ndarray, shape (rows, features), float64
            Numbers as they are, NaN where missing; 1 where a row has the level, else 0.

        Raises
        ------
        TableError
            If a column is missing, or a column of numbers holds text.
        """
        of = dict(zip(frame.columns, frame.get_columns(), strict=True))
        lacking = [column.name for column in self.columns if column.name not in of]
        if lacking:
            raise TableError(
                f"the table must have the columns that the network learned from; it lacks {listed(lacking)}."
            )
        X = np.zeros((frame.height, self.width)) if into is None else into
        start = 0
        for column in self.columns:
            if column.kind == "number":
                X[:, start] = as_numbers(of[column.name])
            else:
                levels = _levels_of(of[column.name], column.levels)
                rows = np.flatnonzero(levels >= 0)
                X[rows, start + levels[rows]] = 1
            start += column.width
        return X

    def notes(self, frame: pl.DataFrame) -> tuple[str, ...]:
        """Return what has to be said of the table that the features were learned from, a line each."""
        notes = []
        empty = [column.name for column in self.columns if not column.width]
        if empty:
            notes.append(f"left out, for holding no level in {RARE} rows or more: {listed(empty)}")
        for column in self.columns:
            if column.width == MOST_LEVELS:
                levels = frame[column.name].n_unique()
                if levels > MOST_LEVELS:
                    notes.append(
                        f"column {shown(column.name)} has {levels} levels: the {MOST_LEVELS} most frequent "
                        "are kept apart, the others are one"
                    )
        return tuple(notes)

    def to_dict(self) -> dict[str, Any]:
        """Return the features as what JSON can hold."""
        columns = [{"name": column.name, "kind": column.kind, "levels": [*column.levels]} for column in self.columns]
        return {"columns": columns}

    @classmethod
    def from_dict(cls, content: dict[str, Any]) -> "Features":
        """Return the features that `to_dict` wrote."""
        return cls(tuple(Column(entry["name"], entry["kind"], tuple(entry["levels"])) for entry in content["columns"]))


def _learn_column(column: pl.Series) -> Column:
    values = plain(column)
    if values.dtype != pl.String:
        return Column(column.name, "number")
    counts = values.rename("level").value_counts().filter(pl.col("count") >= RARE)
    frequent = counts.sort("count", "level", descending=[True, False], nulls_last=True).head(MOST_LEVELS)
    return Column(column.name, "category", tuple(frequent["level"].sort(nulls_last=True)))


def _levels_of(column: pl.Series, levels: tuple[str | None, ...]) -> np.ndarray:
    """Return the index of each row's level, (rows,) int64; -1: none of them."""
    values = plain(column)
    known = pl.Series(levels, dtype=pl.String)
    if values.dtype == pl.Boolean:
        values, known = as_labels(values), known.str.to_lowercase()
    elif values.dtype != pl.String:
        values, known = values.cast(pl.Float64), known.cast(pl.Float64, strict=False)
    table = pl.DataFrame({"level": known, "index": np.arange(len(levels))})
    table = table.filter(known.is_not_null() | pl.Series([level is None for level in levels], dtype=pl.Boolean))
    rows = values.rename("level").to_frame()
    rows = rows.join(
        table.unique("level", keep="first"), on="level", how="left", nulls_equal=True, maintain_order="left"
    )
    return rows["index"].fill_null(-1).to_numpy()
