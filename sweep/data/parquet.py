"""Read Parquet and Arrow files, a damaged one without harm.

Polars ends the whole process, or prints a Rust backtrace, on about one damaged file in a hundred. So a file is first
read by a process of its own (0.2 s and the time to read), and by this one only if that went well.
"""

import subprocess
import sys
from pathlib import Path

import polars as pl

from sweep.errors import TableError

FORMATS = {  # by the file's first bytes: what it is called, what reads it
    b"PAR1": ("Parquet", "read_parquet"),
    b"ARROW1": ("Arrow", "read_ipc"),
    b"\xff\xff\xff\xff": ("Arrow", "read_ipc_stream"),
}
ENDINGS = (".parquet", ".pq", ".feather", ".arrow", ".ipc")
WHOLE = 'getattr(polars, sys.argv[1])(open(sys.argv[2], "rb"))'
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
