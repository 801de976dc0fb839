"""The columns that say how rows are held out: the time of each row, or the user's own folds. They are no features."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from sweep.data.cells import first_row, listed, shown
from sweep.data.dates import DAY, TIME
from sweep.data.kinds import Asked, learn_schema
from sweep.data.labels import read_plain
from sweep.data.readings import Reading
from sweep.data.schema import Schema
from sweep.errors import TableError
from sweep.validation import NEVER, count_folds

MOST_FOLDS = 100


@dataclass(frozen=True, eq=False)
class Times:
    """When each row of a table happened.

    Attributes
    ----------
    schema : Schema
        How the column is read, the only one.
    values : np.ndarray, shape (rows,), float64
        Numbers as they are; dates as days or seconds.
    """

    schema: Schema
    values: np.ndarray

    @property
    def reading(self) -> Reading:
        """The reading of the column."""
        return self.schema.readings[0]

    def say(self, value: float) -> str:
        """Say a moment: a date, or a number where the column holds numbers."""
        return say_day(value, self.reading) if self.reading.kind == "date" else f"{value:.15g}"


def read_times(path: str | Path, column: pl.Series, missing: Sequence[str], *, date: bool = False) -> Times:
    """Read the column of times of the table trained on.

    Parameters
    ----------
    path : str or Path
        For messages.
    column : pl.Series
        As the file holds it.
    missing : sequence of str
    date : bool
        Whether the user said that it holds dates.

    Raises
    ------
    TableError
        If it holds neither dates nor numbers, or a row has none.
    """
    frame = column.to_frame()
    asked = Asked(date=(column.name,)) if date else None
    try:
        schema, _ = learn_schema(frame, missing=missing, asked=asked)
    except TableError as error:
        raise TableError(f"{path}: {error}") from None
    reading = schema.readings[0]
    if reading.kind not in ("number", "date") or (reading.format is not None and reading.format.date == TIME):
        kind = "times of day" if reading.kind == "date" else f"values of kind {reading.kind!r}"
        raise TableError(
            f"{path}: the column of --time must hold dates or numbers that rise with time; {shown(column.name)} holds "
            f"{kind}. Name another column, or write its dates as 2026-01-31."
        )
    return Times(schema, _values(path, schema, frame, whole=True))


def read_other_times(path: str | Path, column: pl.Series, trained: Times) -> np.ndarray:
    """Read the same column of another table, (rows,) float64; NaN where a row has none."""
    frame = column.to_frame()
    try:
        return _values(path, trained.schema.fit(frame)[0], frame, whole=False)
    except TableError as error:
        raise TableError(f"{path}: {error}") from None


def read_own_folds(path: str | Path, column: pl.Series, missing: Sequence[str]) -> pl.Series:
    """Read the column of the user's own folds, and check that every row has one.

    Raises
    ------
    TableError
        If a row has none, or there are not 2 to 100 of them.
    """
    try:
        values = read_plain(column, missing)
    except TableError as error:
        raise TableError(f"{path}: {error}") from None
    if values.null_count():
        raise TableError(
            f"{path}: every row needs a fold; {shown(column.name)} is blank in {values.null_count()} rows, row "
            f"{first_row(values.is_null())} the first: fill them in."
        )
    if not 2 <= (found := values.n_unique()) <= MOST_FOLDS:
        raise TableError(
            f"{path}: the column of --fold must hold 2 to {MOST_FOLDS} different values, one per fold; "
            f"{shown(column.name)} holds {found}. Name another column, or leave --fold out."
        )
    return values


def check_own_folds(path: str | Path, folds: pl.Series, y: np.ndarray, tied: pl.Series | None) -> None:
    """Check that every one of the user's folds holds both classes and that none parts a group.

    Parameters
    ----------
    path : str or Path
    folds : pl.Series, shape (rows,)
    y : np.ndarray, shape (rows,)
    tied : pl.Series or None
        The user's groups.

    Raises
    ------
    TableError
        If one does not.
    """
    held = pl.DataFrame({"fold": folds.cast(pl.String), "y": y}).group_by("fold").agg(pl.col("y").mean()).sort("fold")
    for name, without in (("positive", held.filter(pl.col("y") == 0)), ("negative", held.filter(pl.col("y") == 1))):
        if without.height:
            raise TableError(
                f"{path}: every fold must hold both classes; of {shown(folds.name)}, {listed(without['fold'])} holds "
                f"no {name} row. Join it with another fold."
            )
    if tied is None:
        return
    parted = pl.DataFrame({"group": tied, "fold": folds}).group_by("group").agg(pl.col("fold").n_unique())
    parted = parted.filter(pl.col("fold") > 1).sort("group")
    if parted.height:
        raise TableError(
            f"{path}: rows of one group must lie in one fold; {shown(folds.name)} parts {parted.height} groups of "
            f"{shown(tied.name)}, such as {shown(parted['group'][0])}. Leave --group or --fold out, or correct them."
        )


def say_blocks(times: Times, fold_of_row: np.ndarray) -> str:
    """Say when the blocks of a forward validation begin and how many rows are never scored."""
    first = [times.say(float(times.values[fold_of_row == k].min())) for k in range(count_folds(fold_of_row))]
    return (
        f"validated forward in time by {shown(times.reading.name)}: {len(first)} blocks, the first from {first[0]} on, "
        f"the last from {first[-1]}, are each scored by networks trained on what came before alone; the first "
        f"{np.count_nonzero(fold_of_row == NEVER)} rows are trained on and never scored"
    )


def say_overlap(path: str | Path, column: pl.Series, trained: Times) -> str | None:
    """Say how many rows of a test table lie within the time that was trained on; None where none does."""
    values, last = read_other_times(path, column, trained), float(trained.values.max())
    within = int(np.sum(values <= last))
    if not within:
        return None
    return (
        f"{within} of {len(values)} test rows lie within the time trained on, which ends at {trained.say(last)}: on "
        "them the test says nothing of rows to come"
    )


def columns_to_know(times: Times | None, own: pl.Series | None) -> list[pl.Series]:
    """Return what a fingerprint must know of how rows are held out."""
    found = [] if times is None else [pl.Series(times.reading.name, times.values)]
    return found if own is None else [*found, own]


def say_own_folds(own: pl.Series, duplicates: np.ndarray) -> Iterator[str]:
    """Say how many folds are the user's own, and whether they part equal rows."""
    yield f"folds are those of {shown(own.name)}: {own.n_unique()}"
    frame = pl.DataFrame({"set": duplicates, "fold": own})
    parted = frame.filter(pl.col("fold").n_unique().over("set") > 1).height
    if parted:
        yield f"{parted} rows have an equal one in another of these folds: what is scored was trained on, in part"


def say_dates(schema: Schema) -> Iterator[str]:
    """Point out a date column where folds are shuffled."""
    dates = [r.name for r in schema.readings if r.kind == "date" and not (r.format and r.format.date == TIME)]
    if dates:
        yield (
            f"column {shown(dates[0])} holds dates, and shuffled folds score rows by networks that know later ones: "
            f"where the model is for rows to come, --time {dates[0]} tells how well it does on those"
        )


def say_day(value: float | None, reading: Reading) -> str:
    """Say a date that was read as days or seconds."""
    seconds = (value or 0.0) * (1 if reading.seconds else DAY)
    return str(pl.Series([seconds / DAY]).floor().cast(pl.Int32).cast(pl.Date)[0])


def _values(path: str | Path, schema: Schema, frame: pl.DataFrame, *, whole: bool) -> np.ndarray:
    name = schema.readings[0].name
    values = schema.read(frame)[name].cast(pl.Float64)
    if whole and values.null_count():
        raise TableError(
            f"{path}: every row needs a time; {shown(name)} is blank in {values.null_count()} rows, row "
            f"{first_row(values.is_null())} the first: fill them in, or leave those rows out."
        )
    numbers: np.ndarray = values.to_numpy().astype(np.float64)
    return numbers
