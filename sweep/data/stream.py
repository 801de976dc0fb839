"""Read a table of any length piece by piece, for a model that knows its columns: bounded memory, each row by itself.

What a value means never depends on the other rows of the file: where `read_table` looks at a whole column to find its
kind, here the model says which columns hold numbers. Text is split by polars, a block at a time, once the fields of
each line were counted, as polars fills short lines up; from the first block on that is not so plain, by Python's csv.
"""

import codecs
import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import BinaryIO

import numpy as np
import polars as pl

from sweep.data.cells import listed
from sweep.data.csv import FOREIGN, SEPARATORS
from sweep.data.parquet import ENDINGS, find_format, read_columnar, rehearse
from sweep.errors import TableError

BLOCK_BYTES = 2**23  # of text at once
ROWS = 2**16  # of a columnar file at once
FIELDS = 2**20  # of other text at once
LAZILY = "getattr(polars, sys.argv[1])(sys.argv[2]).select(polars.all().null_count()).collect(engine='streaming')"


@dataclass(frozen=True)
class Chunks:
    """A table that is read piece by piece.

    Attributes
    ----------
    names : tuple of str
        The table's columns.
    decimal_comma : bool
        Whether 1,5 is a number: in text that semicolons separate.
    pieces : iterator of (pl.DataFrame, float)
        The rows in order, text as text with blanks taken off, and the share of the file read so far.
    """

    names: tuple[str, ...]
    decimal_comma: bool
    pieces: Iterator[tuple[pl.DataFrame, float]]


def open_chunks(path: str | Path, wanted: Sequence[str]) -> Chunks:
    """Open a CSV, TSV, Parquet or Feather file.

    Parameters
    ----------
    path : str or Path
    wanted : sequence of str
        Columns that the table should have: the separator is the one under which the header holds most of them.

    Raises
    ------
    TableError
        If the file cannot be read or is no table; while reading, if a row has too many or too few fields.
    """
    file = Path(path)
    if file.is_dir() or (file.exists() and not file.is_file()):
        raise TableError(f"{file}: a table is one ordinary file; this is a folder, a device or a pipe.")
    try:
        with file.open("rb") as handle:
            start = handle.read(8)
            foreign = next((FOREIGN[magic] for magic in FOREIGN if start.startswith(magic)), None)
            if foreign is not None:
                raise TableError(f"{file}: a table must be CSV, TSV, Parquet or Feather; this file is {foreign}.")
            columnar = find_format(start)
            encoding = "" if columnar else _find_encoding(file, handle)
    except FileNotFoundError:
        raise TableError(f"{file}: there is no such file; check the path of the table.") from None
    except OSError as error:
        raise TableError(f"{file}: the table cannot be read: {error.strerror}.") from None
    return _columnar(file, *columnar) if columnar else _text(file, encoding, wanted)


def _columnar(file: Path, name: str, reader: str) -> Chunks:
    if reader == "read_ipc_stream":  # which polars cannot read in parts
        lazy = read_columnar(file, name, reader).lazy()
    else:
        scan = reader.replace("read", "scan")
        rehearse(file, name, scan, how=LAZILY)
        lazy = getattr(pl, scan)(file)
    rows = int(lazy.select(pl.len()).collect().item())
    parts = ((lazy.slice(at, ROWS).collect(), min(1.0, (at + ROWS) / rows)) for at in range(0, rows, ROWS))
    return Chunks(tuple(lazy.collect_schema().names()), False, parts)


def _find_encoding(file: Path, handle: BinaryIO) -> str:
    if file.suffix.lower() in ENDINGS:
        raise TableError(f"{file}: its name says {file.suffix}, but its content is not that: is the file damaged?")
    handle.seek(0)
    decoder = codecs.getincrementaldecoder("utf-8")()
    encoding = "utf-8-sig"
    for number, block in enumerate(iter(lambda: handle.read(BLOCK_BYTES), b"")):
        if number == 0 and block.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return "utf-16"
        if b"\0" in block:
            raise TableError(f"{file}: a table must be text, Parquet or Feather; this file holds binary data.")
        try:
            decoder.decode(block, final=len(block) < BLOCK_BYTES)
        except UnicodeDecodeError:
            encoding = "cp1252"
            break
    return encoding


def _text(file: Path, encoding: str, wanted: Sequence[str]) -> Chunks:
    headers: dict[str, list[str]] = {}
    for separator in SEPARATORS:
        with file.open(encoding=encoding, newline="") as text:
            try:
                headers[separator] = [name.strip() for name in next(_records(text, separator), [])]
            except (csv.Error, UnicodeError):
                headers[separator] = []
    separator = max(SEPARATORS, key=lambda s: (len({*wanted} & {*headers[s]}), len(headers[s])))
    names = headers[separator]
    if not names:
        raise TableError(f"{file}: a table needs a header and rows below it; this file is blank.")
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise TableError(f"{file}: column names must differ; the header repeats {listed(repeated)}: rename them.")
    return Chunks(tuple(names), separator == ";", _pieces(file, encoding, separator, names))


def _records(text: io.TextIOBase, separator: str) -> Iterator[list[str]]:
    """The fields of each line that is not blank."""
    return (
        fields
        for fields in csv.reader(text, delimiter=separator, strict=True)
        if len(fields) > 1 or "".join(fields).strip()
    )


def _pieces(file: Path, encoding: str, separator: str, names: list[str]) -> Iterator[tuple[pl.DataFrame, float]]:
    size = file.stat().st_size
    row = 0
    with file.open("rb") as handle:
        if encoding == "utf-8-sig" and len(names) > 1 and _passed_header(handle):
            while (frame := _next_block(handle, separator, names)) is not None:
                row += frame.height
                yield frame, handle.tell() / size
        at_header = handle.tell() == 0
        text = io.TextIOWrapper(handle, encoding=encoding, newline="")
        records = islice(_records(text, separator), int(at_header), None)
        try:
            while chunk := list(islice(records, max(1, FIELDS // len(names)))):
                yield _frame_of(file, chunk, names, row), min(1.0, handle.tell() / size)
                row += len(chunk)
        except (csv.Error, UnicodeError) as error:
            raise TableError(f"{file}: the text after row {row} is not CSV: {error} (a quote left open?).") from None


def _passed_header(handle: BinaryIO) -> bool:
    """Whether the header is one plain line, which then was read; else nothing was."""
    line = next((line for line in iter(handle.readline, b"") if line.removeprefix(codecs.BOM_UTF8).strip()), b"")
    if b'"' in line or b"\r" in line.replace(b"\r\n", b""):
        handle.seek(0)
        return False
    return True


def _next_block(handle: BinaryIO, separator: str, names: list[str]) -> pl.DataFrame | None:
    """The next rows, if there are any and all have as many fields as names; else None, and nothing was read."""
    at = handle.tell()
    block = handle.read(BLOCK_BYTES) + handle.readline()
    while block.count(b'"') % 2 and (line := handle.readline()):  # a line break within quotes
        block += line
    block = block.replace(b"\r\n", b"\n")
    if not block or b"\r" in block or not _is_plain(block, ord(separator), len(names)):
        handle.seek(at)
        return None
    return pl.read_csv(block, has_header=False, new_columns=names, separator=separator, infer_schema=False)


def _is_plain(block: bytes, separator: int, fields: int) -> bool:
    """Whether each line has so many fields, and quotes stand around whole fields only."""
    letters = np.frombuffer(block if block.endswith(b"\n") else block + b"\n", np.uint8)
    splits, ends = letters == separator, letters == ord("\n")
    if b'"' in block:
        quotes = np.flatnonzero(letters == ord('"'))
        at_edge = splits | ends | (letters == ord('"'))  # a quote beside another stands for itself
        before, after = quotes[::2] - 1, quotes[1::2] + 1
        if len(quotes) % 2 or not (at_edge[before] | (before < 0)).all() or not at_edge[after].all():
            return False
        outside = np.cumsum(letters == ord('"'), dtype=np.uint8) % 2 == 0
        splits, ends = splits & outside, ends & outside
    return bool((np.diff(np.searchsorted(np.flatnonzero(splits), np.flatnonzero(ends)), prepend=0) == fields - 1).all())


def _frame_of(file: Path, chunk: list[list[str]], names: list[str], row: int) -> pl.DataFrame:
    for offset, fields in enumerate(chunk):
        if len(fields) != len(names):
            raise TableError(
                f"{file}: every row must have the header's {len(names)} fields; row {row + offset + 1} has "
                f"{len(fields)}: correct the row (a stray separator or quote?)."
            )
    return pl.DataFrame(list(zip(*chunk, strict=True)), schema=dict.fromkeys(names, pl.String), orient="col")
