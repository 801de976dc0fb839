"""A study that can be run: its tables read and checked, and what depends on them spelled out.

It loads no TensorFlow and no Optuna, so that a wrong input is refused at once.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from sweep.class_weight import saturation
from sweep.config import ALL, Spec
from sweep.data.cells import listed
from sweep.data.features import Features
from sweep.data.folds import check_groups, fold_of_row
from sweep.data.held_out import load_test
from sweep.data.kinds import Asked
from sweep.data.names import check_columns
from sweep.data.table import Table, hold_out, load_table, read_table
from sweep.data.there import TableThere
from sweep.errors import SpecError
from sweep.evidence.columns import Alarm, check_columns_alone
from sweep.stack.keras_backend import choose_tensorflow
from sweep.stack.recipe import default_batch_size, default_epochs
from sweep.stack.sampling import rows_trained
from sweep.study_folder import OUT_OF_FOLD

ROWS_CHECKED, POSITIVES_CHECKED = 20_000, 100  # of a table that is only looked at, in which each column is checked
QUICKLY_CHECKED = 2_000_000  # entries of X, of which each column alone is checked before the search


@dataclass(frozen=True, eq=False)
class Prepared:
    """A study that can be run.

    Attributes
    ----------
    spec : Spec
        With one target, and nothing left open: the positive label, the range of `most`, the epochs.
    table : Table
    test : Table or None
    features : Features
        How the table's columns become X.
    fold_of_row : array of int, shape (rows,)
    columns : pl.DataFrame, shape (rows, table columns)
        The table as it was read: the columns left out too, which the report shows.
    frame : frame or None
        Where the table was given in memory: the study's folder keeps it, as `spec.data.path`.
    """

    spec: Spec
    table: Table
    test: Table | None
    features: Features
    fold_of_row: np.ndarray
    columns: pl.DataFrame
    frame: Any = None

    @cached_property
    def X(self) -> np.ndarray:  # noqa: N802  as everywhere
        """The features of all rows, array of float64, shape (rows, features); of float32 where it lies in a file."""
        return self.features.transform(self.table.frame)

    @contextmanager
    def laid_out(self, path: Path) -> Iterator[None]:
        """Let X lie in a file for a while, where it would take more than half of the memory."""
        shape = len(self.table.y), self.features.width
        if 8 * shape[0] * shape[1] <= memory() / 2:
            yield
            return
        X = np.lib.format.open_memmap(path, mode="w+", dtype=np.float32, shape=shape)
        vars(self)["X"] = self.features.transform(self.table.frame, into=X)
        try:
            yield
        finally:
            self.let_go()
            path.unlink(missing_ok=True)

    def there(self) -> TableThere | None:
        """Describe the table for workers that read it themselves."""
        path = None if self.frame is not None else self.spec.data.path
        return TableThere.of(path, self.table.schema, self.features, self.X)

    def let_go(self) -> None:
        """Give up the memory of X, which is made anew should it be asked for."""
        vars(self).pop("X", None)

    @cached_property
    def alarms(self) -> tuple[Alarm, ...]:
        """Alarms about columns, as far as they can be raised before anything is trained."""
        table, features = self.table, self.features
        if not quick_to_check(len(table.y), features):
            return ()
        return check_columns_alone(features, self.X, table.y, self.fold_of_row, origin_of(table))

    @property
    def notes(self) -> tuple[str, ...]:
        """Notes about the tables for the reader, one line each."""
        asked = (alarm.says for alarm in self.alarms if alarm.kind == "leak")
        said = (*self.table.notes, *self.features.notes(self.table.frame), *asked)
        return said if self.test is None else (*said, *self.test.notes)


def prepare(spec: Spec, *, frame: Any = None) -> Prepared:
    """Read and check the tables of a study, and spell out what depends on them. Loads no TensorFlow and no Optuna.

    Parameters
    ----------
    spec : Spec
    frame : frame of pandas, polars or Arrow, or mapping of arrays, optional
        The table, in place of the file that `spec.data.path` names.

    Raises
    ------
    ValueError
        If a table cannot be used, or a setting does not fit it.
    """
    choose_tensorflow()
    table = read_training(spec, frame)
    spec = _resolve(spec, table)
    folds, held = hold_out(table, spec.training.folds, spec.search.seed)
    table = replace(table, notes=(*table.notes, *held))
    test = read_test(spec, table)
    features = Features.learn(table.frame)
    columns = read_kept(spec, table, frame)
    return Prepared(spec, table, test, features, folds, columns, frame)


def memory() -> int:
    """Give the bytes of memory that this machine has."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def read_kept(spec: Spec, table: Table, frame: Any = None) -> pl.DataFrame:
    """Read the table's columns once more as they are, where some are to be kept or reported by; else its features."""
    data, by = spec.data, spec.report.by
    if not {*data.keep, *by}:
        return table.frame
    columns = read_table(data.path if frame is None else frame, missing=data.missing)
    check_columns(data.path, columns.columns, data.keep, "the columns to keep")
    check_columns(data.path, columns.columns, by, "the columns to report by")
    if clash := [name for name in data.keep if name in OUT_OF_FOLD]:
        raise SpecError(f"A column to keep must not be named {', '.join(OUT_OF_FOLD)}; got {listed(clash)}. Rename it.")
    return columns


def read_training(spec: Spec, frame: Any = None) -> Table:
    """Read and check the table that a study trains on: its file, or a frame in its place."""
    data = spec.data
    if len(data.target) > 1:
        raise SpecError(f"A run must have one target; got {len(data.target)}. Use spec.split() and run each.")
    return load_table(
        data.path if frame is None else frame,
        target=data.target[0],
        positive=data.positive,
        missing=data.missing,
        drop=data.drop,
        group=data.group,
        time=data.time,
        fold=data.fold,
        asked=Asked(data.number, data.category, data.date),
    )


def read_test(spec: Spec, table: Table) -> Table | None:
    """Read and check the table that a study is tested on, as the one trained on says; None where it has none."""
    data = spec.data
    if data.test is None:
        return None
    return load_test(data.test, table, missing=data.missing, drop=data.drop, group=data.group, fold=data.fold)


def origin_of(table: Table) -> dict[str, str]:
    """Name the column of the file that each column which comes of another one, such as a month, comes of."""
    return {extra: reading.name for reading in table.schema.readings for _, extra in reading.extra}


def quick_to_check(rows: int, features: Features) -> bool:
    """Check whether each column alone can be looked at in about a second, before anything is trained."""
    return rows * features.width <= QUICKLY_CHECKED


def check_study(spec: Spec) -> dict[str, Any]:
    """Read a study's tables as a run would, train nothing, and say how each column is read.

    Returns
    -------
    dict
        `rows`, `positives`, `positive`, `negative`, `columns` (as `Table.columns`), `notes`, and `test`, null or its
        `rows`, `positives` and `notes`.
    """
    table = read_training(spec)
    test = read_test(spec, table)
    features = Features.learn(table.frame)
    rows, held = _rows_to_check(table.y), tuple[str, ...]()
    if table.times is None and table.own_folds is None:
        check_groups(table.y, table.groups, 2)
        folds = fold_of_row(table.y[rows], table.groups[rows], 2, spec.search.seed)
    else:
        folds, held = hold_out(table, spec.training.folds, spec.search.seed)
        folds = folds[rows]
    alarms: tuple[Alarm, ...] = ()
    if quick_to_check(len(rows), features):
        X = features.transform(table.frame[rows])
        alarms = check_columns_alone(features, X, table.y[rows], folds, origin_of(table))
    asked = (alarm.says for alarm in alarms if alarm.kind == "leak")
    return {
        "rows": len(table.y),
        "positives": int(table.y.sum()),
        "positive": table.positive,
        "negative": table.negative,
        "columns": list(table.columns),
        "notes": [*table.notes, *held, *features.notes(table.frame), *asked],
        "test": None
        if test is None
        else {"rows": len(test.y), "positives": int(test.y.sum()), "notes": list(test.notes)},
    }


def _rows_to_check(y: np.ndarray) -> np.ndarray:
    """Choose rows evenly in which columns are looked at one by one: all, if fewer would hold too few positives."""
    rows = np.arange(0, len(y), max(1, len(y) // ROWS_CHECKED))
    return rows if y[rows].sum() >= POSITIVES_CHECKED else np.arange(len(y))


def _resolve(spec: Spec, table: Table) -> Spec:
    top = saturation(float(table.y.mean()))
    low, high = spec.search.most
    if low > top:
        raise SpecError(
            f"most must start below {top:.4f}, from where the cap no longer binds for this table (the larger class's "
            f"share); got {low}. Lower its LO."
        )
    rows, training, point = len(table.y), spec.training, spec.balance.point
    trained = rows_trained(rows, int(table.y.sum()), training.negatives_per_positive)
    if point and point["kind"] == "top" and point["value"] >= rows:
        raise SpecError(f"top must be fewer rows than the table has, {rows}; got {spec.balance.top}.")
    return replace(
        spec,
        data=replace(spec.data, positive=table.positive),
        search=replace(spec.search, most=(float(low), float(min(high, top)))),
        balance=spec.balance if point else replace(spec.balance, equal=spec.balance.criterion),
        training=replace(
            training,
            folds=training.folds if table.own_folds is None else table.own_folds.n_unique(),
            epochs=training.epochs or default_epochs(trained),
            batch_size=training.batch_size or default_batch_size(trained),
            negatives=training.negatives_per_positive or ALL,
        ),
    )
