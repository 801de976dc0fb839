"""All trials of a study as a table, a row per trial: `sweep trials`."""

from typing import Any

import polars as pl

from sweep.errors import StudyError
from sweep.study.study import Study


def trial_table(study: Study) -> pl.DataFrame:
    """Collect the trials by number: state, score, parameters, counts, rates, epochs and seconds; undefined is null."""
    rows: list[dict[str, Any]] = []
    for trial in study.optuna.get_trials(deepcopy=False):
        kept = {key: value for key, value in trial.user_attrs.items() if isinstance(value, int | float | None)}
        counts = trial.user_attrs.get("counts", {})
        if not isinstance(counts, dict):
            raise StudyError(f"Trial {trial.number} must hold its counts; the study's database is damaged: restore it.")
        state = {"number": trial.number, "state": trial.state.name.lower(), "score": trial.value}
        rows.append({**state, **trial.params, **counts, **kept})
    names = list(dict.fromkeys(name for row in rows for name in row))
    return pl.DataFrame([{name: row.get(name) for name in names} for row in rows], infer_schema_length=None)
