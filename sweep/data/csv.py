"""Read text tables, whole or in pieces, once their layout is known.

Text is split by polars, a block at a time, once the fields of each line were counted, as polars fills short lines up;
from the first block on that is not so plain, by Python's csv. Every field is text: what it means is decided later.
"""

import csv
import io
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import BinaryIO

import numpy as np
import polars as pl

from sweep.data.encodings import as_utf8
from sweep.data.layout import Layout, split_lines
from sweep.data.packed import Opened
from sweep.errors import TableError

BLOCK_BYTES = 2**23  # of text at once
FIELDS = 2**20  # of other text at once, as Python strings: about 60 MB
END = "\0end of the table"  # a line after the last: if it does not come out as such, a quote was left open


def read_pieces(label: object, opened: Opened, layout: Layout) -> Iterator[tuple[pl.DataFrame, float]]:
    """Yield the rows in order, all text, with the share of the file read so far.

    Raises
    ------
    TableError
        If a row has too many or too few fields, or a quote is left open.
    """
    names, row = layout.names, 0
    handle, share = opened()
    with handle:
        text = as_utf8(handle, layout.encoding)
        block, passed = _pass_header(text, layout) if len(names) > 1 else (b"", False)
        while passed:
            block = text.read(BLOCK_BYTES) + text.readline()
            while block.count(b'"') % 2 and (line := text.readline()):  # a line break within quotes
                block += line
            if not block:
                return
            frame = _split_block(block, layout)
            if frame is None:
                break
            row += frame.height
            yield frame, share()
        lines = io.TextIOWrapper(io.BufferedReader(_Joined(block, text)), encoding="utf-8", newline="")
        records = split_lines(_with_end(lines), layout.separator, spaced=layout.spaced)
        if not passed:
            records = islice(records, 1 + layout.hinted, None)
        yield from _pieces_of(label, records, layout, row, share)


def _with_end(lines: Iterable[str]) -> Iterator[str]:
    ended = True
    for line in lines:
        yield line
        ended = line.endswith(("\n", "\r"))
    yield END if ended else f"\n{END}"


def _pieces_of(
    label: object, records: Iterator[list[str]], layout: Layout, row: int, share: Callable[[], float]
) -> Iterator[tuple[pl.DataFrame, float]]:
    names, ended = layout.names, False
    while not ended:
        chunk: list[list[str]] = []
        try:
            for fields in islice(records, max(1, FIELDS // len(names))):
                if ended := fields == [END]:
                    break
                chunk.append(_checked(label, fields, layout, row + len(chunk) + 1))
        except csv.Error as error:
            raise TableError(f"{label}: the text after row {row + len(chunk)} is not CSV: {error}.") from None
        if not (chunk or ended):
            raise TableError(f"{label}: the text after row {row} is not CSV: a quote is left open.")
        if chunk:
            row += len(chunk)
            yield (
                pl.DataFrame(list(zip(*chunk, strict=True)), schema=dict.fromkeys(names, pl.String), orient="col"),
                share(),
            )


def _checked(label: object, fields: list[str], layout: Layout, row: int) -> list[str]:
    """Return a row's fields, one for each column."""
    names = layout.names
    if fields[-1].endswith(END):
        raise TableError(f"{label}: the text after row {row - 1} is not CSV: a quote is left open.")
    if len(fields) != len(names):
        over = fields[len(names) :]
        if len(fields) < len(names) or len(over) > layout.extra or any(field.strip() for field in over):
            raise TableError(
                f"{label}: every row must have the header's {len(names)} fields; row {row} has "
                f"{len(fields)}: correct the row (a stray separator or quote?)."
            )
        return fields[: len(names)]
    return fields


def _pass_header(text: BinaryIO, layout: Layout) -> tuple[bytes, bool]:
    """Read the header; return what was read, and whether it was one plain line, so that rows come next."""
    read = b""
    for _ in range(1 + layout.hinted):
        read += next((line for line in iter(text.readline, b"") if line.strip()), b"")
    return read, not (b'"' in read or b"\r" in read.replace(b"\r\n", b""))


def _split_block(block: bytes, layout: Layout) -> pl.DataFrame | None:
    """Return the rows of a block, if each line is plain; else None."""
    separator, names = layout.separator, layout.names
    if b"\r" in block.replace(b"\r\n", b"") or block.startswith((b"\n", b"\r\n")):
        return None
    counts = _fields_of(block, ord(separator)) if len(separator.encode()) == 1 else None
    if counts is None or not len(counts) or (counts != counts[0]).any():
        return None
    over = int(counts[0]) - len(names)
    if not 0 <= over <= layout.extra:
        return None
    columns = [*names, *(f"{END}{i}" for i in range(over))]
    frame = pl.read_csv(
        block, has_header=False, new_columns=columns, separator=separator, infer_schema=False, quote_char='"'
    )
    if over:
        if any((column.fill_null("").str.strip_chars() != "").any() for column in frame[:, len(names) :]):
            return None
        frame = frame[:, : len(names)]
    return frame


def _fields_of(block: bytes, separator: int) -> np.ndarray | None:
    """Count the fields of each line, (lines,); None unless quotes stand around whole fields only."""
    letters = np.frombuffer(block if block.endswith(b"\n") else block + b"\n", np.uint8)
    splits, ends = letters == separator, letters == ord("\n")
    if b'"' in block:
        quotes = np.flatnonzero(letters == ord('"'))
        returns = letters == ord("\r")
        at_edge = splits | ends | returns | (letters == ord('"'))  # a quote beside another stands for itself
        before, after = quotes[::2] - 1, quotes[1::2] + 1
        if len(quotes) % 2 or not (at_edge[before] | (before < 0)).all() or not at_edge[after].all():
            return None
        outside = np.cumsum(letters == ord('"'), dtype=np.uint8) % 2 == 0
        splits, ends = splits & outside, ends & outside
    return np.diff(np.searchsorted(np.flatnonzero(splits), np.flatnonzero(ends)), prepend=0) + 1


class _Joined(io.RawIOBase):
    """Bytes that were read already, then the rest of their stream."""

    def __init__(self, block: bytes, rest: BinaryIO) -> None:
        self.block = memoryview(block)
        self.rest = rest

    def readable(self) -> bool:
        """Check whether it can be read: always."""
        return True

    def readinto(self, buffer: object) -> int:
        """Fill a buffer; return how many bytes came."""
        view = memoryview(buffer)  # type: ignore[arg-type]
        part = self.block[: len(view)] or self.rest.read(len(view))
        self.block = self.block[len(part) :]
        view[: len(part)] = part
        return len(part)
