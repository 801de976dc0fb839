"""The settings of a study: frozen dataclasses <-> TOML. The only home of a run's defaults."""

import difflib
import math
import os
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from inspect import formatannotation
from pathlib import Path
from typing import Any, TypeVar

import tomli_w

from sweep.errors import SpecError
from sweep.study_folder import as_name, check_name, default_name

POINTS = ("recall", "precision", "top", "cost")  # the operating points, as `sweep.statistics.operating_point` has them
LISTS = ("target", "missing", "drop", "keep", "number", "category", "date")  # settings of [data] that hold texts
EQUAL = ("precision", "ratio", "recall")  # the balances, as `sweep.statistics.criteria` measures them
NEGATIVES = 20  # per positive: more are not trained on; from studies/benchmarks/speed/negatives.md
ALL = "all"  # of the negatives
T = TypeVar("T")


@dataclass(frozen=True)
class Setting:
    """Meaning and range of a setting, for the command line's help, a study file's comments and the check of values.

    Attributes
    ----------
    says : str
        The meaning, in a sentence.
    bounds : (low, high) or None
        Both included; of each end, where the setting is a range.
    whole : bool
        Whether it takes whole numbers only.
    metavar : str
        Stands for the value in the help; without one the setting is no option of `sweep run`.
    default : str
        Describes the default, where the value itself does not.
    """

    says: str
    bounds: tuple[float, float] | None = None
    whole: bool = True
    metavar: str = ""
    default: str = ""

    def sentence(self, value: Any) -> str:
        """Describe the setting in full: its meaning, its default `value`, and its range.

        Examples
        --------
        >>> Setting("Parts.", bounds=(2, 100)).sentence(5)
        'Parts. Default: 5. From 2 to 100.'
        """
        shown = " ".join(map(str, value)) if isinstance(value, tuple) else "" if value is None else str(value)
        default = f" Default: {self.default or shown}." if self.default or shown else ""
        if self.bounds is None:
            return self.says + default
        low, high = self.bounds
        return f"{self.says}{default} From {low}{'' if high == math.inf else f' to {high}'}."


def setting(value: Any, says: str, **meaning: Any) -> Any:
    """Declare a field of a section, with its default and its `Setting`."""
    return field(default=value, metadata={"setting": Setting(says, **meaning)})


def documented(section: type[T]) -> type[T]:
    """List the fields of a section in its docstring, by the sentences that they are declared with."""
    lines = []
    for entry in fields(section):  # type: ignore[arg-type]
        if "setting" in entry.metadata:
            meaning: Setting = entry.metadata["setting"]
            lines += [
                f"    {entry.name} : {formatannotation(entry.type)}",
                f"        {meaning.sentence(entry.default or None)}",
            ]
    section.__doc__ = "\n".join([f"{section.__doc__}\n", "    Attributes", "    ----------", *lines])
    return section


@documented
@dataclass(frozen=True)
class Data:
    """The table, at `path`, and the meaning of its columns; a text may stand for a list of one."""

    path: Path
    target: tuple[str, ...] = setting((), "The label column; several: one study each.", metavar="COLUMN")
    positive: str | None = setting(None, "The label of class 1.", metavar="VALUE", default="the rarer one")
    test: Path | None = setting(None, "A table that is scored once, at the end.", metavar="TABLE")
    missing: tuple[str, ...] = setting((), "A text that stands for a missing value.", metavar="TEXT")
    drop: tuple[str, ...] = setting((), "A column to leave out, such as a row id.", metavar="COLUMN")
    group: str | None = setting(None, "Rows that share its value stay in one fold.", metavar="COLUMN")
    time: str | None = setting(
        None, "When a row happened: each block of rows is scored by networks of earlier rows alone.", metavar="COLUMN"
    )
    fold: str | None = setting(None, "The folds, in place of drawn ones: one value each.", metavar="COLUMN")
    keep: tuple[str, ...] = setting((), "A column to carry into out-of-fold.parquet, such as an id.", metavar="COLUMN")
    number: tuple[str, ...] = setting((), "A column to read as numbers, whatever it looks like.", metavar="COLUMN")
    category: tuple[str, ...] = setting((), "A column to read as categories.", metavar="COLUMN")
    date: tuple[str, ...] = setting((), "A column to read as dates.", metavar="COLUMN")

    def __post_init__(self) -> None:
        """Take a text for a path, and a text or a list for a tuple of texts."""
        for name in ("path", "test"):
            if isinstance(value := getattr(self, name), str):
                object.__setattr__(self, name, Path(value))
        for name in LISTS:
            if isinstance(value := getattr(self, name), str | list):
                object.__setattr__(self, name, (value,) if isinstance(value, str) else tuple(value))


@documented
@dataclass(frozen=True)
class Search:
    """The length of the search, and its space."""

    trials: int = setting(50, "Complete plus pruned trials, in all.", bounds=(1, 100_000), metavar="N")
    timeout: float | None = setting(
        None, "Seconds after which the search ends with what it has.", bounds=(0, math.inf), whole=False, metavar="S"
    )
    most: tuple[float, float] = setting(
        (0.5, 1.0), "Range of the cap on the class weights.", bounds=(0.5, 1), whole=False, metavar="LO HI"
    )
    depth: tuple[int, int] = setting((0, 3), "Range of hidden layers; 0: none.", bounds=(0, 16), metavar="LO HI")
    width: tuple[int, int] = setting(
        (32, 256), "Range of units per layer, in doublings of LO.", bounds=(1, 4096), metavar="LO HI"
    )
    dropout: tuple[float, float] | None = setting(
        None, "Range of the dropout rate.", bounds=(0, 0.95), whole=False, default="by the width"
    )
    weight_decay: tuple[float, float] | None = setting(
        None, "Range of the weight decay.", bounds=(0, 10), whole=False, default="by the width"
    )
    learning_rate: tuple[float, float] | None = setting(
        None, "Range of the peak learning rate.", bounds=(1e-6, 1), whole=False, default="the recipe's"
    )
    seed: int = setting(0, "Seed of all that is random.", bounds=(0, 2**31 - 1), metavar="N")

    @property
    def settings(self) -> dict[str, tuple[float, float]]:
        """The further settings to search, by name."""
        asked = {k: getattr(self, k) for k in ("dropout", "weight_decay", "learning_rate")}
        return {k: span for k, span in asked.items() if span is not None}


@documented
@dataclass(frozen=True)
class Training:
    """The training of each network of a trial."""

    folds: int = setting(5, "Parts of the cross-validation.", bounds=(2, 100), metavar="K")
    repeats: int = setting(
        2, "Networks per fold, and in the final ensemble, at least; a trial trains one.", bounds=(1, 100), metavar="R"
    )
    epochs: int | None = setting(
        None, "Passes over the rows.", bounds=(1, 100_000), metavar="E", default="by the number of rows"
    )
    batch_size: int | None = setting(None, "Rows per step.", bounds=(1, 2**20), default="by the number of rows")
    negatives: str | int | None = setting(
        None,
        "Rows of class 0 to train on per row of class 1, drawn at random; all are scored.",
        metavar="R|all",
        default=f"{NEGATIVES}, or all where there are no more",
    )

    @property
    def negatives_per_positive(self) -> int | None:
        """The negatives to draw for each positive; None: all."""
        return None if self.negatives == ALL else NEGATIVES if self.negatives is None else int(self.negatives)


@documented
@dataclass(frozen=True)
class Balance:
    """The balance to take, or, one at a time, an operating point in its place."""

    equal: str | None = setting(
        None, "The rate in which both classes shall be equal.", metavar="|".join(EQUAL), default="precision"
    )
    recall: float | None = setting(
        None,
        "Instead: the highest precision with a recall of at least R.",
        bounds=(0, 1),
        whole=False,
        metavar="R",
    )
    precision: float | None = setting(
        None,
        "Instead: the highest recall with a precision of at least P.",
        bounds=(0, 1),
        whole=False,
        metavar="P",
    )
    top: str | None = setting(None, "Instead: predict the N, or N %, most likely rows positive.", metavar="N|N%")
    cost: str | None = setting(
        None, "Instead: the least expected cost, of a missed positive to a false alarm, as 50:1.", metavar="FN:FP"
    )
    confidence: float | None = setting(
        None,
        "Hold --recall or --precision in such a share of resampled tables.",
        bounds=(0.5, 0.999),
        whole=False,
        metavar="C",
        default="on the rows as they are, so that new ones miss it half the time",
    )

    @property
    def criterion(self) -> str:
        """The balance that is asked for where no operating point is."""
        return self.equal or "precision"

    @property
    def point(self) -> dict[str, Any] | None:
        """The operating point asked for: `kind`, `value`, `confidence`, `costs`, as `Wanted` takes them; None: none.

        Raises
        ------
        ValueError
            If several are asked for, or one is out of range.
        """
        given = {k: v for k in POINTS if (v := getattr(self, k)) is not None}
        if self.confidence is not None:
            _number("confidence", self.confidence, 0.5, 0.999, whole=False)
        if not given:
            if self.confidence is not None:
                raise SpecError("confidence must go with recall or precision, whose floor it holds; got neither.")
            return None
        named = [*given, *(["equal"] if self.equal is not None else [])]
        if len(named) > 1:
            raise SpecError(
                f"One of {', '.join(POINTS)} or equal must be asked for at a time; got {' and '.join(named)}."
            )
        (kind, value), costs = next(iter(given.items())), None
        if kind in ("recall", "precision"):
            if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 1:
                raise SpecError(f"{kind} must be above 0 and at most 1, such as 0.9; got {value!r}.")
        elif self.confidence is not None:
            raise SpecError(f"confidence must go with recall or precision, whose floor it holds; got it with {kind}.")
        elif kind == "top":
            value = read_top(value)
        else:
            value, costs = _costs(value)
        return {"kind": kind, "value": float(value), "confidence": self.confidence, "costs": costs}


@documented
@dataclass(frozen=True)
class Verdict:
    """The score that counts as good enough."""

    enough: float = setting(
        0.5,
        "The min(P1, R1) from which a table is workable, by the low end of the corrected score.",
        bounds=(0, 1),
        whole=False,
        metavar="SCORE",
    )


@documented
@dataclass(frozen=True)
class Report:
    """The segments that the report shows."""

    by: tuple[str, ...] = setting((), "A column by whose levels the report shows precision and recall.")


SECTIONS = {
    "data": Data,
    "search": Search,
    "training": Training,
    "balance": Balance,
    "verdict": Verdict,
    "report": Report,
}


@dataclass(frozen=True, repr=False)
class Spec:
    """All settings of a run, and nothing of where it runs.

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
    report: Report = field(default_factory=Report)

    def __post_init__(self) -> None:
        """Check every value."""
        check_name(self.name)
        _check(self)

    def __repr__(self) -> str:
        """Name the study, its table, and the settings that are not the defaults."""
        sections = [getattr(self, room) for room in SECTIONS]
        given = [
            f"{entry.name}={value[0] if entry.name in LISTS and len(value) == 1 else value!r}"
            for section in sections
            for entry in fields(section)
            if entry.metadata and (value := getattr(section, entry.name)) != entry.default
        ]
        return f"<Spec {self.name!r}: {', '.join([self.data.path.name, *given])}>"

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
            document = tomllib.loads(path.read_text(encoding="utf-8-sig"))
        except OSError as error:
            raise SpecError(f"{path} must be a study file; got: {error.strerror}. Check the path.") from None
        except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
            raise SpecError(f"{path} must be TOML; got: {error}. See studies/ for examples.") from None
        spec = cls.of(document, folder=path.parent, source=str(path))
        own = path.absolute().parent  # a study's folder that was renamed goes on under its new name
        return replace(spec, name=own.name) if path.name == "study.toml" and own.parent.name == "studies" else spec

    @classmethod
    def of(cls, document: Mapping[str, Any], *, folder: Path, source: str) -> "Spec":
        """Build a study from the content of a study file, its paths relative to a folder."""
        rooms = {f.name: f for f in fields(cls)}
        _known(document, rooms, source)
        if "data" not in document:
            raise SpecError(f"{source} must have a section [data] with path and target; got none.")
        parts: dict[str, Any] = {}
        for room, kind in SECTIONS.items():
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
        by = parts["report"].get("by", ())
        parts["report"]["by"] = (by,) if isinstance(by, str) else by
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
            report=Report(**parts["report"]),
        )

    @classmethod
    def from_options(cls, source: str | Path, options: Mapping[str, Any]) -> "Spec":
        """Lay options over a study file, or make a study of a table and options alone.

        Parameters
        ----------
        source : path
            Of a study file, where it ends in .toml; else of a table.
        options : mapping
            Settings by name, and `name`; None and () stand for what is not given.

        Raises
        ------
        ValueError
            If an option is unknown or out of range, or a table comes without a target.
        """
        given = {k: _plain(v) for k, v in options.items() if v is not None and v != ()}
        if "test" in given:
            given["test"] = Path(given["test"])
        if "positive" in given:
            given["positive"] = str(given["positive"])
        name = given.pop("name", None)
        _known(given, [entry.name for kind in SECTIONS.values() for entry in fields(kind)], "options")
        if str(source).endswith(".toml"):
            spec = cls.read(source)
            spec = spec if name is None else replace(spec, name=name)
        elif "target" not in given:
            raise SpecError("A table must come with --target COLUMN, the label column; got none. Add it.")
        else:
            spec = cls(default_name(source) if name is None else name, Data(Path(source), given["target"]))
        for room, kind in SECTIONS.items():
            mine = {entry.name: given[entry.name] for entry in fields(kind) if entry.name in given}
            spec = replace(spec, **{room: replace(getattr(spec, room), **mine)})
        return spec

    def to_toml(self, folder: Path, *, commented: bool = False) -> str:
        """Spell out every setting; paths are relative to a folder.

        Parameters
        ----------
        folder : Path
        commented : bool
            Say above each setting what it means, and name those that have no value, as comments.
        """
        document = asdict(self)
        for key in ("path", "test"):
            if document["data"][key] is not None:
                document["data"][key] = Path(os.path.relpath(document["data"][key], folder)).as_posix()
        if len(self.data.target) == 1:
            document["data"]["target"] = self.data.target[0]
        text = tomli_w.dumps({"name": self.name})
        for room, kind in SECTIONS.items():
            text += f"\n[{room}]\n"
            for entry in fields(kind):
                value, meaning = document[room][entry.name], entry.metadata.get("setting")
                if commented and meaning is not None:
                    text += f"# {meaning.sentence(None if entry.default == () else entry.default)}\n"
                if value is not None:
                    text += tomli_w.dumps({entry.name: list(value) if isinstance(value, tuple) else value})
                elif commented:
                    text += f"# {entry.name} =\n"
        return text

    def split(self) -> tuple["Spec", ...]:
        """Split into one study per target: NAME for one, NAME-TARGET for several, the other targets left out."""
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
    data = spec.data
    for path in (data.path, data.test):
        if path is not None and "\udc80" <= max(str(path)) <= "\udcff":
            raise SpecError(f"A table's path must be UTF-8, for study.toml names it; got {str(path)!r}. Rename it.")
    for name in (*LISTS, "by"):
        value = getattr(spec.report if name == "by" else data, name)
        if not isinstance(value, tuple) or not all(isinstance(v, str) for v in value):
            raise SpecError(f"{name} must be text or a list of texts; got {value!r}.")
    if len(set(data.target)) < len(data.target) or not data.target:
        raise SpecError(f"target must name different columns; got {list(data.target)}.")
    for name in ("group", "time", "fold"):
        if getattr(data, name) is not None:
            _text(getattr(data, name), name)
    if data.time is not None and data.fold is not None:
        raise SpecError("time and fold each say how rows are held out; got both. Leave one out.")
    if spec.balance.criterion not in EQUAL:
        raise SpecError(f"equal must be one of {', '.join(EQUAL)}; got {spec.balance.equal!r}.")
    spec.balance.point  # noqa: B018  checks it
    _negatives(spec.training.negatives)
    for room, kind in SECTIONS.items():
        for entry in fields(kind):
            value, meaning = getattr(getattr(spec, room), entry.name), entry.metadata.get("setting")
            if meaning is None or meaning.bounds is None or (value is None and entry.default is None):
                continue
            check = _span if "tuple" in str(entry.type) else _number
            check(entry.name, value, *meaning.bounds, whole=meaning.whole)


def read_top(value: Any) -> float:
    """Read a number of rows, N, or a share of them, N%; a share comes back below 1.

    Examples
    --------
    >>> read_top("200"), read_top("2%")
    (200.0, 0.02)
    """
    text = str(value).strip()
    percent = text.endswith("%")
    try:
        number = float(text.removesuffix("%"))
    except ValueError:
        number = math.nan
    if percent and 0 < number < 100:
        return number / 100
    if not percent and number >= 1 and number.is_integer():
        return number
    raise SpecError(f"top must be a whole number of rows from 1, such as 200, or a share such as 2%; got {value!r}.")


def _negatives(value: Any) -> None:
    whole = not isinstance(value, bool) and (isinstance(value, int) or (isinstance(value, str) and value.isdecimal()))
    if not (value is None or value == ALL or (whole and 1 <= int(value) <= 1_000_000)):
        raise SpecError(f"negatives must be a whole number from 1 to 1000000, or {ALL!r}; got {value!r}.")


def _costs(value: Any) -> tuple[float, tuple[float, float]]:
    """Read FN:FP, what a missed positive and a false alarm cost: their ratio, and both."""
    try:
        missed, false = (float(part) for part in str(value).split(":"))
    except ValueError:
        missed = false = math.nan
    if not (0 < missed < math.inf and 0 < false < math.inf):
        raise SpecError(f"cost must be two numbers above 0, FN:FP, such as 50:1; got {value!r}.")
    return missed / false, (missed, false)


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
