"""Numbers with as many digits as they need: an interval never reads "1.00 to 1.00"."""

from typing import Any

DASH = "–"
FEWEST, MOST = 2, 6  # digits of a rate


def digits(*rates: float) -> int:
    """Count the digits at which rates can be told apart, from each other and from 0 and 1 where they are not that.

    Examples
    --------
    >>> digits(0.79, 0.91), digits(0.9962, 0.9991), digits(0.99961, 1.0), digits(0.5, 0.5)
    (2, 3, 4, 2)
    """
    for count in range(FEWEST, MOST):
        rounded = [round(rate, count) for rate in rates]
        apart = len(set(rounded)) == len(set(rates))
        if apart and all(short not in (0, 1) or short == rate for short, rate in zip(rounded, rates, strict=True)):
            return count
    return MOST


def rate(value: float | None, interval: Any = None) -> str:
    """Write a rate with the digits that its interval needs, or a dash.

    Examples
    --------
    >>> rate(0.9979, (0.9962, 0.9991)), rate(0.85, (0.79, 0.91)), rate(1.0, (0.3, 1.0)), rate(None)
    ('0.998', '0.85', '1', '–')
    """
    if value is None:
        return DASH
    return _plain(value, digits(*(interval or ()), value) if interval else digits(value))


def span(interval: Any, between: str = "–") -> str:
    """Write an interval, or a dash.

    Examples
    --------
    >>> span((0.79, 0.91)), span((0.99961, 1.0)), span((0.615, 0.998), " to "), span(None)
    ('0.79–0.91', '0.9996–1', '0.615 to 0.998', '–')
    """
    if interval is None:
        return DASH
    low, high = interval
    count = digits(low, high)
    return f"{_plain(low, count)}{between}{_plain(high, count)}"


def _plain(value: float, count: int) -> str:
    return f"{value:.0f}" if value in (0, 1) else f"{value:.{count}f}"
