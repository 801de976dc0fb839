"""What a fold holds out reaches nothing that it is scored by, seen from outside: through `sweep run`."""

from pathlib import Path

import numpy as np
import polars as pl
from click.testing import CliRunner

from sweep.cli import cli
from sweep.config import Data, Spec, Training
from sweep.prepared import prepare
from sweep.study.study import FINISHED, Study
from sweep.study_folder import StudyFolder
from tests.conftest import made_table

FOLD = 1
SHAPE = ("--folds", "3", "--trials", "1", "--epochs", "4", "--depth", "2", "2", "--width", "8", "8", "--quick")


def out_of_fold(table: pl.DataFrame, root: Path, name: str) -> tuple[np.ndarray, np.ndarray]:
    """The out-of-fold logits of a study's first trial, (rows,), and the fold of each row."""
    path = root / f"{name}.csv"
    table.write_csv(path)
    command = ["run", str(path), "--target", "label", "--root", str(root), *SHAPE]
    done = CliRunner().invoke(cli, command, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    study = Study.reopen(StudyFolder(root, name))
    (trial,) = study.trials(*FINISHED)
    prepared = prepare(Spec(name, Data(path, ("label",)), training=Training(folds=3)))
    return study.logits(trial).mean(axis=1), prepared.fold_of_row


def test_garbage_in_a_fold_moves_no_network_that_holds_it_out(tmp_path: Path) -> None:
    """If it failed, a score would know the rows that it is about: by a scaler, a median, a category, a batch.

    Half of a fold's rows get garbage. The other half is scored by the one network that holds both halves out.
    """
    table = made_table()
    clean, fold_of_row = out_of_fold(table, tmp_path, "clean")
    spoilt = (fold_of_row == FOLD) & (np.arange(len(clean)) % 2 == 0)
    where = pl.Series(spoilt)
    garbage = table.with_columns(
        pl.when(where).then(1e9 * pl.int_range(pl.len())).otherwise("dose $ <mg>").alias("dose $ <mg>"),
        pl.when(where).then(None).otherwise("age_at").alias("age_at"),
        pl.when(where).then(pl.lit("nowhere")).otherwise("clinic").alias("clinic"),
    )
    dirty, folds_again = out_of_fold(garbage, tmp_path, "dirty")
    np.testing.assert_array_equal(folds_again, fold_of_row)
    watched = (fold_of_row == FOLD) & ~spoilt
    np.testing.assert_allclose(dirty[watched], clean[watched], rtol=0, atol=1e-4)
    assert np.abs(dirty - clean)[fold_of_row != FOLD].max() > 0.01, "the garbage must matter to those who see it"
