"""Checks of shapes and values, once at the boundary of the statistics."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sweep.errors import InputError


def check_labels(y: ArrayLike, *, both: bool = False) -> NDArray[np.bool_]:
    """Check labels and convert them to booleans, shape (rows,).

    Parameters
    ----------
    y : (rows,) of bool or 0 and 1
    both : bool
        Whether each class must occur.

    Raises
    ------
    InputError
        On another shape, on other values, or where a class is missing that must occur.

    Examples
    --------
    >>> check_labels([0, 1, 0])
    array([False,  True, False])
    """
    labels = np.asarray(y)
    if labels.ndim != 1:
        raise InputError(f"y must have shape (rows,); got {labels.shape}.")
    if labels.dtype != np.bool_ and not ((labels == 0) | (labels == 1)).all():
        raise InputError(f"y must hold 0 (class 0) and 1 (class 1) only; got {np.unique(labels)[:5].tolist()}.")
    labels = labels.astype(bool)
    if both and (labels.all() or not labels.any()):
        raise InputError(f"y must hold both classes; got {int(labels.sum())} positives in {labels.size} rows.")
    return labels


def check_logits(logits: ArrayLike, name: str, shape: tuple[int | str, ...]) -> NDArray[np.floating]:
    """Check that logits are finite and of the wanted shape; they keep their precision.

    Parameters
    ----------
    logits : array of numbers
    name : str
        What the caller calls it: named in the message.
    shape : tuple of int or str
        One entry per axis: its length, or the name of an axis of any length from 1 on.

    Examples
    --------
    >>> check_logits([[0.5], [2]], "logits", (2, "trials")).shape
    (2, 1)
    >>> check_logits([0.5, 2], "logits", (3,))
    Traceback (most recent call last):
    ...
    sweep.errors.InputError: logits must have shape (3,); got (2,).
    """
    values = np.asarray(logits)
    if not np.issubdtype(values.dtype, np.floating):
        values = values.astype(float)
    fits = len(values.shape) == len(shape) and all(
        got == want if isinstance(want, int) else got > 0 for got, want in zip(values.shape, shape, strict=True)
    )
    if not fits:
        wanted = "".join(("(", ", ".join(map(str, shape)), ",)" if len(shape) == 1 else ")"))
        raise InputError(f"{name} must have shape {wanted}; got {values.shape}.")
    if not np.isfinite(values).all():
        raise InputError(f"{name} must be finite; got {int((~np.isfinite(values)).sum())} values that are not.")
    return values


def check_choice(value: str, name: str, choices: tuple[str, ...]) -> str:
    """Check that a word is one of a few; the ValueError lists them.

    Examples
    --------
    >>> check_choice("ratio", "equal", ("ratio", "recall"))
    'ratio'
    """
    if value not in choices:
        raise InputError(f"{name} must be one of {', '.join(choices)}; got {value!r}.")
    return value
