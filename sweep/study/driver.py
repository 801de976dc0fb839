"""The driver of a storage's database, looked for before anything slow is loaded. No Optuna here."""

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from sweep.errors import StudyError


def check_driver(url: str) -> None:
    """Check that the driver which a URL names is installed; what else is wrong with it is said when it is opened.

    Raises
    ------
    StudyError
        If not; the message names no part of the URL but its kind.

    Examples
    --------
    >>> check_driver("sqlite:///study.db")
    """
    try:
        parsed = make_url(url)
        parsed.get_dialect().import_dbapi()
    except (ArgumentError, NoSuchModuleError):
        return
    except ModuleNotFoundError as error:
        raise StudyError(
            f"A storage of {parsed.drivername} must have its driver; the package {error.name} is not installed. For "
            "PostgreSQL: pip install 'balance-sweep[postgres]', and a URL postgresql+psycopg://..."
        ) from None
