"""The delivered model: precision against recall at every threshold on its probability, out-of-fold."""

from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from sweep.report.figures.style import CLASSES, headed
from sweep.report.figures.trial import draw_curve, findings
from sweep.statistics.confusion import Counts


def draw_delivered(
    y: ArrayLike,
    logits: ArrayLike,
    counts: Counts,
    *,
    threshold: float | None,
    average_precision: float,
    name: str = "",
    classes: tuple[str, str] = CLASSES,
    narrow: bool = False,
    ax: Axes | None = None,
) -> Axes:
    """Draw the curve of the networks that are delivered, and where they decide.

    Parameters
    ----------
    y : (rows,) of bool or 0 and 1, both occurring
    logits : (rows,)
        Out-of-fold.
    counts : Counts
        Of the delivered decision.
    threshold : float or None
        On the probability.
    average_precision : float
        Pooled.
    name : str
        The study's name.
    classes : (str, str)
        What class 0 and class 1 are called.
    narrow : bool
        For a phone.
    """
    decision = "as delivered" if threshold is None else f"as delivered, from {threshold:.3g} on"
    lines = [f"{findings(counts)}; average precision {average_precision:.3f}, pooled"]
    head = headed(name, "the delivered model", longest=36)
    return draw_curve(y, logits, counts, decision, head, *lines, classes=classes, narrow=narrow, ax=ax)
