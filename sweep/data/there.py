"""X of a table in columnar files that a cluster's workers reach under the same path: each reads it itself."""

import hashlib
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
import polars as pl

from sweep.data.features import Features
from sweep.data.parquet import ENDINGS
from sweep.data.schema import Schema
from sweep.data.source import open_source
from sweep.errors import NotThereError, TableError

_reading = Lock()


@dataclass(frozen=True)
class TableThere:
    """What a worker needs to know to read X.

    Attributes
    ----------
    path : str
        Of a Parquet or Arrow file, or of a folder of them.
    schema : Schema
    features : Features
    rows : int
    dtype : str
        Of X.
    digest : str
        SHA-256 of X, so that no worker trains on another table that lies there.
    """

    path: str
    schema: Schema
    features: Features
    rows: int
    dtype: str
    digest: str

    @classmethod
    def of(cls, path: Any, schema: Schema, features: Features, X: np.ndarray) -> "TableThere | None":
        """Describe the table that X, (rows, features), was made of; None where it is no columnar file or folder.

        The levels of categories stay behind: nothing is read by them.
        """
        files = [] if not isinstance(path, Path) else path.rglob("*") if path.is_dir() else [path]
        if not any(file.suffix.lower() in ENDINGS for file in files):
            return None
        readings = tuple(replace(reading, levels=None) for reading in schema.readings)
        return cls(str(path.resolve()), replace(schema, readings=readings), features, len(X), X.dtype.str, _digest(X))

    def get(self) -> np.ndarray:
        """Read X, a batch of rows at a time, once in this process: array, shape (rows, features).

        Raises
        ------
        NotThereError
            If the table cannot be read here, or is another one.
        """
        with _reading:
            return _read(self)


@lru_cache(maxsize=1)
def _read(table: TableThere) -> np.ndarray:
    X, at = np.zeros((table.rows, table.features.width), table.dtype), 0
    try:
        for piece, _ in open_source(Path(table.path), table.schema.names).pieces:
            rows = slice(at, at + piece.height)
            table.features.transform(table.schema.read(piece, row=at), into=X[rows])
            at = rows.stop
    except (TableError, ValueError, OSError, pl.exceptions.PolarsError) as error:
        raise NotThereError(f"a worker cannot read the table: {error}") from None
    if at != len(X) or _digest(X) != table.digest:
        raise NotThereError(f"a worker finds another table at {table.path}")
    return X


def _digest(X: np.ndarray) -> str:
    return hashlib.sha256(np.ascontiguousarray(X).data).hexdigest()
