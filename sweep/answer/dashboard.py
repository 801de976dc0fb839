"""The Optuna dashboard: what it shows beside a trial, and the server."""

from pathlib import Path

from optuna_dashboard import save_note
from optuna_dashboard.artifact import get_artifact_path

from sweep.search.study import Study


def annotate(study: Study, number: int, picture: Path, findings: str) -> None:
    """Attach a picture to a trial that is not told yet, and a note that says what it found and shows it."""
    trial = study.out[number]
    at = get_artifact_path(trial, study.attach(trial, picture, mimetype="image/png"))
    save_note(trial, f"Trial {number} {findings}\n\n![precision against recall]({at})\n")
