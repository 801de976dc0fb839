"""The final networks of a study: what is stored is what every balance is exported from."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sweep.errors import InputError, StudyError
from sweep.model.final import Final
from sweep.model.layers import raw_columns, stack_of
from sweep.stack.network import Stack


@pytest.fixture
def final(stack: Stack, features: Any, card: Any) -> Final:
    most, ratio = {"ratio": 0.9, "unweighted": 0.5}, {"ratio": 5.0, "unweighted": 1.0}
    alone = {"repeat": 1, "out_of_fold": {"counts": {"tp": 1}}, "calibration": [0.2, 0.8]}
    return Final(stack, features, most, ratio, card, {"ratio": (0.1, 0.9)}, {"ratio": alone})


@pytest.mark.parametrize(
    ("equal", "single", "columns"),
    [("ratio", False, [0, 1]), ("ratio", True, [1]), ("unweighted", False, [2, 3]), ("unweighted", True, [2])],
)
def test_every_balance_comes_back_without_training(
    equal: str, single: bool, columns: Any, final: Any, stack: Stack, features: Any, frame: Any, tmp_path: Path
) -> None:
    """Else `sweep export --equal` hands out the networks of another balance, or undoes another balance's weights."""
    final.store(tmp_path / "artifacts")
    model = Final.load(tmp_path / "artifacts").assemble(equal, single=single)
    X = features.transform(frame)
    np.testing.assert_array_equal(stack_of(model).logits(X), stack.take(columns).logits(X))
    logit = stack.take(columns).logits(X).mean(axis=1, dtype=np.float64)
    intercept, slope = (0.2, 0.8) if single else (0.1, 0.9)
    log_odds = intercept + slope * (logit - np.log(5.0)) if equal == "ratio" else logit
    p = model(raw_columns(features, frame))["probability"].numpy()[:, 0]
    np.testing.assert_allclose(p, 1 / (1 + np.exp(-log_odds)), atol=1e-6)
    said = {key: model.card[key] for key in ("balance", "most", "networks", "weight_ratio", "missing")}
    assert said == {
        "balance": equal,
        "most": final.most[equal],
        "networks": len(columns),
        "weight_ratio": final.weight_ratio[equal],
        "missing": ["?", "-999"],
    }
    if single and equal == "ratio":
        assert model.card["out_of_fold"] == {"ratio": {"counts": {"tp": 1}}}, "a network says another's scores"


@pytest.mark.parametrize("equal", ["ratio", "unweighted"])
def test_a_logit_becomes_the_probability_that_the_model_gives(
    equal: str, final: Any, features: Any, frame: Any
) -> None:
    """Else the cut that result.json gives would call other rows of a predicted table."""
    said = final.assemble(equal)(raw_columns(features, frame))
    called = said["probability"].numpy()[:, 0] > final.probability(equal, 0.0)
    assert 0 < called.sum() < len(called)
    np.testing.assert_array_equal(called, said["decision"].numpy()[:, 0] == 1)
    assert replace(final, calibration={equal: (-3.0, 0.0)}).probability(equal, 0.0) is None


def test_says_what_is_wrong(final: Any, stack: Stack, features: Any, card: Any, tmp_path: Path) -> None:
    """Else an export before the end of a run, or of a damaged study, ends in a traceback."""
    with pytest.raises(StudyError, match="no final networks yet"):
        Final.load(tmp_path)
    with pytest.raises(InputError, match="equal must be one of ratio, unweighted; got 'recall'"):
        final.assemble("recall")
    with pytest.raises(InputError, match="as many for each"):
        Final(stack, features, {"a": 1.0, "b": 1.0, "c": 1.0}, {"a": 1.0, "b": 1.0, "c": 1.0}, card)
    final.store(tmp_path)
    (tmp_path / "final.npz").write_bytes(b"damaged")
    with pytest.raises(StudyError, match="cannot be read"):
        Final.load(tmp_path)
