"""Evidence as `answer` returns it, made by hand: small numbers that are easy to find again in a text."""

import pytest

from sweep.evidence.test_size import sizing
from sweep.statistics.confusion import Counts

COUNTS = Counts(tp=40, fp=42, fn=60, tn=1858)
BIN = {"rows": 400, "probability": 0.02, "share": 0.03, "low": 0.01, "high": 0.05}


def difference(value=0.01, low=-0.04, high=0.06):
    return {"value": value, "low": low, "high": high}


def point(share, score):
    names = ("score", "average_precision", "recall")
    parts = {f"{n}{end}": score + move for n in names for end, move in (("", 0.0), ("_low", -0.05), ("_high", 0.05))}
    return {"share": share, "positives": 80 * share, **parts}


def made_evidence(*, curve=True, tested=True):
    """All pieces but `says`."""
    points = [point(share, 0.3 + 0.1 * share) for share in (0.4, 0.5, 0.6, 0.8, 1.0)]
    gains = {name: {"from_half": 0.05, **difference(0.035, 0.01, 0.09)} for name in ("score", "average_precision")}
    learning = {"points": points, "gain": gains, "why": None, "draws": 4}
    unknown = {"points": [], "gain": None, "why": "a training part holds 16 positives", "draws": 4}
    counts = COUNTS.to_dict()
    regression = {"counts": counts, "score": 0.3, "average_precision": 0.4}
    regression |= {"against": {"score": difference(), "average_precision": difference()}}
    return {
        "score": {"name": "min(P1, R1)", "value": 0.41, "low": 0.31, "high": 0.52},
        "signal": {
            "p": 0.01, "level": 0.01, "shuffles": 99, "as_good": 0, "average_precision": 0.42, "low": 0.31,
            "high": 0.53, "by_fold": 0.4, "shuffled": {"median": 0.05, "high": 0.09}, "seconds": 1.0,
            "network": {"depth": 2, "width": 32, "epochs": 30, "folds": 3},
        },
        "learning": learning if curve else unknown,
        "test_size": sizing(COUNTS, positives=12 if tested else None, share=0.02 if tested else None),
        "weights_or_cut": {
            "weights": {"counts": counts, "score": 0.4}, "cut": {"counts": counts, "score": 0.39}, "difference": 0.01,
            "low": -0.04, "high": 0.06, "finding": "not told apart",
        },
        "simple": {
            "logistic_regression": regression, "nobody": {"counts": counts, "score": 0.0},
            "everybody": {"counts": counts, "score": 0.05},
        },
        "calibration": {
            "total": difference(1.02, 0.95, 1.1), "slope": difference(0.8, 0.7, 0.9), "export": [0.1, 0.8],
            "bins": {"undone": [BIN] * 5, "as_trained": [BIN] * 5},
        },
    }  # fmt: skip


@pytest.fixture(scope="session")
def evidence():
    """A function that makes evidence."""
    return made_evidence


@pytest.fixture(scope="session")
def counts():
    """The counts that the evidence is about."""
    return COUNTS
