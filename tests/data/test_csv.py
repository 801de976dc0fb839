"""Reading a file: every format gives the same table, every fault is named, nothing else comes out."""

import contextlib
import io
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from sweep.data.table import read_table
from sweep.errors import TableError

FRAME = pl.DataFrame(
    {
        "n": [1, 2, None, 4],
        "x": [0.5, None, -1e-3, 2.0],
        "b": [True, None, False, True],
        "s": ["ä,b", "two\nlines", None, 'a "quote"'],
    }
)


@pytest.fixture
def write(tmp_path: Path) -> Any:
    def write(content: Any, name: str = "t.csv") -> Any:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def csv_of(frame: Any, separator: str = ",") -> Any:
    return frame.write_csv(separator=separator)


@pytest.mark.parametrize("separator", [",", "\t", ";", "|"])
@pytest.mark.parametrize("ends", ["\n", "\r\n"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_text_is_read_alike(write: Any, separator: str, ends: str, encoding: str) -> None:
    """If this failed, a table would change its values with its separator, line ends or encoding."""
    text = csv_of(FRAME, separator).replace("\n", ends)
    frame = read_table(write(text.encode(encoding)))
    expected = FRAME.with_columns(pl.col("s").str.replace("\n", ends))
    assert frame.equals(expected)
    assert frame.schema == expected.schema


@pytest.mark.parametrize("name", ["t.parquet", "t.feather", "t.csv", "t"])
@pytest.mark.parametrize("save", ["write_parquet", "write_ipc", "write_ipc_stream"])
def test_content_decides_the_format(write: Any, save: str, name: str) -> None:
    """If this failed, a Parquet or Feather file under a wrong ending would be refused or misread."""
    content = io.BytesIO()
    getattr(FRAME, save)(content)
    assert read_table(write(content.getvalue(), name)).equals(FRAME)


def test_old_mac_line_ends_blank_lines_and_blanks_around_values(write: Any) -> None:
    """If this failed, such files would give rows of missing values or labels with a blank in front."""
    assert read_table(write("a, b\r1, x\r\r 2,y \r")).equals(pl.DataFrame({"a": [1, 2], "b": ["x", "y"]}))


def test_the_whole_file_decides_a_columns_type(write: Any) -> None:
    """If this failed, a late word or fraction would be lost as missing or stop the reading."""
    rows = "".join(f"{i},{i}\n" for i in range(30_000))
    assert read_table(write(f"a,b\n{rows}0.5,1\n")).row(-1) == (0.5, 1)
    with pytest.raises(TableError, match="column 'b': 30000 of 30001 values are numbers, 'word' in row 30001 not"):
        read_table(write(f"a,b\n{rows}0.5,word\n"))


def test_missing_values(write: Any) -> None:
    """If this failed, a named marker would stay a value, or a country code be taken for a blank."""
    text = "n,s,t,e\n?,NA,NA,\n1,?,x,\nNaN,y,-9,\n-9,z,w,\n"
    frame = read_table(write(text), missing=["?", "-9"])
    assert frame["n"].to_list() == [None, 1, None, None]
    assert frame["s"].to_list() == ["NA", None, "y", "z"]
    assert frame["t"].to_list() == ["NA", "x", None, "w"]
    assert frame["e"].null_count() == 4


def test_a_numeric_marker_is_missing_in_a_parquet_file_too(write: Any) -> None:
    """If this failed, --missing -9 would mean something else in each format."""
    content = io.BytesIO()
    pl.DataFrame({"n": [1, -9], "x": [-9.0, float("nan")]}).write_parquet(content)
    assert read_table(write(content.getvalue()), missing=["-9"]).null_count().row(0) == (1, 2)


def test_decimal_commas(write: Any) -> None:
    """If this failed, a table saved by a European spreadsheet would be all categories."""
    assert read_table(write("a;b\n1,5;x\n-2;y\n"))["a"].to_list() == [1.5, -2]


def test_other_types_become_plain(write: Any) -> None:
    """If this failed, the network would meet a column that is neither number nor text."""
    content = io.BytesIO()
    pl.DataFrame(
        {
            "date": pl.Series([1], dtype=pl.Int32).cast(pl.Date),
            "datetime": pl.Series([2_000]).cast(pl.Datetime("ms")),
            "duration": pl.Series([3_000_000]).cast(pl.Duration("us")),
            "decimal": pl.Series(["1.25"]).cast(pl.Decimal(10, 2)),
            "category": pl.Series(["1"]).cast(pl.Categorical),
            "small": pl.Series([7], dtype=pl.UInt8),
            "null": pl.Series([None]),
        }
    ).write_parquet(content)
    assert read_table(write(content.getvalue())).row(0) == (1, 2.0, 3.0, 1.25, "1", 7, None)


@pytest.mark.parametrize("values", [[[1]], [{"a": 1}], [b"x"]])
def test_nested_columns_are_refused_by_name(write: Any, values: Any) -> None:
    """If this failed, polars' own error would reach the user."""
    content = io.BytesIO()
    pl.DataFrame({"odd one": values}).write_parquet(content)
    with pytest.raises(TableError, match="column 'odd one' holds"):
        read_table(write(content.getvalue()))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "empty"),
        ("\n \n", "blank"),
        ("a,b\n", "header only"),
        ("a,b\n1,2\n\n3,4\n5\n", "2 fields; row 3 has 1"),
        ("a,b\n1,2\n3,4,5\n", "2 fields; row 2 has 3"),
        ('a,b\n1,2\n"3,4\n5,6\n', "after row 1 is not CSV: a quote is left open"),
        ("a\n1;2\n3;4\n", "1 field .* row 1 has 2"),
        ("a,b,a\n1,2,3\n", "repeats 'a'"),
        (",a\n0,1\n", "column 1 has none"),
        ("a\x1b[2J,b\n1,2\n", "printable; column 1"),
        ("^a.*$,b\n1,2\n", "not be patterns"),
        (b"\x00\x01\x02", "binary"),
        (b"a,b\n\x81,2\n", "no encoding"),
        (b"PK\x03\x04rest", "zip archive"),
        (b"PAR1 no more", "starts as Parquet"),
        (b"ARROW1 no more", "starts as Arrow"),
    ],
)
def test_faults_are_named(write: Any, content: Any, says: str) -> None:
    """If this failed, a damaged table would be trained on, or refused without its offender."""
    path = write(content)
    with pytest.raises(TableError, match=says) as caught:
        read_table(path)
    assert str(path) in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


def test_paths_are_checked(tmp_path: Path, write: Any) -> None:
    """If this failed, a wrong path would end in a traceback."""
    for path, says in [
        (tmp_path / "none.csv", "no such file"),
        (tmp_path, "folder"),
        ("/dev/null", "device"),
        ("a\0b", "cannot be read"),
        ("x" * 5000, "cannot be read"),
        (write("a,b\n1,2\n", "t.parquet"), "not that"),
    ]:
        with pytest.raises(TableError, match=says):
            read_table(path)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=80) | st.text(alphabet='ab,;\t|"\r\n 1.é\ufeff', max_size=60).map(str.encode))
@example(b'a,b\n"1"x,2\n')
@example(b"\xff\xfe\x00\xd8")
def test_random_bytes_give_a_table_or_a_table_error(write: Any, content: Any) -> None:
    """If this failed, some file would end in a traceback."""
    try:
        frame = read_table(write(content))
    except TableError:
        return
    assert frame.height
    assert set(frame.dtypes) <= {pl.Int64, pl.Float64, pl.Boolean, pl.String}


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from([b"PAR1", b"ARROW1", b"\xff\xff\xff\xff"]), st.data())
def test_damaged_columnar_files_do_no_harm(
    write: Any, capfd: pytest.CaptureFixture[str], magic: bytes, data: Any
) -> None:
    """If this failed, polars would print a backtrace or end the process."""
    content = io.BytesIO()
    save: Any = {b"PAR1": FRAME.write_parquet, b"ARROW1": FRAME.write_ipc}.get(magic, FRAME.write_ipc_stream)
    save(content)
    damaged = bytearray(content.getvalue())
    for _ in range(3):
        damaged[data.draw(st.integers(len(magic), len(damaged) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(TableError):
        read_table(write(bytes(damaged)))
    assert capfd.readouterr().err == ""
