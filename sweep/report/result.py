"""What a run found: the document of result.json, key by key."""

import json
from contextlib import suppress
from dataclasses import dataclass, field

from sweep.document import LEFT_OUT, Document
from sweep.errors import StudyError
from sweep.evidence.verdict import Verdict
from sweep.search.operating_point import OperatingPoint
from sweep.statistics.confusion import Counts
from sweep.statistics.corrected_score import Corrected
from sweep.statistics.test_table import OnTest
from sweep.study_folder import StudyFolder

SCHEMA = 1
BALANCES = ("precision", "ratio", "recall", "unweighted", "moved_cut")
BARE_LABELS = ("true", "false", "yes", "no", "t", "f", "y", "n")  # that say nothing without their column
Pair = tuple[float | None, float | None]


def class_names(target: str, negative: str, positive: str) -> tuple[str, str]:
    """Name class 0 and class 1 as a reader knows them: by a label that is a word, else as `target = label`.

    Examples
    --------
    >>> class_names("diagnosis", "well", "ill"), class_names("y", "0", "1")
    (('well', 'ill'), ('y = 0', 'y = 1'))
    """
    labels = (negative, positive)
    if all(any(c.isalpha() for c in label) and label.lower() not in BARE_LABELS for label in labels):
        return labels
    return f"{target} = {negative}", f"{target} = {positive}"


@dataclass(frozen=True)
class ColumnSummary:
    """A column of the training table: what it was read as, and why."""

    name: str
    kind: str
    missing: int
    levels: int | None
    why: str | None


@dataclass(frozen=True)
class DataSummary:
    """The training table; `scored`: its rows that are scored out-of-fold."""

    rows: int
    positives: int
    features: int
    fingerprint: str
    target: str
    positive: str
    negative: str = "0"
    scored: int = 0
    columns: tuple[ColumnSummary, ...] = ()
    notes: tuple[str, ...] = ()  # whatever was said on reading
    negatives_per_positive: int | None = None  # that networks trained on; None: all

    @property
    def class_names(self) -> tuple[str, str]:
        """Name class 0 and class 1 as a reader knows them."""
        return class_names(self.target, self.negative, self.positive)


@dataclass(frozen=True)
class Searched:
    """The settings that were searched, at the values taken; those that were not are None."""

    most: float
    depth: int
    width: int
    dropout: float | None = field(default=None, metadata=LEFT_OUT)
    weight_decay: float | None = field(default=None, metadata=LEFT_OUT)
    learning_rate: float | None = field(default=None, metadata=LEFT_OUT)


@dataclass(frozen=True)
class ConfirmedNetwork:
    """A network that was run again with fresh seeds, and its score then."""

    trial: int
    most: float
    depth: int
    width: int
    dropout: float | None = field(default=None, metadata=LEFT_OUT)
    weight_decay: float | None = field(default=None, metadata=LEFT_OUT)
    learning_rate: float | None = field(default=None, metadata=LEFT_OUT)
    bins: bool = False
    length: float = 1.0
    trees: int = 0
    score: float = 0.0


@dataclass(frozen=True)
class Selected:
    """What is delivered; counts, rates and scores are out-of-fold over all training rows.

    Attributes
    ----------
    equal : str or None
        The criterion taken, None for an operating point; `why`, where it is not the one asked for.
    trial : int
        Whose network it is, or the best of those averaged.
    params : Searched
        `most` is the balance picked, not the trial's.
    weight_ratio : float
        w1 / w0.
    threshold : float or None
        On the delivered probability; None where it tells no rows apart.
    precision, recall : (class 0, class 1)
    network : str
        Described in words.
    members : tuple of ConfirmedNetwork
        The networks whose logits are averaged, or the one.
    """

    equal: str | None
    why: str | None = field(metadata=LEFT_OUT)
    trial: int
    params: Searched
    bins: bool
    weight_ratio: float
    threshold: float | None
    counts: Counts
    precision: Pair
    recall: Pair
    average_precision: float
    average_precision_by_fold: float
    score: float
    corrected: Corrected
    confirmed: tuple[ConfirmedNetwork, ...]
    network: str = ""
    members: tuple[ConfirmedNetwork, ...] = ()


@dataclass(frozen=True)
class ByThreshold:
    """What a threshold on the delivered probability does; None where the probability tells no rows apart."""

    probability: float | None
    counts: Counts
    precision: Pair
    recall: Pair


@dataclass(frozen=True)
class Balance:
    """One balance, out-of-fold.

    Attributes
    ----------
    reached : bool
    reached_by : "weights", "threshold" or None
    most : float
    threshold : float or None
        On the delivered probability; None where it tells no rows apart.
    gap : float or None
        What is left of the difference that should be 0.
    low, high : float or None
        95 % interval of `most`, where it was found on the curve.
    counts, precision, recall
    crossings : tuple of float
        Of the curve as it is, unsmoothed.
    by_threshold : ByThreshold or None
        Of the recall balance: the threshold at which the recalls are equal.
    cut : float or None
        The threshold on the mean logit, where the threshold alone was moved.
    """

    reached: bool
    reached_by: str | None
    most: float
    threshold: float | None
    gap: float | None
    low: float | None
    high: float | None
    counts: Counts
    precision: Pair
    recall: Pair
    crossings: tuple[float, ...]
    by_threshold: ByThreshold | None = field(default=None, metadata={"key": "by_cut", **LEFT_OUT})
    cut: float | None = field(default=None, metadata=LEFT_OUT)


@dataclass(frozen=True)
class Trials:
    """How many trials there are of each kind."""

    complete: int
    pruned: int
    failed: int
    stopped: int = 0  # by a kill, a signal or the end of the time; tried again, as those that failed


@dataclass(frozen=True, repr=False)
class Result(Document):
    """What a run found; the document of result.json, key by key.

    Attributes
    ----------
    schema : int
        Of this document; a reader of a later one finds these keys too.
    version, versions : str, mapping of str to str
        Of this program, and of what the numbers depend on, as they were when the numbers were made.
    seconds : mapping of str to float
        Wall clock of each phase, summed over resumes.
    workers : int
        That the search had when it ended: another number proposes other trials.
    """

    schema: int = field(default=SCHEMA, kw_only=True)
    name: str
    version: str
    data: DataSummary
    equal: str | None
    selected: Selected
    balances: dict[str, Balance]
    trials: Trials
    test: OnTest | None
    verdict: Verdict | None
    seconds: dict[str, float]
    operating_point: OperatingPoint | None = None
    versions: dict[str, str] = field(default_factory=dict)
    workers: int = 1

    def __repr__(self) -> str:
        """Name the study, what was selected, and its answer."""
        at = f"{self.selected.equal or 'operating point'} at most={self.selected.params.most:.4g}"
        return f"<{type(self).__name__} {self.name!r}: {at}, {self.answer}>"

    @property
    def answer(self) -> str:
        """The verdict in a word or two."""
        if self.verdict is None:
            return "no verdict"
        return self.verdict.answer if self.verdict.sure else f"{self.verdict.answer}, probably"

    def to_json(self) -> str:
        """Return the document as text; undefined is null, never NaN."""
        return json.dumps(self.to_dict(), indent=1, ensure_ascii=False, allow_nan=False)

    @classmethod
    def read(cls, folder: StudyFolder) -> "Result":
        """Read what a finished run found.

        Raises
        ------
        StudyError
            If the run is not finished, its result.json is damaged, or that and the model in best/ are of two runs.
        """
        if not folder.result.exists():
            raise StudyError(
                f"Study {folder.name!r} must be finished for this; it is not yet. Run the same command to resume."
            )
        result = None
        with suppress(ValueError, TypeError, LookupError, AttributeError, RecursionError, OSError):
            result = cls.from_dict(json.loads(folder.result.read_text(encoding="utf-8")))
        known = (*BALANCES[:3], None)
        if result is None or not {*BALANCES} <= {*result.balances} or result.selected.equal not in known:
            raise StudyError(
                f"{folder.result} must be a result of sweep; it is damaged. Delete it and run the study again: "
                "finished trials are kept."
            )
        if not _agrees_with_card(result, folder):
            raise StudyError(
                f"{folder.result} and the model in {folder.best} must be of one run; they differ. Delete result.json "
                "and run the study again: finished trials are kept."
            )
        return result


def _agrees_with_card(result: Result, folder: StudyFolder) -> bool:
    """Check whether the model delivered is what the result is of, as far as its card can be read."""
    try:
        card = json.loads((folder.best / "card.json").read_text(encoding="utf-8"))
        of = (card["fingerprint"], card["most"])
    except (ValueError, TypeError, LookupError, RecursionError, OSError):
        return True  # what is missing or damaged is said where it is needed
    return bool(of == (result.data.fingerprint, result.selected.params.most))
