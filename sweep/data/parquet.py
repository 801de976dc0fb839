"""Read Parquet and Arrow files, a damaged one without harm, and find their columns of categories.

Polars ends the whole process, or prints a Rust backtrace, on about one damaged file in a hundred. So a file is first
read by a process of its own (0.2 s and the time to read), and by this one only if that went well.
"""

import base64
import binascii
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import polars as pl

from sweep.errors import TableError

FORMATS = {  # by the file's first bytes: what it is called, what reads it
    b"PAR1": ("Parquet", "read_parquet"),
    b"ARROW1": ("Arrow", "read_ipc"),
    b"\xff\xff\xff\xff": ("Arrow", "read_ipc_stream"),
}
ENDINGS = (".parquet", ".pq", ".feather", ".arrow", ".ipc")
ROWS = 2**16  # of a file at once
WHOLE = 'getattr(polars, sys.argv[1])(open(sys.argv[2], "rb"))'
LAZILY = (
    "getattr(polars, sys.argv[1])(sys.argv[2], glob=False)"
    ".select(polars.all().null_count()).collect(engine='streaming')"
)
REHEARSAL = """
import sys, polars
try:
    {}
except Exception as error:
    sys.exit(str(error) or type(error).__name__)
"""


def find_format(start: bytes) -> tuple[str, str] | None:
    """Return the format of a file that starts so: its name and the reader's; None if it is neither."""
    return next((FORMATS[magic] for magic in FORMATS if start.startswith(magic)), None)


def read_columnar(file: Path, name: str, reader: str) -> pl.DataFrame:
    """Read a file in the format that `find_format` found; TableError if it is damaged."""
    rehearse(file, name, reader)
    with file.open("rb") as content:
        frame: pl.DataFrame = getattr(pl, reader)(content)
    return frame


def scan_columnar(file: Path, name: str, reader: str) -> tuple[list[str], Iterator[tuple[pl.DataFrame, float]]]:
    """Return a file's columns, and its rows in pieces with the share of them read; TableError if it is damaged."""
    if reader == "read_ipc_stream":  # which polars cannot read in parts
        lazy = read_columnar(file, name, reader).lazy()
    else:
        scan = reader.replace("read", "scan")
        rehearse(file, name, scan, how=LAZILY)
        lazy = getattr(pl, scan)(file, glob=False)
    rows = int(lazy.select(pl.len()).collect().item())
    parts = ((lazy.slice(at, ROWS).collect(), min(1.0, (at + ROWS) / rows)) for at in range(0, rows, ROWS))
    return lazy.collect_schema().names(), parts


def rehearse(file: Path, name: str, reader: str, *, how: str = WHOLE) -> None:
    """Read a file in a process of its own, by a line of Python that finds reader and file in `sys.argv`.

    Raises
    ------
    TableError
        If that process fails or dies.
    """
    command = [sys.executable, "-P", "-c", REHEARSAL.format(how), reader, str(file)]
    child = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    if child.returncode:
        reason = child.stderr.decode(errors="replace").strip() if child.returncode == 1 else ""
        if not reason or "panicked" in reason:
            reason = "its content contradicts itself"
        raise TableError(
            f"{file}: the file starts as {name} does but cannot be read as such "
            f"({reason.splitlines()[0][:120]}): is it damaged, or not written to the end?"
        )


def find_categories(file: Path, reader: str) -> frozenset[str]:
    """Return the columns whose Arrow type is a dictionary: categories, though polars gives whole numbers as such.

    Parquet keeps the Arrow schema of whoever wrote it as text in its metadata; an Arrow file begins with it.
    """
    try:
        if reader == "read_parquet":
            kept = pl.read_parquet_metadata(file).get("ARROW:schema")
            message = b"" if kept is None else base64.b64decode(kept)
        else:
            with file.open("rb") as handle:
                message = handle.read(2**24)
            message = message[8:] if reader == "read_ipc" else message
        at = 8 if message[:4] == b"\xff\xff\xff\xff" else 4  # older writers leave the mark away
        return frozenset(_dictionaries(message[at:]))
    except (struct.error, IndexError, UnicodeDecodeError, binascii.Error, pl.exceptions.PolarsError, OSError):
        return frozenset()  # no Arrow schema, or one of a form unknown: the columns are what polars says


def _dictionaries(message: bytes) -> Iterator[str]:
    """Yield the names of the fields that have a dictionary, of a schema message in Arrow's flatbuffers."""

    def number(at: int, form: str = "<I") -> int:
        return int(struct.unpack_from(form, message, at)[0])

    def field(table: int, index: int) -> int | None:
        """Return where the value of a table's field stands; None if it is left out."""
        entries = table - number(table, "<i")
        if 4 + 2 * index >= number(entries, "<H"):
            return None
        offset = number(entries + 4 + 2 * index, "<H")
        return table + offset if offset else None

    def follow(at: int | None) -> int:
        if at is None:
            raise IndexError
        return at + number(at)

    schema = follow(field(number(0), 2))
    fields = follow(field(schema, 1))
    for index in range(number(fields)):
        entry = follow(fields + 4 + 4 * index)
        if field(entry, 4) is not None:
            name = follow(field(entry, 0))
            yield message[name + 4 : name + 4 + number(name)].decode()
