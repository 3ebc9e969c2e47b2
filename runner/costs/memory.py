"""Peak memory of a stage by component, from the shape of a model and from how it is trained.

Activations are what PyTorch keeps for the backward pass, counted from its kernels for layers of BERT and of Llama; the
tests count them again on models of these kinds.
"""

from __future__ import annotations

from ..plan.training import Training
from .shape import Shape
from .texts import Texts

#: Share of activations that models drop unless a grid says otherwise.
DROPOUT = 0.1
#: Bytes of a process with the libraries and a tokenizer of 250,000 pieces, and of what a GPU's driver takes for it.
PROCESS, CONTEXT = 0.63 * 2**30, 0.5 * 2**30


def training_memory(
    shape: Shape, training: Training, texts: Texts, half: bool, device: str, trained_before: bool
) -> dict[str, float]:
    """Bytes by component at the peak of a training stage.

    Parameters
    ----------
    shape, training, texts
        Of the model, the stage and what it reads.
    half
        Whether the pretrained weights are held in bfloat16.
    device
        ``cuda`` or ``cpu``.
    trained_before
        Whether the stage starts from one that was trained, whose state is kept beside the model.
    """
    size = 2 if half else 4
    rows = min(texts.distinct or shape.vocabulary, shape.vocabulary) * shape.width if training.method == "full" else 0
    trained = shape.adapters(training.lora_rank) if training.method == "lora" else shape.body + rows
    kept = activations(shape, training, texts, device)
    gradients = 4.0 * trained
    found = {
        "weights": float(size * (shape.body + shape.words)),
        "pretrained copy": 0.0 if training.method == "lora" else float(size * shape.body),
        "trained rows": 4.0 * rows,
        "adapters": 4.0 * trained if training.method == "lora" else 0.0,
        "optimiser": 8.0 * trained,
        # Of the parts of a batch the last ones find the gradients of the first; a whole batch frees what it kept
        # while gradients come up.
        "activations": kept,
        "gradients": gradients if texts.parts > 1 else max(0.0, gradients - kept),
        "state before": 4.0 * trained if trained_before else 0.0,
        "process": PROCESS if device == "cpu" else CONTEXT,
    }
    return {name: value for name, value in found.items() if value}


def evaluation_memory(shape: Shape, half: bool, device: str, room: int, trained: float) -> dict[str, float]:
    """Bytes by component at the peak of an evaluation; ``trained`` are parameters of the state that is evaluated."""
    size = 2 if half else 4
    # Without gradients one layer is alive at a time.
    live = room * (4.0 * shape.width + (3 if shape.gated else 2) * shape.inner) * size
    found = {
        "weights": float(size * (shape.body + shape.words)),
        "pretrained copy": float(size * shape.body) if trained else 0.0,
        "state before": 4.0 * trained,
        "activations": live,
        "process": PROCESS if device == "cpu" else CONTEXT,
    }
    return {name: value for name, value in found.items() if value}


def activations(shape: Shape, training: Training, texts: Texts, device: str) -> float:
    """Bytes that are kept for the backward pass of the largest part of a batch."""
    width, inner, length = shape.width, shape.inner, texts.length
    dropped = DROPOUT if training.dropout is None else training.dropout
    mixed = training.precision == "bf16"
    mark = 4 if device == "cpu" else 1  # of a dropped value: bytes
    if shape.gated:
        layer = 2 * 4 * inner + 35.0 * width if mixed else 4 * (10.4 * width + 4 * inner)
        dropped = 0.0  # models of this kind drop nothing
    else:
        layer = 2 * (6.0 * width + 2 * inner) + 12.0 * width if mixed else 4 * (8.0 * width + 2 * inner)
    if dropped:
        layer += 2 * mark * width
        if device == "cpu":  # its kernel of attention that drops keeps all scores, before and after, and the marks
            layer += 12.0 * shape.heads * length
    else:
        layer += 4.0 * length if device == "cpu" else 0.0
    if training.method == "lora":  # the input of each adapter, which drops on its own
        layer += (5 * width + inner) * ((2 if mixed else 4) + (mark if training.lora_dropout else 0))
    casts = 2.0 * shape.layers * shape.linear if mixed else 0.0  # of the weights, kept until the backward pass
    return texts.largest * (shape.layers * layer + 8.0 * width) + casts
