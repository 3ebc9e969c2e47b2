"""What importing costs, and which way the packages depend."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

HEAVY = (
    "pandas",
    "scipy",
    "numpy",
    "matplotlib",
    "statsmodels",
    "torch",
    "transformers",
    "lang2vec",
    "rich",
    "pyarrow",
    "msgspec",
)


def loaded_after(code: str) -> set[str]:
    script = f"{code}\nimport sys\nprint('\\n'.join(sorted({{name.split('.')[0] for name in sys.modules}})))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT)
    return set(done.stdout.split())


def test_importing_the_package_loads_nothing_heavy() -> None:
    assert not loaded_after("import analysis") & set(HEAVY)


@pytest.mark.parametrize("package", ["analysis", "runner"])
def test_help_loads_nothing_heavy(package: str) -> None:
    code = f"from {package}.cli.main import build_parser; build_parser()"
    assert not loaded_after(code) & (set(HEAVY) - {"numpy"})


def test_the_list_of_commands_loads_not_even_numpy() -> None:
    code = "import io, contextlib\nfrom analysis.cli.main import main\n"
    code += "with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):\n    main(['--help'])"
    assert not loaded_after(code) & set(HEAVY)


def test_a_regression_does_not_load_the_distributions_of_scipy() -> None:
    """``scipy.stats`` takes longer to import than the default model to fit."""
    code = "import analysis.questions.regression.run, analysis.present.regression\n"
    code += "import sys; assert 'scipy.stats' not in sys.modules"
    loaded_after(code)


@pytest.mark.slow
def test_fit_never_loads_torch_or_the_runner() -> None:
    code = "from analysis.cli.main import main; import io, contextlib\n"
    code += "with contextlib.redirect_stdout(io.StringIO()): assert main(['fit', '--factor', 'typology']) == 0"
    loaded = loaded_after(code)
    assert "pandas" in loaded
    assert not loaded & {"torch", "transformers", "runner", "lang2vec", "matplotlib", "statsmodels", "mixedlm"}


def test_planning_and_reading_a_store_never_load_torch(tmp_path: Path) -> None:
    code = "import io, contextlib\nfrom runner.cli.main import main\nfrom runner.store.store import Store\n"
    code += f"from pathlib import Path\nStore.create(Path({str(tmp_path / 'store')!r}))\n"
    code += "with contextlib.redirect_stdout(io.StringIO()):\n"
    code += "    assert main(['plan', '--models', 'me5-small@3', '--targets', 'nusax']) == 0\n"
    code += f"    assert main(['status', {str(tmp_path / 'store')!r}]) == 0"
    assert not loaded_after(code) & {"torch", "transformers", "pandas", "matplotlib", "statsmodels", "yaml"}


def test_analysis_never_imports_runner() -> None:
    for path in (ROOT / "analysis").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            assert not any(name.split(".")[0] in ("runner", "lang2vec") for name in names), path


@pytest.mark.parametrize(
    "name",
    ["fit_mixed", "meta_analyze", "fit_scale", "predict", "run_multiverse", "run_power", "verify", "replicate"],
)
def test_what_each_command_rests_on_is_public(name: str) -> None:
    import analysis

    assert name in analysis.__all__
    assert callable(getattr(analysis, name))


@pytest.mark.slow
def test_a_public_name_loads_what_it_needs_and_no_more() -> None:
    loaded = loaded_after("from analysis import run_power, fit_scale, predict, run_multiverse, verify")
    assert not loaded & {"torch", "transformers", "runner", "matplotlib", "statsmodels", "sklearn", "rich"}


def test_every_public_name_resolves() -> None:
    import analysis

    for name in analysis.__all__:
        assert getattr(analysis, name) is not None
    assert set(analysis.__all__) <= set(dir(analysis))
    with pytest.raises(AttributeError, match="no attribute 'fit_mixd'"):
        _ = analysis.fit_mixd
