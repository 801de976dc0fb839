"""The model card: its front matter is YAML that a hub reads, and no text of the table becomes markup."""

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from sweep.model.model_card import LIBRARIES, asked, markdown, quoted, render_model_card

NASTY = 'ill | <script>alert("1")</script> [x](javascript:1) `a`\n# b'


def card(**changes: Any) -> dict[str, Any]:
    """What a model says of itself."""
    rates = {"precision": [0.98, 0.8], "recall": [0.99, 0.6], "intervals": {"P1": (0.5, 0.9), "R1": None}}
    columns = [{"name": NASTY, "kind": "number"}]
    counts = {"tp": 12, "fp": 3, "fn": 8, "tn": 377}
    return {
        "name": "made", "rows": 400, "positives": 20, "positive": NASTY, "negative": "well", "target": "label",
        "threshold": 0.25, "weight_ratio": 5.0, "balance": "operating_point", "networks": 2,
        "network": {"depth": 2, "width": 64, "bins": True}, "mean_of": ["2 x 64 with bins", "50 boosted trees"],
        "out_of_fold": {"operating_point": {"counts": counts, **rates}},
        "operating_point": {"kind": "recall", "value": 0.6, "confidence": None, "reached": True},
        "expected": {"operating_point": {"P1": (0.7, 0.4, 0.8)}}, "features": {"columns": columns},
        **changes,
    }  # fmt: skip


def test_it_says_counts_limits_and_use() -> None:
    """If it failed, whoever is handed the model would not know what it decides, on what, and how surely."""
    text = render_model_card(card(), "keras")
    _, front, body = text.split("---\n", 2)
    head = yaml.safe_load(front)
    assert (head["library_name"], head["pipeline_tag"]) == ("keras", "tabular-classification")
    (result,) = head["model-index"][0]["results"]
    assert {m["type"]: m["value"] for m in result["metrics"]} == {"precision": 0.8, "recall": 0.6}
    assert NASTY in result["metrics"][0]["name"]
    for section in ("What it decides", "Training data", "Operating point", "Limits", "How to use"):
        assert f"## {section}\n" in body
    assert "The mean of 2 networks (2 x 64 with bins; 50 boosted trees; hidden layers x units), trained with" in body
    for said in ("400 rows, 20 of them", "(5.00%)", "| 377 | 3 | 0.990 |", "0.800 (0.50 to 0.90)", "P1 0.700 (0.40 to"):
        assert said in body
    assert "5.00%: 0.76" in body, "at its own prevalence it is the precision of those recalls"
    assert "half the time" in body
    assert "20 positives are few" in body


@pytest.mark.parametrize("format", LIBRARIES)
def test_texts_of_the_table_stay_texts(format: str) -> None:
    """If it failed, a label could put a link, a script or a table's cell on the page of the model."""
    body = render_model_card(card(), format).split("---\n", 2)[2]
    for markup in ("<script", "](java", "`a`", "\n# b", "ill | "):
        assert markup not in body


@given(st.text())
def test_any_text_comes_back_from_yaml(text: str) -> None:
    """If it failed, a name with a quote or a control character would break the card, or a hub would refuse it."""
    if not any(0xD800 <= ord(c) <= 0xDFFF for c in text):
        assert yaml.safe_load(quoted(text)) == text
    assert "\n" not in markdown(text)


def test_a_balance_and_a_model_built_by_hand() -> None:
    """If it failed, an export of little knowledge would end in a traceback."""
    rates = card()["out_of_fold"]["operating_point"]
    text = render_model_card(card(balance="ratio", out_of_fold={"ratio": rates}), "onnx")
    assert "## Balance" in text
    assert "As many predicted positives as there are positives" in text
    assert "preprocessing.json" in text
    assert "# model" in render_model_card({}, "npz")


def test_what_was_asked_in_words() -> None:
    """If it failed, the page would name another operating point."""
    assert asked({"kind": "top", "value": 0.02}) == "Asked for: the 2 % most likely rows"
    assert asked({"kind": "cost", "value": 50.0}).endswith("a missed one at 50 false alarms")
