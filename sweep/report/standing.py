"""An operating point in words: the numbers of result.json's `operating_point`, none of its own."""

from collections.abc import Iterator

from sweep.search.operating_point import OperatingPoint


def asked_words(point: OperatingPoint) -> str:
    """Say what was asked for."""
    value = f"{point.asked:g}"
    held = f", held in {100 * point.confidence:g} % of resampled tables" if point.confidence else ""
    if point.kind == "recall":
        return f"a recall of at least {value}{held}, then the highest precision"
    if point.kind == "precision":
        return f"a precision of at least {value}{held}, then the highest recall"
    if point.kind == "top":
        share = f"{100 * point.asked:g} %"
        return f"the {value if point.asked >= 1 else share} most likely rows"
    missed, false = point.costs or (point.asked, 1.0)
    return f"the least expected cost, a missed positive at {missed:g} and a false alarm at {false:g}"


def point_lines(point: OperatingPoint) -> Iterator[str]:
    """Say what a point does out-of-fold, what to expect of it on new rows, and how often what was asked holds."""
    counts, threshold = point.counts, point.threshold
    intervals = counts.intervals()
    at = "" if threshold is None else f"predicted positive from a probability of {threshold:.3g} on: "
    yield (
        f"asked for: {asked_words(point)}; {at}R1 {_rate(counts.recall[1], intervals['R1'])}, P1 "
        f"{_rate(counts.precision[1], intervals['P1'])}, {1000 * point.called:.1f} alarms per 1000 rows, out-of-fold"
    )
    corrected = point.corrected
    yield (
        f"corrected for the search, expect P1 {_estimate(corrected.precision)} and R1 "
        f"{_estimate(corrected.recall)} on new rows of the same prevalence, {counts.positives / counts.rows:.2%}"
        f"{_elsewhere(point)}"
    )
    yield _holds(point)
    if point.expected_cost:
        cost = point.expected_cost
        yield (
            f"expected cost per 1000 rows: {_estimate(corrected.cost, 1)} corrected, {cost.per_1000:.1f} "
            f"out-of-fold; predicting no positive {cost.nobody:.1f}, all positive {cost.everybody:.1f}; for "
            f"probabilities that are right, the threshold is {cost.threshold_if_calibrated:.3g}"
        )


def _holds(point: OperatingPoint) -> str:
    share = f"{100 * point.met:.0f} %"
    if not point.reached:
        if point.highest:
            return f"beyond reach: the highest {point.kind} that any trial kept is {_estimate(point.highest)}"
        return f"beyond reach: it holds in {share} of resampled tables"
    if point.kind == "top":
        return f"rows of one probability are predicted alike; no more are predicted positive in {share} of resamples"
    if point.kind == "cost":
        return f"cheaper than predicting no positive and than all positive in {share} of resampled tables"
    again = "" if point.confidence else "; --confidence C moves the threshold until it holds in a share C"
    return f"the floor holds in {share} of resampled tables{again}"


def _elsewhere(point: OperatingPoint) -> str:
    """Say which precision the same recalls give where positives are half as common; nothing where there is none."""
    p1, counts = point.corrected.precision, point.counts
    if p1 is None or not 0 < p1[0] < 1:
        return ""
    share = counts.positives / counts.rows
    half = share / 2
    odds = p1[0] / (1 - p1[0]) * (half / (1 - half)) / (share / (1 - share))
    return f"; where positives are half as common, the same recalls give P1 {odds / (1 + odds):.2f}"


def _rate(value: float | None, interval: tuple[float, float] | None) -> str:
    return "–" if value is None or interval is None else f"{value:.3f} ({interval[0]:.2f} to {interval[1]:.2f})"


def _estimate(estimate: tuple[float, float, float] | None, digits: int = 3) -> str:
    if estimate is None:
        return "–"
    value, low, high = estimate
    ends = max(digits - 1, 1)
    return f"{value:.{digits}f} ({low:.{ends}f} to {high:.{ends}f})"
