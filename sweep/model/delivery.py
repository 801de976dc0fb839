"""What a study hands over: the networks of every balance, the best model, its score on a test table, exports."""

import math
import platform
from collections.abc import Mapping
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from sweep import __version__
from sweep.class_weight import weight_ratio
from sweep.config import Spec
from sweep.data.features import Features
from sweep.data.table import Table
from sweep.errors import StudyError
from sweep.files import whole
from sweep.model.export import ROWS, export
from sweep.model.final import Final
from sweep.model.point import at_point
from sweep.model.predict import decisions
from sweep.parallel.workers import Workers
from sweep.search.operating_point import Standing
from sweep.search.selection import OPERATING_POINT, Pick, Selection
from sweep.search.setup import TrialSetup
from sweep.stack.backend import in_threads
from sweep.stack.design import all_rows
from sweep.statistics.calibration import as_delivered, recalibration
from sweep.statistics.carry_over import CarryOver, every, quantiles
from sweep.statistics.confusion import Counts, described
from sweep.statistics.corrected_score import Corrected
from sweep.statistics.criteria import balancing_threshold, score
from sweep.statistics.operating_point import Wanted, find_point
from sweep.statistics.test_table import OnTest, compare_with_test
from sweep.study_folder import StudyFolder

LIBRARIES = ("tensorflow", "keras", "numpy", "scikit-learn", "optuna")  # whose versions a model's card names


def final_networks(
    spec: Spec,
    table: Table,
    features: Features,
    X: np.ndarray,
    setup: TrialSetup,
    selection: Selection,
    workers: Workers,
    *,
    corrected: Corrected,
    standing: Standing | None,
) -> Final:
    """Train the winner at every balance picked, on all rows."""
    names = [*selection.picks]
    mosts = [pick.most for pick in selection.picks.values()]
    design = all_rows(setup.y, most=mosts, repeats=selection.repeats, seed=setup.seed, sample=setup.sample)
    stack = workers.fit(X, design, setup.recipe(selection.winner.params), seed=setup.seed)
    share = float(setup.y.mean())
    some = every(len(X))
    columns = stack.logits(X[some]).reshape(-1, len(names), selection.repeats)
    says = {name: columns[:, place] for place, name in enumerate(names)}
    said = in_threads(lambda name: _said_of(setup, name, selection.picks[name], says[name]), names)
    lines = {name: _carry_over(selection.picks[name], 0, says[name].mean(axis=1)) for name in names}
    return Final(
        stack=stack,
        features=features,
        most=dict(zip(names, mosts, strict=True)),
        weight_ratio={name: float(weight_ratio(m, share)) for name, m in zip(names, mosts, strict=True)},
        card={**_card(spec, table, selection), **_expected(selection.equal, corrected, standing)},
        calibration={name: (line[0], line[1]) for name, (line, _) in zip(names, said, strict=True) if line},
        alone={name: alone for name, (_, alone) in zip(names, said, strict=True)},
        threshold={name: float(lines[name].carried(selection.picks[name].threshold)) for name in names},
        carry_over=lines,
    )


def _carry_over(pick: Pick, place: int, says: np.ndarray) -> CarryOver:
    """Find how to carry logits of a balance over: its mean logits (place 0), or those of a repeat alone (from 1 on)."""
    return CarryOver.between(pick.trained_on[place], quantiles([says], len(says)), fixed=pick.threshold == 0)


def deliver(record: StudyFolder, final: Final, equal: str, frame: pl.DataFrame) -> None:
    """Keep the networks for later exports, with some rows to compare them on, and export the balance selected."""
    final.store(record.artifacts)
    some = frame.gather_every(max(1, math.ceil(frame.height / ROWS)))
    with whole(record.rows) as part:
        some.write_parquet(part)
    with whole(record.best) as part:
        export(final.assemble(equal), part, frame=some)


def score_test(record: StudyFolder, test: Table, selection: Selection, corrected: Corrected) -> OnTest:
    """Score the test table once, by the exported model; beside it what to expect at its size and prevalence."""
    counts = Counts.of(test.y, decisions(record.best / "model.keras", test.frame))
    return compare_with_test(counts, selection.picks[selection.equal].counts, corrected)


def export_study(
    record: StudyFolder, to: Path, *, format: str, equal: str | None, point: Mapping[str, Any] | None, single: bool
) -> dict[str, Any]:
    """Export a balance of a finished study without training again; see `sweep.model.export.export`.

    An operating point is chosen anew on the out-of-fold logits of the curve's balances; see `sweep.model.point`.

    Parameters
    ----------
    record : StudyFolder
    to : path of a folder
    format : str
    equal : str, optional
        "precision", "ratio" or "recall"; default: what was selected.
    point : mapping, optional
        As `Wanted` takes it.
    single : bool
        One network instead of the ensemble.

    Returns
    -------
    dict
        As `export` returns it, and `says`: what the operating point does out-of-fold, None without one.
    """
    final, says = Final.load(record.artifacts), None
    if point is None:
        model = final.assemble(equal or Selection.load(record.selection).equal, single=single)
    else:
        model, says = at_point(final, Selection.load(record.selection), Wanted(**point), single=single)
    try:
        some = pl.read_parquet(record.rows)
    except (OSError, pl.exceptions.PolarsError):
        raise StudyError(f"{record.rows} must hold rows to compare on; it is missing or damaged. Run again.") from None
    return {**export(model, to, format=format, frame=some), "says": says}


def _card(spec: Spec, table: Table, selection: Selection) -> dict[str, Any]:
    """Write the model's card."""
    return {
        "name": spec.name,
        "version": __version__,
        "versions": {"python": platform.python_version(), **{name: version(name) for name in LIBRARIES}},
        "target": table.target,
        "positive": table.positive,
        "negative": table.negative,
        "fingerprint": table.fingerprint,
        "rows": len(table.y),
        "positives": int(table.y.sum()),
        "missing": list(spec.data.missing),
        "schema": table.schema.to_dict(),
        "network": {name: getattr(selection.winner.params, name) for name in ("depth", "width", "bins")},
        "mean_of": [part.words for part in selection.winner.params.parts],
        "out_of_fold": {name: described(pick.counts) for name, pick in selection.picks.items()},
    }


def _expected(delivered: str, corrected: Corrected, standing: Standing | None) -> dict[str, Any]:
    """Say what to expect of what is delivered on new rows, and what was asked for where that is an operating point."""
    rates: dict[str, Any] = {"min(P1, R1)": (corrected.score, corrected.low, corrected.high)}
    if standing is None:
        return {"expected": {delivered: rates}}
    rates |= {"P1": standing.corrected.precision, "R1": standing.corrected.recall}
    point = {**asdict(standing.asked), "reached": standing.point.reached}
    return {"expected": {delivered: rates}, "operating_point": point}


def _said_of(setup: TrialSetup, name: str, pick: Pick, says: np.ndarray) -> tuple[list[float] | None, dict[str, Any]]:
    """Fit the recalibration of a balance, if it needs one; and describe the network that does best by itself.

    `says` is what each final network says of the rows that it was trained on, (rows, repeats).
    """

    def line(logits: np.ndarray) -> list[float] | None:
        *_, export = recalibration(setup.scored, logits, pick.most, seed=setup.seed)
        return None if export is None else list(export)

    alike = [as_delivered(setup.scored, column, pick.most) for column in pick.logits.T]
    thresholds = [_threshold_alone(setup, name, pick, mean) for mean in alike]
    each = [Counts.of(setup.scored.y, mean > threshold) for mean, threshold in zip(alike, thresholds, strict=True)]
    best = int(np.argmax([score(counts) for counts in each]))
    together = line(pick.logits.mean(axis=1))
    alone = together if len(alike) == 1 else line(pick.logits[:, best])
    line_alone = _carry_over(pick, 1 + best, says[:, best])
    said = {"repeat": best, "out_of_fold": described(each[best]), "calibration": alone}
    threshold = float(line_alone.carried(thresholds[best]))
    return together, {**said, "threshold": threshold, "carry_over": line_alone.to_dict()}


def _threshold_alone(setup: TrialSetup, name: str, pick: Pick, mean: np.ndarray) -> float:
    """Find the threshold of one network of a balance alone: it has one of its own where the threshold was moved."""
    if name == OPERATING_POINT:
        recall = setup.asked is not None and setup.asked.kind == "recall"
        alike = Wanted("recall", pick.counts.recall[1] or 0.0) if recall else Wanted("top", pick.counts.called)
        return find_point(alike, setup.scored.y, setup.scored.units, mean).threshold
    return balancing_threshold(setup.scored.y, mean, name) if pick.threshold != 0 else 0.0
