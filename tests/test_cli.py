"""The command line as its users meet it: exit codes, messages, and what is left behind."""

import json
import re
import subprocess
import sys
from pathlib import Path

import click
import polars as pl
import pytest
from click.testing import CliRunner

from sweep.cli import cli, run_command
from sweep.errors import InputError
from sweep.study_folder import StudyFolder


def sweep(*arguments: object, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "sweep", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, timeout=120, check=False)


def test_version_and_help_of_every_command() -> None:
    """A command without help is one that nobody finds."""
    assert CliRunner().invoke(cli, ["--version"]).output.startswith("sweep, version 0.")
    for name, command in cli.commands.items():
        shown = CliRunner().invoke(cli, [name, "--help"])
        assert shown.exit_code == 0
        assert command.help, name
        for option in command.params:
            if isinstance(option, click.Option) and not option.hidden:
                assert option.help, f"{name} {option.name}"
        assert {"--root"} <= {o for p in command.params for o in p.opts}, name


CSV = "a,b,y\n" + "".join(f"{i},{i % 7},{int(i % 5 == 0)}\n" for i in range(60))
BAD_TABLES = {
    "empty": ("", "empty"),
    "header only": ("a,b,y\n", "header"),
    "binary": ("\x00\x01\x02PNG", "holds binary data"),
    "ragged": ("a,b,y\n1,2,0\n1,2\n", "row 2"),
    "repeated header": ("a,a,y\n1,2,0\n", "'a'"),
    "constant target": ("a,b,y\n1,2,0\n2,3,0\n3,3,0\n", "must hold two labels"),
    "three classes": ("a,b,y\n1,2,0\n2,3,1\n3,3,2\n", "two"),
    "blank label": ("a,b,y\n1,2,0\n2,3,\n3,3,1\n", "row 2"),
    "few positives": ("a,b,y\n" + "".join(f"{i},{i},{int(i < 3)}\n" for i in range(40)), "fold"),
    "infinite": (CSV.replace("\n3,3,0", "\ninf,3,0"), "row 4"),
}


@pytest.mark.parametrize("kind", BAD_TABLES)
def test_bad_tables_get_one_message_and_leave_nothing(tmp_path: Path, kind: str) -> None:
    """A user would see a traceback, or find half a study."""
    content, said = BAD_TABLES[kind]
    (tmp_path / "t.csv").write_text(content, encoding="utf-8")
    done = sweep("run", "t.csv", "--target", "y", "--positive", "1", "--root", "out", cwd=tmp_path)
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    assert said in done.stderr
    assert 1 <= len(done.stderr.splitlines()) <= 6
    assert sorted(p.name for p in tmp_path.iterdir()) == ["t.csv"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["run", "none.csv", "--target", "y"], "none.csv"),
        (["run", "t.csv"], "--target"),
        (["run", "t.csv", "--target", "z"], "'z'"),
        (["run", "none.toml"], "none.toml"),
        (["run", "t.csv", "--target", "y", "--most", "0.3", "0.9"], "most"),
        (["run", "t.csv", "--target", "y", "--most", "0.95", "1"], "saturat|larger class"),
        (["run", "t.csv", "--target", "y", "--equal", "all"], "equal"),
        (["run", "t.csv", "--target", "y", "--trials", "0"], "trials"),
        (["run", "t.csv", "--target", "y", "--folds", "13"], "fold"),
        (["run", "t.csv", "--target", "y", "--name", "../x"], "name"),
        (["run", "t.csv", "--target", "y", "--drop", "q"], "'q'"),
        (["run", "t.csv", "--target", "y", "--workers", "0"], "workers"),
        (["run", "t.csv", "--target", "y", "--storage", "nonsense://u:secret@h/d"], "storage"),
        (["run", "t.csv", "--target", "y", "--storage", "postgresql+psycopg://u:secret@127.0.0.1:9/d"], "storage"),
        (["show", "nobody"], "nobody"),
        (["plot", "nobody"], "nobody"),
        (["report", "nobody"], "nobody"),
        (["remove", "../.."], "name"),
        (["export", "nobody", "--to", "x"], "nobody"),
        (["dashboard", "nobody"], "nobody"),
        (["predict", "none.keras", "t.csv"], "none.keras"),
        (["predict", "t.csv", "t.csv"], "t.csv"),
        (["weights", "t.csv", "--target", "y", "--most", "0.2"], "most"),
        (["weights", "t.csv", "--target", "q"], "no column 'q'"),
        (["init", "none.csv", "--target", "y"], "none.csv"),
        (["init", "t.csv", "--target", "y", "--to", "t.csv"], ".toml"),
        (["nonsense"], "nonsense"),
    ],
)
def test_wrong_commands_get_one_message_and_leave_nothing(tmp_path: Path, arguments: list[str], said: str) -> None:
    """A mistake would cost a traceback, an exit code of 0, or a half-made folder."""
    (tmp_path / "t.csv").write_text(CSV, encoding="utf-8")
    done = sweep(*arguments, "--root", "out", cwd=tmp_path)
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    assert "secret" not in done.stderr
    assert re.search(said, done.stderr), done.stderr
    assert 1 <= len(done.stderr.splitlines()) <= 6, done.stderr
    assert done.stdout == ""
    assert sorted(p.name for p in tmp_path.iterdir()) == ["t.csv"]


def test_json_is_one_document_and_progress_goes_to_standard_error(tmp_path: Path) -> None:
    """A program that reads standard output would choke on progress."""
    import json

    (tmp_path / "t.csv").write_text(CSV, encoding="utf-8")
    small = ["--epochs", "1", "--depth", "1", "1", "--width", "8", "8", "--folds", "2", "--trials", "2", "--quick"]
    done = sweep("run", "t.csv", "--target", "y", *small, "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["name"] == "t"
    assert "search: 2 of 2" in done.stderr
    assert "positive class: '1'" in done.stderr


def test_weights_are_quick_and_right(tmp_path: Path) -> None:
    """The class weights of a table would need TensorFlow, or be others than the recipe's."""
    import json

    pl.DataFrame({"x": range(10), "y": [1] + [0] * 9}).write_csv(tmp_path / "t.csv")
    done = sweep("weights", tmp_path / "t.csv", "--target", "y", "--most", "0.75", "--json")
    found = json.loads(done.stdout)
    assert found == {
        "0": pytest.approx(1 / 1.5), "1": pytest.approx(2.0), "most": 0.75, "weight_ratio": pytest.approx(3.0),
        "scale_pos_weight": pytest.approx(3.0),
    }  # fmt: skip


def test_init_writes_a_study_that_runs_and_never_writes_over_one(tmp_path: Path) -> None:
    """If it failed, the file would not be a study of the table, or a user's own would be gone."""
    from sweep.config import Spec

    (tmp_path / "t.csv").write_text(CSV, encoding="utf-8")
    done = sweep("init", "t.csv", "--target", "y", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert Spec.read(tmp_path / "t.toml").data.path == tmp_path / "t.csv"
    before = (tmp_path / "t.toml").read_bytes()
    again = sweep("init", "t.csv", "--target", "y", cwd=tmp_path)
    assert again.returncode == 2
    assert (tmp_path / "t.toml").read_bytes() == before


def test_every_command_stands_in_a_section_of_the_help_with_an_example_that_it_takes() -> None:
    """If it failed, a command could not be found in `sweep --help`, or its example would be refused."""
    import shlex

    import click

    from sweep.cli import cli

    assert set(cli.list_commands(click.Context(cli))) == set(cli.commands)
    for name, command in cli.commands.items():
        program, called, *arguments = shlex.split((command.epilog or "").removeprefix("Example: "))
        assert (program, called) == ("sweep", name)
        with click.Context(command) as context:
            command.parse_args(context, arguments)


def test_a_study_that_is_nearly_named_is_suggested(finished: StudyFolder) -> None:
    """If it failed, a slip of the finger would send the reader through a list."""
    done = sweep("show", "mode", "--root", finished.root)
    assert done.returncode == 2
    assert "Did you mean 'made'?" in done.stderr


def test_trials_are_listed_with_every_parameter_within_80_columns(finished: StudyFolder) -> None:
    """If it failed, the depth of each network would be behind dots, or the table broken by the terminal."""
    shown = CliRunner().invoke(cli, ["trials", "made", "--root", str(finished.root)], catch_exceptions=False).output
    assert all(name in shown for name in ("most", "depth", "width", "P1", "R1", "epochs"))
    assert max(map(len, shown.splitlines())) <= 80


def test_a_model_that_is_nearly_a_studys_name_is_suggested(finished: StudyFolder) -> None:
    """If it failed, a slip in `predict NAME` would be answered with talk of files."""
    done = CliRunner().invoke(cli, ["predict", "mode", "new.csv", "--root", str(finished.root)])
    assert "Did you mean 'made'?" in str(done.exception)


@pytest.mark.parametrize(
    ("arguments", "slow", "said"),
    [
        (
            ["export", "made", "--to", "out", "--format", "tflite"],
            "sweep.model.delivery",
            "format must be one of keras",
        ),
        (["export", "made", "--to", "out", "--format", "onnx"], "sweep.model.delivery", r"balance-sweep\[onnx\]"),
        (["run", "t.csv", "--target", "y", "--backend", "dask"], "sweep.prepared", r"balance-sweep\[dask\]"),
        (["run", "t.csv", "--target", "y", "--storage", "mysql+none://u:secret@h/d"], "sweep.prepared", None),
        (
            ["run", "t.csv", "--target", "y", "--storage", "postgresql+pg8000://u:secret@h/d"],
            "sweep.prepared",
            "pg8000",
        ),
    ],
)
def test_what_is_not_installed_is_said_before_anything_is_loaded(
    finished: StudyFolder, monkeypatch: pytest.MonkeyPatch, arguments: list[str], slow: str, said: str | None
) -> None:
    """If it failed, a user would wait for TensorFlow, or for a search, to be told what to install."""
    for room in ("sweep.model.formats", "sweep.parallel.clusters"):
        monkeypatch.setattr(f"{room}.find_spec", lambda name: None)
    monkeypatch.setitem(sys.modules, slow, None)  # its import is an error
    monkeypatch.setitem(sys.modules, "pg8000", None)
    done = CliRunner().invoke(cli, [*arguments, "--root", str(finished.root)])
    if said is None:  # no such kind of database: the storage itself says so
        assert isinstance(done.exception, ModuleNotFoundError)
        return
    assert isinstance(done.exception, InputError)
    assert re.search(said, str(done.exception))
    assert "secret" not in str(done.exception)


def test_a_shell_completes_the_names_of_studies(finished: StudyFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    """If it failed, what the README says of the Tab key would not be so."""
    from click.shell_completion import ShellComplete

    completed = ShellComplete(cli, {}, "sweep", "_SWEEP_COMPLETE")
    assert "made" in [c.value for c in completed.get_completions(["show", "--root", str(finished.root)], "m")]
    assert "export" in [c.value for c in completed.get_completions([], "exp")]


@pytest.mark.parametrize("error", [MemoryError(), type("ResourceExhaustedError", (Exception,), {})("OOM when")])
def test_memory_that_runs_out_is_one_line(
    error: Exception, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """If it failed, a table that is too large would end in a traceback, and not say that the run can be resumed."""

    def run_out(**_: object) -> None:
        raise error

    monkeypatch.setattr(cli, "main", run_out)
    assert run_command() == 1
    said = capsys.readouterr().err
    assert said.startswith("sweep: This takes more memory than there is.")
    assert len(said.splitlines()) == 1


def test_python_m_takes_no_file_of_the_current_folder_for_a_module(tmp_path: Path) -> None:
    """If it failed, a file click.py or queue.py beside a table would be run by `python -m sweep`."""
    for name in ("click", "numpy", "queue", "random", "token", "joblib", "json", "tomllib", "polars", "filelock"):
        (tmp_path / f"{name}.py").write_text(f"open('ran-{name}', 'w')\nraise SystemExit(9)")
    (tmp_path / "t.csv").write_text(CSV, encoding="utf-8")
    done = sweep("weights", "t.csv", "--target", "y", cwd=tmp_path)
    assert (done.returncode, list(tmp_path.glob("ran-*"))) == (0, []), done.stderr


def test_check_says_how_each_column_is_read(tmp_path: Path) -> None:
    """If it failed, a user would learn of a misread column only from the study's result."""
    rows = [f"{'.' if i == 3 else i / 4},2023-01-{i % 28 + 1:02},{i % 3},7,{int(i % 4 == 0)}" for i in range(40)]
    table = tmp_path / "t.csv"
    table.write_text("\n".join(["dose,day,code,same,y", *rows]))
    command = ["check", str(table), "--target", "y", "--test", str(table), "--category", "code"]
    done = CliRunner().invoke(cli, [*command, "--json"])
    found = json.loads(done.stdout)
    assert (found["rows"], found["positives"], found["positive"], found["negative"]) == (40, 10, "1", "0")
    assert [(c["name"], c["kind"], c["missing"], c["levels"]) for c in found["columns"]] == [
        ("dose", "number", 1, None),
        ("day", "date", 0, None),
        ("code", "category", 0, 3),
        ("same", "left out", 0, None),
    ]
    assert "read as missing: 1 '.'" in found["columns"][0]["why"]
    assert "column 'dose': read as missing: 1 '.'" in found["notes"]
    assert found["test"]["rows"] == 40
    assert "left out" in CliRunner().invoke(cli, command).stdout
    assert not list(tmp_path.glob("studies"))


def test_check_loads_no_tensorflow(tmp_path: Path) -> None:
    """If it failed, looking at a table would take as long as loading TensorFlow."""
    (tmp_path / "t.csv").write_text("x,y\n" + "".join(f"{i * i},{i % 3 // 2}\n" for i in range(9)))
    code = (
        "import sys; from sweep.cli import cli; "
        f"cli(['check', {str(tmp_path / 't.csv')!r}, '--target', 'y'], standalone_mode=False); "
        "print({'tensorflow', 'optuna', 'matplotlib', 'sklearn'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "set()"
