"""The tour in a notebook: its cells run, and what they show is what it holds, small and of this machine nothing."""

import re
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).parents[1]
TOUR = ROOT / "studies" / "tour.ipynb"
SETTINGS = 'settings = {"trials": 6}\n'
QUICK = (
    'settings = {"trials": 2, "epochs": 1, "depth": (1, 1), "width": (8, 8), "folds": 2, "repeats": 1, "quick": True}\n'
)
BYTES = 400_000


def execute(book: Any) -> None:
    """Run a notebook from the folder in which it lies; raises where a cell does."""
    NotebookClient(book, timeout=1800, kernel_name="python3", resources={"metadata": {"path": TOUR.parent}}).execute()


def shown(cell: Any) -> set[str]:
    """Name the kinds of output of a cell."""
    return {kind for output in cell.outputs for kind in output.get("data", {output.output_type: ""})}


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of the notebook's own machinery
def test_the_tour_runs_and_shows_pictures_and_a_bar(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If it failed, a reader of the notebook would run into an error, or see no picture where one is meant."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    book: Any = nbformat.read(TOUR, as_version=4)
    first = next(cell for cell in book.cells if cell.cell_type == "code")
    assert SETTINGS in first.source
    first.source = first.source.replace(SETTINGS, QUICK)
    execute(book)
    by = {cell.source.splitlines()[0]: cell for cell in book.cells if cell.cell_type == "code"}
    assert "text/html" in shown(next(cell for line, cell in by.items() if "sweep.run" in line))
    for picture in ("result.plot_balance_curve()", "result.plot_precision_recall()"):
        assert "image/png" in shown(by[picture])


def test_the_tour_is_committed_as_it_ran() -> None:
    """If it failed, the notebook would show nothing on the web, weigh megabytes, or tell of the machine that ran it."""
    text = TOUR.read_text(encoding="utf-8")
    book: Any = nbformat.reads(text, as_version=4)
    assert len(text) < BYTES
    for cell in book.cells:
        if cell.cell_type == "code":
            assert cell.execution_count, cell.source
            assert not any(output.output_type == "error" for output in cell.outputs)
    assert not re.search(r"/(tmp|root|home|work|Users)/", text)
