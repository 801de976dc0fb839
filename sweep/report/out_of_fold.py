"""The out-of-fold files of a run: every row with its probability and decision, and what each threshold would do."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl

from sweep.errors import StudyError
from sweep.files import whole
from sweep.search.selection import Selection
from sweep.statistics.confusion import RATES
from sweep.statistics.thresholds import threshold_table
from sweep.study_folder import StudyFolder

Probability = Callable[[float], float | None]


def write_out_of_fold(
    record: StudyFolder, selection: Selection, probability: Callable[[np.ndarray], np.ndarray], kept: pl.DataFrame
) -> None:
    """Write out-of-fold.parquet: a row for each training row that is scored, in its order.

    Parameters
    ----------
    record : StudyFolder
    selection : Selection
    probability : callable
        From mean logits of the delivered balance, (scored rows,), to what its model says.
    kept : pl.DataFrame, shape (rows, columns)
        Columns of the table to carry along.
    """
    pick, rows = selection.picks[selection.equal], selection.rows
    frame = pl.DataFrame({"row": rows.index + 1}).hstack([column[rows.index] for column in kept])
    frame = frame.with_columns(
        pl.Series("fold", rows.fold_of_row + 1),
        pl.Series("label", rows.y, pl.Int8),
        pl.Series("probability", probability(pick.mean)),
        pl.Series("decision", pick.mean > pick.threshold, pl.Int8),
    )
    with whole(record.out_of_fold) as part:
        frame.write_parquet(part)


def write_thresholds(record: StudyFolder, selection: Selection, probability: Probability) -> None:
    """Write thresholds.csv: what the delivered balance would do at other thresholds on its probability."""
    pick, rows = selection.picks[selection.equal], []
    for at in threshold_table(selection.y, pick.mean, always=pick.threshold):
        c, intervals = at.counts, at.counts.intervals()
        rates = dict(zip(RATES, (*c.precision, *c.recall), strict=True))
        ends = {
            f"{name}_{end}": None if (interval := intervals[name]) is None else interval[place]
            for name in RATES
            for place, end in enumerate(("low", "high"))
        }
        rows.append({"threshold": probability(at.threshold), "called": c.called, **c.to_dict(), **rates, **ends})
    with whole(record.thresholds) as part:
        pl.DataFrame(rows, infer_schema_length=None).write_csv(part)


def read_out_of_fold(record: StudyFolder) -> pl.DataFrame:
    """Read out-of-fold.parquet.

    Raises
    ------
    StudyError
        If it is missing or damaged.
    """
    return _read(record.out_of_fold, pl.read_parquet)


def read_thresholds(record: StudyFolder) -> pl.DataFrame:
    """Read thresholds.csv.

    Raises
    ------
    StudyError
        If it is missing or damaged.
    """
    # a column without any value, as of a model that tells no rows apart, is text to the reader
    return _read(record.thresholds, _of_thresholds)


def _of_thresholds(path: Path) -> pl.DataFrame:
    """Read the table with the columns that it must have; a polars error without them."""
    found = pl.read_csv(path).with_columns(pl.col(pl.String).cast(pl.Float64))
    found.select("threshold", "called", "tp", "fp", "fn", "tn")
    return found


def _read(path: Path, reader: Callable[[Path], pl.DataFrame]) -> pl.DataFrame:
    try:
        return reader(path)
    except (OSError, pl.exceptions.PolarsError):
        raise StudyError(f"{path} must be there and whole; it is missing or damaged. Run the study again.") from None
