"""Two studies of the same rows: a difference that is there is told, one that is not is not."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from sweep.errors import StudyError
from sweep.evidence.study_comparison import compare_studies
from sweep.statistics.confusion import Counts
from sweep.validation import ScoredRows

RNG = np.random.default_rng(0)
Y = (np.arange(600) < 60).astype(int)


def study(strength: float, y: np.ndarray = Y) -> Any:
    mean = (strength * y + RNG.normal(size=len(y))).astype(np.float32)
    threshold = float(np.sort(mean)[-60] - 1e-6)
    pick = SimpleNamespace(mean=mean, threshold=threshold, counts=Counts.of(y, mean > threshold))
    rows = ScoredRows.of(y, np.arange(len(y)), np.arange(len(y)) % 3)
    return SimpleNamespace(y=y, rows=rows, equal="ratio", picks={"ratio": pick})


def test_the_better_study_is_told_and_the_order_turns_the_sign() -> None:
    """If it failed, a study would look better for standing first, or a real difference would be hidden."""
    good, poor = study(3.0), study(0.5)
    forward, back = compare_studies(good, poor), compare_studies(poor, good)
    assert forward.finding == "the first is better"
    assert back.finding == "the second is better"
    assert forward.score.value == pytest.approx(-back.score.value)
    p1, r1 = good.picks["ratio"].counts.precision[1], good.picks["ratio"].counts.recall[1]
    q1, s1 = poor.picks["ratio"].counts.precision[1], poor.picks["ratio"].counts.recall[1]
    assert forward.score.value == pytest.approx(min(p1, r1) - min(q1, s1))


def test_a_study_is_not_told_apart_from_itself() -> None:
    """If it failed, the interval would be of something else than the paired difference."""
    same = study(2.0)
    found = compare_studies(same, same)
    assert (found.finding, found.score.low, found.score.high) == ("not told apart", 0.0, 0.0)
    assert replace(found).to_dict()["rows"] == 600


def test_studies_of_other_rows_are_refused() -> None:
    """If it failed, rows would be paired that are not the same."""
    with pytest.raises(StudyError, match="same rows"):
        compare_studies(study(2.0), study(2.0, Y[::-1].copy()))
