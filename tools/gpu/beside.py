"""Minute 6 to 8: the runner beside a stock ``Trainer``: the same data, order, lengths, precision and optimiser."""

from __future__ import annotations

import copy
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from runner.plan.training import Training
from runner.training.batches import pad
from runner.training.bench import Bench

from .findings import ON_A_CPU, Findings
from .meters import Watch, Window, identity
from .profile import Profile, profiled
from .random_models import parameters, random_backbone
from .setting import TRAINING, Setting
from .stages import Stage

WARM, STEPS = 10, 100
#: Each side is measured twice, in the order A B B A, so that what drifts meets both alike.
ROUNDS = 2
#: Seconds that a model needs at least: below, it is not begun.
NEEDED_S = 25.0
#: Seconds left below which no profile is made.
PROFILE_S = 15.0
#: Numbers of XLM-R Large.
LARGE: dict[str, Any] = {
    "vocab_size": 250_002, "hidden_size": 1024, "num_hidden_layers": 24, "num_attention_heads": 16,
    "intermediate_size": 4096, "max_position_embeddings": 514, "type_vocab_size": 1,
}  # fmt: skip
TINY: dict[str, Any] = LARGE | {
    "vocab_size": 2000,
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 64,
}


@dataclass(frozen=True)
class Measured:
    """One run of one side: pieces with their padding a second, busy share of the device, losses."""

    tokens_per_s: float
    busy: float | None
    losses: list[float]


def run(setting: Setting, found: Findings) -> None:
    """Fill the findings."""
    from transformers import XLMRobertaConfig

    found.fact(card=identity(setting.device)["name"], models=[])
    training = replace(TRAINING, precision="bf16")
    stage = Stage.of_target(setting)
    _compare(setting, stage, "me5-small", training, found)
    tokenizer = stage.bench.backbone.tokenizer
    del stage
    _free(setting)
    name = "random XLM-R Large" if not setting.tiny else "stand-in for XLM-R Large"
    if not setting.tiny and setting.left() < NEEDED_S:
        found.not_run(f"{name}: both are measured", f"{setting.left():.0f} s were left of {setting.limit_s:g}")
        return
    config = XLMRobertaConfig(**(TINY if setting.tiny else LARGE), pad_token_id=1, bos_token_id=0, eos_token_id=2)
    own = Bench(random_backbone(config, setting.device, tokenizer=tokenizer), setting.device)
    features, classes = _target_features(setting, own)
    from runner.training.kinds.texts import Texts

    # The usual rate of large models; at that of me5-small random weights of this depth may diverge.
    _compare(setting, Stage(own, Texts(), features, classes), name, replace(training, learning_rate=1e-5), found)


def _target_features(setting: Setting, bench: Bench) -> tuple[Any, int]:
    from runner.tasks.base import load_task
    from runner.training.kinds.texts import Texts

    task = load_task("sib200", setting.data)
    return Texts().encode(bench.backbone, task.train(), TRAINING.max_length, True), len(task.labels)


def _compare(setting: Setting, stage: Stage, name: str, training: Training, found: Findings) -> None:
    warm, steps = (1, 3) if setting.tiny else (WARM, STEPS)
    stock = Stock(setting, stage, training)
    sides: dict[str, Callable[[int, int], Measured]] = {
        "runner": lambda a, b: _ours(setting, stage, training, a, b), "trainer": stock.run,
    }  # fmt: skip
    rounds: list[dict[str, Any]] = []
    for number in range(ROUNDS):
        for side in list(sides)[:: 1 if number % 2 == 0 else -1]:
            if number and setting.left() < NEEDED_S / 2 and not setting.tiny:
                break
            rounds.append({"side": side, **vars(sides[side](warm, steps))})
    means = {side: np.mean([item["tokens_per_s"] for item in rounds if item["side"] == side]) for side in sides}
    shares = {side: [item["busy"] for item in rounds if item["side"] == side] for side in sides}
    busy = {side: None if None in values else float(np.mean(values)) for side, values in shares.items()}
    ratio = float(means["runner"] / means["trainer"])
    first = {side: next(item["losses"] for item in rounds if item["side"] == side) for side in sides}
    facts: dict[str, Any] = {
        "model": name, "parameters": parameters(stage.bench.backbone.module), "steps": [warm, steps],
        "tokens_per_s": {side: float(value) if setting.cuda else None for side, value in means.items()},
        "busy": busy, "ratio": ratio if setting.cuda else None,
        "largest_loss_difference": float(np.abs(np.subtract(first["runner"], first["trainer"])).max()),
        "rounds": [{key: value for key, value in item.items() if key != "losses"} for item in rounds],
    }  # fmt: skip
    if not setting.cuda:
        facts["rounds"] = [{**item, "tokens_per_s": None} for item in facts["rounds"]]
    facts["profiles"] = _profiles(setting, sides) if setting.tiny or setting.left() > PROFILE_S else None
    found.fact(models=[*found.facts["models"], facts])
    _judge(setting, name, facts, found)


def _judge(setting: Setting, name: str, facts: dict[str, Any], found: Findings) -> None:
    measured, faster = f"{name}: both are measured", f"{name}: the runner is as fast, or a profile says why not"
    if not setting.cuda:
        found.not_run(measured, ON_A_CPU)
        found.not_run(faster, ON_A_CPU)
        return
    if None in facts["busy"].values():
        found.failed(measured, "NVML gives no busy share")
    else:
        found.check(measured, True, tokens_per_s=facts["tokens_per_s"], busy=facts["busy"])
    found.check(faster, facts["ratio"] >= 1 or bool(facts["profiles"]), ratio=facts["ratio"])


def _profiles(setting: Setting, sides: dict[str, Callable[[int, int], Measured]]) -> dict[str, Any]:
    """A profile of a few steps of each side, apart from the steps that were timed: profiling slows them."""
    steps = 2 if setting.tiny else 10
    found: dict[str, Profile] = {}
    for side, work in sides.items():
        found[side] = profiled(setting, partial(work, 1, steps))
    return {side: value.to_json() for side, value in found.items()}


def _ours(setting: Setting, stage: Stage, training: Training, warm: int, steps: int) -> Measured:
    with Watch(setting.device) as watch:
        window = Window(setting.device, watch)

        def tell(step: int, loss: float) -> None:
            if step == warm:
                window.open()
            elif step == warm + steps:
                window.close()

        trained = stage.train(training, warm + steps, tell=tell)
    batches = stage.batches(training, warm + steps)
    return Measured(_pieces(stage, batches[warm:]) / window.seconds, window.busy, list(trained.losses))


def _pieces(stage: Stage, batches: list[Any]) -> int:
    """Pieces with their padding, counted alike for both sides."""
    return sum(len(batch) * int(stage.features.lengths[batch].max()) for batch in batches)


class Stock:
    """The recipe of transformers: all word embeddings trained, nothing accumulated, one batch after another."""

    def __init__(self, setting: Setting, stage: Stage, training: Training) -> None:
        self.setting, self.stage, self.training = setting, stage, training
        self.body = copy.deepcopy(stage.bench.backbone.module)
        self.start = {name: value.clone() for name, value in self.body.state_dict().items()}
        self.head_start = stage.first_head().state_dict()

    def run(self, warm: int, steps: int) -> Measured:
        """Train from the start; measure the steps after ``warm``."""
        import torch
        from torch.utils.data import DataLoader
        from transformers import PrinterCallback, Trainer, TrainerCallback

        load: Any = DataLoader
        setting, stage = self.setting, self.stage
        total = warm + steps
        batches = stage.batches(self.training, total)
        self.body.load_state_dict(self.start)
        model = _classifier(self.body, stage, self.head_start)
        for part in model.modules():
            if isinstance(part, torch.nn.Dropout):
                part.p = 0.0
        with Watch(setting.device) as watch, tempfile.TemporaryDirectory() as place:
            window = Window(setting.device, watch)

            class Clock(TrainerCallback):
                def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
                    if state.global_step == warm:
                        window.open()
                    elif state.global_step == total:
                        window.close()

            class Ordered(Trainer):
                def get_train_dataloader(self) -> Any:
                    return load(self.train_dataset, batch_sampler=batches, collate_fn=self.data_collator)

            trainer = Ordered(
                model=model, args=self._arguments(place, total), train_dataset=range(int(stage.features.owner[-1]) + 1),
                data_collator=self._collate, callbacks=[Clock()],
            )  # fmt: skip
            trainer.remove_callback(PrinterCallback)
            trainer.train()
        losses = torch.stack(model.losses).float().cpu().tolist()
        return Measured(_pieces(stage, batches[warm:]) / window.seconds, window.busy, losses)

    def _arguments(self, place: str, steps: int) -> Any:
        import math

        from transformers import TrainingArguments

        training = self.training
        return TrainingArguments(
            output_dir=place, per_device_train_batch_size=training.batch_size, max_steps=steps,
            learning_rate=training.learning_rate, weight_decay=training.weight_decay, optim="adamw_torch_fused",
            warmup_steps=math.ceil(training.warmup_share * steps), lr_scheduler_type="linear", max_grad_norm=1.0,
            bf16=True, report_to=[], save_strategy="no", logging_strategy="no", disable_tqdm=True, seed=1,
            use_cpu=not self.setting.cuda, dataloader_pin_memory=False, remove_unused_columns=False,
        )  # fmt: skip

    def _collate(self, rows: list[int]) -> dict[str, Any]:
        import torch

        features = self.stage.features
        chosen = np.asarray(rows)
        batch = pad(features.ids, None, chosen, self.stage.bench.backbone.pad)
        return {
            "input_ids": torch.as_tensor(batch.ids), "attention_mask": torch.as_tensor(batch.mask),
            "labels": torch.as_tensor(np.asarray(features.targets)[chosen]),
        }  # fmt: skip


def _classifier(body: Any, stage: Stage, head_start: Any) -> Any:
    import torch

    class Classifier(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body: Any = body
            head: Any = stage.kind.head(stage.bench.backbone, stage.classes)
            head.load_state_dict(head_start)
            self.head = head
            self.losses: list[torch.Tensor] = []

        def forward(self, input_ids: Any, attention_mask: Any, labels: Any) -> dict[str, torch.Tensor]:
            hidden = self.body(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
            loss = torch.nn.functional.cross_entropy(self.head(hidden, attention_mask).float(), labels)
            self.losses.append(loss.detach())
            return {"loss": loss}

    return Classifier()


def _free(setting: Setting) -> None:
    if setting.cuda:
        import gc

        import torch

        gc.collect()
        torch.cuda.empty_cache()
