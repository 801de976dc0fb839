"""The zero crossing of a noisy curve that rises in expectation: isotonic smoothing, then interpolation."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sweep.errors import InputError

ZERO = 1e-12  # a fitted sign this near 0 is 0: the sums of the fit leave rounding


def _arranged(
    log_ratio: ArrayLike, signs: ArrayLike, valid: ArrayLike | None
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
    """Check the three arguments and sort them along rising log ratio."""
    position, values = np.asarray(log_ratio, dtype=float), np.asarray(signs, dtype=float)
    if position.ndim != 1 or values.ndim == 0 or values.shape[-1] != position.size:
        raise InputError(f"signs must have shape (..., {position.size}), as log_ratio has; got {values.shape}.")
    used = np.ones(values.shape, dtype=bool) if valid is None else np.asarray(valid, dtype=bool)
    if used.shape != values.shape:
        raise InputError(f"valid must have the shape of signs, {values.shape}; got {used.shape}.")
    order = np.argsort(position, kind="stable")
    return position[order], values[..., order], used[..., order]


def rising_fit(signs: NDArray[np.float64], valid: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Fit a rising curve to the valid points of each curve, by least squares (isotonic regression).

    By the max-min formula, ``fit[i] = max over a <= i of min over b >= i of mean(signs[a..b])``, which does all curves
    in one go.

    Parameters
    ----------
    signs : (..., points) float
    valid : (..., points) bool

    Returns
    -------
    (..., points) float
        Meaningful at the valid points only.

    References
    ----------
    Robertson, Wright and Dykstra, Order Restricted Statistical Inference, 1988, theorem 1.4.4.

    Examples
    --------
    >>> rising_fit(np.array([-2.0, 1.0, 0.0, 3.0]), np.full(4, True))
    array([-2. ,  0.5,  0.5,  3. ])
    """
    points = signs.shape[-1]
    pad = [(0, 0)] * (signs.ndim - 1) + [(1, 0)]
    sums = np.pad(np.cumsum(np.where(valid, signs, 0.0), axis=-1), pad)
    sizes = np.pad(np.cumsum(valid, axis=-1), pad)
    total = sums[..., None, 1:] - sums[..., :-1, None]  # [a, b]: over the points a..b
    size: NDArray[np.int64] = sizes[..., None, 1:] - sizes[..., :-1, None]
    means = np.where(size > 0, total / np.maximum(size, 1), 0.0)
    lower = np.flip(np.minimum.accumulate(np.flip(means, axis=-1), axis=-1), axis=-1)  # [a, i]: min over b >= i
    before = np.tri(points, dtype=bool).T  # [a, i]: a <= i
    fit: NDArray[np.float64] = np.max(np.where(before, lower, -np.inf), axis=-2)
    return fit


def crossing(log_ratio: ArrayLike, signs: ArrayLike, valid: ArrayLike | None = None) -> NDArray[np.float64]:
    """Find where the rising fit of each curve crosses zero, in log ratio.

    The fit is interpolated linearly between the last valid point below zero and the first above it; where it is zero
    at points between them, the middle of those is taken.

    Parameters
    ----------
    log_ratio : (points,)
        Rising or falling.
    signs : (..., points)
        Rise with log_ratio, up to noise.
    valid : (..., points) of bool, optional
        Points to be used; default all.

    Returns
    -------
    (...) float
        -inf where every fitted sign is above zero, so that the crossing lies below the valid points; inf where every
        one is below zero; NaN where no point is valid.

    Examples
    --------
    >>> crossing([0.0, 1.0, 2.0], [[-1.0, -0.5, 0.5], [0.5, 1.0, 2.0], [-1.0, 0.0, 1.0]])
    array([ 1.5, -inf,  1. ])
    """
    position, values, used = _arranged(log_ratio, signs, valid)
    shape = values.shape[:-1]
    values, used = values.reshape(-1, position.size), used.reshape(-1, position.size)
    fit = rising_fit(values, used)
    below, above = used & (fit < -ZERO), used & (fit > ZERO)
    zero = used & ~below & ~above
    last_below = np.where(below, position, -np.inf).max(axis=-1)
    first_above = np.where(above, position, np.inf).min(axis=-1)
    first_zero = np.where(zero, position, np.inf).min(axis=-1)
    last_zero = np.where(zero, position, -np.inf).max(axis=-1)
    fit_below = np.where(below, fit, -np.inf).max(axis=-1)
    fit_above = np.where(above, fit, np.inf).min(axis=-1)

    result = np.where(above.any(axis=-1), -np.inf, np.inf)
    both = above.any(axis=-1) & below.any(axis=-1)
    share = -fit_below[both] / (fit_above[both] - fit_below[both])
    result[both] = last_below[both] + share * (first_above[both] - last_below[both])
    on_zero = zero.any(axis=-1)
    result[on_zero] = (first_zero[on_zero] + last_zero[on_zero]) / 2
    result[~used.any(axis=-1)] = np.nan
    return result.reshape(shape)


def raw_crossings(log_ratio: ArrayLike, signs: ArrayLike, valid: ArrayLike | None = None) -> tuple[float, ...]:
    """Find every zero of one curve as it is, without smoothing, in rising log ratio: several tell that it is noisy.

    Parameters
    ----------
    log_ratio, signs : (points,)
    valid : (points,) of bool, optional

    Examples
    --------
    >>> raw_crossings([0.0, 1.0, 2.0, 3.0, 4.0], [-1.0, 1.0, -1.0, 0.0, 0.5])
    (0.5, 1.5, 3.0)
    """
    position, values, used = _arranged(log_ratio, signs, valid)
    if values.ndim != 1:
        raise InputError(f"signs must be one curve, shape ({position.size},); got {values.shape}.")
    position, values = position[used], values[used]
    left, right = values[:-1], values[1:]
    at = np.flatnonzero(left * right < 0)
    between = position[at] - left[at] * (position[at + 1] - position[at]) / (right[at] - left[at])
    return tuple(np.sort(np.concatenate([position[values == 0], between])).tolist())
