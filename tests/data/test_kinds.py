"""What a column is, from all of its values: numbers stay numbers, marks are found, nothing is read two ways."""

import random
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from sweep.data.held_out import load_test
from sweep.data.kinds import Asked, learn_schema
from sweep.data.table import load_table
from sweep.errors import TableError


def column(values: Any, **arguments: Any) -> Any:
    """Return how a column of text, alone in its table, is read, and what is said."""
    raw = pl.DataFrame({"c": pl.Series(values, dtype=pl.String)})
    schema, notes = learn_schema(raw, **arguments)
    return schema.read(raw), schema.readings[0], notes


def read(**columns: Any) -> Any:
    """Return the columns of a table of text as they are read, as lists."""
    raw = pl.DataFrame({name: pl.Series(values, dtype=pl.String) for name, values in columns.items()})
    return learn_schema(raw)[0].read(raw).to_dict(as_series=False)


@pytest.mark.parametrize(
    "word",
    [".", "-", "--", "?", "unknown", "Unknown", "none", "NA", "n/a", "#DIV/0!", "#VALUE!", "\\N", "<NA>", "n.d."],
)
def test_words_for_missing_are_missing_and_said(word: str) -> None:
    """If it failed, one odd word would make a category of a column of numbers."""
    frame, reading, notes = column(["1.5", word, "3", "3", word, "nan", None])
    assert reading.kind == "number"
    assert frame["c"].to_list() == [1.5, None, 3, 3, None, None, None]
    assert notes == (f"column 'c': read as missing: 2 {word!r}, 1 'nan'",)


def test_two_words_for_missing() -> None:
    """If it failed, a table with two such words would be called futile."""
    _, _, notes = column(["1.5", ".", "3", "unknown", "."])
    assert notes == ("column 'c': read as missing: 2 '.', 1 'unknown'",)


def test_other_words_among_numbers_are_refused_by_name() -> None:
    """If it failed, a column of numbers would silently become a category, or lose its words."""
    values = [str(i / 7) for i in range(100)]
    values[6], values[11] = "high", "high"
    with pytest.raises(TableError, match=r"98 of 100 values are numbers, 'high' in row 7 and 1 more not.*--category c"):
        column(values)
    frame, reading, notes = column(values, asked=Asked(number=["c"]))
    assert (reading.kind, frame["c"].null_count()) == ("number", 2)
    assert "2 values that are no numbers are missing" in notes[0]
    assert column(values, asked=Asked(category=["c"]))[0]["c"].to_list() == values
    assert column(values, missing=["high"])[1].kind == "number"


def test_codes_stay_categories() -> None:
    """If it failed, diagnoses such as V45 and 250.83 would be refused or be numbers."""
    values = ["V45", "250", "250.0", "250.83", "401"] * 20
    frame, reading, notes = column(values)
    assert reading.kind == "category"
    assert frame["c"].to_list() == values
    assert "look like codes: 'V45'" in notes[0]
    assert column(["12a", "12b", "13", "14c"] * 9)[1].kind == "category"
    assert column(["0-9", "10-19", "20+"] * 9)[1].kind == "category"
    assert column(["<18", "18-35", ">35"] * 9)[1].kind == "category"
    assert column(["10.0.0.1", "10.0.0.12"] * 9)[1].kind == "category"


def test_bounds_are_numbers_beside_which_stands_that_they_are_bounds() -> None:
    """If it failed, '<300' and '>10000' would be the only levels kept of a column of numbers."""
    frame, reading, notes = column(["<300", "719", ">10000", "874.21", ">= 5", "n/a", "8", "9"])
    assert frame["c"].to_list() == [300, 719, 10000, 874.21, 5, None, 8, 9]
    assert frame["c (below)"].to_list() == [1, 0, 0, 0, 0, None, 0, 0]
    assert frame["c (above)"].to_list() == [0, 0, 1, 0, 1, None, 0, 0]
    assert reading.extra == (("below", "c (below)"), ("above", "c (above)"))
    assert "3 values are bounds (1 below, 2 above" in notes[1]


@pytest.mark.parametrize(
    ("values", "numbers"),
    [
        (["1,5", "-2", ",5", "1,4E+02"], [1.5, -2, 0.5, 140]),
        (["1.234,56", "3,5", "1.000"], [1234.56, 3.5, 1000]),
        (["1,234.56", "3.5", "1,000"], [1234.56, 3.5, 1000]),
        (["1.234.567", "1.000"], [1234567, 1000]),
        (["1'234.5", "1'000", "2.5"], [1234.5, 1000, 2.5]),
        (["1’234", "12"], [1234, 12]),
        (["1\u202f234,5", "12"], [1234.5, 12]),
        (["1\u00a0234", "12", "3 000"], [1234, 12, 3000]),
        (["\u22125.5", "3"], [-5.5, 3]),
        (["$1,234.50", "-$5.00", "$ 7"], [1234.5, -5, 7]),
        (["12 €", "1,5 €"], [12, 1.5]),
        (["12%", "0%", "-3.5 %"], [0.12, 0, -0.035]),
        (["5 mg", "7.5mg", "8 mg"], [5, 7.5, 8]),
        (["1.758", "0.251"], [1.758, 0.251]),
        (["10000000000000000000000000", "9300000000000000000"], [1e25, 9.3e18]),
        (["(5.5)", "3", "(1,234.5)", "1,000.5"], [-5.5, 3, -1234.5, 1000.5]),
        (["5.5-", "3", "$7", "$2-"], [-5.5, 3, 7, -2]),
        (["\u20135", "3.5"], [-5, 3.5]),
        (["12,34,567", "1,234"], [1234567, 1234]),
        (["1.5\u00d710^3", "2 x 10^-2"], [1500, 0.02]),
        (["1 day", "2 days", "30 days"], [1, 2, 30]),
        (["\uff11\uff12", "\u0663\u066b\u0665", "\u200e7"], [12, 3.5, 7]),
        (["1.758", "1500", "2.250"], [1.758, 1500, 2.25]),
    ],
)
def test_marks_and_units(values: Any, numbers: Any) -> None:
    """If it failed, a table written as people write numbers would be misread by a factor, or be of categories."""
    frame, reading, _ = column(values)
    assert reading.kind == "number"
    assert frame["c"].to_list() == pytest.approx(numbers)


def test_what_one_column_leaves_open_another_settles() -> None:
    """If it failed, 1.758 beside decimal commas would be read as a fraction."""
    assert read(a=["136", "220,53"], b=["251", "1.758"]) == {"a": [136, 220.53], "b": [251, 1758]}
    assert read(a=["136", "220.53"], b=["251", "1.758"]) == {"a": [136, 220.53], "b": [251, 1.758]}
    assert read(a=["136", "220.53"], b=["251", "1,758"]) == {"a": [136, 220.53], "b": [251, 1758]}
    with pytest.raises(TableError, match=r"'1,758' can be 1758 or 1\.758, and no other column tells"):
        read(b=["251", "1,758"])
    with pytest.raises(TableError, match="can be"):
        read(a=["1.5", "2.25"], d=["1,5", "2,25"], b=["251", "1,758"])
    many = [f"{i},{(i * 7) % 900 + 100}" for i in range(1, 40)]
    assert read(b=["251", *many])["b"][1] == 1107  # three digits each time, beside whole numbers: thousands


def test_units_that_differ_and_shares_beside_plain_numbers_are_refused() -> None:
    """If it failed, milligrams and grams, or 5 % and 0.05, would stand on one scale."""
    with pytest.raises(TableError, match="'5 g' in row 3"):
        column(["5 mg", "7 mg", "5 g", "8 mg"])
    with pytest.raises(TableError, match=r"'0\.05' in row 3"):
        column(["5%", "7%", "0.05", "8%", "0"])
    with pytest.raises(TableError, match=r"different units \('EUR' 10 times, 'USD' 10 times\)"):
        column([f"{i}.5 {'EUR' if i % 2 else 'USD'}" for i in range(20)])


@pytest.mark.parametrize(
    ("values", "first", "seconds"),
    [
        (["2023-01-01", "2023-02-03"], 19358, False),
        (["2023/1/1", "2023/02/03"], 19358, False),
        (["01.01.2023", "3.2.2023"], 19358, False),
        (["1/1/2023", "2/13/2023"], 19358, False),
        (["1/1/2023", "13/2/2023"], 19358, False),
        (["Jan 1, 2023", "Sept 3, 2023"], 19358, False),
        (["1 January 2023", "3 Feb 2023"], 19358, False),
        (["01JAN2023", "03FEB2023"], 19358, False),
        (["2023-01", "2023-03"], 19358, False),
        (["2023-01-01T00:00:00Z", "2023-01-01 10:00:00"], 19358 * 86400, True),
        (["2023-01-01 02:00+02:00", "2023-01-05 10:00+02:00"], 19358 * 86400, True),
        (["1/1/2023 12:00 AM", "1/13/2023 4:05 PM"], 19358 * 86400, True),
        (["00:30", "23:59"], 1800, True),
        (["30:00:00", "1:02:03"], 108000, True),
        (["59:58", "1:02:03"], 3598, True),
        (["1 days 02:00:00", "3 days 12:00:00"], 93600, True),
        (["1. Januar 2023", "3. März 2023", "5. Dez. 2023"], 19358, False),
        (["1 janvier 2023", "3 août 2023"], 19358, False),
        (["Sun, 01 Jan 2023", "Tue, 03 Jan 2023"], 19358, False),
        (["Sun Jan 01 00:00:00 2023", "Tue Jan 03 10:00:00 2023"], 19358 * 86400, True),
        (["20230101T000000", "20230203T101010"], 19358 * 86400, True),
        (["01/Jan/2023:00:00:00 +0000", "03/Jan/2023:10:00:00 +0000"], 19358 * 86400, True),
        (["01.2023", "12.2023"], 19358, False),
        (["Jan-2023", "Mar-2023"], 19358, False),
        (["20230101", "20230203", "20230304", "20230405", "20231231"], 19358, False),
        (["01/01/2023", "01/02/2023", "01/12/2023"], 19358, False),
    ],
)
def test_dates_written_as_text(values: Any, first: int, seconds: bool) -> None:
    """If it failed, dates would be a hundred levels."""
    frame, reading, notes = column([*values, None if values[0].isdigit() else "unknown"])
    assert (reading.kind, reading.seconds) == ("date", seconds)
    assert frame["c"][0] == first
    assert frame["c"].null_count() == 1
    assert any("read as" in note for note in notes)


def test_parts_of_dates_where_they_vary() -> None:
    """If it failed, what hangs on the hour, the weekday or the season would be lost."""
    frame, _, notes = column(["2023-01-01 10:00", "2023-02-02 11:30"])
    assert frame.row(0, named=True) == {"c": 1672567200, "c (hour)": 10, "c (weekday)": 6, "c (month)": 1}
    assert "read as seconds, with hour, weekday, month beside" in notes[0]
    assert column(["2023-01", "2023-02"])[0].columns == ["c", "c (month)"]


def test_dates_that_could_be_two_are_left_and_said() -> None:
    """If it failed, the third of April would be the fourth of March."""
    frame, _, notes = column(["03/04/2023", "05/06/2023"])
    assert frame["c"].dtype == pl.String
    assert "can be two dates, and no value tells which" in notes[0]
    with pytest.raises(TableError, match="write the year first"):
        column(["03/04/2023", "05/06/2023"], asked=Asked(date=["c"]))
    assert column(["20230101", "20230203"], asked=Asked(date=["c"]))[0]["c"][0] == 19358
    with pytest.raises(TableError, match="'soon' in row 3"):
        column(["2023-01-01", "2023-01-02", "soon"])


def test_the_order_of_day_and_month_is_settled_by_another_column() -> None:
    """If it failed, one table's dates would be read in two orders, or left as categories without need."""
    columns = read(a=["03/04/2023", "05/06/2023"], b=["13-04-2023", "05-06-2023"])
    assert columns["a"] == [19450, 19513]
    assert read(a=["03/04/2023", "05/06/2023"], b=["04/13/2023", "05/06/2023"])["a"] == [19420, 19483]
    mixed = [f"2023-01-{i:02}" for i in range(1, 21)] + [f"{i:02}.02.2023" for i in range(1, 11)]
    with pytest.raises(TableError, match=r"20 of 30 values are dates \(%Y-%m-%d\), '01\.02\.2023' in row 21"):
        column(mixed)


def test_true_and_false_in_several_spellings() -> None:
    """If it failed, TRUE, yes and 1 would be three levels."""
    frame, reading, notes = column(["TRUE", "0", "yes", "False", "1", "NA"])
    assert reading.kind == "truth"
    assert frame["c"].to_list() == [True, False, True, False, True, None]
    assert "true and false in several spellings: '0', '1', 'False', 'TRUE', 'yes'" in notes[0]
    assert column(["yes", "no", "yes"])[1].kind == "category"
    assert column(["1", "0", "1"])[1].kind == "number"


def test_three_digits_after_a_point_where_points_are_not_sure() -> None:
    """If it failed, 3.117 of a table with semicolons would be read as a fraction, or never as one."""
    raw = pl.DataFrame({"c": ["3.117", "17.461", "14.650"]})
    with pytest.raises(TableError, match=r"'3\.117' can be 3117 or 3\.117.*--number c \(3\.117\)"):
        learn_schema(raw, pointed=False)
    for arguments in ({"pointed": True}, {"pointed": False, "asked": Asked(number=["c"])}):
        assert learn_schema(raw, **arguments)[0].read(raw)["c"].to_list() == [3.117, 17.461, 14.65]


def test_text_keeps_its_words() -> None:
    """If it failed, a country code or an answer would be taken for a blank."""
    assert column(["NA", "DE", "none", "?"])[0]["c"].to_list() == ["NA", "DE", "none", "?"]
    assert column(["TRUE", "false", "NA"])[0]["c"].to_list() == [True, False, None]


@pytest.fixture
def write(tmp_path: Path) -> Any:
    def write(name: Any, rows: Any, header: Any) -> Any:
        path = tmp_path / name
        path.write_text("\n".join([header, *rows]) + "\n")
        return path

    return write


def labels(rows: Any) -> list[Any]:
    return [i % 4 == 0 for i in range(rows)]


def test_columns_that_number_the_rows_are_left_out(write: Any) -> None:
    """If it failed, a table sorted by class would give its labels away by its index."""
    order = random.Random(0).sample(range(40), 40)
    for name, values, out in [
        ("Unnamed: 0", order, True),
        ("__index_level_0__", order, True),
        ("index", [3 * i for i in order], True),
        ("case", order, True),
        ("n", sorted(order), False),
        ("age", [v if v else 41 for v in order], False),
        ("count", [*order[1:], order[1]], False),
    ]:
        rows = [f"{v},{i % 7},{y:d}" for i, (v, y) in enumerate(zip(values, labels(40), strict=True))]
        table = load_table(write("t.csv", rows, f"{name},x,y"), target="y")
        assert (name not in table.frame.columns) == out, name
        assert any("numbering the rows" in note and repr(name) in note for note in table.notes) == out
    kept = load_table(
        write("t.csv", [f"{v},{y:d}" for v, y in zip(order, labels(40), strict=True)], "index,y"),
        target="y",
        asked=Asked(number=["index"]),
    )
    assert kept.frame.columns == ["index"]


def test_the_training_table_decides_the_kind(write: Any) -> None:
    """If it failed, codes of which a test file holds only the plain ones would all be new levels."""
    diagnoses = ["V45", "250", "250.0", "250.83", "401"]
    train = [f"{diagnoses[i % 5]},{i % 9},{y:d}" for i, y in enumerate(labels(60))]
    test = [row for row in train if not row.startswith("V")]
    table = load_table(write("train.csv", train, "diag,x,y"), target="y")
    tested = load_test(write("test.csv", test, "diag,x,y"), table)
    assert tested.frame.rows() == [row for row in table.frame.rows() if row[0] != "V45"]
    assert not any("levels" in note for note in tested.notes)


def test_what_differs_in_another_table_is_said(write: Any) -> None:
    """If it failed, a table spelt otherwise would be scored as if all its rows were of no level, without a word."""
    days = [f"2023-01-{i % 28 + 1:02}" for i in range(40)]
    train = [f"{'Male' if i % 3 else 'Female'},{i % 2},{days[i]},{i % 9},{y:d}" for i, y in enumerate(labels(40))]
    table = load_table(write("train.csv", train, "sex,smokes,day,x,y"), target="y", asked=Asked(category=["smokes"]))
    test = [
        f"{'male' if i % 3 else 'FEMALE '},{'yes' if i % 2 else '0'},2024-0{i % 3 + 1}-01,,{y:d}"
        for i, y in enumerate(labels(8))
    ]
    notes = load_test(write("test.csv", test, "sex,smokes,day,x,y"), table).notes
    assert any("column 'sex': 8 of 8 rows (100%)" in note and "'male' for 'Male'" in note for note in notes)
    assert any("column 'smokes': 4 of 8 rows (50%)" in note and "'yes' for '1'" in note for note in notes)
    assert any("column 'day': 8 of 8 dates lie outside" in note and "8 after 2023-01-28" in note for note in notes)
    assert any("no value at all here" in note and "'x'" in note for note in notes)


def test_the_same_rows_in_other_marks(write: Any) -> None:
    """If it failed, German rows would be scored a thousandth of what they say."""
    rows = [(1000 + 137 * i, round(0.7 + i / 31, 2), y) for i, y in enumerate(labels(30))]
    plain = write("plain.csv", [f"{a},{b},{y:d}" for a, b, y in rows], "income,rate,y")
    marked = [f"{f'{a:,}'.replace(',', '.')};{str(b).replace('.', ',')};{y:d}" for a, b, y in rows]
    german = write("german.csv", marked, "income;rate;y")
    for one, other in ((plain, german), (german, plain)):
        table = load_table(one, target="y")
        assert load_test(other, table).frame.rows() == table.frame.rows()
    alone = load_table(write("alone.csv", [f"{a},{y:d}" for a, _, y in rows], "income,y"), target="y")
    with pytest.raises(TableError, match=r"'1\.000' can mean two numbers"):
        load_test(write("a.csv", ["1.000;0", "1.137;1"], "income;y"), alone)
