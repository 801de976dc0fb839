"""Unpack tables out of gzip and zip, piece by piece, and no further than a table can be packed."""

import gzip
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO, cast

from sweep.data.cells import listed
from sweep.errors import TableError

ZIP, GZIP = b"PK\x03\x04", b"\x1f\x8b"
FREE_BYTES = 2**28  # that any file may unpack to
TIMES = 200  # its own size, that a larger one may: text and columns of numbers pack to a tenth, seldom to a fiftieth
BLOCK_BYTES = 2**20
Opened = Callable[[], tuple[BinaryIO, Callable[[], float]]]


class Unpacked:
    """A stream out of an archive, read to its bound only.

    Parameters
    ----------
    file : Path
        The archive, for messages.
    handle : binary stream
    """

    def __init__(self, file: Path, handle: Any) -> None:
        self.file = file
        self.handle = handle
        self.left = max(FREE_BYTES, TIMES * file.stat().st_size)

    def read(self, size: int = -1) -> bytes:
        """Read at most this many bytes; TableError beyond the bound."""
        block: bytes = self.handle.read(self.left + 1 if size < 0 else size)
        self.left -= len(block)
        if self.left < 0:
            raise TableError(
                f"{self.file}: the file unpacks to more than {TIMES} times its size, as no table should: unpack it and "
                "look at it first."
            )
        return block

    def __enter__(self) -> "Unpacked":
        return self

    def __exit__(self, *exit_info: object) -> None:
        self.handle.close()


def open_gzip(file: Path) -> tuple[BinaryIO, Callable[[], float]]:
    """Open what a gzip file holds; also return a function that says which share of it was read."""
    handle = gzip.GzipFile(file)
    size = file.stat().st_size
    share = lambda: min(1.0, handle.fileobj.tell() / size)  # type: ignore[union-attr] # noqa: E731
    return cast("BinaryIO", Unpacked(file, handle)), share


def find_member(file: Path, names: list[str]) -> str:
    """Return the one table that a zip archive holds; TableError if it holds none or several."""
    tables = [name for name in names if not name.endswith("/") and not name.startswith("__MACOSX/")]
    if len(tables) != 1:
        raise TableError(
            f"{file}: a zip archive must hold one table alone; this one holds {listed(tables) or 'nothing'}."
        )
    return tables[0]


def open_member(file: Path, name: str) -> tuple[BinaryIO, Callable[[], float]]:
    """Open a file of a zip archive; also return a function that says which share of it was read."""
    archive = zipfile.ZipFile(file)
    size, handle = max(1, archive.getinfo(name).file_size), archive.open(name)
    return cast("BinaryIO", Unpacked(file, handle)), lambda: min(1.0, handle.tell() / size)


@contextmanager
def unpacked(opened: Opened) -> Iterator[Path]:
    """Unpack a file into one of its own, which is there while it is read."""
    with TemporaryDirectory(prefix="sweep-") as folder:
        part = Path(folder) / "table"
        with opened()[0] as packed, part.open("wb") as target:
            while block := packed.read(BLOCK_BYTES):
                target.write(block)
        yield part
