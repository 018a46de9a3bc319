from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from harness.errors import BadInput
from harness.models.checkpoint import CheckpointFiles, FolderEncoding, Unreadable, fetch, verify
from harness.models.checkpoint.checkpoint_files import stage_and_verify
from harness.records import Checkpoint, Pooling
from tests.support.hub_server import HubServer
from tests.support.sentence_folders import NORMALIZE, change, dense, save_sentence_folder, write

DENSE, POOLING = "2_Dense/config.json", "1_Pooling/config.json"
BERT, PROMPTS = "sentence_bert_config.json", "config_sentence_transformers.json"


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_sentence_folder(tmp_path_factory.mktemp("saved"), dense(32, 24), NORMALIZE)


@pytest.fixture
def folder(saved: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(saved, tmp_path / "folder"))


def typed(kind: str, place: int = 2, **values: Any) -> Callable[[Path], None]:
    """Return the change that gives a module of modules.json another type."""

    def apply(folder: Path) -> None:
        modules = json.loads((folder / "modules.json").read_text())
        modules[place] |= {"type": kind, **values}
        write(folder / "modules.json", modules)

    return apply


def edited(file: str, **values: Any) -> Callable[[Path], None]:
    return lambda folder: change(folder / file, **values)


def weights(**tensors: np.ndarray) -> Callable[[Path], None]:
    named = {name.replace("_", "."): tensor for name, tensor in tensors.items()}
    return lambda folder: save_file(named, folder / "2_Dense/model.safetensors")


F32 = np.float32
REFUSED = {
    "a module of another class": (typed("sentence_transformers.models.WordWeights"), "WordWeights is not supp"),
    "the repository's own class": (typed("custom_st.Transformer", 0), "'custom_st.Transformer' is the repository's"),
    "arguments of a module": (typed("sentence_transformers.models.Dense", kwargs=["task"]), "takes arguments"),
    "a folder outside": (
        typed("sentence_transformers.models.Dense", path="../2_Dense"), "of Dense are in '../2_Dense'",
    ),
    "no pooling": (typed("sentence_transformers.models.Dense", 1), "its modules are Transformer, Dense, Dense"),
    "an encoder below": (
        typed("sentence_transformers.models.Transformer", 0, path="0_Transformer"), "its modules are Transformer",
    ),
    "another activation": (
        edited(DENSE, activation_function="torch.nn.modules.activation.Hardtanh"), "Hardtanh'; known: Identity, T",
    ),
    "an activation elsewhere": (edited(DENSE, activation_function="os.system"), "activation_function: 'os.system'"),
    "another width": (edited(DENSE, in_features=16), "maps '16' to '24' dimensions, 32 reach it"),
    "an unknown setting of a map": (edited(DENSE, scale=2), "says scale: '2', which is not known here"),
    "another input": (edited(DENSE, module_input_name="token_embeddings"), "module_input_name: 'token_embeddings'"),
    "weights of another shape": (
        weights(linear_weight=np.zeros((24, 16), F32), linear_bias=np.zeros(24, F32)), "its settings expect",
    ),
    "weights without the bias": (weights(linear_weight=np.zeros((24, 32), F32)), "its settings expect"),
    "a pickle": (lambda folder: (folder / "2_Dense/model.safetensors").rename(folder / "2_Dense/pytorch_model.bin"),
                 "2_Dense/model.safetensors is missing; a pytorch_model.bin in its place is a pickle"),
    "no settings": (lambda folder: (folder / DENSE).unlink(), "2_Dense/config.json is missing"),
    "an unknown setting of the pooling": (edited(POOLING, pooling_mode_median=True), "pooling_mode_median: 'True'"),
    "an unknown pooling": (edited(POOLING, pooling_mode="median"), "pooling_mode: 'median'"),
    "a pooling of another width": (edited(POOLING, word_embedding_dimension=16), "expects '16' dimensions"),
    "cls without the prompt": (
        edited(POOLING, pooling_mode="cls", include_prompt=False), "include_prompt: 'False' with cls",
    ),
    "another task": (edited(BERT, transformer_task="fill-mask"), "transformer_task: 'fill-mask'"),
    "pictures": (edited(BERT, modality_config={"image": {}}), "modality_config: a mapping of 1 key"),
    "arguments of the tokenizer": (edited(BERT, tokenizer_args={"use_fast": False, "vocab": "x"}), "tokenizer_args"),
    "an unknown setting": (edited(BERT, expansion=3), "says expansion: '3', which is not known here"),
    "another kind of model": (edited(PROMPTS, model_type="SparseEncoder"), "model_type: 'SparseEncoder'"),
    "fewer dimensions": (edited(PROMPTS, truncate_dim=16), "truncate_dim: '16'"),
    "prompts that are none": (edited(PROMPTS, prompts={"query": 3}), "prompts: a mapping of 1 key, expected text"),
    "a default that is missing": (edited(PROMPTS, default_prompt_name="x"), "the default prompt 'x', which it does"),
    "a long prompt": (edited(PROMPTS, prompts={"query": "x" * 501}), "a prompt of 501 characters, the most is 500"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_known_is_named(folder: Path, name: str) -> None:
    apply, named = REFUSED[name]
    assert isinstance(verify(folder, "toy").folder_encoding, FolderEncoding)
    apply(folder)
    said = verify(folder, "toy").folder_encoding
    assert isinstance(said, Unreadable)
    assert named in said.message and said.message.startswith(f"{folder}/modules.json: ")
    assert said.cure


@pytest.mark.parametrize(
    "apply",
    [
        typed("sentence_transformers.base.modules.dense.Dense"),
        edited(BERT, model_args={"attn_implementation": "sdpa"}, unpad_inputs=True, query_length=None),
        edited(PROMPTS, __version__={"sentence_transformers": "9.9"}, similarity_fn_name="dot"),
        edited(DENSE, use_residual=False, module_output_name=None),
        edited(POOLING, pooling_mode_mean_tokens=False),  # no flag is set: mean
    ],
)
def test_what_changes_no_vector_is_left_aside(folder: Path, apply: Callable[[Path], None]) -> None:
    before = verify(folder, "toy").folder_encoding
    apply(folder)
    assert verify(folder, "toy").folder_encoding == before


def test_the_encoders_settings_may_have_the_name_of_its_family(folder: Path) -> None:
    (folder / BERT).rename(folder / "sentence_xlm-roberta_config.json")
    change(folder / "sentence_xlm-roberta_config.json", max_seq_length=20)
    said = verify(folder, "toy").folder_encoding
    assert isinstance(said, FolderEncoding)
    assert said.max_length == 20


def test_flags_concatenate_in_the_order_of_sentence_transformers(folder: Path) -> None:
    change(folder / DENSE, in_features=64)
    save_file(
        {"linear.weight": np.ones((24, 64), F32), "linear.bias": np.ones(24, F32)},
        folder / "2_Dense/model.safetensors",
    )
    change(folder / POOLING, pooling_mode_cls_token=True)
    said = verify(folder, "toy").folder_encoding
    assert isinstance(said, FolderEncoding)
    assert said.poolings == (Pooling.CLS, Pooling.MEAN)


@pytest.mark.parametrize("text", ["{}", "[1]", "[", '[{"type": "a", "type": "b"}]'])
def test_a_malformed_list_of_modules_is_refused(folder: Path, text: str) -> None:
    (folder / "modules.json").write_text(text)
    with pytest.raises(BadInput, match=r"modules\.json is no"):
        verify(folder, "toy")


def test_a_private_copy_holds_the_modules_and_a_link_is_not_followed(folder: Path, tmp_path: Path) -> None:
    copy = stage_and_verify(folder, "toy", tmp_path / "cache")
    said = copy.folder_encoding
    assert isinstance(said, FolderEncoding)
    assert said.modules[0].weights == copy.folder / "2_Dense/model.safetensors"
    assert verify(folder, "toy").digest == copy.digest
    (folder / "2_Dense").rename(tmp_path / "elsewhere")
    (folder / "2_Dense").symlink_to(tmp_path / "elsewhere")
    assert isinstance(verify(folder, "toy").folder_encoding, Unreadable)
    (folder / "2_Dense").unlink()
    (tmp_path / "elsewhere").rename(folder / "2_Dense")
    (folder / DENSE).rename(tmp_path / "config.json")
    (folder / DENSE).symlink_to(tmp_path / "config.json")
    with pytest.raises(BadInput, match="is a symbolic link"):
        verify(folder, "toy")


def test_a_download_from_the_hub_says_the_same(folder: Path, tmp_path: Path, hub: HubServer) -> None:
    (folder / "2_Dense/pytorch_model.bin").write_bytes(b"")
    (folder / "2_Dense/onnx").mkdir()
    (folder / "2_Dense/onnx/config.json").write_text("{}")
    commit = hub.add("org/model", folder)
    files = fetch(Checkpoint(hub="org/model", revision=commit), tmp_path, tmp_path / "cache")
    here, there = verify(folder, "here").folder_encoding, files.folder_encoding
    assert isinstance(here, FolderEncoding) and isinstance(there, FolderEncoding)
    assert list(map(str, there.modules)) == list(map(str, here.modules)) == ["dense24-tanh"]
    assert replace(there, modules=()) == replace(here, modules=())
    requested = {request.partition(f"{commit}/")[2] for request in hub.requests if "/resolve/" in request}
    assert {name for name in requested if name.startswith("2_")} == {
        "2_Dense/config.json",
        "2_Dense/model.safetensors",
    }


def test_the_digest_covers_a_modules_weights_and_not_what_a_signature_states(folder: Path) -> None:
    def digest() -> str:
        files: CheckpointFiles = verify(folder, "toy")
        return files.digest

    before = digest()
    change(folder / POOLING, pooling_mode_cls_token=True)
    change(folder / PROMPTS, prompts={"query": "x"})
    assert digest() == before
    name, _, tensors = dense(32, 24, seed=5)
    save_file(tensors, folder / f"2_{name}/model.safetensors")
    assert digest() != before


def test_a_modules_weights_must_be_finite(folder: Path) -> None:
    _, _, tensors = dense(32, 24)
    tensors["linear.weight"][3, 4] = np.nan
    save_file(tensors, folder / "2_Dense/model.safetensors")
    with pytest.raises(BadInput, match=r"linear\.weight\[3, 4\] is not finite"):
        verify(folder, "toy")
