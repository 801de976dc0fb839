"""Labels: how a label reads as text, when two mean the same, which of a column's two is positive."""

import math
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import polars as pl

from sweep.data.cells import first_row, shown
from sweep.data.csv import check_present, read_table
from sweep.errors import TableError


def as_labels(series: pl.Series) -> pl.Series:
    """Return a plain column as text in which whole numbers have no point: 1, 1.0 and "1" are all "1"."""
    if series.dtype == pl.Float64:
        whole = series.cast(pl.Int64, strict=False)
        series = whole if whole.cast(pl.Float64).eq_missing(series).all() else series
    return series.cast(pl.String)


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
    frame = read_table(path, missing=missing)
    check_present(path, frame, target)
    labels = read_labels(path, frame, target)
    label, _, notes = find_classes(path, target, labels, positive)
    return (labels == label).to_numpy().astype(np.int8), tuple(notes)


def read_labels(path: str | Path, frame: pl.DataFrame, target: str) -> pl.Series:
    """Return the label column as text; TableError if a label is blank."""
    labels = as_labels(frame[target])
    blanks = labels.is_null()
    if blanks.any():
        raise TableError(
            f"{path}: every row needs a label; {shown(target)} is blank in {blanks.sum()} of {len(labels)} rows, "
            f"row {first_row(blanks)} the first: fill them in or take the rows out."
        )
    return labels


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
