"""From `most` to the ratio of the two class weights and back, and a grid that is even in the log of that ratio.

With m the share of positives and ``b = clip(m, 1 - most, most)`` a positive weighs 1 / (2 b), a negative
1 / (2 (1 - b)), so that ``w1 / w0 = (1 - b) / b``: 1 at most = 0.5, (1 - m) / m from `saturation` on.
"""

from typing import overload

import numpy as np
from numpy.typing import ArrayLike, NDArray


def _check_share(share: float) -> None:
    if not 0 < share < 1:
        raise ValueError(f"share, that of the positives, must lie inside (0, 1); got {share}.")


def saturation(share: float) -> float:
    """The `most` from which on the cap no longer binds: max(m, 1 - m).

    Examples
    --------
    >>> round(saturation(380 / 9362), 4)
    0.9594
    """
    _check_share(share)
    return max(share, 1 - share)


@overload
def weight_ratio(most: float, share: float) -> float: ...
@overload
def weight_ratio(most: NDArray[np.float64], share: float) -> NDArray[np.float64]: ...
def weight_ratio(most: float | NDArray[np.float64], share: float) -> float | NDArray[np.float64]:
    """w1 / w0 of the recipe; below 1 where the positives are the commoner class.

    Parameters
    ----------
    most : float, or array of any shape, in [0.5, 1]
    share : float
        Of the positives, inside (0, 1).

    Examples
    --------
    >>> weight_ratio(0.5, 0.04), weight_ratio(0.75, 0.04), weight_ratio(0.75, 0.96)
    (1.0, 3.0, 0.3333333333333333)
    """
    _check_share(share)
    caps = np.asarray(most, dtype=float)
    if not ((caps >= 0.5) & (caps <= 1)).all():
        raise ValueError(f"most must lie in [0.5, 1]; got {most!r}.")
    b = np.clip(share, 1 - caps, caps)
    return (1 - b) / b if caps.ndim else float((1 - b) / b)


def most_of_ratio(ratio: ArrayLike, share: float) -> NDArray[np.float64]:
    """The `most` in [0.5, saturation] with this w1 / w0.

    Parameters
    ----------
    ratio : array of any shape
        Between 1 and (1 - m) / m.
    share : float
        Of the positives, inside (0, 1).

    Examples
    --------
    >>> most_of_ratio([1.0, 3.0], 0.04)
    array([0.5 , 0.75])
    """
    _check_share(share)
    ratios = np.asarray(ratio, dtype=float)
    low, high = sorted((1.0, (1 - share) / share))
    if not ((ratios >= low * (1 - 1e-9)) & (ratios <= high * (1 + 1e-9))).all():
        raise ValueError(f"ratio must lie in [{low:.6g}, {high:.6g}] at a share of {share:.4g}; got {ratios.tolist()}.")
    return np.clip(np.maximum(ratios, 1.0) / (1.0 + ratios), 0.5, saturation(share))


def balance_grid(share: float, points: int = 21, *, low: float = 0.5, high: float = 1.0) -> NDArray[np.float64]:
    """Values of `most` between two ends, even in the log of the weight ratio.

    Parameters
    ----------
    share : float
        Of the positives, inside (0, 1).
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
        raise ValueError(f"points must be at least 2; got {points}.")
    ends = np.minimum([low, high], saturation(share))
    if ends[0] == ends[1]:
        return ends[:1]
    first, last = weight_ratio(ends, share).tolist()
    most = most_of_ratio(np.geomspace(first, last, points), share)
    most[0], most[-1] = ends
    return most
