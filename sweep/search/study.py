"""The Optuna study: created, resumed, asked and told by one parent. Its only other reader is the dashboard."""

import json
import tempfile
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import optuna
from optuna.artifacts import FileSystemArtifactStore, download_artifact, get_all_artifact_meta, upload_artifact
from optuna.trial import FrozenTrial, Trial, TrialState

from sweep.balance.criteria import CRITERIA, gap
from sweep.balance.metrics import average_precision
from sweep.errors import StudyError
from sweep.record import Record
from sweep.search.trial import Outcome, Params, Task

optuna.logging.set_verbosity(optuna.logging.ERROR)
warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning)

WARM_UP_TRIALS = 10  # random ones before the sampler models them, and complete ones before any is pruned
LOGITS = "logits.npy"
FINISHED = (TrialState.COMPLETE, TrialState.PRUNED)


@dataclass(frozen=True)
class Space:
    """Where the search looks: low and high ends; widths go in doublings."""

    most: tuple[float, float]
    depth: tuple[int, int]
    width: tuple[int, int]

    @property
    def widths(self) -> list[int]:
        """The low end doubled while it is below the high end, and the high end."""
        low, high = self.width
        doubled = [low * 2**i for i in range(12) if low * 2**i < high]
        return [*doubled, high]

    def start(self, network: tuple[int, int]) -> dict[str, Any]:
        """The first trial: a default network, where the space has it, half-way between the ends of `most`."""
        depth, width = network
        return {
            "most": sum(self.most) / 2,
            "depth": min(max(depth, self.depth[0]), self.depth[1]),
            "width": min(self.widths, key=lambda w: abs(w - width)),
        }


@dataclass
class Study:
    """A study in its storage, and the trials that are out."""

    optuna: optuna.Study
    artifacts: Path
    space: Space
    seed: int
    out: dict[int, Trial] = field(default_factory=dict)

    @classmethod
    def open(
        cls, url: str, name: str, *, artifacts: Path, space: Space, seed: int, identity: Mapping[str, Any]
    ) -> "Study":
        """Create a study or go on with it; trials found running are dead, and will be tried again as they were.

        Raises
        ------
        StudyError
            If the storage cannot be used, or holds this study with other data or settings.
        """
        try:
            storage = optuna.storages.RDBStorage(url)
            study = optuna.create_study(
                storage=storage, study_name=name, direction="maximize", load_if_exists=True, sampler=_sampler(seed, 0)
            )
            known = study.user_attrs.get("identity")
            trials = study.get_trials(deepcopy=False)
        except Exception as error:  # whatever the database's driver raises
            raise StudyError(_unusable(url, error)) from None
        now = json.loads(json.dumps(identity))
        if known is None:
            study.set_user_attr("identity", now)
            study.set_metric_names(["score"])
        elif other := [key for key in now if known.get(key) != now[key]]:
            was, got = known.get(other[0]), now[other[0]]
            raise StudyError(
                f"Study {name!r} must go on with the data and settings that it began with; {other[0]} was {was}, now "
                f"{got}. Choose another --name, or `sweep remove {name}`."
            )
        artifacts.mkdir(parents=True, exist_ok=True)
        self = cls(study, artifacts, space, seed)
        for trial in trials:
            if trial.state == TrialState.RUNNING:
                self._again(trial.number, trial.params)
        if not trials:
            study.enqueue_trial(space.start((2, 64)))
        return self

    @classmethod
    def reopen(cls, record: Record) -> "Study":
        """Open the study of a run's folder to read it.

        Raises
        ------
        StudyError
            If its database is missing or damaged.
        """
        try:
            study = optuna.load_study(storage=f"sqlite:///{record.database}", study_name=record.name)
        except Exception as error:  # whatever the database's driver raises
            raise StudyError(_unusable(f"sqlite:///{record.database}", error)) from None
        return cls(study, record.artifacts, Space((0.5, 1), (1, 1), (1, 1)), 0)

    @property
    def store(self) -> FileSystemArtifactStore:
        """Where artifacts lie."""
        return FileSystemArtifactStore(self.artifacts)

    def trials(self, *states: TrialState) -> list[FrozenTrial]:
        """The trials in some states, by number."""
        return self.optuna.get_trials(deepcopy=False, states=states)

    def totals(self) -> dict[str, int]:
        """How many trials are complete, pruned and failed."""
        states = [t.state for t in self.optuna.get_trials(deepcopy=False)]
        return {
            "complete": states.count(TrialState.COMPLETE),
            "pruned": states.count(TrialState.PRUNED),
            "failed": states.count(TrialState.FAIL),
        }

    def ask(self) -> tuple[int, Params]:
        """Take the next trial's parameters; they depend on the seed, its number and what came back, on no history."""
        self.optuna.sampler = _sampler(self.seed, len(self.optuna.get_trials(deepcopy=False)))
        trial = self.optuna.ask()
        params = Params(
            most=trial.suggest_float("most", *self.space.most),
            depth=trial.suggest_int("depth", *self.space.depth),
            width=int(trial.suggest_categorical("width", self.space.widths)),
        )
        self.out[trial.number] = trial
        return trial.number, params

    def floors(self) -> dict[int, float]:
        """The scores under which a trial ends: at each epoch reported, the median of the finished ones' scores."""
        reached: dict[int, list[float]] = {}
        finished = self.trials(*FINISHED)
        if len(finished) < WARM_UP_TRIALS:
            return {}
        for trial in finished:
            for epoch, value in trial.intermediate_values.items():
                reached.setdefault(epoch, []).append(value)
        return {epoch: float(np.median(values)) for epoch, values in reached.items()}

    def tell(self, number: int, task: Task, outcome: Outcome) -> None:
        """Keep what a trial came to: attributes and logits first, its state last."""
        trial = self.out.pop(number)
        counts = task.counts(outcome.logits)
        (p0, p1), (r0, r1) = counts.precision, counts.recall
        attributes: dict[str, Any] = {
            "counts": counts.to_dict(),
            "P0": p0, "P1": p1, "R0": r0, "R1": r1,
            "average_precision": average_precision(task.y, outcome.logits.mean(axis=1)),
            **{f"gap_{equal}": gap(counts, equal) for equal in CRITERIA},
            "epochs": outcome.epochs,
            "seconds": outcome.seconds,
        }  # fmt: skip
        for key, value in attributes.items():
            trial.set_user_attr(key, value)
        with tempfile.TemporaryDirectory() as folder:
            np.save(path := Path(folder) / LOGITS, outcome.logits)
            self.attach(trial, path, mimetype="application/octet-stream")
        for epoch, value in outcome.reports:
            trial.report(value, epoch)
        if outcome.pruned:
            self.optuna.tell(trial, state=TrialState.PRUNED)
        else:
            self.optuna.tell(trial, task.score(outcome.logits))

    def best_networks(self, count: int) -> list[tuple[int, Params]]:
        """The networks with the best complete trials, each with its best one: (trial number, parameters)."""
        ranked = sorted(self.trials(TrialState.COMPLETE), key=lambda t: (-(t.value or 0.0), t.number))
        networks: dict[tuple[int, int], tuple[int, Params]] = {}
        for trial in ranked:
            params = Params(**trial.params)
            networks.setdefault((params.depth, params.width), (trial.number, params))
        return list(networks.values())[:count]

    def attach(self, trial: Trial | FrozenTrial, path: Path, *, mimetype: str) -> str:
        """Keep a file with a trial, and say under which id."""
        return upload_artifact(
            artifact_store=self.store,
            file_path=str(path),
            study_or_trial=trial,
            storage=self.optuna._storage,
            mimetype=mimetype,
        )

    def lose(self) -> None:
        """Give up the trials that are out: each is counted as failed and will be tried again as it was."""
        for number, trial in list(self.out.items()):
            self._again(number, trial.params)
        self.out.clear()

    def logits(self, trial: FrozenTrial) -> np.ndarray:
        """The out-of-fold logits that a trial left: array of float32, shape (rows, repeats)."""
        metas = get_all_artifact_meta(study_or_trial=trial, storage=self.optuna._storage)
        found = [m.artifact_id for m in metas if m.filename == LOGITS]
        try:
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / LOGITS
                download_artifact(artifact_store=self.store, artifact_id=found[-1], file_path=str(path))
                return np.load(path, allow_pickle=False)
        except (LookupError, OSError, ValueError, optuna.artifacts.exceptions.ArtifactNotFound):
            raise StudyError(
                f"Trial {trial.number} must have its logits under {self.artifacts}; they are missing or damaged. "
                "Remove the study and run it again."
            ) from None

    def seconds(self) -> dict[str, float]:
        """Wall clock of each phase, summed over all runs."""
        return {k: float(self.optuna.user_attrs.get(f"seconds_{k}", 0.0)) for k in ("search", "curve", "final")}

    def add_seconds(self, phase: str, seconds: float) -> None:
        """Add to a phase's wall clock."""
        self.optuna.set_user_attr(f"seconds_{phase}", self.seconds()[phase] + seconds)

    def _again(self, number: int, params: dict[str, Any]) -> None:
        self.optuna.tell(number, state=TrialState.FAIL)
        if params:
            self.optuna.enqueue_trial(params)


def best(trials: Sequence[FrozenTrial]) -> FrozenTrial:
    """The complete trial with the highest score; of equal ones the first."""
    return max(trials, key=lambda t: (t.value or 0.0, -t.number))


def _sampler(seed: int, number: int) -> optuna.samplers.TPESampler:
    mixed = int(np.random.SeedSequence([seed, number]).generate_state(1)[0])
    return optuna.samplers.TPESampler(seed=mixed, n_startup_trials=WARM_UP_TRIALS)


def _unusable(url: str, error: Exception) -> str:
    from sqlalchemy.engine import make_url  # optuna's own dependency; it knows how to hide a password

    try:
        shown = make_url(url).render_as_string(hide_password=True)
    except Exception:
        shown = url.split("://")[0] + "://..."
    reason = str(error).strip().splitlines()[0][:200] if str(error).strip() else type(error).__name__
    return f"The storage {shown} must be a database that can be used; got: {type(error).__name__}: {reason}. Check it."
