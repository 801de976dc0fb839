"""Frames of pandas, polars and Arrow and mappings of arrays, as the columns of a file of the same table."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import numpy as np
import polars as pl

from sweep.errors import TableError


def is_frame(table: Any) -> bool:
    """Check whether a table lies in memory: a frame or a mapping of arrays."""
    return isinstance(table, pl.DataFrame | pl.LazyFrame | Mapping) or any(
        hasattr(table, name) for name in ("iloc", "__arrow_c_stream__")
    )


def as_raw(table: Any) -> tuple[pl.DataFrame, frozenset[str]]:
    """Return a frame's columns by name, and which of them are categories whatever they hold.

    Raises
    ------
    TableError
        If two columns have one name, the columns differ in length, or a column holds what is no plain value.
    """
    if isinstance(table, pl.LazyFrame):
        table = table.collect()
    if isinstance(table, pl.DataFrame):
        return table, frozenset()
    if hasattr(table, "iloc"):  # pandas
        names = [str(name) for name in table.columns]
        columns: Sequence[Any] = [table.iloc[:, i] for i in range(len(names))]
    elif isinstance(table, Mapping):
        names, columns = [str(name) for name in table], list(table.values())
    else:
        columns = pl.DataFrame(table).get_columns()
        names = [column.name for column in columns]
    if len(set(names)) < len(names):
        raise TableError("the frame: column names must differ; rename those that are alike.")
    series = [as_series(name, column) for name, column in zip(names, columns, strict=True)]
    if len({len(column) for column in series}) > 1:
        raise TableError("the frame: all columns must have as many rows.")
    coded = frozenset(name for name, column in zip(names, columns, strict=True) if is_categorical(column))
    return pl.DataFrame(series), coded


def is_categorical(column: Any) -> bool:
    """Check whether a column of pandas is one of categories."""
    return str(getattr(column, "dtype", "")) == "category"


def as_series(name: str, column: Any) -> pl.Series:
    """Return a column of pandas, polars, NumPy or a list as polars holds it: text as text, missing values as null.

    Raises
    ------
    TypeError
        If a value is neither text nor a number.
    """
    if isinstance(column, pl.Series):
        return column.rename(name)
    if str(getattr(column, "dtype", "")).startswith("period"):
        column = column.dt.to_timestamp()
    if hasattr(column, "isna"):  # pandas
        gone = column.isna().to_numpy()
        kind = getattr(column.dtype, "kind", "O")
        values = np.array(column.to_numpy(dtype=object), dtype=object)
        values[gone] = None
        if kind in "mM":
            return pl.Series(name, values.tolist())
    else:
        values = np.asarray(column)
        if values.dtype.kind in "mM":
            values = values.astype(f"{values.dtype.kind}8[us]")
        if values.dtype.kind in "biufmM":
            return pl.Series(name, values)
        values = values.astype(str).tolist() if values.dtype.kind in "US" else values
        values = np.array([None if v is None or v != v else v for v in values], dtype=object)
    return _of_objects(name, values.tolist())


def _of_objects(name: str, values: list[Any]) -> pl.Series:
    known = [v for v in values if v is not None]
    if all(isinstance(v, bool | np.bool_) for v in known) and known:
        return pl.Series(name, values, dtype=pl.Boolean)
    values = [float(v) if isinstance(v, Decimal) else v for v in values]
    known = [v for v in values if v is not None]
    whole = all(isinstance(v, int | np.integer) and not isinstance(v, bool) for v in known)
    if known and whole and all(-(2**63) <= v < 2**63 for v in known):
        return pl.Series(name, values, dtype=pl.Int64)
    if all(isinstance(v, int | float | np.number) for v in known):
        return pl.Series(name, [None if v is None else float(v) for v in values], dtype=pl.Float64)
    if known and all(hasattr(v, "isoformat") for v in known):
        return pl.Series(name, values)
    wrong = next((v for v in known if not isinstance(v, str | int | float | np.number)), None)
    if wrong is not None:
        raise TypeError(f"Each value of X: argument must be a string or a real number, not {type(wrong).__name__!r}.")
    return pl.Series(name, [None if v is None else str(v) for v in values], dtype=pl.String)
