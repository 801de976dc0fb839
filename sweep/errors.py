"""The exception tree.

SweepError
├── InputError (also ValueError)   the input or the command is wrong: exit code 2, nothing written
│   ├── TableError                 a table that cannot be used as it is
│   ├── SpecError                  settings of a study that cannot be used as they are
│   ├── StudyError                 no such study, or a name in use with other data or settings
│   └── ModelError                 a model file that cannot be used
└── RunError                       stopped or failed at run time: exit code 1, the same command resumes

Every message says what must hold, what came, and what to do.
"""


class SweepError(Exception):
    """Any error that this package raises on purpose."""


class InputError(SweepError, ValueError):
    """The input or the command is wrong."""


class TableError(InputError):
    """A table cannot be used as it is."""


class SpecError(InputError):
    """The settings of a study cannot be used as they are."""


class StudyError(InputError):
    """There is no such study, or its name is in use with other data or settings."""


class ModelError(InputError):
    """A model file cannot be used."""


class RunError(SweepError, RuntimeError):
    """A run stopped or failed; what it finished is kept and the same command resumes."""


class NotThereError(Exception):
    """A worker does not have what was to be there; it is sent in its place. No user sees it as an error."""
