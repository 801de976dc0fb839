"""The verdict as one document: what is gathered is what is said, and it survives being written."""

from dataclasses import fields
from typing import get_type_hints

import pytest

from sweep.document import Document
from sweep.evidence.verdict import Evidence, Verdict
from tests.made_evidence import Case


class Written(Document, Verdict):
    """A verdict that can be written alone."""


def test_every_piece_of_evidence_is_in_the_verdict_with_its_sentence(case: Case) -> None:
    """If it failed, a piece would be gathered that no reader sees."""
    verdict = case.verdict()
    for piece in fields(Evidence):
        if piece.name not in ("alarms", "importance", "two_sample"):
            assert getattr(verdict, piece.name).says, piece.name


def test_the_verdict_survives_json(case: Case) -> None:
    """If it failed, `show` and `report` would tell another verdict than the run that gave it."""
    verdict = Written(**{f.name: getattr(case.verdict(), f.name) for f in fields(Verdict)})
    document = verdict.to_dict()
    assert Written.from_dict(document) == verdict
    assert {"signal", "learning", "test_size", "weights_or_cut", "simple", "calibration"} <= set(document)
    assert {"alarms", "importance", "baselines", "bullets"} <= set(document)
    assert set(document["baselines"]) >= {"boosting", "logistic_regression", "best_column"}
    assert {"weights", "cut", "difference", "finding"} <= set(document["weights_or_cut"])


@pytest.mark.parametrize("sure", [True, False])
@pytest.mark.parametrize("answer", ["data-limited", "feature-limited"])
def test_the_answer_is_the_rules(case: Case, answer: str, sure: bool) -> None:
    """If it failed, the words would speak of another answer than the one that the rule gives."""
    verdict = case.reaching(answer, sure)
    assert (verdict.answer, verdict.sure) == (answer, sure)
    assert ("probably" in verdict.paragraph) != sure


def test_types_of_the_evidence_are_no_loose_dicts() -> None:
    """If it failed, a reader of the code could not tell what a piece of evidence holds."""
    for of in (Evidence, Verdict):
        assert not [name for name, kind in get_type_hints(of).items() if kind is dict]
