"""What a run leaves, and what the commands say of it: the contracts, on a small made table."""

import json
import math
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import polars as pl
import pytest
from click.testing import CliRunner, Result
from PIL import Image

from sweep.cli import cli
from sweep.dashboard.notes import annotated
from sweep.study.study import Study
from sweep.study_folder import StudyFolder
from tests.conftest import SMALL


def call(*arguments: object) -> Result:
    return CliRunner().invoke(cli, [str(a) for a in arguments], catch_exceptions=False)


def test_files_are_those_of_the_contract(finished: StudyFolder) -> None:
    """A user who was told where things lie would not find them."""
    for path in ("study.toml", "study.db", "result.json", "best/model.keras", "best/class_weights.json", "report.html"):
        assert (finished.folder / path).is_file(), path
    assert (finished.folder / "artifacts").is_dir()
    for name in [f"trial-{k:04d}.png" for k in range(5)] + ["precision-recall.png", "balance-curve.png"]:
        with Image.open(finished.plots / name) as picture:
            assert picture.width >= 800, name
    assert not list(finished.root.rglob("*.part*")), "a half-written file was left"


def test_result_has_every_key_of_the_contract_and_no_nan(finished: StudyFolder) -> None:
    """Programs that read result.json would break."""
    text = finished.result.read_text(encoding="utf-8")
    assert "NaN" not in text
    assert "Infinity" not in text
    result = json.loads(text)
    assert {
        "schema",
        "versions",
        "name",
        "version",
        "data",
        "equal",
        "selected",
        "balances",
        "trials",
        "test",
        "verdict",
        "seconds",
    } <= set(result)
    assert {"rows", "positives", "features", "fingerprint", "target", "positive"} <= set(result["data"])
    assert (result["data"]["rows"], result["data"]["positives"]) == (400, 60)
    assert result["data"]["positive"] == "ill"
    selected = result["selected"]
    assert {"equal", "trial", "params", "weight_ratio", "counts", "precision", "recall", "corrected"} <= set(selected)
    assert set(selected["params"]) == {"most", "depth", "width"}
    assert set(selected["corrected"]) >= {"score", "low", "high"}
    assert set(result["balances"]) == {"precision", "ratio", "recall", "unweighted", "moved_cut"}
    for balance in result["balances"].values():
        assert set(balance["counts"]) == {"tp", "fp", "fn", "tn"}
        assert sum(balance["counts"].values()) == 400
        assert {"reached", "most", "gap", "low", "high", "precision", "recall"} <= set(balance)
    assert result["balances"]["unweighted"]["most"] == 0.5
    assert sum(result["test"]["counts"].values()) == 120
    assert set(result["seconds"]) == {"search", "curve", "final", "verdict"}


def test_numbers_of_the_result_agree_with_each_other(finished: StudyFolder) -> None:
    """A rate beside counts that do not give it would be a lie."""
    result = json.loads(finished.result.read_text(encoding="utf-8"))
    selected = result["selected"]
    assert selected["counts"] == result["balances"][selected["equal"]]["counts"]
    assert selected["params"]["most"] == result["balances"][selected["equal"]]["most"]
    c = selected["counts"]
    assert selected["recall"][1] == pytest.approx(c["tp"] / (c["tp"] + c["fn"]))
    assert selected["precision"][0] == pytest.approx(c["tn"] / (c["tn"] + c["fn"]))
    weights = json.loads((finished.best / "class_weights.json").read_text(encoding="utf-8"))
    assert weights["weight_ratio"] == pytest.approx(selected["weight_ratio"])
    assert weights["1"] / weights["0"] == pytest.approx(weights["scale_pos_weight"])
    moved = result["balances"]["moved_cut"]["counts"]
    assert abs(moved["fp"] - moved["fn"]) <= 1
    by_cut = result["balances"]["recall"]["by_cut"]
    assert 0 < by_cut["probability"] < 1
    assert by_cut["recall"][0] == pytest.approx(by_cut["recall"][1], abs=1 / c["tp"])


def test_study_holds_trials_with_their_findings(finished: StudyFolder) -> None:
    """The dashboard would show trials that say nothing."""
    (name,) = optuna.get_all_study_names(f"sqlite:///{finished.database}")
    study = optuna.load_study(study_name=name, storage=f"sqlite:///{finished.database}")
    assert len(study.trials) == 5
    for trial in study.trials:
        assert set(trial.params) == {"most", "depth", "width"}
        assert {
            "counts",
            "P0",
            "P1",
            "R0",
            "R1",
            "average_precision",
            "gap_precision",
            "gap_ratio",
            "gap_recall",
        } <= set(trial.user_attrs)
        counts = trial.user_attrs["counts"]
        if trial.state == optuna.trial.TrialState.COMPLETE:
            score = counts["tp"] / max(counts["tp"] + counts["fp"], counts["tp"] + counts["fn"])
            assert trial.value == pytest.approx(score)
        metas = optuna.artifacts.get_all_artifact_meta(study_or_trial=trial, storage=study._storage)
        assert {m.filename for m in metas} == {"logits.npy"}
    assert annotated(Study.reopen(finished)) == {0, 1, 2, 3, 4}


def test_the_test_table_is_scored_by_the_exported_model(finished: StudyFolder, tables: Path, tmp_path: Path) -> None:
    """The test counts would be those of some other network."""
    out = tmp_path / "out.csv"
    assert call("predict", finished.best / "model.keras", tables / "test.csv", "--out", out).exit_code == 0
    called = pl.read_csv(out)["decision"].to_numpy() == 1
    ill = pl.read_csv(tables / "test.csv")["label"].to_numpy() == "ill"
    counts = json.loads(finished.result.read_text(encoding="utf-8"))["test"]["counts"]
    assert counts == {
        "tp": int((called & ill).sum()),
        "fp": int((called & ~ill).sum()),
        "fn": int((~called & ill).sum()),
        "tn": int((~called & ~ill).sum()),
    }


def test_running_again_changes_nothing_and_more_trials_go_on(tables: Path, tmp_path: Path) -> None:
    """A resumed run would repeat or lose trials, or give other ones than a run in one go."""

    def run(root: Path, trials: int) -> dict[str, object]:
        options = [*SMALL[:-1], trials, "--quick", "--json", "--root", root]
        done = call("run", tables / "train.csv", "--target", "label", *options)
        assert done.exit_code == 0, done.output
        document: dict[str, object] = json.loads(done.stdout)
        return document

    first = run(tmp_path / "a", 2)
    assert run(tmp_path / "a", 2) == first
    resumed, whole = run(tmp_path / "a", 4), run(tmp_path / "b", 4)
    assert resumed["trials"] == {"complete": 4, "pruned": 0, "failed": 0, "stopped": 0}
    for result in (resumed, whole):
        result.pop("seconds")
        result.pop("verdict")
    assert resumed == whole


def test_a_run_that_ran_out_of_time_goes_on(tables: Path, tmp_path: Path) -> None:
    """The same command would give the unfinished result for ever."""
    command = [
        "run",
        tables / "train.csv",
        "--target",
        "label",
        *SMALL[:-1],
        6,
        "--quick",
        "--json",
        "--root",
        tmp_path,
    ]
    cut = json.loads(call(*command, "--timeout", 0).stdout)["trials"]
    assert cut["complete"] + cut["pruned"] < 6
    whole = json.loads(call(*command).stdout)["trials"]
    assert whole["complete"] + whole["pruned"] == 6


def test_what_was_deleted_or_changed_is_made_again(tables: Path, tmp_path: Path) -> None:
    """A run would say it is done where its model is gone, or score another test table's rows."""
    test = tmp_path / "test.csv"
    shutil.copy(tables / "test.csv", test)
    command = ["run", tables / "train.csv", "--target", "label", *SMALL[:-1], 1, "--quick", "--json", "--test", test]
    first = json.loads(call(*command, "--root", tmp_path).stdout)
    (tmp_path / "studies/train/best/model.keras").unlink()
    assert json.loads(call(*command, "--root", tmp_path).stdout)["selected"] == first["selected"]
    assert (tmp_path / "studies/train/best/model.keras").exists()
    pl.read_csv(test).head(30).write_csv(test)
    assert sum(json.loads(call(*command, "--root", tmp_path).stdout)["test"]["counts"].values()) == 30


def test_a_narrow_range_of_most_has_a_curve_of_its_own(tables: Path, tmp_path: Path) -> None:
    """The balance would be picked on two points, or the range left."""
    command = [
        "run",
        tables / "train.csv",
        "--target",
        "label",
        *SMALL[:-1],
        1,
        "--quick",
        "--json",
        "--root",
        tmp_path,
    ]
    result = json.loads(call(*command, "--most", 0.6, 0.65).stdout)
    for equal in ("precision", "ratio", "recall"):
        balance = result["balances"][equal]
        assert 0.6 <= balance["low"] <= balance["most"] <= balance["high"] <= 0.65
    with np.load(tmp_path / "studies/train/artifacts/selection.npz") as kept:
        assert len(kept["curve_most"]) >= 4


def test_the_commoner_class_as_positive_is_never_balanced_by_calling_everybody(tables: Path, tmp_path: Path) -> None:
    """A network that never calls class 0 has no precision there; it would pass for equal precision."""
    command = ["run", tables / "train.csv", "--target", "label", "--positive", "well", *SMALL[:-1], 2, "--quick"]
    result = json.loads(call(*command, "--json", "--root", tmp_path).stdout)
    precision = result["balances"]["precision"]
    assert not precision["reached"] or precision["gap"] is not None


def test_other_settings_under_the_same_name_are_refused(finished: StudyFolder, tables: Path) -> None:
    """Trials of two settings would be mixed in one study."""
    before = finished.result.read_bytes()
    where = ["--name", "made", "--root", str(finished.root)]
    command = ["run", str(tables / "train.csv"), "--target", "label", *where, *SMALL, "--seed", "7"]
    done = CliRunner().invoke(cli, command)
    assert "seed (was 0, now 7)" in str(done.exception)
    assert finished.result.read_bytes() == before


def test_show_fits_a_hundred_columns_and_says_the_main_things(finished: StudyFolder) -> None:
    """A terminal would wrap the tables, or a user would not see which balance was taken."""
    shown = call("show", "made", "--full", "--root", finished.root).output
    assert max(map(len, shown.splitlines())) <= 100
    for text in ("taken: P", "predicted", "well", "ill", "P0 = P1", "P1 = R1", "R0 = R1", "moved cut", "corrected"):
        assert text in shown


def test_show_json_is_result_json(finished: StudyFolder) -> None:
    """Programs would get something else than the file says."""
    shown = call("show", "made", "--root", finished.root, "--json")
    assert json.loads(shown.stdout) == json.loads(finished.result.read_text(encoding="utf-8"))


def test_plot_and_report_are_made_again_from_what_is_kept(finished: StudyFolder) -> None:
    """Pictures could not be had without training again."""
    kept = {p: p.read_bytes() for p in finished.plots.iterdir()}
    for path in kept:
        path.unlink()
    assert call("plot", "made", "--root", finished.root).exit_code == 0
    assert {p: p.read_bytes() for p in finished.plots.iterdir()} == kept
    finished.report.unlink()
    assert call("report", "made", "--root", finished.root).exit_code == 0
    page = finished.report.read_text(encoding="utf-8")
    assert 'src="http' not in page
    assert "<b>west</b>" not in page


@pytest.mark.parametrize("equal", ["precision", "ratio", "recall"])
def test_every_balance_is_exportable_without_training(finished: StudyFolder, tmp_path: Path, equal: str) -> None:
    """A user who prefers another balance would have to search again, or need the table that is long gone."""
    root = shutil.copytree(finished.root, tmp_path / "moved")
    done = call("export", "made", "--root", root, "--to", tmp_path / equal, "--equal", equal)
    assert done.exit_code == 0, done.output
    weights = json.loads((tmp_path / equal / "class_weights.json").read_text(encoding="utf-8"))
    result = json.loads(finished.result.read_text(encoding="utf-8"))
    assert weights["most"] == pytest.approx(result["balances"][equal]["most"])
    alone = tmp_path / "alone"
    assert call("export", "made", "--root", root, "--to", alone, "--equal", equal, "--single").exit_code == 0
    cards = [json.loads((folder / "card.json").read_text(encoding="utf-8")) for folder in (tmp_path / equal, alone)]
    members = len(cards[0]["mean_of"])
    repeats = -(-2 // members)  # which the members of a mean share
    assert [(card["balance"], card["networks"]) for card in cards] == [(equal, members * repeats), (equal, members)]


def test_run_from_python_gives_what_the_command_prints(finished: StudyFolder) -> None:
    """A notebook would have to read files to learn what its study found, or train it once more."""
    import sweep

    root = shutil.copytree(finished.root, finished.root.with_name("python"))
    spec = sweep.Spec.read(StudyFolder(root, "made").study)
    before = (root / "studies" / "made" / "best" / "model.keras").read_bytes()
    result = sweep.run(spec, root=root)
    assert isinstance(result, sweep.Result)
    assert result.to_json() == call("show", "made", "--root", root, "--json").stdout.strip()
    assert (root / "studies" / "made" / "best" / "model.keras").read_bytes() == before


def test_the_card_says_where_the_model_comes_from(finished: StudyFolder) -> None:
    """Nobody could tell, from the file alone, what it learned from, how good it was, or what can load it again."""
    from importlib.metadata import version

    from sweep.model.card import card_of

    card, result = card_of(finished.best / "model.keras"), json.loads(finished.result.read_text(encoding="utf-8"))
    assert card == json.loads((finished.best / "card.json").read_text(encoding="utf-8"))
    assert {name: card["versions"][name] for name in ("keras", "tensorflow")} == {
        name: version(name) for name in ("keras", "tensorflow")
    }
    assert card["fingerprint"] == result["data"]["fingerprint"]
    assert [c["name"] for c in card["features"]["columns"]] == ["dose $ <mg>", "age_at", "smoker", "clinic"]
    assert (card["balance"], card["most"]) == (result["selected"]["equal"], result["selected"]["params"]["most"])
    scores = card["out_of_fold"][card["balance"]]
    assert {k: scores[k] for k in ("counts", "precision", "recall")} == {
        k: result["selected"][k] for k in ("counts", "precision", "recall")
    }
    assert scores["intervals"]["R1"][0] < scores["recall"][1] < scores["intervals"]["R1"][1]


def test_probability_undoes_the_weights(finished: StudyFolder, tables: Path, tmp_path: Path) -> None:
    """Probabilities would be those of a table in which both classes are equally common."""
    out = tmp_path / "out.parquet"
    call("predict", finished.best, tables / "train.csv", "--out", out, "--keep", "clinic")
    frame = pl.read_parquet(out)
    assert frame.columns == ["clinic", "probability", "decision", "label"]
    assert set(frame["label"]) == {"ill", "well"}
    assert ((frame["label"] == "ill") == (frame["decision"] == 1)).all()
    p = frame["probability"].to_numpy()
    card = json.loads((finished.best / "card.json").read_text(encoding="utf-8"))
    intercept, slope = card["calibration"]
    cut = 1 / (1 + math.exp(slope * math.log(card["weight_ratio"]) - intercept))
    sure = np.abs(p - cut) > 1e-5
    assert ((p > cut) == (frame["decision"].to_numpy() == 1))[sure].all()
    assert math.isclose(p.mean(), 60 / 400, abs_tol=0.1)


def test_list_and_remove(tables: Path, tmp_path: Path) -> None:
    """A removed study would stay, or take others with it."""
    for name in ("one", "two"):
        call(
            "run",
            tables / "train.csv",
            "--target",
            "label",
            *SMALL[:-1],
            1,
            "--quick",
            "--root",
            tmp_path,
            "--name",
            name,
        )
    assert [study["name"] for study in json.loads(call("list", "--json", "--root", tmp_path).output)] == ["one", "two"]
    assert call("remove", "one", "--root", tmp_path).exit_code == 0
    assert [study["name"] for study in json.loads(call("list", "--json", "--root", tmp_path).output)] == ["two"]
    assert not (tmp_path / "plots" / "one").exists()


def test_several_targets_make_a_study_each_without_the_others_columns(tables: Path, tmp_path: Path) -> None:
    """One label would be read off the other."""
    done = call(
        "run", tables / "train.csv", "--target", "label", "--target", "smoker", *SMALL[:-1], 1, "--quick",
        "--root", tmp_path, "--json", "--name", "both",
    )  # fmt: skip
    results = {r["name"]: r for r in json.loads(done.stdout)}
    assert set(results) == {"both-label", "both-smoker"}
    assert all(r["data"]["features"] == 3 for r in results.values())
    for name in results:
        record = StudyFolder(tmp_path, name)
        assert {"model.keras", "class_weights.json"} <= {path.name for path in record.best.iterdir()}
        assert {"precision-recall.png", "balance-curve.png"} <= {path.name for path in record.plots.iterdir()}


@pytest.mark.parametrize(
    "asked", [("--recall", 0.9), ("--recall", 0.8, "--confidence", 0.9), ("--precision", 0.3), ("--cost", "20:1")]
)
def test_an_operating_point_is_exported_from_a_finished_study(
    finished: StudyFolder, tables: Path, tmp_path: Path, asked: tuple[Any, ...]
) -> None:
    """If it failed, whoever wants another recall would train again, or get a model that decides otherwise."""
    done = call("export", "made", "--root", finished.root, "--to", tmp_path / "model", *asked)
    assert "out-of-fold" in done.output
    card = json.loads((tmp_path / "model" / "card.json").read_text(encoding="utf-8"))
    assert (card["balance"], card["operating_point"]["kind"]) == ("operating_point", asked[0][2:])
    counts = card["out_of_fold"]["operating_point"]
    if asked[0] == "--recall":
        assert counts["recall"][1] >= asked[1]
    out = tmp_path / "scored.parquet"
    assert call("predict", tmp_path / "model", tables / "train.csv", "--out", out).exit_code == 0
    scored = pl.read_parquet(out)
    called = scored["probability"].to_numpy() >= card["threshold"]
    sure = np.abs(scored["probability"].to_numpy() - card["threshold"]) > 1e-6
    np.testing.assert_array_equal(called[sure], scored["decision"].to_numpy()[sure] == 1)
    assert scored["decision"].sum() == pytest.approx(sum(counts["counts"][k] for k in ("tp", "fp")), rel=0.4)


def test_a_study_of_an_operating_point_searches_delivers_and_reports_it(tables: Path, tmp_path: Path) -> None:
    """If it failed, the network would be the best one for another purpose, or the answer would speak of a balance."""
    command = ["run", tables / "train.csv", "--target", "label", *SMALL, "--test", tables / "test.csv", "--recall", 0.8]
    text = call(*command, "--quick", "--root", tmp_path).output
    result = json.loads((tmp_path / "studies/train/result.json").read_text(encoding="utf-8"))
    point, selected = result["operating_point"], result["selected"]
    assert (result["equal"], selected["equal"]) == (None, None)
    assert {"kind", "asked", "confidence", "reached", "most", "threshold", "counts", "precision", "recall"} <= set(
        point
    )
    assert point["recall"][1] >= 0.8
    assert point["counts"] == selected["counts"]
    assert point["threshold"] == selected["threshold"]
    assert 0.3 < point["met"] < 0.9
    for name in ("precision", "recall"):
        value, low, high = point["corrected"][name]
        assert low <= value <= high
    assert "asked for: a recall of at least 0.8" in text
    assert "a recall of at least 0.8" in (tmp_path / "studies/train/report.html").read_text(encoding="utf-8")
    (name,) = optuna.get_all_study_names(f"sqlite:///{tmp_path}/studies/train/study.db")
    loaded = optuna.load_study(study_name=name, storage=f"sqlite:///{tmp_path}/studies/train/study.db")
    best = loaded.best_trial
    assert "a recall of at least 0.8" in loaded.user_attrs["operating point"], "the dashboard says nothing of it"
    assert "## Operating point" in (tmp_path / "studies/train/best/README.md").read_text(encoding="utf-8")
    assert best.value == pytest.approx(best.user_attrs["P1"])
    assert best.user_attrs["R1"] >= 0.8
    scored = tmp_path / "scored.parquet"
    call("predict", tmp_path / "studies/train/best", tables / "test.csv", "--out", scored)
    assert sum(result["test"]["counts"][k] for k in ("tp", "fp")) == pl.read_parquet(scored)["decision"].sum()
    other = CliRunner().invoke(cli, [str(a) for a in [*command[:-1], 0.7, "--quick", "--root", tmp_path]])
    assert "objective (was P1 at R1 >= 0.8, now P1 at R1 >= 0.7)" in str(other.exception)
    for again in ("plot", "report"):
        assert call(again, "train", "--root", tmp_path).exit_code == 0


def test_every_row_and_every_threshold_is_left_for_whoever_looks(finished: StudyFolder, tmp_path: Path) -> None:
    """If it failed, the rows behind a number could not be found, or their decisions would not be those counted."""
    result = json.loads(finished.result.read_text(encoding="utf-8"))
    rows = pl.read_parquet(finished.folder / "out-of-fold.parquet")
    assert rows.columns == ["row", "fold", "label", "probability", "decision"]
    assert rows["row"].to_list() == list(range(1, 401))
    counts = result["selected"]["counts"]
    hits = rows.filter((pl.col("label") == 1) & (pl.col("decision") == 1)).height
    assert (hits, rows["decision"].sum() - hits) == (counts["tp"], counts["fp"])
    assert rows["fold"].unique().sort().to_list() == [1, 2, 3]
    table = pl.read_csv(finished.folder / "thresholds.csv")
    assert table.height <= 200
    delivered = table.filter(pl.col("threshold") == result["selected"]["threshold"])
    assert delivered.select("tp", "fp", "fn", "tn").row(0, named=True) == counts
    listed = pl.read_csv(call("rows", "made", "--root", finished.root, "--missed", 3).stdout.encode())
    assert set(listed["mistake"]) <= {"missed"}
    assert listed.height == min(3, counts["fn"])
    assert {"clinic", "label", "probability"} <= set(listed.columns)
    out = tmp_path / "by.parquet"
    assert call("rows", "made", "--root", finished.root, "--by", "clinic", "--out", out).exit_code == 0
    assert pl.read_parquet(out)["rows"].sum() == 400
    both = CliRunner().invoke(cli, ["rows", "made", "--root", str(finished.root), "--by", "clinic", "--missed", "3"])
    assert "got both" in str(both.exception)
    page = finished.report.read_text(encoding="utf-8")
    assert "The surest mistakes" in page
    assert "script-src 'sha256-" in page
    assert page.count("<script") == 1
