"""The rows that a study gets wrong: which come first, and how segments are counted."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import polars as pl
import pytest

from sweep.config import Spec
from sweep.errors import StudyError
from sweep.report import mistakes, redraw
from sweep.report.mistakes import segment_table, segments, surest_mistakes

ROWS = pl.DataFrame(
    {
        "row": range(1, 9),
        "label": [1, 1, 1, 0, 0, 0, 1, 0],
        "probability": [0.9, 0.1, 0.3, 0.8, 0.95, 0.2, 0.05, 0.7],
        "decision": [1, 0, 0, 1, 1, 0, 0, 1],
        "clinic": ["n", "n", "s", "s", "n", None, "s", "s"],
        "age": [float(k) for k in range(8)],
    }
)


def test_the_surest_mistakes_come_first() -> None:
    """If it failed, whoever looks for a wrong label would begin with rows that are near the threshold."""
    found = surest_mistakes(ROWS, missed=2, false_alarms=2)
    assert found["row"].to_list() == [7, 2, 5, 4]
    assert found["mistake"].to_list() == ["missed"] * 2 + ["false alarm"] * 2
    assert surest_mistakes(ROWS, missed=0).height == 3
    assert "age" in found.columns


def test_segments_have_their_counts_and_say_where_positives_are_few() -> None:
    """If it failed, a clinic with two positives would be told to have a recall."""
    found = {segment.level: segment for segment in segments(ROWS, "clinic")}
    assert set(found) == {"n", "s", "missing"}
    assert found["s"].counts.to_dict() == {"tp": 0, "fp": 2, "fn": 2, "tn": 0}
    assert found["s"].few
    table = segment_table(segments(ROWS, "clinic"))
    assert table["rows"].sum() == 8
    assert table.filter(pl.col("level") == "missing")["P1"][0] is None
    many = pl.concat([ROWS.with_columns(pl.col("age") + 8 * k) for k in range(10)])
    assert len(segments(many, "age")) == 4
    with pytest.raises(StudyError, match="by must be a column"):
        segments(ROWS, "none")


def test_a_report_gathers_the_columns_of_the_rows_that_it_lists_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """If it failed, the report of ten million rows would take 2 GiB more than all before it."""
    found = pl.DataFrame({"row": np.arange(1, 101), "label": [0, 1] * 50, "decision": 1, "probability": 0.9})
    table, gathered = pl.DataFrame({"x": np.arange(100), "clinic": ["a", "b"] * 50}), list[tuple[int, int]]()

    def counted(rows: pl.DataFrame, columns: pl.DataFrame) -> pl.DataFrame:
        gathered.append((rows.height, columns.width))
        return mistakes.beside(rows, columns)

    monkeypatch.setattr(redraw, "beside", counted)
    monkeypatch.setattr(redraw, "read_out_of_fold", lambda record: found)
    monkeypatch.setattr(redraw, "table_of", lambda record, rows: table)
    monkeypatch.setattr(Spec, "read", lambda path: SimpleNamespace(report=SimpleNamespace(by=("clinic",))))
    record: Any = SimpleNamespace(thresholds=Path("nowhere"), study=Path("nowhere"))
    rows = redraw.rows_of(record, 100)
    assert gathered == [(100, 1), (10, 2)]
    assert rows.mistakes is not None
    assert rows.mistakes["x"].to_list() == list(range(0, 20, 2))
    assert [segment.counts.rows for segment in rows.segments["clinic"]] == [50, 50]
