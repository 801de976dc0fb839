"""What a study hands over: the networks of every balance, the best model, its score on a test table, exports."""

import math
import platform
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from sweep import __version__
from sweep.answer.calibration import calibration
from sweep.answer.findings import described
from sweep.balance.corrected import Corrected, prediction_interval
from sweep.balance.criteria import score
from sweep.balance.grid import weight_ratio
from sweep.balance.metrics import Counts, precision_at_share
from sweep.data.table import Table
from sweep.deliver.export import ROWS, export
from sweep.deliver.final import Final
from sweep.deliver.predict import decisions
from sweep.errors import StudyError
from sweep.prepare import Prepared
from sweep.record import Record, whole
from sweep.search.selection import PICKS, Pick, Selection
from sweep.search.task import Task
from sweep.search.workers import Workers
from sweep.stack.backend import in_threads
from sweep.stack.weights import all_rows

LIBRARIES = ("tensorflow", "keras", "numpy", "scikit-learn", "optuna")  # whose versions a model's card names


def final_networks(data: Prepared, task: Task, selection: Selection, workers: Workers) -> Final:
    """Train the winner at every balance picked, on all rows."""
    mosts = [selection.picks[name].most for name in PICKS]
    design = all_rows(task.y, most=mosts, repeats=task.repeats, seed=task.seed)
    stack = workers.fit(task.X, design, task.recipe(selection.winner.params), seed=task.seed)
    share = float(task.y.mean())
    picks = [selection.picks[name] for name in PICKS]
    best = [_best_alone(task, pick) for pick in picks]
    together = _mended(task, [p.logits.mean(axis=1) for p in picks], mosts)
    alone = (
        together
        if task.repeats == 1
        else _mended(task, [p.logits[:, r] for p, r in zip(picks, best, strict=True)], mosts)
    )
    return Final(
        stack=stack,
        features=data.features,
        most=dict(zip(PICKS, mosts, strict=True)),
        weight_ratio={name: float(weight_ratio(m, share)) for name, m in zip(PICKS, mosts, strict=True)},
        card=_card(data, selection),
        calibration={name: (line[0], line[1]) for name, line in zip(PICKS, together, strict=True) if line},
        alone={
            name: {
                "repeat": r,
                "out_of_fold": _described(task.counts(pick.logits[:, [r]])),
                "calibration": line,
            }
            for name, pick, r, line in zip(PICKS, picks, best, alone, strict=True)
        },
    )


def hand_over(record: Record, final: Final, equal: str, frame: pl.DataFrame) -> None:
    """Keep the networks for later exports, with some rows to compare them on, and export the balance selected."""
    final.store(record.artifacts)
    some = frame.gather_every(max(1, math.ceil(frame.height / ROWS)))
    with whole(record.rows) as part:
        some.write_parquet(part)
    with whole(record.best) as part:
        export(final.assemble(equal), part, frame=some)


def score_test(record: Record, test: Table, selection: Selection, corrected: Corrected) -> dict[str, Any]:
    """Score the test table once, by the exported model; beside it what to expect at its size and share."""
    counts = Counts.of(test.y, decisions(record.best / "model.keras", test.frame))
    r0, r1 = selection.picks[selection.equal].counts.recall
    both = counts.positives > 0 and counts.negatives > 0
    return {
        **described(counts),
        "intervals": counts.intervals(),
        "expected_precision": list(precision_at_share(r0 or 0.0, r1 or 0.0, float(test.y.mean()))),
        "score": float(score(counts)) if both else None,
        "predicted": prediction_interval(corrected, counts.positives, counts.negatives) if both else None,
    }


def export_study(record: Record, to: Path, *, format: str, equal: str | None, single: bool) -> dict[str, Any]:
    """Export a balance of a finished study without training again; see `sweep.deliver.export.export`.

    Parameters
    ----------
    record : Record
    to : path of a folder
    format : str
    equal : str, optional
        "precision", "ratio" or "recall"; default: the balance that was selected.
    single : bool
        One network instead of the ensemble.
    """
    result = record.read_result()
    model = Final.load(record.artifacts).assemble(equal or result.selected["equal"], single=single)
    try:
        some = pl.read_parquet(record.rows)
    except (OSError, pl.exceptions.PolarsError):
        raise StudyError(f"{record.rows} must hold rows to compare on; it is missing or damaged. Run again.") from None
    return export(model, to, format=format, frame=some)


def _card(data: Prepared, selection: Selection) -> dict[str, Any]:
    """What the model says of itself."""
    table = data.table
    return {
        "name": data.spec.name,
        "version": __version__,
        "versions": {"python": platform.python_version(), **{name: version(name) for name in LIBRARIES}},
        "target": table.target,
        "positive": table.positive,
        "negative": table.negative,
        "fingerprint": table.fingerprint,
        "rows": len(table.y),
        "positives": int(table.y.sum()),
        "missing": list(data.spec.data.missing),
        "network": {"depth": selection.winner.params.depth, "width": selection.winner.params.width},
        "out_of_fold": {name: _described(pick.counts) for name, pick in selection.picks.items()},
    }


def _best_alone(task: Task, pick: Pick) -> int:
    """Which of the networks of a balance did best out-of-fold by itself."""
    return int(np.argmax([score(task.counts(pick.logits[:, [r]])) for r in range(task.repeats)]))


def _mended(task: Task, logits: Sequence[np.ndarray], mosts: Sequence[float]) -> list[list[float] | None]:
    """The intercept and slope that go with the probability of each balance, where it needs them."""

    def line(held_out: np.ndarray, most: float) -> list[float] | None:
        found = calibration(task.y, task.units, task.fold_of_row, held_out, most, seed=task.seed)
        return found["export"]

    return in_threads(line, logits, mosts)


def _described(counts: Counts) -> dict[str, Any]:
    return {**described(counts), "intervals": counts.intervals()}
