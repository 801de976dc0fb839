"""What the dashboard shows beside a trial: a note and a picture, added once the trial is told.

A finished trial takes no more attributes; the dashboard keeps what it shows of it with the study, under keys that hold
the trial's id. They are written here as its own `save_note` and its artifact pages read them, which a test holds to.
"""

import json
from pathlib import Path

from sweep.study.study import Study


def annotate(study: Study, number: int, picture: Path, text: str) -> None:
    """Show a picture beside a told trial, and a note that says what the trial found and holds the picture.

    Parameters
    ----------
    study : Study
    number : int
        Of the trial.
    picture : path of a PNG
    text : str
    """
    trial, artifact = study.trial_id(number), study.artifacts.keep(picture)
    meta = {"artifact_id": artifact, "filename": picture.name, "mimetype": "image/png", "encoding": None}
    note = f"Trial {number} {text}\n\n![precision against recall](/artifacts/{study.study_id}/{trial}/{artifact})\n"
    study.set_system_attr(f"dashboard:artifacts:{trial}:{artifact}", json.dumps(meta))
    study.set_system_attr(f"dashboard:{trial}:note_str:0", note)
    study.set_system_attr(f"dashboard:{trial}:note_ver", 1)


def annotated(study: Study) -> set[int]:
    """Collect the numbers of the finished trials that have a note."""
    attributes = study.system_attrs()
    return {t.number for t in study.finished_trials() if f"dashboard:{study.trial_id(t.number)}:note_ver" in attributes}
