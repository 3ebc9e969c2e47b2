"""A section of the results for each block, with the card's name next to every number."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tools.gpu.acceptance import WORDS

#: How many kernels are listed if the runner is slower.
KERNELS = 8


def table(title: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A section of one table."""
    lines = [f"## {title}", "", f"| {' | '.join(header)} |", f"|{'---|' * len(header)}"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)])


def _check(block: Mapping[str, Any], card: str) -> str:
    rows = [
        (item["check"], card, _held(item), _short(item)) for item in block["checks"] if "missing" not in item
    ]  # fmt: skip
    matmul = block["facts"].get("matmul")
    if matmul:
        n = matmul["shape"][0]
        rows.append((f"{n} x {n} x {n} product in bfloat16", card, "–", f"{matmul['tflops']:.0f} TFLOP/s"))
    return table("Precisions and energy", ("check", "card", "verdict", "numbers"), rows)


def _agreement(block: Mapping[str, Any], card: str) -> str:
    rows = [(item["check"], card, _held(item), _short(item)) for item in block["checks"]]
    return table(
        f"Against the CPU, and repeated ({block['facts'].get('steps', '?')} steps of me5-small@3)",
        ("check", "card", "verdict", "numbers"), rows,
    )  # fmt: skip


def _kinds(block: Mapping[str, Any], card: str) -> str:
    facts = block["facts"]
    rows = [(item["check"], card, _held(item), _short(item)) for item in block["checks"]]
    text = table(
        f"Eight architectures: {facts.get('stages_tried', 0)} of {facts.get('stages_wanted', '?')} stages",
        ("check", "card", "verdict", "numbers"), rows,
    )  # fmt: skip
    failures = [f"- {', '.join(str(value) for value in item.values())}" for item in facts.get("failures", ())]
    return "\n".join([text, *(["", "Stages that failed:", "", *failures] if failures else [])])


def _large(block: Mapping[str, Any], card: str) -> str:
    header = ("model", "card", "parameters", "peak GiB", "tokens/s", "TFLOP/s", "MFU", "J per 1,000 tokens", "busy")
    rows = [
        (item["model"], card, f"{item['parameters']:,}", _number(item["peak_gib"], 1), _number(item["tokens_per_s"]),
         _number(item["tflops_per_s"]), _share(item["mfu"]), _number(item["j_per_1000_tokens"], 2),
         _share(item["busy"]))
        for item in block["facts"].get("models", ())
    ]  # fmt: skip
    peaks = {item["card_peak_tflops"] for item in block["facts"].get("models", ()) if item["card_peak_tflops"]}
    words = f"MFU by {block['facts'].get('flop_formula', '?')}; "
    words += f"of the {next(iter(peaks)):g} TFLOP/s that {card}'s data sheet gives for dense bfloat16." if peaks else (
        f"{card} is not in the table of peaks."
    )  # fmt: skip
    unchanged = [f"{item['check']}: {_held(item)}." for item in block["checks"] if "unchanged" in item["check"]]
    return "\n".join([table("Adapters on large frozen weights", header, rows), "", words, *unchanged])


def _beside(block: Mapping[str, Any], card: str) -> str:
    header = ("model", "card", "side", "tokens/s", "busy", "runner / Trainer")
    rows, notes = [], []
    for item in block["facts"].get("models", ()):
        for side in ("runner", "trainer"):
            ratio = _number(item["ratio"], 2) if side == "runner" else ""
            rows.append(
                (item["model"], card, side, _number(item["tokens_per_s"][side]), _share(item["busy"][side]), ratio)
            )
        notes.append(f"{item['model']}: losses differ by at most {item['largest_loss_difference']:.1e}.")
        if item["ratio"] is not None and item["ratio"] < 1 and item["profiles"]:
            notes += _kernels(item["profiles"], card)
    return "\n".join([table("Compared with a stock Trainer", header, rows), "", *notes])


def _kernels(profiles: Mapping[str, Any], card: str) -> list[str]:
    lines = ["", f"| {card}: kernel or operation | side | calls | ms |", "|---|---|---:|---:|"]
    for side, found in profiles.items():
        most = (found["kernels"] or found["processor"])[:KERNELS]
        lines += [f"| `{item['name'][:80]}` | {side} | {item['calls']} | {item['ms']:.1f} |" for item in most]
    return [*lines, ""]


def _sweep(block: Mapping[str, Any], card: str) -> str:
    facts = block["facts"]
    english = facts.get("english") or {}
    rows = [
        ("complete seeds", card, str(len(facts.get("whole_seeds", ())))),
        ("cells kept", card, f"{facts.get('kept_cells', 0):,}"),
        ("cells per second, all processes", card, _number(facts.get("cells_per_s"), 1)),
        ("processes on the GPU", card, str(facts.get("workers", "?"))),
        ("busy share", card, _share(facts.get("busy"))),
        ("energy, J per cell", card, _number(_per(facts.get("energy_j"), facts.get("cells")), 1)),
        ("lowest English accuracy", card, _number(min(english.values(), default=None), 2)),
        ("lowest acceptable, set before", card, _number((facts.get("floor") or {}).get("english_accuracy"), 2)),
    ]
    checks = [f"- {item['check']}: {_held(item)}" for item in block["checks"]]
    return "\n".join([table("A sweep in all languages", ("what", "card", "value"), rows), "", *checks])


def _held(item: Mapping[str, Any]) -> str:
    holds = item["holds"]
    return f"not run ({item.get('reason', '?')})" if holds is None else WORDS[bool(holds)]


def _short(item: Mapping[str, Any]) -> str:
    """The single numbers and words of a check."""
    plain = {key: value for key, value in item.items() if key not in ("check", "holds", "reason")}
    told = [f"{key} {value:.4g}" if isinstance(value, float) else f"{key} {value}"
            for key, value in plain.items() if isinstance(value, (int, float, str)) and value != ""]  # fmt: skip
    return ", ".join(told) or str(item.get("reason", "–"))


def _number(value: float | None, digits: int = 0) -> str:
    return "not measured" if value is None else f"{value:,.{digits}f}"


def _share(value: float | None) -> str:
    return "not measured" if value is None else f"{value:.1%}"


def _per(value: float | None, count: float | None) -> float | None:
    return value / count if value is not None and count else None


#: What writes the section of a block.
PAGES: Mapping[str, Callable[[Mapping[str, Any], str], str]] = {
    "check": _check, "agreement": _agreement, "kinds": _kinds, "large": _large, "beside": _beside, "sweep": _sweep,
}  # fmt: skip
