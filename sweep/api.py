"""The package as Python uses it: run a study of a frame or a file, load one, and work with what it found."""

from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import polars as pl
from jinja2 import Environment

from sweep import pipeline
from sweep.config import Spec
from sweep.data.frames import is_frame
from sweep.errors import InputError, SpecError
from sweep.pipeline import Prepared
from sweep.progress import Progress
from sweep.report.progress_bar import shown
from sweep.report.result import Result
from sweep.study_folder import StudyFolder, check_name, find

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PAGE = """
<table>
<caption>{{ r.name }}: {{ r.data.rows }} rows, {{ r.data.positives }} {{ r.data.positive }}</caption>
<tr><th>answer</th><td>{{ answer }}</td></tr>
<tr><th>network</th><td>{{ r.selected.params.depth }} x {{ r.selected.params.width }}</td></tr>
<tr><th>weights</th><td>{{ "%.3g"|format(r.selected.weight_ratio) }} : 1</td></tr>
{% for name, precision, recall in rates %}
<tr><th>{{ name }}</th><td>precision {{ precision }}, recall {{ recall }}</td></tr>
{% endfor %}
</table>
"""


@dataclass(frozen=True, repr=False)
class StudyResult(Result):
    """A finished study: the document of result.json, key by key, and what lies beside it.

    Attributes
    ----------
    folder : StudyFolder
        Its places on the disk.
    """

    folder: StudyFolder = field(kw_only=True)

    @classmethod
    def of(cls, folder: StudyFolder, result: Result) -> "StudyResult":
        """Join a result and the folder that it lies in."""
        return cls(**vars(result), folder=folder)

    def to_dict(self) -> dict[str, Any]:
        """Return the document of result.json."""
        return {key: value for key, value in super().to_dict().items() if key != "folder"}

    def __repr__(self) -> str:
        """Name the study, what was selected, and its answer."""
        at = f"{self.selected.equal or 'operating point'} at most={self.selected.params.most:.4g}"
        return f"<StudyResult {self.name!r}: {at}, {self._answer()}>"

    def _repr_html_(self) -> str:
        """Show the study as a notebook does: a small table."""
        labels = (self.data.negative, self.data.positive)
        rates = [
            (label, *("-" if value is None else f"{value:.3f}" for value in pair))
            for label, *pair in zip(labels, self.selected.precision, self.selected.recall, strict=True)
        ]
        return Environment(autoescape=True).from_string(PAGE).render(r=self, rates=rates, answer=self._answer())

    def _answer(self) -> str:
        if self.verdict is None:
            return "no verdict"
        return self.verdict.answer if self.verdict.sure else f"{self.verdict.answer}, probably"

    def plot_balance_curve(self) -> "Axes":
        """Draw precision and recall of both classes along the class weights."""
        from sweep.report.figures import draw_balance_curve
        from sweep.search.selection import OPERATING_POINT, Selection

        curve = Selection.load(self.folder.selection).curve
        axes: Axes = draw_balance_curve(
            curve, selected=self.selected.equal or OPERATING_POINT, equal=self.equal, name=self.name
        )
        return axes

    def plot_precision_recall(self) -> "Axes":
        """Draw precision against recall of every trial."""
        from sweep.report.pictures import draw_every_trial
        from sweep.search.selection import Selection
        from sweep.study.study import Study

        trials = Study.reopen(self.folder).finished_trials()
        return draw_every_trial(trials, Selection.load(self.folder.selection), self)

    def model(self) -> Any:
        """Load the delivered model, a Keras model that takes raw columns by name."""
        from sweep.model.scorer import load_keras

        return load_keras(self.folder.best / "model.keras")

    def predict(self, table: Any) -> pl.DataFrame:
        """Score a table, a frame or a path, with the delivered model: `probability` and `decision` of each row."""
        from sweep.model.predict import predict

        with TemporaryDirectory() as folder:
            predict(self.folder.best, table, out=Path(folder) / "scored.parquet")
            return pl.read_parquet(Path(folder) / "scored.parquet", glob=False)


def run(
    source: Any,
    *,
    target: str | tuple[str, ...] | None = None,
    name: str | None = None,
    root: str | Path = ".",
    workers: int = 1,
    backend: str = "loky",
    storage: str | None = None,
    quick: bool = False,
    progress: Progress | None = None,
    **settings: Any,
) -> StudyResult:
    """Run a study, or resume it.

    Parameters
    ----------
    source : Spec, path of a table or of a study file, or a frame
        Frames of pandas, polars or Arrow, and mappings of arrays; they are kept in the study's folder as Parquet.
    target : str
        The label column, where the source is no `Spec` and no study file.
    name : str, optional
        Default: the file's stem; a frame needs one.
    root : path
        Where `studies/NAME/` and `plots/NAME/` come to lie.
    workers : int
    backend : "loky", "dask" or "ray"
    storage : str, optional
        A database's URL; default: SQLite in the study's folder.
    quick : bool
        Leave the verdict out.
    progress : Progress, optional
        Default: shown on standard error; `Progress()` is silent.
    **settings
        Any setting of a study file by its name: trials, positive, missing, most, depth, width, folds, equal, ...

    Returns
    -------
    StudyResult

    Raises
    ------
    ValueError
        If the table, a setting or the storage cannot be used, or the name is taken by other data or settings.
    RunError
        If the run cannot go on; what is finished is kept.
    """
    options = {"target": target, "name": name, **settings}
    if isinstance(source, Spec | Prepared):
        if given := [key for key, value in options.items() if value is not None]:
            raise SpecError(f"A Spec says all settings itself; got {', '.join(given)} beside it. Put them into it.")
        prepared = pipeline.prepare(source) if isinstance(source, Spec) else source
    elif is_frame(source):
        table = StudyFolder(Path(root).resolve(), check_name(name)).table
        prepared = pipeline.prepare(Spec.from_options(table, options), frame=source)
    elif isinstance(source, str | Path):
        prepared = pipeline.prepare(Spec.from_options(source, options))
    else:
        raise InputError(f"source must be a Spec, a path or a frame; got {type(source).__name__}.")
    with shown() as bar:
        result = pipeline.run(
            prepared,
            root=root,
            workers=workers,
            backend=backend,
            storage=storage,
            quick=quick,
            progress=bar if progress is None else progress,
        )
    return StudyResult.of(StudyFolder(Path(root).resolve(), result.name), result)


def load(name: str, *, root: str | Path = ".") -> StudyResult:
    """Load a finished study.

    Raises
    ------
    StudyError
        If there is no study of that name under the root, it is not finished, or its result is damaged.
    """
    folder = find(Path(root).resolve(), name)
    return StudyResult.of(folder, Result.read(folder))
