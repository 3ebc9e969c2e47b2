"""The one copy of a model that a process works on: set to the state of a stage, trained, read out again."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from analysis.core.errors import CrossliftError

from ..models.backbone import Backbone
from .batches import Padded
from .state import Lora, State
from .words import Words, kept, lookup

if TYPE_CHECKING:
    import torch
    from numpy.typing import NDArray

#: Lengths of batches of a compiled model are multiples of this.
LENGTHS = 16
#: Tensors that a model takes, by name.
Inputs = Mapping[str, "torch.Tensor"]
#: Names under which layers of transformers keep a share to drop as a number.
DROPOUTS = frozenset({"dropout", "attention_dropout", "activation_dropout", "dropout_prob", "dropout_rate"})


@dataclass
class Bench:
    """A loaded model on its device, and the pretrained parameters to go back to."""

    backbone: Backbone
    device: str = "cpu"
    compiled: bool = False
    pristine: dict[str, torch.Tensor] = field(init=False)
    words: torch.Tensor = field(init=False)
    _lookup: NDArray[np.int64] | None = field(init=False, default=None)
    _filler: int = field(init=False, default=0)
    _adapted: Any = field(init=False, default=None)
    _run: Any = field(init=False, default=None)

    def __post_init__(self) -> None:
        self.backbone.module.to(self.device)
        embedding = self.backbone.embedding
        self.words = embedding.weight.detach()
        own = {id(embedding.weight)}
        named = self.backbone.module.named_parameters()
        self.pristine = {name: value.detach() for name, value in named if id(value) not in own}
        self._unchanged = True
        self._dropout = dropout_shares(self.backbone.module)

    @property
    def start(self) -> State:
        """The pretrained model."""
        return State(Words(self.words))

    @property
    def module(self) -> torch.nn.Module:
        """The model, with adapters where there are any."""
        return self._adapted if self._adapted is not None else self.backbone.module

    def set(self, state: State, pieces: NDArray[np.int64], lora: Lora | None = None, seed: int = 0) -> None:
        """Put the model into a state, with the word embeddings of ``pieces`` if any row differs from the base.

        ``lora`` adds low-rank adapters, set to those of the state if it has some, else drawn from ``seed``.
        """
        import torch

        self._detach()
        for layer, name, share in self._dropout:
            setattr(layer, name, share)
        if state.weights or not self._unchanged:
            if self._unchanged:  # parameters are about to be written to: keep the pretrained ones
                self.pristine = {name: value.clone() for name, value in self.pristine.items()}
            own = dict(self.backbone.module.named_parameters())
            with torch.no_grad():
                for name, value in self.pristine.items():
                    own[name].copy_(state.weights.get(name, value))
            self._unchanged = not state.weights
        adapters = lora or state.lora
        if adapters is not None:
            self._attach(state, adapters, seed)
        if state.words.changed:
            self.narrow(state.words, pieces)

    def narrow(self, words: Words, pieces: NDArray[np.int64]) -> NDArray[np.int64]:
        """Keep the word embeddings of ``pieces`` alone; returns the pieces that were kept."""
        import torch

        ids = kept(pieces, self.backbone.pad)
        embedding = self.backbone.embedding
        rows = words.take(ids).to(self.device)
        if self.compiled:  # a shape that other stages have too: the compiled model is made for shapes
            rows = torch.nn.functional.pad(rows, (0, 0, 0, bucket(len(ids)) - len(ids)))
        embedding.weight = torch.nn.Parameter(rows)
        embedding.num_embeddings = len(rows)
        self._lookup = lookup(ids, len(self.words))
        self._filler = self.backbone.pad
        if embedding.padding_idx is not None:
            embedding.padding_idx = int(self._lookup[self.backbone.pad])
        return ids

    def prepare_writing(self) -> None:
        """To be called before parameters are trained: the pretrained ones are kept apart from now on."""
        if self._unchanged:
            self.pristine = {name: value.clone() for name, value in self.pristine.items()}
            self._unchanged = False

    @property
    def multiple(self) -> int:
        """What lengths of batches are filled up to a multiple of: a compiled model is made for few of them."""
        return LENGTHS if self.compiled and self.backbone.positions % LENGTHS == 0 else 1

    @property
    def depth(self) -> int:
        """Layers of the model."""
        config: Any = self.backbone.module.config
        return int(config.num_hidden_layers)

    def inputs(self, batch: Padded) -> Inputs:
        """What the model gets of a batch, still in the machine's memory; pinned where it goes to a GPU."""
        import torch

        found = {
            "input_ids": batch.ids if self._lookup is None else self._lookup[batch.ids],
            "attention_mask": batch.mask,
        }
        if batch.types is not None:
            found["token_type_ids"] = batch.types
        if not self.device.startswith("cuda"):
            return {name: torch.as_tensor(value) for name, value in found.items()}
        # Numbers of pieces need half the bytes of int64 on the way.
        return {name: torch.as_tensor(value.astype(np.int32)).pin_memory() for name, value in found.items()}

    def forward(self, batch: Padded | Inputs, layer: int | None = None) -> tuple[torch.Tensor, torch.Tensor]:
        """Token representations of a layer (by default the last), shape (texts, pieces, width), and the mask."""
        import torch

        inputs = self.inputs(batch) if isinstance(batch, Padded) else batch
        if self.device != "cpu":
            inputs = {name: value.to(self.device, non_blocking=True).long() for name, value in inputs.items()}
        mask = inputs["attention_mask"]
        if self._run is None:
            self._run = torch.compile(self.module, dynamic=True) if self.compiled else self.module
        if layer is None or layer == self.depth:
            return self._run(**inputs).last_hidden_state, mask
        return self._run(**inputs, output_hidden_states=True).hidden_states[layer], mask

    @contextmanager
    def arithmetic(self, precision: str) -> Iterator[None]:
        """TF32 for products of matrices, those of gradients too, where it is asked for and the device has it."""
        import torch

        if precision != "tf32" or not self.device.startswith("cuda"):
            yield
            return
        before = torch.get_float32_matmul_precision()
        torch.set_float32_matmul_precision("high")
        try:
            yield
        finally:
            torch.set_float32_matmul_precision(before)

    def autocast(self, precision: str) -> AbstractContextManager[Any]:
        """Mixed precision, where it is asked for."""
        import torch

        if precision != "bf16":
            return nullcontext()
        return torch.autocast(self.device.split(":")[0], dtype=torch.bfloat16)

    def _attach(self, state: State, lora: Lora, seed: int) -> None:
        import torch
        from peft import LoraConfig, get_peft_model, set_peft_model_state_dict

        self._run = None
        targets = lora.targets if isinstance(lora.targets, str) else list(lora.targets)
        config = LoraConfig(r=lora.rank, lora_alpha=lora.alpha, lora_dropout=lora.dropout, target_modules=targets)
        torch.manual_seed(seed)  # of the adapters' start; a state that has some overwrites it
        try:
            with warnings.catch_warnings():  # peft asks transformers for what that is about to rename
                warnings.simplefilter("ignore", FutureWarning)
                self._adapted = get_peft_model(self.backbone.module, config)
        except ValueError as error:
            layers = sorted({name.rpartition(".")[2] for name, layer in self.backbone.module.named_modules()
                             if isinstance(layer, torch.nn.Linear)})  # fmt: skip
            raise CrossliftError(
                f"the model has no layers '{lora.targets}' for adapters.", f"lora_targets: {', '.join(layers)}."
            ) from error
        if state.adapter:
            set_peft_model_state_dict(self._adapted, dict(state.adapter))

    def _detach(self) -> None:
        import torch

        if self._adapted is not None:
            self._run = None
            self.backbone.module = self._adapted.unload()
            self._adapted = None
        embedding = self.backbone.embedding
        if self._lookup is not None:
            embedding.weight = torch.nn.Parameter(self.words, requires_grad=False)
            embedding.num_embeddings = len(self.words)
            if embedding.padding_idx is not None:
                embedding.padding_idx = self.backbone.pad
            self._lookup = None


def bucket(rows: int) -> int:
    """Rows of a table that are used in place of ``rows``: at most a quarter more, and few different numbers."""
    step = 2 ** max(rows.bit_length() - 3, 0)
    return -(-rows // step) * step


def dropout_shares(*modules: torch.nn.Module) -> list[tuple[torch.nn.Module, str, float]]:
    """Where a model keeps how much it drops: in dropout layers but those of adapters, or as numbers of other layers."""
    found = []
    for module in modules:
        adapters = {id(layer) for name, layer in module.named_modules() if ".lora_dropout." in name}
        for layer in module.modules():
            if type(layer).__name__ == "Dropout" and id(layer) not in adapters:
                found.append((layer, "p", float(getattr(layer, "p"))))  # noqa: B009
            else:
                own = [(name, value) for name, value in vars(layer).items() if name in DROPOUTS]
                found += [(layer, name, float(value)) for name, value in own if isinstance(value, (int, float))]
    return found


@contextmanager
def evaluating(*modules: torch.nn.Module) -> Iterator[None]:
    """Without gradients and dropout."""
    import torch

    for module in modules:
        module.eval()
    with torch.inference_mode():
        yield
