"""The words: every branch is whole, says the numbers that decided, and takes its constants from the code that rules."""

from dataclasses import replace
from itertools import product
from typing import Any

import pytest

from sweep.evidence import rule, weights_or_threshold
from sweep.evidence import test_size as size_of_test
from sweep.evidence.bullets import say_p
from sweep.evidence.test_size import assess_test_size
from sweep.evidence.wording import say_calibration, say_test_size, say_verdict, say_weights_or_threshold
from sweep.statistics.calibration import Measured
from sweep.statistics.confusion import Counts
from tests.made_evidence import REACHING, Case


@pytest.mark.parametrize("reached", REACHING)
@pytest.mark.parametrize(("curve", "tested"), [*product([True, False], repeat=2)])
def test_every_answer_says_its_numbers_and_nothing_undefined(case: Case, reached: Any, curve: Any, tested: Any) -> None:
    """If it failed, a reader would meet `None`, or not learn what decided."""
    verdict = case.reaching(*reached, curve=curve, tested=tested)
    pieces = ("signal", "learning", "test_size", "weights_or_threshold", "baselines", "calibration", "yardsticks")
    for text in (verdict.paragraph, *(getattr(verdict, piece).says for piece in pieces)):
        assert not {"None", "nan", "{", "}"} & set(text.replace(".", " ").replace(",", " ").split()), text
    assert say_p(verdict.signal) in verdict.paragraph
    if verdict.answer != "futile":
        assert f"{verdict.score.low:.3f} to {verdict.score.high:.3f}" in verdict.paragraph
        assert ("12 positives cannot tell" in verdict.paragraph) == tested


def test_no_advice_to_deliver_what_is_not_told_from_chance(case: Case) -> None:
    """If it failed, a worried user would not be told to keep off a model without signal."""
    verdict = case.reaching("futile", True)
    assert "Do not use the model" in verdict.paragraph
    assert f"average precision here is {verdict.signal.high:.2f}" in verdict.paragraph


def test_the_end_of_an_interval_is_1_only_where_it_is(case: Case) -> None:
    """If it failed, a reader would take it that 11 of 12 found cannot rule out that all are."""
    counts = Counts(tp=90, fp=9, fn=10, tn=900)
    assert "cannot tell recalls from 0.615 to 0.998 apart" in say_test_size(
        assess_test_size(counts, positives=12, share=0.1)
    )
    whole = assess_test_size(Counts(tp=90, fp=9, fn=0, tn=900), positives=8, share=0.1)
    assert "cannot tell recalls from 0.63 to 1 apart (95 %, at a recall of 1)" in say_test_size(whole)


def test_no_alarm_is_said_in_words(case: Case) -> None:
    """If it failed, an undefined precision would be shown as a number."""
    verdict = case.reaching("feature-limited", True)
    assert "raises no alarm" in say_verdict(verdict, Counts(tp=0, fp=0, fn=9, tn=90))


def test_constants_in_the_sentences_are_those_that_rule(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    """If it failed, changing the rule would make the report lie."""
    for answer, name in (("data-limited", "CLEARLY_MORE"), ("feature-limited", "CLEARLY_FLAT")):
        verdict = case.reaching(answer, True)
        before = say_verdict(verdict, case.counts)
        monkeypatch.setattr(rule, name, 0.0375)
        assert "0.0375" not in before
        assert "0.0375, which is the rule" in say_verdict(verdict, case.counts)
    alike = replace(case.evidence.weights_or_threshold, finding="no different")
    monkeypatch.setattr(weights_or_threshold, "ALIKE", 0.0444)
    assert "to within 0.0444" in say_weights_or_threshold(alike)
    monkeypatch.setattr(size_of_test, "WANTED", 0.25)
    assert "plus or minus 0.25" in say_test_size(assess_test_size(case.counts, positives=None, share=None))
    futile = case.reaching("futile", True)
    assert "p = 0.005 or less" in say_verdict(replace(futile, signal=replace(futile.signal, level=0.005)), case.counts)


def test_what_goes_out_with_the_probability_is_said(case: Case) -> None:
    """If it failed, the report would say that nothing is recalibrated where an intercept goes out."""
    found = replace(case.evidence.calibration, slope=Measured(None, None, None))
    said = say_calibration(replace(found, export=(0.3, 1.0)))
    assert said.endswith("An interval excludes 1: an intercept fitted out-of-fold goes out with the probability.")
    assert say_calibration(replace(found, export=None)).endswith("both should be 1. The probability goes out as it is.")
