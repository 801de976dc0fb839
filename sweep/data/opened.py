"""A table that is open: its columns, and its rows in pieces."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import polars as pl

from sweep.errors import TableError

Piece = tuple[pl.DataFrame, float]


@dataclass(frozen=True)
class Source:
    """A table that is open.

    Attributes
    ----------
    label : path or str
        What messages call it.
    names : tuple of str
        Its columns.
    pieces : iterator of (pl.DataFrame, float)
        The rows in order, with the share of the table read so far. Columns of text files are text.
    categories : frozenset of str
        Columns that are categories whatever they hold, as the file says.
    notes : tuple of str
        What has to be said of the file.
    pointed : bool
        Whether fractions can be taken to have a point: where numbers have a type of their own, or commas part fields.
    """

    label: Any
    names: tuple[str, ...]
    pieces: Iterator[Piece]
    categories: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()
    pointed: bool = True


def no_rows(label: object) -> TableError:
    """Return the error of a table without rows."""
    return TableError(f"{label}: a table needs a header and rows below it; this one has a header only.")
