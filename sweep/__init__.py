"""Search the class-weight balance and the network for a table with a rare class; names load when they are used."""

from importlib import import_module

TYPE_CHECKING = False  # not typing's: `python -m sweep` would look for it in the current folder
if TYPE_CHECKING:
    from sweep.api import StudyResult, load, run
    from sweep.class_weight import weight_matrix
    from sweep.config import Balance, Data, Search, Spec, Training
    from sweep.report.result import Result
    from sweep.sklearn.classifier import StackedMLPClassifier
    from sweep.stack.network import Stack
    from sweep.stack.training import train

__version__ = "0.1.0"
__all__ = [
    "Balance", "Data", "Result", "Search", "Spec", "Stack", "StackedMLPClassifier", "StudyResult", "Training", "load",
    "run", "train", "weight_matrix",
]  # fmt: skip

_HOME = {
    "Result": "sweep.report.result",
    **dict.fromkeys(("Balance", "Data", "Search", "Spec", "Training"), "sweep.config"),
    "Stack": "sweep.stack.network",
    "StackedMLPClassifier": "sweep.sklearn.classifier",
    "StudyResult": "sweep.api",
    "load": "sweep.api",
    "run": "sweep.api",
    "train": "sweep.stack.training",
    "weight_matrix": "sweep.class_weight",
}


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module 'sweep' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOME])
