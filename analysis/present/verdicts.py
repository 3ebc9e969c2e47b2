"""What ``verify`` prints, writes and draws: sections of text and tables, the JSON content, pages, the figure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..core.errors import CrossliftError
from ..core.text import Table
from .terminal import print_answer

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from ..claims.audit.printed_tables import Block
    from ..claims.documents.parse import Document
    from ..claims.papers.audit import Finding
    from ..claims.papers.read import Paper
    from ..claims.registry import Registry
    from ..claims.request import VerifyRequest
    from ..claims.verdicts import Outcome
    from ..claims.xtreme.user_tables import Supplied
    from .screen import Screen

    Section = tuple[str, Sequence[str | Table]]

#: The section that the figure opens on a page.
_PICTURED = "In full"
#: What a verdict of the registry means.
VERDICT_WORDS = {
    "reproduced": "the printed cells give the claimed figure",
    "reproduced-under": "some readings of the claim give it",
    "possible-by-rounding": "only the rounding of the cells could give it",
    "consistent": "no printed cell is against it, but some that it needs are not printed",
    "contradicted": "the printed cells give something else",
    "not-checkable": "the tables that would settle it are not bundled",
}


@dataclass(frozen=True, slots=True)
class Verdicts:
    """The verdicts on what was asked, ready to be shown.

    Attributes
    ----------
    sections
        Title and blocks (text and tables) of each section that is printed.
    content
        What ``--json`` writes.
    frames
        Tidy tables by name, the main one first.
    answer
        How many came to which verdict, in a sentence.
    contradicted
        Whether something is contradicted.
    registry, outcomes, own
        For claims of the registry: it, the outcome of each claim, and the user's tables.
    problems
        Lines of a file of claims that could not be read.
    paper, findings
        Of a paper: what was read, and what was checked.
    pictured
        Whether a page shows the figure of the average gain.
    waiting
        Titles of the sections that are printed with ``--verbose`` alone.
    """

    sections: tuple[Section, ...]
    content: Mapping[str, Any]
    frames: Mapping[str, pd.DataFrame]
    answer: tuple[str, ...]
    contradicted: bool
    registry: Registry | None = None
    outcomes: tuple[Outcome, ...] = ()
    own: Supplied | None = None
    pictured: bool = False
    waiting: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    paper: Paper | None = None
    findings: tuple[Finding, ...] = ()


def find_verdicts(request: VerifyRequest) -> Verdicts:
    """Answer a request.

    Raises
    ------
    CrossliftError
        If the request contradicts itself, or something it names cannot be read.
    """
    request.check()
    if request.table and not request.claims:
        return _averages((request.table,)) if _has_records(request.table) else _over_paper(request)
    if request.table:
        return _over_table(request)
    if request.averages is not None:
        return _averages(request.averages)
    return _over_registry(request)


def _over_registry(request: VerifyRequest) -> Verdicts:
    from ..claims.documents.match import DIFFERS, match_rows, restated
    from ..claims.documents.parse import read_documents
    from ..claims.present import registry as show
    from ..claims.present.frames import calibration_frame, readings_frame, verdicts_frame
    from ..claims.registry import registry
    from ..claims.verify import verify
    from ..claims.xtreme.user_tables import read_supplied

    known = registry()
    shown = request.show or ("average-gain",)
    names = list(known.claims) if "all" in shown else [known.find(name).id for name in shown]
    documents = read_documents(request.documents) if request.documents else ()
    differ = any(row.verdict == DIFFERS for document in documents for row in match_rows(document, known))
    if documents:
        known = restated(known, documents)
    own = read_supplied(request.tables) if request.tables else None
    every = verify(known, own)
    by_name = {outcome.claim.id: outcome for outcome in every}
    outcomes = tuple(item for item in every if item.claim.stated) if documents else every
    sections: list[Section] = [
        ("Verdicts", [show.verdict_table(outcomes, known), show.tally(outcomes)]),
        (_PICTURED, [block for name in names for block in show.details(by_name[name], known)]),
        ("Flags", [*show.flag_lines(outcomes, known), show.calibration_table(outcomes)]),
    ]
    content = _with_documents(sections, outcomes, known, documents, own)
    if request.results:
        from ..claims.present.tables import replication_blocks, replication_json
        from ..claims.xtreme.replication import replicate

        found = replicate(request.results, known)
        sections.append(("Results", replication_blocks(found)))
        content["replication"] = replication_json(found)
    frames = {
        "verdicts": verdicts_frame(outcomes),
        "readings": readings_frame(outcomes),
        "calibration": calibration_frame(outcomes),
    }
    waiting = ("Flags",) if request.show else (_PICTURED, "Flags")
    contradicted = differ or any(outcome.verdict == "contradicted" for outcome in outcomes)
    return Verdicts(
        tuple(sections), content, frames, (show.tally(outcomes),), contradicted, known, outcomes, own,
        "average-gain" in names, () if request.show == ("all",) else waiting,
    )  # fmt: skip


def _with_documents(
    sections: list[Section],
    outcomes: Sequence[Outcome],
    known: Registry,
    documents: Sequence[Document],
    own: Supplied | None,
) -> dict[str, Any]:
    """Sections on the user's tables and documents, and the JSON content."""
    from ..claims.documents.self_consistency import account
    from ..claims.present import registry as show

    accounts = [account(document) for document in documents]
    content = show.contract(outcomes, known, accounts, documents)
    if own is not None:
        lines = [
            f"{own.name}: {len(own.scores)} scores and {len(own.sizes)} sizes; {own.empty} rows are empty",
            *own.mismatches(),
        ]
        sections.append(("Tables", lines))
        content["data"] = [{"name": own.name, "sha256": own.sha256, "rows": len(own.scores) + len(own.sizes)}]
    if documents:
        words = show.document_lines(accounts, documents, known)
        sections.append(("Documents", [show.document_table(accounts), *words]))
    return content


def _over_table(request: VerifyRequest) -> Verdicts:
    from ..claims.language import check_claim, read_sheet
    from ..claims.present.frames import readings_frame, table_claims_frame
    from ..claims.present.tables import claim_blocks, claim_json, tally

    assert request.table is not None
    sheet = read_sheet(request.table)
    found, problems = [], []
    for position, claim in enumerate(request.claims):
        try:
            found.append(check_claim(sheet, claim, request.settings))
        except CrossliftError as error:
            if position not in request.places:
                raise
            problems.append(
                f"{request.places[position]}: {error.message}" + (f"\n  {error.hint}" if error.hint else "")
            )
    content = {
        "command": "verify",
        "claims": [claim_json(item) for item in found],
        "documents": [],
        "data": [{"name": sheet.name, "sha256": sheet.sha256, "rows": sheet.rows}],
        **({"problems": problems} if problems else {}),
    }
    return Verdicts(
        ((sheet.name, [*claim_blocks(found), *problems]),),
        content,
        {"verdicts": table_claims_frame(found), "readings": readings_frame(found)},
        (tally("claim", [item.verdict for item in found]),),
        any(item.verdict == "contradicted" for item in found),
        problems=tuple(problems),
    )


def _has_records(path: str) -> bool:
    """Whether a file has a score per row, which is the form of records."""
    from pathlib import Path

    if Path(path).suffix.lower() not in (".csv", ".tsv"):
        return False
    with Path(path).open(encoding="utf-8-sig", errors="replace") as file:
        heads = {head.strip().strip('"').lower() for head in file.readline().replace("\t", ",").split(",")}
    return {"model", "language", "score"} <= heads


def _over_paper(request: VerifyRequest) -> Verdicts:
    from hashlib import sha256
    from pathlib import Path

    import pandas as pd

    from ..claims.papers.accepted import read_accepted, with_accepted
    from ..claims.papers.audit import audit_table
    from ..claims.papers.prose import prose_figures
    from ..claims.papers.read import read_paper
    from ..claims.present.papers import paper_blocks, paper_json, prose_blocks
    from ..claims.present.tables import tally

    assert request.table is not None
    paper = read_paper(request.table)
    accepted = read_accepted(request.accept) if request.accept else ()
    findings = with_accepted((item for table in paper.tables for item in audit_table(table)), accepted)
    prose = prose_figures(paper)
    sections: list[Section] = [(paper.name, paper_blocks(paper, findings))]
    if prose:
        sections.append(("Prose", prose_blocks(paper, prose)))
    rows = sum(len(table.rows) for table in paper.tables)
    digest = sha256(Path(request.table).read_bytes()).hexdigest()
    content = {"command": "verify", "claims": [], "documents": [], **paper_json(paper, findings, prose),
               "data": [{"name": paper.name, "sha256": digest, "rows": rows}]}  # fmt: skip
    columns = ["kind", "verdict", "table", "what", "line", "printed", "why"]
    frame = pd.DataFrame([[getattr(item, name) for name in columns] for item in findings], columns=columns)
    verdicts = [item.verdict for item in findings]
    return Verdicts(tuple(sections), content, {"findings": frame}, (tally("check", verdicts),),
                    "contradicted" in verdicts, paper=paper, findings=findings)  # fmt: skip


def _averages(names: Sequence[str]) -> Verdicts:
    from ..claims.audit.averages import averages_frame, check_averages
    from ..claims.audit.granularity import check_granularity
    from ..claims.audit.language_order import check_profiles
    from ..claims.audit.printed_tables import bundled_blocks
    from ..claims.present import tables as show

    blocks = _blocks(names)
    named = {block.name for block in blocks}
    others = tuple(block for block in bundled_blocks() if block.name not in named) if names else ()
    averages, profiles = check_averages(blocks, others), check_profiles(blocks, others)
    grains = check_granularity(blocks)
    content = {
        "command": "verify",
        "claims": [],
        "documents": [],
        "averages": [show.average_json(item) for item in averages],
        "granularity": [show.granularity_json(item) for item in grains],
        "profiles": [show.profile_json(item) for item in profiles],
        "data": [{"name": b.name, "sha256": b.sha256, "rows": len(b.frame)} for b in blocks],
        "notices": [text for block in blocks for text in block.notices],
    }
    sections = (
        (
            "Averages",
            [*(f"Note: {text}" for block in blocks for text in block.notices), *show.average_blocks(averages)],
        ),
        ("Granularity", show.granularity_blocks(grains)),
        ("Order of languages", show.profile_blocks(profiles)),
    )
    verdicts = [item.verdict for item in averages]
    answer = (show.tally("printed average", verdicts),)
    return Verdicts(sections, content, {"averages": averages_frame(averages)}, answer, "contradicted" in verdicts)


def _blocks(names: Sequence[str]) -> tuple[Block, ...]:
    """Bundled sets by name, and files; all bundled sets if nothing is named."""
    from ..claims.audit.printed_tables import bundled_blocks, printed_block
    from ..records.read import read_inputs

    if not names:
        return tuple(bundled_blocks())
    found = []
    for name in names:
        read = read_inputs([name])
        source = read.sources[0]
        found.append(printed_block(source.name, source.sha256, read.records, notices=read.notices))
    return tuple(found)


def print_verdicts(found: Verdicts, out: Screen) -> None:
    """The answer, then the verdicts; readings, evidence and flags that nobody asked for wait for ``--verbose``."""
    print_answer(out, found.answer)
    for title, blocks in found.sections:
        if title in found.waiting and not out.verbose:
            continue
        out.heading(title)
        for block in blocks:
            if block not in found.answer:
                out.print(_short(block) if found.waiting and not out.verbose else block)
    if found.waiting and not out.verbose:
        words = "; ".join(f"{name}: {VERDICT_WORDS[name]}" for name in VERDICT_WORDS if _occurs(name, found))
        out.print(f"\n  {words}")
        out.print("\n  --show CLAIM prints the readings and the evidence of a claim, --verbose all there is.")


def _occurs(verdict: str, found: Verdicts) -> bool:
    return any(item.verdict == verdict for item in found.outcomes)


def _short(block: str | Table) -> str | Table:
    """A table of verdicts without the reasons, which are sentences."""
    if isinstance(block, str) or block.columns[-1] != "why":
        return block
    return Table(block.columns[:-1], tuple(row[:-1] for row in block.rows), block.title, block.notes)


def draw(found: Verdicts) -> Figure:
    """The average gain task by task, by the user's own tables where they have it."""
    from ..claims.xtreme.decomposition import decompose
    from ..claims.xtreme.partial_averages import Tables, bundled_tables
    from ..claims.xtreme.printed_scores import TASKS, Cells
    from ..claims.xtreme.template import BEST
    from ..plots.decomposition import plot_decomposition
    from ..plots.style import figure

    tables = None
    if found.own is not None:
        cells = found.own.cells("test", BEST)
        if any(cells.gain(task) is not None for task in TASKS):
            tables = Tables(cells, Cells(found.own.name, {}), bundled_tables().baseline)
    with figure(height=4.2) as (made, ax):
        plot_decomposition(decompose(tables=tables), ax)
    return made


def as_page(found: Verdicts) -> str:
    """What is printed as one HTML file, with the figure where it belongs."""
    from ..claims.present.page import page
    from ..plots.style import as_svg

    pictures = {}
    if found.pictured:
        pictures[_PICTURED] = (as_svg(draw(found)), "The average gain task by task, with the claimed mean")
    return page("A second look at printed claims", found.sections, pictures)


def as_markdown(found: Verdicts) -> str:
    """What is printed as a Markdown document."""
    parts = []
    for title, blocks in found.sections:
        parts.append(f"## {title}")
        parts += [block.strip() if isinstance(block, str) else block.markdown() for block in blocks]
    return "\n\n".join(parts) + "\n"
