"""The answer: futile, data-limited, feature-limited or workable, by one rule from the pieces of evidence."""

from dataclasses import replace
from typing import Any

import numpy as np

from sweep.evidence.baselines import simple
from sweep.evidence.learning_curve import learning
from sweep.evidence.permutation_test import LEVEL, signal
from sweep.evidence.test_size import sizing
from sweep.evidence.weights_or_threshold import weights_or_cut
from sweep.evidence.wording import paragraph, sentences
from sweep.parallel.workers import Workers
from sweep.progress import Progress
from sweep.search.selection import Selection
from sweep.search.setup import TrialSetup
from sweep.statistics.calibration import calibration

ANSWERS = ("futile", "data-limited", "feature-limited", "workable")
CLEARLY_MORE = 0.02  # a gain whose low end is above it: data-limited
CLEARLY_FLAT = 0.05  # a gain whose high end is below it: feature-limited
DECIDES = "average_precision"  # which of the learning curve's scores: its intervals are the shorter ones


def rule(p: float, corrected_low: float, enough: float, gain: dict[str, float] | None) -> tuple[str, bool]:
    """The answer, and whether it is sure.

    1. p above .01: `futile`, not told from chance with this many positives.
    2. Else the corrected score's low end at `enough` or above: `workable`.
    3. Else what doubling the positives brings in average precision has its low end above .02: `data-limited`.
    4. Else its high end is below .05: `feature-limited`.
    5. Else, not sure, the nearer of the two by what doubling brings, their middle .035; where the learning curve cannot
       tell for lack of positives, `data-limited`.

    Parameters
    ----------
    p : float
        Of the test for signal.
    corrected_low : float
        Low end of the score corrected for the search.
    enough : float
    gain : dict with `value`, `low`, `high`, or None
        What doubling the positives brings in average precision; None where the curve cannot tell.

    Examples
    --------
    >>> rule(0.3, 0.6, 0.5, None), rule(0.01, 0.6, 0.5, None)
    (('futile', True), ('workable', True))
    >>> rule(0.01, 0.2, 0.5, {"value": 0.06, "low": 0.01, "high": 0.1})
    ('data-limited', False)
    """
    if p > LEVEL:
        return "futile", True
    if corrected_low >= enough:
        return "workable", True
    if gain is None:
        return "data-limited", False
    if gain["low"] > CLEARLY_MORE:
        return "data-limited", True
    if gain["high"] < CLEARLY_FLAT:
        return "feature-limited", True
    return "data-limited" if gain["value"] > (CLEARLY_MORE + CLEARLY_FLAT) / 2 else "feature-limited", False


def answer(
    X: np.ndarray,
    setup: TrialSetup,
    selection: Selection,
    corrected: tuple[float, float, float],
    *,
    enough: float,
    test: tuple[int, int] | None,
    workers: Workers,
    progress: Progress,
) -> dict[str, Any]:
    """Gather the evidence and answer; what result.json holds under `verdict`.

    Parameters
    ----------
    X : array, shape (rows, features)
    setup : TrialSetup
    selection : Selection
    corrected : (score, low, high)
        The delivered balance's score, corrected for the search.
    enough : float
        From which `low` on a table is workable.
    test : (rows, positives) or None
        Of the test table, if there is one.
    workers : Workers
    progress : Progress

    Returns
    -------
    dict
        `answer`, `sure`, `paragraph`, `enough`, `score`, and a dict for each piece of evidence: `signal`, `learning`,
        `test_size`, `weights_or_cut`, `simple`, `calibration`; `says` in each is its sentence. Undefined is None.
    """
    progress.phase("verdict", 3)
    y, taken = selection.y, selection.picks[selection.equal]
    params = replace(selection.winner.params, most=taken.most)
    logits = taken.logits.mean(axis=1)
    found: dict[str, Any] = {"signal": signal(X, setup, workers=workers)}
    progress.step("signal")
    found["learning"] = learning(X, setup, params, workers=workers)
    progress.step("learning curve")
    found["test_size"] = sizing(
        taken.counts, positives=test[1] if test else None, share=test[1] / test[0] if test else None
    )
    found["weights_or_cut"] = weights_or_cut(
        y,
        setup.groups,
        setup.fold_of_row,
        selection.curve_logits.mean(axis=2),
        selection.curve.log_ratio,
        selection.picks["unweighted"].logits.mean(axis=1),
        seed=setup.seed,
    )
    found["simple"] = simple(X, setup, taken.most, logits)
    found["calibration"] = calibration(y, setup.groups, setup.fold_of_row, logits, taken.most, seed=setup.seed)
    progress.step("comparisons")
    gain = found["learning"]["gain"]
    name, sure = rule(found["signal"]["p"], corrected[1], enough, gain[DECIDES] if gain else None)
    score = dict(zip(("value", "low", "high"), corrected, strict=True))
    for piece, text in sentences(found).items():
        found[piece]["says"] = text
    verdict = {"answer": name, "sure": sure, "enough": enough, "score": score}
    return {**verdict, "paragraph": paragraph({**verdict, **found}, taken.counts), **found}
