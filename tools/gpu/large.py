"""Minute 4 to 6: adapters on a Llama-shaped model of 1.2, then 3.2 billion random parameters, in bfloat16."""

from __future__ import annotations

from typing import Any, NamedTuple

from runner.kinds.classification import Classification
from runner.plan.training import Training
from runner.training.bench import Bench
from runner.training.train import LAG, train
from tools.gpu.findings import ON_A_CPU, Findings
from tools.gpu.flops import FORMULA, flops_per_piece, linear_weights, peak
from tools.gpu.meters import Watch, Window, identity
from tools.gpu.random_models import parameters, random_backbone, random_features
from tools.gpu.setting import Setting
from tools.gpu.stages import as_in_a_sweep


class Shape(NamedTuple):
    """Dimensions of a Llama model."""

    name: str
    width: int
    layers: int
    inner: int
    heads: int
    keys: int
    vocabulary: int


#: Shapes of Llama 3.2; the weights are random.
SHAPES = (
    Shape("Llama-shaped 1.2B", 2048, 16, 8192, 32, 8, 128_256),
    Shape("Llama-shaped 3.2B", 3072, 28, 8192, 24, 8, 128_256),
)
STAND_INS = (
    Shape("stand-in of two layers", 64, 2, 128, 4, 2, 500),
    Shape("stand-in of three layers", 64, 3, 128, 4, 2, 500),
)
STEPS, BATCH, LENGTH = 60, 32, 256
#: Steps before measuring: the allocator and the choice of kernels settle. A GPU tells of so many steps at once.
WARM = LAG
#: Seconds that a model needs at least: with less time left it is skipped.
NEEDED_S = 30.0


def run(setting: Setting, found: Findings) -> None:
    """Fill the findings."""
    found.fact(card=identity(setting.device)["name"], flop_formula=FORMULA, models=[])
    for shape in STAND_INS if setting.tiny else SHAPES:
        if not setting.tiny and setting.left() < NEEDED_S:
            found.not_run(f"{shape.name} trains", f"{setting.left():.0f} s were left of {setting.limit_s:g}")
            continue
        with found.attempt(f"{shape.name} trains"):
            _train(setting, shape, found)
        setting.free()


def _train(setting: Setting, shape: Shape, found: Findings) -> None:
    from transformers import LlamaConfig

    steps, batch, length, warm = (3, 4, 16, 1) if setting.tiny else (STEPS, BATCH, LENGTH, WARM)
    config = LlamaConfig(
        vocab_size=shape.vocabulary, hidden_size=shape.width, num_hidden_layers=shape.layers,
        intermediate_size=shape.inner, num_attention_heads=shape.heads, num_key_value_heads=shape.keys,
        max_position_embeddings=max(length, 512), pad_token_id=1, bos_token_id=0, eos_token_id=2,
    )  # fmt: skip
    training = Training(method="lora", precision="bf16", learning_rate=1e-4, batch_size=batch, dropout=0.0)
    bench = Bench(random_backbone(config, setting.device, half=True, pooling="last"), setting.device)
    features = random_features(steps * batch, length, shape.vocabulary)
    before, size = checksum(bench), parameters(bench.backbone.module)
    with Watch(setting.device) as watch:
        window = Window(setting.device, watch)

        def tell(step: int, loss: float) -> None:
            if step == warm:
                window.open()
            elif step == steps:
                window.close()

        with as_in_a_sweep():
            trained = train(
                bench, bench.start, Classification(), features, 2, training, steps, 1, "large", tell, read_every=warm
            )
    linear, adapters = linear_weights(bench.module)
    measured = _figures(setting, window, (steps - warm) * batch * length, shape, (linear, adapters, length), found)
    facts = {
        "model": shape.name, "parameters": size, "parameters_of_adapters": adapters, "steps": steps,
        "batch": batch, "pieces": length, "last_loss": trained.losses[-1], **measured,
    }  # fmt: skip
    found.fact(models=[*found.facts["models"], facts])
    name = f"{shape.name}: base weights unchanged"
    bench.set(bench.start, features.pieces)  # takes the adapters off
    after = checksum(bench)
    found.check(name, before == after, before=before, after=after)
    lacking = [key for key, value in measured.items() if value is None]
    name = f"{shape.name}: peak memory, tokens/s, MFU and energy are recorded"
    if not lacking:
        found.check(name, True)
    elif setting.cuda:
        found.failed(name, f"missing: {', '.join(lacking)}")
    else:
        found.not_run(name, ON_A_CPU)


def _figures(
    setting: Setting, window: Window, pieces: int, shape: Shape, weights: tuple[int, int, int], found: Findings
) -> dict[str, Any]:
    """Rates over the measured steps; ``None`` for what only a GPU can show."""
    linear, adapters, length = weights
    rate = pieces / window.seconds
    flops = flops_per_piece(linear, adapters, length, shape.width, shape.layers)
    ceiling = peak(found.facts["card"])
    energy = window.energy_j
    return {
        "peak_gib": window.peak_gib,
        "tokens_per_s": rate if setting.cuda else None,
        "flops_per_token": flops,
        "tflops_per_s": rate * flops / 1e12 if setting.cuda else None,
        "card_peak_tflops": None if ceiling is None else ceiling / 1e12,
        "mfu": None if ceiling is None else rate * flops / ceiling,
        "j_per_1000_tokens": None if energy is None else 1000 * energy / pieces,
        "busy": window.busy,
    }


def checksum(bench: Bench) -> str:
    """A sum over the bits of all pretrained parameters, weighted by position.

    Integers, so that the order of summation does not matter; on the device, because bringing six gigabytes
    back takes longer than training on them. Weights are odd, so that a change of a single number is always detected.
    """
    import torch

    total = 0
    values = {**bench.pristine, "words": bench.words}
    for number, name in enumerate(sorted(values)):
        flat = values[name].detach().reshape(-1)
        for start in range(0, flat.numel(), CHUNK):
            part = flat[start : start + CHUNK]
            bits = part.view(torch.int16 if part.element_size() == 2 else torch.int32).long()
            places = 2 * torch.arange(start, start + len(part), device=part.device) + 2 * number + 1
            total = (total + int((bits * places).sum())) % 2**64
    return f"{total:016x}"


#: Numbers that are summed at once.
CHUNK = 2**24
