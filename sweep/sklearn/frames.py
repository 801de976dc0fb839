"""What scikit-learn users hand over, arrays and frames, as a table: plain columns, missing values as null."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
from scipy.sparse import issparse
from sklearn.utils import check_array

from sweep.data.frames import as_series, is_categorical
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
    """Return columns of pandas, polars or NumPy as a table whose cells are yet to be read, as a file's are.

    Raises
    ------
    ValueError
        If a number is infinite.
    TypeError
        If a value is neither text nor a number.

    Examples
    --------
    >>> as_table([np.array(["a", "", None], dtype=object), np.array(["1", "2", ""])], ["x", "n"]).rows()
    [('a', '1'), ('', '2'), (None, '')]
    """
    frame = pl.DataFrame([as_series(name, column) for name, column in zip(names, columns, strict=True)])
    for column in frame:
        if column.dtype.is_float() and column.is_infinite().any():
            raise InputError(f"X must not hold infinity; feature {column.name!r} does.")
    return frame


def categories_of(columns: Sequence[Any], names: Sequence[str], asked: Any) -> frozenset[str]:
    """Return the names of the columns that are categories, as pandas says or as was asked for, by name or place.

    Raises
    ------
    ValueError
        If there is no such column.
    """
    found = {name for name, column in zip(names, columns, strict=True) if is_categorical(column)}
    for one in () if asked is None else asked:
        name = names[int(one)] if isinstance(one, int | np.integer) and -len(names) <= one < len(names) else one
        if name not in names:
            raise InputError(f"categorical_features must name features or their places; got {one!r}.")
        found.add(str(name))
    return frozenset(found)
