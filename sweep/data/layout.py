"""Find how a text table is laid out: its encoding, separator and header."""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from sweep.data.cells import shown
from sweep.data.encodings import Encoding, as_utf8, find_encoding
from sweep.data.names import check_names
from sweep.data.packed import Opened
from sweep.errors import TableError

SEPARATORS = (",", "\t", ";", "|")
SAMPLE_BYTES = 2**18  # to find the separator in
SAMPLE_ROWS = 100
HINT = re.compile(r'\s*"?sep=(.|\\t)"?\s*', re.IGNORECASE)  # a first line that spreadsheets write for each other


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


def _find_separator(
    label: object, sample: str, separators: Sequence[str], wanted: set[str], *, whole: bool, spaced: bool
) -> tuple[str, list[str], int]:
    """Return separator, header and blank fields at the end, under which most rows fit the header."""
    found: list[tuple[tuple[int, bool, float, int], str, list[str], int]] = []
    other: str | None = None
    for separator in separators:
        records = split_lines(io.StringIO(sample, newline=""), separator, spaced=spaced)
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


def split_lines(lines: Iterable[str], separator: str, *, spaced: bool) -> Iterator[list[str]]:
    """Yield the fields of each line that is not blank."""
    reader = csv.reader(lines, delimiter=separator, skipinitialspace=spaced)
    return (fields for fields in reader if len(fields) > 1 or "".join(fields).strip())
