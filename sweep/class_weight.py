"""The recipe, once: from the labels to class weights and back, a grid of balances, and the weights undone.

With m the prevalence and ``b = clip(m, 1 - most, most)`` a positive weighs 1 / (2 b), a negative 1 / (2 (1 - b)), so
that ``w1 / w0 = (1 - b) / b``: 1 at most = 0.5, (1 - m) / m from `saturation` on.
"""

import math
from collections.abc import Sequence
from typing import Any, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sweep.errors import InputError


def weight_matrix(Y: np.ndarray, most: float = 0.9) -> np.ndarray:
    """Weigh each entry of a label matrix so that both classes of a column count alike, up to a cap.

    With m the prevalence in a column and ``b = clip(m, 1 - most, most)``, a positive weighs ``1 / (2 b)`` and
    a negative ``1 / (2 (1 - b))``.

    Parameters
    ----------
    Y : array of 0 and 1, shape (rows,) or (rows, labels)
    most : float in [0.5, 1]
        The largest share difference to make up for: 0.9 stands for .1 : .9 = 1 : 9, 0.5 for none.

    Returns
    -------
    array of float64, the shape of Y

    Raises
    ------
    ValueError
        If Y holds anything but 0 and 1, has no rows or more than two axes, or `most` is outside [0.5, 1].

    Examples
    --------
    >>> weight_matrix(np.array([0, 0, 0, 1]), most=0.75)
    array([0.66666667, 0.66666667, 0.66666667, 2.        ])
    """
    Y = np.asarray(Y)
    if Y.ndim not in (1, 2) or Y.size == 0:
        raise InputError(f"Y must have the shape (rows,) or (rows, labels) and hold rows; got shape {Y.shape}.")
    if not np.isin(Y, (0, 1)).all():
        raise InputError("Y must hold 0 and 1 only; got other values. Encode the rare class as 1, the other as 0.")
    if not 0.5 <= most <= 1:
        raise InputError(
            f"most must lie in [0.5, 1]; got {most}. Below 0.5 the weighting would invert; 0.5 means no weighting."
        )
    positive = Y == 1
    b = np.clip(positive.mean(axis=0), 1 - most, most)
    share = np.where(positive, b, 1 - b)  # never 0: an entry's own class has at least that entry
    weights: np.ndarray = 1 / (2 * share)
    return weights


def weights_at(prevalence: float, most: float) -> tuple[float, float]:
    """Give the weights of a negative and of a positive at a prevalence; 0 for a class that no row has.

    Examples
    --------
    >>> weights_at(0.25, 0.75)
    (0.6666666666666666, 2.0)
    """
    b = float(np.clip(prevalence, 1 - most, most))
    return (1 / (2 * (1 - b)) if prevalence < 1 else 0.0), (1 / (2 * b) if prevalence > 0 else 0.0)


def class_weights(y: np.ndarray, most: float = 0.9) -> dict[str, float]:
    """Weigh the two classes so that they count alike, up to a cap.

    Parameters
    ----------
    y : array of 0 and 1, shape (rows,); both occur
    most : float in [0.5, 1]
        The largest share difference to make up for; see `weight_matrix`.

    Returns
    -------
    dict
        `"0"` and `"1"`: the weight of a row of that class, for Keras' and scikit-learn's `class_weight` once the keys
        are integers; `most`; `weight_ratio`, w1 / w0; and the same as `scale_pos_weight`, for gradient boosters.

    Raises
    ------
    ValueError
        If y or `most` is not as stated here.

    Examples
    --------
    >>> weights = class_weights(np.array([0, 0, 0, 1]), most=0.75)
    >>> weights["weight_ratio"], {int(label): round(weights[label], 3) for label in "01"}
    (3.0, {0: 0.667, 1: 2.0})
    """
    y = np.asarray(y)
    if y.ndim != 1:
        raise InputError(f"y must have the shape (rows,); got {y.shape}.")
    weights = weight_matrix(y, most)
    if len(np.unique(y)) < 2:
        raise InputError(f"y must hold both classes; got {len(y)} rows of class {int(y[0])} only.")
    return _as_dict(float(weights[y == 0][0]), float(weights[y == 1][0]), most)


def weights_of_ratio(weight_ratio: float, most: float) -> dict[str, float]:
    """Give what `class_weights` gives, from w1 / w0 alone: ``w1 = (1 + ratio) / 2`` and ``w0 = w1 / ratio``.

    Examples
    --------
    >>> weights_of_ratio(3.0, 0.75) == class_weights(np.array([0, 0, 0, 1]), most=0.75)
    True
    """
    if not (math.isfinite(weight_ratio) and weight_ratio > 0):
        raise InputError(f"weight_ratio must be finite and above 0; got {weight_ratio}.")
    return _as_dict((1 + weight_ratio) / (2 * weight_ratio), (1 + weight_ratio) / 2, most)


def _as_dict(w0: float, w1: float, most: float) -> dict[str, float]:
    return {"0": w0, "1": w1, "most": float(most), "weight_ratio": w1 / w0, "scale_pos_weight": w1 / w0}


def _check_prevalence(prevalence: float) -> None:
    if not 0 < prevalence < 1:
        raise InputError(f"prevalence must lie inside (0, 1); got {prevalence}.")


def saturation(prevalence: float) -> float:
    """Compute the `most` from which on the cap no longer binds: max(m, 1 - m).

    Examples
    --------
    >>> round(saturation(380 / 9362), 4)
    0.9594
    """
    _check_prevalence(prevalence)
    return max(prevalence, 1 - prevalence)


@overload
def weight_ratio(most: float, prevalence: float) -> float: ...
@overload
def weight_ratio(most: NDArray[np.float64], prevalence: float) -> NDArray[np.float64]: ...
def weight_ratio(most: float | NDArray[np.float64], prevalence: float) -> float | NDArray[np.float64]:
    """Compute w1 / w0 of the recipe; below 1 where the positives are the commoner class.

    Parameters
    ----------
    most : float, or array of any shape, in [0.5, 1]
    prevalence : float inside (0, 1)

    Examples
    --------
    >>> weight_ratio(0.5, 0.04), weight_ratio(0.75, 0.04), weight_ratio(0.75, 0.96)
    (1.0, 3.0, 0.3333333333333333)
    """
    _check_prevalence(prevalence)
    caps = np.asarray(most, dtype=float)
    if not ((caps >= 0.5) & (caps <= 1)).all():
        raise InputError(f"most must lie in [0.5, 1]; got {most!r}.")
    b = np.clip(prevalence, 1 - caps, caps)
    return (1 - b) / b if caps.ndim else float((1 - b) / b)


def most_of_ratio(ratio: ArrayLike, prevalence: float) -> NDArray[np.float64]:
    """Find the `most` in [0.5, saturation] with this w1 / w0.

    Parameters
    ----------
    ratio : array of any shape
        Between 1 and (1 - m) / m.
    prevalence : float inside (0, 1)

    Examples
    --------
    >>> most_of_ratio([1.0, 3.0], 0.04)
    array([0.5 , 0.75])
    """
    _check_prevalence(prevalence)
    ratios = np.asarray(ratio, dtype=float)
    low, high = sorted((1.0, (1 - prevalence) / prevalence))
    if not ((ratios >= low * (1 - 1e-9)) & (ratios <= high * (1 + 1e-9))).all():
        raise InputError(
            f"ratio must lie in [{low:.6g}, {high:.6g}] at a prevalence of {prevalence:.4g}; got {ratios.tolist()}."
        )
    most: NDArray[np.float64] = np.clip(np.maximum(ratios, 1.0) / (1.0 + ratios), 0.5, saturation(prevalence))
    return most


def balance_grid(prevalence: float, points: int = 21, *, low: float = 0.5, high: float = 1.0) -> NDArray[np.float64]:
    """Space values of `most` between two ends evenly in the log of the weight ratio.

    Parameters
    ----------
    prevalence : float inside (0, 1)
    points : int
        At least 2.
    low, high : float
        The ends; beyond saturation they are taken there.

    Returns
    -------
    (points,) float
        Rising. Where the ends are one, as where both classes are equally common, that alone is returned.

    Examples
    --------
    >>> balance_grid(0.1, points=3)
    array([0.5 , 0.75, 0.9 ])
    """
    if points < 2:
        raise InputError(f"points must be at least 2; got {points}.")
    ends = np.minimum([low, high], saturation(prevalence))
    if ends[0] == ends[1]:
        return ends[:1]
    first, last = weight_ratio(ends, prevalence).tolist()
    most = most_of_ratio(np.geomspace(first, last, points), prevalence)
    most[0], most[-1] = ends
    return most


def undo_weights(logit: Any, weight_ratio: Any, calibration: Sequence[float] = (0.0, 1.0)) -> Any:
    """Undo the class weights in a logit, for log-odds at the training prevalence: the logit less ``log(w1 / w0)``.

    With a recalibration ``intercept + slope * (logit - log(w1 / w0))``.

    Parameters
    ----------
    logit : float, array or tensor
        Of a network that was trained with weights.
    weight_ratio : float, or array that broadcasts against `logit`
        w1 / w0.
    calibration : (intercept, slope)
        Recalibration of the log-odds; by default none.

    Examples
    --------
    >>> float(undo_weights(np.log(3.0), 3.0))
    0.0
    """
    intercept, slope = calibration
    return intercept - slope * np.log(weight_ratio) + slope * logit
