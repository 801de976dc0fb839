"""A checked table: its features, labels and row groups, and what has to be said about it."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from sweep.data.cells import as_numbers, first_row, listed, shown
from sweep.data.csv import check_present, read_with_notes
from sweep.data.duplicates import find_duplicates, fingerprint, hash_rows, tie_rows
from sweep.data.folds import check_groups
from sweep.data.labels import as_labels, find_classes, find_label, read_labels
from sweep.errors import TableError


@dataclass(frozen=True, eq=False)
class Table:
    """A table that was checked.

    Attributes
    ----------
    frame : pl.DataFrame, shape (rows, feature columns)
        The feature columns in the table's order: Int64, Float64, Boolean or String, null where missing.
    y : np.ndarray, shape (rows,), int8
        1 for a positive, 0 for a negative.
    groups : np.ndarray, shape (rows,), int64
        Rows with the same number stay in one fold: equal rows, rows of one value of the group column, and all that
        these tie together. The number is the index of the group's first row.
    duplicates : np.ndarray, shape (rows,), int64
        Index of the first row with the same features and label ("row group").
    target, positive, negative : str
        The label column and its two labels as text.
    fingerprint : str
        SHA-256 over names, kinds and values of features, target and group; the same for the same values in another
        file format.
    notes : tuple of str
        What has to be said aloud, a line each.
    """

    frame: pl.DataFrame
    y: np.ndarray
    groups: np.ndarray
    duplicates: np.ndarray
    target: str
    positive: str
    negative: str
    fingerprint: str
    notes: tuple[str, ...]


def load_table(
    path: str | Path,
    *,
    target: str,
    positive: str | float | None = None,
    missing: Sequence[str] = (),
    drop: Sequence[str] = (),
    group: str | None = None,
) -> Table:
    """Read a table to train on and check it.

    Parameters
    ----------
    path : str or Path
        The file.
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

    Raises
    ------
    TableError
        If anything about the table or the arguments does not hold; the message says what.
    """
    frame, said = read_with_notes(path, missing=missing)
    for name in (target, *drop, *([] if group is None else [group])):
        check_present(path, frame, name)
    if target in drop or target == group:
        raise TableError(f"{path}: the target is no column to drop or to group by; got {shown(target)} for both.")
    labels = read_labels(path, frame, target)
    positive, negative, notes = find_classes(path, target, labels, positive)
    y = (labels == positive).to_numpy().astype(np.int8)

    features = frame.drop({target, *drop, *([] if group is None else [group])})
    _check_finite(path, features)
    features, dropped = _leave_out(features)
    if not features.width:
        raise TableError(f"{path}: a table needs a column that tells rows apart; there is none beside {shown(target)}.")
    notes += [said[name] for name in ("", *features.columns) if name in said]
    notes += [*dropped, *_suspicions(features)]

    duplicates = find_duplicates(features, y)
    sets = np.bincount(duplicates)
    if len(duplicates) > np.count_nonzero(sets):
        notes.append(f"{sets[sets > 1].sum()} rows stand more than once: each set of equal rows stays in one fold")
    groups = duplicates
    if group is not None:
        groups = tie_rows(path, duplicates, frame[group])
        notes.append(f"grouped by {shown(group)}: {len(np.unique(groups))} groups of rows, each stays in one fold")
    for label, rows in ((positive, y == 1), (negative, y == 0)):
        found, count = len(np.unique(groups[rows])), np.count_nonzero(rows)
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
        fingerprint=fingerprint(features, (target, positive, negative), y, None if group is None else frame[group]),
        notes=tuple(notes),
    )


def load_test(
    path: str | Path,
    table: Table,
    *,
    missing: Sequence[str] = (),
    drop: Sequence[str] = (),
    group: str | None = None,
) -> Table:
    """Read the table to test on: the target, labels and features of the training table, in its order.

    One class alone is allowed. Rows are tied together by `group` only where the test table has that column too.

    Parameters
    ----------
    path : str or Path
        The file.
    table : Table
        The training table.
    missing, drop, group
        As for the training table.

    Raises
    ------
    TableError
        If a column is missing, a label is unknown, or a column of numbers holds text.
    """
    frame, said = read_with_notes(path, missing=missing)
    _check_columns(path, frame, (table.target, *table.frame.columns))
    labels = read_labels(path, frame, table.target)
    means = {label: find_label(label, (table.positive, table.negative)) for label in labels.unique()}
    unknown = [label for label, same in means.items() if same is None]
    if unknown:
        row = first_row(labels.is_in(unknown))
        raise TableError(
            f"{path}: {shown(table.target)} must hold {shown(table.positive)} or {shown(table.negative)}, as in the "
            f"training table; row {row} holds {shown(labels[row - 1])}."
        )
    y = (labels.replace(means) == table.positive).to_numpy().astype(np.int8)
    features = _as_numbers_where(path, frame.select(table.frame.columns), table.frame)
    _check_finite(path, features)

    notes = [said[name] for name in ("", *features.columns) if name in said]
    extra = [name for name in frame.columns if name not in {table.target, group, *drop, *table.frame.columns}]
    if extra:
        notes.append(f"columns of the test table that play no part: {listed(extra)}")
    as_learned = features.with_columns(
        as_labels(column) for column in features if table.frame[column.name].dtype == pl.String
    )
    again = int(np.isin(hash_rows(as_learned), hash_rows(table.frame)).sum())
    if again:
        notes.append(f"{again} of {len(y)} test rows stand in the training table too (the same features)")
    duplicates = find_duplicates(features, y)
    tied = frame[group] if group in frame.columns else None
    return Table(
        frame=features,
        y=y,
        groups=duplicates if tied is None else tie_rows(path, duplicates, tied),
        duplicates=duplicates,
        target=table.target,
        positive=table.positive,
        negative=table.negative,
        fingerprint=fingerprint(features, (table.target, table.positive, table.negative), y, tied),
        notes=tuple(notes),
    )


def check_folds(table: Table, folds: int) -> None:
    """Check that the table has groups of rows enough for every fold to hold both classes; else TableError."""
    check_groups(table.y, table.groups, folds)


def _check_columns(path: str | Path, frame: pl.DataFrame, names: Iterable[str]) -> None:
    present = set(frame.columns)
    lacking = [name for name in names if name not in present]
    if lacking:
        raise TableError(
            f"{path}: the table must have the columns that the network learned from; it lacks {listed(lacking)}."
        )


def _check_finite(path: str | Path, features: pl.DataFrame) -> None:
    for column in features:
        if column.dtype == pl.Float64 and (infinite := column.is_infinite()).any():
            row = first_row(infinite)
            raise TableError(
                f"{path}: numbers must be finite; column {shown(column.name)}, row {row} holds {column[row - 1]}: "
                "correct it, or name it as missing."
            )


def _leave_out(features: pl.DataFrame) -> tuple[pl.DataFrame, list[str]]:
    """Return the features that can tell rows apart, and what to say of the others."""
    reasons: dict[str, list[str]] = {"no value at all": [], "one value only": [], "a text of its own in each row": []}
    for column in features:
        if column.null_count() == len(column):
            reasons["no value at all"].append(column.name)
        elif not column.null_count() and column.min() == column.max():
            reasons["one value only"].append(column.name)
        elif column.dtype == pl.String and column.n_unique() == len(column):
            reasons["a text of its own in each row"].append(column.name)
    notes = [f"left out, for holding {reason}: {listed(names)}" for reason, names in reasons.items() if names]
    return features.drop(name for names in reasons.values() for name in names), notes


def _suspicions(features: pl.DataFrame) -> Iterator[str]:
    """Yield what looks as if the user would want it otherwise."""
    words: dict[str, list[str]] = {}
    for column in features:
        if column.dtype == pl.Int64 and not column.null_count() and (column.diff().drop_nulls() == 1).all():
            yield f"column {shown(column.name)} looks like a row number: --drop {column.name} leaves it out"
        if column.dtype == pl.String:
            odd = column.filter(column.is_not_null() & column.cast(pl.Float64, strict=False).is_null())
            if len(odd) + column.null_count() < len(column) and odd.n_unique() == 1:
                words.setdefault(odd[0], []).append(column.name)
    for word, names in words.items():
        word = shown(word)
        yield f"numbers but for {word}, so read as text: {listed(names)}; --missing {word} makes them numbers"


def _as_numbers_where(path: str | Path, features: pl.DataFrame, like: pl.DataFrame) -> pl.DataFrame:
    """Return the features with those as numbers that are numbers in the other table."""
    columns = []
    for column in features:
        wanted = like[column.name].dtype
        try:
            if wanted != pl.String and column.dtype != wanted:
                column = pl.Series(column.name, as_numbers(column), nan_to_null=True)
        except TableError as error:
            raise TableError(f"{path}: {error}") from None
        columns.append(column)
    return pl.DataFrame(columns)
