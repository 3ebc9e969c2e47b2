"""How a process of this project starts another one: by modules of this installation, whatever the directory holds."""

from __future__ import annotations

import os
import sys
from pathlib import Path

#: The directory that has the packages of this project.
HOME = Path(__file__).resolve().parent.parent.parent


def own_command(*arguments: str) -> list[str]:
    """The command ``runner`` with ``arguments``.

    With ``-P`` a ``runner.py`` in the working directory is not taken for this package; the process needs
    :func:`search_path` in its environment.
    """
    return [sys.executable, "-P", "-m", "runner.cli.main", *arguments]


def search_path() -> str:
    """``PYTHONPATH`` of the process: this installation before all else."""
    return os.pathsep.join(filter(None, [str(HOME), os.environ.get("PYTHONPATH", "")]))
