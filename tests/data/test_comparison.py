"""What is different in another table: said where it is more than chance, and only there."""

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from sweep.data.comparison import Comparison
from sweep.data.held_out import load_test
from sweep.data.table import Table, load_table


def made(rows: int, share: float, *, shift: float = 0.0, gone: float = 0.0, seed: int = 0) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    dose = rng.normal(size=rows) + shift
    age = np.where(rng.random(rows) < gone, np.nan, rng.uniform(20, 80, rows))
    y = (np.arange(rows) < share * rows).astype(int)
    return pl.DataFrame({"dose": dose, "age": pl.Series(age).fill_nan(None), "y": y})


@pytest.fixture
def trained(tmp_path: Path) -> Table:
    made(1000, 0.1).write_csv(tmp_path / "train.csv")
    return load_table(tmp_path / "train.csv", target="y")


def notes(trained: Table, other: pl.DataFrame, folder: Path) -> str:
    other.write_csv(folder / "test.csv")
    return "\n".join(load_test(folder / "test.csv", trained).notes)


def test_differences_that_matter_are_said_a_sentence_each(trained: Table, tmp_path: Path) -> None:
    """If it failed, a test on another population would be read as one on this."""
    said = notes(trained, made(300, 0.4, shift=3.0, gone=0.3, seed=1), tmp_path)
    assert "column 'dose': " in said
    assert "numbers lie outside those learned from" in said
    assert "column 'age': " in said
    assert "of the values are missing, where 0% were learned from" in said
    assert "40 % of these rows are positive, where 10 % were learned from" in said


def test_a_model_tells_what_is_missing_more_often_than_where_it_learned(trained: Table) -> None:
    """If it failed, `predict`, which reads in pieces and has no training rows, would fill gaps without a word."""
    schema = type(trained.schema).from_dict(json.loads(json.dumps(trained.schema.to_dict())))
    for gone, said in ((0.0, False), (0.02, False), (0.3, True), (1.0, False)):
        differences = Comparison(schema)
        for seed in range(3):
            differences.add(made(100, 0.1, gone=gone, seed=seed).select("dose", "age"))
        notes = [note for note in differences.notes() if "of the values are missing, where 0%" in note]
        assert [note.startswith("column 'age': ") for note in notes] == [True] * said, "a column without any is said so"


def test_chance_is_not_said(trained: Table, tmp_path: Path) -> None:
    """If it failed, every test table would come with alarms, and nobody would read them."""
    for seed in range(1, 6):
        assert notes(trained, made(300, 0.11, seed=seed), tmp_path) == ""


def test_the_range_learned_from_is_kept_with_the_schema(trained: Table) -> None:
    """If it failed, `predict` could not tell numbers that the network never saw."""
    reading = trained.schema.readings[0]
    assert reading.low == pytest.approx(trained.frame["dose"].min())
    assert type(trained.schema).from_dict(trained.schema.to_dict()) == trained.schema
