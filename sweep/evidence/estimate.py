"""How long the verdict will take."""

from dataclasses import replace

from sweep.evidence import importance
from sweep.evidence.learning_curve import ROWS_SCORED, SHARES, draws_of
from sweep.evidence.permutation_test import FOLDS, NETWORK, SHUFFLES, epochs
from sweep.evidence.two_sample import rows_compared
from sweep.search.estimate import RESAMPLED, networks_of, typical_column, typical_scoring
from sweep.search.pace import Pace
from sweep.search.setup import TrialSetup
from sweep.statistics.bootstrap import RESAMPLES, THIN
from sweep.study.space import Space
from sweep.validation import count_folds

BOOSTING = 1.5e-7  # seconds a row, column and fold
AROUND = 4.0  # seconds: imports, baselines, bins
BESIDE = 20  # vectors resampled by what trains nothing, about


def estimate_verdict(setup: TrialSetup, space: Space, pace: Pace, *, columns: int, test_rows: int = 0) -> float:
    """Estimate the seconds of the evidence: what it trains and scores, and what is compared beside it.

    Parameters
    ----------
    setup : TrialSetup
    space : Space
    pace : Pace
    columns : int
        Of the table.
    test_rows : int
        Of the test table; 0 where there is none.
    """
    rows, folds = len(setup.y), count_folds(setup.fold_of_row)
    shares = len(SHARES) * draws_of(float(setup.y.sum()) * (folds - 1) / folds)
    signal = pace.seconds((SHUFFLES[0] + 1) * FOLDS, replace(NETWORK, epochs=epochs(setup.trained)), setup.trained)
    if test_rows:
        compared = sum(rows_compared(rows, test_rows))
        signal += pace.seconds((SHUFFLES[0] + 1) * FOLDS, replace(NETWORK, epochs=epochs(compared)), compared)
    trained = folds * shares * typical_column(setup, pace, networks_of(space))
    few = min(rows, THIN)
    once = columns * setup.repeats * typical_scoring(setup, pace, networks_of(space), few)
    a_vector = few * 4 * RESAMPLED
    learned = shares * typical_scoring(setup, pace, networks_of(space), min(rows, ROWS_SCORED))
    permuted = importance.DRAWS * (once + a_vector * importance.RESAMPLES * columns)
    scored = learned + a_vector * RESAMPLES * shares + permuted
    boosted = BOOSTING * (folds * setup.trained + rows) * columns
    beside = AROUND + a_vector * RESAMPLES * BESIDE + boosted
    return max(beside, signal + trained + scored + beside / pace.cores)
