"""A SavedModel is a program: only one of the operations that this package's exports have is loaded."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sweep.errors import ModelError
from sweep.model.export import export
from sweep.model.predict import predict
from sweep.model.scorer import open_model
from sweep.stack.backend import tf


@pytest.fixture(scope="module")
def exported(model: Any, frame: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("exported")
    export(model, folder / "m", format="tf_saved_model", frame=frame)
    return folder / "m" / "saved_model"


class Writes(tf.Module):
    """A model that writes a file when it scores."""

    def __init__(self, path: Path) -> None:
        self.path = str(path)

    @tf.function(input_signature=[])
    def serve(self) -> Any:
        tf.io.write_file(self.path, "written")
        return tf.constant(1.0)


class Saves(Writes):
    """The same by an operation that every SavedModel has."""

    @tf.function(input_signature=[])
    def serve(self) -> Any:
        tf.raw_ops.SaveV2(prefix=self.path, tensor_names=["x"], shape_and_slices=[""], tensors=[tf.constant(1.0)])
        return tf.constant(1.0)


class AtLoading(tf.Module):
    """A model that reads a file as it is loaded."""

    def __init__(self, path: Path) -> None:
        path.write_text("a\n")
        self.table = tf.lookup.StaticHashTable(
            tf.lookup.TextFileInitializer(str(path), tf.string, 0, tf.int64, tf.lookup.TextFileIndex.LINE_NUMBER), 0
        )

    @tf.function(input_signature=[])
    def serve(self) -> Any:
        return self.table.lookup(tf.constant("a"))


@pytest.mark.parametrize(
    ("kind", "operation"), [(Writes, "WriteFile"), (Saves, "SaveV2"), (AtLoading, "another kind|InitializeTable")]
)
def test_a_program_that_touches_files_is_refused_before_it_is_loaded(
    kind: Any, operation: str, exported: Path, frame: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If it failed, whoever scores a table with a model that was sent could lose, or give away, any file."""
    tf.saved_model.save(kind(tmp_path / "victim"), str(tmp_path / "m"))
    shutil.copytree(exported / "assets.extra", tmp_path / "m" / "assets.extra")
    (tmp_path / "victim").unlink(missing_ok=True)
    frame.write_parquet(tmp_path / "t.parquet")
    monkeypatch.setattr(tf.saved_model, "load", lambda *_: pytest.fail("it was loaded"))
    with pytest.raises(ModelError, match=f"is a program.*({operation})") as caught:
        predict(tmp_path / "m", tmp_path / "t.parquet")
    assert len(str(caught.value).splitlines()) == 1
    assert not (tmp_path / "victim").exists()


def large_constant(graph: Any) -> None:
    node = graph.graph_def.library.function[0].node_def.add(name="large", op="Const")
    node.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(1.0, shape=[10]))
    node.attr["value"].tensor.tensor_shape.dim[0].size = 10**10


def large_number(graph: Any) -> None:
    node = graph.graph_def.library.function[0].node_def.add(name="depth", op="Const")
    node.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(10**9))


def called_saver(graph: Any) -> None:
    (name,) = (f.signature.name for f in graph.graph_def.library.function if "traced_save" in f.signature.name)
    served = next(f for f in graph.graph_def.library.function if "signature_wrapper" in f.signature.name)
    node = next(node for node in served.node_def if node.op == "StatefulPartitionedCall")
    node.attr["f"].func.name = name


def older_kind(graph: Any) -> None:
    graph.ClearField("object_graph_def")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (large_constant, "constants are larger"),
        (large_number, "asks for more"),
        (called_saver, "operation DisableCopyOnRead"),
        (older_kind, "of an older kind"),
    ],
)
def test_a_graph_that_was_changed_is_refused(
    change: Callable[[Any], None], said: str, exported: Path, tmp_path: Path
) -> None:
    """If it failed, a hundred bytes could take all memory, or the functions that save a model be called to score."""
    from tensorflow.core.protobuf import saved_model_pb2

    shutil.copytree(exported, tmp_path / "m")
    path = tmp_path / "m" / "saved_model.pb"
    content = saved_model_pb2.SavedModel.FromString(path.read_bytes())
    change(content.meta_graphs[0])
    path.write_bytes(content.SerializeToString())
    with pytest.raises(ModelError, match=said):
        open_model(tmp_path / "m")


def test_a_damaged_graph_is_named(exported: Path, tmp_path: Path) -> None:
    """If it failed, a file that was cut short would end in a traceback."""
    for k, content in enumerate((b"", b"no graph", (exported / "saved_model.pb").read_bytes()[:5000])):
        shutil.copytree(exported, tmp_path / str(k))
        (tmp_path / str(k) / "saved_model.pb").write_bytes(content)
        with pytest.raises(ModelError, match="not a SavedModel, or a damaged one"):
            open_model(tmp_path / str(k))


def test_what_the_libraries_say_of_a_damaged_part_is_not_shown(
    exported: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """If it failed, a fingerprint that was cut short, which does no harm, would fill the screen with a traceback."""
    shutil.copytree(exported, tmp_path / "m")
    (tmp_path / "m" / "fingerprint.pb").write_bytes(b"\xff" * 20)
    assert open_model(tmp_path / "m").card["name"] == "t"
    assert caplog.records == []
