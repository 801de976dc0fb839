"""The pictures of trials: one that fails ends nothing, one left out is drawn later, and the dashboard shows them."""

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sweep.dashboard.notes import annotated
from sweep.errors import RunError
from sweep.report import trial_pictures
from sweep.report.pictures import draw_one
from sweep.report.trial_pictures import TrialPictures
from sweep.statistics.confusion import Counts
from sweep.study.outcome import Outcome
from sweep.study.space import Space
from sweep.study.study import Study
from sweep.study_folder import StudyFolder

Y = np.repeat([0, 1], [30, 10])


@pytest.fixture
def study(tmp_path: Path) -> Study:
    """A study with two told trials and no picture, the second one pruned."""
    folder = StudyFolder(tmp_path, "n")
    folder.folder.mkdir(parents=True)
    study = Study.open(folder, None, space=Space((0.5, 0.9), (1, 1), (8, 8)), seed=0, identity={}, note=print)
    for pruned in (False, True):
        logits = np.where(Y == 1, 1.0, -1.0)[:, None].astype(np.float32)
        number, _ = study.ask()
        outcome = Outcome(logits, Counts.of(Y, logits[:, 0] > 0), 1.0, 1.0, ((1, 0.5),), 3, pruned, 0.0)
        study.tell(number, outcome)
    return study


def pictures(study: Study, root: Path) -> tuple[TrialPictures, list[str]]:
    said: list[str] = []
    return TrialPictures(StudyFolder(root, "n"), study, Y, ("well", "ill"), said.append), said


def test_pictures_that_were_left_out_are_drawn_once_and_noted(study: Study, tmp_path: Path) -> None:
    """If it failed, a run that was killed between telling and drawing would leave trials without a picture for ever."""
    drawing, said = pictures(study, tmp_path)
    drawing.draw_left_out()
    assert annotated(study) == {0, 1}
    assert [p.name for p in sorted(drawing.folder.plots.glob("*.png"))] == ["trial-0000.png", "trial-0001.png"]
    files = sorted(p.name for p in drawing.folder.artifacts.iterdir())
    drawing.draw_left_out()
    assert sorted(p.name for p in drawing.folder.artifacts.iterdir()) == files, "a picture is kept twice"
    again = Study.open(drawing.folder, None, space=study.space, seed=0, identity={}, note=print)
    assert sorted(p.name for p in drawing.folder.artifacts.iterdir()) == files, "a picture is deleted when resumed"
    assert annotated(again) == {0, 1}
    assert not said


def test_a_picture_that_fails_is_said_once_and_ends_nothing(
    study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If it failed, a font that is missing would end a search of hours."""
    drawing, said = pictures(study, tmp_path)

    def fail(*_: object, **__: object) -> None:
        raise OSError("no such font\nat all")

    monkeypatch.setattr(trial_pictures, "draw_one", fail)
    drawing.draw_left_out()
    assert len(said) == 1
    assert "(OSError: no such font)" in said[0]
    assert "sweep plot n" in said[0]
    assert annotated(study) == set()

    def gone(*_: object, **__: object) -> None:
        raise RunError("the storage is gone")

    monkeypatch.setattr(trial_pictures, "draw_one", gone)
    with pytest.raises(RunError, match="gone"):
        drawing.draw_left_out()


def test_a_picture_is_drawn_beside_what_goes_on(study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If it failed, training would stand still while a picture is drawn, or a picture that is there go unshown."""
    drawing, said = pictures(study, tmp_path)
    ready = threading.Event()

    def wait(*given: Any, **more: Any) -> Path:
        assert ready.wait(20)
        return draw_one(*given, **more)

    monkeypatch.setattr(trial_pictures, "draw_one", wait)
    (trial, _) = study.finished_trials()
    drawing.draw(0, trial.params, study.logits(trial), trial_pictures.kept_counts(trial), None)
    assert annotated(study) == set(), "it is drawn elsewhere"
    ready.set()
    drawing.settle()
    assert annotated(study) == {0}
    assert not said
