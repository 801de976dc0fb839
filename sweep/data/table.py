"""A checked table: its features, labels and row groups, and what has to be said about it."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from sweep.data.cells import bare_frame, listed, shown
from sweep.data.comparison import with_ranges
from sweep.data.duplicates import find_duplicates, fingerprint, tie_rows
from sweep.data.folds import blocks_by_time, check_groups, fold_of_row
from sweep.data.kinds import Asked, learn_schema
from sweep.data.labels import find_classes, read_group, read_labels
from sweep.data.names import check_present
from sweep.data.schema import Schema
from sweep.data.screening import REASONS, describe, find_reasons, find_suspicions, is_of
from sweep.data.source import read_raw
from sweep.data.splits import (
    Times,
    check_own_folds,
    columns_to_know,
    read_own_folds,
    read_times,
    say_blocks,
    say_dates,
    say_own_folds,
)
from sweep.errors import TableError


@dataclass(frozen=True, eq=False)
class Table:
    """A table that was checked.

    Attributes
    ----------
    frame : pl.DataFrame, shape (rows, feature columns)
        The feature columns in the table's order, each with those that come of it: Int64, Float64, Boolean or String,
        null where missing.
    y : np.ndarray, shape (rows,), int8
        1 for a positive, 0 for a negative.
    groups : np.ndarray, shape (rows,), int64
        Rows with the same number stay in one fold: equal rows, rows of one value of the group column, and all that
        these tie together. The number is the index of the group's first row.
    duplicates : np.ndarray, shape (rows,), int64
        Index of the first row with the same features and label ("row group").
    target, positive, negative : str
        The label column and its two labels as text.
    tied : series or None
        The group column.
    notes : tuple of str
        What has to be said aloud, one line per note.
    schema : Schema
        How the feature columns are read.
    columns : tuple of dict
        Of each column of the file but the target: `name`, `kind` ("number", "category", "truth", "date" or "left
        out"), `missing` values, `levels` of a category, and `why`.
    times : Times or None
        When each row happened, where the user named a column of times.
    own_folds : pl.Series or None, shape (rows,)
        The user's own folds.
    """

    frame: pl.DataFrame
    y: np.ndarray
    groups: np.ndarray
    duplicates: np.ndarray
    target: str
    positive: str
    negative: str
    tied: pl.Series | None
    notes: tuple[str, ...]
    schema: Schema
    columns: tuple[dict[str, Any], ...]
    times: Times | None = None
    own_folds: pl.Series | None = None

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over names, kinds and values of all that a study depends on, whatever the file's format."""
        others = [*([] if self.tied is None else [self.tied]), *columns_to_know(self.times, self.own_folds)]
        return fingerprint(self.frame, (self.target, self.positive, self.negative), self.y, others)


def read_table(path: Any, *, missing: Sequence[str] = ()) -> pl.DataFrame:
    """Read a table, every column by what its values are.

    Parameters
    ----------
    path : path, frame or mapping of arrays
        As `open_source` takes it.
    missing : sequence of str
        Values that mean "not known", besides empty fields (and NA, NaN, null and their like among numbers).

    Returns
    -------
    pl.DataFrame, shape (rows, columns)
        Columns of Int64, Float64, Boolean and String; a missing value is null.

    Raises
    ------
    TableError
        If the file cannot be read, is no table, or holds no row.
    """
    raw, source = read_raw(path, each=partial(bare_frame, missing=missing))
    path = source.label
    try:
        schema, _ = learn_schema(raw, missing=missing, categories=source.categories, bare=True, pointed=source.pointed)
        return schema.read(raw, bare=True)
    except TableError as error:
        raise TableError(f"{path}: {error}") from None


def load_table(
    path: Any,
    *,
    target: str,
    positive: str | float | None = None,
    missing: Sequence[str] = (),
    drop: Sequence[str] = (),
    group: str | None = None,
    time: str | None = None,
    fold: str | None = None,
    asked: Asked | None = None,
) -> Table:
    """Read a table to train on and check it.

    Parameters
    ----------
    path : path, frame or mapping of arrays
        As `open_source` takes it.
    target : str
        The label column, which holds two labels.
    positive : str or float, optional
        The label of the positive class; the rarer one if not given.
    missing : sequence of str
        Values that mean "not known".
    drop : sequence of str
        Columns to leave out.
    group : str, optional
        A column whose equal values tie rows together (a patient, a day). It is no feature.
    time : str, optional
        A column of dates or numbers that says when a row happened. It is no feature.
    fold : str, optional
        A column with the user's own folds. It is no feature.
    asked : Asked, optional
        Columns whose kind the user names.

    Raises
    ------
    TableError
        If anything about the table or the arguments does not hold; the message says what.
    """
    asked = asked or Asked()
    roles = {name: option for option, name in (("--group", group), ("--time", time), ("--fold", fold)) if name}
    said = [*asked.number, *asked.category, *(name for name in asked.date if name != time)]
    aside = {target, *drop, *roles}
    raw, source = read_raw(path, [target, *drop, *said], partial(bare_frame, missing=missing, but=aside))
    path = source.label
    for name in (target, *drop, *roles, *said):
        check_present(path, raw.columns, name)
    if target in drop or target in roles:
        raise TableError(
            f"{path}: the target is no column to drop or to group by, nor one of times or folds; got {shown(target)} "
            "for both."
        )
    _check_asked(path, said, aside)
    labels = read_labels(path, raw[target], missing)
    positive, negative, notes = find_classes(path, target, labels, positive)
    y = (labels == positive).to_numpy().astype(np.int8)

    try:
        schema, read = learn_schema(
            raw.drop(aside),
            missing=missing,
            asked=asked,
            categories=source.categories,
            taken=raw.columns,
            bare=True,
            pointed=source.pointed,
        )
        features = schema.read(raw, bare=True)
    except TableError as error:
        raise TableError(f"{path}: {error}") from None
    why = find_reasons(features, schema, asked)
    by_reason = {reason: [name for name in why if why[name] == reason] for reason in REASONS if reason in why.values()}
    notes += [*source.notes, *(note for note in read if not is_of(note, why))]
    notes += [f"left out, for {reason}: {listed(names)}" for reason, names in by_reason.items()]
    columns = describe(
        raw,
        target,
        {**dict.fromkeys(drop, "--drop"), **roles},
        why,
        schema,
        features,
        read,
    )
    raw = raw.select(*roles)  # text takes more memory than what was read of it
    schema = schema.select(name for name in features.columns if name not in why)
    features = features.select(schema.columns)
    schema = with_ranges(schema, features)
    if not features.width:
        raise TableError(f"{path}: a table needs a column that tells rows apart; there is none beside {shown(target)}.")
    notes += find_suspicions(features, schema)

    duplicates = find_duplicates(features, y)
    sets = np.bincount(duplicates)
    if len(duplicates) > np.count_nonzero(sets):
        notes.append(f"{sets[sets > 1].sum()} rows stand more than once: each set of equal rows stays in one fold")
    groups, tied = duplicates, None
    if group is not None:
        tied = read_group(path, raw[group], missing)
        groups = tie_rows(path, duplicates, tied)
        found = pl.Series(groups).n_unique()
        notes.append(f"grouped by {shown(group)}: {found} groups of rows, each stays in one fold")
    times = None if time is None else read_times(path, raw[time], missing, date=time in asked.date)
    own = None if fold is None else read_own_folds(path, raw[fold], missing)
    if own is not None:
        check_own_folds(path, own, y, tied)
        notes += say_own_folds(own, duplicates)
    elif times is None:
        notes += say_dates(schema)
    for label, rows in ((positive, y == 1), (negative, y == 0)):
        found, count = pl.Series(groups[rows]).n_unique(), np.count_nonzero(rows)
        if found < 2:
            apart = "" if count == 1 else ", which stay together in one group"
            raise TableError(
                f"{path}: {shown(target)} must hold each label in 2 rows or more that may be parted; "
                f"{shown(label)} has {count}{apart}."
            )
    return Table(
        frame=features,
        y=y,
        groups=groups,
        duplicates=duplicates,
        target=target,
        positive=positive,
        negative=negative,
        tied=tied,
        notes=tuple(notes),
        schema=schema,
        columns=columns,
        times=times,
        own_folds=own,
    )


def hold_out(table: Table, folds: int, seed: int) -> tuple[np.ndarray, tuple[str, ...]]:
    """Choose the rows that each fold holds out: by time, by the user's own folds, or drawn.

    Returns
    -------
    fold_of_row : np.ndarray, shape (rows,), int64
        As `sweep.validation` has it.
    notes : tuple of str

    Raises
    ------
    TableError
        If not every fold can hold both classes.
    """
    if table.times is not None:
        blocks = blocks_by_time(table.y, table.groups, table.times.values, folds)
        return blocks, (say_blocks(table.times, blocks),)
    if table.own_folds is not None:
        return table.own_folds.rank("dense").to_numpy().astype(np.int64) - 1, ()
    check_groups(table.y, table.groups, folds)
    return fold_of_row(table.y, table.groups, folds, seed), ()


def _check_asked(path: str | Path, said: Sequence[str], others: set[str]) -> None:
    """Check that each column was said to have one kind, and is a feature."""
    wrong = sorted({name for name in said if said.count(name) > 1 or name in others})
    if wrong:
        raise TableError(
            f"{path}: --number, --category and --date name features, each once; got {listed(wrong)} twice, or as "
            "target, group or dropped column too."
        )
