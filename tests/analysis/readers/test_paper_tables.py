"""Structures of tables in papers, model cards and logs, with numbers of our own."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest

from analysis.records.read import read_inputs


class Case(NamedTuple):
    """A table, the file it is in, and some of the scores that it says: (fields, score)."""

    file: str
    text: str
    scores: tuple[tuple[dict[str, str], float], ...]
    rows: int


CASES = {
    "XNLI, average first and last": Case(
        "t.csv",
        "Model,D,#M,Avg,en,fr,sw\nXLM-R base,CC,1,60.1,70.1,60.2,50\nmBERT,Wiki,1,55,65,55,45\n",
        (({"model": "mBERT", "language": "swa"}, 45.0), ({"model": "mBERT", "language": "mul"}, 55.0)),
        8,
    ),
    "MLQA, F1 and EM in one cell a language": Case(
        "t.md",
        "| Model | en (F1/EM) | es (F1/EM) |\n|---|---|---|\n| A | 80.1 / 67.2 | 70.5/55 |\n",
        (({"language": "eng", "metric": "f1"}, 80.1), ({"language": "spa", "metric": "em"}, 55.0)),
        4,
    ),
    "XTREME, tasks over languages, two rows of headings": Case(
        "t.tex",
        "\\begin{tabular}{l|cc|cc}\n\\toprule & \\multicolumn{2}{c|}{XNLI} & \\multicolumn{2}{c}{PAWS-X} \\\\\n"
        "\\cmidrule{2-5} Model & de & sw & de & zh \\\\\n\\midrule\n"
        "A & \\textbf{60.1} & 50$_{\\pm 0.3}$ & 80 & 81 \\\\\n"
        "\\bottomrule\n\\end{tabular}",
        (({"target_task": "XNLI", "language": "deu"}, 60.1), ({"target_task": "PAWS-X", "language": "zho"}, 81.0),
         ({"target_task": "XNLI", "language": "swa"}, 50.0)),
        4,
    ),
    "a log of wandb": Case(
        "t.csv",
        "Name,eval/de_accuracy,eval/sw_accuracy\nrun-1,0.61,0.52\nrun-2,0.6,0.5\n",
        (({"language": "deu", "metric": "acc"}, 61.0), ({"language": "swa", "metric": "acc"}, 50.0)),
        4,
    ),
    "FLORES codes, a row a language, a column a model": Case(
        "t.csv",
        "lang_code,model-A 7B,model-B 13B\nswh_Latn,40.1,45\nzho_Hant,50,55\narb_Arab,48,51\n",
        (({"model": "model-B 13B", "language": "swa"}, 45.0), ({"model": "model-A 7B", "language": "ara"}, 48.0)),
        6,
    ),
    "SIB-200, a file a model": Case(
        "t.tsv",
        "Language\tScript\tAccuracy\nAcehnese\tArab\t30.2\nTosk Albanian\tLatn\t80\nNorwegian_Bokmål\tLatn\t85.1\n",
        (({"language": "ace"}, 30.2), ({"language": "sqi"}, 80.0), ({"language": "nor"}, 85.1)),
        3,
    ),
    "a model card, means over seeds": Case(
        "t.md",
        "# Results\n\n| Checkpoint | Task | Lang | F1 | \n|:--|:--|:-:|--:|\n| [a/b](u) | NER | ha | **81.2** ± 0.4 |\n"
        "| [a/b](u) | NER | yo | 79.9 ± 0.6 |\n\nMore text | here\n",
        (({"model": "a/b", "target_task": "NER", "language": "hau", "metric": "f1"}, 81.2),),
        2,
    ),
    "a spreadsheet in German": Case(
        "t.csv",
        "Modell;Sprache;Acc.\nA;de;61,5\nA;sw;50,25\nA;zh;58,0\n",
        (({"language": "swa"}, 50.25),),
        3,
    ),
    "a page of results": Case(
        "t.html",
        "<table><tr><th rowspan=2>Model</th><th colspan=2>XCOPA</th></tr><tr><th>et</th><th>ht</th></tr>"
        "<tr><td>A</td><td>60.2</td><td><b>55</b></td></tr></table>",
        (({"model": "A", "target_task": "XCOPA", "language": "est"}, 60.2), ({"language": "hat"}, 55.0)),
        2,
    ),
    "zero-shot transfer matrix": Case(
        "t.csv",
        "source,en,ko,hi\nen,90,60,61\nko,58,85,55\nhi,57,54,80\n",
        (({"train_language": "kor", "language": "hin"}, 55.0), ({"train_language": "eng", "language": "kor"}, 60.0)),
        9,
    ),
    "names in their own languages, percent": Case(
        "t.csv",
        "Language,Result\nDeutsch,61.5%\nfrançais,60.2%\nKiswahili,n/a\n",
        (({"language": "deu"}, 61.5), ({"language": "fra"}, 60.2)),
        3,
    ),
    "with and without, side by side": Case(
        "t.csv",
        "task,language,f1_baseline,f1_squad\nner,de,60,62.5\nner,sw,50,49\n",
        (({"language": "deu", "method": "intermediate", "intermediate_task": "squad"}, 62.5),
         ({"language": "swa", "method": "baseline"}, 50.0)),
        4,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_structures_of_papers(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    path = tmp_path / case.file
    path.write_text(case.text, encoding="utf-8")
    records = read_inputs([str(path)]).records
    assert len(records) == case.rows
    for fields, score in case.scores:
        rows = records
        for field, value in fields.items():
            rows = rows[rows[field] == value]
        assert score in rows["score"].tolist(), (fields, records.dropna(axis=1, how="all").to_string())
