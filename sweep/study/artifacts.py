"""The files that trials leave: out-of-fold logits and pictures, under names that Optuna gives."""

import json
import os
import tempfile
import uuid
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import optuna
from optuna.artifacts import FileSystemArtifactStore, download_artifact, get_all_artifact_meta, upload_artifact
from optuna.storages import BaseStorage
from optuna.trial import FrozenTrial, Trial

from sweep.errors import StudyError

LOGITS = "logits.npy"
HALF = 400_000  # logits of a trial, beyond which they are kept as float16
ARTIFACT_KEYS = ("artifacts:", "dashboard:artifacts:")  # Optuna's, and the dashboard's


@dataclass(frozen=True)
class Artifacts:
    """A folder of them, and the storage that knows which is whose."""

    folder: Path
    storage: BaseStorage

    @property
    def store(self) -> FileSystemArtifactStore:
        """Optuna's view of the folder."""
        return FileSystemArtifactStore(self.folder)

    def attach(self, trial: Trial | FrozenTrial, path: Path, *, mimetype: str) -> str:
        """Keep a file with a trial that is not finished, and say under which id.

        It is on the disk before the storage knows of it.
        """
        found = upload_artifact(
            artifact_store=_Durable(self.folder),
            file_path=str(path),
            study_or_trial=trial,
            storage=self.storage,
            mimetype=mimetype,
        )
        return str(found)

    def keep(self, path: Path) -> str:
        """Keep a file, and say under which id; who it belongs to is for the caller to write down."""
        artifact_id = str(uuid.uuid4())
        with path.open("rb") as file:
            _Durable(self.folder).write(artifact_id, file)
        return artifact_id

    def discard(self, artifact_id: str) -> None:
        """Delete a file that was kept, by its id."""
        if _is_id(artifact_id):
            (self.folder / artifact_id).unlink(missing_ok=True)

    def attach_logits(self, trial: Trial, logits: np.ndarray) -> None:
        """Keep the out-of-fold logits of a trial; of a large table in half the digits, which leave every decision."""
        logits = logits.astype(np.float16) if logits.size > HALF else logits
        with tempfile.TemporaryDirectory() as folder:
            np.save(path := Path(folder) / LOGITS, logits)
            self.attach(trial, path, mimetype="application/octet-stream")

    def logits(self, trial: FrozenTrial) -> np.ndarray:
        """Read the out-of-fold logits that a trial left: array of float32, shape (rows, repeats).

        Raises
        ------
        StudyError
            If they are missing or damaged.
        """
        found = [m.artifact_id for m in self._metas(trial) if m.filename == LOGITS]
        try:
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / LOGITS
                download_artifact(artifact_store=self.store, artifact_id=found[-1], file_path=str(path))
                logits: np.ndarray = np.load(path, allow_pickle=False).astype(np.float32)
                return logits
        except (LookupError, OSError, ValueError, EOFError, optuna.artifacts.exceptions.ArtifactNotFound):
            raise StudyError(
                f"Trial {trial.number} must have its logits under {self.folder}; they are missing or damaged. Bring "
                "them back, or remove the study and run it again."
            ) from None

    @property
    def exist(self) -> bool:
        """Check whether trials have left any file here."""
        return self.folder.is_dir() and any(_is_id(path.name) for path in self.folder.iterdir())

    def has_logits(self, trial: FrozenTrial) -> bool:
        """Check whether the logits of a trial lie here."""
        return any(m.filename == LOGITS and (self.folder / m.artifact_id).is_file() for m in self._metas(trial))

    def delete_unknown(self, known: Collection[str]) -> None:
        """Delete what a run that was killed had begun to write: files of Optuna's kind that the database does not know.

        Parameters
        ----------
        known : collection of str
            The ids of the files that the studies of the database know.
        """
        for path in self.folder.iterdir():
            if path.name not in known and _is_id(path.name):
                path.unlink()

    def _metas(self, trial: FrozenTrial) -> list[optuna.artifacts.ArtifactMeta]:
        return list(get_all_artifact_meta(study_or_trial=trial, storage=self.storage))


class _Durable(FileSystemArtifactStore):
    """Waits until a file is on the disk; a power cut then leaves no trial without its files."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.folder = folder

    def write(self, artifact_id: str, content_body: BinaryIO) -> None:
        super().write(artifact_id, content_body)
        folders = [self.folder] if os.name == "posix" else []  # elsewhere a folder cannot be opened
        for path in (self.folder / artifact_id, *folders):
            handle = os.open(path, os.O_RDWR if path.is_file() else os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)


def known_files(attributes: Mapping[str, Any]) -> set[str]:
    """Collect the ids of the files that system attributes name, of a trial or of a study.

    An attribute that cannot be read names its file by its key, which ends in the id.

    Examples
    --------
    >>> sorted(known_files({"artifacts:a": '{"artifact_id": "a"}', "artifacts:b": "{", "other": "{"}))
    ['a', 'b']
    """
    found = set()
    for key, value in attributes.items():
        if key.startswith(ARTIFACT_KEYS):
            found.add(key.rpartition(":")[2])
            with suppress(ValueError, TypeError, KeyError, RecursionError):
                found.add(str(json.loads(value)["artifact_id"]))
    return found


def _is_id(name: str) -> bool:
    with suppress(ValueError):
        return str(uuid.UUID(name)) == name
    return False
