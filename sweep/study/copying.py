"""A study that was kept elsewhere, copied to its folder at the end, so that all commands find it there."""

import re

import optuna

from sweep.files import whole
from sweep.study.storage import Storage, sqlite_url
from sweep.study.study import Study
from sweep.study_folder import StudyFolder


def copy_home(study: Study, record: StudyFolder) -> None:
    """Write a study to its folder's study.db, whole or not at all.

    Trials keep their numbers. Their ids in the database change, and so do the addresses in their notes.
    """
    source, old_study = study.optuna._storage, study.optuna._study_id
    with whole(record.database) as part:
        storage = Storage(sqlite_url(part, create=True))
        copy = optuna.create_study(storage=storage, study_name=record.name, direction="maximize")
        for key, value in study.optuna.user_attrs.items():
            copy.set_user_attr(key, value)
        ids = {}
        for trial in study.optuna.get_trials(deepcopy=False):
            ids[trial._trial_id] = storage.create_new_trial(copy._study_id, template_trial=trial)
        for key, value in source.get_study_system_attrs(old_study).items():
            if noted := re.fullmatch(r"dashboard:(\d+):(.+)", key):
                old, new = int(noted[1]), ids[int(noted[1])]
                key = f"dashboard:{new}:{noted[2]}"
                if isinstance(value, str):
                    value = value.replace(f"/artifacts/{old_study}/{old}/", f"/artifacts/{copy._study_id}/{new}/")
            storage.set_study_system_attr(copy._study_id, key, value)
        storage.engine.dispose()
