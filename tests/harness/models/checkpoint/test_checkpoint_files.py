from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from safetensors.numpy import load_file, save_file

from harness.errors import BadInput
from harness.models.checkpoint import (
    ALLOWED,
    count_parameters,
    download,
    fetch,
    fetching,
    read_header,
    verify,
)
from harness.records import Checkpoint, Parameters
from tests.support.hub_server import HubServer


@pytest.fixture
def folder(toy_encoder: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(toy_encoder, tmp_path / "copy"))


def test_parameters_are_counted_from_the_headers(toy_encoder: Path) -> None:
    tensors = load_file(toy_encoder / "model.safetensors")
    body = sum(t.size for name, t in tensors.items() if name.startswith("encoder."))
    assert verify(toy_encoder, "toy").parameters == Parameters(
        total=sum(t.size for t in tensors.values()), body=body
    )


def test_heads_and_poolers_count_nowhere_and_the_base_models_prefix_changes_nothing() -> None:
    plain = {
        "embeddings.word_embeddings.weight": (10, 4),
        "embeddings.position_ids": (1, 512),
        "encoder.layer.0.output.dense.weight": (4, 4),
        "encoder.rel_embeddings.weight": (3, 4),
    }
    prefixed = {f"roberta.{name}": shape for name, shape in plain.items()}
    heads = {
        "lm_head.dense.weight": (4, 4),
        "classifier.weight": (2, 4),
        "roberta.pooler.dense.weight": (4, 4),
    }
    assert (
        count_parameters(plain)
        == count_parameters(prefixed | heads)
        == Parameters(total=40 + 16 + 12, body=16)
    )


def test_a_decoder_counts_where_it_is_the_model_and_an_output_layer_never_does() -> None:
    opt = {"decoder.embed_tokens.weight": (10, 4), "decoder.layers.0.fc1.weight": (4, 4)}
    assert count_parameters(opt) == Parameters(total=40 + 16, body=16)
    causal = {f"model.{name}": shape for name, shape in opt.items()} | {"lm_head.weight": (10, 4)}
    assert count_parameters(causal) == Parameters(total=40 + 16, body=16)
    modern = {"layers.0.mlp.weight": (4, 4), "decoder.weight": (10, 4), "decoder.bias": (10,)}
    assert count_parameters(modern) == Parameters(total=16, body=16)
    xlm = {"transformer.attentions.0.q_lin.weight": (4, 4), "pred_layer.proj.bias": (10,)}
    assert count_parameters(xlm) == Parameters(total=16, body=16)
    both = {"shared.weight": (10, 4), "encoder.block.0.weight": (4, 4), "decoder.block.0.weight": (4, 4)}
    assert count_parameters(both) == Parameters(total=40 + 16, body=16)


def test_weights_of_heads_alone_are_refused(folder: Path) -> None:
    tensors = load_file(folder / "model.safetensors")
    heads = {f"classifier.{name.rpartition('.')[2]}{i}": t for i, (name, t) in enumerate(tensors.items())}
    save_file(heads, folder / "model.safetensors")
    with pytest.raises(
        BadInput, match=r"no weight outside of embeddings and heads; its first tensor is 'class"
    ):
        verify(folder, "toy")


def test_the_digest_covers_every_file_that_is_opened(folder: Path) -> None:
    before = verify(folder, "toy").digest
    (folder / "README.md").write_text("not opened")
    assert verify(folder, "toy").digest == before
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"layer_norm_eps": 1e-5}))
    assert verify(folder, "toy").digest != before


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"auto_map": {"AutoModel": "x.Y"}}, "carries 'auto_map': a mapping of 1 key"),
        ({"trust_remote_code": True}, "carries 'trust_remote_code': a checkpoint may not bring code"),
        ({"quantization_config": {}}, "carries 'quantization_config': quantised weights are not evaluated"),
    ],
)
def test_a_config_that_brings_code_or_quantised_weights_is_refused(
    folder: Path, change: dict[str, Any], message: str
) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | change))
    with pytest.raises(BadInput, match=message):
        verify(folder, "toy")


def test_pickled_weights_are_not_opened(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(
        BadInput, match=r"holds no model\.safetensors; found pytorch_model\.bin, which are not opened"
    ):
        verify(folder, "toy")


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json"])
def test_a_missing_config_or_tokenizer_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(
        BadInput, match={"config.json": "holds no config.json", "tokenizer.json": "holds no tokenizer"}[name]
    ):
        verify(folder, "toy")


def test_a_config_that_is_not_an_object_is_named(folder: Path) -> None:
    (folder / "config.json").write_text("[]")
    with pytest.raises(BadInput, match="holds list, not an object"):
        verify(folder, "toy")
    (folder / "config.json").write_text("{")
    with pytest.raises(BadInput, match="is not JSON"):
        verify(folder, "toy")


def test_a_truncated_file_and_a_wild_header_are_named(folder: Path) -> None:
    path = folder / "model.safetensors"
    whole = path.read_bytes()
    path.write_bytes(whole[:-10])
    with pytest.raises(BadInput, match="bytes of tensors where its header declares"):
        read_header(path)
    path.write_bytes((2**60).to_bytes(8, "little") + whole[8:])
    with pytest.raises(BadInput, match=f"declares a header of {2**60} bytes"):
        read_header(path)
    path.write_bytes(b"")
    with pytest.raises(BadInput, match="declares a header of 0 bytes in a file of 0"):
        read_header(path)
    path.write_bytes((4).to_bytes(8, "little") + b"nope")
    with pytest.raises(BadInput, match="malformed safetensors header"):
        read_header(path)


def test_shards_are_read_by_their_index_and_a_missing_one_is_named(folder: Path) -> None:
    tensors = load_file(folder / "model.safetensors")
    single = verify(folder, "toy").parameters
    (folder / "model.safetensors").unlink()
    shards = [dict(list(tensors.items())[:5]), dict(list(tensors.items())[5:])]
    names = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"]
    for name, shard in zip(names, shards, strict=True):
        save_file(shard, folder / name)
    weight_map = {tensor: name for name, shard in zip(names, shards, strict=True) for tensor in shard}
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": weight_map}))
    assert verify(folder, "toy").parameters == single
    (folder / names[1]).unlink()
    with pytest.raises(BadInput, match=rf"names '{names[1]}', which is not there"):
        verify(folder, "toy")
    (folder / "model.safetensors.index.json").write_text(
        json.dumps({"weight_map": {"a": "../../outside.safetensors"}})
    )
    with pytest.raises(BadInput, match="which is not there"):
        verify(folder, "toy")


def test_a_path_is_relative_to_the_submission(folder: Path, tmp_path: Path) -> None:
    assert (
        fetch(Checkpoint(path="copy"), tmp_path, tmp_path / "cache").digest == verify(folder, "copy").digest
    )
    with pytest.raises(BadInput, match=r"the checkpoint folder .*/nowhere does not exist"):
        fetch(Checkpoint(path="nowhere"), tmp_path, tmp_path / "cache")


def test_a_hub_checkpoint_is_downloaded_at_its_commit_by_the_list_of_allowed_files(
    folder: Path, tmp_path: Path, hub: HubServer
) -> None:
    for name in ("modeling.py", "pytorch_model.bin", "chat_template.jinja", "generation_config.json"):
        (folder / name).write_bytes(b"")
    commit = hub.add("org/model", folder)
    files = fetch(Checkpoint(hub="org/model", revision=commit), tmp_path, tmp_path / "cache")
    assert files.source == f"org/model@{commit}"
    assert files.digest == verify(folder, "copy").digest
    downloaded = {request.rpartition("/")[2] for request in hub.requests if "/resolve/" in request}
    assert downloaded == {"config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"}
    assert not any(name.endswith((".py", ".bin", ".pt", ".pkl", ".jinja")) for name in ALLOWED)


def test_without_a_network_a_checkpoint_that_was_never_downloaded_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=rf"org/model@{'b' * 40} cannot be downloaded: it is not on") as caught:
        download("org/model", "b" * 40)
    assert caught.value.faults[0].cure.startswith("unset HF_HUB_OFFLINE")
    assert "\n" not in caught.value.faults[0].message


def test_without_the_wheel_the_bundled_encoder_is_the_hubs_cut_to_its_layers(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching.bundled, "wheel_file", lambda: None)
    monkeypatch.setattr(fetching, "download", lambda hub, revision: folder)
    files = fetch(Checkpoint(bundled="multilingual-e5-small", layers=2), tmp_path, tmp_path / "cache")
    whole = verify(folder, "toy").parameters
    assert files.layers == 2
    assert files.parameters.body == whole.body * 2 // 3
