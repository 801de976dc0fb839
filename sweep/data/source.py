"""Open a table wherever it lies: a file of text or columns, packed or in a workbook, a folder of files, a frame."""

import gzip
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO

import polars as pl

from sweep.data.cells import listed, shown
from sweep.data.csv import Layout, Opened, check_names, find_layout, read_pieces
from sweep.data.frames import as_raw, is_frame
from sweep.data.parquet import ENDINGS, find_categories, find_format, read_columnar, scan_columnar
from sweep.errors import TableError

FOREIGN = {
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"FEA1": "in the first Feather format, which is no longer read",
}
ZIP, GZIP = b"PK\x03\x04", b"\x1f\x8b"
TEXT_ENDINGS = (".csv", ".tsv", ".txt", ".csv.gz", ".tsv.gz", ".txt.gz")
KINDS = "CSV, TSV, Parquet, Feather or Excel"
Piece = tuple[pl.DataFrame, float]


@dataclass(frozen=True)
class Source:
    """A table that is open.

    Attributes
    ----------
    label : path or str
        What messages call it.
    names : tuple of str
        Its columns.
    pieces : iterator of (pl.DataFrame, float)
        The rows in order, with the share of the table read so far. Columns of text files are text.
    categories : frozenset of str
        Columns that are categories whatever they hold, as the file says.
    notes : tuple of str
        What has to be said of the file.
    pointed : bool
        Whether fractions can be taken to have a point: where numbers have a type of their own, or commas part fields.
    """

    label: Any
    names: tuple[str, ...]
    pieces: Iterator[Piece]
    categories: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()
    pointed: bool = True


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
            return _open_folder(file, wanted, whole=whole)
        if "#" in file.name and not file.exists():
            book = file.with_name(file.name.rpartition("#")[0])
            if book.is_file():
                return _open_workbook(book, file.name.rpartition("#")[2])
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


def read_raw(table: Any, wanted: Sequence[str] = ()) -> tuple[pl.DataFrame, Source]:
    """Read a whole table as its file holds it; TableError if it cannot be read or holds no row."""
    source = open_source(table, wanted, whole=True)
    pieces = [frame for frame, _ in source.pieces]
    if not sum(frame.height for frame in pieces):
        raise no_rows(source.label)
    return (pieces[0] if len(pieces) == 1 else pl.concat(pieces, how="vertical_relaxed")), source


def no_rows(label: object) -> TableError:
    """Return the error of a table without rows."""
    return TableError(f"{label}: a table needs a header and rows below it; this one has a header only.")


def _open_file(file: Path, wanted: Sequence[str], *, whole: bool) -> Source:
    with file.open("rb") as handle:
        start = handle.read(8)
    if not start:
        raise TableError(f"{file}: a table needs a header and rows below it; this file is empty.")
    foreign = next((FOREIGN[magic] for magic in FOREIGN if start.startswith(magic)), None)
    if foreign is not None:
        raise TableError(f"{file}: a table must be {KINDS}; this file is {foreign}: save it as CSV.")
    if start.startswith(ZIP):
        return _open_zip(file, wanted)
    if start.startswith(GZIP):
        with gzip.open(file) as packed:
            columnar = find_format(packed.read(8))
        return _unpacked(file, gzip.open, wanted) if columnar else _open_text(file, partial(_gunzip, file), wanted)
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


def _open_text(label: object, opened: Opened, wanted: Sequence[str], layout: Layout | None = None) -> Source:
    layout = layout or find_layout(label, opened, wanted)
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


def _gunzip(file: Path) -> tuple[BinaryIO, Any]:
    handle = gzip.GzipFile(file)
    size = file.stat().st_size
    return handle, lambda: min(1.0, handle.fileobj.tell() / size)  # type: ignore[return-value, union-attr]


def _open_zip(file: Path, wanted: Sequence[str]) -> Source:
    with zipfile.ZipFile(file) as archive:
        inside = archive.namelist()
        if "xl/workbook.xml" in inside:
            return _open_workbook(file, None)
        tables = [name for name in inside if not name.endswith("/") and not name.startswith("__MACOSX/")]
        if len(tables) != 1:
            raise TableError(
                f"{file}: a zip archive must hold one table alone; this one holds {listed(tables) or 'nothing'}."
            )
        with archive.open(tables[0]) as handle:
            start = handle.read(8)
        size = archive.getinfo(tables[0]).file_size

    def opened() -> tuple[BinaryIO, Any]:
        handle = zipfile.ZipFile(file).open(tables[0])  # noqa: SIM115
        return handle, lambda: min(1.0, handle.tell() / size)  # type: ignore[return-value]

    if find_format(start):
        return _unpacked(file, lambda _: opened()[0], wanted)
    if start.startswith((ZIP, GZIP)):
        raise TableError(f"{file}: a zip archive must hold a table; {shown(tables[0])} is an archive itself.")
    return _open_text(file, opened, wanted)


def _unpacked(file: Path, opened: Any, wanted: Sequence[str]) -> Source:
    """Read a columnar file that is packed: all at once, by way of a file of its own."""
    with TemporaryDirectory(prefix="sweep-") as folder:
        part = Path(folder) / "table"
        with opened(file) as packed:
            part.write_bytes(packed.read())
        columnar = find_format(part.read_bytes()[:8])
        if columnar is None:
            raise TableError(f"{file}: the packed file is no table.")
        return _open_columnar(file, part, columnar, whole=True)


def _open_workbook(file: Path, sheet: str | None) -> Source:
    """Read a sheet of an Excel workbook, every cell as text, as a CSV of it would hold it."""
    if find_spec("fastexcel") is None:
        raise TableError(
            f'{file}: an Excel workbook needs the package fastexcel: pip install "balance-sweep[excel]", or save the '
            "sheet as CSV."
        )
    import fastexcel  # an extra

    label = file if sheet is None else f"{file}#{sheet}"
    try:
        book = fastexcel.read_excel(file)
        if sheet is not None and sheet not in book.sheet_names:
            raise TableError(f"{label}: there is no such sheet; the workbook has {listed(book.sheet_names)}.")
        frame = book.load_sheet(sheet if sheet is not None else 0, dtypes="string").to_polars()
    except fastexcel.FastExcelError as error:
        raise TableError(f"{label}: the workbook cannot be read: {str(error).splitlines()[0]}.") from None
    if not frame.width:
        raise TableError(f"{label}: a table needs columns; this sheet has none.")
    frame = frame.rename({name: name.strip() for name in frame.columns})
    midnight = r" 00:00:00$"  # which a sheet's dates bear, as days have no type of their own there
    days = [column.name for column in frame if column.drop_nulls().str.contains(midnight).all()]
    frame = frame.with_columns(pl.col(days).str.replace(midnight, ""))
    blank = pl.all_horizontal(pl.all().is_null())
    frame = frame.filter(~blank)
    check_names(label, frame.columns)
    return Source(label, tuple(frame.columns), iter([(frame, 1.0)]))


def _open_folder(folder: Path, wanted: Sequence[str], *, whole: bool) -> Source:
    """Open a folder whose files are the parts of one table."""
    files = sorted(file for file in folder.rglob("*") if _is_part(file, folder))
    kinds = {file.suffix.lower() in ENDINGS for file in files}
    if not files or len(kinds) > 1:
        raise TableError(
            f"{folder}: a folder is a table where it holds files of one kind, Parquet or CSV; this folder holds "
            + ("both." if files else "none.")
        )
    sources: list[Source] = []
    for file in files:
        try:
            sources.append(_open_file(file, wanted, whole=whole))
        except TableError as error:
            raise TableError(f"{error} (a part of the table that this folder is)") from None
    first = sources[0]
    for source in sources[1:]:
        if {*source.names} != {*first.names}:
            differ = sorted({*source.names} ^ {*first.names})
            raise TableError(
                f"{source.label}: all files of a folder must have the same columns; this one and {files[0].name} "
                f"differ by {listed(differ)}."
            )
    inside = [_values_in_path(file, folder) for file in files]
    if any({*values} != {*inside[0]} for values in inside) or {*inside[0]} & {*first.names}:
        raise TableError(f"{folder}: the names of this folder's subfolders do not give every file the same columns.")
    names = (*first.names, *inside[0])

    def pieces() -> Iterator[Piece]:
        for done, (source, values) in enumerate(zip(sources, inside, strict=True)):
            for frame, share in source.pieces:
                extra = [pl.lit(value).alias(name) for name, value in values.items()]
                yield frame.select(first.names).with_columns(extra), (done + share) / len(sources)

    categories = frozenset(name for source in sources for name in source.categories)
    notes = tuple(dict.fromkeys(note for source in sources for note in source.notes))
    said = f"{len(files)} files, one under another: {listed(str(file.relative_to(folder)) for file in files)}"
    return Source(folder, names, pieces(), categories, (said, *notes), all(source.pointed for source in sources))


def _is_part(file: Path, folder: Path) -> bool:
    """Check whether a file is part of the table that a folder is: by its ending, and not hidden or for bookkeeping."""
    inside = file.relative_to(folder).parts
    named = file.name.lower().endswith((*ENDINGS, *TEXT_ENDINGS))
    return named and file.is_file() and not any(part.startswith((".", "_")) for part in inside)


def _values_in_path(file: Path, folder: Path) -> Mapping[str, str]:
    """Return what the subfolders named `column=value` say of a file's rows."""
    parts = file.relative_to(folder).parts[:-1]
    return dict(part.split("=", 1) for part in parts if "=" in part)
