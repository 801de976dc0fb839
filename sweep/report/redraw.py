"""Pictures and report of a finished study, made again from what it kept. No TensorFlow."""

from pathlib import Path

from sweep.config import Spec
from sweep.errors import InputError
from sweep.files import refuse_links
from sweep.report.html import Rows, write_report
from sweep.report.mistakes import beside, segments, surest_mistakes, table_of
from sweep.report.out_of_fold import read_out_of_fold, read_thresholds
from sweep.report.pictures import draw_all, draw_one, pictures_of
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
        If the study is not finished, or damaged, or holds a link to elsewhere.
    """
    refuse_links(record.folder, record.plots)
    result, selection, study = Result.read(record), Selection.load(record.selection), Study.reopen(record)
    for trial in study.finished_trials():
        logits, counts, stopped = study.logits(trial).mean(axis=1), kept_counts(trial), stopped_at(trial)
        draw_one(
            record,
            selection.y,
            logits,
            counts,
            number=trial.number,
            params=trial.params,
            stopped=stopped,
            classes=result.data.class_names,
        )
    draw_all(record, study.finished_trials(), selection, result)
    return record.plots


def rewrite_report(record: StudyFolder) -> Path:
    """Write the report again; say where it is.

    Raises
    ------
    StudyError
        If the study is not finished, or damaged, or holds a link to elsewhere: what that holds would stand in the page.
    """
    refuse_links(record.folder, record.plots)
    return report_of(record, Result.read(record))


def report_of(record: StudyFolder, result: Result) -> Path:
    """Write the report of a result; the settings in it are empty where its file is gone."""
    text = record.study.read_text(encoding="utf-8", errors="replace") if record.study.exists() else ""
    write_report(
        record.report, result, pictures=pictures_of(record), study=text, rows=rows_of(record, result.data.rows)
    )
    return record.report


def rows_of(record: StudyFolder, many: int) -> Rows:
    """Read what the report shows of single rows; nothing of them where the table is gone, or has other than so many."""
    thresholds = read_thresholds(record) if record.thresholds.exists() else None
    try:
        found, table = read_out_of_fold(record), table_of(record, many)
        by = Spec.read(record.study).report.by
        parts = {column: segments(beside(found, table.select({column} & {*table.columns})), column) for column in by}
        return Rows(thresholds, beside(surest_mistakes(found), table), parts)
    except InputError:
        return Rows(thresholds)
