"""The benchmarks that submissions can be scored for: groups, tasks, languages, and the rule of each task.

XTREME: Hu et al. 2020, "XTREME: A Massively Multilingual Multi-task Benchmark" (ICML); XTREME-R: Ruder et al. 2021,
"XTREME-R: Towards More Challenging and Nuanced Multilingual Evaluation" (EMNLP). Tasks, languages and averages are
those of the benchmark's own ``evaluate.py`` (google-research/xtreme, commit 838c13b), which has no rule for LAReQA.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from analysis.core.errors import unknown_name


@dataclass(frozen=True, slots=True)
class Part:
    """One task of a benchmark: the rule that scores it, by name in ``runner.benchmarks.rules``, and its languages."""

    name: str
    group: str
    rule: str
    languages: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Suite:
    """A benchmark: its tasks in the order in which its papers print them."""

    name: str
    parts: tuple[Part, ...]

    @property
    def groups(self) -> tuple[str, ...]:
        """Groups of tasks, each once."""
        return tuple(dict.fromkeys(part.group for part in self.parts))


_PANX = (
    "ar he vi id jv ms tl eu ml ta te af nl en de el bn hi mr ur fa fr it pt es bg ru ja ka ko th sw yo my zh kk tr et "
    "fi hu"
)
_UDPOS = "af ar bg de el en es et eu fa fi fr he hi hu id it ja kk ko mr nl pt ru ta te th tl tr ur vi yo zh"
_TATOEBA = "ar he vi id jv tl eu ml ta te af nl de el bn hi mr ur fa fr it pt es bg ru ja ka ko th sw zh kk tr et fi hu"
_XNLI = "ar bg de el en es fr hi ru sw th tr ur vi zh"
_XQUAD = "en es de el ru tr ar vi th zh hi"
_MLQA = "en es de ar hi vi zh"
_TYDIQA = "en ar bn fi id ko ru sw te"

CLASSIFICATION, STRUCTURE = "classification", "structured prediction"
ANSWERS, RETRIEVAL = "question answering", "retrieval"


def _part(name: str, group: str, rule: str, languages: str) -> Part:
    return Part(name, group, rule, tuple(languages.split()))


SUITES: Mapping[str, Suite] = {
    "xtreme": Suite("xtreme", (
        _part("xnli", CLASSIFICATION, "accuracy", _XNLI),
        _part("pawsx", CLASSIFICATION, "accuracy", "de en es fr ja ko zh"),
        _part("udpos", STRUCTURE, "spans", _UDPOS),
        _part("panx", STRUCTURE, "spans", _PANX),
        _part("xquad", ANSWERS, "squad", _XQUAD),
        _part("mlqa", ANSWERS, "mlqa", _MLQA),
        _part("tydiqa", ANSWERS, "squad", _TYDIQA),
        _part("bucc2018", RETRIEVAL, "pairs", "de fr ru zh"),
        _part("tatoeba", RETRIEVAL, "accuracy", _TATOEBA),
    )),
    "xtreme-r": Suite("xtreme-r", (
        _part("xnli", CLASSIFICATION, "accuracy", _XNLI),
        _part("xcopa", CLASSIFICATION, "choice", "et ht id it qu sw ta th tr vi zh"),
        _part("udpos", STRUCTURE, "spans", f"{_UDPOS} lt pl uk wo ro"),
        _part("panx", STRUCTURE, "spans", f"{_PANX} qu pl uk az lt pa gu ro"),
        _part("xquad", ANSWERS, "squad", f"{_XQUAD} ro"),
        _part("mlqa", ANSWERS, "mlqa", _MLQA),
        _part("tydiqa", ANSWERS, "squad", _TYDIQA),
        _part("tatoeba", RETRIEVAL, "accuracy", f"{_TATOEBA} az lt pl uk ro"),
        _part("mewslix", RETRIEVAL, "ranking", "ar de en es fa ja pl ro ta tr uk"),
    )),
}  # fmt: skip


#: Tasks of the benchmarks by the names that they have here, where these differ.
OTHER_NAMES: Mapping[str, str] = {"xquad-squad": "xquad", "tatoeba-xtreme": "tatoeba", "xcopa-copa": "xcopa"}


def find_suite(name: str) -> Suite:
    """The benchmark of a name.

    Raises
    ------
    UnknownNameError
        If there is none; the message names those that there are.
    """
    if name not in SUITES:
        raise unknown_name("benchmark", name, SUITES)
    return SUITES[name]
