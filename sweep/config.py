"""A study on paper: frozen dataclasses <-> TOML. The only home of a run's defaults."""

import difflib
import math
import os
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import tomli_w

from sweep.errors import SpecError
from sweep.statistics.criteria import CRITERIA
from sweep.study_folder import as_name, check_name, default_name


@dataclass(frozen=True)
class Data:
    """Which table, and what its columns are."""

    path: Path
    target: tuple[str, ...]  # one study each
    positive: str | None = None  # the label of class 1; None: the rarer one
    test: Path | None = None  # scored once, at the end
    missing: tuple[str, ...] = ()  # texts that stand for a missing value
    drop: tuple[str, ...] = ()  # columns to leave out
    group: str | None = None  # rows that share its value stay in one fold


@dataclass(frozen=True)
class Search:
    """How long to search, and where."""

    trials: int = 50  # complete plus pruned, in all
    timeout: float | None = None  # seconds of search
    most: tuple[float, float] = (0.5, 1.0)  # cap on the class weights; cut at saturation
    depth: tuple[int, int] = (1, 3)  # hidden layers
    width: tuple[int, int] = (32, 256)  # units a hidden layer, in doublings of the low end
    dropout: tuple[float, float] | None = None  # this and the next two are searched only where a range is given
    weight_decay: tuple[float, float] | None = None
    learning_rate: tuple[float, float] | None = None
    seed: int = 0

    @property
    def settings(self) -> dict[str, tuple[float, float]]:
        """The further settings to search, by name."""
        asked = {k: getattr(self, k) for k in ("dropout", "weight_decay", "learning_rate")}
        return {k: span for k, span in asked.items() if span is not None}


@dataclass(frozen=True)
class Training:
    """How each network of a trial is trained."""

    folds: int = 5
    repeats: int = 2  # networks a fold that differ in their initial weights; the final ensemble has as many
    epochs: int | None = None  # None: by the number of rows
    batch_size: int | None = None  # None: by the number of rows


@dataclass(frozen=True)
class Balance:
    """Which balance to take."""

    equal: str = "precision"


@dataclass(frozen=True)
class Verdict:
    """What counts as good enough."""

    enough: float = 0.5  # min(P1, R1) from which the corrected score's low end makes a table workable


@dataclass(frozen=True)
class Spec:
    """All that a run needs to know, and nothing of where it runs.

    Raises
    ------
    ValueError
        If a value is out of range.
    """

    name: str
    data: Data
    search: Search = field(default_factory=Search)
    training: Training = field(default_factory=Training)
    balance: Balance = field(default_factory=Balance)
    verdict: Verdict = field(default_factory=Verdict)

    def __post_init__(self) -> None:
        check_name(self.name)
        _check(self)

    @classmethod
    def read(cls, path: str | Path) -> "Spec":
        """Read a study file; paths in it are relative to it.

        Raises
        ------
        ValueError
            If there is no such file, it is no TOML, or a key or value is not known; the message names the nearest
            right key.
        """
        path = Path(path)
        try:
            document = tomllib.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise SpecError(f"{path} must be a study file; got: {error.strerror}. Check the path.") from None
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise SpecError(f"{path} must be TOML; got: {error}. See studies/ for examples.") from None
        return cls.of(document, folder=path.parent, source=str(path))

    @classmethod
    def of(cls, document: Mapping[str, Any], *, folder: Path, source: str) -> "Spec":
        """Build a study from what a study file holds, its paths relative to a folder."""
        rooms = {f.name: f for f in fields(cls)}
        _known(document, rooms, source)
        if "data" not in document:
            raise SpecError(f"{source} must have a section [data] with path and target; got none.")
        parts: dict[str, Any] = {}
        for room, kind in (
            ("data", Data),
            ("search", Search),
            ("training", Training),
            ("balance", Balance),
            ("verdict", Verdict),
        ):
            section = document.get(room, {})
            if not isinstance(section, Mapping):
                raise SpecError(f"{source}: {room} must be a section, [{room}]; got {section!r}.")
            _known(section, {f.name for f in fields(kind)}, f"{source} [{room}]")
            parts[room] = {k: _plain(v) for k, v in section.items()}
        data = parts["data"]
        for key in ("path", "target"):
            if not data.get(key):
                raise SpecError(f"{source} [data] must have the key {key}; got none. Add it.")
        for key in ("path", "test"):
            if key in data:
                _text(data[key], f"{source} [data] {key}")
                data[key] = Path(os.path.normpath(folder / data[key]))
        for key in ("target", "missing", "drop"):
            if key in data:
                data[key] = (data[key],) if isinstance(data[key], str) else data[key]
        if "positive" in data and not isinstance(data["positive"], str):
            data["positive"] = str(data["positive"])
        name = document.get("name", default_name(data["path"]))
        return cls(
            name=name,
            data=Data(**data),
            search=Search(**parts["search"]),
            training=Training(**parts["training"]),
            balance=Balance(**parts["balance"]),
            verdict=Verdict(**parts["verdict"]),
        )

    def to_toml(self, folder: Path) -> str:
        """Spell out every setting; paths are relative to a folder."""
        document = asdict(self)
        for key in ("path", "test"):
            if document["data"][key] is not None:
                document["data"][key] = Path(os.path.relpath(document["data"][key], folder)).as_posix()
        if len(self.data.target) == 1:
            document["data"]["target"] = self.data.target[0]
        sections = {
            room: {k: list(v) if isinstance(v, tuple) else v for k, v in section.items() if v is not None}
            for room, section in document.items()
            if room != "name"
        }
        return tomli_w.dumps({"name": self.name, **sections})

    def split(self) -> tuple["Spec", ...]:
        """One study a target: NAME itself for one, NAME-TARGET for several, the other targets left out."""
        if len(self.data.target) == 1:
            return (self,)
        names = [f"{self.name}-{as_name(target)}" for target in self.data.target]
        if len(set(names)) < len(names):
            raise SpecError(f"Targets must differ as parts of a study's name; got the names {names}. Run them apart.")
        return tuple(
            replace(
                self,
                name=name,
                data=replace(
                    self.data,
                    target=(target,),
                    drop=(*self.data.drop, *(t for t in self.data.target if t != target)),
                ),
            )
            for name, target in zip(names, self.data.target, strict=True)
        )


def _known(section: Mapping[str, Any], right: Any, where: str) -> None:
    for key in section:
        if key not in right:
            near = difflib.get_close_matches(key, right, n=1)
            hint = f"Did you mean {near[0]!r}?" if near else f"Known: {', '.join(right)}."
            raise SpecError(f"{where} must hold known keys only; got {key!r}. {hint}")


def _plain(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _text(value: Any, where: str) -> None:
    if not isinstance(value, str | Path):
        raise SpecError(f"{where} must be text; got {value!r}.")


def _check(spec: Spec) -> None:
    data, search, training = spec.data, spec.search, spec.training
    for path in (data.path, data.test):
        if path is not None and "\udc80" <= max(str(path)) <= "\udcff":
            raise SpecError(f"A table's path must be UTF-8, for study.toml names it; got {str(path)!r}. Rename it.")
    for name, value in (("target", data.target), ("missing", data.missing), ("drop", data.drop)):
        if not isinstance(value, tuple) or not all(isinstance(v, str) for v in value):
            raise SpecError(f"{name} must be text or a list of texts; got {value!r}.")
    if len(set(data.target)) < len(data.target) or not data.target:
        raise SpecError(f"target must name different columns; got {list(data.target)}.")
    if data.group is not None:
        _text(data.group, "group")
    _number("trials", search.trials, 1, 100_000)
    if search.timeout is not None:
        _number("timeout", search.timeout, 0, math.inf, whole=False)
    _span("most", search.most, 0.5, 1, whole=False)
    _span("depth", search.depth, 1, 16)
    _span("width", search.width, 1, 4096)
    for name, low, high in (("dropout", 0, 0.95), ("weight_decay", 0, 10), ("learning_rate", 1e-6, 1)):
        if name in search.settings:
            _span(name, search.settings[name], low, high, whole=False)
    _number("seed", search.seed, 0, 2**31 - 1)
    _number("folds", training.folds, 2, 100)
    _number("repeats", training.repeats, 1, 100)
    if training.epochs is not None:
        _number("epochs", training.epochs, 1, 100_000)
    if training.batch_size is not None:
        _number("batch_size", training.batch_size, 1, 2**20)
    if spec.balance.equal not in CRITERIA:
        raise SpecError(f"equal must be one of {', '.join(CRITERIA)}; got {spec.balance.equal!r}.")
    _number("enough", spec.verdict.enough, 0, 1, whole=False)


def _number(name: str, value: Any, low: float, high: float, *, whole: bool = True) -> None:
    kind = int if whole else int | float
    if isinstance(value, bool) or not isinstance(value, kind) or not low <= value <= high:
        what = "a whole number" if whole else "a number"
        bounds = f"from {low}" if high == math.inf else f"from {low} to {high}"
        raise SpecError(f"{name} must be {what} {bounds}; got {value!r}.")


def _span(name: str, value: Any, low: float, high: float, *, whole: bool = True) -> None:
    if not isinstance(value, tuple) or len(value) != 2:
        raise SpecError(f"{name} must be two numbers, LO and HI; got {value!r}.")
    for v in value:
        _number(name, v, low, high, whole=whole)
    if value[0] > value[1]:
        raise SpecError(f"{name} must have LO <= HI; got {value[0]} and {value[1]}. Swap them.")
