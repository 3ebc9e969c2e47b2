"""One cell by this runner and by the stock recipe of transformers.Trainer; and what a sweep costs beyond its stages.

Usage: ``python benchmarks/training.py [TASK [DATA_DIRECTORY]]``; the default task needs no data directory.

The stock recipe: every text padded to ``max_length``, all rows of the word embeddings trained by AdamW, evaluation
language by language. Model, head, examples, batch size, steps, learning rate and precision are the same on both sides;
the order of examples is first each side's own, then this runner's for both, which leaves only rounding differences.
Times are processor seconds, so that other work on the machine matters little; loading the model is not timed.
"""

from __future__ import annotations

import math
import sys
import tempfile
import time
import zlib
from dataclasses import dataclass
from pathlib import Path

import machine
import numpy as np
import torch

from runner.executors.worker import Setting, Worker
from runner.kinds.registry import find_kind
from runner.models.backbone import load_backbone
from runner.models.catalog import find_model
from runner.plan.request import Request
from runner.plan.training import Training
from runner.store.store import Store
from runner.tasks.load import load_task
from runner.training.batches import training_batches
from runner.training.bench import Bench
from runner.training.evaluate import evaluate
from runner.training.train import train

MODEL = "me5-small@3"
TRAINING = Training(learning_rate=5e-4, epochs=2, max_length=128, dropout=0.0)
LANGUAGES = ("en", "de", "fr", "ru", "ar", "hi", "sw", "zh", "eng_Latn", "deu_Latn", "rus_Cyrl", "arb_Arab",
             "hin_Deva", "swh_Latn", "zho_Hans", "fra_Latn")  # fmt: skip


@dataclass(frozen=True)
class Start:
    """Random choices: the initial weights of the head, and the examples of each step."""

    head: dict[str, torch.Tensor]
    batches: list[np.ndarray]


def ours(task, codes):
    """Processor seconds of training and of evaluation, a score for each language, and the random choices."""
    kind = find_kind(task.kind)
    make, first = kind.head, {}

    def head(backbone, classes):
        made = make(backbone, classes)
        first.update({name: value.clone() for name, value in made.state_dict().items() if name not in first})
        return made

    kind.head = head
    bench = Bench(load_backbone(find_model(MODEL)))
    examples = task.train()
    start = time.process_time()
    features = kind.encode(bench.backbone, examples, TRAINING.max_length, True)
    classes = kind.classes(task.labels, features)
    steps = TRAINING.steps_for(len(examples))
    found = train(bench, bench.start, kind, features, classes, TRAINING, steps, 1, task.card.name)
    trained = time.process_time()
    sets = [kind.encode(bench.backbone, task.test(code), TRAINING.max_length, False) for code in codes]
    outputs = evaluate(bench, found.state, kind, sets, classes)
    scores = [task.score(kind.predictions(own, one, task.test(code)), task.test(code))[0].score
              for own, one, code in zip(outputs, sets, codes, strict=True)]  # fmt: skip
    seconds = trained - start, time.process_time() - trained
    rng = np.random.default_rng([1, zlib.crc32(task.card.name.encode())])
    return *seconds, scores, Start(first, list(training_batches(features, TRAINING.batch_size, steps, rng)))


def stock(task, codes, given=None):
    """The same by the stock recipe; ``given`` fixes the random choices."""
    from torch.utils.data import DataLoader, Dataset
    from transformers import Trainer, TrainingArguments

    backbone = load_backbone(find_model(MODEL))
    kind = find_kind(task.kind)
    head = kind.head(backbone, len(task.labels))
    if given is not None:
        head.load_state_dict(given.head)
    for layer in [*backbone.module.modules(), *head.modules()]:
        if isinstance(layer, torch.nn.Dropout):
            layer.p = 0.0

    class Classifier(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.body, self.head = backbone.module, head

        def forward(self, input_ids, attention_mask, labels=None):
            hidden = self.body(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
            logits = self.head(hidden, attention_mask)
            loss = None if labels is None else torch.nn.functional.cross_entropy(logits, labels)
            return {"loss": loss, "logits": logits} if labels is not None else {"logits": logits}

    class Rows(Dataset):
        def __init__(self, examples):
            fields = examples.fields
            first = [backbone.prefix + text for text in fields.get("text", fields.get("first"))]
            self.rows = backbone.tokenizer(first, fields.get("second"), padding="max_length", truncation=True,
                                           max_length=TRAINING.max_length)  # fmt: skip
            self.labels = examples.labels

        def __len__(self):
            return len(self.labels)

        def __getitem__(self, i):
            return {key: torch.tensor(self.rows[key][i]) for key in ("input_ids", "attention_mask")} | {
                "labels": torch.tensor(int(self.labels[i]))
            }

    examples = task.train()
    steps = TRAINING.steps_for(len(examples))
    arguments = TrainingArguments(
        output_dir=tempfile.mkdtemp(), per_device_train_batch_size=TRAINING.batch_size, max_steps=steps,
        learning_rate=TRAINING.learning_rate, weight_decay=TRAINING.weight_decay, warmup_steps=math.ceil(0.1 * steps),
        per_device_eval_batch_size=TRAINING.batch_size, report_to=[], save_strategy="no", logging_strategy="no",
        use_cpu=True, disable_tqdm=True, seed=1, dataloader_pin_memory=False,
    )  # fmt: skip

    class Ordered(Trainer):
        def get_train_dataloader(self):
            if given is None:
                return super().get_train_dataloader()
            return DataLoader(self.train_dataset, batch_sampler=given.batches)

    start = time.process_time()
    trainer = Ordered(model=Classifier(), args=arguments, train_dataset=Rows(examples))
    trainer.train()
    trained = time.process_time()
    scores = []
    for code in codes:
        logits = trainer.predict(Rows(task.test(code))).predictions
        scores.append(task.score(np.asarray(logits).argmax(axis=1), task.test(code))[0].score)
    return trained - start, time.process_time() - trained, scores


def overhead(task, data_dir):
    """Wall time of a sweep with a shared prefix over the sum of its stages, each run once."""
    target = "cldr-language"
    content = {
        "models": [MODEL], "intermediate": ["cldr-typing"], "targets": [target, "cldr-currency"],
        "languages": list(LANGUAGES[:8]), "seeds": "1-2",
        "training": {"learning_rate": 5e-4, "dropout": 0, "epochs": 3},
    }  # fmt: skip
    with tempfile.TemporaryDirectory() as place:
        store, plan = Store.create(Path(place) / "store"), Request(content).plan()
        store.begin(plan.stages)
        start = time.perf_counter()
        Worker(store, plan, Setting(threads=torch.get_num_threads())).run()
        total = time.perf_counter() - start
        stages = sum(float(row["wall_s"]) for row in store.manifests())
    return total, stages, len(plan.stages)


def main() -> None:
    torch.set_num_threads(1)
    name = sys.argv[1] if len(sys.argv) > 1 else "cldr-typing"
    task = load_task(name, sys.argv[2] if len(sys.argv) > 2 else None)
    codes = [code for code in LANGUAGES if code in task.card.languages]
    print(f"{machine.describe()}, torch {torch.__version__}, one thread")
    print(f"{MODEL} on {name}: {TRAINING.steps_for(task.card.train_examples)} steps of {TRAINING.batch_size}, "
          f"{len(codes)} languages; seconds of the processor\n")  # fmt: skip
    *mine, start = ours(task, codes)
    rows = {"this runner": mine, "stock Trainer": stock(task, codes)}
    print("| | training | evaluation | both | mean score |\n|---|---:|---:|---:|---:|")
    for label, (fit, test, scores) in rows.items():
        print(f"| {label} | {fit:.1f} | {test:.1f} | {fit + test:.1f} | {np.mean(scores):.1f} |")
    (a, b, one), (c, d, two) = rows.values()
    print(f"| times as fast | {c / a:.1f} | {d / b:.1f} | {(c + d) / (a + b):.1f} | |\n")
    same = stock(task, codes, start)[2]
    for words, other in (("each in its own order", two), ("in the same order", same)):
        gap = np.subtract(one, other)
        print(f"difference of scores, examples {words}: mean {gap.mean():+.2f}, largest {np.abs(gap).max():.2f} points")
    total, stages, n = overhead(task, None)
    print(f"\nsweep of {n} stages: {total:.1f} s, sum of its stages {stages:.1f} s, ratio {total / stages:.3f}")


if __name__ == "__main__":
    main()
