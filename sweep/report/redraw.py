"""Pictures and report of a finished study, made again from what it kept. No TensorFlow."""

from pathlib import Path

from sweep.report.html import write_report
from sweep.report.pictures import draw_all, draw_one, shown
from sweep.report.result import Result
from sweep.report.trial_pictures import kept_counts, stopped_at
from sweep.search.selection import Selection
from sweep.study.study import Study
from sweep.study_folder import StudyFolder


def redraw(record: StudyFolder) -> Path:
    """Draw the pictures again; say in which folder they are.

    Raises
    ------
    StudyError
        If the study is not finished, or damaged.
    """
    result, selection, study = Result.read(record), Selection.load(record.selection), Study.reopen(record)
    for trial in study.finished_trials():
        logits, counts, stopped = study.logits(trial).mean(axis=1), kept_counts(trial), stopped_at(trial)
        draw_one(record, selection.y, logits, counts, number=trial.number, params=trial.params, stopped=stopped)
    draw_all(record, study.finished_trials(), selection, result)
    return record.plots


def rewrite_report(record: StudyFolder) -> Path:
    """Write the report again; say where it is.

    Raises
    ------
    StudyError
        If the study is not finished, or damaged.
    """
    return report_of(record, Result.read(record))


def report_of(record: StudyFolder, result: Result) -> Path:
    """Write the report of a result; the settings in it are empty where its file is gone."""
    text = record.study.read_text(encoding="utf-8") if record.study.exists() else ""
    write_report(record.report, result, pictures=shown(record), study=text)
    return record.report
