"""Separators, encodings and quotes as people's programs write them, and where a table may lie."""

import gzip
import io
import zipfile
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import sweep.data.packed
import sweep.data.parquet
from sweep.data.kinds import learn_schema
from sweep.data.source import open_source, read_raw
from sweep.data.table import load_table, read_table
from sweep.errors import TableError


@pytest.fixture
def write(tmp_path: Path) -> Any:
    def write(content: Any, name: str = "t.csv") -> Any:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("age;dose;y\n61,5;1,25;0\n47,0;0,50;1\n", [(61.5, 1.25, 0), (47, 0.5, 1)]),
        ("name;age;y\nRoe, Ann;61;0\nPoe, Bo;47;1\n", [("Roe, Ann", 61, 0), ("Poe, Bo", 47, 1)]),
        ("town\tx\nBoston, MA\t1\nAustin, TX\t2\n", [("Boston, MA", 1), ("Austin, TX", 2)]),
        ("a\tb\n1,5\tx\n-0,25\ty\n", [(1.5, "x"), (-0.25, "y")]),
        ('a,b\n"1,5",x\n"0,25",y\n', [(1.5, "x"), (0.25, "y")]),
        ("sep=;\na;b\n1;x\n2;y\n", [(1, "x"), (2, "y")]),
        ('"sep=\t"\r\na\tb\r\n1\tx\r\n', [(1, "x")]),
        ("a,b,\n1,x,\n2,y,\n", [(1, "x"), (2, "y")]),
        ("a;b;;\n1;x;;\n2;y\n", [(1, "x"), (2, "y")]),
        ("a,b\n1,x,\n2,y,\n", [(1, "x"), (2, "y")]),
        ('a, b\n1, "x, z"\n2, "y"\n', [(1, "x, z"), (2, "y")]),
        ('a,b\r\n1,"x\r\nz"\r\n2,y\r\n', [(1, "x\r\nz"), (2, "y")]),
    ],
)
@pytest.mark.parametrize("piecewise", [False, True])
def test_text_is_split_as_it_was_meant(write: Any, text: str, rows: Any, piecewise: bool) -> None:
    """If it failed, a table that a spreadsheet or pandas wrote would be refused, or its fields be shifted."""
    path = write(text)
    if not piecewise:
        assert read_table(path).rows() == rows
        return
    raw = pl.concat([frame for frame, _ in open_source(path).pieces])
    assert learn_schema(raw)[0].read(raw).rows() == rows


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_a_mark(write: Any, encoding: str) -> None:
    """If it failed, such a file would be taken for binary data."""
    path = write("town,x\nKöln,1\nZürich,2\n".encode(encoding))
    assert read_table(path).rows() == [("Köln", 1), ("Zürich", 2)]
    assert any("without a byte order mark" in note for note in read_raw(path)[1].notes)


def test_one_bad_byte_is_named_and_leaves_the_rest(write: Any) -> None:
    """If it failed, one byte would make two levels of every town with an umlaut."""
    path = write(b"town,x\nK" + b"\xf6" + "ln,1\nZürich,2\nKöln,3\n".encode())
    for piecewise in (False, True):
        raw, source = read_raw(path) if not piecewise else (None, open_source(path))
        frame = raw if raw is not None else pl.concat([piece for piece, _ in source.pieces])
        assert frame["town"].to_list() == ["Köln", "Zürich", "Köln"]
        assert "byte 0xF6 in line 2 ('K�ln')" in source.notes[0]


def test_trailing_fields_that_hold_something_are_refused(write: Any) -> None:
    """If it failed, a value under no name would be lost without a word."""
    with pytest.raises(TableError, match="2 fields; row 101 has 3"):
        read_table(write("a,b,\n" + "1,x,\n" * 100 + "2,y,z\n"))


FRAME = pl.DataFrame({"a": [1, 2, 3], "b": [0.5, None, 2.0], "c": ["x", "y", None]})


def packed(kind: Any, tmp_path: Any) -> Any:
    """Write the frame in a way, and return where it lies."""
    text, columns = FRAME.write_csv().encode(), io.BytesIO()
    FRAME.write_parquet(columns)
    path = tmp_path / kind
    if kind == "t.csv.gz":
        path.write_bytes(gzip.compress(text))
    elif kind == "t.parquet.gz":
        path.write_bytes(gzip.compress(columns.getvalue()))
    elif kind in ("csv.zip", "parquet.zip"):
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("in/t", text if kind == "csv.zip" else columns.getvalue())
            archive.writestr("__MACOSX/._t", b"x")
    elif kind == "a[1].parquet":
        path.write_bytes(columns.getvalue())
        FRAME.head(1).write_parquet(tmp_path / "a1.parquet")
    elif kind in ("parts", "csvs"):
        path.mkdir()
        for i in range(3):
            part = FRAME[i : i + 1]
            part.write_parquet(path / f"part-{i}.parquet") if kind == "parts" else part.write_csv(path / f"{i}.csv")
        (path / "_SUCCESS").write_text("")
    return path


@pytest.mark.parametrize(
    "kind", ["t.csv.gz", "t.parquet.gz", "csv.zip", "parquet.zip", "a[1].parquet", "parts", "csvs"]
)
def test_a_table_is_the_same_wherever_it_lies(kind: str, tmp_path: Path) -> None:
    """If it failed, a packed or parted table would be refused, read twice, or another one be read for it."""
    path = packed(kind, tmp_path)
    assert read_table(path).rows() == FRAME.rows()
    raw = pl.concat([frame for frame, _ in open_source(path).pieces], how="vertical_relaxed")
    assert learn_schema(raw)[0].read(raw).rows() == FRAME.rows()


def test_folders_and_archives_that_are_no_table(tmp_path: Path, write: Any) -> None:
    """If it failed, a folder of other files would be read as a table, or the message not say which file is to blame."""
    write("a,b\n1,2\n", "d/1.csv")
    write("a,c\n1,2\n", "d/2.csv")
    with pytest.raises(TableError, match=r"2\.csv: all files .* same columns.*differ by 'b', 'c'"):
        read_table(tmp_path / "d")
    write("a,b\n1,2\n", "e=1/k=5/1.csv")
    write("a,b\n1,2\n", "e=1/k=6/1.csv")
    assert read_table(tmp_path / "e=1").rows() == [(1, 2, 5), (1, 2, 6)]
    with zipfile.ZipFile(tmp_path / "two.zip", "w") as archive:
        archive.writestr("1.csv", "a\n1\n")
        archive.writestr("2.csv", "a\n1\n")
    with pytest.raises(TableError, match=r"one table alone; this one holds '1\.csv', '2\.csv'"):
        read_table(tmp_path / "two.zip")


def test_categories_of_whole_numbers_stay_categories(tmp_path: Path) -> None:
    """If it failed, codes that pandas holds as categories would be numbers in Parquet and Feather."""
    frame = pd.DataFrame({"k": pd.Categorical([8, 0, 7] * 4), "x": range(12)})
    frame.to_parquet(tmp_path / "t.parquet")
    frame.to_feather(tmp_path / "t.feather")
    for table in (tmp_path / "t.parquet", tmp_path / "t.feather", frame):
        assert read_table(table)["k"].to_list() == ["8", "0", "7"] * 4


def test_a_workbook(tmp_path: Path) -> None:
    """If it failed, an Excel table would have to be saved as CSV first, or lose the words among its numbers."""
    pytest.importorskip("fastexcel")
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    rows = [("a", "b", "day"), (1, "x", date(2023, 1, 1)), (2.5, None, date(2023, 1, 2)), ("NA", "y", None)]
    for row in rows:
        book.active.append(row)
    book.create_sheet("other").append(("z",))
    book["other"].append((7,))
    book.save(tmp_path / "t.xlsx")
    frame = read_table(tmp_path / "t.xlsx")
    assert frame.select("a", "b", "day").rows() == [(1, "x", 19358), (2.5, None, 19359), (None, "y", None)]
    assert read_table(tmp_path / "t.xlsx#other").rows() == [(7,)]
    with pytest.raises(TableError, match="no such sheet; the workbook has 'Sheet', 'other'"):
        read_table(f"{tmp_path}/t.xlsx#third")


NUMBERS = st.none() | st.integers(-(10**6), 10**6) | st.floats(-1e6, 1e6).map(lambda v: round(v, 3) + 0.0)
TEXTS = st.none() | st.sampled_from(["a", "b", "ä, ö", 'say "x"', "two\r\nlines", "NA", "V45", "=1+1"])
DAYS = st.none() | st.dates(date(1950, 1, 1), date(2050, 1, 1))


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(NUMBERS, NUMBERS, TEXTS, DAYS, st.none() | st.booleans()), min_size=12, max_size=30))
def test_the_row_trained_on_is_the_row_scored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows: list[Any]) -> None:
    """If it failed, the same table would be another one in another format, or to `predict`."""
    monkeypatch.setattr(sweep.data.parquet, "rehearse", lambda *_, **__: None)  # these files are whole: no process each
    names = ["whole", "real", "text", "day", "truth"]
    kinds = [pl.Float64, pl.Float64, pl.String, pl.Date, pl.Boolean]
    frame = pl.DataFrame(
        [(*map(_float, row[:2]), *row[2:]) for row in rows], schema=dict(zip(names, kinds, strict=True)), orient="row"
    ).with_columns(y=pl.Series([i % 3 == 0 for i in range(len(rows))]))
    frame.write_csv(tmp_path / "t.csv")
    frame.write_parquet(tmp_path / "t.parquet")
    frame.write_ipc(tmp_path / "t.feather")
    arrays = {name: np.array(column.to_list(), dtype=object) for name, column in zip(frame.columns, frame, strict=True)}
    trained: list[Any] = []
    for table in (tmp_path / "t.csv", tmp_path / "t.parquet", tmp_path / "t.feather", frame, frame.to_pandas(), arrays):
        try:
            loaded = load_table(table, target="y", positive=True)
        except TableError as error:
            trained.append(str(error).partition(": ")[2])
            continue
        schema = loaded.schema
        source = open_source(table, schema.names)
        pieces = [schema.fit(piece)[0].read(piece) for piece, _ in source.pieces]
        assert pl.concat(pieces, how="vertical_relaxed").rows() == loaded.frame.rows()
        trained.append((loaded.frame.columns, loaded.frame.rows()))
    assert all(one == trained[0] for one in trained)


def _float(value: Any) -> Any:
    return None if value is None else float(value)


def test_text_that_a_spreadsheet_was_told_to_keep(write: Any) -> None:
    """If it failed, ="007" would be a text of its own in each row."""
    path = write('a,b\n="007",="x"\n="12",y\n')
    assert read_table(path).rows() == [(7, "x"), (12, "y")]


@pytest.mark.parametrize("kind", ["gz", "zip"])
def test_what_unpacks_to_far_too_much_is_refused(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If it failed, a small file would fill the memory or the disk."""
    monkeypatch.setattr(sweep.data.packed, "FREE_BYTES", 10_000)
    text, path = b"a,b\n" + b"1,2\n" * 10**6, tmp_path / f"t.csv.{kind}"
    if kind == "gz":
        path.write_bytes(gzip.compress(text))
    else:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("t.csv", text)
    with pytest.raises(TableError, match="unpacks to more than 200 times its size"):
        read_table(path)


@pytest.mark.parametrize(
    ("text", "what"),
    [('[{"a": 1}]', "JSON"), ('{"a": 1}\n', "JSON"), ("<!DOCTYPE html>", "a web page"), ("%PDF-1.7", "PDF")],
)
def test_other_formats_are_named(write: Any, text: str, what: str) -> None:
    """If it failed, such a file would be refused for its quotes or line ends, or be read as a table of nonsense."""
    with pytest.raises(TableError, match=what):
        read_table(write(text))


def test_types_of_frames_beyond_those_of_files() -> None:
    """If it failed, decimals, periods and NumPy's times of a frame would end in an error of another library."""
    frame = pd.DataFrame(
        {"d": [Decimal("1.5"), None, Decimal(2)], "p": pd.period_range("2020-01", periods=3, freq="M")}
    )
    assert read_table(frame).select("d", "p").rows() == [(1.5, 18262), (None, 18293), (2.0, 18322)]
    times = {"t": np.arange(3).astype("M8[h]"), "s": np.arange(3).astype("m8[h]")}
    assert read_table(times).select("t", "s").rows() == [(0, 0), (3600, 3600), (7200, 7200)]
