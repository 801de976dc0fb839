"""The rule that leads from the evidence to the answer, and its constants."""

from typing import Literal

from sweep.evidence.learning_curve import Gain
from sweep.evidence.permutation_test import LEVEL

Answer = Literal["futile", "data-limited", "feature-limited", "workable"]
ANSWERS: tuple[Answer, ...] = ("futile", "data-limited", "feature-limited", "workable")
CLEARLY_MORE = 0.02  # a gain whose low end is above it: data-limited
CLEARLY_FLAT = 0.05  # a gain whose high end is below it: feature-limited
MIDDLE = (CLEARLY_MORE + CLEARLY_FLAT) / 2


def decide(
    p: float, corrected_low: float, enough: float, gain: Gain | None, boosting: tuple[float, float] = (0.0, 0.0)
) -> tuple[Answer, bool]:
    """Decide the answer, and whether it is sure.

    1. p above .01: `futile`, not told from chance with this many positives.
    2. Else the corrected score's low end at `enough` or above: `workable`.
    3. Else what doubling the positives brings in average precision has its low end above .02: `data-limited`.
    4. Else its high end is below .05: `feature-limited`.
    5. Else, not sure, the nearer of the two by what doubling brings, their middle .035; where the learning curve cannot
       tell for lack of positives, `data-limited`.

    `feature-limited` is not said where gradient boosting reaches `enough`: the same features do for it what they do not
    for the network. Where its low end does, the answer is `workable`, not sure, as it is not the network delivered;
    where its estimate alone does, `data-limited`, not sure: with so few positives that is not told from luck.

    Parameters
    ----------
    p : float
        Of the permutation test for signal.
    corrected_low : float
        Low end of the score corrected for the search.
    enough : float
    gain : Gain or None
        What doubling the positives brings in average precision, whose intervals are shorter than those of min(P1, R1);
        None where the curve cannot tell.
    boosting : (float, float)
        min(P1, R1) of gradient boosting, and its low end.

    Examples
    --------
    >>> decide(0.3, 0.6, 0.5, None), decide(0.01, 0.6, 0.5, None)
    (('futile', True), ('workable', True))
    >>> decide(0.01, 0.2, 0.5, Gain(from_half=0.085, value=0.06, low=0.01, high=0.1))
    ('data-limited', False)
    """
    if p > LEVEL:
        return "futile", True
    if corrected_low >= enough:
        return "workable", True
    if gain is None:
        return "data-limited", False
    if gain.low > CLEARLY_MORE:
        return "data-limited", True
    if gain.high >= CLEARLY_FLAT and gain.value > MIDDLE:
        return "data-limited", False
    if min(boosting) >= enough:
        return "workable", False
    if max(boosting) >= enough:
        return "data-limited", False
    return "feature-limited", gain.high < CLEARLY_FLAT
