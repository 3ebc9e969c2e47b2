"""Execute notebooks, several at a time, each in a kernel of its own."""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from ..core.errors import CrossliftError
from .discovery import Notebook
from .session import DATA, MAP, NUMBERS, OUT

if TYPE_CHECKING:
    from nbformat import NotebookNode

#: Seconds that one cell may take.
TIMEOUT = 1800
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


def _names(kind: type[Exception]) -> set[str]:
    return {kind.__name__}.union(*(_names(own) for own in kind.__subclasses__()))


#: Names of the errors that say in words what the data lack.
_REFUSALS = _names(CrossliftError)


@dataclass(frozen=True, slots=True)
class Failure:
    """A cell that raised: its number among all cells, its first line, and the error."""

    cell: int
    source: str
    error: str
    traceback: str

    @property
    def reason(self) -> str:
        """The message alone where the data were refused in words; else the error with its name."""
        name, _, message = self.error.partition(": ")
        return message if name in _REFUSALS and message else self.error


@dataclass(frozen=True, slots=True)
class Executed:
    """A notebook after its run, with its outputs; ``failure`` says what stopped it."""

    notebook: Notebook
    out: Path
    node: NotebookNode
    seconds: float
    failure: Failure | None = None


def require() -> None:
    """Refuse where the extra is not installed.

    Raises
    ------
    CrossliftError
        With the command that installs it.
    """
    try:
        import ipykernel  # noqa: F401
        import jinja2  # noqa: F401
        import jupytext  # noqa: F401
        import latex2mathml.converter  # noqa: F401
        import markdown_it  # noqa: F401
        import mdit_py_plugins.dollarmath  # noqa: F401
        import nbclient  # noqa: F401
    except ImportError as error:
        raise CrossliftError(
            f"reports need packages that are not installed ({error.name}).", "pip install 'crosslift[report]'"
        ) from error


def read_notebook(path: Path) -> NotebookNode:
    """A percent script as a notebook."""
    import jupytext

    node: NotebookNode = jupytext.read(path, fmt="py:percent")
    return node


def execute_all(
    chosen: Sequence[Notebook],
    out: Path,
    data: Sequence[str] = (),
    jobs: int = 2,
    report: Callable[[str, int, int], None] | None = None,
    mapping: Mapping[str, str] | None = None,
) -> list[Executed]:
    """Run notebooks, ``jobs`` at a time; one that fails does not stop the others.

    Parameters
    ----------
    chosen
        What to run.
    out
        Each writes to the directory of its name in here.
    data
        The user's own data, instead of the bundled results.
    jobs
        Kernels at a time.
    report
        Called with name, cells done and cells in all, after every cell.
    mapping
        The user's column → the field of the record that it holds.
    """
    paths = [str(Path(name).resolve()) if Path(name).exists() else name for name in data]

    environment = {DATA: json.dumps(paths), MAP: json.dumps(dict(mapping or {}))}

    async def run() -> list[Executed]:
        gate = asyncio.Semaphore(max(1, jobs))

        async def one(notebook: Notebook) -> Executed:
            async with gate:
                return await _execute(notebook, out / notebook.name, environment, report)

        return list(await asyncio.gather(*(one(notebook) for notebook in chosen)))

    return asyncio.run(run())


async def _execute(
    notebook: Notebook, out: Path, own: Mapping[str, str], report: Callable[[str, int, int], None] | None
) -> Executed:
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    out.mkdir(parents=True, exist_ok=True)
    (out / NUMBERS).unlink(missing_ok=True)  # numbers of an earlier run do not belong to this one
    node = read_notebook(notebook.path)
    code = [i for i, cell in enumerate(node.cells) if cell.cell_type == "code"]
    at = {"cell": 0, "done": 0}

    def before(cell: Any, cell_index: int) -> None:
        at["cell"] = cell_index

    def after(cell: Any, cell_index: int, **_: Any) -> None:
        at["done"] += 1
        if report:
            report(notebook.name, at["done"], len(code))

    if report:
        report(notebook.name, 0, len(code))
    failure = None
    started = time.monotonic()
    try:
        with TemporaryDirectory(prefix="crosslift-") as sockets:
            client = NotebookClient(
                node, km=_kernel(Path(sockets)), timeout=TIMEOUT, on_cell_start=before, on_cell_executed=after
            )
            await client.async_execute(cleanup_kc=True, env=_environment(out, own), cwd=str(out))
    except CellExecutionError as error:
        failure = Failure(
            at["cell"] + 1,
            _first_line(node, at["cell"]),
            f"{error.ename}: {error.evalue}",
            _COLOURS.sub("", str(error)),
        )
    except (CellTimeoutError, DeadKernelError) as error:
        failure = Failure(at["cell"] + 1, _first_line(node, at["cell"]), type(error).__name__, str(error))
    if failure is None and not (out / NUMBERS).is_file():
        failure = Failure(len(node.cells), _first_line(node, len(node.cells) - 1), f"no {NUMBERS} was written",
                          "The last cell has to call session.finish().")  # fmt: skip
    return Executed(notebook, out, node, time.monotonic() - started, failure)


def _kernel(sockets: Path) -> Any:
    """A manager whose kernels run this Python, regardless of the kernels registered on the machine."""
    from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
    from jupyter_client.manager import AsyncKernelManager

    class ThisPython(KernelSpecManager):
        def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
            argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
            return KernelSpec(argv=argv, display_name="Python", language="python")

    # Sockets in this user's own directory are closed to the network and to other users of the machine.
    if os.name == "nt":
        return AsyncKernelManager(kernel_name="python3", kernel_spec_manager=ThisPython())
    return AsyncKernelManager(
        kernel_name="python3", kernel_spec_manager=ThisPython(), transport="ipc", ip=str(sockets / "kernel"),
        connection_file=str(sockets / "connection.json"),
    )  # fmt: skip


def _environment(out: Path, own: Mapping[str, str]) -> dict[str, str]:
    package = str(Path(__file__).resolve().parent.parent.parent)
    paths = [package, *filter(None, [os.environ.get("PYTHONPATH")])]
    return {
        **os.environ,
        **own,
        OUT: str(out.resolve()),
        "PYTHONPATH": os.pathsep.join(paths),
        "OMP_NUM_THREADS": "1",  # kernels share the cores among themselves
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    }


def _first_line(node: NotebookNode, index: int) -> str:
    lines = [line for line in node.cells[index].source.splitlines() if line.strip()]
    return lines[0] if lines else ""
