"""The result of a run, put together from what its stages came to."""

from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from importlib.metadata import PackageNotFoundError, version
from platform import python_version
from typing import Any

import numpy as np

from sweep import __version__
from sweep.class_weight import weight_ratio
from sweep.config import Spec
from sweep.data.table import Table
from sweep.evidence.verdict import Verdict
from sweep.report.result import (
    Balance,
    ByThreshold,
    ColumnSummary,
    ConfirmedNetwork,
    DataSummary,
    Result,
    Searched,
    Selected,
    Trials,
)
from sweep.search.members import Confirmed
from sweep.search.operating_point import Standing
from sweep.search.selection import PICKS, Selection
from sweep.statistics.confusion import average_precision
from sweep.statistics.corrected_score import Corrected
from sweep.statistics.criteria import gap, score
from sweep.statistics.reached import nearly
from sweep.statistics.test_table import OnTest
from sweep.study.params import Params

PACKAGES = ("numpy", "scipy", "scikit-learn", "tensorflow", "keras", "optuna", "polars")


def compose(
    spec: Spec,
    table: Table,
    selection: Selection,
    corrected: Corrected,
    standing: Standing | None,
    *,
    sampled: bool,
    probability: Callable[[str, float], float | None],
    notes: Sequence[str],
    test: OnTest | None,
    verdict: Verdict | None,
    trials: dict[str, int],
    seconds: dict[str, float],
    workers: int,
) -> Result:
    """Put a run's result together; counts and rates are out-of-fold over the scored rows, at each balance's threshold.

    `sampled` says whether networks were trained on some of the negatives only; `probability` is what a balance says by
    a mean logit, None where it tells no rows apart; `notes` what was said when the tables were read.
    """
    rows, pick, winner = selection.rows, selection.picks[selection.equal], selection.winner
    logits = pick.mean
    folds = [rows.fold_of_row == k for k in range(rows.folds)]
    own = [average_precision(rows.y[here], logits[here]) for here in folds]
    searched = {"most", "depth", "width", *spec.search.settings}
    alone = [one for one in selection.confirmed if not one.params.members]

    def networks(some: Sequence[Confirmed]) -> tuple[ConfirmedNetwork, ...]:
        return tuple(
            ConfirmedNetwork(
                trial=c.trial,
                **_of(c.params, searched),
                **{name: getattr(c.params, name) for name in ("bins", "length", "trees")},
                score=c.score,
            )
            for c in some
        )

    return Result(
        name=spec.name,
        version=__version__,
        data=DataSummary(
            rows=len(table.y),
            scored=len(rows.y),
            positives=int(table.y.sum()),
            features=table.frame.width,
            fingerprint=table.fingerprint,
            target=table.target,
            positive=table.positive,
            negative=table.negative,
            columns=tuple(ColumnSummary(**column) for column in table.columns),
            notes=tuple(notes),
            negatives_per_positive=spec.training.negatives_per_positive if sampled else None,
        ),
        equal=None if standing else spec.balance.criterion,
        selected=Selected(
            equal=None if standing else selection.equal,
            why=selection.why or None,
            trial=winner.trial,
            params=Searched(**_of(replace(winner.params, most=pick.most), searched)),
            bins=winner.params.bins,
            network=winner.params.words,
            members=networks([one for one in alone if one.params in winner.params.parts]),
            weight_ratio=float(weight_ratio(pick.most, rows.prevalence)),
            threshold=probability(selection.equal, pick.threshold),
            counts=pick.counts,
            precision=pick.counts.precision,
            recall=pick.counts.recall,
            average_precision=average_precision(rows.y, logits) or 0.0,
            average_precision_by_fold=float(np.mean([value for value in own if value is not None])),
            score=float(score(pick.counts)),
            corrected=corrected,
            confirmed=networks(alone),
        ),
        balances=_balances(selection, probability),
        trials=Trials(**trials),
        test=test,
        verdict=verdict,
        operating_point=None if standing is None else standing.described(probability),
        seconds=seconds,
        workers=workers,
        versions=installed_versions(),
    )


def installed_versions() -> dict[str, str]:
    """Return the versions of what the numbers depend on, as installed here; a package that is not is left out."""
    found = {"python": python_version()}
    for package in PACKAGES:
        with suppress(PackageNotFoundError):
            found[package] = version(package)
    return found


def _of(params: Params, searched: Collection[str]) -> dict[str, Any]:
    return {name: value for name, value in asdict(params).items() if name in searched}


def _balances(selection: Selection, probability: Callable[[str, float], float | None]) -> dict[str, Balance]:
    """Describe the three balances, no weighting, and no weighting with the threshold moved."""
    found: dict[str, Balance] = {}
    for name in PICKS:
        pick, crossing = selection.picks[name], selection.curve.crossings.get(name)
        found[name] = Balance(
            reached=pick.reached_by is not None,
            reached_by=pick.reached_by,
            most=pick.most,
            threshold=probability(name, pick.threshold),
            gap=pick.gap,
            low=crossing.low if crossing else None,
            high=crossing.high if crossing else None,
            counts=pick.counts,
            precision=pick.counts.precision,
            recall=pick.counts.recall,
            crossings=crossing.raw if crossing else (),
        )
    threshold, moved = selection.moved(selection.equal, "recall")
    by_threshold = ByThreshold(probability(selection.equal, threshold), moved, moved.precision, moved.recall)
    found["recall"] = replace(found["recall"], by_threshold=by_threshold)
    threshold, moved = selection.moved("unweighted", "ratio")
    found["moved_cut"] = Balance(
        reached=nearly(moved, "ratio"),
        reached_by="threshold",
        most=0.5,
        threshold=probability("unweighted", threshold),
        gap=gap(moved, "ratio"),
        low=None,
        high=None,
        counts=moved,
        precision=moved.precision,
        recall=moved.recall,
        crossings=(),
        cut=threshold,
    )
    return found
