"""The studies under a root, a line per study: `sweep list`."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sweep.errors import StudyError
from sweep.report.result import Result
from sweep.study_folder import StudyFolder, names


@dataclass(frozen=True)
class ListedStudy:
    """A study, and what is known of it so far.

    Attributes
    ----------
    name : str
    finished : bool
    rows, positives : int or None
        None, like all that follows, where the study is not finished.
    answer : str or None
        The verdict; None too for a quick run.
    score : float or None
        min(P1, R1) of the balance delivered, corrected for the search.
    date : str or None
        Of result.json, in this machine's time.
    """

    name: str
    finished: bool
    rows: int | None = None
    positives: int | None = None
    answer: str | None = None
    score: float | None = None
    date: str | None = None


def listed_studies(root: Path) -> list[ListedStudy]:
    """Look at each study under a root; one whose result cannot be read counts as not finished."""
    return [_look_at(StudyFolder(root, name)) for name in names(root)]


def write_listing(studies: list[ListedStudy]) -> str:
    """Write studies as lines of aligned columns.

    Examples
    --------
    >>> studies = [ListedStudy("a", False), ListedStudy("b", True, 9, 2, "futile", 0.25, "2030-01-01 09:00")]
    >>> print(write_listing(studies))
    a  not finished
    b  9 rows  2 positives  futile  0.250  2030-01-01 09:00
    <BLANKLINE>
    """
    lines = [_cells(study) for study in studies]
    widths = [max((len(cells[k]) for cells in lines if len(cells) > k + 1), default=0) for k in range(6)]
    text = ["  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=False)) for cells in lines]
    return "".join(f"{line.rstrip()}\n" for line in text)


def _cells(study: ListedStudy) -> list[str]:
    if not study.finished:
        return [study.name, "not finished"]
    score = "-" if study.score is None else f"{study.score:.3f}"
    counts = [f"{study.rows} rows", f"{study.positives} positives"]
    return [study.name, *counts, study.answer or "no verdict", score, study.date or "-"]


def _look_at(folder: StudyFolder) -> ListedStudy:
    try:
        result = Result.read(folder)
        written = datetime.fromtimestamp(folder.result.stat().st_mtime)
    except (StudyError, OSError):
        return ListedStudy(folder.name, False)
    found = result.to_dict()
    return ListedStudy(
        name=folder.name,
        finished=True,
        rows=found["data"]["rows"],
        positives=found["data"]["positives"],
        answer=found["verdict"]["answer"] if found["verdict"] else None,
        score=found["selected"]["corrected"]["score"],
        date=f"{written:%Y-%m-%d %H:%M}",
    )
