"""Open a table wherever it lies: a file of text or columns, packed or in a workbook, a folder of files, a frame."""

import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

import polars as pl

from sweep.data.cells import shown
from sweep.data.csv import read_pieces
from sweep.data.frames import as_raw, is_frame
from sweep.data.layout import find_layout
from sweep.data.names import check_names
from sweep.data.opened import Piece, Source, no_rows
from sweep.data.packed import GZIP, ZIP, Opened, find_member, open_gzip, open_member, unpacked
from sweep.data.parquet import ENDINGS, find_categories, find_format, read_columnar, scan_columnar
from sweep.data.parts import open_folder
from sweep.data.workbook import open_workbook
from sweep.errors import TableError

FOREIGN = {
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"FEA1": "in the first Feather format, which is no longer read",
    b"%PDF": "a PDF",
    b"[{": "JSON",
    b'{"': "JSON",
    b"<!doc": "a web page",
    b"<html": "a web page",
    b"<?xml": "XML",
    b"@rela": "ARFF",
}
KINDS = "CSV, TSV, Parquet, Feather or Excel"


def open_source(table: Any, wanted: Sequence[str] = (), *, whole: bool = False) -> Source:
    """Open a table.

    Parameters
    ----------
    table : path, frame or mapping of arrays
        A CSV, TSV, Parquet or Feather file, as it is, with gzip or alone in a zip; an Excel workbook, its first sheet
        or that of `FILE.xlsx#SHEET`; a folder of Parquet or of CSV files, which stand one under another in the order of
        their names; a frame of pandas, polars or Arrow; a mapping of names to arrays.
    wanted : sequence of str
        Columns that the table should have: they help to find the separator.
    whole : bool
        Whether a columnar file is read at once: faster, but all in memory.

    Raises
    ------
    TableError
        If it cannot be read, or is no table; also while reading.
    """
    if is_frame(table):
        frame, categories = as_raw(table)
        check_names("the frame", frame.columns)
        return Source("the frame", tuple(frame.columns), iter([(frame, 1.0)]), categories)
    file = Path(table)
    try:
        if file.is_dir():
            return open_folder(file, partial(_open_file, wanted=wanted, whole=whole))
        if "#" in file.name and not file.exists():
            book = file.with_name(file.name.rpartition("#")[0])
            if book.is_file():
                return open_workbook(book, file.name.rpartition("#")[2])
        if file.exists() and not file.is_file():
            raise TableError(f"{file}: a table is an ordinary file; this is a device or a pipe.")
        return _open_file(file, wanted, whole=whole)
    except FileNotFoundError:
        raise TableError(f"{file}: there is no such file; check the path of the table.") from None
    except zipfile.BadZipFile as error:
        raise TableError(f"{file}: the zip archive is damaged ({error}).") from None
    except (OSError, ValueError, EOFError, zlib.error) as error:
        if isinstance(error, TableError):
            raise
        reason = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise TableError(f"{shown(str(file))}: the table cannot be read: {reason}.") from None


def read_raw(
    table: Any, wanted: Sequence[str] = (), each: Callable[[pl.DataFrame], pl.DataFrame] = lambda piece: piece
) -> tuple[pl.DataFrame, Source]:
    """Read a whole table as its file holds it, `each` piece changed as it comes.

    Raises
    ------
    TableError
        If it cannot be read or holds no row.
    """
    source = open_source(table, wanted, whole=True)
    pieces = [each(frame) for frame, _ in source.pieces]
    if not sum(frame.height for frame in pieces):
        raise no_rows(source.label)
    return (pieces[0] if len(pieces) == 1 else pl.concat(pieces, how="vertical_relaxed")), source


def _open_file(file: Path, wanted: Sequence[str], *, whole: bool) -> Source:
    with file.open("rb") as handle:
        start = handle.read(8)
    if not start:
        raise TableError(f"{file}: a table needs a header and rows below it; this file is empty.")
    foreign = next((FOREIGN[magic] for magic in FOREIGN if start.lower().startswith(magic.lower())), None)
    if foreign is not None:
        raise TableError(f"{file}: a table must be {KINDS}; this file is {foreign}: save it as CSV.")
    if start.startswith(ZIP):
        return _open_zip(file, wanted)
    if start.startswith(GZIP):
        return _open_packed(file, partial(open_gzip, file), wanted)
    columnar = find_format(start)
    if columnar is not None:
        return _open_columnar(file, file, columnar, whole=whole)
    if file.suffix.lower() in ENDINGS:
        raise TableError(f"{file}: its name says {file.suffix}, but its content is not that: is the file damaged?")
    return _open_text(file, partial(_plain, file), wanted)


def _open_columnar(label: Path, file: Path, columnar: tuple[str, str], *, whole: bool) -> Source:
    pieces: Iterator[Piece]
    if whole:
        frame = read_columnar(file, *columnar)
        names, pieces = frame.columns, iter([(frame, 1.0)])
    else:
        names, pieces = scan_columnar(file, *columnar)
    check_names(label, names)
    return Source(label, tuple(names), pieces, find_categories(file, columnar[1]))


def _open_text(label: object, opened: Opened, wanted: Sequence[str]) -> Source:
    layout = find_layout(label, opened, wanted)
    return Source(
        label,
        layout.names,
        read_pieces(label, opened, layout),
        frozenset(),
        layout.encoding.notes,
        layout.separator == ",",
    )


def _plain(file: Path) -> tuple[BinaryIO, Any]:
    handle = file.open("rb")
    size = file.stat().st_size
    return handle, lambda: min(1.0, handle.tell() / size)


def _open_zip(file: Path, wanted: Sequence[str]) -> Source:
    with zipfile.ZipFile(file) as archive:
        inside = archive.namelist()
    if "xl/workbook.xml" in inside:
        return open_workbook(file, None)
    return _open_packed(file, partial(open_member, file, find_member(file, inside)), wanted)


def _open_packed(file: Path, opened: Opened, wanted: Sequence[str]) -> Source:
    """Open a packed table: text in pieces, a columnar file all at once, by way of a file of its own."""
    with opened()[0] as packed:
        start = packed.read(8)
    if start.startswith((ZIP, GZIP)):
        raise TableError(f"{file}: an archive must hold a table; this one holds another archive.")
    columnar = find_format(start)
    if columnar is None:
        return _open_text(file, opened, wanted)
    with unpacked(opened) as part:
        return _open_columnar(file, part, columnar, whole=True)
