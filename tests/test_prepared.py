"""What a run works out before it begins."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from sweep import pipeline, prepared
from sweep.config import Data, Spec, Training
from sweep.parallel.workers import Workers
from sweep.prepared import check_study, prepare


@pytest.mark.parametrize(("rows", "epochs", "batch_size"), [(320, 80, 64), (6_400, 20, 128)])
def test_epochs_and_batches_go_by_the_number_of_rows_unless_given(
    tmp_path: Path, rows: int, epochs: int, batch_size: int
) -> None:
    """If it failed, a small table would get too few steps, or a large one small batches, which take their time."""
    path = tmp_path / "table.csv"
    pl.DataFrame({"x": np.arange(rows), "y": np.arange(rows) % 10 == 0}).write_csv(path)
    spec = Spec("study", Data(path, ("y",), positive="true"))
    training = prepare(spec).spec.training
    assert (training.epochs, training.batch_size) == (epochs, batch_size)
    given = prepare(replace(spec, training=Training(epochs=3, batch_size=50))).spec.training
    assert (given.epochs, given.batch_size) == (3, 50)


def test_another_backend_of_keras_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    """If it failed, a run would search for hours and end at the export."""
    environment = {**os.environ, "KERAS_BACKEND": "jax"}
    command = [sys.executable, "-m", "sweep", "run", "no-such.csv", "--target", "y", "--root", str(tmp_path)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (2, "")
    _, message = done.stderr.splitlines()
    assert message.startswith("sweep: Keras must use TensorFlow here; KERAS_BACKEND asks for 'jax'.")
    code = "import sweep.stack.keras_backend as k, sys; k.choose_tensorflow(); print('keras' in sys.modules)"
    fine = subprocess.run([sys.executable, "-c", code], env={**os.environ, "KERAS_BACKEND": ""}, capture_output=True)
    assert fine.stdout.strip() == b"False", "it is not looked at first"


def test_a_column_that_gives_the_label_away_is_asked_about_before_the_search(tmp_path: Path) -> None:
    """If it failed, a user would wait for a search to learn that the table holds what is known only afterwards."""
    rng = np.random.default_rng(0)
    y = rng.permutation(np.arange(300) < 30)
    path = tmp_path / "fraud.csv"
    refund = np.where(y, rng.integers(10, 90, 300), 0)
    pl.DataFrame({"amount": rng.normal(size=300), "chargeback": refund, "fraud": y}).write_csv(path)
    spec = Spec("study", Data(path, ("fraud",), positive="true"))
    for notes in (prepare(spec).notes, check_study(spec)["notes"]):
        (said,) = (note for note in notes if "known when the prediction is made" in note)
        assert said.startswith("`chargeback` alone (above 0")


def test_a_table_larger_than_half_of_the_memory_lies_in_a_file(
    tables: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If it failed, ten million rows would not fit, or be other rows in the file than in memory."""
    data = prepare(Spec.from_options(tables / "train.csv", {"target": "label", "positive": "ill"}))
    here = data.X
    monkeypatch.setattr(prepared, "memory", lambda: here.nbytes)
    file = tmp_path / "X.npy"
    with data.laid_out(file):
        assert isinstance(data.X, np.memmap)
        np.testing.assert_array_equal(data.X, here.astype(np.float32))
        setup = pipeline.make_setup(data)
        assert setup.trained == len(here)
        with Workers(2) as workers:
            shared = workers.backend.share(data.X)
            assert Path(shared.path) == file
            np.testing.assert_array_equal(shared.get(), data.X)
    assert not file.exists()
    np.testing.assert_array_equal(data.X, here)
