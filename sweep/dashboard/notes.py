"""What the dashboard shows of a study and its trials: notes and pictures, added as a run goes.

A finished trial takes no more attributes; the dashboard keeps what it shows of it with the study, under keys that hold
the trial's id. They are written here as its own `save_note` and its artifact pages read them, which a test holds to.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from sweep.study.study import Study

LONGEST = 1500  # characters of a note under one key, if its lines are no longer
TAGS = ("**Selected.** ", "**Best Trial, but not selected.** ")  # what begins a line that is written anew each time


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
    study.set_system_attr(f"dashboard:artifacts:{trial}:{artifact}", _meta(artifact, picture))
    at = f"/artifacts/{study.study_id}/{trial}/{artifact}"
    write_note(study, f"Trial {number} {text}\n\n![precision against recall]({at})\n", trial=trial)


def annotated(study: Study) -> set[int]:
    """Collect the numbers of the finished trials that have a note."""
    attributes = study.system_attrs()
    return {t.number for t in study.finished_trials() if f"dashboard:{study.trial_id(t.number)}:note_ver" in attributes}


def tag_trials(study: Study, tags: Mapping[int, str]) -> None:
    """Say of some trials, by number, what they are, below the first line of their notes; of no other trial any more.

    Parameters
    ----------
    study : Study
    tags : mapping of int to str
        Each begins as one of `TAGS`.
    """
    for number in sorted(annotated(study)):
        trial = study.trial_id(number)
        before = read_note(study, trial=trial)
        kept = [part for part in before.split("\n\n") if not part.startswith(TAGS)]
        after = "\n\n".join([*kept[:1], *([tags[number]] if number in tags else []), *kept[1:]])
        if after != before:
            write_note(study, after, trial=trial)


def attach_pictures(study: Study, pictures: Sequence[Path]) -> dict[str, str]:
    """Keep pictures as the study's artifacts, in place of earlier ones of their names; give their addresses by stem."""
    names = {picture.name for picture in pictures}
    for key, value in study.system_attrs().items():
        if not key.startswith("artifacts:") or not isinstance(meta := json.loads(value), dict):
            continue
        if meta.get("filename") in names:
            study.set_system_attr(key, json.dumps(None))  # as the dashboard marks one that is deleted
            study.artifacts.discard(str(meta["artifact_id"]))
    found = {}
    for picture in pictures:
        artifact = study.artifacts.keep(picture)
        study.set_system_attr(f"artifacts:{artifact}", _meta(artifact, picture))
        found[picture.stem] = f"/artifacts/{study.study_id}/{artifact}"
    return found


def read_note(study: Study, *, trial: int | None = None) -> str:
    """Read the note of a study, or of a trial, by its id."""
    attributes, key = study.system_attrs(), _key(trial)
    parts = [value for k in range(len(attributes)) if (value := attributes.get(f"{key}str:{k}")) is not None]
    return "".join(parts)


def write_note(study: Study, text: str, *, trial: int | None = None) -> None:
    """Write the note of a study, or of a trial, by its id, in Markdown."""
    attributes, key = study.system_attrs(), _key(trial)
    parts = [""]
    for line in text.splitlines(keepends=True):  # an address stays whole
        if len(parts[-1]) + len(line) > LONGEST:
            parts.append("")
        parts[-1] += line
    while f"{key}str:{len(parts)}" in attributes:
        parts.append("")  # of a longer note before
    for place, part in enumerate(parts):
        study.set_system_attr(f"{key}str:{place}", part)
    study.set_system_attr(f"{key}ver", attributes.get(f"{key}ver", 0) + 1)


def _key(trial: int | None) -> str:
    return "dashboard:note_" if trial is None else f"dashboard:{trial}:note_"


def _meta(artifact: str, picture: Path) -> str:
    return json.dumps({"artifact_id": artifact, "filename": picture.name, "mimetype": "image/png", "encoding": None})
