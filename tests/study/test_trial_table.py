"""`sweep trials`: what the study keeps, a row per trial."""

import io
import json

import optuna
import polars as pl
from click.testing import CliRunner

from sweep.cli import cli
from sweep.study_folder import StudyFolder


def test_the_csv_holds_every_trial_as_the_study_does(finished: StudyFolder) -> None:
    """If it failed, who works on with the trials elsewhere would work on other numbers."""
    done = CliRunner().invoke(cli, ["trials", "made", "--csv", "--root", str(finished.root)], catch_exceptions=False)
    table = pl.read_csv(io.StringIO(done.stdout))
    study = optuna.load_study(study_name=None, storage=f"sqlite:///{finished.database}")
    assert table["number"].to_list() == [t.number for t in study.trials]
    assert table["score"].to_list() == [t.value for t in study.trials]
    assert table["most"].to_list() == [t.params["most"] for t in study.trials]
    assert table["tp"].to_list() == [t.user_attrs["counts"]["tp"] for t in study.trials]
    shown = CliRunner().invoke(cli, ["trials", "made", "--root", str(finished.root)], catch_exceptions=False)
    assert "width" in shown.stdout


def test_a_study_compared_with_itself_does_not_differ(finished: StudyFolder) -> None:
    """If it failed, the comparison would not be of the balances delivered."""
    arguments = ["compare", "made", "made", "--json", "--root", str(finished.root)]
    found = json.loads(CliRunner().invoke(cli, arguments, catch_exceptions=False).stdout)
    assert found["rows"] == 400
    assert set(found["score"].values()) == {0.0}
