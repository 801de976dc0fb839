"""Scoring a table of any length: the model's own numbers, in the input's order, whole or not at all."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import sweep.data.csv
from sweep.data.table import read_table
from sweep.errors import InputError, ModelError, RunError, TableError
from sweep.model.export import export
from sweep.model.predict import decisions, predict


@pytest.fixture
def table(frame: pl.DataFrame, tmp_path: Path) -> Any:
    """The frame as a CSV with ids, an extra column, other column order, blanks and other words for missing."""
    ids = [f"00{i}" for i in range(frame.height)]
    odd = frame.with_columns(
        pl.Series("id", ids), pl.col("age in years").cast(pl.String).fill_null(" ? "), pl.lit("x").alias("extra")
    )
    path = tmp_path / "table.csv"
    odd.select(reversed(odd.columns)).write_csv(path)
    return path


def test_gives_the_models_numbers_in_order(
    delivered: Any, table: Any, frame: pl.DataFrame, expected: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else rows and predictions part company, at a piece's border or because of the columns' order."""
    monkeypatch.setattr(sweep.data.csv, "BLOCK_BYTES", 3000)
    seen = []
    out = tmp_path / "out.csv"
    done = predict(delivered, table, out=out, keep=["id"], progress=lambda rows, share: seen.append((rows, share)))
    result = pl.read_csv(out, schema_overrides={"id": pl.String})
    assert result.columns == ["id", "probability", "decision", "label"]
    assert result["id"].to_list() == [f"00{i}" for i in range(frame.height)]
    np.testing.assert_allclose(result["probability"], expected(frame)[0], atol=1e-6)
    np.testing.assert_array_equal(result["decision"], expected(frame)[1])
    assert (done.rows, done.called) == (frame.height, result["decision"].sum())
    assert done.notes[1:] == ("columns of the table that play no part: 'extra'",)
    assert len(seen) > 3
    assert seen[-1] == (frame.height, 1.0)
    assert seen == sorted(seen)


@pytest.mark.parametrize("ending", ["parquet", "feather"])
def test_columnar_in_and_out(ending: str, delivered: Any, frame: pl.DataFrame, expected: Any, tmp_path: Path) -> None:
    """Else typed columns lose their types, or numbers read from Parquet predict otherwise than from CSV."""
    path = tmp_path / f"table.{ending}"
    typed = frame.with_columns(pl.Series("when", range(frame.height)).cast(pl.Date))
    typed.write_parquet(path) if ending == "parquet" else typed.write_ipc(path)
    predict(delivered / "model.keras", path, out=tmp_path / "out.parquet", keep=["when", "self"])
    result = pl.read_parquet(tmp_path / "out.parquet")
    assert result.select("when", "self").equals(typed.select("when", "self"))
    np.testing.assert_allclose(result["probability"], expected(frame)[0], atol=1e-6)
    assert result.schema["probability"] == pl.Float32
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out.parquet", path.name]


def test_a_row_does_not_depend_on_the_others(
    delivered: Any, table: Any, expected: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Else a value means something else in a short file: a column of words, of numbers, or with nothing in it."""
    frame = read_table(table, missing=["?", "-999"])
    lines = table.read_text().splitlines()
    for row in (0, 1, 2, 5):
        (tmp_path / "one.csv").write_text(f"{lines[0]}\n{lines[row + 1]}\n")
        predict(delivered, tmp_path / "one.csv")
        header, values = capsys.readouterr().out.splitlines()
        assert header == "probability,decision,label"
        assert float(values.split(",")[0]) == pytest.approx(expected(frame[row])[0][0], abs=1e-6)


def test_missing_unseen_and_spelling_as_in_training(
    delivered: Any, frame: pl.DataFrame, expected: Any, tmp_path: Path
) -> None:
    """Else what the user named as missing becomes a number, or a new level an error."""
    columns = ["age in years", "$/<cost>", "größe", "self", "a b", "a_b", "standardise"]
    rows = ["-999,1e9,NA,new,yes,TRUE,x", ",1000000000.5,-999.0,,no,false,?", " ?,nan,3, red ,yes,1, z"]
    (tmp_path / "t.csv").write_text("\n".join([",".join(columns), *rows]))
    same = pl.DataFrame(
        {
            "age in years": pl.Series([None] * 3, dtype=pl.Float64),
            "$/<cost>": [1e9, 1e9 + 0.5, None],
            "größe": [None, None, 3],
            "self": ["new", None, "red"],
            "a b": ["yes", "no", "yes"],
            "a_b": [True, False, True],
            "standardise": ["x", None, "z"],
        }
    )
    predict(delivered, tmp_path / "t.csv", out=tmp_path / "o.csv")
    np.testing.assert_allclose(pl.read_csv(tmp_path / "o.csv")["probability"], expected(same)[0], atol=1e-6)
    (tmp_path / "comma.csv").write_text(
        ";".join(columns) + "\n-999;1000000000,5;NA;new;yes;TRUE;x\n;1000000000,5;3;;no;false;z\n"
    )
    predict(delivered, tmp_path / "comma.csv", out=tmp_path / "o.csv")
    same = same.head(2).with_columns(
        pl.Series("$/<cost>", [1e9 + 0.5] * 2), pl.Series("größe", [None, 3]), pl.Series("standardise", ["x", "z"])
    )
    np.testing.assert_allclose(pl.read_csv(tmp_path / "o.csv")["probability"], expected(same)[0], atol=1e-6)


def test_prevalence_moves_the_probability_only(
    delivered: Any, table: Any, labels: Any, expected: Any, frame: pl.DataFrame, tmp_path: Path
) -> None:
    """Else the probability at another share of positives is wrong, or the decision moves with it."""
    predict(delivered, table, out=tmp_path / "o.csv", prevalence=0.01)
    result = pl.read_csv(tmp_path / "o.csv")
    p, decision = expected(frame)
    share = labels.mean()
    odds = p / (1 - p) * (0.01 / 0.99) / (share / (1 - share))
    np.testing.assert_allclose(result["probability"], odds / (1 + odds), atol=1e-6)
    np.testing.assert_array_equal(result["decision"], decision)
    for wrong in (0, 1, 1.5, float("nan")):
        with pytest.raises(InputError, match="prevalence must be a share"):
            predict(delivered, table, out=tmp_path / "o.csv", prevalence=wrong)


def test_a_saved_model_gives_the_same(
    model: Any, table: Any, frame: pl.DataFrame, expected: Any, tmp_path: Path
) -> None:
    """Else the answer depends on the format that the user chose."""
    export(model, tmp_path / "sm", format="tf_saved_model", frame=frame)
    for path in (tmp_path / "sm", tmp_path / "sm" / "saved_model"):
        predict(path, table, out=tmp_path / "o.csv", prevalence=float(model.card["positives"] / model.card["rows"]))
        result = pl.read_csv(tmp_path / "o.csv")
        np.testing.assert_allclose(result["probability"], expected(frame)[0], atol=1e-6)
        np.testing.assert_array_equal(result["decision"], expected(frame)[1])
    np.testing.assert_array_equal(decisions(tmp_path / "sm", frame), expected(frame)[1])


def test_formulas_are_made_harmless(delivered: Any, frame: pl.DataFrame, tmp_path: Path) -> None:
    """Else opening the predictions in a spreadsheet runs what someone put into a table."""
    kept = ["=cmd()", "+49 30", "-5", "@x", "ok", "-1e3", "", " \uff1dx"]
    frame.head(8).with_columns(pl.Series("id", kept)).write_csv(tmp_path / "t.csv")
    done = predict(delivered, tmp_path / "t.csv", out=tmp_path / "o.csv", keep=["id"])
    result = pl.read_csv(tmp_path / "o.csv", infer_schema=False, empty_string_is_null=False)["id"].to_list()
    assert result == ["'=cmd()", "'+49 30", "-5", "'@x", "ok", "-1e3", "", "' \uff1dx"]
    assert done.notes[1:] == ("a ' stands before 4 kept values and names that a spreadsheet would take for formulas",)


def test_a_failure_leaves_the_old_file(
    delivered: Any, table: Any, frame: pl.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else half a file stands where a whole one is expected."""
    monkeypatch.setattr(sweep.data.csv, "BLOCK_BYTES", 3000)
    out = tmp_path / "out.csv"
    out.write_text("old")
    lines = table.read_text().splitlines()
    cells = lines[300].split(",")
    assert lines[0].split(",").index("größe") == 6
    for cell, said in (("many", "column 'größe' must hold numbers.*row 300 holds 'many'"), ("inf", "finite.*row 300")):
        (tmp_path / "bad.csv").write_text(
            "\n".join([*lines[:300], ",".join([*cells[:-3], cell, *cells[-2:]]), *lines[301:]])
        )
        with pytest.raises(TableError, match=said):
            predict(delivered, tmp_path / "bad.csv", out=out)
        with pytest.raises(TableError, match=said):
            predict(delivered, tmp_path / "bad.csv", out=tmp_path / "out.parquet")
    assert out.read_text() == "old"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["bad.csv", "out.csv", "table.csv"]


def test_says_what_is_wrong_with_the_request(delivered: Any, table: Any, frame: pl.DataFrame, tmp_path: Path) -> None:
    """Else the user's own table is overwritten, or a fault is found after an hour."""
    with pytest.raises(InputError, match="the table itself"):
        predict(delivered, table, out=tmp_path / ".." / tmp_path.name / "table.csv")
    with pytest.raises(InputError, match=r"must end in \.csv or \.parquet"):
        predict(delivered, table, out=tmp_path / "out.xlsx")
    with pytest.raises(TableError, match="columns to keep; it lacks 'patient'"):
        predict(delivered, table, out=tmp_path / "o.csv", keep=["patient"])
    frame.drop("a b").write_csv(tmp_path / "short.csv")
    with pytest.raises(TableError, match="learned from; it lacks 'a b'"):
        predict(delivered, tmp_path / "short.csv", out=tmp_path / "o.csv")
    frame.with_columns(pl.lit(1).alias("decision")).write_csv(tmp_path / "named.csv")
    with pytest.raises(InputError, match="got 'decision'"):
        predict(delivered, tmp_path / "named.csv", out=tmp_path / "o.csv", keep=["decision"])
    frame.clear().write_csv(tmp_path / "empty.csv")
    with pytest.raises(TableError, match="header only"):
        predict(delivered, tmp_path / "empty.csv", out=tmp_path / "o.csv")
    with pytest.raises(RunError, match="cannot be written"):
        predict(delivered, table, out=table / "o.csv")
    assert not (tmp_path / "o.csv").exists()


def test_a_damaged_or_foreign_model_is_named(delivered: Any, table: Any, tmp_path: Path) -> None:
    """Else a wrong file gives a traceback, or runs code of its own."""
    content = (delivered / "model.keras").read_bytes()
    files = {"cut.keras": content[: len(content) // 2], "text.keras": b"no model", "empty.keras": b""}
    for name, part in files.items():
        (tmp_path / name).write_bytes(part)
    spoiled = tmp_path / "spoiled.keras"
    at = content.index(b"model.weights.h5") + 2000
    spoiled.write_bytes(content[:at] + bytes(1000) + content[at + 1000 :])
    shutil.copytree(delivered, tmp_path / "no_model")
    (tmp_path / "no_model" / "model.keras").unlink()
    for name in (*files, "spoiled.keras", "no_model", "none.keras", "none"):
        with pytest.raises(ModelError) as raised:
            predict(tmp_path / name, table, out=tmp_path / "o.csv")
        assert "\n" not in str(raised.value)
    assert not (tmp_path / "o.csv").exists()


def test_only_the_file_named_is_read_and_written(delivered: Path, frame: pl.DataFrame, tmp_path: Path) -> None:
    """Else brackets in a name are a pattern, and another table is scored, or the result cannot be written."""
    frame.head(5).write_parquet(tmp_path / "a[1].parquet")
    frame.write_parquet(tmp_path / "a1.parquet")
    for out in ("o[1].parquet", "o[1].csv"):
        assert predict(delivered, tmp_path / "a[1].parquet", out=tmp_path / out).rows == 5
        assert (tmp_path / out).exists()


def test_what_differs_from_training_is_said(delivered: Path, frame: pl.DataFrame, tmp_path: Path) -> None:
    """Else marks that differ are misread, and columns without a value are scored in silence."""
    german = frame.head(6).with_columns(
        pl.col("age in years").round(1).cast(pl.String).str.replace(".", ",", literal=True),
        pl.col("$/<cost>").cast(pl.String).str.replace(".", ",", literal=True),
        pl.lit(None).alias("größe"),
    )
    german.write_csv(tmp_path / "t.csv", separator=";")
    notes = predict(delivered, tmp_path / "t.csv", out=tmp_path / "o.csv").notes
    assert any("'age in years': written otherwise" in note and "decimal commas" in note for note in notes)
    assert any("no value at all" in note and "'größe'" in note for note in notes)


def test_a_threshold_decides_by_the_probability_that_is_written(delivered: Path, table: Path, tmp_path: Path) -> None:
    """Else a row at the threshold is called or not by digits that nobody sees."""
    predict(delivered, table, out=tmp_path / "plain.parquet")
    written = pl.read_parquet(tmp_path / "plain.parquet")["probability"]
    at = float(written.sort()[200])
    predict(delivered, table, out=tmp_path / "out.parquet", threshold=at)
    result = pl.read_parquet(tmp_path / "out.parquet")
    assert ((result["probability"] >= at) == (result["decision"] == 1)).all()
    assert result["decision"].sum() >= 200


@pytest.mark.parametrize(("top", "rows"), [("30", 30), ("12.5%", 50)])
def test_the_most_likely_rows_of_a_table_are_called_and_ranked(
    top: str, rows: int, delivered: Path, table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else who can look at 30 a day gets another 30, or 30 of each piece that the table is read in."""
    monkeypatch.setattr(sweep.data.csv, "BLOCK_BYTES", 3000)
    done = predict(delivered, table, out=tmp_path / "out.parquet", top=top, keep=["id"])
    result = pl.read_parquet(tmp_path / "out.parquet")
    assert result.columns == ["id", "probability", "decision", "label", "rank"]
    assert done.called == result["decision"].sum() <= rows
    assert result["decision"].sum() >= rows - 5, "rows alike are left out together, but not many are"
    called, rest = (result.filter(pl.col("decision") == d) for d in (1, 0))
    assert called["probability"].to_numpy().min() >= rest["probability"].to_numpy().max()
    assert called["rank"].to_numpy().max() < rest["rank"].to_numpy().min()
    assert result["rank"].to_numpy().min() == 1


def test_says_which_threshold_or_top_cannot_be(delivered: Path, table: Path) -> None:
    """Else everything or nothing is called without a word."""
    cases: tuple[tuple[dict[str, Any], str], ...] = (
        ({"threshold": 1.5}, "from 0 to 1"),
        ({"top": "0"}, "whole number"),
        ({"top": "100%"}, "whole number"),
        ({"top": "5", "threshold": 0.5}, "got both"),
    )
    for wrong, said in cases:
        with pytest.raises(InputError, match=said):
            predict(delivered, table, **wrong)
