"""The picture of each trial, drawn beside the training of the next: one that fails ends no search."""

from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from sweep.dashboard.notes import annotate, annotated
from sweep.errors import SweepError
from sweep.report.figures.trial import findings
from sweep.report.pictures import draw_one
from sweep.statistics.confusion import Counts
from sweep.study.study import PRUNED, FrozenTrial, Study
from sweep.study_folder import StudyFolder


class TrialPictures:
    """Draws the trials of a study as they are told, and later what was left out.

    Parameters
    ----------
    folder : StudyFolder
    study : Study
    y : array of 0 and 1, shape (rows,)
    classes : (str, str)
        What class 0 and class 1 are called.
    note : callable
        Is told, once, that a picture failed.
    """

    def __init__(
        self, folder: StudyFolder, study: Study, y: np.ndarray, classes: tuple[str, str], note: Callable[[str], None]
    ) -> None:
        self.folder = folder
        self.study = study
        self.y = y
        self.classes = classes
        self.note = note
        self.failed = False
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="pictures")
        self._under_way: tuple[int, Counts, Future[Path]] | None = None

    def draw(
        self, number: int, params: Mapping[str, Any], logits: np.ndarray, counts: Counts, stopped: int | None
    ) -> None:
        """Begin to draw a told trial, once the one before is shown.

        Parameters
        ----------
        number : int
        params : mapping
        logits : array, shape (rows, repeats)
            Out-of-fold.
        counts : Counts
            Of their decisions.
        stopped : int or None
            The epoch at which it was pruned, if it was.
        """
        self.settle()
        mean = logits.mean(axis=1)
        more: dict[str, Any] = {"number": number, "params": params, "stopped": stopped, "classes": self.classes}
        self._under_way = number, counts, self._thread.submit(draw_one, self.folder, self.y, mean, counts, **more)

    def settle(self) -> None:
        """Wait for the picture under way and show it in the dashboard; say it where that fails, and go on."""
        if self._under_way is None:
            return
        number, counts, drawn = self._under_way
        self._under_way = None
        try:
            annotate(self.study, number, drawn.result(), findings(counts))
        except SweepError:
            raise
        except Exception as error:  # whatever a font, a disk or a backend of matplotlib raises: the trial is told
            if not self.failed:
                reason = (str(error).splitlines() or [""])[0][:100]
                self.note(
                    f"the picture of trial {number} could not be drawn ({type(error).__name__}: {reason}); the run "
                    f"goes on. `sweep plot {self.folder.name}` draws it later"
                )
            self.failed = True

    def draw_left_out(self) -> None:
        """Draw the finished trials whose picture is missing: a run was killed before it, or drawing failed."""
        noted = annotated(self.study)
        for trial in self.study.finished_trials():
            if trial.number not in noted or not self.folder.trial_plot(trial.number).exists():
                self.draw(trial.number, trial.params, self.study.logits(trial), kept_counts(trial), stopped_at(trial))
        self.settle()


def kept_counts(trial: FrozenTrial) -> Counts:
    """Give the counts that were kept with a finished trial."""
    return Counts(**trial.user_attrs["counts"])


def stopped_at(trial: FrozenTrial) -> int | None:
    """Give the epoch at which a finished trial was pruned, None where it was not."""
    return int(trial.user_attrs["epochs"]) if trial.state == PRUNED else None
