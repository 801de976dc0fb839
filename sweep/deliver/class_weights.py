"""The class weights of a balance, as the files and libraries that take class weights want them. No TensorFlow here."""

import math

import numpy as np

from sweep.errors import InputError
from sweep.stack.weights import weight_matrix


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
