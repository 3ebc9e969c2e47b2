"""Where the bundled data are: inside an installed wheel, or next to the packages in a checkout."""

from __future__ import annotations

from pathlib import Path

from .errors import CrossliftError


def data_directory() -> Path:
    """Return the directory that holds ``published/``, ``covariates/``, ``typology/`` and ``languages/``.

    Raises
    ------
    CrossliftError
        If neither place has it: the installation is incomplete.
    """
    package = Path(__file__).resolve().parent.parent
    for candidate in (package / "_data", package.parent / "data"):
        if (candidate / "languages" / "languages.csv").is_file():
            return candidate
    raise CrossliftError(
        f"the bundled data are missing: neither {package / '_data'} nor {package.parent / 'data'} has them.",
        "Install crosslift again.",
    )
