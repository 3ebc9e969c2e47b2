"""What ``runner plan --probe`` says a sweep takes, beside what it took: peak memory, and seconds of each kind of stage.

Usage: ``python benchmarks/costs.py [CASE …]``. Each case is a small sweep on the CPU in a process of its own. Times are
seconds of the processor with one thread, so that other work on the machine matters little; memory is the peak of the
process. Sweeps are probed by steps of their largest stage alone, as by the command.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import machine

MODEL = "me5-small"
FAST = {"learning_rate": 5e-4, "batch_size": 32}
LANGUAGES = ["en", "de", "ru", "sw"]


def grid(model, training, **change):
    """A sweep of one seed."""
    return {"models": [model], "intermediate": ["none"], "targets": ["cldr-typing"], "languages": LANGUAGES,
            "seeds": "1", "training": {**FAST, **training}, **change}  # fmt: skip


CASES = {
    "3 layers, full": grid("me5-small@3", {"dropout": 0, "epochs": 3}),
    "12 layers, full, two stages": grid(MODEL, {"dropout": 0, "epochs": 1}, intermediate=["cldr-language"]),
    "12 layers, full, dropped 0.1": grid(MODEL, {"epochs": 1}),
    "6 layers, frozen embeddings": grid("me5-small@6", {"dropout": 0, "epochs": 1, "method": "frozen-embeddings"}),
    "12 layers, LoRA": grid(MODEL, {"dropout": 0, "epochs": 1, "method": "lora"}),
    "XLM-R of 235 M, full": grid("", {"dropout": 0, "steps": 12}, languages=["en", "de"]),
}


def random_model(place):
    """Six layers of the width of XLM-R Base, random, with the pieces of me5-small."""
    import torch
    from transformers import AutoTokenizer, XLMRobertaConfig, XLMRobertaModel

    from runner.models.me5 import cached_model

    tokenizer = AutoTokenizer.from_pretrained(str(cached_model()))
    torch.manual_seed(0)
    config = XLMRobertaConfig(vocab_size=250_002, hidden_size=768, num_hidden_layers=6, num_attention_heads=12,
                              intermediate_size=3072, max_position_embeddings=514, type_vocab_size=1)  # fmt: skip
    XLMRobertaModel(config, add_pooling_layer=False).save_pretrained(place)
    tokenizer.save_pretrained(place)


def sweep(content, place):
    """Run it here; seconds of the processor by kind of stage, and the peak of the process in MiB."""
    import torch

    from runner.executors import energy
    from runner.executors.worker import Setting, Worker
    from runner.plan.request import Request
    from runner.store.store import Store

    torch.set_num_threads(1)
    energy.time.perf_counter = time.process_time
    store, plan = Store.create(Path(place) / "store"), Request(content).plan()
    store.begin(plan.stages)
    Worker(store, plan, Setting(threads=1)).run()
    rows = store.manifests()
    seconds = {}
    for row in rows:
        kind = "evaluation" if row["kind"] == "evaluate" else "training"
        if row["kind"] != "load":
            seconds[kind] = seconds.get(kind, 0.0) + float(row["wall_s"])
    return {"seconds": seconds, "peak": max(float(row["peak_memory_mib"]) for row in rows)}


def expected(content):
    """The same by the plan."""
    from runner.costs.report import find_cost
    from runner.plan.request import Request

    request = Request(content)
    found = find_cost(request, request.plan().stages, "here", 20).cost
    training = sum(row["seconds"] for kind, row in found.kinds.items() if kind in ("intermediate", "target"))
    seconds = {"training": training, "evaluation": found.kinds["evaluate"]["seconds"]}
    parts = {name: round(value / 2**20) for name, value in found.largest[1].items()}
    return {"seconds": seconds, "peak": found.memory / 2**20, "parts": parts}


def child(what, content, place):
    """Do it in a process of its own."""
    done = subprocess.run([sys.executable, __file__, "--child", what, json.dumps(content), place],
                          capture_output=True, text=True, check=False)  # fmt: skip
    if done.returncode:
        raise SystemExit(done.stderr)
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    if sys.argv[1:2] == ["--child"]:
        what, content, place = sys.argv[2], json.loads(sys.argv[3]), sys.argv[4]
        print(json.dumps(sweep(content, place) if what == "sweep" else expected(content)))
        return
    print(f"{machine.describe()}; one thread, seconds of the processor\n")
    print("| sweep | peak MiB: plan | measured | ratio | training s: plan | measured | ratio "
          "| evaluation s: plan | measured | ratio |\n|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|")  # fmt: skip
    for name in sys.argv[1:] or CASES:
        content = dict(CASES[name])
        with tempfile.TemporaryDirectory() as place:
            if content["models"] == [""]:
                random_model(Path(place) / "xlmr")
                content["models"] = [str(Path(place) / "xlmr")]
            plan, found = child("plan", content, place), child("sweep", content, place)
        cells = [plan["peak"], found["peak"]]
        for kind in ("training", "evaluation"):
            cells += [plan["seconds"][kind], found["seconds"][kind]]
        shown = [f"{a:,.0f} | {b:,.0f} | {a / b:.2f}" for a, b in (cells[:2], cells[2:4], cells[4:])]
        print(f"| {name} | {' | '.join(shown)} |", flush=True)
        print(plan["parts"], file=sys.stderr)


if __name__ == "__main__":
    main()
