"""What a run does, in order: search, selection, answer, deliver."""

import math
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from sweep import __version__
from sweep.answer.again import report_of
from sweep.answer.calibration import calibration, exports
from sweep.answer.dashboard import annotate
from sweep.answer.figures.trial import findings
from sweep.answer.findings import compose, described
from sweep.answer.pictures import draw_all, draw_one
from sweep.answer.summary import duration
from sweep.answer.verdict import answer
from sweep.balance.corrected import Corrected, corrected_score, prediction_interval
from sweep.balance.criteria import score
from sweep.balance.grid import weight_ratio
from sweep.balance.metrics import Counts, precision_at_share
from sweep.data.table import Table
from sweep.deliver.export import ROWS, export
from sweep.deliver.final import Final
from sweep.deliver.predict import decisions
from sweep.errors import StudyError
from sweep.prepare import Prepared, prepare
from sweep.progress import Logged, Progress
from sweep.record import Record, Result, locked, whole, write_text
from sweep.search.copying import copy_home
from sweep.search.estimate import estimate
from sweep.search.search import search
from sweep.search.selection import CANDIDATES, PICKS, Pick, Selection, confirm, select
from sweep.search.study import FINISHED, Space, Study
from sweep.search.task import Outcome, Params, Task
from sweep.search.workers import Workers
from sweep.spec import Spec
from sweep.stack.weights import all_rows

__all__ = ["Result", "run"]

QUICK = "quick"  # marks a run without a verdict


def run(
    spec: Spec | Prepared,
    *,
    root: str | Path = ".",
    workers: int = 1,
    backend: str = "loky",
    storage: str | None = None,
    quick: bool = False,
    progress: Progress | None = None,
) -> Result:
    """Run a study, or go on with it: search, selection, answer, deliver.

    Parameters
    ----------
    spec : Spec, or what `prepare` made of one
        With one target; `Spec.split` makes one of each of several.
    root : path
        Where `studies/NAME/` and `plots/NAME/` come to lie.
    workers : int
    backend : "loky", "dask" or "ray"
    storage : str, optional
        A database's URL; default: SQLite in the study's folder.
    quick : bool
        Leave the verdict out.
    progress : Progress, optional

    Returns
    -------
    Result

    Raises
    ------
    ValueError
        If the table, the settings or the storage cannot be used, or the name is taken by other data or settings.
    RunError
        If the run cannot go on; what is finished is kept.
    """
    data = prepare(spec) if isinstance(spec, Spec) else spec
    spec = data.spec
    record = Record(Path(root).resolve(), spec.name)
    with locked(record), Workers(workers, backend) as crew:
        progress = Logged(progress or Progress(), record.log)
        toml = spec.to_toml(record.folder)
        tested = "" if data.test is None else f"# test table {data.test.fingerprint}\n"
        opened = Study.open(
            record,
            storage,
            space=Space(spec.search.most, spec.search.depth, spec.search.width, spec.search.settings),
            seed=spec.search.seed,
            identity={"data": data.table.fingerprint, **identity(spec)},
            note=progress.note,
        )
        with closing(opened) as study:
            write_text(record.study, toml)
            for note in data.notes:
                progress.note(note)
            settled = study.finished >= spec.search.trials and record.complete
            if settled and study.done in {toml + tested, toml + tested + QUICK * quick}:
                return record.read_result()
            result = _Run(record, spec, data, study, crew, progress, quick).go()
            if storage is not None:
                copy_home(study, record)
            write_text(record.result, result.to_json())
            study.done = toml + tested + QUICK * quick
            return result


def identity(spec: Spec) -> dict[str, Any]:
    """The settings that a study's trials depend on: those that must be the same to go on with it."""
    return {
        "target": spec.data.target[0],
        "positive": spec.data.positive,
        **{k: v for k, v in asdict(spec.search).items() if k not in ("trials", "timeout")},
        **asdict(spec.training),
        "objective": "min(R0, R1)" if spec.balance.equal == "recall" else "min(P1, R1)",
    }


@dataclass
class _Run:
    record: Record
    spec: Spec
    data: Prepared
    study: Study
    workers: Workers
    progress: Progress
    quick: bool

    def __post_init__(self) -> None:
        table, training = self.data.table, self.spec.training
        assert training.epochs is not None  # resolved
        self.clock = 0.0
        self.task = Task(
            X=self.data.X,
            y=table.y,
            fold_of_row=self.data.fold_of_row,
            units=table.groups,
            repeats=training.repeats,
            epochs=training.epochs,
            batch_size=training.batch_size,
            equal=self.spec.balance.equal,
            seed=self.spec.search.seed,
        )

    def go(self) -> Result:
        """Search, select, answer, deliver."""
        self._estimate()
        with self._timed("search"):
            search(
                self.study,
                self.task,
                trials=self.spec.search.trials,
                timeout=self.spec.search.timeout,
                workers=self.workers,
                progress=self.progress,
                show=self._show,
            )
        with self._timed("curve"):
            selection = self._select()
            corrected = self._correct(selection)
        with whole(self.record.selection) as part:
            selection.save(part, asked=self.spec.balance.equal, seed=self.task.seed)
        with self._timed("final"):
            self._deliver(selection)
            test = None if self.data.test is None else self._test(self.data.test, selection, corrected)
        verdict = None if self.quick else self._answer(selection, corrected)
        result = compose(
            self.spec, self.data.table, selection, corrected, fold_of_row=self.task.fold_of_row, test=test,
            verdict=verdict, trials=self.study.totals(), seconds=self.study.seconds(),
        )  # fmt: skip
        draw_all(self.record, self.study.trials(*FINISHED), selection, result)
        report_of(self.record, result)
        return result

    def _estimate(self) -> None:
        totals, wanted = self.study.totals(), self.spec.search.trials
        left = max(0, wanted - totals["complete"] - totals["pruned"])
        seconds = estimate(self.task, self.study.space, trials=left, workers=self.workers)
        if self.spec.search.timeout is not None:
            seconds["search"] = min(seconds["search"], self.spec.search.timeout)
        parts = ", ".join(f"{phase} {duration(s)}" for phase, s in seconds.items())
        self.progress.note(
            f"about {duration(sum(seconds.values()))}: {parts} ({left} trials of {self.spec.training.folds} folds x "
            f"{self.task.repeats} networks, {self.task.epochs} epochs of {len(self.task.y)} rows)"
        )

    def _show(self, number: int, params: Params, outcome: Outcome) -> None:
        logits = outcome.logits.mean(axis=1)
        stopped = outcome.epochs if outcome.pruned else None
        picture = draw_one(self.record, self.task.y, logits, number=number, params=asdict(params), stopped=stopped)
        annotate(self.study, number, picture, findings(self.task.counts(outcome.logits)))
        self._spend("search")

    def _select(self) -> Selection:
        self.progress.phase("confirm and curve", 2)
        confirmed = confirm(self.task, self.study.best_networks(CANDIDATES), self.workers)
        self.progress.step()
        selection = select(
            self.task, confirmed, *self.spec.search.most, asked=self.spec.balance.equal, workers=self.workers
        )
        self.progress.step()
        return selection

    def _correct(self, selection: Selection) -> Corrected:
        """Correct the delivered balance's score for the search, over the out-of-fold logits of all complete trials."""
        trials = self.study.trials(FINISHED[0])
        winner = selection.winner.params.network
        return corrected_score(
            self.task.y,
            self.task.units,
            np.stack([self.study.logits(t).mean(axis=1) for t in trials], axis=1),
            [Params(**t.params).network == winner for t in trials],
            selection.curve_logits,
            selection.curve.most,
            equal=self.task.equal,
            deliver=selection.equal,
            seed=self.task.seed,
        )

    def _answer(self, selection: Selection, corrected: Corrected) -> dict[str, Any]:
        """Whether it is futile, from evidence."""
        test = self.data.test
        return answer(
            self.task,
            selection,
            (corrected.score, corrected.low, corrected.high),
            enough=self.spec.verdict.enough,
            test=None if test is None else (len(test.y), int(test.y.sum())),
            workers=self.workers,
            progress=self.progress,
        )

    def _deliver(self, selection: Selection) -> None:
        self.progress.phase("final networks", 1)
        mosts = [selection.picks[name].most for name in PICKS]
        design = all_rows(self.task.y, most=mosts, repeats=self.task.repeats, seed=self.task.seed)
        recipe = self.task.recipe(selection.winner.params)
        stack = self.workers.fit(self.task.X, design, recipe, seed=self.task.seed)
        share = float(self.task.y.mean())
        final = Final(
            stack=stack,
            features=self.data.features,
            most=dict(zip(PICKS, mosts, strict=True)),
            weight_ratio={name: float(weight_ratio(m, share)) for name, m in zip(PICKS, mosts, strict=True)},
            card=self._card(selection),
            calibration=exports(selection, self.task.fold_of_row, seed=self.task.seed),
            alone={name: self._best_alone(selection, pick) for name, pick in selection.picks.items()},
        )
        final.store(self.record.artifacts)
        some = self.data.table.frame.gather_every(max(1, math.ceil(len(self.task.y) / ROWS)))
        with whole(self.record.rows) as part:
            some.write_parquet(part)
        with whole(self.record.best) as part:
            export(final.assemble(selection.equal), part, frame=some)
        self.progress.step()

    def _card(self, selection: Selection) -> dict[str, Any]:
        """What the model says of itself."""
        table = self.data.table
        return {
            "name": self.spec.name,
            "version": __version__,
            "target": table.target,
            "positive": table.positive,
            "negative": table.negative,
            "fingerprint": table.fingerprint,
            "rows": len(table.y),
            "positives": int(table.y.sum()),
            "missing": list(self.spec.data.missing),
            "network": {"depth": selection.winner.params.depth, "width": selection.winner.params.width},
            "out_of_fold": {
                name: {"counts": pick.counts.to_dict(), "intervals": pick.counts.intervals()}
                for name, pick in selection.picks.items()
            },
        }

    def _best_alone(self, selection: Selection, pick: Pick) -> dict[str, Any]:
        """Of the networks of a balance, the one that did best out-of-fold by itself, and what its card must say."""
        task = self.task
        each = [task.counts(pick.logits[:, [r]]) for r in range(task.repeats)]
        best = int(np.argmax([score(counts) for counts in each]))
        by_itself = calibration(
            task.y, task.units, task.fold_of_row, pick.logits[:, best], pick.most, seed=task.seed
        )  # fmt: skip
        counts = {"counts": each[best].to_dict(), "intervals": each[best].intervals()}
        return {"repeat": best, "out_of_fold": counts, "calibration": by_itself["export"]}

    def _test(self, test: Table, selection: Selection, corrected: Corrected) -> dict[str, Any]:
        """Score the test table once, by the exported model; beside it what to expect at its size and share."""
        counts = Counts.of(test.y, decisions(self.record.best / "model.keras", test.frame))
        r0, r1 = selection.picks[selection.equal].counts.recall
        both = counts.positives > 0 and counts.negatives > 0
        return {
            **described(counts),
            "intervals": counts.intervals(),
            "expected_precision": list(precision_at_share(r0 or 0.0, r1 or 0.0, float(test.y.mean()))),
            "score": float(score(counts)) if both else None,
            "predicted": prediction_interval(corrected, counts.positives, counts.negatives) if both else None,
        }

    @contextmanager
    def _timed(self, phase: str) -> Iterator[None]:
        self.clock = time.perf_counter()
        try:
            yield
        finally:
            self._spend(phase)

    def _spend(self, phase: str) -> None:
        """Add what has passed since the clock was set, and set it anew."""
        now = time.perf_counter()
        self.study.add_seconds(phase, now - self.clock)
        self.clock = now


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
