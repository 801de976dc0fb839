"""The yardsticks: gradient boosting, logistic regression and the best single column, paired with the network."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from sweep.document import LEFT_OUT
from sweep.evidence.baselines import Against, Regression, compare, estimate_score
from sweep.evidence.boosting import boost_out_of_fold
from sweep.evidence.columns import ColumnScore, SourceColumn
from sweep.evidence.learning_curve import decide_by_other_folds
from sweep.search.setup import TrialSetup
from sweep.statistics.confusion import Counts, average_precision
from sweep.statistics.criteria import score


@dataclass(frozen=True)
class Yardstick:
    """A model that the network is held against, out-of-fold.

    Attributes
    ----------
    score : float
        min(P1, R1) at the FP = FN threshold that the other folds choose.
    average_precision : float
    against : Against
        The network less this.
    seconds : float or None
        That it took.
    low, high : float or None
        The 95 % interval of the score, where it decides an answer.
    """

    score: float
    average_precision: float
    against: Against
    seconds: float | None = field(default=None, metadata=LEFT_OUT)
    low: float | None = field(default=None, metadata=LEFT_OUT)
    high: float | None = field(default=None, metadata=LEFT_OUT)

    @property
    def finding(self) -> str:
        """Name the yardstick better or worse than the network where the interval excludes 0 in min(P1, R1)."""
        difference = self.against.score
        return "better" if difference.high < 0 else "worse" if difference.low > 0 else "not told apart"


@dataclass(frozen=True)
class BestColumn:
    """The column that tells the class best by itself, and its level or range with the highest prevalence."""

    column: str
    rule: str
    score: float
    average_precision: float
    against: Against


@dataclass(frozen=True)
class Yardsticks:
    """What the network must be better than to be worth its trouble.

    Attributes
    ----------
    boosting, logistic_regression : Yardstick
    best_column : BestColumn
    network_average_precision : float
        Of the delivered network, out-of-fold.
    says : str
        The sentence of the verdict.
    """

    boosting: Yardstick
    logistic_regression: Yardstick
    best_column: BestColumn
    network_average_precision: float
    says: str = ""


def measure_yardsticks(
    setup: TrialSetup,
    network: np.ndarray,
    regression: Regression,
    columns: Sequence[SourceColumn],
    best: ColumnScore,
    alone: np.ndarray,
) -> Yardsticks:
    """Hold the network against the yardsticks, on the same rows, folds and row groups.

    Parameters
    ----------
    setup : TrialSetup
    network : array, shape (scored rows,)
        Its mean out-of-fold logits at the delivered balance.
    regression : Regression
        As compared before.
    columns : sequence of SourceColumn
    best : ColumnScore
        Of the column that does best alone.
    alone : array, shape (scored rows,)
        The out-of-fold logits of that column.
    """
    started = time.perf_counter()
    boosted = boost_out_of_fold(columns, setup)
    seconds = time.perf_counter() - started
    own, of_boosting = _score(setup, network), estimate_score(setup, boosted)
    return Yardsticks(
        boosting=Yardstick(
            of_boosting.value,
            average_precision(setup.scored.y, boosted) or 0.0,
            compare(setup, network, boosted),
            seconds,
            of_boosting.low,
            of_boosting.high,
        ),
        logistic_regression=Yardstick(
            own - regression.against.score.value, regression.average_precision, regression.against
        ),
        best_column=BestColumn(
            best.name,
            best.rule,
            _score(setup, alone),
            best.average_precision,
            compare(setup, network, alone),
        ),
        network_average_precision=average_precision(setup.scored.y, network) or 0.0,
    )


def _score(setup: TrialSetup, logits: np.ndarray) -> float:
    rows = setup.scored
    called = decide_by_other_folds(logits, rows.y, rows.fold_of_row)
    return float(score(Counts.of(rows.y, called), "ratio"))
