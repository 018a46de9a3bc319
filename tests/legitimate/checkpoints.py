"""Checkpoints as people save them: each is fetched, opened, and encodes a text as the plain one does."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.fuzz.checkpoints import tokenizers
from tests.legitimate.setting import Case, Setting
from tests.support import malice
from tests.support.malice import Change
from tests.support.sentence_folders import NORMALIZE, add_modules

TEXT = "the cat sleeps"


def opened(change: Change, *, same: bool = True, hub: bool = False) -> Case:
    """Return a case: the toy encoder after a change, which with `same` gives the same vectors."""

    def case(setting: Setting) -> None:
        folder = Path(shutil.copytree(setting.toy, setting.folder / "submission/weights"))
        plain = _plain(setting.toy)
        change(folder)
        found = vectors(_as_downloaded(folder) if hub else folder, setting.folder, hub=hub)
        assert found.shape == plain.shape
        assert np.isfinite(found).all()
        if same:
            assert np.array_equal(found, plain)

    return case


@cache
def _plain(toy: Path) -> NDArray[np.float32]:
    with TemporaryDirectory() as folder:
        return vectors(Path(shutil.copytree(toy, Path(folder) / "submission/weights")), Path(folder))


def vectors(folder: Path, cache: Path, *, hub: bool = False) -> NDArray[np.float32]:
    """Fetch and open a checkpoint, and encode a text."""
    from harness.models.checkpoint import fetch
    from harness.models.checkpoint.checkpoint_files import stage_and_verify
    from harness.models.encoder import Encoder
    from harness.records import Checkpoint, Pooling, View

    if hub:  # as `fetch` does after a download
        files = stage_and_verify(folder, "org/model", cache / "cache", hub=folder.parents[2])
    else:
        files = fetch(Checkpoint(path=folder.name), folder.parent, cache / "cache")
    encoder = Encoder(files, [View(3, Pooling.MEAN)], max_length=64, dtype="float32", device="cpu")
    (found,) = encoder.forward(encoder.tokenize([TEXT])).values()
    return found


def config(**values: Any) -> Case:
    return opened(malice.settings(**values))


def beside(*names: str) -> Case:
    """Return the case of further files next to the weights."""

    def change(folder: Path) -> None:
        for name in names:
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_bytes(b"---\nlanguage: multilingual\n---\n")

    return opened(change)


def tokenizer(name: str) -> Case:
    return opened(lambda folder: (folder / "tokenizer.json").write_bytes(tokenizers()[name]), same=False)


def _as_downloaded(folder: Path) -> Path:
    """Lay a folder out as the Hub's client does: a snapshot of links into the repository's blobs."""
    repository = folder.parent / "hub/models--org--model"
    snapshot = repository / "snapshots" / ("a" * 40)
    for part in (repository / "blobs", snapshot):
        part.mkdir(parents=True)
    for number, path in enumerate(sorted(folder.iterdir())):
        blob = repository / "blobs" / f"{number:040x}"
        path.rename(blob)
        (snapshot / path.name).symlink_to(f"../../blobs/{blob.name}")
    return snapshot


def _narrower(dtype: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        import torch
        from safetensors.torch import load_file, save_file

        path = folder / malice.WEIGHTS
        save_file({name: tensor.to(getattr(torch, dtype)) for name, tensor in load_file(path).items()}, path)
        malice.settings(torch_dtype=dtype)(folder)

    return change


def _two_shards(folder: Path) -> None:
    from safetensors.torch import load_file, save_file

    tensors = sorted(load_file(folder / malice.WEIGHTS).items())
    half = len(tensors) // 2
    weight_map = {}
    for number, part in enumerate((tensors[:half], tensors[half:]), start=1):
        name = f"model-{number:05}-of-00002.safetensors"
        save_file(dict(part), folder / name, metadata={"format": "pt"})
        weight_map |= dict.fromkeys((tensor for tensor, _ in part), name)
    (folder / malice.WEIGHTS).unlink()
    (folder / malice.INDEX).write_text(json.dumps({"metadata": {"total_size": 1}, "weight_map": weight_map}))


def _head_and_pooler(folder: Path) -> None:
    from safetensors.torch import load_file, save_file
    from torch import ones

    tensors = {f"bert.{name}": tensor for name, tensor in load_file(folder / malice.WEIGHTS).items()}
    tensors |= {
        "bert.pooler.dense.weight": ones(32, 32),
        "bert.pooler.dense.bias": ones(32),
        "cls.predictions.bias": ones(62),
    }
    save_file(tensors, folder / malice.WEIGHTS, metadata={"format": "pt"})


CASES: dict[str, Case] = {
    # attributes
    "training_data: n/a": config(training_data="n/a"),
    "dataset: mc4/en": config(dataset="mc4/en"),
    "an address of wandb": config(wandb_run="https://wandb.ai/somebody/project/runs/1a2b"),
    "base_model: xlm-roberta-base": config(base_model="xlm-roberta-base"),
    "attention by sdpa": config(_attn_implementation="sdpa"),
    "attention by eager": config(attn_implementation="eager"),
    "attention by flash_attention_2": config(_attn_implementation="flash_attention_2"),
    "the path where training saved": config(_name_or_path="/home/ada/runs/checkpoint-500"),
    "what older and newer versions write": config(
        torch_dtype="float32", dtype="float32", transformers_version="4.31.0.dev0", _attn_implementation_autoset=True, gradient_checkpointing=False
    ),
    "labels with slashes": config(id2label={"0": "entailment", "1": "n/a"}, label2id={"entailment": 0, "n/a": 1}),
    "no quantisation": config(quantization_config=None, is_quantized=False),
    "a tokenizer's settings with paths": opened(
        malice.settings(
            "tokenizer_config.json", name_or_path="xlm-roberta-base", special_tokens_map_file="/root/.cache/x.json",
            tokenizer_file=None, chat_template="{{ messages }}", sp_model_kwargs={}, clean_up_tokenization_spaces=True,
        )
    ),
    # files
    "a counter among the weights": opened(malice.tensor("encoder.layer.0.counter", "I64", b"\x07" + b"\0" * 7)),
    "a stray adapter_config.json": opened(malice.text("adapter_config.json", '{"base_model_name_or_path": "org/x"}')),
    "a model card and attributes of git": beside("README.md", ".gitattributes", "LICENSE"),
    "pickles next to safetensors": beside("pytorch_model.bin", "optimizer.pt", "rng_state.pth", "training_args.bin", "trainer_state.json"),
    "the files of sentence-transformers": opened(lambda folder: add_modules(folder, NORMALIZE)),
    "exports to other formats": beside("tf_model.h5", "flax_model.msgpack", "onnx/model.onnx", "openvino/model.xml"),
    "weights in two shards": opened(_two_shards),
    "weights with a head and a pooler": opened(_head_and_pooler),
    "weights of 16 bits": opened(_narrower("float16"), same=False),
    "weights in bfloat16": opened(_narrower("bfloat16"), same=False),
    "a snapshot of links in the Hub's cache": opened(lambda _: None, hub=True),
    # tokenizers
    "a tokenizer of words' pieces": tokenizer("WordPiece"),
    "a tokenizer of byte pairs": tokenizer("BPE"),
    "a tokenizer of unigrams": tokenizer("Unigram"),
    "special tokens in their own file": opened(
        malice.text("special_tokens_map.json", '{"unk_token": {"content": "<unk>", "lstrip": false}, "pad_token": "<pad>"}')
    ),
    "added tokens in their own file": opened(malice.text("added_tokens.json", '{"<s>": 0, "<pad>": 1}')),
}  # fmt: skip
