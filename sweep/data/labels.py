"""Labels: how a label reads as text, when two mean the same, which of a column's two is positive."""

import math
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import polars as pl

from sweep.data.cells import as_labels, bare_text, first_row, parse_text, plain, shown, without_markers
from sweep.data.names import check_present
from sweep.data.source import read_raw
from sweep.errors import TableError


def find_label(label: object, known: Iterable[str]) -> str | None:
    """Return the one of the known labels that means the same, or None.

    Spelling decides first; then numbers and truth values are compared by what they mean.

    >>> find_label(1.0, ["0", "1"]), find_label("1", ["false", "true"]), find_label("yes", ["no", "Yes"])
    ('1', 'true', None)
    """
    labels = tuple(known)
    text = str(label).strip()
    if text in labels:
        return text
    same = [other for other in labels if _meaning(other) == _meaning(text)]
    return same[0] if len(same) == 1 else None


def _meaning(label: str) -> float | str:
    truth = {"true": 1.0, "false": 0.0}.get(label.lower())
    if truth is not None:
        return truth
    try:
        number = float(label)
    except ValueError:
        return label
    return label if math.isnan(number) else number


def load_labels(
    path: str | Path, *, target: str, positive: str | float | None = None, missing: Sequence[str] = ()
) -> tuple[np.ndarray, tuple[str, ...]]:
    """Read the label column alone: array of 0 and 1, shape (rows,), int8, and the notes; arguments as `load_table`."""
    raw, source = read_raw(path, [target])
    check_present(path, raw.columns, target)
    labels = read_labels(path, raw[target], missing)
    label, _, notes = find_classes(path, target, labels, positive)
    return (labels == label).to_numpy().astype(np.int8), (*source.notes, *notes)


def read_labels(path: str | Path, column: pl.Series, missing: Sequence[str] = ()) -> pl.Series:
    """Return the label column, as its file holds it, as text; TableError if a label is blank."""
    try:
        labels = as_labels(read_plain(column, missing))
    except TableError as error:
        raise TableError(f"{path}: {error}") from None
    blanks = labels.is_null()
    if blanks.any():
        raise TableError(
            f"{path}: every row needs a label; {shown(column.name)} is blank in {blanks.sum()} of {len(labels)} rows, "
            f"row {first_row(blanks)} the first: fill them in or take the rows out."
        )
    return labels


def read_plain(column: pl.Series, missing: Sequence[str] = ()) -> pl.Series:
    """Return a column that is no feature, labels or groups, in its plain type, null where missing."""
    values = plain(column)
    if values.dtype == pl.String:
        values = bare_text(values, missing)
        if column.dtype == pl.String:
            values = parse_text(values)
    return without_markers(values, missing) if values.dtype.is_numeric() else values


def find_classes(
    path: str | Path, target: str, labels: pl.Series, positive: str | float | None
) -> tuple[str, str, list[str]]:
    """Return the positive label, the negative one, and what to say; TableError unless there are two labels."""
    counted = labels.rename("label").value_counts().sort("count", "label", descending=[True, False])
    counts = dict(counted.iter_rows())
    if len(counts) == 1:
        raise TableError(
            f"{path}: the target must hold two labels; {shown(target)} holds {shown(labels[0])} in every row."
        )
    if len(counts) > 2:
        classes = ", ".join(f"{shown(label)} ({count})" for label, count in list(counts.items())[:6])
        raise TableError(
            f"{path}: the target must hold two labels; {shown(target)} holds {len(counts)}: {classes}"
            f"{', ...' if len(counts) > 6 else ''}. Make a column that is 1 for the class sought and 0 for all others."
        )
    (common, many), (rare, few) = counts.items()
    if positive is None:
        if many == few:
            raise TableError(
                f"{path}: {shown(common)} and {shown(rare)} stand {few} times each in {shown(target)}, so neither "
                "is the rarer: say which is positive with --positive."
            )
        return rare, common, [f"positive class: {shown(rare)}, the rarer one ({few} of {len(labels)})"]
    found = find_label(positive, counts)
    if found is None:
        raise TableError(
            f"{path}: the positive class must be a label of {shown(target)}, {shown(common)} or {shown(rare)}; "
            f"got {shown(positive)}."
        )
    return found, rare if found == common else common, []


def read_group(path: str | Path, column: pl.Series, missing: Sequence[str]) -> pl.Series:
    """Return the column whose values tie rows together, in its plain type, null where missing."""
    try:
        return read_plain(column, missing)
    except TableError as error:
        raise TableError(f"{path}: {error}") from None
