"""The three bullets: short for every verdict, and first what a reader must know."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from sweep.evidence.baselines import Against
from sweep.evidence.bullets import WORDS, say_bullets, say_condition, say_p
from sweep.evidence.columns import Alarm
from sweep.evidence.learning_curve import Gains, doubling
from sweep.evidence.verdict import reach_verdict
from sweep.evidence.wording import say_verdict
from sweep.report.answer import headline
from sweep.statistics.bootstrap import Estimate
from tests.made_evidence import REACHING, Case

LEAK = Alarm("leak", "chargeback", "`chargeback` alone tells: is it known when the prediction is made?")
BETTER = Against(Estimate(-0.05, -0.08, -0.01), Estimate(-0.02, -0.04, -0.01))


def with_boosting(verdict: Any, against: Any) -> Any:
    yardsticks = verdict.yardsticks
    return replace(
        verdict, yardsticks=replace(yardsticks, boosting=replace(yardsticks.boosting, against=against, score=0.7))
    )


@pytest.mark.parametrize("reached", REACHING)
@pytest.mark.parametrize("curve", [True, False])
@pytest.mark.parametrize("changed", [{}, {"alarms": (LEAK,)}])
@pytest.mark.parametrize("better", [True, False])
def test_each_bullet_is_a_sentence_of_twenty_words_at_most(
    case: Case, reached: Any, curve: bool, changed: dict[str, Any], better: bool
) -> None:
    """If it failed, a reader in a hurry would have to read a paragraph, or meet `None`."""
    verdict = replace(case.reaching(*reached, curve=curve), **changed)
    bullets = say_bullets(with_boosting(verdict, BETTER) if better else verdict)
    assert len(bullets) == 3
    for bullet in bullets:
        assert len(bullet.split()) <= WORDS, bullet
        assert bullet.endswith(".")
        assert "None" not in bullet


@pytest.mark.parametrize(
    ("gain", "said"),
    [
        (Estimate(0.008, -0.004, 0.03), "+0.008 (-0.004 to +0.030)"),
        (Estimate(0.02, 0.006, 0.044), "+0.02 (+0.01 to +0.04)"),
        (Estimate(0.02, -1e-9, 0.044), "+0.02 (+0.00 to +0.04)"),
    ],
)
def test_an_end_below_0_does_not_read_as_0(case: Case, gain: Estimate, said: str) -> None:
    """If it failed, a reader would meet -0.00, and not learn whether more positives may help."""
    verdict = case.reaching("workable", True)
    learning = replace(verdict.learning, gain=Gains(*2 * [replace(doubling(0.1, np.ones(2)), **vars(gain))]))
    assert say_bullets(replace(verdict, learning=learning))[2].endswith(f"by about {said}.")


def test_p_at_its_floor_is_at_most(case: Case) -> None:
    """If it failed, 99 shuffles would seem to have measured a p of exactly .01."""
    assert say_p(case.reaching("workable", True).signal) == "p at most 0.01"
    assert say_p(case.reaching("futile", True).signal) == "p = 0.4"


def test_boosting_that_is_better_is_said_first(case: Case) -> None:
    """If it failed, a reader would take the network where trees on the same rows do better."""
    verdict = with_boosting(case.reaching("workable", True), BETTER)
    assert "Gradient boosting does better, by 0.05 (0.01 to 0.08)" in say_bullets(verdict)[1]
    assert say_verdict(verdict, case.counts).startswith("Gradient boosting does better than the network")
    assert "class_weights.json serves it too" in say_verdict(verdict, case.counts)


def test_an_estimate_of_boosting_alone_is_told_as_open(case: Case) -> None:
    """If it failed, a table would be called workable, or short of features, by the luck of a few positives."""
    evidence = case.evidence
    flat = doubling(0.0, np.array([-0.01, 0.01]))
    boosting = replace(evidence.yardsticks.boosting, score=0.52, low=0.4, high=0.6)
    evidence = replace(
        evidence,
        signal=replace(evidence.signal, p=0.01),
        learning=replace(evidence.learning, gain=Gains(flat, flat)),
        yardsticks=replace(evidence.yardsticks, boosting=boosting),
        alarms=(),
    )
    verdict = reach_verdict(evidence, replace(case.corrected, low=0.2), case.counts, enough=0.5)
    assert (verdict.answer, verdict.sure) == ("data-limited", False)
    assert "may reach what counts as enough" in verdict.bullets[2]
    assert "scores 0.520 on the same features (95 % 0.400 to 0.600)" in verdict.paragraph


def test_not_told_apart_from_logistic_regression_reaches_the_bullets(case: Case) -> None:
    """If it failed, a network that a line matches would be praised."""
    alike = Against(Estimate(0.01, -0.05, 0.06), Estimate(0.0, -0.1, 0.1))
    verdict = case.reaching("workable", True)
    regression = replace(verdict.baselines.logistic_regression, against=alike)
    verdict = replace(verdict, baselines=replace(verdict.baselines, logistic_regression=regression), yardsticks=None)
    assert "not told apart from logistic regression" in say_bullets(verdict)[1]


def test_a_leak_changes_the_headline_and_the_advice(case: Case) -> None:
    """If it failed, "workable" would stand over a model that knows the answer."""
    verdict = replace(case.reaching("workable", True), alarms=(LEAK,))
    condition = ", if `chargeback` is known when the prediction is made"
    assert say_condition(verdict) == condition
    assert headline(verdict) == f"Not futile: workable{condition}"
    assert f"Workable{condition}." in say_verdict(verdict, case.counts)
    assert "find out whether `chargeback` is known" in say_bullets(verdict)[2]
    assert say_condition(replace(verdict, alarms=(Alarm("index", "id", "numbers"),))) == ""
