"""What makes rows and tables the same: equal rows, rows tied together, a table's fingerprint."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl

from sweep.data.cells import as_numbers, first_row, shown
from sweep.errors import TableError

ROWS_AT_ONCE = 65_536  # hashed into a fingerprint


def find_duplicates(features: pl.DataFrame, y: np.ndarray) -> np.ndarray:
    """Return the index of the first row with the same features and label, (rows,) int64.

    Rows whose features occur with both labels are no copies of one another, but cases that few columns do not tell
    apart: each is its own. Tied by label, the positives of such a cell would be held out together and its negatives
    trained on, so that a network would learn the opposite of what it is asked.

    Examples
    --------
    >>> find_duplicates(pl.DataFrame({"x": [1, 1, 2, 2, 2]}), np.array([0, 0, 1, 1, 0])).tolist()
    [0, 0, 2, 3, 4]
    """
    keys = features.with_columns(pl.Series("", y))  # no feature has an empty name
    inverse, counts = np.unique(hash_rows(keys), return_inverse=True, return_counts=True)[1:]
    ids = np.arange(len(y), dtype=np.int64)
    alike = np.flatnonzero(counts[inverse] > 1)  # by their hash; only these are compared in full
    if len(alike):
        rows = keys[alike]
        rows.columns = [str(index) for index in range(rows.width)]
        first = rows.with_row_index("row").select(pl.col("row").min().over(rows.columns))
        ids[alike] = alike[first.to_series().to_numpy()]
    cell = np.unique(hash_rows(features), return_inverse=True)[1]
    positives, rows_of = np.bincount(cell, y), np.bincount(cell)
    mixed = ((positives > 0) & (positives < rows_of))[cell]
    return np.where(mixed, np.arange(len(y)), ids)


def hash_rows(frame: pl.DataFrame) -> np.ndarray:
    """Return a number a row, (rows,) uint64, that is the same for equal rows: whole numbers equal their floats."""
    floats = pl.exclude(pl.String).cast(pl.Float64)
    parts = (part.with_columns(floats) for part in frame.iter_slices(ROWS_AT_ONCE))  # polars copies what it hashes
    return np.concatenate([part.hash_rows(seed=0).to_numpy() for part in parts])


def tie_rows(path: str | Path, duplicates: np.ndarray, group: pl.Series) -> np.ndarray:
    """Join equal rows and rows of one group value: index of the first row tied to each row, (rows,) int64."""
    from scipy.sparse import coo_array  # a second to load, and few tables are grouped
    from scipy.sparse.csgraph import connected_components

    blanks = group.is_null()
    if blanks.any():
        raise TableError(
            f"{path}: every row needs a group; {shown(group.name)} is blank in {blanks.sum()} rows, "
            f"row {first_row(blanks)} the first: fill them in."
        )
    rows = len(group)
    values = group.rank("dense").to_numpy().astype(np.int64) - 1
    edges = coo_array((np.ones(rows, dtype=np.int8), (duplicates, rows + values)), shape=(2 * rows, 2 * rows))
    tied = connected_components(edges, directed=False)[1][duplicates]
    first, inverse = np.unique(tied, return_index=True, return_inverse=True)[1:]
    return first[inverse].astype(np.int64)


def fingerprint(
    features: pl.DataFrame, classes: tuple[str, str, str], y: np.ndarray, others: Sequence[pl.Series] = ()
) -> str:
    """Return the SHA-256 of names, kinds and values; `classes` are target, positive and negative label.

    `others` are the columns that are no features and yet matter: groups, times, folds.
    """
    digest = hashlib.sha256(repr((features.height, classes)).encode())
    digest.update(y.astype(np.int8).tobytes())
    for column in (*features, *others):
        digest.update(repr((column.name, "text" if column.dtype == pl.String else "number")).encode())
        for start in range(0, len(column), ROWS_AT_ONCE):
            part = column[start : start + ROWS_AT_ONCE]
            if column.dtype == pl.String:
                digest.update(part.str.len_bytes().cast(pl.Int64).fill_null(-1).to_numpy().astype("<i8").tobytes())
                digest.update(part.str.join("").item().encode())
            else:
                digest.update(as_numbers(part).astype("<f8").tobytes())
    return digest.hexdigest()
