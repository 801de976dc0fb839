"""A model card in Hugging Face's form, README.md, written from what a model says of itself. No TensorFlow here."""

import html
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

LIBRARIES = {"keras": "keras", "tf_saved_model": "tensorflow", "litert": "litert", "onnx": "onnx", "npz": "numpy"}
HOLDS = {
    "precision": "equal precision of both classes",
    "ratio": "as many predicted positives as there are positives (the break-even point of precision and recall)",
    "recall": "equal recall of both classes",
    "unweighted": "no class weights",
}
LISTED = 100  # columns, at most
PUNCTUATION = "\\`*_{}[]()#+-.!|~$:"


def render_model_card(card: Mapping[str, Any], format: str) -> str:
    """Write the model card of an export: YAML front matter, then Markdown; texts of the table are escaped.

    Parameters
    ----------
    card : mapping
        What the model says of itself, as `card_of` reads it.
    format : str
        One of `sweep.model.export.FORMATS`.
    """
    return "\n".join([*_front_matter(card, format), "", *_body(card, format)]) + "\n"


def quoted(text: str) -> str:
    r"""Write a text as a YAML scalar in double quotes.

    Examples
    --------
    >>> print(quoted('a: "b"'))
    "a: \"b\""
    """
    plain = json.dumps(text, ensure_ascii=False)
    return "".join(c if c.isprintable() else f"\\U{ord(c):08x}" for c in plain)


def markdown(text: str) -> str:
    r"""Escape a text of the table, so that Markdown and HTML show it as it is, on one line.

    Examples
    --------
    >>> print(markdown("a|b <i>"))
    a\|b &lt;i&gt;
    """
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return "".join(f"\\{c}" if c in PUNCTUATION else html.escape(c) for c in line)


def _decided(card: Mapping[str, Any]) -> Mapping[str, Any]:
    """Find what the model's balance does out-of-fold; nothing of a model that was built by hand."""
    found: Mapping[str, Any] = card.get("out_of_fold", {}).get(card.get("balance"), {})
    return found


def _point(card: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Find the operating point, where that is what the model decides by."""
    return card.get("operating_point") if card.get("balance") == "operating_point" else None


def _front_matter(card: Mapping[str, Any], format: str) -> Iterator[str]:
    name = str(card.get("name", "model"))
    yield "---"
    yield f"library_name: {LIBRARIES[format]}"
    yield "pipeline_tag: tabular-classification"
    yield "tags: [tabular-classification, binary-classification, class-imbalance, class-weights]"
    yield "metrics: [precision, recall]"
    decided = _decided(card)
    rates = {kind: decided.get(kind, [None, None])[1] for kind in ("precision", "recall")}
    known = {kind: value for kind, value in rates.items() if value is not None}
    if known:
        yield "model-index:"
        yield f"- name: {quoted(name)}"
        yield "  results:"
        yield "  - task: {type: tabular-classification}"
        yield f"    dataset: {{name: {quoted(f'{name}, its training rows out-of-fold')}, type: tabular}}"
        yield "    metrics:"
        for kind, value in known.items():
            said = f"{kind} of {card.get('positive', 1)}, out-of-fold"
            yield f"    - {{type: {kind}, name: {quoted(said)}, value: {value:.4f}}}"
    yield "---"


def _body(card: Mapping[str, Any], format: str) -> Iterator[str]:
    positive, negative = (markdown(str(card.get(key, default))) for key, default in (("positive", 1), ("negative", 0)))
    yield f"# {markdown(str(card.get('name', 'model')))}"
    yield ""
    yield "## What it decides"
    yield ""
    target = markdown(str(card.get("target", "the class")))
    yield f"For each row of a table: whether {target} is {positive} or {negative}."
    if card.get("threshold") is not None:
        yield f"A row is predicted {positive} from a probability of {card['threshold']:.4g} on."
    yield ""
    yield from _training(card, positive)
    yield from _standing(card, positive, negative)
    yield from _limits(card, positive)
    yield from _use(card, format)


def _training(card: Mapping[str, Any], positive: str) -> Iterator[str]:
    if "rows" not in card or "positives" not in card:
        return
    yield "## Training data"
    yield ""
    yield f"{card['rows']} rows, {card['positives']} of them {positive} ({_share(card):.2%})."
    if "fingerprint" in card:
        yield f"Fingerprint of the rows: `{card['fingerprint'][:16]}`."
    if kinds := card.get("mean_of"):
        networks = card.get("networks", 1)
        trained = "1 network" if networks == 1 else f"The mean of {networks} networks"
        kinds = [*kinds, *["hidden layers x units"] * any(" x " in kind for kind in kinds)]
        yield (
            f"{trained} ({'; '.join(kinds)}), trained with a class weight of "
            f"{card['weight_ratio']:.3g} : 1, which the probability undoes."
        )
    yield ""


def _standing(card: Mapping[str, Any], positive: str, negative: str) -> Iterator[str]:
    decided, point = _decided(card), _point(card)
    if not decided:
        return
    yield "## Operating point" if point else "## Balance"
    yield ""
    yield f"{asked(point)}." if point else f"{HOLDS.get(str(card['balance']), str(card['balance']))}.".capitalize()
    if point and not point.get("reached", True):
        yield "What was asked for is beyond reach; this is the nearest."
    yield "Counts are out-of-fold: each row decided by networks that were not trained on it."
    yield ""
    counts, (p0, p1), (r0, r1) = decided["counts"], decided["precision"], decided["recall"]
    yield f"| | predicted {negative} | predicted {positive} | recall |"
    yield "|---|---|---|---|"
    ends = decided.get("intervals", {})
    yield f"| {negative} | {counts['tn']} | {counts['fp']} | {_rate(r0, ends.get('R0'))} |"
    yield f"| {positive} | {counts['fn']} | {counts['tp']} | {_rate(r1, ends.get('R1'))} |"
    yield f"| precision | {_rate(p0, ends.get('P0'))} | {_rate(p1, ends.get('P1'))} | |"
    yield ""
    expected = card.get("expected", {}).get(card["balance"], {})
    if expected:
        parts = [f"{name} {_rate(value[0], value[1:])}" for name, value in expected.items() if value is not None]
        yield f"Corrected for the search, expect on new rows: {', '.join(parts)}."
        yield ""


def asked(point: Mapping[str, Any]) -> str:
    """Say what an operating point was asked for.

    Examples
    --------
    >>> asked({"kind": "recall", "value": 0.9, "confidence": 0.8})
    'Asked for: a recall of at least 0.9, held in 80 % of resampled tables'
    """
    kind, value = point["kind"], point.get("value", point.get("asked"))
    held = f", held in {100 * point['confidence']:g} % of resampled tables" if point.get("confidence") else ""
    if kind == "top":
        return f"Asked for: the {f'{value:g}' if value >= 1 else f'{100 * value:g} %'} most likely rows"
    if kind == "cost":
        return f"Asked for: the least expected cost, a missed one at {value:g} false alarms"
    return f"Asked for: a {kind} of at least {value:g}{held}"


def _limits(card: Mapping[str, Any], positive: str) -> Iterator[str]:
    yield "## Limits"
    yield ""
    yield "- Intervals are exact 95 % ones of the counts, for the networks as they were fitted."
    yield "- Rows of another origin or time than the training rows may be decided worse than this."
    decided = _decided(card)
    if decided and "rows" in card and None not in decided["recall"]:
        share, (r0, r1) = _share(card), decided["recall"]
        parts = [f"{p:.2%}: {_precision(p, r0, r1)}" for p in (share / 4, share / 2, share, min(2 * share, 0.5))]
        yield (
            f"- Recall carries over to a table with another prevalence of {positive}, precision does not. By "
            f"prevalence, the precision that these recalls give: {'; '.join(parts)}."
        )
        if card["positives"] < 100:
            yield f"- {card['positives']} positives are few: the intervals above are wide, and they are what is known."
    point = _point(card) or {}
    if point.get("kind") in ("recall", "precision") and not point.get("confidence"):
        yield "- A floor that is met out-of-fold, without a confidence, is missed on new rows half the time or more."
    yield ""


def _use(card: Mapping[str, Any], format: str) -> Iterator[str]:
    yield "## How to use"
    yield ""
    if format in ("keras", "tf_saved_model"):
        yield "```sh"
        yield "sweep predict . NEW.csv --out scored.csv"
        yield "```"
        yield ""
        yield "writes `probability`, `decision` and `label` of each row. `--threshold` and `--top` decide otherwise."
    else:
        yield "`preprocessing.json` says how a row becomes the numbers that the model takes, and what it gives back."
    yield "`class_weights.json` holds the class weights for other learners."
    yield ""
    columns: Sequence[Mapping[str, Any]] = card.get("features", {}).get("columns", [])
    if columns:
        names = ", ".join(f"{markdown(str(column['name']))} ({column['kind']})" for column in columns[:LISTED])
        more = f", and {len(columns) - LISTED} more" if len(columns) > LISTED else ""
        yield f"Columns that it reads: {names}{more}."
        yield ""
    versions = card.get("versions", {})
    if versions:
        yield f"Made with sweep {card.get('version', '')}, {', '.join(f'{k} {v}' for k, v in versions.items())}."


def _share(card: Mapping[str, Any]) -> float:
    return float(card["positives"] / card["rows"])


def _precision(share: float, r0: float, r1: float) -> str:
    called = share * r1 + (1 - share) * (1 - r0)
    return f"{share * r1 / called:.2f}" if called else "–"


def _rate(value: float | None, interval: Sequence[float] | None) -> str:
    if value is None:
        return "–"
    return f"{value:.3f}" if interval is None else f"{value:.3f} ({interval[0]:.2f} to {interval[1]:.2f})"
