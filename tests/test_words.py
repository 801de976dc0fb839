"""The project speaks the words of its field: see `tests/words.py`, which pre-commit runs too."""

import pytest

from tests.words import PLACES, ROOT, files, findings, report


def test_the_places_are_there() -> None:
    """If it failed, a renamed folder would no longer be looked at."""
    assert [place for place in PLACES if not (ROOT / place).exists()] == []


def test_texts_use_the_words_of_the_field() -> None:
    """If it failed, a reader of the field's other documentation would need a dictionary for this one."""
    assert "\n".join(report(files(PLACES))) == ""


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ("# the cut at which", "cut"),
        ("one network a column", "network a column"),
        ("the share of positives", "share of positives"),
        ("12 rows are called", "rows are called"),
    ],
)
def test_a_word_to_replace_is_found(line: str, word: str) -> None:
    """If it failed, the check would pass whatever is written."""
    assert [(number, found) for number, found, _ in findings(f"\n{line}\n", python=False)] == [(2, word)]


@pytest.mark.parametrize("line", ["a power cut", "moved_cut", "cut off", "how often a fold is used", "rows per step"])
def test_a_word_of_the_field_is_not_found(line: str) -> None:
    """If it failed, keys of result.json or plain English would have to be changed."""
    assert list(findings(line, python=False)) == []


def test_a_docstring_that_opens_with_a_question_word_is_found() -> None:
    """If it failed, summaries that say no action would come back where ruff does not look: at properties."""
    source = 'class A:\n    @property\n    def b(self) -> int:\n        """How many."""\n        return 1\n'
    assert [word for _, word, _ in findings(source, python=True)] == ["b: How"]
