"""Search the class-weight balance and the network for a table with a rare class; names load when they are used."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sweep.class_weight import weight_matrix
    from sweep.config import Spec
    from sweep.pipeline import run
    from sweep.report.result import Result
    from sweep.sklearn.classifier import StackedMLPClassifier
    from sweep.stack.network import Stack
    from sweep.stack.training import train

__version__ = "0.1.0"
__all__ = ["Result", "Spec", "Stack", "StackedMLPClassifier", "run", "train", "weight_matrix"]

_HOME = {
    "Result": "sweep.report.result",
    "Spec": "sweep.config",
    "Stack": "sweep.stack.network",
    "StackedMLPClassifier": "sweep.sklearn.classifier",
    "run": "sweep.pipeline",
    "train": "sweep.stack.training",
    "weight_matrix": "sweep.class_weight",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'sweep' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOME])
