"""Read the table to test on: as the table trained on says, and what is different in it."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl

from sweep.data.cells import as_labels, first_row, listed, shown
from sweep.data.comparison import Comparison, say_prevalence
from sweep.data.duplicates import find_duplicates, hash_rows, tie_rows
from sweep.data.labels import find_label, read_group, read_labels
from sweep.data.names import check_columns
from sweep.data.source import read_raw
from sweep.data.splits import say_overlap
from sweep.data.table import Table
from sweep.errors import TableError

LEARNED = "the columns that the network learned from"


def load_test(
    path: str | Path,
    table: Table,
    *,
    missing: Sequence[str] = (),
    drop: Sequence[str] = (),
    group: str | None = None,
    fold: str | None = None,
) -> Table:
    """Read the table to test on: the target, labels and features of the training table, in its order.

    One class alone is allowed. Rows are tied together by `group` only where the test table has that column too.

    Parameters
    ----------
    path : str or Path
        The file.
    table : Table
        The training table.
    missing, drop, group, fold
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
    notes = [*source.notes, *read, *differences.notes(), *say_prevalence(table.y, y)]
    time = None if table.times is None else table.times.reading.name
    if table.times is not None and time in raw.columns and (overlap := say_overlap(path, raw[time], table.times)):
        notes.append(overlap)
    known = {table.target, group, fold, time, *drop, *table.schema.names}
    extra = [name for name in raw.columns if name not in known]
    if extra:
        notes.append(f"columns of the test table that play no part: {listed(extra)}")
    kinds = table.frame.schema
    as_learned = features.with_columns(as_labels(column) for column in features if kinds[column.name] == pl.String)
    again = int(np.isin(hash_rows(as_learned), hash_rows(table.frame)).sum())
    if again:
        notes.append(f"{again} of {len(y)} test rows stand in the training table too (the same features)")
    duplicates = find_duplicates(features, y)
    tied = read_group(path, raw[group], missing) if group is not None and group in raw.columns else None
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
