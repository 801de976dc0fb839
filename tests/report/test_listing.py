"""`sweep list`: every study under a root, finished or not, with what its result says."""

from pathlib import Path

from sweep.report.listing import listed_studies, write_listing
from sweep.report.result import Result
from sweep.study_folder import StudyFolder


def test_a_finished_study_is_listed_with_its_rows_verdict_and_score(finished: StudyFolder) -> None:
    """If it failed, the reader would have to open each study to know which is which."""
    (study,) = listed_studies(finished.root)
    found = Result.read(finished).to_dict()
    assert (study.name, study.finished, study.rows, study.positives) == ("made", True, 400, 60)
    assert study.answer == found["verdict"]["answer"]
    assert study.score == found["selected"]["corrected"]["score"]


def test_a_study_whose_result_is_missing_or_damaged_is_not_finished(tmp_path: Path) -> None:
    """If it failed, one damaged file would hide all the other studies."""
    for name, content in (("begun", None), ("damaged", "{")):
        folder = StudyFolder(tmp_path, name)
        folder.folder.mkdir(parents=True)
        folder.study.write_text("")
        if content:
            folder.result.write_text(content)
    assert write_listing(listed_studies(tmp_path)) == "begun    not finished\ndamaged  not finished\n"
