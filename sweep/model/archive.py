"""Look into a .keras archive before it is loaded: its layers are ours, and it takes no more memory than its size."""

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py

from sweep.errors import ModelError

PARTS = ("metadata.json", "config.json", "model.weights.h5")
CLASSES = {
    "DTypePolicy": "keras",
    **dict.fromkeys(("GlorotUniform", "Zeros"), "keras.initializers"),
    **dict.fromkeys(("Average", "Dense", "InputLayer"), "keras.layers"),
    "Sequential": "keras",
    "Functional": "keras.src.models.functional",
    **dict.fromkeys(("Decide", "Delivered", "Encode"), "sweep.model.layers"),
    "Standardise": "sweep.stack.preprocessing",
    "__keras_tensor__": None,
}  # of which a delivered model is made, and where each is from
DATA = ("card", "features")  # settings of layers that are data, however they are written


def check_archive(path: Path) -> None:
    """Hold a .keras file against what this package exports, without loading it.

    A packed archive, an array that is packed or lies elsewhere, or a layer that says it is larger than its weights
    would take any amount of memory.

    Raises
    ------
    ModelError
        If it holds anything else, or cannot be read.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            _check(path, archive)
    except ModelError:
        raise
    except Exception:  # a damaged archive can fail anywhere in its readers
        raise ModelError(f"{path}: not a .keras file, or a damaged one; export the model again.") from None


def _check(path: Path, archive: zipfile.ZipFile) -> None:
    parts = archive.infolist()
    if other := [part.filename for part in parts if part.filename not in PARTS]:
        raise _foreign(path, f"it holds {other[0][:60]!r}")
    if sum(part.file_size for part in parts) > path.stat().st_size:
        raise _foreign(path, "it is packed")
    with archive.open("model.weights.h5") as file, h5py.File(file, "r") as weights:
        arrays = [*_arrays(path, weights, {h5py.h5o.get_info(weights.id).addr})]
    if sum(array.nbytes for array in arrays) > path.stat().st_size:
        raise _foreign(path, "its arrays overlap")
    declared = sum(_parameters(path, entry) for entry in _objects(json.loads(archive.read("config.json"))))
    if declared > sum(array.size for array in arrays):
        raise _foreign(path, f"its layers have {declared} weights, more than it holds")


class _Array:
    """The size of an array: a dataset itself is of no use once its file is closed."""

    def __init__(self, dataset: h5py.Dataset) -> None:
        self.size, self.nbytes = int(dataset.size), int(dataset.nbytes)


def _arrays(path: Path, group: h5py.Group, seen: set[int]) -> Iterator[_Array]:
    """Go through the arrays of an HDF5 file that lie in it as they are."""
    for name in group:
        shown = repr(name)[:60]
        if not isinstance(group.get(name, getlink=True), h5py.HardLink):
            raise _foreign(path, f"{shown} is a link")
        found = group[name]
        address = h5py.h5o.get_info(found.id).addr
        if address in seen:
            raise _foreign(path, f"{shown} is there twice")
        seen.add(address)
        if isinstance(found, h5py.Group):
            yield from _arrays(path, found, seen)
            continue
        plain = isinstance(found, h5py.Dataset) and found.dtype.kind in "fiu" and not found.external
        if not plain or found.is_virtual or found.id.get_storage_size() < found.nbytes:
            raise _foreign(path, f"{shown} is no plain array")
        yield _Array(found)


def _objects(config: Any) -> Iterator[dict[str, Any]]:
    """Go through all that Keras would make an object of."""
    if isinstance(config, dict):
        if isinstance(config.get("class_name"), str):
            yield config
        for key, value in config.items():
            if key not in DATA:
                yield from _objects(value)
    elif isinstance(config, list):
        for value in config:
            yield from _objects(value)


def _parameters(path: Path, entry: dict[str, Any]) -> int:
    """Check that an object is one of ours, and count the weights of a dense layer."""
    name = entry["class_name"]
    ours = name in CLASSES and entry.get("module") == CLASSES[name]
    if not ours or entry.get("registered_name") not in (None, name, f"sweep>{name}"):
        raise _foreign(path, f"it has a layer {name[:60]!r}")
    if name != "Dense":
        return 0
    units, inputs = entry["config"]["units"], entry["build_config"]["input_shape"][-1]
    if not (type(units) is type(inputs) is int and min(units, inputs) >= 0):
        raise _foreign(path, "a layer has no size")
    return int(units * (inputs + 1))


def _foreign(path: Path, why: str) -> ModelError:
    return ModelError(
        f"{path}: not a model that sweep exported: {why}; give one that `sweep run` or `sweep export` wrote."
    )
