"""The Optuna study: created, resumed, asked and told by one parent. Its only other reader is the dashboard."""

import json
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import optuna
from optuna.trial import FrozenTrial as FrozenTrial
from optuna.trial import Trial, TrialState

from sweep.errors import StudyError, SweepError
from sweep.search.task import Outcome, Params, Task
from sweep.statistics.confusion import average_precision
from sweep.statistics.criteria import CRITERIA, gap
from sweep.study.artifacts import Artifacts
from sweep.study.ownership import Ownership, me
from sweep.study.space import Space, sampler
from sweep.study.storage import Storage, check_file, server_url, shown, sqlite_url, unusable
from sweep.study_folder import StudyFolder

optuna.logging.set_verbosity(optuna.logging.ERROR)

PRUNED_AFTER = 8  # finished trials
FINISHED = (TrialState.COMPLETE, TrialState.PRUNED)


@dataclass
class Study:
    """A study in its storage, and the trials that are out."""

    optuna: optuna.Study
    storage: Storage
    artifacts: Artifacts
    space: Space
    seed: int
    ownership: Ownership | None = None  # of a study in a team's database
    out: dict[int, Trial] = field(default_factory=dict)

    @classmethod
    def open(
        cls,
        record: StudyFolder,
        storage: str | None,
        *,
        space: Space,
        seed: int,
        identity: Mapping[str, Any],
        note: Callable[[str], None],
    ) -> "Study":
        """Create a study or go on with it; trials found running are dead, and will be tried again as they were.

        Parameters
        ----------
        record : StudyFolder
        storage : str or None
            The URL of a database; default: SQLite in the study's folder.
        space : Space
        seed : int
        identity : mapping
            The data and settings that must be the same to go on.
        note : callable
            Is told where the storage is waited for.

        Raises
        ------
        StudyError
            If the storage cannot be used, or holds this study with other data or settings.
        RunError
            If another run is at it on this storage.
        """
        if storage is None and record.database.exists():
            check_file(record.database)
        url = sqlite_url(record.database, create=True) if storage is None else server_url(storage)
        opened = Storage(url, note=note)
        ownership = None
        try:
            study = optuna.create_study(
                storage=opened, study_name=record.name, direction="maximize", load_if_exists=True
            )
            if storage is not None:
                ownership = Ownership(url, record.name, lambda: study.user_attrs.get("owner"))
                ownership.hold()
            known = study.user_attrs.get("identity")
            trials = study.get_trials(deepcopy=False)
        except SweepError:
            raise
        except Exception as error:  # whatever the database's driver raises
            raise unusable(url, error) from None
        now = json.loads(json.dumps(identity))
        if known is None:
            study.set_user_attr("identity", now)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
                study.set_metric_names(["score"])
        elif other := [key for key in now if known.get(key) != now[key]]:
            was, got = known.get(other[0]), now[other[0]]
            instead = f", or `sweep remove {record.name}`" if storage is None else ""
            raise StudyError(
                f"Study {record.name!r} must go on with the data and settings that it began with; {other[0]} was "
                f"{str(was)[:40]}, now {str(got)[:40]}. Choose another --name{instead}."
            )
        record.artifacts.mkdir(parents=True, exist_ok=True)
        self = cls(study, opened, Artifacts(record.artifacts, study._storage), space, seed, ownership)
        self._check_home(trials)
        study.set_user_attr("owner", f"{me()}, in {record.folder}")
        self.artifacts.tidy(trials)
        self._lose([t for t in trials if t.state == TrialState.RUNNING])
        if not trials:
            study.enqueue_trial(space.start((2, 64)))
        return self

    @classmethod
    def reopen(cls, record: StudyFolder) -> "Study":
        """Open the study of a run's folder to read it.

        Raises
        ------
        StudyError
            If its database is missing or damaged.
        """
        if not record.database.exists():
            raise StudyError(
                f"{record.database} must be the database of a study; there is none (a study in a --storage gets it "
                "at its end). Run the study to its end."
            )
        check_file(record.database)
        url = sqlite_url(record.database, create=False)
        opened = Storage(url, skip_compatibility_check=True, skip_table_creation=True)
        try:
            study = optuna.load_study(storage=opened, study_name=record.name)
        except SweepError:
            raise
        except Exception as error:  # whatever the database's driver raises
            raise unusable(url, error) from None
        return cls(study, opened, Artifacts(record.artifacts, opened), Space((0.5, 1), (1, 1), (1, 1)), 0)

    def close(self) -> None:
        """Let another run have it."""
        if self.ownership is not None:
            self.ownership.release()

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

    @property
    def finished(self) -> int:
        """How many trials are complete or pruned."""
        return len(self.trials(*FINISHED))

    def ask(self) -> tuple[int, Params]:
        """Take the next trial's parameters; they depend on the seed and on what came back, on no interruption."""
        if self.ownership is not None:
            self.storage.wait_for(self.ownership.hold)
        self.optuna.sampler = sampler(self.seed, len(self.trials(*FINISHED, TrialState.RUNNING)))
        trial = self.optuna.ask()
        self.out[trial.number] = trial
        return trial.number, self.space.suggest(trial)

    def floors(self) -> dict[int, float]:
        """The scores under which a trial ends: at each epoch reported, the median of the finished ones' scores."""
        reached: dict[int, list[float]] = {}
        finished = self.trials(*FINISHED)
        if len(finished) < PRUNED_AFTER:
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
        self.artifacts.attach_logits(trial, outcome.logits)
        for epoch, value in outcome.reports:
            trial.report(value, epoch)
        if outcome.pruned:
            self.optuna.tell(trial, state=TrialState.PRUNED)
        else:
            self.optuna.tell(trial, task.score(outcome.logits))

    def best_networks(self, count: int) -> list[tuple[int, Params]]:
        """The networks with the best complete trials, each with its best one: (trial number, parameters)."""
        ranked = sorted(self.trials(TrialState.COMPLETE), key=lambda t: (-(t.value or 0.0), t.number))
        networks: dict[Params, tuple[int, Params]] = {}
        for trial in ranked:
            params = Params(**trial.params)
            networks.setdefault(params.network, (trial.number, params))
        return list(networks.values())[:count]

    def lose(self, *numbers: int) -> None:
        """Give up trials that are out, or all: each is counted as failed and will be tried again as it was."""
        lost = [self.out.pop(number) for number in numbers or list(self.out)]
        self._lose([t for t in self.trials(TrialState.RUNNING) if t.number in {trial.number for trial in lost}])

    def logits(self, trial: FrozenTrial) -> np.ndarray:
        """The out-of-fold logits that a trial left: array of float32, shape (rows, repeats)."""
        return self.artifacts.logits(trial)

    def seconds(self) -> dict[str, float]:
        """Wall clock of each phase, summed over all runs."""
        return {k: float(self.optuna.user_attrs.get(f"seconds_{k}", 0.0)) for k in ("search", "curve", "final")}

    def add_seconds(self, phase: str, seconds: float) -> None:
        """Add to a phase's wall clock."""
        self.optuna.set_user_attr(f"seconds_{phase}", self.seconds()[phase] + seconds)

    @property
    def done(self) -> dict[str, Any] | None:
        """What was run to its end: the settings that the result in the folder belongs to."""
        return self.optuna.user_attrs.get("done")

    @done.setter
    def done(self, settings: dict[str, Any]) -> None:
        self.optuna.set_user_attr("done", settings)

    def _lose(self, trials: Sequence[FrozenTrial]) -> None:
        """Count trials as failed and try each again; in an order in which an interruption neither loses nor doubles."""
        again = {t.user_attrs.get("again") for t in self.optuna.get_trials(deepcopy=False)}
        for trial in trials:
            params = {**trial.system_attrs.get("fixed_params", {}), **trial.params}
            if params and trial.number not in again:
                self.optuna.enqueue_trial(params, user_attrs={"again": trial.number})
            self.optuna.tell(trial.number, state=TrialState.FAIL)

    def _check_home(self, trials: Sequence[FrozenTrial]) -> None:
        finished = [t for t in trials if t.state in FINISHED]
        if finished and not any(self.artifacts.has_logits(t) for t in finished):
            raise StudyError(
                f"Study {self.optuna.study_name!r} must go on where its artifacts lie, with "
                f"{self.optuna.user_attrs.get('owner', 'its first run')}; {self.artifacts.folder} holds none of "
                "them. Run it there, or choose another --name."
            )


def forget(storage: str, name: str) -> None:
    """Delete a study from a database.

    Raises
    ------
    StudyError
        If the storage cannot be used, or holds no such study.
    RunError
        If the study is being run there.
    """
    url = server_url(storage)
    ownership = Ownership(url, name, lambda: None)
    try:
        ownership.hold()
        opened = Storage(url, skip_table_creation=True)
        optuna.delete_study(study_name=name, storage=opened)
    except KeyError:
        raise StudyError(
            f"--storage {shown(url)} must hold the study {name!r}; it does not. Leave --storage out to remove what is "
            "here, or check the URL."
        ) from None
    except SweepError:
        raise
    except Exception as error:  # whatever the database's driver raises
        raise unusable(url, error) from None
    finally:
        ownership.release()


def best(trials: Sequence[FrozenTrial]) -> FrozenTrial:
    """The complete trial with the highest score; of equal ones the first."""
    return max(trials, key=lambda t: (t.value or 0.0, -t.number))
