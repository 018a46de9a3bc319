from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
import transformers
from safetensors.torch import load_file, save_file

from harness.errors import BadInput, WrongUsage
from harness.models import device
from harness.models.batching import Indices
from harness.models.checkpoint import verify
from harness.models.device import choose_dtype
from harness.models.encoder import Encoder, EncodingReport, Vectors
from harness.records import Pooling, View
from tests.support.toys import save_toy_encoder

MEAN, CLS = Pooling.MEAN, Pooling.CLS
TEXTS = [
    "the cat sleeps",
    "a dog",
    "",
    "x",
    "die katze rennt the sun shines",
    "sonne mond",
    "dog a",
    "z y",
    "the tree",
]


def open_encoder(folder: Path, *views: View, **options: object) -> Encoder:
    return Encoder(
        verify(folder, "toy"), views or (View(3, MEAN),), **{"max_length": 64, "dtype": "float32", **options}
    )  # type: ignore[arg-type]


def encode(
    encoder: Encoder, texts: list[str], prefix: str = ""
) -> tuple[dict[View, dict[int, Vectors]], EncodingReport]:
    vectors: dict[View, dict[int, Vectors]] = {view: {} for view in encoder.views}

    def sink(view: View, indices: Indices, rows: Vectors) -> None:
        assert rows.dtype == np.float32
        vectors[view].update(zip(indices.tolist(), rows, strict=True))

    return vectors, encoder.encode(texts, prefix=prefix, sink=sink)


def reference(folder: Path, text: str, view: View) -> Vectors:
    """Encode one text as the documentation of transformers shows it."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    model = transformers.AutoModel.from_pretrained(folder).eval()
    with torch.inference_mode():
        state = model(
            **tokenizer(text, return_tensors="pt", return_token_type_ids=False), output_hidden_states=True
        ).hidden_states[view.layer][0]
    pooled = state.mean(dim=0) if view.pooling is MEAN else state[0]
    return (pooled / pooled.norm()).numpy()


@pytest.mark.parametrize(
    "architecture",
    [
        "bert",
        "deberta-v2",
        *(
            pytest.param(name, marks=pytest.mark.slow)
            for name in ("xlm-roberta", "modernbert", "distilbert", "electra", "mpnet")
        ),
    ],
)
def test_every_layer_and_both_poolings_equal_hidden_states_in_one_pass(
    tmp_path: Path, architecture: str
) -> None:
    folder = save_toy_encoder(tmp_path, architecture=architecture)
    views = [View(layer, pooling) for layer in range(4) for pooling in (MEAN, CLS)]
    vectors, report = encode(open_encoder(folder, *views), TEXTS)
    assert (report.failed, report.texts, report.events) == ({}, len(TEXTS), [])
    for view in views:
        for index, text in enumerate(TEXTS):
            np.testing.assert_allclose(vectors[view][index], reference(folder, text, view), atol=2e-6)


def test_only_the_layers_up_to_the_deepest_requested_one_are_computed(toy_encoder: Path) -> None:
    encoder = open_encoder(toy_encoder, View(1, MEAN), View(2, CLS))
    assert len(encoder._model.encoder.layer) == 2
    vectors, _ = encode(encoder, ["the cat"])
    np.testing.assert_allclose(
        vectors[View(2, CLS)][0], reference(toy_encoder, "the cat", View(2, CLS)), atol=2e-6
    )


def test_a_vector_does_not_depend_on_its_neighbours(toy_encoder: Path) -> None:
    encoder = open_encoder(toy_encoder)
    together, _ = encode(encoder, TEXTS)
    for index, text in enumerate(TEXTS):
        alone, _ = encode(encoder, [text])
        assert np.array_equal(alone[View(3, MEAN)][0], together[View(3, MEAN)][index])
    shuffled, _ = encode(open_encoder(toy_encoder, batch_tokens=16), TEXTS[::-1])
    assert all(
        np.array_equal(shuffled[View(3, MEAN)][len(TEXTS) - 1 - i], together[View(3, MEAN)][i])
        for i in range(len(TEXTS))
    )


def test_long_texts_are_cut_and_the_prefix_counts(toy_encoder: Path) -> None:
    encoder = open_encoder(toy_encoder, max_length=8)
    long = "the cat " * 500
    assert [len(ids) for ids in encoder.tokenize([long, "", "dog"])] == [8, 2, 3]
    with_prefix, _ = encode(encoder, ["cat"], prefix="the ")
    plain, _ = encode(encoder, ["the cat"])
    assert np.array_equal(with_prefix[View(3, MEAN)][0], plain[View(3, MEAN)][0])


def test_vectors_are_of_unit_length_also_in_bfloat16(toy_encoder: Path) -> None:
    exact, _ = encode(open_encoder(toy_encoder), TEXTS)
    rounded, _ = encode(open_encoder(toy_encoder, dtype="bfloat16"), TEXTS)
    for index in range(len(TEXTS)):
        a, b = exact[View(3, MEAN)][index], rounded[View(3, MEAN)][index]
        assert abs(float(b @ b) - 1) < 1e-5
        assert float(a @ b) > 0.99


def test_emulated_bfloat16_equals_torchs_up_to_the_order_of_sums(
    toy_encoder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(device, "_multiplies_bfloat16", lambda: True)
    native, _ = encode(open_encoder(toy_encoder, dtype="bfloat16"), TEXTS)
    monkeypatch.setattr(device, "_multiplies_bfloat16", lambda: False)
    emulated, _ = encode(open_encoder(toy_encoder, dtype="bfloat16"), TEXTS)
    exact, _ = encode(open_encoder(toy_encoder), TEXTS)
    for index in range(len(TEXTS)):
        a, b, c = (encoded[View(3, MEAN)][index] for encoded in (native, emulated, exact))
        assert float(np.abs(a - b).max()) < 0.02
        assert not np.array_equal(b, c)  # it is rounded


def test_out_of_memory_halves_the_budget_goes_on_and_is_recorded(
    toy_encoder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoder = open_encoder(toy_encoder, batch_tokens=64)
    real = Encoder.forward

    def small_machine(self: Encoder, token_ids: list[list[int]], prompt_tokens: int) -> dict[View, Vectors]:
        if sum(map(len, token_ids)) > 16:
            raise torch.OutOfMemoryError("out of memory")
        return real(self, token_ids, prompt_tokens)

    monkeypatch.setattr(Encoder, "forward", small_machine)
    texts = [f"the {a} {b}" for a in ("cat", "dog", "sun") for b in ("runs", "sleeps", "shines", "sings")]
    vectors, report = encode(encoder, texts)
    assert sorted(vectors[View(3, MEAN)]) == list(range(12))
    assert report.batch_tokens == encoder.batch_tokens < 64
    assert report.events[0].startswith("out of memory: the budget was lowered to ")


def test_a_text_too_long_for_the_memory_fails_alone_by_name(
    toy_encoder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Encoder.forward

    def small_machine(self: Encoder, token_ids: list[list[int]], prompt_tokens: int) -> dict[View, Vectors]:
        if len(token_ids[0]) > 6:
            raise MemoryError
        return real(self, token_ids, prompt_tokens)

    monkeypatch.setattr(Encoder, "forward", small_machine)
    vectors, report = encode(open_encoder(toy_encoder), ["the cat", "the cat " * 4, "a dog"])
    assert sorted(vectors[View(3, MEAN)]) == [0, 2]
    assert report.failed == {View(3, MEAN): {1: "out of memory on its 10 tokens alone"}}


def test_a_vector_that_is_not_finite_is_tried_alone_and_then_fails_by_name(tmp_path: Path) -> None:
    folder = save_toy_encoder(tmp_path)
    weights = load_file(folder / "model.safetensors")
    weights["embeddings.word_embeddings.weight"][4 + 2] = 3e38  # the token "cat"
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    vectors, report = encode(open_encoder(folder), ["the dog", "the cat", "a dog"])
    assert sorted(vectors[View(3, MEAN)]) == [0, 2]
    assert report.failed == {View(3, MEAN): {1: "its vector is not finite in float32"}}
    assert report.events == ["1 vectors were not finite and were tried alone"]


def test_weights_that_are_missing_are_refused_and_never_random(tmp_path: Path) -> None:
    folder = save_toy_encoder(tmp_path)
    weights = load_file(folder / "model.safetensors")
    del weights["encoder.layer.1.output.dense.weight"]
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(
        BadInput,
        match=r"the weights of toy lack 1 tensors of BertModel: encoder\.layer\.1\.output\.dense\.weight",
    ):
        open_encoder(folder)


def test_of_an_encoder_decoder_the_encoder_alone_is_opened(toy_encoder: Path, tmp_path: Path) -> None:
    config = transformers.MBartConfig(
        d_model=32,
        encoder_layers=1,
        decoder_layers=1,
        encoder_attention_heads=4,
        decoder_attention_heads=4,
        vocab_size=62,
        max_position_embeddings=64,
    )
    model = transformers.MBartModel(config).eval()
    model.save_pretrained(tmp_path)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(toy_encoder / name, tmp_path)
    encoder = open_encoder(tmp_path, View(1, MEAN))
    vectors, report = encode(encoder, ["the cat"])
    assert report.events == ["the encoder of a sequence-to-sequence model is evaluated, without its decoder"]
    (ids,) = encoder.tokenize(["the cat"])
    with torch.inference_mode():
        state = model.get_encoder()(input_ids=torch.tensor([ids.tolist()])).last_hidden_state[0].mean(dim=0)
    np.testing.assert_allclose(vectors[View(1, MEAN)][0], (state / state.norm()).numpy(), atol=2e-6)


def test_a_pass_that_fails_names_the_checkpoint_and_the_exception(
    toy_encoder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoder = open_encoder(toy_encoder)

    def broken(*_: object, **__: object) -> None:
        raise IndexError("index out of range in self")

    monkeypatch.setattr(transformers.BertModel, "forward", broken)
    with pytest.raises(BadInput, match="toy cannot encode a text: IndexError: index out of range in self"):
        encode(encoder, ["the cat"])


def test_hidden_states_that_do_not_arise_where_they_are_captured_are_refused(
    toy_encoder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = transformers.BertModel.forward

    def convolved(self: transformers.BertModel, *args: object, **kwargs: object) -> object:
        output = real(self, *args, **kwargs)
        if output.hidden_states:
            output.hidden_states = tuple(state * 2 for state in output.hidden_states)
        return output

    monkeypatch.setattr(transformers.BertModel, "forward", convolved)
    with pytest.raises(BadInput, match=r"layer 1 of toy \(BertModel\) is not its hidden_states\[1\]"):
        open_encoder(toy_encoder, View(1, MEAN))


def test_a_tokenizer_with_more_ids_than_the_embeddings_have_rows_is_refused(tmp_path: Path) -> None:
    folder = save_toy_encoder(tmp_path)
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    tokenizer.add_tokens(["novel", "other"])
    tokenizer.save_pretrained(folder)
    with pytest.raises(BadInput, match="the tokenizer of toy gives the id 62, its embeddings have 62 rows"):
        encode(open_encoder(folder), ["some other text"])


def test_a_view_without_a_vector_leaves_the_others_alone(tmp_path: Path) -> None:
    folder = save_toy_encoder(tmp_path)
    weights = load_file(folder / "model.safetensors")
    weights["encoder.layer.2.output.LayerNorm.weight"] *= 1e30  # the norm of h[3] overflows
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    vectors, report = encode(open_encoder(folder, View(3, MEAN), View(2, CLS)), ["the cat", "a dog sleeps"])
    assert {view: sorted(rows) for view, rows in vectors.items()} == {View(3, MEAN): [], View(2, CLS): [0, 1]}
    assert report.failed == {View(3, MEAN): dict.fromkeys((0, 1), "its vector is not finite in float32")}


def test_a_vector_without_direction_fails_by_name(tmp_path: Path) -> None:
    folder = save_toy_encoder(tmp_path)
    weights = load_file(folder / "model.safetensors")
    weights["encoder.layer.2.output.LayerNorm.weight"] *= 1e30  # the norm overflows
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    vectors, report = encode(open_encoder(folder), ["the cat", "a dog sleeps"])
    assert (vectors[View(3, MEAN)], sorted(report.failed[View(3, MEAN)])) == ({}, [0, 1])


def test_a_malformed_tokenizer_is_named(tmp_path: Path) -> None:
    folder = save_toy_encoder(tmp_path)
    (folder / "tokenizer.json").write_text("{}")
    with pytest.raises(BadInput, match="transformers cannot open toy: "):
        open_encoder(folder)


def test_a_layer_that_does_not_exist_and_a_length_beyond_the_positions_are_refused(toy_encoder: Path) -> None:
    with pytest.raises(BadInput, match=r"layer 4 of toy does not exist"):
        open_encoder(toy_encoder, View(4, MEAN))
    with pytest.raises(BadInput, match=r"max_length 65 exceeds the 64 positions of toy"):
        open_encoder(toy_encoder, max_length=65)


@pytest.mark.parametrize("architecture", ["xlm-roberta", "camembert", "mpnet"])
def test_robertas_family_counts_its_positions_from_the_padding_id_on(
    tmp_path: Path, architecture: str
) -> None:
    folder = save_toy_encoder(tmp_path, architecture=architecture)
    encode(open_encoder(folder, max_length=64), ["the cat " * 100])
    with pytest.raises(BadInput, match=r"max_length 65 exceeds the 64 positions of toy"):
        open_encoder(folder, max_length=65)


def test_the_callers_thread_setting_is_restored(toy_encoder: Path) -> None:
    before = torch.get_num_threads()
    encode(open_encoder(toy_encoder), TEXTS)
    assert torch.get_num_threads() == before


@pytest.mark.parametrize(("native", "expected"), [(True, "bfloat16"), (False, "float32")])
def test_auto_takes_bfloat16_only_where_the_processor_multiplies_it(
    monkeypatch: pytest.MonkeyPatch, native: bool, expected: str
) -> None:
    monkeypatch.setattr(device, "_multiplies_bfloat16", lambda: native)
    assert choose_dtype("auto", "cpu") == expected
    assert choose_dtype("float32", "cpu") == "float32"


def test_float16_is_for_gpus() -> None:
    assert choose_dtype("float16", "cuda:1") == "float16"
    with pytest.raises(WrongUsage, match=r"float16 is for GPUs, and this runs on cpu\n.*--dtype bfloat16"):
        choose_dtype("float16", "cpu")
    with pytest.raises(WrongUsage, match=r"no dtype 'fp16'\n.*float16"):
        choose_dtype("fp16", "cpu")


def test_an_unknown_device_is_refused(toy_encoder: Path) -> None:
    with pytest.raises(BadInput, match="device 'tpu' is not available here"):
        open_encoder(toy_encoder, device="tpu")
