"""The README says what is so: its commands run, its options are the command line's, its Python works."""

import re
import runpy
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Any

import click
import pytest

from sweep.cli import cli
from sweep.report.result import Result
from sweep.study_folder import StudyFolder
from tests.commands import COMMANDS, READER, ROOT, commands, with_reader

README = ROOT / "README.md"
TEXT, READER_TEXT = README.read_text(encoding="utf-8"), READER.read_text(encoding="utf-8")
PAGES = [README, *sorted(ROOT.glob("studies/**/README.md")), *sorted(ROOT.glob("sweep/**/*.md"))]


def blocks(language: str, text: str = TEXT) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.M | re.S)


QUICK_START = [b.strip() for b in blocks("sh") if ".venv" in b]


def test_quick_start_holds_two_commands() -> None:
    """A newcomer would have to find out the second half alone."""
    run, tests = QUICK_START
    assert run.endswith("sweep run studies/hypothyroid.toml")
    assert tests.endswith("pytest")
    assert all(len(command.splitlines()) == 1 for command in QUICK_START)


def test_every_command_line_of_the_readme_is_one_that_sweep_takes() -> None:
    """An option that was renamed would stay in the README."""
    lines = [line for b in blocks("sh") for part in b.splitlines() for line in part.split("&&") if "sweep " in line]
    assert len(lines) >= 7
    for line in lines:
        name, *arguments = shlex.split(line[line.index("sweep ") :])[1:]
        command = cli.commands[name]
        with click.Context(command) as context:
            command.parse_args(context, list(arguments))


def test_commands_and_numpy_reader_are_those_of_the_code() -> None:
    """The documentation would drift; `python tests/commands.py` writes these parts anew."""
    assert commands() == COMMANDS.read_text(encoding="utf-8")
    assert with_reader(READER_TEXT) == READER_TEXT


@pytest.fixture
def beside_a_study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder in which readers are: with a study's model, and an export of it."""
    import numpy as np
    import polars as pl

    from sweep import train
    from sweep.data.features import Column, Features
    from sweep.model.export import export
    from sweep.model.layers import build

    frame = pl.DataFrame({"age": [61.0, None, 40.0, 50.0] * 5, "clinic": ["north", None, "south", "east"] * 5})
    features = Features((Column("age", "number"), Column("clinic", "category", ("north", "south", None))))
    Y = np.tile([[1], [0], [0], [0]], (5, 1))
    stack = train(features.transform(frame), Y, np.ones(Y.shape), width=8, epochs=1)
    model = build(stack, features, weight_ratio=3.0, card={"most": 0.8})
    monkeypatch.chdir(tmp_path)
    export(model, Path("studies/NAME/best"), frame=frame)
    export(model, Path("model"), format="npz", frame=frame)


@pytest.mark.usefixtures("beside_a_study")
@pytest.mark.parametrize("block", blocks("python") + blocks("python", READER_TEXT))
def test_python_of_the_pages_runs(block: str) -> None:
    """The first thing that a reader copies would fail."""
    names: dict[str, Any] = {}
    exec(compile(block, "README.md", "exec"), names)
    if "model" in names:
        assert names["out"]["probability"].shape == (2, 1)
    if "class_weight" in names:
        assert names["class_weight"] == {0: pytest.approx(2 / 3), 1: pytest.approx(2)}


def test_examples_in_docstrings_are_run(pytestconfig: pytest.Config) -> None:
    """An example in a docstring could be wrong for ever."""
    assert "sweep" in pytestconfig.getini("testpaths")
    assert pytestconfig.option.doctestmodules


def test_the_readme_is_short() -> None:
    """If it failed, a newcomer would scroll for what the first screens should say."""
    assert len(TEXT.splitlines()) <= 200


def test_what_the_readme_shows_of_the_quick_start_is_of_one_run(finished: StudyFolder) -> None:
    """If it failed, the answer, the picture and the recording could not be renewed by one command, or would differ."""
    made = runpy.run_path(str(ROOT / "studies" / "readme.py"))
    result = Result.read(finished)
    assert result.verdict is not None
    assert result.verdict.paragraph in made["answer"](result)
    shown = [*made["progress"](finished.log.read_text(encoding="utf-8"))]
    assert shown.count("…") == 1
    assert any(line.startswith("search: 5 of 5") for line in shown)
    assert any(line.startswith("verdict: 6 of 6") for line in shown)
    drawn = made["recording"](finished, result)
    assert drawn.startswith("<svg")
    assert "https" not in drawn.replace("<!-- Generated with Rich https://www.textualize.io -->", "")
    assert "sweep&#160;export&#160;made" in drawn
    for part in (made["START"], made["END"], f"sweep run {made['STUDY']}", "plots/quick-start.svg"):
        assert part in TEXT


def test_study_of_the_readme_is_the_one_that_it_runs(tmp_path: Path) -> None:
    """A key shown to readers would be refused."""
    from sweep.config import Spec

    text = (ROOT / "studies" / "README.md").read_text(encoding="utf-8")
    (tmp_path / "s.toml").write_text(blocks("toml", text)[0], encoding="utf-8")
    shown, real = Spec.read(tmp_path / "s.toml"), Spec.read(ROOT / "studies" / "hypothyroid.toml")
    assert (shown.data.target, shown.data.positive, shown.data.missing) == (
        real.data.target,
        real.data.positive,
        real.data.missing,
    )


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_and_pictures_are_there(page: Path) -> None:
    """A picture would be missing on the page, or a link lead nowhere."""
    for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target


def test_readme_of_the_studies_names_what_lies_there() -> None:
    """A study or a benchmark would be there that nobody finds."""
    text = (ROOT / "studies" / "README.md").read_text(encoding="utf-8")
    benchmarks = {path.parent.name for path in ROOT.glob("studies/benchmarks/*/run.py")} | {"verdict"}
    for name in (*(path.name for path in ROOT.glob("studies/*.toml")), *(f"{name}/" for name in benchmarks)):
        assert f"[{name}]" in text, name


@pytest.mark.fresh
def test_quick_start_runs_the_main_job_in_a_fresh_clone(tmp_path: Path) -> None:
    """A newcomer's first command would fail."""
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "-q", str(ROOT), str(clone)], check=True)
    done = subprocess.run(QUICK_START[0], shell=True, cwd=clone, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert "alarms are right" in done.stdout
    for path in ("best/model.keras", "best/class_weights.json", "report.html", "result.json"):
        assert (clone / "studies" / "hypothyroid" / path).is_file()
    shutil.rmtree(clone)


def test_the_layout_names_every_room() -> None:
    """If it failed, a stranger would look for a room that is not there, or not find the one that is."""
    package = ROOT / "sweep"
    text = (package / "README.md").read_text(encoding="utf-8")
    layout = text.split("## The layout")[1].split("\n## ")[0]
    named = {name.rstrip("/") for name in re.findall(r"^\| \[`([^`]+)`\]", layout, re.MULTILINE)}
    modules = {p.name for p in package.iterdir() if p.suffix == ".py" and not p.name.startswith("__")}
    rooms = {p.name for p in package.iterdir() if (p / "__init__.py").exists()}
    assert named == modules | rooms


@pytest.mark.parametrize(
    "page", sorted(str(p.relative_to(ROOT)) for p in [*ROOT.glob("*.md"), *ROOT.glob("s*/**/*.md")])
)
def test_links_and_paths_of_a_page_are_there(page: str) -> None:
    """If it failed, a page would send its reader to a file that is not there."""
    text = (ROOT / page).read_text(encoding="utf-8")
    links = [link.split("#")[0] for link in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in link]
    paths = [f"/{p}" for p in re.findall(r"`((?:sweep|tests)/[\w./-]+\.(?:py|md|html))`", text)]
    targets = [
        (ROOT / p[1:]) if p.startswith("/") else (ROOT / page).parent / p for p in (*filter(None, links), *paths)
    ]
    assert [str(target) for target in targets if not target.exists()] == []
