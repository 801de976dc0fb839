"""A checked table: what is refused, what is said, which rows stay together, which tables are the same."""

import io
import sys
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import sweep.data.csv
import sweep.data.parquet
import sweep.data.table
from sweep.data.cells import bare_frame
from sweep.data.features import Features
from sweep.data.held_out import load_test
from sweep.data.table import hold_out, load_table
from sweep.errors import TableError

DATA = Path(__file__).parents[2] / "studies" / "data"
HEADER = "age,sex,sick\n"
ROWS = "30,F,no\n31,M,no\n32,F,yes\n35,M,no\n40,,yes\n"


@pytest.fixture
def write(tmp_path: Path) -> Any:
    def write(content: Any, name: str = "t.csv") -> Any:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def test_a_small_table(write: Any) -> None:
    """If this failed, features, labels or classes would be mixed up."""
    table = load_table(write(HEADER + ROWS), target="sick")
    assert table.frame.to_dict(as_series=False) == {"age": [30, 31, 32, 35, 40], "sex": ["F", "M", "F", "M", None]}
    assert table.y.tolist() == [0, 0, 1, 0, 1]
    assert table.y.dtype == np.int8
    assert (table.positive, table.negative) == ("yes", "no")
    assert table.notes == ("positive class: 'yes', the rarer one (2 of 5)",)
    assert table.groups.tolist() == table.duplicates.tolist() == [0, 1, 2, 3, 4]
    hold_out(table, 2, 0)
    with pytest.raises(TableError, match="3 folds need 3 positive"):
        hold_out(table, 3, 0)


def test_hypothyroid() -> None:
    """If this failed, the table of the README's main job would not load as its paper describes it."""
    table = load_table(DATA / "hypothyroid.csv", target="diagnosis", positive="hypothyroid", missing=["?"])
    assert (len(table.y), table.y.sum(), table.frame.width) == (3163, 151, 25)
    assert table.frame["TSH"].dtype == pl.Float64
    assert table.notes == ("153 rows stand more than once: each set of equal rows stays in one fold",)


def test_text_is_made_bare_a_piece_at_a_time(write: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """If it failed, the text of a large CSV would lie in memory twice: ten million rows would take 16 GiB."""
    heights: list[int] = []

    def counted(piece: pl.DataFrame, *arguments: Any, **more: Any) -> pl.DataFrame:
        heights.append(piece.height)
        return bare_frame(piece, *arguments, **more)

    monkeypatch.setattr(sweep.data.csv, "BLOCK_BYTES", 200)
    monkeypatch.setattr(sweep.data.table, "bare_frame", counted)
    rows = "".join(f" {age} ,F,no\n{age}, ,yes\n" for age in range(100))
    table = load_table(write(HEADER + rows), target="sick", positive="yes")
    assert sum(heights) == 200
    assert max(heights) < 50
    assert table.frame.rows()[:2] == [(0, "F"), (0, None)]


def test_a_known_word_for_missing_needs_no_option() -> None:
    """If this failed, a table read without --missing would quietly be one of categories."""
    table = load_table(DATA / "hypothyroid.csv", target="diagnosis")
    assert "column 'TSH': read as missing: 468 '?'" in table.notes
    assert table.frame["TSH"].dtype == pl.Float64


@pytest.mark.parametrize("labels", [["0", "1"], ["0.0", "1.0"], ["false", "true"], ["False", "True"]])
@pytest.mark.parametrize("positive", ["1", 1, 1.0, True, "true"])
def test_positive_is_compared_by_meaning(write: Any, labels: Any, positive: Any) -> None:
    """If this failed, `--positive 1` would be refused where the file says 1.0 or true."""
    rows = "".join(f"{i * i},{labels[i % 2]}\n" for i in range(6))
    table = load_table(write("x,y\n" + rows), target="y", positive=positive)
    assert table.y.tolist() == [0, 1] * 3


@pytest.mark.parametrize(
    ("text", "arguments", "says"),
    [
        (HEADER + ROWS, {"target": "sik"}, "no column 'sik'; did you mean 'sick'.*'age', 'sex', 'sick'"),
        (HEADER + ROWS, {"target": "sick", "drop": ["agee"]}, "no column 'agee'"),
        (HEADER + ROWS, {"target": "sick", "group": "who"}, "no column 'who'"),
        (HEADER + ROWS, {"target": "sick", "drop": ["sick"]}, "'sick' for both"),
        (HEADER + ROWS, {"target": "sick", "group": "sick"}, "'sick' for both"),
        (HEADER + ROWS, {"target": "sick", "positive": "maybe"}, "'no' or 'yes'; got 'maybe'"),
        (HEADER + ROWS, {"target": "sick", "drop": ["age", "sex"]}, "there is none beside 'sick'"),
        (HEADER + ROWS, {"target": "age"}, "holds 5: '30' \\(1\\)"),
        (HEADER + ROWS, {"target": "sick", "group": "sex"}, "'sex' is blank in 1 rows, row 5"),
        (HEADER + ROWS + "50,M,\n60,F,\n", {"target": "sick"}, "blank in 2 of 7 rows, row 6"),
        (HEADER + ROWS + "inf,M,no\n", {"target": "sick"}, "column 'age', row 6 holds inf"),
        ("x,y\n1,0\n2,0\n4,0\n", {"target": "y"}, "holds '0' in every row"),
        ("x,y\n1,0\n2,1\n4,0\n8,1\n", {"target": "y"}, "stand 2 times each.*--positive"),
        ("x,y\n1,0\n2,0\n4,0\n8,1\n", {"target": "y"}, "'1' has 1\\."),
        ("x,y\n1,0\n2,0\n4,0\n8,1\n8,1\n", {"target": "y"}, "'1' has 2, which stay together"),
        ("x,y\n1,0\n2,inf\n4,0\n8,inf\n8,1\n", {"target": "y"}, "holds 3"),
    ],
)
def test_refusals(write: Any, text: Any, arguments: dict[str, Any], says: str) -> None:
    """If this failed, a study would start on a table that cannot be learned from, or not say why not."""
    with pytest.raises(TableError, match=says) as caught:
        load_table(write(text), **arguments)
    assert "t.csv" in str(caught.value)


def test_what_is_left_out_and_said(write: Any) -> None:
    """If this failed, useless or leaking columns would go in, or columns would go missing without a word."""
    rows = "".join(f"{i},id{i},7,,{i % 7},{i % 3 == 0:d}\n" for i in range(1, 30))
    table = load_table(write("n,who,same,none,x,y\n" + rows), target="y")
    assert table.frame.columns == ["n", "x"]
    assert table.notes[1:] == (
        "left out, for holding no value at all: 'none'",
        "left out, for holding one value only: 'same'",
        "left out, for holding a text of its own in each row: 'who'",
        "column 'n' looks like a row number: --drop n leaves it out",
    )


def test_what_was_changed_in_reading_is_said(write: Any) -> None:
    """If this failed, a date would become a number, or an encoding be guessed, without a word."""
    content = io.BytesIO()
    days = pl.Series([3, 9, 4, 7, 5]).cast(pl.Int32).cast(pl.Date)
    pl.DataFrame({"day": days, "gone": days, "y": [0, 1, 0, 1, 0]}).write_parquet(content)
    notes = load_table(write(content.getvalue()), target="y", drop=["gone"]).notes
    assert notes[1:2] == ("column 'day': Date read as days, with weekday beside",)
    notes = load_table(write((HEADER + ROWS).replace("F", "é").encode("cp1252")), target="sick").notes
    assert "the file is not UTF-8; read as Windows-1252" in notes


def test_equal_rows_and_groups_are_joined(write: Any) -> None:
    """If this failed, a copy of a row, or a patient, would be on both sides of a fold."""
    text = "x,who,y\n1,a,0\n2,a,1\n1,b,0\n3,c,1\n5,d,1\n4,e,0\n4,f,0\n,g,0\n,h,0\n"
    table = load_table(write(text), target="y", group="who")
    assert table.frame.columns == ["x"]
    assert table.duplicates.tolist() == [0, 1, 0, 3, 4, 5, 5, 7, 7]
    assert table.groups.tolist() == [0, 0, 0, 3, 4, 5, 5, 7, 7]
    assert "6 rows stand more than once: each set of equal rows stays in one fold" in table.notes
    assert "grouped by 'who': 5 groups of rows, each stays in one fold" in table.notes


def test_rows_that_few_columns_do_not_tell_apart_are_no_copies(write: Any) -> None:
    """If this failed, the positives of a cell would be held out where its negatives are trained on, and the reverse.

    A network would then learn the opposite of what it is asked: on a table of few cells it found no positive at all.
    """
    cells = np.arange(400) % 4
    y = np.random.default_rng(0).random(400) < np.array([0.1, 0.2, 0.4, 0.6])[cells]
    table = load_table(write(pl.DataFrame({"x": cells, "y": y.astype(int)}).write_csv()), target="y")
    assert table.duplicates.tolist() == list(range(400))
    assert not any("more than once" in note for note in table.notes)
    folds = hold_out(table, 5, 0)[0]
    share = [[y[(cells == c) & (folds != k)].mean() for c in range(4)] for k in range(5)]
    assert np.ptp(share, axis=0).max() < 0.15, "what is trained on tells of what is held out"


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(st.sampled_from([0.0, -0.0, 1.5, None]), st.sampled_from(["a", "b", None]), st.booleans()),
        min_size=4,
        max_size=30,
    ),
    st.sampled_from(["x", "count", "level", "index", "literal", "é"]),
)
def test_random_tables_in_every_format(write: Any, monkeypatch: pytest.MonkeyPatch, rows: list[Any], name: str) -> None:
    """If this failed, a column's name or the file's format would change what a table is."""
    monkeypatch.setattr(sweep.data.parquet, "rehearse", lambda *_, **__: None)  # these files are whole: no process each
    frame = pl.DataFrame(rows, schema={name: pl.Float64, "^s": pl.String, "label": pl.Boolean}, orient="row")
    parquet = io.BytesIO()
    frame.write_parquet(parquet)
    loaded: list[Any] = []
    for path in (write(frame.write_csv()), write(parquet.getvalue(), "t.parquet")):
        try:
            loaded.append(load_table(path, target="label", positive=True))
        except TableError as error:
            loaded.append(str(error).removeprefix(str(path)))
    if isinstance(loaded[0], str):
        assert loaded[0] == loaded[1]
        return
    one, other = loaded
    assert one.fingerprint == other.fingerprint
    labels = [{b[2] for b in rows if b[:2] == a[:2]} for a in rows]
    expected = [k if len(labels[k]) == 2 else rows.index(row) for k, row in enumerate(rows)]
    assert one.duplicates.tolist() == expected


def test_the_fingerprint_tells_tables_apart(write: Any) -> None:
    """If this failed, a study would be resumed on another table."""
    texts = [HEADER + ROWS, "age2,sex,sick\n" + ROWS, HEADER + ROWS.replace("31", "33"), HEADER + ROWS[::-1][1:][::-1]]
    texts += [HEADER + ROWS.replace("40,,", "40,M,"), HEADER + ROWS.replace("30,F,no", "30,F,yes")]
    prints = [load_table(write(text), target="sick", positive="yes").fingerprint for text in texts]
    assert prints[3] == prints[0]  # the last line's end only
    assert len(set(prints)) == 5
    assert load_table(write(texts[0]), target="sick", group="age").fingerprint not in prints
    assert load_table(write(texts[0]), target="sick", positive="no").fingerprint not in prints


def test_test_table(write: Any) -> None:
    """If this failed, the test table would be scored with columns or labels mixed up."""
    table = load_table(write(HEADER + ROWS), target="sick")
    path = write("sick,extra,sex,age\nno,1,M,31\nno,2,X,99\n", "test.csv")
    test = load_test(path, table)
    assert test.frame.columns == ["age", "sex"]
    assert test.y.tolist() == [0, 0]
    assert (test.positive, test.negative) == ("yes", "no")
    assert test.notes == (
        "column 'sex': 1 of 2 rows (50%) hold levels that the table learned from did not have: 'X'",
        "columns of the test table that play no part: 'extra'",
        "1 of 2 test rows stand in the training table too (the same features)",
    )
    assert load_test(path, table, drop=["extra"]).notes == (test.notes[0], test.notes[2])
    assert load_test(path, table, group="sex").groups.tolist() == [0, 1]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("sick,age\nno,1\n", "lacks 'sex'"),
        ("age,sex\n1,F\n", "lacks 'sick'"),
        (HEADER + "1,F,no\n2,F,perhaps\n", "'yes' or 'no'.*row 2 holds 'perhaps'"),
        (HEADER + "1,F,no\n2,F,\n", "blank in 1 of 2 rows, row 2"),
        (HEADER + "1,F,no\nold,F,no\n", "column 'age' must hold numbers.*row 2 holds 'old'"),
        (HEADER + "1,F,no\n-inf,F,no\n", "column 'age', row 2 holds -inf"),
    ],
)
def test_test_table_refusals(write: Any, text: Any, says: str) -> None:
    """If this failed, a test table of other content would be scored."""
    table = load_table(write(HEADER + ROWS), target="sick")
    with pytest.raises(TableError, match=says):
        load_test(write(text, "test.csv"), table)


def test_test_labels_may_be_spelled_otherwise(write: Any) -> None:
    """If this failed, a Parquet test table of booleans would not fit a CSV training table of 0 and 1."""
    table = load_table(write("x,y\n1,0\n2,1\n4,0\n8,1\n9,0\n"), target="y")
    assert load_test(write("x,y\n1.0,True\n5,False\n", "test.csv"), table).y.tolist() == [1, 0]


def work_of(act: Any) -> int:
    """Count what is done: each call of a function as one, each of a frame's that may look at all columns by these."""
    walks = {"get_column", "__getitem__", "select", "with_columns", "drop", "insert_column", "get_column_index"}
    done = 0

    def count(frame: Any, event: str, _: Any) -> None:
        nonlocal done
        if event == "call":
            done += 1
            table = frame.f_locals.get("self")
            if frame.f_code.co_name in walks and isinstance(table, pl.DataFrame):
                done += table.width

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        act()
    finally:
        sys.setprofile(before)
    return done


def test_work_grows_as_columns_do(write: Any) -> None:
    """If this failed, something would be done once for each pair of columns: 100,000 of them took six minutes."""

    def work(columns: int) -> int:
        names = ",".join(f"{'nxtd'[i % 4]}{i}" for i in range(columns))
        cells = [
            [str(i + row), str(i / 7 + row), "ab"[(i + row) % 2], f"2024-01-0{row + 1}"][i % 4]
            for row in range(6)
            for i in range(columns)
        ]
        rows = [",".join([*cells[row * columns : (row + 1) * columns], str(row % 3 // 2)]) for row in range(6)]
        path = write("\n".join([f"{names},y", *rows]) + "\n")

        def act() -> None:
            table = load_table(path, target="y")
            Features.learn(table.frame).transform(table.frame)
            load_test(path, table)

        return work_of(act)

    work(8)
    few, many = work(20), work(80)
    assert many < 4.3 * few


def test_what_may_stand_for_no_value_is_said(write: Any) -> None:
    """If this failed, -999 among ages would be a number like any other, without a word."""
    rows = "".join(
        f"{'-999' if i % 5 == 0 else i},{9999 if i % 6 == 0 else i},{i % 7},{i % 4 == 0:d}\n" for i in range(40)
    )
    notes = load_table(write("age,dose,x,y\n" + rows), target="y").notes
    assert any("'age': 8 values are -999" in note and "--missing=-999" in note for note in notes)
    assert any("'dose': 7 values are 9999" in note for note in notes)
    assert not any("'x'" in note for note in notes)


def test_new_among_thousands_of_levels(write: Any) -> None:
    """If this failed, a table of unknown customers would be scored without a word."""
    rows = "".join(f"c{i // 2},{i % 3 == 0:d}\n" for i in range(4000))
    table = load_table(write("who,y\n" + rows), target="y")
    notes = load_test(write("who,y\nc1,0\nd7,1\nc1999,0\nc2000,1\n", "test.csv"), table).notes
    assert any("2 of 4 rows (50%)" in note and "'c2000'" in note for note in notes)
