"""The summary on a terminal: short, whole at any width, in the classes' own names."""

import html
import io
import re
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from sweep.report.result import Result
from sweep.report.summary import summarise_briefly
from sweep.report.terminal import summarise
from sweep.study_folder import StudyFolder


def shown(finished: StudyFolder, width: int) -> list[str]:
    to = io.StringIO()
    console = Console(file=to, width=width, highlight=False)
    for part in summarise_briefly(Result.read(finished), Path()):
        console.print(part)
    return to.getvalue().splitlines()


@pytest.mark.parametrize("width", [60, 80, 120])
def test_it_fits_the_terminal_and_breaks_no_command(finished: StudyFolder, width: int) -> None:
    """If it failed, words would be broken, or a command could not be copied."""
    lines = shown(finished, width)
    assert max(map(len, lines)) <= width
    assert len(lines) <= (26 if width == 60 else 20)
    words = {word for line in shown(finished, 400) for word in line.split()}
    assert {word for line in lines for word in line.split()} <= words, "a word is broken"
    for command in (
        "sweep predict made NEW.csv --out scored.csv",
        "sweep export made --to model",
        "sweep dashboard made",
    ):
        assert f"  {command}" in lines


def test_it_answers_in_the_classes_own_names_with_the_numbers_of_the_result(finished: StudyFolder) -> None:
    """If it failed, the reader would have to know what class 1 is, or would be told other numbers."""
    result, text = Result.read(finished), "\n".join(shown(finished, 120))
    counts = result.selected.counts
    assert f"{counts.tp} of {counts.positives} ill" in text
    assert f"{result.selected.weight_ratio:.3g} : 1" in text
    assert result.verdict is not None
    for bullet in result.verdict.bullets:
        assert bullet in text
    for name in ("precision", "ratio", "recall"):
        assert name in text
    assert "equal ratio at most" not in text
    assert "asked" not in text


def test_a_class_whose_label_is_a_number_is_named_with_its_column(finished: StudyFolder) -> None:
    """If it failed, a reader would be told to find 52 of 100 1."""
    result = Result.read(finished)
    result = replace(result, data=replace(result.data, target="y", positive="1", negative="0"))
    text = "\n".join(map(str, summarise_briefly(result, Path())))
    assert f"of {result.selected.counts.positives} with y = 1; " in text
    assert f"{result.data.positives} with y = 1; " in text
    full = Console(file=io.StringIO(), width=100, record=True)
    for part in summarise(result):
        full.print(part)
    table = full.export_text()
    assert re.search(r"predicted +[│┃] +predicted", table)
    assert re.search(r"y = 0 +[│┃] +y = 1", table)


def test_a_label_with_a_line_feed_stays_on_its_line(finished: StudyFolder) -> None:
    """If it failed, a label could end a line of the summary and write one of its own below it."""
    result = Result.read(finished)
    result = replace(result, data=replace(result.data, positive="ill\nfutile"))
    for part in (*summarise_briefly(result, Path()), *summarise(result)):
        assert not isinstance(part, str) or "\n" not in part, part


def test_the_full_text_and_the_page_say_whether_the_test_table_differs(finished: StudyFolder) -> None:
    """If it failed, a reader would take the score on a table from elsewhere for that of a table from here."""
    result = Result.read(finished)
    assert result.verdict is not None
    assert result.verdict.two_sample is not None
    assert (result.verdict.two_sample.rows, result.verdict.two_sample.test_rows) == (520, 120)
    says = result.verdict.two_sample.says
    assert says in map(str, summarise(result))
    assert says in html.unescape(finished.report.read_text(encoding="utf-8"))


def test_commands_can_be_copied_whatever_the_study_is_called(finished: StudyFolder) -> None:
    """If it failed, what is copied would be another command."""
    result = replace(Result.read(finished), name="a study")
    lines = [str(part) for part in summarise_briefly(result, Path("some where"))]
    assert "  sweep export 'a study' --to model --root 'some where'" in lines
