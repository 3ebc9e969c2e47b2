"""Exact match and F1 of made-up answers as lm-evaluation-harness computes them for MLQA (its port of MLQA's script).

Usage: ``python validation/metrics/mlqa.py WHEEL`` with the wheel of lm-eval (``pip download --no-deps lm-eval``).
Arabic is left out: the harness removes the article at the beginning of words, MLQA's own script wherever its letters
occur, and published scores come from the latter.
"""

from __future__ import annotations

import json
import sys
import zipfile
from pathlib import Path
from types import ModuleType

ANSWERS = {
    "en": [("The Rhine", ["Rhine"]), ("a bridge, over the river", ["the bridge over a river"]), ("1,000", ["1000"]),
           ("in 1999", ["1998", "In the year 1999"]), ("", ["nothing"]), ("the", ["a"]), ("U.S. Army", ["us army"])],
    "es": [("El río", ["río"]), ("unas casas de la ciudad", ["casas de ciudad"]), ("¿Quién?", ["quién"])],
    "de": [("Der Rhein", ["rhein"]), ("dem König des Landes", ["König Landes"]), ("„Faust“", ["Faust"]),
           ("Derby", ["by"])],
    "vi": [("những con sông", ["con sông"]), ("cái cầu của làng", ["cầu làng", "làng"])],
    "hi": [("गंगा नदी।", ["गंगा नदी"]), ("एक गाँव", ["गाँव"])],
    "zh": [("長江", ["长江"]), ("中国的长江", ["长江"]), ("1999年", ["1999 年"]), ("ABC公司", ["ABC 公司", "公司"]),
           ("《红楼梦》", ["红楼梦"]), ("Deep Learning方法", ["deep learning"])],
}  # fmt: skip


def main(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        source = archive.read("lm_eval/tasks/mlqa/utils.py").decode()
    theirs = ModuleType("mlqa_utils")
    exec(compile(source, "lm_eval/tasks/mlqa/utils.py", "exec"), theirs.__dict__)
    cases = []
    for language, pairs in ANSWERS.items():
        for answer, accepted in pairs:
            found = theirs.process_results_lang({"answers": accepted}, [answer], language)
            case = {"language": language, "answer": answer, "accepted": accepted}
            cases.append({**case, "em": float(found["exact_match"]), "f1": float(found["f1"])})
    content = {"versions": {"lm_eval": wheel.name.split("-")[1]}, "cases": cases}
    text = json.dumps(content, indent=1, ensure_ascii=False) + "\n"
    (Path(__file__).parent / "mlqa.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
