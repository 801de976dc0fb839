"""The words of the field: finds what a reader of scikit-learn's, Keras' and Optuna's pages would need a dictionary for.

`python tests/words.py [FILE]...` prints each finding as `file:line: word -> instead`, and exits with 1 if there is any.
"""

import ast
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PLACES = ("sweep", "README.md", "CHANGELOG.md", "CONTRIBUTING.md")  # that must be clean, with all that is in them

_DISTRIBUTED = (
    "axis|balance|batch|column|epoch|feature|fold|hidden layer|label|layer|message|model|network|piece|repeat"
)
_DISTRIBUTED += "|resample|row|row group|step|study|target|trial|unit|worker"
_COUNTED = "one|two|three|balance|byte|column|entry|file|folder|integer|line|network|picture|seed|share|threshold"
_COUNTED += "|bins|columns|networks|rows|trials|units"

WORDS = {
    r"""(?<!power )(?<!["'])\bcuts?\b(?!["'=:]| :| (off|short|into|by the))""": "threshold",
    r"\bshares? of (the )?positives\b": "prevalence",
    r"\b(row|rows|nothing|nobody|everybody) (is |are |was |were )?called\b": "predicted positive",
    r"\b(calls|calling|call) (nobody|everybody|nothing)\b": "predicts no positive, predicts all positive",
    r"\bcalled (1|positive)\b": "predicted positive",
    r"\bby heart\b": "overfits",
    r"\bheld back\b": "regularised",
    r"\bmend(s|ed|ing)?\b": "fix; for a probability: recalibrate",
    r"\bin doubt\b": "near the decision boundary",
    r"\bthe bulk\b": "most rows",
    r"\bsimple things\b": "baselines",
    r"\b(what|which) is left over waits\b": "an incomplete last batch is dropped",
    r"\bdealt?s? (the )?(rows|columns)\b": "shuffle and split",
    r"\bcommand goes on\b|\bgo on with\b|\bto go on\b": "resume, continue",
    r"\bon paper\b": "settings",
    rf"\b({_COUNTED}) an? ({_DISTRIBUTED})\b": "per: one per column",
}
PATTERNS = [(re.compile(pattern, re.IGNORECASE), instead) for pattern, instead in WORDS.items()]
IMPERATIVE = 'an imperative: "Compute X.", "Check whether Y."'
QUESTION = re.compile(r"\s*(What|How|Where|Whether|When|Who|Why)\b")


def findings(text: str, *, python: bool) -> Iterator[tuple[int, str, str]]:
    """Find words to replace, with their line, counted from 1, and what to say instead.

    In Python, also the docstrings of functions that open with a question word instead of an imperative.
    """
    for number, line in enumerate(text.splitlines(), 1):
        for pattern, instead in PATTERNS:
            for match in pattern.finditer(line):
                yield number, match.group(), instead
    if python:
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                opening = QUESTION.match(ast.get_docstring(node) or "")
                if opening:
                    yield (
                        node.lineno,
                        f"{node.name}: {opening.group(1)}",
                        'an imperative: "Compute X.", "Check whether Y."',
                    )


def files(places: Iterable[str]) -> Iterator[Path]:
    """Find the Python, Markdown and HTML files in some places, relative to the project's folder."""
    for place in places:
        path = ROOT / place
        inside = sorted(path.rglob("*")) if path.is_dir() else [path]
        yield from (p for p in inside if p.suffix in (".py", ".md", ".html") and p.is_file())


def report(paths: Iterable[Path]) -> list[str]:
    """Describe every finding in some files, one per line."""
    return [
        f"{path.resolve().relative_to(ROOT)}:{line}: {word} -> {instead}"
        for path in paths
        for line, word, instead in findings(path.read_text(encoding="utf-8"), python=path.suffix == ".py")
    ]


if __name__ == "__main__":
    found = report([Path(name) for name in sys.argv[1:]] or list(files(PLACES)))
    print("\n".join(found))
    sys.exit(bool(found))
