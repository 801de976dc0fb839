"""Evidence on a small made table, gathered by the code that gathers it in a run, once for all tests."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest

from sweep.data.features import Column, Features
from sweep.data.folds import fold_of_row
from sweep.evidence.columns import source_columns
from sweep.evidence.learning_curve import Gains, doubling, measure_learning_curve
from sweep.evidence.test_size import assess_test_size
from sweep.evidence.verdict import Evidence, Verdict, gather_evidence, reach_verdict
from sweep.parallel.workers import Workers
from sweep.progress import Progress
from sweep.search.budget import Budget
from sweep.search.members import confirm
from sweep.search.selection import Selection, select
from sweep.search.setup import TrialSetup
from sweep.stack.network import Stack
from sweep.statistics.confusion import Counts
from sweep.statistics.corrected_score import Corrected, corrected_score
from sweep.study.params import Params

ROWS, POSITIVES = 360, 90
REACHING = {  # p, low end of the corrected score, what all positives brought over half of them, by the answer
    ("futile", True): (0.4, 0.2, 0.0),
    ("workable", True): (0.01, 0.6, 0.0),
    ("data-limited", True): (0.01, 0.2, 0.5),
    ("data-limited", False): (0.01, 0.2, None),
    ("feature-limited", True): (0.01, 0.2, 0.0),
    ("feature-limited", False): (0.01, 0.2, 0.03),
}


@dataclass(frozen=True)
class Case:
    """A small made table, what was selected for it, and the evidence."""

    X: np.ndarray
    setup: TrialSetup
    selection: Selection
    corrected: Corrected
    evidence: Evidence

    @property
    def counts(self) -> Counts:
        """Of the delivered balance."""
        return self.selection.picks[self.selection.equal].counts

    def verdict(self) -> Verdict:
        """As a run gives it."""
        return reach_verdict(self.evidence, self.corrected, self.counts, enough=0.5)

    def reaching(self, answer: str, sure: bool, *, curve: bool = True, tested: bool = True) -> Verdict:
        """A verdict with this answer: the evidence with the numbers that decide moved to where the rule gives it."""
        p, low, from_half = REACHING[answer, sure]
        learning = self.evidence.learning
        if curve and from_half is not None:
            gain = doubling(from_half, np.array([from_half - 0.01, from_half + 0.05 * (not sure) + 0.01]))
            learning = replace(learning, gain=Gains(gain, gain))
        elif not curve or from_half is None:
            learning = unknown_learning()
        test_size = self.evidence.test_size
        if not tested:
            test_size = assess_test_size(self.counts, positives=None, share=None)
        signal = replace(self.evidence.signal, p=p, as_good=round(p * 100) - 1, shuffles=99)
        boosting = replace(self.evidence.yardsticks.boosting, score=0.3, low=0.2, high=0.4)
        evidence = replace(
            self.evidence,
            signal=signal,
            learning=learning,
            test_size=test_size,
            yardsticks=replace(self.evidence.yardsticks, boosting=boosting),
            alarms=(),
        )
        corrected = replace(self.corrected, low=low, score=low + 0.1, high=low + 0.2)
        return reach_verdict(evidence, corrected, self.counts, enough=0.5)


def unknown_learning() -> Any:
    """The learning curve of a table with too few positives for one."""
    y, units = np.repeat([0, 1], [60, 20]), np.arange(80)
    small = TrialSetup(y, fold_of_row(y, units, 5, 0), units, 1, 2, 64, "precision", 0)
    budget = Budget(small, 2, np.inf)
    return measure_learning_curve(
        np.zeros((80, 2)), small, Params(0.8, 1, 8), np.zeros((80, 1)), workers=Workers(), budget=budget
    )


def count_scored(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The rows that stacks score, call by call, from now on."""
    scored: list[int] = []
    logits = Stack.logits

    def counted(stack: Stack, X: np.ndarray, *blocks: Any) -> np.ndarray:
        scored.append(len(X))
        return logits(stack, X, *blocks)

    monkeypatch.setattr(Stack, "logits", counted)
    return scored


@pytest.fixture(scope="session")
def case() -> Case:
    """The case, once for all tests."""
    rng = np.random.default_rng(0)
    y, units = np.repeat([0, 1], [ROWS - POSITIVES, POSITIVES]), np.arange(ROWS)
    X = rng.normal(size=(ROWS, 2)) + np.outer(y, [1.5, 0])
    setup = TrialSetup(y, fold_of_row(y, units, 3, 0), units, 2, 4, 32, "precision", 0)
    workers = Workers()
    confirmed = confirm(X, setup, [(3, Params(0.6, 1, 8))], workers, repeats=setup.repeats_of)
    budget = Budget(setup, 2, np.inf)
    selection = select(X, setup, confirmed, 0.5, 0.74, asked="precision", workers=workers, budget=budget)
    corrected = corrected_score(
        y,
        units,
        confirmed[0].logits.mean(axis=1)[:, None],
        [True],
        selection.curve_logits,
        selection.curve.most,
        equal="precision",
        deliver=selection.equal,
    )
    features = Features((Column("dose", "number"), Column("noise", "number")))
    columns = source_columns(features, X)
    evidence = gather_evidence(
        X, setup, selection, columns=columns, test=(120, 12), workers=workers, budget=budget, progress=Progress()
    )
    return Case(X, setup, selection, corrected, evidence)
