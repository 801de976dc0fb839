"""What a run found: the document of result.json."""

import json
from dataclasses import dataclass, fields
from typing import Any

from sweep.errors import StudyError
from sweep.study_folder import StudyFolder


@dataclass(frozen=True)
class Result:
    """What a run found; the document of result.json, key by key."""

    name: str
    version: str
    data: dict[str, Any]
    equal: str
    selected: dict[str, Any]
    balances: dict[str, dict[str, Any]]
    trials: dict[str, int]
    test: dict[str, Any] | None
    verdict: dict[str, Any] | None
    seconds: dict[str, float]

    def to_dict(self) -> dict[str, Any]:
        """The document, in the order of its keys."""
        return {f.name: getattr(self, f.name) for f in fields(self)}

    def to_json(self) -> str:
        """The document as text; undefined is null, never NaN."""
        return json.dumps(self.to_dict(), indent=1, ensure_ascii=False, allow_nan=False)

    @classmethod
    def read(cls, folder: StudyFolder) -> "Result":
        """Read what a finished run found.

        Raises
        ------
        StudyError
            If the run is not finished, or its result.json is damaged.
        """
        if not folder.result.exists():
            raise StudyError(f"Study {folder.name!r} must be finished for this; it is not yet. Run it again to go on.")
        try:
            return cls(**json.loads(folder.result.read_text(encoding="utf-8")))
        except (ValueError, TypeError):
            raise StudyError(
                f"{folder.result} must be a result of sweep; it is damaged. Delete it and run the study again: "
                "finished trials are kept."
            ) from None
