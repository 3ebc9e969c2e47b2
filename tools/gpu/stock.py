"""The stock recipe: ``transformers.Trainer`` on the model, examples, order and lengths of a stage of the runner."""

from __future__ import annotations

import copy
import math
import tempfile
from dataclasses import dataclass
from typing import Any

import numpy as np

from runner.plan.training import Training
from runner.training.batches import pad
from tools.gpu.meters import Watch, Window
from tools.gpu.setting import Setting
from tools.gpu.stages import Stage


@dataclass(frozen=True)
class Measured:
    """One run of one side: pieces with their padding per second, busy share of the device, losses."""

    tokens_per_s: float
    busy: float | None
    losses: list[float]


def pieces(stage: Stage, batches: list[Any]) -> int:
    """Pieces with their padding, counted in the same way for both sides."""
    return sum(len(batch) * int(stage.features.lengths[batch].max()) for batch in batches)


class Stock:
    """The recipe of transformers: all word embeddings trained, without gradient accumulation, batch by batch."""

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
        pinned = self.setting.cuda  # the recipe's default
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
                    return load(
                        self.train_dataset, batch_sampler=batches, collate_fn=self.data_collator, pin_memory=pinned
                    )

            trainer = Ordered(
                model=model, args=self._arguments(place, total), train_dataset=range(int(stage.features.owner[-1]) + 1),
                data_collator=self._collate, callbacks=[Clock()],
            )  # fmt: skip
            trainer.remove_callback(PrinterCallback)
            trainer.train()
        losses = torch.stack(model.losses).float().cpu().tolist()
        return Measured(pieces(stage, batches[warm:]) / window.seconds, window.busy, losses)

    def _arguments(self, place: str, steps: int) -> Any:
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
