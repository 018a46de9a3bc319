"""What a folder lacks is named together with what is there, and a way out."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from harness.errors import BadInput
from harness.models.checkpoint import fetch
from harness.models.checkpoint.listing import list_files
from harness.records import Checkpoint
from tests.support.hub_server import HubServer


@pytest.mark.parametrize(
    ("files", "message", "cure"),
    [
        (["model.onnx"], "holds no config.json; found model.onnx, which are not opened: an export", "save the whole encoder"),
        (["config.json"], "holds no model.safetensors", "save_pretrained(FOLDER) writes it"),
        (["config.json", "model.fp16.safetensors"], "found model.fp16.safetensors, which is not the name", "rename it to model.safetensors"),
        (["config.json", "model.gguf"], "found model.gguf, which are not opened: an export", "evaluate the checkpoint that it was exported from"),
        (["config.json", "flax_model.msgpack"], "found flax_model.msgpack, which are not opened: weights of TensorFlow or Flax", "with transformers 4"),
        (["config.json", "pytorch_model.bin"], "found pytorch_model.bin, which are not opened: a pickle", "where you trust the file"),
        (["config.json", "model.safetensors", "qwen.tiktoken"], "holds no tokenizer; found qwen.tiktoken, which is not opened alone", "AutoTokenizer"),
        (["config.json", "model.safetensors"], "holds no tokenizer", "AutoTokenizer"),
        (["modules.json", "0_BERT"], "holds its encoder in '0_BERT', as sentence-transformers 1 saved it", "SentenceTransformer(FOLDER)"),
    ],
)  # fmt: skip
def test_a_missing_file_is_named_with_what_is_there(
    tmp_path: Path, files: list[str], message: str, cure: str
) -> None:
    for name in files:
        (tmp_path / name).write_text("{}")
    with pytest.raises(BadInput) as caught:
        list_files(tmp_path)
    (fault,) = caught.value.faults
    assert message in fault.message
    assert cure in fault.cure


@pytest.mark.parametrize("settings", [{"model_type": "canine"}, {"tokenizer_class": "ByT5Tokenizer"}])
def test_a_tokenizer_of_characters_or_bytes_needs_no_file(tmp_path: Path, settings: dict[str, str]) -> None:
    (tmp_path / "config.json").write_text(json.dumps(settings))
    (tmp_path / "model.safetensors").write_bytes(b"")
    assert set(list_files(tmp_path).paths) == {"config.json", "model.safetensors"}


def test_a_sentencepiece_model_next_to_tokenizer_json_is_not_read(tmp_path: Path) -> None:
    for name in ("config.json", "model.safetensors", "tokenizer.json", "spm.model"):
        (tmp_path / name).write_text("{}")
    assert "spm.model" not in list_files(tmp_path).paths
    (tmp_path / "tokenizer.json").unlink()
    assert "spm.model" in list_files(tmp_path).paths


def test_a_link_in_the_hubs_cache_has_its_own_way_out(tmp_path: Path) -> None:
    snapshot = tmp_path / "models--org--name/snapshots" / ("a" * 40)
    snapshot.mkdir(parents=True)
    (tmp_path / "blob").write_text("{}")
    (snapshot / "config.json").symlink_to(tmp_path / "blob")
    with pytest.raises(BadInput, match="is a symbolic link") as caught:
        list_files(snapshot)
    assert caught.value.faults[0].cure == (
        "this is the Hub's cache: name it with hub: and revision:, or copy it with cp -rL"
    )


def test_a_repository_of_the_hub_without_weights_is_named_before_anything_is_downloaded(
    hub: HubServer, toy_encoder: Path, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(toy_encoder, tmp_path / "toy"))
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    hub.add("org/model", folder)
    commit = hub.repositories["models", "org/model"].commit
    for _ in range(2):
        with pytest.raises(BadInput) as caught:
            fetch(Checkpoint(hub="org/model", revision=commit), tmp_path, tmp_path / "cache")
        (fault,) = caught.value.faults
        assert fault.message == (
            f"org/model@{commit} holds no model.safetensors; found pytorch_model.bin, which are not opened: "
            "a pickle runs code"
        )
        assert "https://huggingface.co/spaces/safetensors/convert" in fault.cure
    assert not [request for request in hub.requests if "/resolve/" in request]
