"""The last step of every command: print the result, write its tables, draw its figures, write its JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from ..core.output import STDOUT, whole
from .screen import Screen
from .table_files import TableFile, write_tables
from .terminal import write_figure, write_json

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from ..plots.look import Look


def deliver(
    text: Callable[[Screen], None],
    content: Callable[[], Mapping[str, Any]],
    json: str | None = None,
    tables: Iterable[tuple[str | Sequence[TableFile] | None, Callable[[], pd.DataFrame]]] = (),
    figures: Iterable[tuple[str | None, Callable[[], Figure]]] = (),
    look: Look | None = None,
    verbose: bool = False,
) -> None:
    """Print a result and write the requested files.

    Parameters
    ----------
    text
        Prints the result; left out where ``json`` is ``-``, which takes standard output.
    content
        The JSON form.
    json
        Where the JSON goes: a file, ``-``, or nowhere.
    tables, figures
        Requested files (``None`` if not requested), each with the function that makes its table or draws it.
    look
        Where the figures will be seen; by default, over two columns of a paper.
    verbose
        Whether all is printed that is known.

    Raises
    ------
    CrossliftError
        If a file cannot be written.
    """
    out = Screen(verbose=verbose)
    if json != STDOUT:
        text(out)
    for path, table in tables:
        if path:
            write_tables(path, table())
    for path, draw in figures:
        if path:
            write_figure(path, partial(save_figure, draw, look), out, json)
    if json:
        write_json(json, content(), out)


def save_figure(draw: Callable[[], Figure], look: Look | None, path: str) -> None:
    """Draw a figure as it will be seen and write it whole."""
    from ..plots.look import find_look, looking
    from ..plots.style import save

    with looking(look or find_look()):
        made = draw()
        with whole(path) as file:
            save(made, file)
