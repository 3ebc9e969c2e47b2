"""A figure that a command will draw: format, plotting library and folder are checked before anything is computed."""

from __future__ import annotations

from pathlib import Path

from ..core.errors import CrossliftError
from ..core.output import OutputFile


class FigureFile(OutputFile):
    """The path of a figure, as an argument's type."""

    __slots__ = ()

    def check(self) -> None:
        """Refuse a figure that could not be drawn or saved.

        Raises
        ------
        CrossliftError
            If the ending of the name is not a figure format, matplotlib cannot be used, or the file not be written.
        """
        from ..plots.style import FORMATS

        if Path(self).suffix.lower() not in FORMATS:
            raise CrossliftError(f"a figure cannot be saved as '{self}'.", f"Endings: {', '.join(FORMATS)}.")
        super().check()
        _check_library()


def _check_library() -> None:
    try:
        import matplotlib.backends.backend_agg
        import matplotlib.figure  # noqa: F401
    except ImportError as error:
        raise CrossliftError(
            f"figures take matplotlib, which cannot be imported: {error}.", "pip install matplotlib"
        ) from error
    except ValueError as error:  # of a name of a backend in MPLBACKEND, or of a line of matplotlibrc
        raise CrossliftError(
            f"matplotlib cannot start: {str(error).split('; ')[0]}.",
            "Unset MPLBACKEND, or mend matplotlibrc; figures here need no backend.",
        ) from error
