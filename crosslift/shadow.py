"""Files that hide a package of this project: ``analysis`` and ``runner`` are common names in research repositories."""

from __future__ import annotations

from importlib.machinery import PathFinder
from pathlib import Path

#: Where the packages of this project lie, one beside the other.
HOME = Path(__file__).resolve().parent.parent


def refuse_shadow(package: str) -> None:
    """Refuse to go on where ``import package`` would find something else.

    Raises
    ------
    ImportError
        Names the file that hides the package.
    """
    found = PathFinder.find_spec(package)
    if found is None or found.origin is None:
        return  # nothing, or a folder without __init__.py, which hides nothing
    own = HOME / package / "__init__.py"
    if Path(found.origin).resolve() != own:
        raise ImportError(
            f"'{found.origin}' hides the package '{package}' that crosslift needs ('{own}'). "
            "Rename it, or start Python from another directory."
        )
