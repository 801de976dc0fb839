"""What a run does, in order: search, selection, answer, deliver."""

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from sweep.answer.again import report_of
from sweep.answer.dashboard import annotate
from sweep.answer.figures.trial import findings
from sweep.answer.findings import compose
from sweep.answer.pictures import draw_all, draw_one
from sweep.answer.summary import duration
from sweep.answer.verdict import answer
from sweep.balance.corrected import Corrected, corrected_score
from sweep.deliver.final import Final
from sweep.handover import final_networks, hand_over, score_test
from sweep.prepare import Prepared, prepare
from sweep.progress import Logged, Progress
from sweep.record import Record, Result, locked, whole, write_text
from sweep.search.copying import copy_home
from sweep.search.estimate import estimate
from sweep.search.search import search
from sweep.search.selection import CANDIDATES, Selection, confirm, select
from sweep.search.space import Space
from sweep.search.study import FINISHED, Study
from sweep.search.task import Outcome, Params, Task
from sweep.search.workers import Workers
from sweep.spec import Spec
from sweep.stack.engine import DECAY_AT, GAIN_RATE
from sweep.stack.recipe import Recipe

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
        "recipe": {
            **asdict(Recipe(weight_decay=Recipe().decay, dropout=Recipe().lost)),
            "decay_at": DECAY_AT,
            "gain_rate": GAIN_RATE,
        },
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
        assert training.epochs is not None  # resolved, as the next
        assert training.batch_size is not None
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
            final = self._deliver(selection)
            test = None if self.data.test is None else score_test(self.record, self.data.test, selection, corrected)
        verdict = None if self.quick else self._answer(selection, corrected)
        result = compose(
            self.spec, self.data.table, selection, corrected, fold_of_row=self.task.fold_of_row,
            probability=partial(final.probability, selection.equal), test=test, verdict=verdict,
            trials=self.study.totals(), seconds=self.study.seconds(),
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

    def _deliver(self, selection: Selection) -> Final:
        self.progress.phase("final networks", 1)
        final = final_networks(self.data, self.task, selection, self.workers)
        hand_over(self.record, final, selection.equal, self.data.table.frame)
        self.progress.step()
        return final

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
