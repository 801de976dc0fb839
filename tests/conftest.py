"""Made tables and one small finished run, shared by the tests that look at what a run leaves."""

import os
from pathlib import Path
from typing import Any

os.environ["SCIPY_ARRAY_API"] = "1"  # scikit-learn's check of array API input asks for it, before SciPy is imported

import numpy as np
import polars as pl
import pytest
from hypothesis import settings

from sweep.study_folder import StudyFolder
from tests import network

pytest_plugins = ["tests.made_evidence", "tests.made_model"]

settings.register_profile("sweep", deadline=None, derandomize=True)
settings.load_profile("sweep")


def made_table(rows: int = 400, positives: int = 60, seed: int = 0) -> pl.DataFrame:
    """A table with a signal: a skewed number, a number with gaps, a flag, a category, and a label."""
    rng = np.random.default_rng(seed)
    y = (np.arange(rows) < positives).astype(int)
    dose = np.exp(rng.normal(size=rows) + 1.5 * y).round(3)
    age = np.where(rng.random(rows) < 0.1, np.nan, rng.normal(50 + 8 * y, 10).round(1))
    frame = pl.DataFrame(
        {
            "dose $ <mg>": dose,
            "age_at": pl.Series(age).fill_nan(None),
            "smoker": rng.random(rows) < 0.3 + 0.2 * y,
            "clinic": rng.choice(["north", "south", "<b>west</b>"], rows),
            "label": np.where(y == 1, "ill", "well"),
        }
    )
    return frame.sample(fraction=1.0, shuffle=True, seed=seed)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the file that takes longest, so that both processes end together."""
    items.sort(key=lambda item: item.path.name != "test_faults.py")


SMALL = ("--epochs", "3", "--depth", "1", "2", "--width", "8", "16", "--folds", "3", "--trials", "5")


@pytest.fixture
def summed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The sizes of what `np.cumsum` is called on, call by call."""
    sizes: list[int] = []
    plain = np.cumsum

    def counted(a: Any, *args: Any, **given: Any) -> Any:
        sizes.append(np.size(a))
        return plain(a, *args, **given)

    monkeypatch.setattr(np, "cumsum", counted)
    return sizes


@pytest.fixture(scope="session")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with train.csv and test.csv."""
    folder = tmp_path_factory.mktemp("tables")
    made_table().write_csv(folder / "train.csv")
    made_table(120, 10, seed=1).write_csv(folder / "test.csv")
    return folder


@pytest.fixture(scope="session")
def finished(tables: Path, tmp_path_factory: pytest.TempPathFactory) -> StudyFolder:
    """A finished run, made as the command line makes one; tests only read it."""
    from click.testing import CliRunner

    from sweep.cli import cli

    root = tmp_path_factory.mktemp("root")
    table, test = str(tables / "train.csv"), str(tables / "test.csv")
    command = ["run", table, "--target", "label", "--test", test, "--root", str(root), "--name", "made"]
    with network.recorded(network.of_run):
        done = CliRunner().invoke(cli, [*command, *SMALL], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return StudyFolder(root, "made")
