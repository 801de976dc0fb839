"""What scikit-learn users hand over, arrays and frames, as a table: plain columns, missing values as null."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
from scipy.sparse import issparse
from sklearn.utils import check_array

from sweep.data.cells import parse_text, plain
from sweep.errors import InputError


def columns_of(X: Any) -> list[Any] | None:
    """Take the columns of a frame, or of an array or list of text or objects; None: an array of numbers.

    Raises
    ------
    ValueError
        If X has no rows or no columns, or an array not two axes.
    """
    if isinstance(X, pl.DataFrame) or hasattr(X, "iloc"):  # iloc: pandas
        if 0 in X.shape:
            raise InputError(f"X must hold rows and features; found 0 sample(s) or feature(s): {X.shape}.")
        return X.get_columns() if isinstance(X, pl.DataFrame) else [X.iloc[:, i] for i in range(X.shape[1])]
    if not issparse(X) and np.asarray(X).dtype.kind in "OUS":
        return list(check_array(X, dtype=None, ensure_all_finite=False).T)
    return None


def as_table(columns: Sequence[Any], names: Sequence[str]) -> pl.DataFrame:
    """Columns of pandas, polars or NumPy as a polars frame, "" and all kinds of missing values as null.

    Raises
    ------
    ValueError
        If a number is infinite.
    TypeError
        If a value is neither text nor a number.

    Examples
    --------
    >>> as_table([np.array(["a", "", None], dtype=object), np.array(["1", "2", ""])], ["x", "n"]).rows()
    [('a', 1), (None, 2), (None, None)]
    """
    frame = pl.DataFrame([_as_series(name, column) for name, column in zip(names, columns, strict=True)])
    for column in frame:
        if column.dtype == pl.Float64 and column.is_infinite().any():
            raise InputError(f"X must not hold infinity; feature {column.name!r} does.")
    return frame


def _as_series(name: str, column: Any) -> pl.Series:
    if isinstance(column, pl.Series):
        series = plain(column.rename(name))
        return series.replace("", None) if series.dtype == pl.String else series
    if hasattr(column, "isna"):  # pandas
        values = np.array(column.to_numpy(dtype=object), dtype=object)
        values[column.isna().to_numpy()] = None
        if getattr(column.dtype, "kind", "O") in "mM":
            return plain(pl.Series(name, values.tolist()))
    elif column.dtype.kind == "O":
        values = np.array([None if v is None or v != v else v for v in column], dtype=object)
    else:
        return parse_text(pl.Series(name, column.astype(str).tolist(), dtype=pl.String).replace("", None))
    return _of_objects(name, [None if isinstance(v, str) and not v else v for v in values.tolist()])


def _of_objects(name: str, values: list[Any]) -> pl.Series:
    known = [v for v in values if v is not None]
    if all(isinstance(v, bool | np.bool_) for v in known):
        return pl.Series(name, values, dtype=pl.Boolean)
    if all(isinstance(v, int | float | np.number) for v in known):
        return plain(pl.Series(name, [None if v is None else float(v) for v in values], dtype=pl.Float64))
    wrong = next((v for v in known if not isinstance(v, str | int | float | np.number)), None)
    if wrong is not None:
        raise TypeError(f"Each value of X: argument must be a string or a real number, not {type(wrong).__name__!r}.")
    return pl.Series(name, [None if v is None else str(v) for v in values], dtype=pl.String)
