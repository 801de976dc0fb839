"""A study copied to a file of its own: one of a team's database to its folder, or one under a new name."""

import re
from contextlib import closing
from pathlib import Path

import optuna

from sweep.files import whole
from sweep.study.storage import Storage, sqlite_url

NOTE_KEY = re.compile(r"dashboard:(artifacts:)?(\d+):(.+)")  # of what the dashboard keeps of a trial, with the study

STUDY_NOTE = "dashboard:note_str:"  # of the study's own


def copy_study(storage: Storage, name: str, to: Path, *, as_name: str) -> None:
    """Write a study to an SQLite file of its own, whole or not at all.

    Trials keep their numbers. Their ids in the database change, and so do the addresses in their notes.

    Parameters
    ----------
    storage : Storage
    name : str
        Of the study.
    to : Path
    as_name : str
        What it is called there.
    """
    study = optuna.load_study(storage=storage, study_name=name)
    old_study = storage.get_study_id_from_name(name)
    with whole(to) as part, closing(Storage(sqlite_url(part, create=True))) as home:
        copy = optuna.create_study(storage=home, study_name=as_name, direction="maximize")
        new_study = home.get_study_id_from_name(as_name)
        for key, value in study.user_attrs.items():
            copy.set_user_attr(key, value)
        ids: dict[int, int] = {}
        for trial in study.get_trials(deepcopy=False):
            old = storage.get_trial_id_from_study_id_trial_number(old_study, trial.number)
            ids[old] = home.create_new_trial(new_study, template_trial=trial)
        for key, value in storage.get_study_system_attrs(old_study).items():
            if (noted := NOTE_KEY.fullmatch(key)) and int(noted[2]) in ids:
                old, new = int(noted[2]), ids[int(noted[2])]
                key = f"dashboard:{noted[1] or ''}{new}:{noted[3]}"
                if isinstance(value, str):
                    value = value.replace(f"/artifacts/{old_study}/{old}/", f"/artifacts/{new_study}/{new}/")
            elif key.startswith(STUDY_NOTE) and isinstance(value, str):
                value = value.replace(f"/artifacts/{old_study}/", f"/artifacts/{new_study}/")
            home.set_study_system_attr(new_study, key, value)
