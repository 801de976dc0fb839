"""The result of a run, put together from what its stages came to."""

from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any

import numpy as np

from sweep import __version__
from sweep.class_weight import weight_ratio
from sweep.config import Spec
from sweep.data.table import Table
from sweep.report.result import Result
from sweep.search.selection import Selection
from sweep.statistics.confusion import average_precision, described
from sweep.statistics.corrected_score import Corrected
from sweep.statistics.criteria import gap, score
from sweep.statistics.reached import nearly


def compose(
    spec: Spec,
    table: Table,
    selection: Selection,
    corrected: Corrected,
    *,
    fold_of_row: np.ndarray,
    probability: Callable[[str, float], float | None],
    test: dict[str, Any] | None,
    verdict: dict[str, Any] | None,
    trials: dict[str, int],
    seconds: dict[str, float],
) -> Result:
    """Put a run's result together; counts and rates are out-of-fold over all rows, at each balance's threshold.

    `probability` is what a balance says by a mean logit, None where it tells no rows apart.
    """
    y, pick, winner = selection.y, selection.picks[selection.equal], selection.winner
    logits = pick.mean
    own = [average_precision(y[fold_of_row == k], logits[fold_of_row == k]) for k in range(spec.training.folds)]
    searched = ("most", "depth", "width", *spec.search.settings)
    params = asdict(replace(winner.params, most=pick.most))
    selected = {
        "equal": selection.equal,
        **({"why": selection.why} if selection.why else {}),
        "trial": winner.trial,
        "params": {k: params[k] for k in searched},
        "bins": winner.params.bins,
        "weight_ratio": float(weight_ratio(pick.most, float(y.mean()))),
        "threshold": probability(selection.equal, pick.threshold),
        **described(pick.counts),
        "average_precision": average_precision(y, logits),
        "average_precision_by_fold": float(np.mean([value for value in own if value is not None])),
        "score": float(score(pick.counts)),
        "corrected": asdict(corrected),
        "confirmed": [
            {"trial": c.trial, **{k: getattr(c.params, k) for k in (*searched, "bins")}, "score": c.score}
            for c in selection.confirmed
        ],
    }
    return Result(
        name=spec.name,
        version=__version__,
        data={
            "rows": len(y),
            "positives": int(y.sum()),
            "features": table.frame.width,
            "fingerprint": table.fingerprint,
            "target": table.target,
            "positive": table.positive,
        },
        equal=spec.balance.equal,
        selected=selected,
        balances=_balances(selection, probability),
        trials=trials,
        test=test,
        verdict=verdict,
        seconds=seconds,
    )


def _balances(selection: Selection, probability: Callable[[str, float], float | None]) -> dict[str, dict[str, Any]]:
    """The three balances, no weighting, and no weighting with the cut moved; what a moved cut does for recalls."""
    found: dict[str, dict[str, Any]] = {}
    for name, pick in selection.picks.items():
        crossing = selection.curve.crossings.get(name)
        found[name] = {
            "reached": pick.reached_by is not None,
            "reached_by": pick.reached_by,
            "most": pick.most,
            "threshold": probability(name, pick.threshold),
            "gap": pick.gap,
            "low": crossing.low if crossing else None,
            "high": crossing.high if crossing else None,
            **described(pick.counts),
            "crossings": list(crossing.raw) if crossing else [],
        }
    cut, moved = selection.moved(selection.equal, "recall")
    found["recall"]["by_cut"] = {"probability": probability(selection.equal, cut), **described(moved)}
    cut, moved = selection.moved("unweighted", "ratio")
    found["moved_cut"] = {
        "reached": nearly(moved, "ratio"),
        "reached_by": "threshold",
        "most": 0.5,
        "threshold": probability("unweighted", cut),
        "gap": gap(moved, "ratio"),
        "low": None,
        "high": None,
        **described(moved),
        "crossings": [],
        "cut": cut,
    }
    return found
