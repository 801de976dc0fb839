"""The rule and the words: every branch on exact small cases, and laws that hold for all evidence."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sweep.evidence.verdict import ANSWERS, rule
from sweep.evidence.wording import paragraph, sentences
from sweep.statistics.confusion import Counts

GAINS = st.none() | st.lists(st.floats(-1, 1), min_size=3, max_size=3).map(
    lambda ends: dict(zip(("low", "value", "high"), sorted(ends), strict=True))
)


def gain(low, value, high):
    return {"low": low, "value": value, "high": high}


@pytest.mark.parametrize(
    ("p", "low", "found", "expected"),
    [
        (0.0101, 0.9, gain(0.3, 0.4, 0.5), ("futile", True)),
        (0.01, 0.5, gain(0.3, 0.4, 0.5), ("workable", True)),
        (0.01, 0.4999, gain(0.021, 0.04, 0.3), ("data-limited", True)),
        (0.01, 0.4999, gain(0.02, 0.036, 0.05), ("data-limited", False)),
        (0.01, 0.4999, gain(-0.1, 0.01, 0.049), ("feature-limited", True)),
        (0.01, 0.4999, gain(-0.1, 0.034, 0.05), ("feature-limited", False)),
        (0.0025, 0.1, None, ("data-limited", False)),
    ],
)
def test_each_branch_of_the_rule_at_its_edge(p, low, found, expected):
    assert rule(p, low, 0.5, found) == expected, "a constant of the rule, or the order of its steps, has moved"


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1), GAINS)
def test_only_signal_decides_futility_and_only_futility_needs_no_signal(p, low, enough, found):
    name, sure = rule(p, low, enough, found)
    assert name in ANSWERS, "the answer is none of the four that the contract names"
    assert (name == "futile") == (p > 0.01), "a table is called futile, or not, for another reason than chance"
    assert sure or name in ("data-limited", "feature-limited"), "an answer that needs no gain is called unsure"


@given(st.floats(0, 0.01), GAINS, st.floats(0, 1), st.floats(0, 1))
def test_a_higher_score_never_makes_a_table_worse(p, found, one, other):
    low, high = sorted((one, other))
    if rule(p, low, 0.5, found)[0] == "workable":
        assert rule(p, high, 0.5, found)[0] == "workable", "a better score lost the table its answer"


@pytest.mark.parametrize("name", ANSWERS)
@pytest.mark.parametrize("sure", [True, False])
@pytest.mark.parametrize("curve", [True, False])
@pytest.mark.parametrize("tested", [True, False])
def test_every_answer_says_its_numbers_and_nothing_undefined(name, sure, curve, tested, evidence, counts):
    verdict = {"answer": name, "sure": sure, "enough": 0.5, **evidence(curve=curve, tested=tested)}
    for text in (paragraph(verdict, counts), *sentences(verdict).values()):
        assert not {"None", "nan", "{", "}"} & set(text.replace(".", " ").replace(",", " ").split()), text
    assert f"p = {verdict['signal']['p']:.3g}" in paragraph(verdict, counts), "the p-value that decided is not said"
    if name != "futile":
        assert "0.310 to 0.520" in paragraph(verdict, counts), "the interval of the score that decided is not said"
        assert ("12 positives cannot tell" in paragraph(verdict, counts)) == tested, "the test table is not judged"


def test_no_advice_to_deliver_what_is_not_told_from_chance(evidence, counts):
    text = paragraph({"answer": "futile", "sure": True, "enough": 0.5, **evidence()}, counts)
    assert "Do not use the model" in text, "a worried user is not told to keep off a model without signal"
    assert "average precision here is 0.53" in text, "the upper limit of average precision is missing"


def test_nothing_called_is_said_in_words(evidence):
    verdict = {"answer": "feature-limited", "sure": True, "enough": 0.5, **evidence()}
    assert "nothing is called" in paragraph(verdict, Counts(tp=0, fp=0, fn=9, tn=90)), "an undefined precision is shown"


def test_the_evidence_survives_json(evidence):
    assert json.loads(json.dumps(evidence(), allow_nan=False)) == evidence(), "the evidence holds what JSON cannot"
