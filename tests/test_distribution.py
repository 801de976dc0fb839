"""What is released: the source distribution holds its tests, the wheel the package alone, and the wheel works."""

import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from sweep import __version__
from tests.commands import ROOT

pytestmark = pytest.mark.fresh


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build both distributions from a fresh clone."""
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run(["git", "clone", "-q", str(ROOT), str(folder / "clone")], check=True)
    command = [sys.executable, "-m", "build", "--outdir", str(folder), str(folder / "clone")]
    environment = {name: value for name, value in os.environ.items() if name not in ("PIP_CONSTRAINT", "PYTHONPATH")}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return folder


def committed(folder: Path, *places: str) -> set[str]:
    """Name the files that are under version control in some places of a clone."""
    listed = subprocess.run(["git", "ls-files", *places], cwd=folder, capture_output=True, text=True, check=True)
    return set(listed.stdout.splitlines())


def test_the_source_distribution_holds_what_its_tests_need(dist: Path) -> None:
    """If it failed, who packages the source for others could not test it, or would not see what changed."""
    (path,) = dist.glob("*.tar.gz")
    assert path.name == f"balance_sweep-{__version__}.tar.gz"
    with tarfile.open(path) as archive:
        held = {name.partition("/")[2] for name in archive.getnames()}
    assert committed(dist / "clone") - held == set()
    assert not [name for name in held if "__pycache__" in name or name.endswith(".pyc")]


def test_the_wheel_holds_the_package_and_nothing_else(dist: Path) -> None:
    """If it failed, an installation would lack a file, or put tests and studies beside the user's own."""
    (path,) = dist.glob("*.whl")
    with zipfile.ZipFile(path) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert held == {name for name in committed(dist / "clone", "sweep") if not name.endswith(".md")}


def test_the_wheel_works_in_an_environment_of_its_own(dist: Path, tmp_path: Path) -> None:
    """If it failed, `pip install` would give a command that does not run, or lack a dependency."""
    (wheel,) = dist.glob("*.whl")
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}

    def run(*command: str) -> str:
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, env=environment)
        assert done.returncode == 0, f"{command}: {done.stdout[-2000:]}{done.stderr[-2000:]}"
        return done.stdout

    run(sys.executable, "-m", "venv", "fresh")
    programs = tmp_path / "fresh" / "bin"
    run(str(programs / "pip"), "install", "-q", str(wheel))
    run(str(programs / "pip"), "check")
    assert __version__ in run(str(programs / "sweep"), "--version")
    study = ["run", str(ROOT / "studies" / "data" / "winequality-red-4.csv"), "--target", "quality_4", "--quick"]
    small = [
        "--trials",
        "2",
        "--epochs",
        "2",
        "--folds",
        "2",
        "--repeats",
        "1",
        "--depth",
        "1",
        "1",
        "--width",
        "8",
        "8",
    ]
    assert "Weights " in run(str(programs / "sweep"), *study, *small, "--name", "tiny")
    assert (tmp_path / "studies" / "tiny" / "best" / "model.keras").is_file()
