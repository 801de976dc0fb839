"""The verdict in plain words: the paragraph with the rule that led to it, and a sentence for each piece of evidence."""

from collections.abc import Mapping
from typing import Any

from sweep.statistics.confusion import Counts


def paragraph(verdict: Mapping[str, Any], counts: Counts) -> str:
    """Say the answer, the rule and the numbers that led to it, and what to do now.

    Parameters
    ----------
    verdict : mapping
        `answer`, `sure`, `enough`, `score`, and the pieces of evidence.
    counts : Counts
        Out-of-fold, of the selected balance.
    """
    said = {
        "futile": _futile,
        "workable": _workable,
        "data-limited": _data_limited,
        "feature-limited": _feature_limited,
    }[verdict["answer"]](verdict, counts)
    return " ".join([said, *_test(verdict["test_size"], verdict["answer"])])


def sentences(found: Mapping[str, Any]) -> dict[str, str]:
    """A sentence for each piece of evidence, with its interval."""
    return {
        "signal": _signal(found["signal"]),
        "learning": _learning(found["learning"]),
        "test_size": _size(found["test_size"]),
        "weights_or_cut": _weights_or_cut(found["weights_or_cut"]),
        "simple": _simple(found["simple"]),
        "calibration": _calibration(found["calibration"]),
    }


def _futile(v: Mapping[str, Any], counts: Counts) -> str:
    s = v["signal"]
    return (
        f"Futile, as far as these rows can tell: with {counts.positives} positives, what the features say of the class "
        f"is not told from chance. {_signal(s)} The rule asks for p = {s['level']} or less. At the very most, average "
        f"precision here is {s['high']:.2f}. Do not use the model: no balance of the weights and no larger network "
        "mends this. Look for features that bear on the class; if you have reason to believe that these do, only more "
        "positives can show it."
    )


def _workable(v: Mapping[str, Any], counts: Counts) -> str:
    return (
        f"Workable. There is signal (p = {_p(v['signal']['p'])}), and {_score(v)}: its low end reaches the "
        f"{v['enough']:g} that was asked for, which is the rule. {_expect(counts)} More positives may still help: "
        f"{_lower(_learning(v['learning']))}"
    )


def _data_limited(v: Mapping[str, Any], counts: Counts) -> str:
    start = (
        f"Not futile, but {'' if v['sure'] else 'probably '}short of positives. There is signal "
        f"(p = {_p(v['signal']['p'])}), yet {_score(v)}: its low end does not reach the {v['enough']:g} asked for. "
    )
    if v["learning"]["gain"] is None:
        return start + (
            f"Whether more positives would help cannot be told: {v['learning']['why']}. {_expect(counts)} "
            "If more positives can be had, get them first; if not, take this for what the table gives, and do not tune "
            "further: with so few, no change could be told from luck."
        )
    rule = (
        "The low end of the latter is above 0.02, which is the rule. "
        if v["sure"]
        else "That leaves open whether more positives or better features are what lacks; by the estimate, positives. "
    )
    return start + (
        f"{_learning(v['learning'])} {rule}{_expect(counts)} If more positives can be had, get them; if not, this is "
        "about what the table gives, and tuning further will not change it."
    )


def _feature_limited(v: Mapping[str, Any], counts: Counts) -> str:
    rule = (
        "The high end of the latter is below 0.05, which is the rule: more rows of the same kind would not help much. "
        if v["sure"]
        else "That leaves open whether more positives or better features are what lacks; by the estimate, features. "
    )
    return (
        f"Not futile, but {'' if v['sure'] else 'probably '}limited by what the features tell. There is signal "
        f"(p = {_p(v['signal']['p'])}), yet {_score(v)}: its low end does not reach the {v['enough']:g} asked for. "
        f"{_learning(v['learning'])} {rule}{_expect(counts)} Look for features that tell the two classes apart, or use "
        "the model to rank rows for a second look rather than to decide."
    )


def _expect(counts: Counts) -> str:
    """What the delivered balance does, in people's numbers."""
    (_, precision), (_, recall) = counts.precision, counts.recall
    spans = counts.intervals()
    found = f"finds {_in_100(recall)} of 100 positives{_in_100_span(spans['R1'])}"
    right = f"of 100 calls {_in_100(precision)} are right{_in_100_span(spans['P1'])}"
    return f"Out-of-fold, the selected balance {found}, and {right if precision is not None else 'nothing is called'}."


def _score(v: Mapping[str, Any]) -> str:
    s = v["score"]
    return (
        f"the lesser of precision and recall of the positives, min(P1, R1), is {s['value']:.3f} once corrected "
        f"for the search (95 % {s['low']:.3f} to {s['high']:.3f})"
    )


def _test(size: Mapping[str, Any], answer: str) -> list[str]:
    """What the given test table can settle; nothing where there is none, or where nothing is to be tested."""
    return [_size(size)] if size["positives"] is not None and answer != "futile" else []


def _signal(s: Mapping[str, Any]) -> str:
    return (
        f"A small network fixed beforehand has average precision {s['average_precision']:.3f} "
        f"(95 % {s['low']:.3f} to {s['high']:.3f}) out-of-fold; {s['as_good'] or 'none'} of {s['shuffles']} shuffles "
        f"of the labels did as well (median {s['shuffled']['median']:.3f}, 99 % of them up to "
        f"{s['shuffled']['high']:.3f}): p = {_p(s['p'])}."
    )


def _learning(curve: Mapping[str, Any]) -> str:
    if curve["gain"] is None:
        return f"Whether more positives would help cannot be told: {curve['why']}."
    by = " and ".join(
        f"{name} by about {gain['value']:+.3f} (95 % {gain['low']:+.3f} to {gain['high']:+.3f})"
        for name, gain in (
            ("min(P1, R1)", curve["gain"]["score"]),
            ("average precision", curve["gain"]["average_precision"]),
        )
    )
    return f"Doubling the positives, with the same negatives, would change {by}."


def _size(size: Mapping[str, Any]) -> str:
    if size["positives"] is None:
        positives, ends = size["sizes"][1]["positives"], size["sizes"][1]["interval"]
        start = f"A test with {positives} positives"
    else:
        positives, ends = size["positives"], size["interval"]
        start = f"The test table with its {positives} positives"
    text = (
        f"{start} cannot tell recalls from {ends[0]:.2f} to {ends[1]:.2f} apart (95 %, at a recall of "
        f"{size['recall']:.2f}); for plus or minus 0.1 it takes {size['needed']}."
    )
    if size["precision"] is not None:
        text += (
            f" As {100 * size['share']:.1f} % of its rows are positive, against {100 * size['trained_share']:.1f} % "
            f"here, expect a precision of {size['precision']:.2f} there with nothing gone wrong."
        )
    return text


def _weights_or_cut(w: Mapping[str, Any]) -> str:
    ends = (
        f"min(P1, R1) {w['weights']['score']:.2f} with weights, {w['cut']['score']:.2f} with the cut of the unweighted "
        f"network moved instead, both at FP = FN (difference {w['difference']:+.2f}, 95 % {w['low']:+.2f} to "
        f"{w['high']:+.2f})"
    )
    return {
        "weights": f"Weighting did better than moving the cut: {ends}.",
        "cut": f"Moving the cut did better than weighting: {ends}.",
        "no different": f"Weighting and moving the cut are no different here, to within 0.03: {ends}.",
        "not told apart": f"Weighting and moving the cut are not told apart: {ends}.",
    }[w["finding"]]


def _simple(s: Mapping[str, Any]) -> str:
    regression = s["logistic_regression"]
    d = regression["against"]["score"]
    better = "better than" if d["low"] > 0 else "worse than" if d["high"] < 0 else "not told apart from"
    return (
        f"The network is {better} logistic regression: {d['value']:+.2f} in min(P1, R1), 95 % {d['low']:+.2f} to "
        f"{d['high']:+.2f}, each at the FP = FN cut that the other folds choose. With the same weights and its own cut "
        f"the regression has {regression['score']:.2f}; calling nobody has 0, calling everybody "
        f"{s['everybody']['score']:.2f}."
    )


def _calibration(c: Mapping[str, Any]) -> str:
    def said(found: Mapping[str, float | None]) -> str:
        if found["value"] is None:
            return "undefined, as the classes hardly overlap"
        return f"{found['value']:.2f} (95 % {found['low']:.2f} to {found['high']:.2f})"

    alone = c["slope"]["value"] is None
    if c["export"]:
        fitted = "an intercept fitted out-of-fold goes" if alone else "an intercept and a slope fitted out-of-fold go"
        mended = f"An interval excludes 1: {fitted} out with the probability."
    elif alone:
        mended = "The probability goes out as it is."
    else:
        mended = "Neither interval excludes 1: the probability goes out as it is."
    return (
        f"With the weights undone, the probabilities sum to {said(c['total'])} times the positives, and their slope is "
        f"{said(c['slope'])}; both should be 1. {mended}"
    )


def _p(p: float) -> str:
    return f"{p:.3g}"


def _lower(text: str) -> str:
    return text[0].lower() + text[1:]


def _in_100(rate: float | None) -> str:
    return "none" if rate is None else f"{100 * rate:.0f}"


def _in_100_span(ends: tuple[float, float] | None) -> str:
    return "" if ends is None else f" ({100 * ends[0]:.0f} to {100 * ends[1]:.0f})"
