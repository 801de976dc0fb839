"""Whole runs with `--time COLUMN` and `--fold COLUMN`: everything is counted over the rows that are scored."""

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from click.testing import CliRunner

from sweep.cli import cli
from sweep.study_folder import StudyFolder
from tests.conftest import made_table

ROWS, POSITIVES = 280, 56
TINY = ("--target", "label", "--epochs", "3", "--depth", "1", "1", "--width", "8", "8", "--repeats", "1", "--quick")


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A table with a day, two rows of each, and folds of the user's own, of unlike sizes; its rows in no order."""
    made = made_table(ROWS, POSITIVES)
    day = np.datetime64("2024-01-01") + np.random.default_rng(0).permutation(ROWS) // 2
    part = np.repeat(["north", "south", "west"], [60, 80, 140])[np.random.default_rng(1).permutation(ROWS)]
    path = tmp_path_factory.mktemp("held-out") / "table.csv"
    made.with_columns(pl.Series("day", day), pl.Series("part", part)).write_csv(path)
    return path


def run(table: Path, root: Path, *asked: object) -> tuple[StudyFolder, dict[str, Any]]:
    """Run a study; give its folder and its result."""
    done = CliRunner().invoke(
        cli, [str(a) for a in ("run", table, *TINY, *asked, "--json", "--root", root)], catch_exceptions=False
    )
    assert done.exit_code == 0, done.output
    return StudyFolder(root, "table"), json.loads(done.stdout)


def check_counts(study: StudyFolder, result: dict[str, Any], table: Path) -> pl.DataFrame:
    """Check that what is counted is the scored rows, as out-of-fold.parquet has them; give these."""
    ill = (pl.read_csv(table)["label"] == "ill").to_numpy()
    kept = pl.read_parquet(study.out_of_fold)
    assert (result["data"]["rows"], result["data"]["scored"]) == (ROWS, kept.height)
    assert kept["row"].to_list() == sorted(set(kept["row"]))
    assert kept["label"].to_list() == ill[kept["row"].to_numpy() - 1].astype(int).tolist()
    called, positive = kept["decision"] == 1, kept["label"] == 1
    counts = {"tp": called & positive, "fp": called & ~positive, "fn": ~called & positive, "tn": ~called & ~positive}
    assert result["selected"]["counts"] == {name: int(of.sum()) for name, of in counts.items()}
    for balance in result["balances"].values():
        assert sum(balance["counts"].values()) == kept.height
        assert balance["counts"]["tp"] + balance["counts"]["fn"] == positive.sum()
    assert study.report.is_file()
    assert {path.name for path in study.plots.iterdir()} >= {"precision-recall.png", "balance-curve.png"}
    return kept


def test_by_time_the_first_block_is_never_scored_and_the_others_by_what_came_before(
    table: Path, tmp_path: Path
) -> None:
    """If it failed, counts would hold rows that no network had held out, or such a run could not be resumed."""
    asked = ("--time", "day", "--folds", 3)
    study, result = run(table, tmp_path, *asked, "--trials", 2)
    kept, day = check_counts(study, result, table), pl.read_csv(table)["day"].to_numpy()
    never = np.setdiff1d(np.arange(ROWS), kept["row"].to_numpy() - 1)
    blocks = [day[never], *(day[kept.filter(fold=fold)["row"].to_numpy() - 1] for fold in (1, 2, 3))]
    assert sum(map(len, blocks)) == ROWS
    for before, after in pairwise(blocks):
        assert max(before) < min(after), "a day is parted, or a block is not later"
    assert left_out(result)["day"] == "--time"
    _, resumed = run(table, tmp_path, *asked, "--trials", 3)
    assert resumed["trials"]["complete"] + resumed["trials"]["pruned"] == 3
    assert check_counts(study, resumed, table)["row"].equals(kept["row"])


def test_the_users_own_folds_are_the_folds(table: Path, tmp_path: Path) -> None:
    """If it failed, rows that the user keeps apart would be trained on and scored together."""
    asked = ("--fold", "part", "--drop", "day")
    study, result = run(table, tmp_path, *asked, "--trials", 2)
    kept, part = check_counts(study, result, table), pl.read_csv(table)["part"]
    assert kept.height == ROWS
    pairs = set(zip(part, kept["fold"], strict=True))
    assert len(pairs) == len({fold for _, fold in pairs}) == 3
    assert left_out(result)["part"] == "--fold"
    _, resumed = run(table, tmp_path, *asked, "--trials", 3)
    assert resumed["trials"]["complete"] + resumed["trials"]["pruned"] == 3
    assert check_counts(study, resumed, table)["fold"].equals(kept["fold"])


def left_out(result: dict[str, Any]) -> dict[str, str]:
    """Why columns are no features, by their names."""
    return {column["name"]: column["why"] for column in result["data"]["columns"] if column["kind"] == "left out"}
