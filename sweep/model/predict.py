"""Score a table of any length with a delivered model, piece by piece; the result is written whole or not at all."""

import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

import numpy as np
import polars as pl

from sweep.config import read_top
from sweep.data.cells import listed
from sweep.data.comparison import Comparison
from sweep.data.names import check_columns
from sweep.data.opened import Source, no_rows
from sweep.data.source import open_source
from sweep.errors import InputError, RunError, TableError
from sweep.files import beside, whole
from sweep.model.ranking import from_threshold, most_likely
from sweep.model.scorer import Scorer, open_model
from sweep.streams import printable

OUTPUTS = ("probability", "decision", "label")
RANK = "rank"  # one output more, of the most likely rows
ENDINGS = (".csv", ".parquet")
FORMULA = r"^[\s\p{Cf}]*[=+\-@\x{FF1D}\x{FF0B}\x{FF0D}\x{FF20}]|^[\t\r\n]"  # which a spreadsheet runs as a formula


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
    table: Any,
    *,
    out: str | Path | None = None,
    keep: Sequence[str] = (),
    prevalence: float | None = None,
    threshold: float | None = None,
    top: str | None = None,
    progress: Callable[[int, float], None] | None = None,
) -> Summary:
    """Score the rows of a table and write them in its order.

    Written are the columns kept, `probability`, `decision` (0 or 1) and `label`, the decision in the training table's
    own words; with `top`, `rank` too.

    Missing values count as they did in training, levels not seen there as none of its levels, which is said. Columns
    that the model does not take are ignored. In a CSV, a text or name that a spreadsheet would take for a formula (it
    starts with =, +, -, @, full-width ones too, after any blanks, and is no number) gets a ' before it; Parquet holds
    what the table held.

    Parameters
    ----------
    model : str or Path
        A .keras file, a SavedModel, or a folder that holds one of them.
    table : path or frame
        CSV, TSV, Parquet, Feather or Excel, as `open_source` takes it; columns in any order. Its cells mean what they
        meant in the table learned from, whatever its marks, as the model's card says.
    out : str or Path, optional
        A file ending in .csv or .parquet; default: CSV to standard output.
    keep : sequence of str
        Columns of the table to write too.
    prevalence : float in (0, 1), optional
        The prevalence to expect among these rows; default: that of the training rows. It moves the
        probability, not the decision.
    threshold : float in [0, 1], optional
        Decide by the probability that is written, at or above it as positive; default: as the model decides.
    top : str, optional
        Decide the most likely rows as positive, "N" of them or "N%": rows of one probability together or not at all.
        The table is read twice.
    progress : callable, optional
        Called with the rows done and the share of the file read.

    Raises
    ------
    InputError
        If the model, the table or an argument cannot be used; RunError if `out` cannot be written. It is as it was.
    """
    if prevalence is not None and not 0 < prevalence < 1:
        raise InputError(f"prevalence must be a share between 0 and 1, both excluded; got {prevalence}.")
    if threshold is not None and top is not None:
        raise InputError("One of threshold and top must decide; got both. Leave one out.")
    if threshold is not None and not 0 <= threshold <= 1:
        raise InputError(f"threshold must be a probability from 0 to 1; got {threshold}.")
    if top is not None:
        read_top(top)
    target = None if out is None else _check_out(Path(out), table)
    scorer = open_model(model)
    schema = scorer.schema
    source = open_source(table, schema.names)
    keep = tuple(dict.fromkeys(keep))
    check_columns(table, source.names, schema.names, "the columns that the network learned from")
    check_columns(table, source.names, keep, "the columns to keep")
    outputs = OUTPUTS if top is None else (*OUTPUTS, RANK)
    if clash := [name for name in keep if name in outputs]:
        raise InputError(f"A column to keep must not be named as an output is; got {listed(clash)}: rename it.")
    used = {*schema.names, *keep}
    ignored = [name for name in source.names if name not in used]
    shift = 0.0 if prevalence is None else scorer.shift(prevalence)

    try:
        ranked = None if top is None else _rank(scorer, open_source(table, schema.names), top)
        deciding = _Deciding(scorer, shift, threshold, ranked)
        rows, called, guarded, differences = _score(deciding, source, target, keep, outputs, progress)
    except OSError as error:
        if target is None:
            raise
        raise RunError(f"{target}: the predictions cannot be written: {error.strerror or error}.") from None
    notes = [*source.notes, *differences]
    if ignored:
        notes.append(f"columns of the table that play no part: {listed(ignored)}")
    if guarded:
        notes.append(f"a ' stands before {guarded} kept values and names that a spreadsheet would take for formulas")
    return Summary(rows, called, tuple(notes))


Ranked = tuple[np.ndarray, np.ndarray, np.ndarray]


@dataclass(frozen=True)
class _Deciding:
    """How rows are scored and decided: by the model, from a threshold on, or by ranks found before.

    Attributes
    ----------
    scorer : Scorer
    shift : float
        Of the log-odds, for another prevalence.
    threshold : float or None
    ranked : (log-odds, ranks, decisions), each (rows of the table,), or None
    """

    scorer: Scorer
    shift: float
    threshold: float | None
    ranked: Ranked | None

    def outputs(self, frame: pl.DataFrame, at: int) -> list[pl.Series]:
        """Give probability, decision, label and, of ranked rows, rank of a piece that begins `at` this row."""
        if self.ranked is None:
            log_odds, decision = self.scorer.score(frame)
            ranks = []
        else:
            log_odds, rank, decision = (part[at : at + frame.height] for part in self.ranked)
            ranks = [pl.Series(RANK, rank)]
        with np.errstate(over="ignore"):
            probability = 1 / (1 + np.exp(-(log_odds + self.shift)))
        if self.threshold is not None:
            decision = from_threshold(probability, self.threshold)
        card = self.scorer.card
        words = pl.Series([str(card.get(side, code)) for code, side in enumerate(("negative", "positive"))])
        return [
            pl.Series("probability", probability, pl.Float32),
            pl.Series("decision", decision),
            words.gather(decision).alias("label"),
            *ranks,
        ]


def _rank(scorer: Scorer, source: Source, top: str) -> Ranked:
    """Score a whole table and find its most likely rows."""
    parts, at, schema = [np.zeros(0)], 0, scorer.schema
    for piece, _ in _ahead(source.pieces):
        try:
            if not at:
                schema, _ = schema.fit(piece)
            parts.append(scorer.score(schema.read(piece, row=at))[0])
        except TableError as error:
            raise TableError(f"{source.label}: {error}") from None
        at += piece.height
    log_odds = np.concatenate(parts)
    return log_odds, *most_likely(log_odds, top)


def _score(
    deciding: _Deciding,
    source: Source,
    target: Path | None,
    keep: Sequence[str],
    outputs: Sequence[str],
    progress: Callable[[int, float], None] | None,
) -> tuple[int, int, int, tuple[str, ...]]:
    """Write the predictions; return the rows, how many are positive, the values kept that got a ', and notes."""
    rows = called = guarded = 0
    schema, notes = deciding.scorer.schema, tuple[str, ...]()
    differences = Comparison(schema)
    with ExitStack() as stack:
        writer = _Parquet(stack, target) if target and target.suffix.lower() == ".parquet" else _Csv(stack, target)
        for piece, done in _ahead(source.pieces):
            try:
                if not rows:
                    schema, notes = schema.fit(piece)
                frame = schema.read(piece, row=rows)
            except TableError as error:
                raise TableError(f"{source.label}: {error}") from None
            differences.add(frame)
            found = deciding.outputs(frame, rows)
            guarded += writer.write(piece.with_columns(found).select(*keep, *outputs))
            rows, called = rows + piece.height, called + int(found[1].sum())
            if progress is not None:
                progress(rows, done)
        if not rows:
            raise no_rows(source.label)
        writer.close()
    return rows, called, guarded, (*notes, *differences.notes())


def decisions(model: str | Path, frame: pl.DataFrame) -> np.ndarray:
    """Decide the rows of a table in memory, as `read_table` gives it: array of int8, shape (rows,)."""
    return open_model(model).score(frame)[1]


def _check_out(out: Path, table: Any) -> Path:
    if out.suffix.lower() not in ENDINGS:
        raise InputError(f"{out}: the file to write must end in {' or '.join(ENDINGS)}.")
    if out.is_dir():
        raise InputError(f"{out}: predictions go to a file; this is a folder.")
    if isinstance(table, str | Path) and out.exists() and Path(table).exists() and out.samefile(table):
        raise InputError(f"{out}: this is the table itself; write the predictions to another file.")
    return out


def _ahead(pieces: Iterator[tuple[pl.DataFrame, float]]) -> Iterator[tuple[pl.DataFrame, float]]:
    """Give the same, each piece read while the one before it is scored."""
    with ThreadPoolExecutor(1) as pool:
        coming = pool.submit(next, pieces, None)
        while (piece := coming.result()) is not None:
            coming = pool.submit(next, pieces, None)
            yield piece


class _Csv:
    """Writes CSV to a file, whole or not at all, or to standard output."""

    def __init__(self, stack: ExitStack, target: Path | None) -> None:
        self.handle: TextIO = sys.stdout
        self.shown = target is None and sys.stdout.isatty()
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
        names = pl.Series(frame.columns)
        formulas = names.str.contains(FORMULA) & names.cast(pl.Float64, strict=False).is_null()
        guarded += 0 if self.started else int(formulas.sum())
        try:
            frame.columns = [f"'{name}" if formula else name for name, formula in zip(names, formulas, strict=True)]
            text = frame.write_csv(include_header=not self.started)
            self.handle.write(printable(text) if self.shown else text)
        except pl.exceptions.PolarsError as error:
            raise TableError(f"CSV cannot hold a column to keep ({error}); write to a .parquet file.") from None
        self.started = True
        return guarded

    def close(self) -> None:
        """Hand over what is still on its way."""
        self.handle.flush()


class _Parquet:
    """Writes a Parquet file, whole or not at all, by way of one file per piece."""

    def __init__(self, stack: ExitStack, target: Path) -> None:
        self.part = stack.enter_context(whole(target))
        self.folder = stack.enter_context(beside(target, ".pieces"))
        self.folder.mkdir()
        self.files: list[Path] = []

    def write(self, frame: pl.DataFrame) -> int:
        """Write rows; return 0."""
        self.files.append(self.folder / f"{len(self.files):09d}.parquet")
        frame.write_parquet(self.files[-1])
        return 0

    def close(self) -> None:
        """Put the pieces together."""
        pl.scan_parquet(self.files, glob=False).sink_parquet(self.part)
