"""Refuse a folder that lacks a part of an encoder, and name what is there instead, with a way out."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path

from harness.characters import shown
from harness.errors import BadInput
from harness.models.checkpoint.strict_json import read_object
from harness.models.checkpoint.weights import INDEX, SINGLE

_CONFIG, _SETTINGS = "config.json", "tokenizer_config.json"
SENTENCEPIECE_FILES = ("sentencepiece.bpe.model", "spiece.model", "spm.model", "sentencepiece.model")
TOKENIZERS = ("tokenizer.json", *SENTENCEPIECE_FILES, "vocab.txt", "vocab.json")
# Tokenizers that read characters or bytes as numbers.
_WITHOUT_FILES = re.compile(r"(canine|perceiver)|(Canine|ByT5|Perceiver)Tokenizer(Fast)?")
_OTHER_TOKENIZERS = re.compile(r".*\.(tiktoken|spm|vocab)|tokenizer\.model|tekken\.json|bpe\.codes|dict\.txt")
# sentence-transformers before 2.0 numbered the folder of the encoder, too.
_ENCODER_FOLDER = re.compile(r"0_\w+")
_MOST = 20
_CONVERT = (
    "where you trust the file: AutoModel.from_pretrained(FOLDER).save_pretrained(NEW), and the tokenizer the "
    "same way; on the Hub, https://huggingface.co/spaces/safetensors/convert writes model.safetensors"
)
# Weights in other formats: endings of their names, and what to do.
_FORMATS: tuple[tuple[re.Pattern[str], str, str], ...] = (
    (
        re.compile(r".*\.safetensors(\.index\.\w+\.json)?", re.IGNORECASE),
        "which is not the name of an encoder's weights",
        f"rename it to {SINGLE} where it holds the whole encoder; shards need {INDEX}",
    ),
    (
        re.compile(r".*\.(bin|pt|pth|ckpt|pkl|pickle|joblib|npy|npz|dill|mar)", re.IGNORECASE),
        "which are not opened: a pickle runs code",
        _CONVERT,
    ),
    (
        re.compile(r".*\.(h5|msgpack|keras)", re.IGNORECASE),
        "which are not opened: weights of TensorFlow or Flax",
        "with transformers 4: AutoModel.from_pretrained(FOLDER, from_tf=True) or from_flax=True, then "
        "save_pretrained(NEW)",
    ),
    (
        re.compile(r"(.*\.(onnx|gguf|tflite|mlmodel)|onnx|openvino)", re.IGNORECASE),
        "which are not opened: an export computes in its own way",
        "evaluate the checkpoint that it was exported from",
    ),
)


def refuse_missing(
    folder: Path,
    names: Sequence[str],
    present: Sequence[str],
    read: Callable[[str], bytes],
    *,
    weights: bool = True,
) -> None:
    """Raise BadInput where config.json, the weights or a tokenizer are missing.

    `names` is all that the folder holds, `present` what of it may be opened, `read` returns a file's bytes.
    Without `weights` they are elsewhere.
    """
    if _CONFIG not in present:
        older = [name for name in names if _ENCODER_FOLDER.fullmatch(name)]
        if older and "modules.json" in names:
            raise BadInput(
                f"{folder} holds its encoder in {shown(older[0])}, as sentence-transformers 1 saved it",
                cure="with a recent version: SentenceTransformer(FOLDER).save_pretrained(NEW)",
            )
        raise BadInput(
            f"{folder} holds no {_CONFIG}{_found(names, lambda name: True)[0]}",
            cure="save the whole encoder with save_pretrained; an adapter is merged first",
        )
    if weights:
        refuse_without_weights(str(folder), names, present)
    if not any(name in present for name in TOKENIZERS) and not _needs_no_files(folder, present, read):
        others = [shown(name).strip("'") for name in names if _OTHER_TOKENIZERS.fullmatch(name)]
        found = f"; found {', '.join(others[:_MOST])}, which is not opened alone" if others else ""
        raise BadInput(
            f"{folder} holds no tokenizer{found}",
            cure="AutoTokenizer.from_pretrained(FOLDER).save_pretrained(FOLDER) writes tokenizer.json; "
            f"one of {', '.join(TOKENIZERS)} is needed next to the weights",
        )


def refuse_without_weights(source: str, names: Sequence[str], present: Sequence[str]) -> None:
    """Raise BadInput where a folder or a repository holds no weights that may be opened."""
    if SINGLE not in present and INDEX not in present:
        found, cure = _found(names, lambda name: name not in present)
        raise BadInput(f"{source} holds no {SINGLE}{found}", cure=cure)


def _found(names: Sequence[str], among: Callable[[str], bool]) -> tuple[str, str]:
    """Return a note on the weights that are there in another format, and the cure for it."""
    for pattern, reason, cure in _FORMATS:
        if others := [name for name in names if pattern.fullmatch(name) and "/" not in name and among(name)]:
            listed = ", ".join(shown(name).strip("'") for name in others[:_MOST])
            return f"; found {listed}, {reason}", cure
    return "", "save_pretrained(FOLDER) writes it"


def _needs_no_files(folder: Path, present: Sequence[str], read: Callable[[str], bytes]) -> bool:
    """Tell whether the tokenizer reads characters or bytes as numbers."""
    named = []
    for name, keys in ((_CONFIG, ("model_type", "tokenizer_class")), (_SETTINGS, ("tokenizer_class",))):
        if name in present:
            settings = read_object(read(name), f"{folder / name} is not JSON")
            named += [settings.get(key) for key in keys]
    return any(isinstance(value, str) and _WITHOUT_FILES.fullmatch(value) for value in named)
