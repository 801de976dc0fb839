"""The package from Python: frames and files in; a result with attributes, pictures, the model and predictions out."""

from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

import sweep
from sweep.api import _as_table
from sweep.progress import Progress
from sweep.study_folder import StudyFolder
from tests.conftest import made_table

QUICK: dict[str, Any] = {
    "trials": 2, "epochs": 2, "depth": (1, 1), "width": (8, 8), "folds": 2, "quick": True, "progress": Progress(),
}  # fmt: skip


@pytest.fixture(scope="module")
def frame() -> pl.DataFrame:
    return made_table(200, 40)


@pytest.fixture(scope="module")
def result(frame: pl.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> sweep.StudyResult:
    return sweep.run(frame, target="label", name="frame", root=tmp_path_factory.mktemp("root"), **QUICK)


def test_a_frame_becomes_a_study_that_can_be_resumed_and_loaded(frame: pl.DataFrame, result: sweep.StudyResult) -> None:
    """If it failed, what was run in a notebook could not be found again from the command line."""
    root = result.folder.root
    loaded = sweep.load("frame", root=root)
    assert loaded.to_dict() == result.to_dict() == sweep.Result.read(result.folder).to_dict()
    assert result.selected.params.depth == 1
    spec = sweep.Spec.read(result.folder.study)
    assert pl.read_parquet(spec.data.path, glob=False).equals(frame)
    assert sweep.run(spec, root=root, quick=True, progress=Progress()).seconds == result.seconds
    assert sweep.run(frame.to_pandas(), target="label", name="frame", root=root, **QUICK).seconds == result.seconds


def test_another_frame_under_the_same_name_is_refused_and_the_first_one_kept(
    frame: pl.DataFrame, result: sweep.StudyResult
) -> None:
    """If it failed, a slip would replace the table of a finished study."""
    with pytest.raises(ValueError, match="began with"):
        sweep.run(frame.head(150), target="label", name="frame", root=result.folder.root, **QUICK)
    assert pl.read_parquet(result.folder.table, glob=False).equals(frame)


def test_a_file_and_a_frame_of_the_same_table_give_the_same_numbers(
    frame: pl.DataFrame, result: sweep.StudyResult, tmp_path: Path
) -> None:
    """If it failed, the way in would change what is found."""
    frame.write_csv(tmp_path / "frame.csv")
    other = sweep.run(tmp_path / "frame.csv", target="label", root=tmp_path, **QUICK)
    assert other.selected.counts == result.selected.counts
    assert other.data.fingerprint == result.data.fingerprint


def test_a_result_shows_draws_and_predicts(frame: pl.DataFrame, result: sweep.StudyResult) -> None:
    """If it failed, a notebook's user would have to know where the files lie."""
    assert repr(result).startswith("<StudyResult 'frame': ")
    assert len(repr(result)) < 100
    assert "ill" in result._repr_html_()
    assert result.plot_balance_curve().get_xlabel()
    assert vars(result.plot_precision_recall())["_repr_png_"]().startswith(b"\x89PNG"), "a notebook shows no picture"
    held_out = result.out_of_fold()
    assert held_out.height == frame.height
    assert int(held_out["decision"].sum()) == result.selected.counts.called
    assert result.predict(frame, keep=["clinic"]).columns == ["clinic", "probability", "decision", "label"]
    assert result.plot_precision_recall().get_xlabel()
    scored = result.predict(frame)
    assert scored.height == frame.height
    columns = {name: frame[name].to_numpy() for name in frame.columns if name != "label"}
    columns["clinic"] = columns["clinic"].astype(object)
    delivered = result.model().predict(columns, verbose=0)
    np.testing.assert_allclose(scored["probability"].to_numpy(), np.ravel(delivered["probability"]), atol=1e-6)


def test_an_array_and_its_labels_are_a_table(tmp_path: Path) -> None:
    """If it failed, who has arrays only would have to make a table of them, or columns and labels would be mixed up."""
    X = np.arange(60.0).reshape(20, 3)
    with pytest.raises(ValueError, match="one target"):  # a table, whose target is one column: y
        sweep.run({"x0": X[:, 0], "y": X[:, 1]}, target=("y", "x0"), name="n", root=tmp_path)
    table, target = _as_table(X, np.arange(20) < 5)
    assert target == "y"
    assert [*table] == ["x0", "x1", "x2", "y"]
    np.testing.assert_array_equal(table["x2"], X[:, 2])
    with pytest.raises(ValueError, match=r"\(20, 3\) and \(19,\)"):
        sweep.run(X, target=np.arange(19) < 5, name="n", root=tmp_path)


def test_what_is_printed_is_short_and_what_is_documented_is_every_field() -> None:
    """If it failed, a notebook would print pages of arrays and settings, or a field would have no meaning in `help`."""
    data = sweep.Data("tables/t.csv", "y", missing=["?"])  # type: ignore[arg-type]
    assert data == sweep.Data(Path("tables/t.csv"), ("y",), missing=("?",))
    spec = sweep.Spec("clinic", data, search=sweep.Search(trials=9))
    assert repr(spec) == "<Spec 'clinic': t.csv, target='y', missing='?', trials=9>"
    for section in (sweep.Data, sweep.Search, sweep.Training, sweep.Balance):
        for entry in fields(section):
            assert f"{entry.name}" in (section.__doc__ or ""), entry.name
    stack = sweep.train(np.zeros((8, 2)), np.eye(8, 3), np.ones((8, 3)), depth=1, width=4, epochs=1, batch_size=8)
    assert repr(stack) == "<Stack of 3 networks, 1 x 4, on 2 features>"


@pytest.mark.parametrize(
    ("source", "options", "message"),
    [
        (3, {}, "source must be"),
        (pd.DataFrame({"x": [1, 2]}), {"target": "y"}, "name"),
        (pd.DataFrame({"x": [1, 2]}), {"target": "y", "name": "n"}, "y"),
        ("none.csv", {"target": "y"}, "none.csv"),
        ("none.csv", {"target": "y", "trails": 3}, "Did you mean 'trials'"),
    ],
)
def test_mistakes_get_a_message_and_leave_nothing(
    source: Any, options: dict[str, Any], message: str, tmp_path: Path
) -> None:
    """If it failed, a mistake would cost a traceback from deep inside, or half a study."""
    with pytest.raises(ValueError, match=message):
        sweep.run(source, root=tmp_path, **options)
    assert list(tmp_path.iterdir()) == []


def test_a_spec_beside_options_is_refused(finished: StudyFolder) -> None:
    """If it failed, an option would be passed over in silence."""
    spec = sweep.Spec.read(finished.study)
    with pytest.raises(ValueError, match="trials"):
        sweep.run(spec, trials=3, root=finished.root)
