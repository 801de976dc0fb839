"""A study on paper: what it may hold, what it becomes, and how mistakes are named."""

from contextlib import suppress
from dataclasses import fields
from pathlib import Path

import pytest
import tomli_w
from hypothesis import given
from hypothesis import strategies as st

from sweep.config import EQUAL, SECTIONS, Data, Spec
from sweep.errors import SpecError
from sweep.statistics.criteria import CRITERIA
from sweep.study_folder import default_name

LEAST = {"data": {"path": "t.csv", "target": "y"}}


def read(tmp_path: Path, document: dict[str, object]) -> Spec:
    (tmp_path / "s.toml").write_text(tomli_w.dumps(document), encoding="utf-8")
    return Spec.read(tmp_path / "s.toml")


def test_paths_are_relative_to_the_study_file(tmp_path: Path) -> None:
    """A study would depend on the folder that it is run from."""
    spec = read(tmp_path, {"data": {"path": "../x/t.csv", "target": "y", "test": "u.csv"}})
    assert spec.data.path == tmp_path.parent / "x" / "t.csv"
    assert spec.data.test == tmp_path / "u.csv"


def test_every_setting_spelled_out_reads_back_as_the_same_study(tmp_path: Path) -> None:
    """A run could not be repeated from the study.toml that it leaves."""
    spec = read(
        tmp_path,
        {
            "name": "n",
            "data": {"path": "t.csv", "target": ["a", "b"], "positive": 1, "missing": "?", "drop": ["i"], "group": "g"},
            "search": {
                "trials": 7,
                "timeout": 60,
                "most": [0.6, 0.9],
                "depth": [1, 2],
                "width": [8, 32],
                "seed": 3,
                "dropout": [0, 0.5],
                "learning_rate": [0.001, 0.03],
            },
            "training": {"folds": 3, "repeats": 1, "epochs": 4, "batch_size": 64},
            "balance": {"equal": "recall"},
            "verdict": {"enough": 0.4},
        },
    )
    elsewhere = tmp_path / "studies" / "n"
    elsewhere.mkdir(parents=True)
    (elsewhere / "study.toml").write_text(spec.to_toml(elsewhere), encoding="utf-8")
    assert Spec.read(elsewhere / "study.toml") == spec
    assert (spec.data.positive, spec.data.missing) == ("1", ("?",))


def test_several_targets_become_a_study_each(tmp_path: Path) -> None:
    """The other labels would be features of each."""
    first, second = read(tmp_path, {"name": "n", "data": {"path": "t.csv", "target": ["a", "b/c"]}}).split()
    assert (first.name, first.data.target, first.data.drop) == ("n-a", ("a",), ("b/c",))
    assert (second.name, second.data.target, second.data.drop) == ("n-b-c", ("b/c",), ("a",))


def test_a_renamed_folder_gives_its_study_the_new_name(tmp_path: Path) -> None:
    """If it failed, running the study file of a renamed folder would begin a study of the old name."""
    folder = tmp_path / "studies" / "new"
    folder.mkdir(parents=True)
    (folder / "study.toml").write_text(tomli_w.dumps({"name": "old", **LEAST}))
    assert Spec.read(folder / "study.toml").name == "new"
    assert read(tmp_path, {"name": "old", **LEAST}).name == "old"


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("t/my table.csv", "my-table"),
        ("data.csv", "data-study"),
        ("benchmarks.parquet", "benchmarks-study"),
        ("t/rows.csv.gz", "rows"),
        ("t/rows.v2.gz", "rows.v2"),
        ("t/book.xlsx#Sheet 1", "book"),
    ],
)
def test_a_study_is_named_after_its_table_but_never_data_or_benchmarks(path: str, name: str) -> None:
    """A run would write into the folder that holds the tables."""
    assert default_name(path) == name


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({"dta": {}}, "'data'"),
        ({"data": {"path": "t.csv", "traget": "y"}}, "'target'"),
        ({"data": {"target": "y"}}, "path"),
        ({"data": 3}, "section"),
        ({**LEAST, "search": {"trials": 0}}, "from 1"),
        ({**LEAST, "search": {"trials": 2.5}}, "whole number"),
        ({**LEAST, "search": {"trials": True}}, "whole number"),
        ({**LEAST, "search": {"most": [0.4, 0.9]}}, "from 0.5"),
        ({**LEAST, "search": {"most": [0.9, 0.6]}}, "Swap"),
        ({**LEAST, "search": {"depth": 3}}, "LO and HI"),
        ({**LEAST, "search": {"timeout": -1}}, "from 0"),
        ({**LEAST, "search": {"dropout": 0.2}}, "dropout must be two numbers"),
        ({**LEAST, "search": {"learning_rate": [0, 0.1]}}, "learning_rate must be a number from 1e-06"),
        ({**LEAST, "training": {"folds": 1}}, "from 2"),
        ({**LEAST, "balance": {"equal": "accuracy"}}, "precision, ratio, recall"),
        ({**LEAST, "balance": {"recall": 0.9, "equal": "ratio"}}, "at a time; got recall and equal"),
        ({**LEAST, "balance": {"recall": 0.9, "cost": "5:1"}}, "at a time; got recall and cost"),
        ({**LEAST, "balance": {"recall": 0}}, "recall must be above 0 and at most 1"),
        ({**LEAST, "balance": {"precision": "high"}}, "precision must be above 0"),
        ({**LEAST, "balance": {"confidence": 0.9}}, "confidence must go with recall or precision"),
        ({**LEAST, "balance": {"confidence": 0.9, "top": "2%"}}, "got it with top"),
        ({**LEAST, "balance": {"confidence": 1.0, "recall": 0.9}}, "from 0.5 to 0.999"),
        ({**LEAST, "balance": {"top": "100%"}}, "top must be a whole number of rows"),
        ({**LEAST, "balance": {"top": 2.5}}, "top must be a whole number of rows"),
        ({**LEAST, "balance": {"cost": "50"}}, "FN:FP"),
        ({**LEAST, "balance": {"cost": "-1:1"}}, "above 0"),
        ({**LEAST, "verdict": {"enough": "much"}}, "number"),
        ({**LEAST, "name": "data"}, "data"),
        ({**LEAST, "name": "a/b"}, "folder name"),
        ({**LEAST, "name": ".."}, "folder name"),
        ({**LEAST, "name": "a\nb"}, "folder name"),
        ({**LEAST, "name": 3}, "folder name"),
        ({"data": {"path": 3, "target": "y"}}, "text"),
        ({"data": {"path": "t.csv", "target": [1]}}, "text"),
        ({"data": {"path": "t.csv", "target": "y", "group": 4}}, "group"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, document: dict[str, object], said: str) -> None:
    """A user would search for the mistake, or it would be taken silently."""
    with pytest.raises(SpecError, match=said):
        read(tmp_path, document)


@pytest.mark.parametrize(
    ("balance", "point"),
    [
        ({}, None),
        ({"equal": "recall"}, None),
        ({"recall": 0.9, "confidence": 0.8}, ("recall", 0.9, 0.8, None)),
        ({"precision": 1}, ("precision", 1.0, None, None)),
        ({"top": 200}, ("top", 200.0, None, None)),
        ({"top": "2.5 %"}, ("top", 0.025, None, None)),
        ({"cost": "50:2"}, ("cost", 25.0, None, (50.0, 2.0))),
    ],
)
def test_operating_points_are_read_as_people_write_them(
    tmp_path: Path, balance: dict[str, object], point: tuple[object, ...] | None
) -> None:
    """If it failed, 2 % would be two rows, or costs of 50 and 2 those of 50 and 1."""
    spec = read(tmp_path, {**LEAST, "balance": balance})
    found = spec.balance.point
    assert (found and tuple(found[k] for k in ("kind", "value", "confidence", "costs"))) == point
    (tmp_path / "again.toml").write_text(spec.to_toml(tmp_path))
    assert Spec.read(tmp_path / "again.toml") == spec


@given(st.binary(max_size=200))
def test_random_bytes_never_raise_anything_else(content: bytes) -> None:
    """A damaged study file would end in a traceback."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "s.toml"
        path.write_bytes(content)
        with pytest.raises(SpecError):
            Spec.read(path)


SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)).filter(
    lambda value: value is not None
)
KEYS = st.sampled_from(
    ["name", "data", "search", "training", "path", "target", "trials", "most", "depth", "folds", "epochs", "equal", "x"]
)


@given(st.dictionaries(KEYS, st.one_of(SCALARS, st.lists(SCALARS, max_size=3), st.dictionaries(KEYS, SCALARS))))
def test_random_study_files_give_a_study_or_a_message(document: dict[str, object]) -> None:
    """A value of an unexpected kind would end in a traceback."""
    with suppress(SpecError):
        Spec.of(document, folder=Path(), source="s.toml")


def test_a_commented_study_reads_back_as_the_same_study_and_explains_each_setting(tmp_path: Path) -> None:
    """If it failed, `sweep init` would write a file that another study comes of, or leave a setting unexplained."""
    spec = Spec("n", Data(tmp_path / "t.csv", ("y",)))
    text = spec.to_toml(tmp_path, commented=True)
    (tmp_path / "n.toml").write_text(text, encoding="utf-8")
    assert Spec.read(tmp_path / "n.toml") == spec
    for kind in SECTIONS.values():
        for entry in fields(kind):
            assert f"{entry.name} =" in text
            if entry.metadata:
                assert entry.metadata["setting"].says in text


def test_balances_are_the_criteria_that_are_measured() -> None:
    """If it failed, a balance could be asked for that nothing measures."""
    assert EQUAL == CRITERIA


def test_a_study_file_of_brackets_is_one_message(tmp_path: Path) -> None:
    """If it failed, a study file that somebody sent would end in a traceback."""
    (tmp_path / "s.toml").write_text(f"a = {'[' * 5000}{']' * 5000}")
    with pytest.raises(SpecError, match="must be TOML"):
        Spec.read(tmp_path / "s.toml")
