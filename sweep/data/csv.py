"""Read text tables, whole or in pieces: the one place that knows separators, quotes, headers and line ends.

Text is split by polars, a block at a time, once the fields of each line were counted, as polars fills short lines up;
from the first block on that is not so plain, by Python's csv. Every field is text: what it means is decided later.
"""

import csv
import io
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import islice
from typing import BinaryIO

import numpy as np
import polars as pl

from sweep.data.cells import listed, shown
from sweep.data.encodings import Encoding, as_utf8, find_encoding
from sweep.errors import TableError

SEPARATORS = (",", "\t", ";", "|")
BLOCK_BYTES = 2**23  # of text at once
FIELDS = 2**20  # of other text at once, as Python strings: about 60 MB
SAMPLE_BYTES = 2**18  # to find the separator in
SAMPLE_ROWS = 100
HINT = re.compile(r'\s*"?sep=(.|\\t)"?\s*', re.IGNORECASE)  # a first line that spreadsheets write for each other
END = "\0end of the table"  # a line after the last: if it does not come out as such, a quote was left open
Opened = Callable[[], tuple[BinaryIO, Callable[[], float]]]


@dataclass(frozen=True)
class Layout:
    """How a text is laid out.

    Attributes
    ----------
    encoding : Encoding
    separator : str
    names : tuple of str
        The columns.
    extra : int
        Blank fields that may stand after the last column of each row.
    hinted : bool
        Whether a line `sep=;` stands before the header.
    spaced : bool
        Whether blanks may stand before a quote.
    """

    encoding: Encoding
    separator: str
    names: tuple[str, ...]
    extra: int
    hinted: bool
    spaced: bool


def find_layout(label: object, opened: Opened, wanted: Sequence[str] = ()) -> Layout:
    """Find a text's encoding, separator and header.

    Parameters
    ----------
    label : path
        What messages call the table.
    opened : callable
        Opens it: a stream, and a function that says which share of it was read.
    wanted : sequence of str
        Columns that the table should have: of two separators, the one under which the header holds more of them.

    Raises
    ------
    TableError
        If it is no text, has no header, or a column's name cannot be used.
    """
    handle, _ = opened()
    with handle:
        encoding = find_encoding(label, handle)
    handle, _ = opened()
    with handle:
        text = as_utf8(handle, encoding)
        start = text.read(SAMPLE_BYTES)
        start += text.readline()
        whole = not text.read(1)
    sample = start.decode(errors="replace")
    first, _, rest = sample.lstrip().partition("\n")
    hint = HINT.fullmatch(first)
    separators: Sequence[str] = SEPARATORS
    if hint is not None:
        separators, sample = [hint[1].replace("\\t", "\t")], rest
    spaced = re.search(r'(^|[,;\t|]) +"', sample, re.MULTILINE) is not None
    separator, header, extra = _find_separator(label, sample, separators, {*wanted}, whole=whole, spaced=spaced)
    names = [name.strip() for name in header]
    check_names(label, names)
    return Layout(encoding, separator, tuple(names), extra, hint is not None, spaced)


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
        records = _records(_with_end(lines), layout.separator, spaced=layout.spaced)
        if not passed:
            records = islice(records, 1 + layout.hinted, None)
        yield from _pieces_of(label, records, layout, row, share)


def check_present(label: object, names: Sequence[str], name: str) -> None:
    """Check that a table has a column; else TableError, with the name that is nearest."""
    if name not in names:
        near = get_close_matches(name, names, n=1)
        raise TableError(
            f"{label}: there is no column {shown(name)}"
            + (f"; did you mean {shown(near[0])}?" if near else ".")
            + f" Its columns: {listed(names)}."
        )


def check_columns(label: object, names: Iterable[str], need: Iterable[str], what: str) -> None:
    """Check that a table has columns; else TableError. `what` says what they are."""
    present = set(names)
    lacking = [name for name in need if name not in present]
    if lacking:
        raise TableError(f"{label}: the table must have {what}; it lacks {listed(lacking)}.")


def check_names(label: object, names: Sequence[str]) -> None:
    """Check that each column can be called by its name; else TableError."""
    if not names:
        raise TableError(f"{label}: a table needs columns; this one has none.")
    if "" in names:
        raise TableError(
            f"{label}: every column needs a name; column {names.index('') + 1} has none: name it or take it out "
            "(pandas writes its row index so; index=False leaves it away)."
        )
    if repeated := [name for name, count in Counter(names).items() if count > 1]:
        raise TableError(f"{label}: column names must differ; the header repeats {listed(repeated)}: rename them.")
    for position, name in enumerate(names):
        if any(unicodedata.category(letter) == "Cc" for letter in name):
            fault = "be printable"
        elif name == "*" or (name.startswith("^") and name.endswith("$")):
            fault = "not be patterns (polars takes * and ^...$ so)"
        else:
            continue
        raise TableError(
            f"{label}: column names must {fault}; column {position + 1} is named {shown(name)}: rename it."
        )


def _find_separator(
    label: object, sample: str, separators: Sequence[str], wanted: set[str], *, whole: bool, spaced: bool
) -> tuple[str, list[str], int]:
    """Return separator, header and blank fields at the end, under which most rows fit the header."""
    found: list[tuple[tuple[int, bool, float, int], str, list[str], int]] = []
    other: str | None = None
    for separator in separators:
        records = _records(io.StringIO(sample, newline=""), separator, spaced=spaced)
        try:
            header, *rows = islice(records, SAMPLE_ROWS)
        except ValueError:
            raise TableError(f"{label}: a table needs a header and rows below it; this file is blank.") from None
        except csv.Error:
            continue
        if len(rows) > 1 and not whole and len(rows) < SAMPLE_ROWS - 1:
            del rows[-1]  # cut by the sample's end
        header, extra = _without_end(header, rows)
        fit = [len(row) - len(header) in range(extra + 1) for row in rows]
        share = sum(fit) / len(fit) if fit else 1.0
        hits = len(wanted & {name.strip() for name in header})
        found.append(
            (
                (hits, len(header) > 1 and share == 1, share if len(header) > 1 else 0, len(header)),
                separator,
                header,
                extra,
            )
        )
        counts = {len(row) for row in rows}
        if len(header) == 1 and len(counts) == 1 and counts != {1}:
            other = other or (
                f"{label}: the header must name every column; it has 1 field ({shown(header[0])}) where row 1 has "
                f"{counts.pop()}, separated by {shown(separator)}."
            )
    if not found:
        raise TableError(f"{label}: the header is not CSV (a quote left open?).")
    score, separator, header, extra = max(found, key=lambda entry: entry[0])
    if other is not None and score[3] == 1:
        raise TableError(other)
    return separator, header, extra


def _without_end(header: list[str], rows: list[list[str]]) -> tuple[list[str], int]:
    """Return the header without blank names at its end that have nothing below, and how many blanks rows may have."""
    names = list(header)
    while len(names) > 1 and not names[-1].strip():
        del names[-1]
    beyond = [row[len(names) :] for row in rows]
    if any(field.strip() for fields in beyond for field in fields):
        return header, 0
    return names, max([len(header) - len(names), *map(len, beyond)])


def _records(lines: Iterable[str], separator: str, *, spaced: bool) -> Iterator[list[str]]:
    """Yield the fields of each line that is not blank."""
    reader = csv.reader(lines, delimiter=separator, skipinitialspace=spaced)
    return (fields for fields in reader if len(fields) > 1 or "".join(fields).strip())


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
