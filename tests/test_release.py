"""What is said about versions in several places is the same: settings, workflow, what was tested, the lowest ones."""

import re
import subprocess
import sys
import tomllib

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.commands import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = {name: lines for name, lines in PROJECT["optional-dependencies"].items() if name != "dev"}
USED = [
    Requirement(line) for line in (*PROJECT["dependencies"], *(line for lines in EXTRAS.values() for line in lines))
]
ALL = [*USED, *(Requirement(line) for line in PROJECT["optional-dependencies"]["dev"] if "[" not in line)]
PYTHONS = [c.rpartition(" ")[2] for c in PROJECT["classifiers"] if re.search(r":: 3\.\d+$", c)]


def test_the_workflow_tests_each_python_that_is_named_by_the_one_command() -> None:
    """If it failed, a Python would be promised that nothing was tested with, or the workflow check something else."""
    workflow = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text(encoding="utf-8"))
    (job,) = workflow["jobs"].values()
    matrix = job["strategy"]["matrix"]
    assert matrix["python"] == PYTHONS
    low, high = re.fullmatch(r">=3\.(\d+),<3\.(\d+)", PROJECT["requires-python"]).groups()  # type: ignore[union-attr]
    assert [f"3.{minor}" for minor in range(int(low), int(high))] == PYTHONS
    asked = {*matrix["versions"], *(entry["versions"] for entry in matrix["include"])}
    known = set(re.findall(r"^    (\w+)\)", (ROOT / ".ci/run").read_text(encoding="utf-8"), re.M))
    assert asked == known == {"newest", "tested", "lowest"}
    assert job["steps"][-1] == {"run": ".ci/run ${{ matrix.versions }}"}
    assert workflow["permissions"] == {"contents": "read"}


@pytest.mark.parametrize("requirement", USED, ids=lambda requirement: requirement.name)
def test_a_range_lets_fixes_in(requirement: Requirement) -> None:
    """If it failed, a fix of a security hole in a dependency could not be installed until the next release here."""
    bounds = {one.operator: one.version for one in requirement.specifier}
    assert set(bounds) <= {">=", "<"}
    low, high = bounds[">="], bounds.get("<")
    assert high is None or (high.isdecimal() and int(high) > int(low.split(".")[0]))


def test_the_versions_that_were_tested_are_in_the_ranges() -> None:
    """If it failed, `.ci/run tested` would install something else, or nothing."""
    lines = (ROOT / ".ci/constraints.txt").read_text(encoding="utf-8").splitlines()
    tested = dict(line.split("==") for line in lines if not line.startswith("#"))
    assert not {"setuptools", "pip"} & set(tested), "a build in isolation takes its own"
    for requirement in ALL:
        assert tested[canonicalize_name(requirement.name)] in requirement.specifier, requirement


def test_the_lowest_versions_are_those_of_the_ranges() -> None:
    """If it failed, `.ci/run lowest` would not test what pyproject.toml promises."""
    printed = subprocess.run(
        [sys.executable, ROOT / ".ci/lowest.py"], capture_output=True, text=True, check=True
    ).stdout
    lowest = {one.name: one.specifier for one in map(Requirement, printed.splitlines())}
    for requirement in USED:
        (low,) = (one.version for one in requirement.specifier if one.operator == ">=")
        assert low in lowest[requirement.name]
