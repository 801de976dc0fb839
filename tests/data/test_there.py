"""A table that workers read themselves: the same X, of files in columns, or none at all."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import sweep.data.parquet
from sweep.data.features import Features
from sweep.data.table import load_table
from sweep.data.there import TableThere
from sweep.errors import NotThereError
from tests.conftest import made_table


def one_file(frame: pl.DataFrame, folder: Path) -> Path:
    """A Parquet file."""
    frame.write_parquet(folder / "t.parquet")
    return folder / "t.parquet"


def a_folder(frame: pl.DataFrame, folder: Path) -> Path:
    """A folder of two of them."""
    parts = folder / "parts"
    parts.mkdir()
    for k, part in enumerate((frame[:100], frame[100:])):
        part.write_parquet(parts / f"{k}.parquet")
    return parts


def there_of(path: Path, dtype: str = "float64") -> tuple[np.ndarray, TableThere | None]:
    """X of a table, and what a worker is told of it."""
    table = load_table(path, target="label")
    features = Features.learn(table.frame)
    X = features.transform(table.frame).astype(dtype)
    return X, TableThere.of(path, table.schema, features, X)


@pytest.mark.parametrize("write", [one_file, a_folder])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_worker_reads_the_same_table_in_batches(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: Callable[[pl.DataFrame, Path], Path], dtype: str
) -> None:
    """If it failed, workers would train on other numbers than the run scores."""
    monkeypatch.setattr(sweep.data.parquet, "ROWS", 64)
    X, there = there_of(write(made_table(300, 60), tmp_path), dtype)
    assert there is not None
    np.testing.assert_array_equal(there.get(), X)
    assert there.get().dtype == X.dtype
    assert there.get() is there.get(), "it is read for each call"


def test_a_worker_that_finds_no_table_or_another_says_so(tmp_path: Path) -> None:
    """If it failed, a worker whose disk holds last month's table would train on that, unseen."""
    frame = made_table(300, 60)
    _, there = there_of(one_file(frame, tmp_path))
    assert there is not None
    gone = replace(there, path=str(tmp_path / "gone.parquet"))
    with pytest.raises(NotThereError, match=r"cannot read the table: .*gone\.parquet: there is no such file"):
        gone.get()
    for changed in (frame.reverse(), frame[:200], pl.concat([frame, frame[:5]])):
        changed.write_parquet(there.path)
        with pytest.raises(NotThereError):
            there.get()
    frame.drop("label").select(pl.all().name.prefix("x")).write_parquet(there.path)
    with pytest.raises(NotThereError, match="cannot read the table"):
        there.get()
    frame.write_parquet(there.path)
    assert len(there.get()) == len(frame)


def test_text_and_frames_are_sent(tmp_path: Path) -> None:
    """If it failed, each worker would parse a CSV anew, or look for a file that there never was."""
    made_table(300, 60).write_csv(tmp_path / "t.csv")
    X, there = there_of(tmp_path / "t.csv")
    assert there is None
    folder = tmp_path / "parts"
    folder.mkdir()
    made_table(300, 60).write_csv(folder / "0.csv")
    assert there_of(folder)[1] is None
    table = load_table(tmp_path / "t.csv", target="label")
    assert TableThere.of(None, table.schema, Features.learn(table.frame), X) is None
