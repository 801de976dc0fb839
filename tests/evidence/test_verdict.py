"""The verdict as one document: what is gathered is what is said, and it survives being written."""

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import fields
from threading import Event
from typing import Any, get_type_hints

import pytest

from sweep.data.features import Column, Features
from sweep.document import Document
from sweep.errors import InputError
from sweep.evidence.baselines import Baselines, compare_baselines
from sweep.evidence.columns import source_columns
from sweep.evidence.permutation_test import PermutationTest
from sweep.evidence.verdict import Evidence, Verdict, gather_evidence, one_thread
from sweep.parallel.workers import Workers
from sweep.progress import Progress
from sweep.search.budget import Budget
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


@pytest.fixture
def gathered(case: Case, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Evidence]:
    """Gather the evidence again, of which what trains is there already."""
    known = case.evidence
    for name, found in (
        ("measure_signal", known.signal),
        ("measure_learning_curve", known.learning),
        ("measure_importance", known.importance),
    ):
        monkeypatch.setattr(f"sweep.evidence.verdict.{name}", lambda *_, found=found, **__: found)
    columns = source_columns(Features((Column("dose", "number"), Column("noise", "number"))), case.X)
    return lambda: gather_evidence(
        case.X,
        case.setup,
        case.selection,
        columns=columns,
        test=(120, 12),
        workers=Workers(),
        budget=Budget(case.setup, 2, 0.0),
        progress=Progress(),
    )


def test_what_trains_nothing_runs_beside_what_does(
    case: Case, gathered: Callable[[], Evidence], monkeypatch: pytest.MonkeyPatch
) -> None:
    """If it failed, a core would idle through each comparison, or an interval depend on what runs at the same time."""
    compared = Event()

    def watched(*arguments: Any) -> Baselines:
        compared.set()
        return compare_baselines(*arguments)

    def signal(*_: Any, **__: Any) -> PermutationTest:
        assert compared.wait(30), "it waited for the signal"
        return case.evidence.signal

    monkeypatch.setattr("sweep.evidence.verdict.compare_baselines", watched)
    monkeypatch.setattr("sweep.evidence.verdict.measure_signal", signal)
    again = gathered()
    for piece in ("baselines", "calibration", "weights_or_threshold", "alarms"):
        assert getattr(again, piece) == getattr(case.evidence, piece), piece


def test_an_error_beside_is_the_verdicts(gathered: Callable[[], Evidence], monkeypatch: pytest.MonkeyPatch) -> None:
    """If it failed, a run would wait for ever for a piece that failed, or go on without it."""

    def fail(*_: Any, **__: Any) -> None:
        raise InputError("no calibration")

    monkeypatch.setattr("sweep.evidence.verdict.calibration", fail)
    with pytest.raises(InputError, match="no calibration"):
        gathered()


def test_after_an_error_nothing_more_begins_beside() -> None:
    """If it failed, a failed run would go on comparing for minutes, or leave a thread behind."""
    begun, given_up = Event(), Event()
    asked: list[Future[bool]] = []

    def first() -> bool:
        begun.set()
        return given_up.wait(30)

    def fail() -> None:
        with one_thread() as beside:
            asked.extend([beside.submit(first), beside.submit(bool)])
            asked[1].add_done_callback(lambda _: given_up.set())
            begun.wait(30)
            raise RuntimeError("failed")

    with pytest.raises(RuntimeError, match="failed"):
        fail()
    assert asked[1].cancelled()
    assert asked[0].result(), "it was not waited for"
