"""What a run works out before it begins."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from sweep.config import Data, Spec, Training
from sweep.pipeline import prepare


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
