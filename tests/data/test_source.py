"""Reading a table piece by piece gives what reading it whole gives."""

import csv
import io
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import sweep.data.csv
import sweep.data.parquet
from sweep.data.source import open_source
from sweep.errors import TableError

FIELD = st.text(st.sampled_from('ab1 ,;"\n.ü'), max_size=5)


def rows_of(path: Any, wanted: Any = ("a", "b")) -> Any:
    source = open_source(path, wanted)
    return source.names, [tuple(v or "" for v in row) for frame, _ in source.pieces for row in frame.rows()]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(FIELD, FIELD), min_size=1, max_size=30), st.sampled_from(["minimal", "all"]), st.booleans())
def test_splits_as_python_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, table: list[Any], quoting: str, windows: bool
) -> None:
    """Else a quoted separator or line break shifts the fields of a row, and its prediction is another row's."""
    monkeypatch.setattr(sweep.data.csv, "BLOCK_BYTES", 40)
    text = io.StringIO()
    ends = "\r\n" if windows else "\n"
    how: Any = {"minimal": csv.QUOTE_MINIMAL, "all": csv.QUOTE_ALL}[quoting]
    csv.writer(text, lineterminator=ends, quoting=how).writerows([("a", "b"), *table])
    path = tmp_path / "table.csv"
    path.write_bytes(text.getvalue().encode())
    assert rows_of(path) == (("a", "b"), table)


@pytest.mark.parametrize(
    ("content", "rows"),
    [
        (b"a,b\n1,2\n\n3,4\n", [("1", "2"), ("3", "4")]),
        (b"\n\n a , b \r\n1,2", [("1", "2")]),
        (b"a,b\r1,2\r3,4\r", [("1", "2"), ("3", "4")]),
        (b"\xef\xbb\xbfa;b\n1,5;2\n", [("1,5", "2")]),
        ("a\tb\nü\t2\n".encode("cp1252"), [("ü", "2")]),
        ("a|b\nü|2\n".encode("utf-16"), [("ü", "2")]),
        (b'a,b\n5" pipe,2\n', [('5" pipe', "2")]),
        (b"a,b\n", []),
    ],
)
def test_takes_text_as_it_comes(content: Any, rows: Any, tmp_path: Path) -> None:
    """Else a table that could be trained on cannot be predicted on."""
    path = tmp_path / "table.csv"
    path.write_bytes(content)
    assert rows_of(path) == (("a", "b"), rows)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"a,b\n1,2\n3\n", "row 2 has 1"),
        (b"a,b\n1,2\n3,4,5\n", "row 2 has 3"),
        (b'a,b\n1,2\n3,"4\n', "after row 1 is not CSV"),
        (b"a,a\n1,2\n", "repeats 'a'"),
        (b"", "blank"),
        (b"PK\x03\x04...", "zip archive"),
        (b"PAR1 but not really", "cannot be read"),
        (b"a,b\n\0\0", "binary"),
    ],
)
def test_names_the_fault(content: bytes, said: str, tmp_path: Path) -> None:
    """Else a short row is filled up silently, or a damaged file ends the process."""
    path = tmp_path / "table"
    path.write_bytes(content)
    with pytest.raises(TableError, match=said):
        rows_of(path)
    with pytest.raises(TableError, match="no such file"):
        open_source(tmp_path / "none.csv", ())
    with pytest.raises(TableError, match="folder"):
        open_source(tmp_path, ())


@pytest.mark.parametrize("write", ["write_parquet", "write_ipc", "write_ipc_stream"])
def test_columnar_files_in_order(write: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else rows of a Parquet or Feather file come twice, not at all, or in another order."""
    monkeypatch.setattr(sweep.data.parquet, "ROWS", 7)
    frame = pl.DataFrame({"a": range(30), "b": [str(i) for i in range(30)]})
    getattr(frame, write)(tmp_path / "table")
    pieces = list(open_source(tmp_path / "table", ("a",)).pieces)
    assert pl.concat([piece for piece, _ in pieces]).equals(frame)
    assert [piece.height for piece, _ in pieces] == [7, 7, 7, 7, 2]
    assert pieces[-1][1] == 1
