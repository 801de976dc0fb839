"""A .keras archive is looked into before it is loaded: only what this package writes, and nothing larger than it is."""

import io
import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from sweep.errors import ModelError
from sweep.files import open_arrays
from sweep.model.scorer import open_model
from sweep.stack.backend import keras

CONFIG, WEIGHTS = "config.json", "model.weights.h5"


def rewritten(
    model: Path,
    to: Path,
    *,
    config: Callable[[Any], None] = lambda config: None,
    weights: Callable[[h5py.File], None] = lambda weights: None,
    packed: bool = False,
    **more: str,
) -> Path:
    """The same archive with another content."""
    with zipfile.ZipFile(model) as archive:
        parts: dict[str, Any] = {name: archive.read(name) for name in archive.namelist()}
    said = json.loads(parts[CONFIG])
    config(said)
    held = io.BytesIO(parts[WEIGHTS])
    with h5py.File(held, "a") as file:
        weights(file)
    parts |= {CONFIG: json.dumps(said), WEIGHTS: held.getvalue(), **more}
    with zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return to


def dense_layers(config: Any) -> list[Any]:
    """All dense layers of a model's configuration."""
    inside = config.values() if isinstance(config, dict) else config if isinstance(config, list) else ()
    own = [config] if isinstance(config, dict) and config.get("class_name") == "Dense" else []
    return own + [layer for value in inside for layer in dense_layers(value)]


def widen(config: Any) -> None:
    for layer in dense_layers(config):
        layer["config"]["units"] = 200_000


def another_layer(config: Any) -> None:
    words = {"vocabulary": "/etc/passwd", "name": "words"}
    layer = {"module": "keras.layers", "class_name": "TextVectorization", "config": words, "registered_name": None}
    config["config"]["layers"].append({**layer, "name": "words", "inbound_nodes": []})


def another_function(config: Any) -> None:
    dense_layers(config)[0]["config"]["activation"] = {
        "module": "builtins", "class_name": "function", "config": "exec", "registered_name": "function",
    }  # fmt: skip


def pack_array(weights: h5py.File) -> None:
    weights.create_dataset("more", shape=(10**9,), chunks=(10**6,), dtype="f4", compression="gzip")


def array_elsewhere(weights: h5py.File) -> None:
    weights.create_dataset("more", shape=(10,), dtype="i1", external=[("/etc/passwd", 0, 10)])


def link_elsewhere(weights: h5py.File) -> None:
    weights["more"] = h5py.ExternalLink("/tmp/other.h5", "/x")


def link_to_itself(weights: h5py.File) -> None:
    weights["layers"]["more"] = weights["layers"]


ATTACKS: list[tuple[str, dict[str, Any]]] = [
    ("it is packed", {"config": lambda config: config.update(more=" " * 10**6), "packed": True}),
    ("weights, more than it holds", {"config": widen}),
    ("layer 'TextVectorization'", {"config": another_layer}),
    ("layer 'function'", {"config": another_function}),
    ("'more' is no plain array", {"weights": pack_array}),
    ("'more' is no plain array", {"weights": array_elsewhere}),
    ("'more' is a link", {"weights": link_elsewhere}),
    ("is there twice", {"weights": link_to_itself}),
    ("holds 'assets/x'", {"assets/x": "words"}),
]


def test_an_archive_written_anew_is_taken(delivered: Path, tmp_path: Path) -> None:
    """If it failed, the attacks below would be refused for another reason than the one meant."""
    rewritten(delivered / "model.keras", tmp_path / "same.keras")
    assert open_model(tmp_path / "same.keras").card["name"] == "t"


@pytest.mark.parametrize(("said", "attack"), ATTACKS)
def test_what_sweep_does_not_write_is_refused_before_it_is_loaded(
    said: str, attack: dict[str, Any], delivered: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If it failed, a model of a few bytes could take all memory, read other files, or call what it names."""
    monkeypatch.setattr(keras.models, "load_model", lambda *_, **__: pytest.fail("it was loaded"))
    path = rewritten(delivered / "model.keras", tmp_path / "m.keras", **attack)
    with pytest.raises(ModelError) as caught:
        open_model(path)
    assert len(str(caught.value).splitlines()) == 1
    assert said in str(caught.value)


def test_columns_and_levels_of_any_name_are_data(delivered: Path, tmp_path: Path) -> None:
    """If it failed, a table with a column `class_name` would give a model that cannot be opened."""

    def name(config: Any) -> None:
        (decide,) = (layer for layer in config["config"]["layers"] if layer["class_name"] == "Decide")
        decide["config"]["card"]["said"] = {"class_name": "anything", "module": "os"}

    rewritten(delivered / "model.keras", tmp_path / "m.keras", config=name)
    assert open_model(tmp_path / "m.keras").card["said"]["module"] == "os"


def test_packed_arrays_of_a_study_are_refused(tmp_path: Path) -> None:
    """If it failed, a study that was cloned could take all memory from a file of a few bytes."""
    np.savez(tmp_path / "plain.npz", a=np.zeros(10**6))
    np.savez_compressed(tmp_path / "packed.npz", a=np.zeros(10**6))
    with open_arrays(tmp_path / "plain.npz") as arrays:
        assert arrays["a"].shape == (10**6,)
    with pytest.raises(ValueError, match="packed"), open_arrays(tmp_path / "packed.npz"):
        pass


def test_a_card_without_end_is_damaged(delivered: Path, tmp_path: Path) -> None:
    """If it failed, a card of brackets would end in a traceback."""
    shutil.copytree(delivered, tmp_path / "m")
    (tmp_path / "m" / "model.keras").unlink()
    (tmp_path / "m" / "card.json").write_text("[" * 10**5)
    with pytest.raises(ModelError, match="damaged"):
        open_model(tmp_path / "m")
    attack: dict[str, Any] = {CONFIG: '{"class_name":' * 10**5}
    endless = rewritten(delivered / "model.keras", tmp_path / "m.keras", **attack)
    with pytest.raises(ModelError, match="damaged"):
        open_model(endless)
