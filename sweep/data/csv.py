"""Read a table from a file: its format, encoding and separator found, its columns made plain, its faults named."""

import codecs
import csv
import io
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from itertools import islice
from pathlib import Path

import polars as pl

from sweep.data.cells import listed, parse_text, plain, shown
from sweep.data.parquet import ENDINGS, find_format, read_columnar
from sweep.errors import TableError

SEPARATORS = (",", "\t", ";", "|")
FOREIGN = {
    b"PK\x03\x04": "a zip archive (as an .xlsx workbook is)",
    b"\x1f\x8b": "packed with gzip",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"FEA1": "in the first Feather format, which is no longer read",
}
FIELDS_AT_ONCE = 1_000_000  # of a text file, as Python strings: about 60 MB


def read_table(path: str | Path, *, missing: Sequence[str] = ()) -> pl.DataFrame:
    """Read a CSV, TSV, Parquet or Feather file.

    Text may be UTF-8, UTF-16 with a byte order mark or Windows-1252, its fields separated by comma, tab, semicolon
    or bar, with quotes or without. A column of text becomes numbers or truth values if all its values over the whole
    file are such. Blank lines are passed over and blanks around values are taken off.

    Parameters
    ----------
    path : str or Path
        The file. Its first bytes tell the format.
    missing : sequence of str
        Values that mean "not known", besides empty fields (and NA, NaN, null and their like among numbers).

    Returns
    -------
    pl.DataFrame, shape (rows, table columns)
        Columns of Int64, Float64, Boolean and String; a missing value is null.

    Raises
    ------
    TableError
        If the file cannot be read, is no table, or holds no row.
    """
    return read_with_notes(path, missing=missing)[0]


def read_with_notes(path: str | Path, *, missing: Sequence[str] = ()) -> tuple[pl.DataFrame, dict[str, str]]:
    """Read a table as `read_table` does, with what has to be said about a column under its name (the file: "")."""
    file = Path(path)
    data = _read_bytes(file)
    notes: dict[str, str] = {}
    columnar = find_format(data)
    if columnar is not None:
        del data
        frame, separator = read_columnar(file, *columnar), ""
    else:
        text, encoding = _as_utf8(file, data)
        if encoding == "cp1252":
            notes[""] = "the file is not UTF-8; read as Windows-1252"
        del data
        frame, separator = _read_text(file, text)
        del text
    _check_names(file, frame.columns)
    if not frame.height:
        raise TableError(f"{file}: a table needs a header and rows below it; this one has a header only.")
    columns = frame.get_columns()
    del frame
    for position, column in enumerate(columns):
        if column.dtype.is_temporal():
            days = column.dtype == pl.Date
            notes[column.name] = f"column {shown(column.name)}: {column.dtype} read as {'days' if days else 'seconds'}"
        try:
            columns[position] = _without_missing(column, missing, decimal_comma=separator == ";")
        except TableError as error:
            raise TableError(f"{file}: {error}") from None
    return pl.DataFrame(columns), notes


def check_present(path: str | Path, frame: pl.DataFrame, name: str) -> None:
    """Check that a table has a column; else TableError, with the name that is nearest."""
    if name not in frame.columns:
        near = get_close_matches(name, frame.columns, n=1)
        raise TableError(
            f"{path}: there is no column {shown(name)}"
            + (f"; did you mean {shown(near[0])}?" if near else ".")
            + f" Its columns: {listed(frame.columns)}."
        )


def _read_bytes(file: Path) -> bytes:
    try:
        if file.is_dir():
            raise TableError(f"{file}: a table is one file; this is a folder.")
        if file.exists() and not file.is_file():
            raise TableError(f"{file}: a table is an ordinary file; this is a device or a pipe.")
        data = file.read_bytes()
    except FileNotFoundError:
        raise TableError(f"{file}: there is no such file; check the path of the table.") from None
    except (OSError, ValueError) as error:
        if isinstance(error, TableError):
            raise
        reason = error.strerror if isinstance(error, OSError) else error
        raise TableError(f"{shown(str(file))}: the table cannot be read: {reason}.") from None
    if not data:
        raise TableError(f"{file}: a table needs a header and rows below it; this file is empty.")
    foreign = next((FOREIGN[magic] for magic in FOREIGN if data.startswith(magic)), None)
    if foreign is not None:
        raise TableError(
            f"{file}: a table must be CSV, TSV, Parquet or Feather; this file is {foreign}: save it as CSV."
        )
    return data


def _as_utf8(file: Path, data: bytes) -> tuple[bytes, str]:
    """Return the text as UTF-8 bytes without a byte order mark, and the encoding that it came in."""
    if file.suffix.lower() in ENDINGS:
        raise TableError(f"{file}: its name says {file.suffix}, but its content is not that: is the file damaged?")
    try:
        if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            text, encoding = data.decode("utf-16").encode(), "utf-16"
        else:
            text, encoding = data.removeprefix(codecs.BOM_UTF8), "utf-8"
            try:
                text.decode()
            except UnicodeDecodeError:
                text, encoding = text.decode("cp1252").encode(), "cp1252"
    except UnicodeError:
        raise TableError(
            f"{file}: a table must be text, Parquet or Feather; this is text in no encoding known."
        ) from None
    if b"\0" in text:
        raise TableError(f"{file}: a table must be text, Parquet or Feather; this file holds binary data.")
    return text, encoding


def _records(text: bytes, separator: str) -> Iterator[list[str]]:
    """Yield the fields of each line that is not blank."""
    lines = io.TextIOWrapper(io.BytesIO(text), encoding="utf-8", newline="")
    return (fields for fields in csv.reader(lines, delimiter=separator) if len(fields) > 1 or "".join(fields).strip())


def _find_separator(file: Path, text: bytes) -> str:
    """Return the separator that splits the header into most fields, among those that split the next lines alike."""
    best, best_score = ",", (False, 1)
    for separator in SEPARATORS:
        try:
            header, *rows = islice(_records(text, separator), 20)
        except (csv.Error, ValueError):
            continue
        score = (len(header) > 1 and all(len(row) == len(header) for row in rows), len(header))
        if score > best_score:
            best, best_score = separator, score
        counts = {len(row) for row in rows}
        if len(header) == 1 and len(counts) == 1 and counts != {1} and best_score[1] == 1:
            raise TableError(
                f"{file}: the header must name every column; it has 1 field ({shown(header[0])}) where row 1 has "
                f"{counts.pop()}, separated by {shown(separator)}."
            )
    return best


def _read_text(file: Path, text: bytes) -> tuple[pl.DataFrame, str]:
    """Return the table, all text, and its separator."""
    separator = _find_separator(file, text)
    records = _records(text, separator)
    chunks: list[pl.DataFrame] = []
    row = 0
    try:
        header = next(records, None)
        if header is None:
            raise TableError(f"{file}: a table needs a header and rows below it; this file is blank.")
        names = [name.strip() for name in header]
        _check_names(file, names)
        schema = dict.fromkeys(names, pl.String)
        while chunk := list(islice(records, max(1, FIELDS_AT_ONCE // len(names)))):
            for offset, fields in enumerate(chunk):
                if len(fields) != len(names):
                    raise TableError(
                        f"{file}: every row must have the header's {len(names)} fields; row {row + offset + 1} has "
                        f"{len(fields)}: correct the row (a stray separator or quote?)."
                    )
            row += len(chunk)
            chunks.append(pl.DataFrame(list(zip(*chunk, strict=True)), schema=schema, orient="col"))
    except csv.Error as error:
        raise TableError(f"{file}: the text after row {row} is not CSV: {error} (a quote left open?).") from None
    return (pl.concat(chunks) if chunks else pl.DataFrame(schema=schema)), separator


def _check_names(file: Path, names: Sequence[str]) -> None:
    if not names:
        raise TableError(f"{file}: a table needs columns; this one has none.")
    if "" in names:
        raise TableError(
            f"{file}: every column needs a name; column {names.index('') + 1} has none: name it or take it out "
            "(pandas writes its row index so; index=False leaves it away)."
        )
    if repeated := [name for name, count in Counter(names).items() if count > 1]:
        raise TableError(f"{file}: column names must differ; the header repeats {listed(repeated)}: rename them.")
    for position, name in enumerate(names):
        if any(unicodedata.category(letter) == "Cc" for letter in name):
            fault = "be printable"
        elif name == "*" or (name.startswith("^") and name.endswith("$")):
            fault = "not be patterns (polars takes * and ^...$ so)"
        else:
            continue
        raise TableError(f"{file}: column names must {fault}; column {position + 1} is named {shown(name)}: rename it.")


def _without_missing(column: pl.Series, missing: Sequence[str], *, decimal_comma: bool) -> pl.Series:
    """Return the column in its plain type with missing values as null, whether they came as text or as numbers."""
    values = plain(column)
    if values.dtype == pl.String:
        values = values.str.strip_chars()
        values = values.set(values.is_in(["", *missing]), None)
        if column.dtype == pl.String:
            values = parse_text(values, decimal_comma=decimal_comma)
    if values.dtype in (pl.Int64, pl.Float64):
        numbers = pl.Series([*missing], dtype=pl.String).cast(pl.Float64, strict=False).drop_nulls()
        values = values.set(values.cast(pl.Float64).is_in(numbers), None) if len(numbers) else values
    return values
