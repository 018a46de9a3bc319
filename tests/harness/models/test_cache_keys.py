from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from safetensors.torch import load_file, save_file

from harness.models.cache_keys import RememberedAddresses
from harness.models.checkpoint import verify
from harness.models.encoder import Encoder
from harness.records import Pooling, View
from tests.support.toys import save_toy_encoder

SIZES: dict[str, Any] = {"vocab_size": 62, "num_hidden_layers": 2, "num_attention_heads": 4}


def addresses(folder: Path, *layers: int) -> list[str]:
    """Return the addresses of h[layer] for each of some layers."""
    files = verify(folder, folder.name)
    encoder = Encoder(files, [View(layer, Pooling.MEAN) for layer in layers], max_length=16, dtype="float32")
    return [encoder.address(layer) for layer in layers]


def edit(folder: Path, change: Any) -> None:
    """Change the tensors of a checkpoint's weights."""
    tensors = load_file(folder / "model.safetensors")
    save_file(change(tensors), folder / "model.safetensors", metadata={"format": "pt"})


def cut_to(folder: Path, layers: int, target: Path) -> Path:
    """Save a copy with the first layers."""
    shutil.copytree(folder, target)
    config = json.loads((target / "config.json").read_text())
    (target / "config.json").write_text(json.dumps(config | {"num_hidden_layers": layers}))
    edit(target, lambda tensors: {n: t for n, t in tensors.items() if f"layer.{layers}." not in n})
    return target


def test_a_cut_model_shares_the_addresses_of_the_layers_that_it_has(tmp_path: Path) -> None:
    whole = save_toy_encoder(tmp_path / "whole", layers=3)
    of_whole = addresses(whole, 0, 1, 2, 3)
    assert len(set(of_whole)) == 4
    cut = cut_to(whole, 2, tmp_path / "cut")
    assert addresses(cut, 0, 1, 2) == of_whole[:3]
    edit(cut, lambda t: t | {(name := "encoder.layer.1.output.dense.bias"): t[name] + 1})
    after = addresses(cut, 0, 1, 2)
    assert (after[:2], after[2] == of_whole[2]) == (of_whole[:2], False)
    with (cut / "tokenizer_config.json").open("a") as file:
        file.write(" ")
    assert addresses(cut, 0) != of_whole[:1]


def test_every_tensor_that_is_read_is_in_the_address(tmp_path: Path, toy_encoder: Path) -> None:
    """The weights of OPT are all called decoder.…, as those of a head are elsewhere."""
    config = transformers.OPTConfig(
        **SIZES,
        hidden_size=32,
        ffn_dim=64,
        word_embed_proj_dim=32,
        max_position_embeddings=64,
        pad_token_id=1,
    )
    torch.manual_seed(0)
    folders = []
    for number in range(2):
        folder = tmp_path / str(number)
        transformers.OPTModel(config).save_pretrained(folder)
        for name in ("tokenizer.json", "tokenizer_config.json"):
            shutil.copy(toy_encoder / name, folder)
        folders.append(folder)
    first, second = (addresses(folder, 0, 1, 2) for folder in folders)
    assert not set(first) & set(second)
    names = list(load_file(folders[0] / "model.safetensors"))
    for name in names:
        changed = Path(shutil.copytree(folders[0], tmp_path / f"changed-{name}"))
        edit(changed, lambda tensors, name=name: tensors | {name: tensors[name] + 1})
        assert addresses(changed, 2) != first[2:], name


def test_a_norm_after_the_last_layer_distinguishes_the_last_layer(tmp_path: Path, toy_encoder: Path) -> None:
    config = transformers.Qwen2Config(
        **SIZES | {"num_hidden_layers": 3},
        hidden_size=32,
        intermediate_size=64,
        num_key_value_heads=4,
        layer_types=None,
    )
    transformers.Qwen2Model(config).save_pretrained(tmp_path / "whole")
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(toy_encoder / name, tmp_path / "whole")
    configuration = json.loads((tmp_path / "whole/config.json").read_text())
    configuration.pop("layer_types", None)  # which has a value a layer
    (tmp_path / "whole/config.json").write_text(json.dumps(configuration))
    cut = tmp_path / "cut"
    shutil.copytree(tmp_path / "whole", cut)
    (cut / "config.json").write_text(json.dumps(configuration | {"num_hidden_layers": 2}))
    edit(cut, lambda tensors: {n: t for n, t in tensors.items() if "layers.2." not in n})
    of_whole, of_cut = addresses(tmp_path / "whole", 1, 2), addresses(cut, 1, 2)
    assert (of_whole[0] == of_cut[0], of_whole[1] == of_cut[1]) == (True, False)


def test_addresses_are_remembered_for_one_checkpoint_and_arithmetic(
    tmp_path: Path, toy_encoder: Path
) -> None:
    files = verify(toy_encoder, "toy")
    here = {"device": "cpu", "dtype": "float32"}
    RememberedAddresses(tmp_path, files, **here).put({1: "a" * 64})
    RememberedAddresses(tmp_path, files, **here).put({2: "b" * 64})
    known = RememberedAddresses(tmp_path, files, **here)
    assert [known.get(layer) for layer in range(3)] == [None, "a" * 64, "b" * 64]
    assert RememberedAddresses(tmp_path, files, device="cpu", dtype="bfloat16").get(1) is None
    (path,) = (tmp_path / "addresses").iterdir()
    path.write_text("[")
    assert RememberedAddresses(tmp_path, files, **here).get(1) is None


@pytest.mark.parametrize("root", ["a file", "missing"])
def test_a_cache_that_cannot_be_written_is_no_fault(tmp_path: Path, toy_encoder: Path, root: str) -> None:
    cache = tmp_path / "cache"
    if root == "a file":
        cache.write_text("")
    known = RememberedAddresses(cache, verify(toy_encoder, "toy"), device="cpu", dtype="float32")
    known.put({1: "a" * 64})
    assert known.get(1) == "a" * 64
