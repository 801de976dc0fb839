"""The package as Python uses it: run a study of a frame or a file, load one, and work with what it found."""

import warnings
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from jinja2 import Environment

from sweep import pipeline
from sweep.config import Spec
from sweep.data.frames import is_frame
from sweep.errors import InputError, SpecError
from sweep.prepared import Prepared, prepare
from sweep.progress import Progress
from sweep.report.out_of_fold import read_out_of_fold
from sweep.report.progress_bar import shown
from sweep.report.result import Result
from sweep.study_folder import StudyFolder, check_name, find

# of tqdm, by which Optuna could draw bars of its own
warnings.filterwarnings("ignore", message="IProgress not found")

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PAGE = """
<table>
<caption>{{ r.name }}: {{ r.data.rows }} rows, {{ r.data.positives }} {{ r.data.class_names[1] }}</caption>
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

    def _repr_html_(self) -> str:
        """Show the study as a notebook does: a small table."""
        labels = self.data.class_names
        rates = [
            (label, *("-" if value is None else f"{value:.3f}" for value in pair))
            for label, *pair in zip(labels, self.selected.precision, self.selected.recall, strict=True)
        ]
        return Environment(autoescape=True).from_string(PAGE).render(r=self, rates=rates, answer=self.answer)

    def plot_balance_curve(self) -> "Axes":
        """Draw precision and recall of both classes along the class weights; a notebook shows the picture."""
        from sweep.report.figures import draw_balance_curve, shown_in_notebooks
        from sweep.search.selection import OPERATING_POINT, Selection

        curve = Selection.load(self.folder.selection).curve
        return shown_in_notebooks(
            draw_balance_curve(curve, selected=self.selected.equal or OPERATING_POINT, equal=self.equal, name=self.name)
        )

    def plot_precision_recall(self) -> "Axes":
        """Draw precision against recall of every trial; a notebook shows the picture."""
        from sweep.report.figures import shown_in_notebooks
        from sweep.report.pictures import draw_every_trial
        from sweep.search.selection import Selection
        from sweep.study.study import Study

        trials = Study.reopen(self.folder).finished_trials()
        return shown_in_notebooks(draw_every_trial(trials, Selection.load(self.folder.selection), self))

    def model(self) -> Any:
        """Load the delivered model, a Keras model that takes raw columns by name."""
        from sweep.model.scorer import load_keras

        return load_keras(self.folder.best / "model.keras")

    def predict(self, table: Any, **options: Any) -> pl.DataFrame:
        """Score a table, a frame or a path, with the delivered model.

        Returns
        -------
        pl.DataFrame, shape (rows, 3)
            `probability`, `decision` and `label`, and before them the columns of the table that `keep` names. The
            options are those of `sweep predict`: keep, prevalence, threshold, top.
        """
        from sweep.model.predict import predict

        with TemporaryDirectory() as folder:
            predict(self.folder.best, table, out=Path(folder) / "scored.parquet", **options)
            return pl.read_parquet(Path(folder) / "scored.parquet", glob=False)

    def out_of_fold(self) -> pl.DataFrame:
        """Read every training row's out-of-fold `probability` and `decision`, beside its `row`, `fold` and `label`."""
        return read_out_of_fold(self.folder)


def run(
    source: Any,
    *,
    target: Any = None,
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
    source : Spec, path of a table or of a study file, a frame, or an array, shape (rows, features)
        Frames of pandas, polars or Arrow, mappings of arrays, and arrays; they are kept in the study's folder as
        Parquet.
    target : str, or with an array, array of labels, shape (rows,)
        The label column, where the source is no `Spec` and no study file. The columns of an array are x0, x1, ... and
        its labels y.
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
    source, target = _as_table(source, target)
    options = {"target": target, "name": name, **settings}
    if isinstance(source, Spec | Prepared):
        if given := [key for key, value in options.items() if value is not None]:
            raise SpecError(f"A Spec says all settings itself; got {', '.join(given)} beside it. Put them into it.")
        prepared = prepare(source) if isinstance(source, Spec) else source
    elif is_frame(source):
        table = StudyFolder(Path(root).resolve(), check_name(name)).table
        prepared = prepare(Spec.from_options(table, options), frame=source)
    elif isinstance(source, str | Path):
        prepared = prepare(Spec.from_options(source, options))
    else:
        raise InputError(f"source must be a Spec, a path or a frame; got {type(source).__name__}.")
    where: Any = {"root": root, "workers": workers, "backend": backend, "storage": storage, "quick": quick}
    with shown() if progress is None else nullcontext(progress) as bar:
        result = pipeline.run(prepared, **where, progress=bar)
    return StudyResult.of(StudyFolder(Path(root).resolve(), result.name), result)


def _as_table(source: Any, target: Any) -> tuple[Any, Any]:
    """Put an array and its labels together as a table with named columns; give all else as it is."""
    if not isinstance(source, np.ndarray):
        return source, target
    labels = np.asarray(target)
    if source.ndim != 2 or labels.shape != source.shape[:1]:
        raise InputError(
            f"An array must have the shape (rows, features), and target be its labels, (rows,); got {source.shape} and "
            f"{labels.shape}."
        )
    return {**{f"x{i}": column for i, column in enumerate(source.T)}, "y": labels}, "y"


def load(name: str, *, root: str | Path = ".") -> StudyResult:
    """Load a finished study.

    Raises
    ------
    StudyError
        If there is no study of that name under the root, it is not finished, or its result is damaged.
    """
    folder = find(Path(root).resolve(), name)
    return StudyResult.of(folder, Result.read(folder))
