"""Score a table of any length with a delivered model, piece by piece; the result is written whole or not at all."""

import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TextIO

import numpy as np
import polars as pl

from sweep.data.cells import NO_NUMBER, first_row, listed, plain, shown
from sweep.data.stream import Chunks, open_chunks
from sweep.errors import InputError, RunError, TableError
from sweep.files import whole
from sweep.model.scorer import Scorer, open_model

OUTPUTS = ("probability", "decision")
ENDINGS = (".csv", ".parquet")
FORMULA = r"^[=+\-@\t\r]"  # a spreadsheet takes such a text for a formula and runs it


@dataclass(frozen=True)
class Summary:
    """What `predict` did.

    Attributes
    ----------
    rows, called : int
        Rows scored, and those of them decided as positive.
    notes : tuple of str
        What has to be said, a line each.
    """

    rows: int
    called: int
    notes: tuple[str, ...]


def predict(
    model: str | Path,
    table: str | Path,
    *,
    out: str | Path | None = None,
    keep: Sequence[str] = (),
    prevalence: float | None = None,
    progress: Callable[[int, float], None] | None = None,
) -> Summary:
    """Score the rows of a table and write them in its order: the columns kept, `probability` and `decision`.

    Missing values and levels not seen in training count as they did there. Columns that the model does not take are
    ignored. In a CSV, a text that a spreadsheet would take for a formula (it starts with =, +, -, @ and is no number)
    gets a ' before it; Parquet holds what the table held.

    Parameters
    ----------
    model : str or Path
        A .keras file, a SavedModel, or a folder that holds one of them.
    table : str or Path
        CSV, TSV, Parquet or Feather; columns in any order.
    out : str or Path, optional
        A file ending in .csv or .parquet; default: CSV to standard output.
    keep : sequence of str
        Columns of the table to write too.
    prevalence : float in (0, 1), optional
        The share of positives to expect among these rows; default: that of the training rows. It moves the
        probability, not the decision.
    progress : callable, optional
        Called with the rows done and the share of the file read.

    Raises
    ------
    InputError
        If the model, the table or an argument cannot be used; RunError if `out` cannot be written. It is as it was.
    """
    if prevalence is not None and not 0 < prevalence < 1:
        raise InputError(f"prevalence must be a share between 0 and 1, both excluded; got {prevalence}.")
    target = None if out is None else _check_out(Path(out), Path(table))
    scorer = open_model(model)
    wanted = [column.name for column in scorer.features.columns]
    chunks = open_chunks(table, wanted)
    keep = tuple(dict.fromkeys(keep))
    for names, need in ((wanted, "the columns that the network learned from"), (keep, "the columns to keep")):
        if lacking := [name for name in names if name not in set(chunks.names)]:
            raise TableError(f"{table}: the table must have {need}; it lacks {listed(lacking)}.")
    if clash := [name for name in keep if name in OUTPUTS]:
        raise InputError(f"A column to keep must not be named as an output is; got {listed(clash)}: rename it.")
    ignored = [name for name in chunks.names if name not in {*wanted, *keep}]
    shift = 0.0 if prevalence is None else scorer.shift(prevalence)

    try:
        rows, called, guarded = _score(scorer, chunks, table, target, keep, shift, progress)
    except OSError as error:
        if target is None:
            raise
        raise RunError(f"{target}: the predictions cannot be written: {error.strerror or error}.") from None
    notes = []
    if ignored:
        notes.append(f"columns of the table that play no part: {listed(ignored)}")
    if guarded:
        notes.append(f"a ' stands before {guarded} kept values that a spreadsheet would take for formulas")
    return Summary(rows, called, tuple(notes))


def _score(
    scorer: Scorer,
    chunks: Chunks,
    table: str | Path,
    target: Path | None,
    keep: Sequence[str],
    shift: float,
    progress: Callable[[int, float], None] | None,
) -> tuple[int, int, int]:
    """Write the predictions; return the rows, those called, and the values kept that got a '."""
    rows = called = guarded = 0
    with ExitStack() as stack:
        writer = _Parquet(stack, target) if target and target.suffix.lower() == ".parquet" else _Csv(stack, target)
        for piece, done in _ahead(chunks.pieces):
            try:
                log_odds, decision = scorer.score(_as_in_training(piece, scorer, rows, chunks.decimal_comma))
            except TableError as error:
                raise TableError(f"{table}: {error}") from None
            with np.errstate(over="ignore"):
                probability = 1 / (1 + np.exp(-(log_odds + shift)))
            outputs = (pl.Series("probability", probability, pl.Float32), pl.Series("decision", decision))
            result = piece.with_columns(outputs).select(*keep, *OUTPUTS)
            guarded += writer.write(result)
            rows, called = rows + piece.height, called + int(decision.sum())
            if progress is not None:
                progress(rows, done)
        if not rows:
            raise TableError(f"{table}: a table needs a header and rows below it; this one has a header only.")
        writer.close()
    return rows, called, guarded


def decisions(model: str | Path, frame: pl.DataFrame) -> np.ndarray:
    """Decide the rows of a table in memory, as `read_table` gives it: array of int8, shape (rows,)."""
    return open_model(model).score(frame)[1]


def _check_out(out: Path, table: Path) -> Path:
    if out.suffix.lower() not in ENDINGS:
        raise InputError(f"{out}: the file to write must end in {' or '.join(ENDINGS)}.")
    if out.is_dir():
        raise InputError(f"{out}: predictions go to a file; this is a folder.")
    if out.exists() and table.exists() and out.samefile(table):
        raise InputError(f"{out}: this is the table itself; write the predictions to another file.")
    return out


def _ahead(pieces: Iterator[tuple[pl.DataFrame, float]]) -> Iterator[tuple[pl.DataFrame, float]]:
    """The same, each piece read while the one before it is scored."""
    with ThreadPoolExecutor(1) as pool:
        coming = pool.submit(next, pieces, None)
        while (piece := coming.result()) is not None:
            coming = pool.submit(next, pieces, None)
            yield piece


def _as_in_training(piece: pl.DataFrame, scorer: Scorer, row: int, decimal_comma: bool) -> pl.DataFrame:
    """The columns that the model takes, with missing values as null and those of numbers as numbers."""
    missing = scorer.card.get("missing", [])
    numbers = pl.Series(missing, dtype=pl.String).cast(pl.Float64, strict=False).drop_nulls()
    columns = []
    for column in scorer.features.columns:
        values = plain(piece[column.name])
        if values.dtype == pl.String:
            values = values.str.strip_chars()
            values = values.set(values.is_in(["", *missing]), None)
            if column.kind == "number":
                values = _numbers(values, row, decimal_comma)
        if values.dtype.is_numeric():
            values = values.cast(pl.Float64)
            values = values.set(values.is_in(numbers.to_list()), None)
            if (infinite := values.is_infinite()).any():
                at = first_row(infinite)
                raise TableError(
                    f"numbers must be finite; column {shown(column.name)}, row {row + at} holds {values[at - 1]}."
                )
        columns.append(values)
    return pl.DataFrame(columns)


def _numbers(text: pl.Series, row: int, decimal_comma: bool) -> pl.Series:
    """Text as Float64, value by value; true and false are 1 and 0."""
    text = text.set(text.is_in(NO_NUMBER), None)
    if decimal_comma:
        text = text.str.replace(r"^([+-]?\d+),(\d+)$", "$1.$2")
    values = text.cast(pl.Float64, strict=False)
    wrong = values.is_null() & text.is_not_null()
    if wrong.any():
        values = text.str.to_lowercase().replace({"true": "1", "false": "0"}).cast(pl.Float64, strict=False)
        wrong = values.is_null() & text.is_not_null()
    if wrong.any():
        at = first_row(wrong)
        raise TableError(
            f"column {shown(text.name)} must hold numbers, as it did where the network learned; "
            f"row {row + at} holds {shown(text[at - 1])}: correct it."
        )
    return values.fill_nan(None)


class _Csv:
    """Writes CSV to a file, whole or not at all, or to standard output."""

    def __init__(self, stack: ExitStack, target: Path | None) -> None:
        self.handle: TextIO = sys.stdout
        if target is not None:
            part = stack.enter_context(whole(target))
            self.handle = stack.enter_context(part.open("w", encoding="utf-8", newline=""))
        self.started = False

    def write(self, frame: pl.DataFrame) -> int:
        """Write rows; return how many values got a '."""
        guarded = 0
        for name in [column.name for column in frame if column.dtype == pl.String]:
            formula = pl.col(name).str.contains(FORMULA) & pl.col(name).cast(pl.Float64, strict=False).is_null()
            guarded += int(frame.select(formula.sum()).item())
            frame = frame.with_columns(pl.when(formula).then("'" + pl.col(name)).otherwise(pl.col(name)).alias(name))
        try:
            self.handle.write(frame.write_csv(include_header=not self.started))
        except pl.exceptions.PolarsError as error:
            raise TableError(f"CSV cannot hold a column to keep ({error}); write to a .parquet file.") from None
        self.started = True
        return guarded

    def close(self) -> None:
        """Hand over what is still on its way."""
        self.handle.flush()


class _Parquet:
    """Writes a Parquet file, whole or not at all, by way of a file a piece."""

    def __init__(self, stack: ExitStack, target: Path) -> None:
        self.part = stack.enter_context(whole(target))
        self.folder = Path(stack.enter_context(TemporaryDirectory(prefix=f".{target.name}.", dir=target.parent)))
        self.files: list[Path] = []

    def write(self, frame: pl.DataFrame) -> int:
        """Write rows; return 0."""
        self.files.append(self.folder / f"{len(self.files):09d}.parquet")
        frame.write_parquet(self.files[-1])
        return 0

    def close(self) -> None:
        """Put the pieces together."""
        pl.scan_parquet(self.files).sink_parquet(self.part)
