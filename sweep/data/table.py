"""A checked table: its features, labels and row groups, and what has to be said about it."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from sweep.data.cells import as_labels, bare_frame, first_row, listed, shown
from sweep.data.comparison import Comparison, find_variants
from sweep.data.csv import check_columns, check_present
from sweep.data.duplicates import find_duplicates, fingerprint, hash_rows, tie_rows
from sweep.data.folds import check_groups
from sweep.data.kinds import Asked, learn_schema
from sweep.data.labels import find_classes, find_label, read_labels, read_plain
from sweep.data.schema import Schema
from sweep.data.source import read_raw
from sweep.errors import TableError

INDEX = re.compile(r"__index_level_\d+__", re.IGNORECASE)  # as pandas names its index in Parquet
ROW_NUMBER = re.compile(
    r"index|idx|unnamed: ?\d+(\.\d+)*|level_\d+|rownames?|#|"
    r"((row|record|case|sample|line)[ _.-]?)?(id|no|nr|number|index)",
    re.IGNORECASE,
)
NUMBERS_ROWS = "numbering the rows (--number keeps it)"
REASONS = (
    "holding no value at all",
    "holding one value only",
    "holding a text of its own in each row",
    NUMBERS_ROWS,
)
FEW_ROWS = 20  # below which whole numbers may be consecutive by chance
LEARNED = "the columns that the network learned from"


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

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over names, kinds and values of features, target and group, whatever the file's format."""
        return fingerprint(self.frame, (self.target, self.positive, self.negative), self.y, self.tied)


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
    raw, source = read_raw(path)
    path = source.label
    try:
        schema, _ = learn_schema(raw, missing=missing, categories=source.categories, pointed=source.pointed)
        return schema.read(raw)
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
    asked : Asked, optional
        Columns whose kind the user names.

    Raises
    ------
    TableError
        If anything about the table or the arguments does not hold; the message says what.
    """
    asked = asked or Asked()
    said = [*asked.number, *asked.category, *asked.date]
    raw, source = read_raw(path, [target, *drop, *said])
    path = source.label
    for name in (target, *drop, *([] if group is None else [group]), *said):
        check_present(path, raw.columns, name)
    if target in drop or target == group:
        raise TableError(f"{path}: the target is no column to drop or to group by; got {shown(target)} for both.")
    _check_asked(path, said, {target, *drop, group})
    labels = read_labels(path, raw[target], missing)
    positive, negative, notes = find_classes(path, target, labels, positive)
    y = (labels == positive).to_numpy().astype(np.int8)

    kept = bare_frame(raw.drop({target, *drop, *([] if group is None else [group])}), missing)
    try:
        schema, read = learn_schema(
            kept,
            missing=missing,
            asked=asked,
            categories=source.categories,
            taken=raw.columns,
            bare=True,
            pointed=source.pointed,
        )
        features = schema.read(kept, bare=True)
    except TableError as error:
        raise TableError(f"{path}: {error}") from None
    why = _reasons(features, schema, asked)
    by_reason = {reason: [name for name in why if why[name] == reason] for reason in REASONS if reason in why.values()}
    notes += [*source.notes, *(note for note in read if not _is_of(note, why))]
    notes += [f"left out, for {reason}: {listed(names)}" for reason, names in by_reason.items()]
    columns = _describe(
        raw,
        target,
        {**dict.fromkeys(drop, "--drop"), **({group: "--group"} if group else {})},
        why,
        schema,
        features,
        read,
    )
    schema = schema.select(name for name in features.columns if name not in why)
    features = features.select(schema.columns)
    if not features.width:
        raise TableError(f"{path}: a table needs a column that tells rows apart; there is none beside {shown(target)}.")
    notes += _suspicions(features, schema)

    duplicates = find_duplicates(features, y)
    sets = np.bincount(duplicates)
    if len(duplicates) > np.count_nonzero(sets):
        notes.append(f"{sets[sets > 1].sum()} rows stand more than once: each set of equal rows stays in one fold")
    groups, tied = duplicates, None
    if group is not None:
        tied = _read_group(path, raw[group], missing)
        groups = tie_rows(path, duplicates, tied)
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
        tied=tied,
        notes=tuple(notes),
        schema=schema,
        columns=columns,
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
    raw, source = read_raw(path, (table.target, *table.schema.names))
    path = source.label
    check_columns(path, raw.columns, (table.target, *table.schema.names), LEARNED)
    labels = read_labels(path, raw[table.target], missing)
    means = {label: find_label(label, (table.positive, table.negative)) for label in labels.unique()}
    unknown = [label for label, same in means.items() if same is None]
    if unknown:
        row = first_row(labels.is_in(unknown))
        raise TableError(
            f"{path}: {shown(table.target)} must hold {shown(table.positive)} or {shown(table.negative)}, as in the "
            f"training table; row {row} holds {shown(labels[row - 1])}."
        )
    y = (labels.replace(means) == table.positive).to_numpy().astype(np.int8)
    try:
        schema, read = table.schema.fit(raw)
        features = schema.read(raw)
    except TableError as error:
        raise TableError(f"{path}: {error}") from None
    differences = Comparison(schema)
    differences.add(features)

    notes = [*source.notes, *read, *differences.notes()]
    extra = [name for name in raw.columns if name not in {table.target, group, *drop, *table.schema.names}]
    if extra:
        notes.append(f"columns of the test table that play no part: {listed(extra)}")
    as_learned = features.with_columns(
        as_labels(column) for column in features if table.frame[column.name].dtype == pl.String
    )
    again = int(np.isin(hash_rows(as_learned), hash_rows(table.frame)).sum())
    if again:
        notes.append(f"{again} of {len(y)} test rows stand in the training table too (the same features)")
    duplicates = find_duplicates(features, y)
    tied = _read_group(path, raw[group], missing) if group is not None and group in raw.columns else None
    return Table(
        frame=features,
        y=y,
        groups=duplicates if tied is None else tie_rows(path, duplicates, tied),
        duplicates=duplicates,
        target=table.target,
        positive=table.positive,
        negative=table.negative,
        tied=tied,
        notes=tuple(notes),
        schema=schema,
        columns=table.columns,
    )


def check_folds(table: Table, folds: int) -> None:
    """Check that the table has groups of rows enough for every fold to hold both classes; else TableError."""
    check_groups(table.y, table.groups, folds)


def _check_asked(path: str | Path, said: Sequence[str], others: set[str | None]) -> None:
    """Check that each column was said to have one kind, and is a feature."""
    wrong = sorted({name for name in said if said.count(name) > 1 or name in others})
    if wrong:
        raise TableError(
            f"{path}: --number, --category and --date name features, each once; got {listed(wrong)} twice, or as "
            "target, group or dropped column too."
        )


def _read_group(path: str | Path, column: pl.Series, missing: Sequence[str]) -> pl.Series:
    try:
        return read_plain(column, missing)
    except TableError as error:
        raise TableError(f"{path}: {error}") from None


def _reasons(features: pl.DataFrame, schema: Schema, asked: Asked) -> dict[str, str]:
    """Return why columns are left out, by their names."""
    reasons = {}
    for reading in schema.readings:
        column = features[reading.name]
        if column.null_count() == len(column):
            reasons[reading.name] = REASONS[0]
        elif not column.null_count() and column.min() == column.max():
            reasons[reading.name] = REASONS[1]
        elif column.dtype == pl.String and column.n_unique() == len(column) and asked.of(reading.name) is None:
            reasons[reading.name] = REASONS[2]
        elif asked.of(reading.name) is None and _is_index(column):
            reasons[reading.name] = REASONS[3]
    return reasons


def _is_index(column: pl.Series) -> bool:
    """Check whether a column numbers the rows: by its name, or as whole numbers without a gap, in any order."""
    if INDEX.fullmatch(column.name):
        return True
    if column.null_count() or not column.dtype.is_numeric():
        return False
    if len(column) < FEW_ROWS:
        return False
    values, named = column.cast(pl.Float64), ROW_NUMBER.fullmatch(column.name.strip()) is not None
    gapless = float(values.max()) - float(values.min()) + 1 == len(values)  # type: ignore[arg-type]
    if not (named or gapless) or not (values == values.floor()).all() or values.n_unique() < len(values):
        return False
    return named or not (values.diff().drop_nulls() == 1).all()


def _is_of(note: str, names: dict[str, str]) -> bool:
    """Check whether a note is about one of these columns."""
    return any(note.startswith(f"column {shown(name)}: ") for name in names)


def _describe(
    raw: pl.DataFrame,
    target: str,
    dropped: dict[str, str],
    why: dict[str, str],
    schema: Schema,
    features: pl.DataFrame,
    notes: Sequence[str],
) -> tuple[dict[str, Any], ...]:
    """Say of each column but the target what it is read as, and why."""
    readings = {reading.name: reading for reading in schema.readings}
    described = []
    for column in raw:
        name = column.name
        if name == target:
            continue
        entry: dict[str, Any] = {"name": name, "kind": "left out", "missing": None, "levels": None}
        if name in dropped:
            described.append({**entry, "missing": column.null_count(), "why": dropped[name]})
            continue
        values, start = features[name], f"column {shown(name)}: "
        said = "; ".join(note.removeprefix(start) for note in notes if note.startswith(start))
        entry["missing"] = values.null_count()
        if values.dtype == pl.String:
            entry["levels"] = values.drop_nulls().n_unique()
        entry["kind"] = "left out" if name in why else readings[name].kind
        described.append({**entry, "why": why.get(name) or said or None})
    return tuple(described)


def _suspicions(features: pl.DataFrame, schema: Schema) -> Iterator[str]:
    """Yield what looks as if the user would want it otherwise."""
    for column in features:
        if column.dtype == pl.Int64 and not column.null_count() and (column.diff().drop_nulls() == 1).all():
            yield f"column {shown(column.name)} looks like a row number: --drop {column.name} leaves it out"
    for reading in schema.readings:
        groups = find_variants(reading.levels or ())
        if groups:
            some = ", ".join(" and ".join(shown(level) for level in group[:2]) for group in groups[:3])
            yield f"column {shown(reading.name)}: levels differ by case or blanks alone: {some}"
