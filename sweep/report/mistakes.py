"""The rows that a study gets wrong, the surest mistakes first, and how well it does by segment."""

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import polars as pl

from sweep.config import Spec
from sweep.data.table import read_table
from sweep.errors import InputError, StudyError, TableError
from sweep.files import whole
from sweep.report.out_of_fold import read_out_of_fold
from sweep.statistics.confusion import Counts
from sweep.study_folder import StudyFolder

LISTED = 10  # of each kind, by default
LEVELS = 20  # distinct numbers from which on a column is split into quarters
LEAST_POSITIVES = 10  # of a level, for its rates to say something


@dataclass(frozen=True)
class Segment:
    """One level of a column, and the counts of its rows."""

    level: str
    counts: Counts

    @property
    def few(self) -> bool:
        """Check whether it has too few positives for its rates to say something."""
        return self.counts.positives < LEAST_POSITIVES


def rows_with_columns(record: StudyFolder, rows: int) -> pl.DataFrame:
    """Read out-of-fold.parquet, and beside it the columns of the table, which had so many rows: as `table_of` does."""
    return beside(read_out_of_fold(record), table_of(record, rows))


def table_of(record: StudyFolder, rows: int) -> pl.DataFrame:
    """Read the table of a study, which had so many rows.

    Raises
    ------
    StudyError
        If the study is not finished, or its table is not the one that it was run on any more.
    """
    spec = Spec.read(record.study)
    try:
        table = read_table(spec.data.path, missing=spec.data.missing)
    except TableError as error:
        raise StudyError(f"The study's table must be there to show its rows; got: {error}") from None
    if table.height != rows:
        raise StudyError(
            f"{spec.data.path} must hold the {rows} rows that the study was run on; it holds {table.height}."
        )
    return table


def beside(found: pl.DataFrame, table: pl.DataFrame) -> pl.DataFrame:
    """Set the columns of the table beside rows of it, whose numbers stand in `row`, but those of a name they have."""
    own = [name for name in table.columns if name not in found.columns]
    return found.hstack([table[name][found["row"] - 1] for name in own])


def surest_mistakes(rows: pl.DataFrame, *, missed: int = LISTED, false_alarms: int = LISTED) -> pl.DataFrame:
    """List the missed positives of lowest probability, then the false alarms of highest.

    Parameters
    ----------
    rows : pl.DataFrame
        With `label`, `decision` and `probability`.
    missed, false_alarms : int
        How many of each at most.

    Returns
    -------
    pl.DataFrame
        With one column more, first: `mistake`, "missed" or "false alarm".
    """
    wrong = rows.filter(pl.col("label") != pl.col("decision"))
    parts = []
    for name, label, falling, most in (("missed", 1, False, missed), ("false alarm", 0, True, false_alarms)):
        part = wrong.filter(pl.col("label") == label).sort("probability", descending=falling, maintain_order=True)
        parts.append(part.head(most).select(pl.lit(name).alias("mistake"), pl.all()))
    return pl.concat(parts)


def segments(rows: pl.DataFrame, column: str) -> tuple[Segment, ...]:
    """Count the decisions of each level of a column; numbers of many values are split into quarters.

    Raises
    ------
    StudyError
        If there is no such column.
    """
    if column not in rows.columns:
        raise StudyError(f"by must be a column of the table; got {column!r}. There are {', '.join(rows.columns)}.")
    values = rows[column]
    if values.dtype.is_numeric() and values.n_unique() > LEVELS:
        values = _quarters(values.cast(pl.Float64))
    levels = values.cast(pl.String).fill_null("missing")
    found = []
    for level in levels.unique().sort():
        here = (levels == level).to_numpy()
        y, called = rows["label"].to_numpy()[here], rows["decision"].to_numpy()[here]
        found.append(Segment(level, Counts.of(y, called)))
    return tuple(sorted(found, key=lambda segment: -segment.counts.rows))


def _quarters(values: pl.Series) -> pl.Series:
    """Name the quarter of its column that each number lies in, its upper end included; null stays null."""
    numbers = values.to_numpy()
    ends = np.unique(np.nanquantile(numbers, [0.25, 0.5, 0.75]))
    names = [f"up to {ends[0]:g}", *(f"{low:g} to {high:g}" for low, high in pairwise(ends)), f"above {ends[-1]:g}"]
    return pl.Series(np.array(names)[np.searchsorted(ends, numbers)]).set(values.is_null(), None)


def segment_table(found: tuple[Segment, ...]) -> pl.DataFrame:
    """Lay segments out as a table: counts, P1 and R1 with exact intervals, and whether positives are too few."""
    rows = []
    for segment in found:
        c, intervals = segment.counts, segment.counts.intervals()
        p1, r1 = intervals["P1"] or (None, None), intervals["R1"] or (None, None)
        rows.append(
            {
                "level": segment.level,
                "rows": c.rows,
                "positives": c.positives,
                **c.to_dict(),
                "P1": c.precision[1],
                "P1_low": p1[0],
                "P1_high": p1[1],
                "R1": c.recall[1],
                "R1_low": r1[0],
                "R1_high": r1[1],
                "few_positives": segment.few,
            }
        )
    return pl.DataFrame(rows, infer_schema_length=None)


def write_table(table: pl.DataFrame, out: Path) -> None:
    """Write a table as CSV or Parquet, by the ending of the file, whole or not at all.

    Raises
    ------
    InputError
        If the file ends in something else.
    """
    if out.suffix.lower() not in (".csv", ".parquet"):
        raise InputError(f"The file to write must end in .csv or .parquet; got {out}.")
    with whole(out) as part:
        if out.suffix.lower() == ".csv":
            table.write_csv(part)
        else:
            table.write_parquet(part)
