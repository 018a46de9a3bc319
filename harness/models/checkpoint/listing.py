"""Open only the allowed files of a checkpoint: by name, without following links, within size limits."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import BinaryIO

from harness.characters import shown
from harness.errors import BadInput
from harness.models.checkpoint.weights import INDEX, SHARD, SINGLE

# All that an evaluation opens or downloads: no code, no pickles, no chat templates.
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
# Digits are spelled out: an asterisk would also match a path separator.
_SHARDS = f"model-{'[0-9]' * 5}-of-{'[0-9]' * 5}.safetensors"
ALLOWED = ("config.json", SINGLE, _SHARDS, INDEX, *TOKENIZER_FILES)
TOKENIZERS = ("tokenizer.json", "sentencepiece.bpe.model", "spiece.model", "vocab.txt", "vocab.json")
_ENTRIES = 10_000
_MIB = 2**20
# In bytes, above the largest in use: a vocabulary of a million pieces takes about 20 MB as a SentencePiece
# model and 65 MB as tokenizer.json. The sizes of weight files are added up.
_LIMITS = {
    "config.json": _MIB,
    "special_tokens_map.json": _MIB,
    "tokenizer_config.json": 16 * _MIB,
    "added_tokens.json": 16 * _MIB,
    INDEX: 8 * _MIB,
    "tokenizer.json": 96 * _MIB,
}
_OTHER_LIMIT = 32 * _MIB
WEIGHTS_LIMIT = 128 * 2**30
_PICKLES = {
    ".bin",
    ".pt",
    ".pth",
    ".ckpt",
    ".pkl",
    ".pickle",
    ".joblib",
    ".h5",
    ".msgpack",
    ".npy",
    ".npz",
    ".dill",
    ".mar",
    ".onnx",
    ".gguf",
    ".keras",
}
_ADAPTER_WEIGHTS = re.compile(r"adapter_model\.(safetensors|bin)", re.IGNORECASE)
_ADAPTER_CONFIG = "adapter_config.json"
_BLOB = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFLNK: "a symbolic link",
    stat.S_IFIFO: "a FIFO",
    stat.S_IFSOCK: "a socket",
}


@dataclass(frozen=True)
class Listing:
    """The files of a checkpoint that may be opened, by name; the rest of the folder is never read.

    `paths` are the files that are opened; in a download from the Hub, whose snapshots are links, they are the
    linked blobs. `adapters` names adapter_config.json where it lies next to whole weights: it is not opened.
    """

    folder: Path
    paths: dict[str, Path]
    adapters: tuple[str, ...] = ()

    @contextmanager
    def opened(self, name: str) -> Iterator[BinaryIO]:
        """Open a file and check it again, since its name may have been given to another file meanwhile."""
        path = self.paths[name]
        # Without O_NONBLOCK opening a FIFO waits forever; O_NOFOLLOW refuses a link as the last part.
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as reason:
            raise BadInput(
                f"{self.folder / name} cannot be opened: {reason.strerror}",
                cure="a regular file that can be read",
            ) from reason
        with os.fdopen(descriptor, "rb") as file:
            _refuse_kind(os.fstat(descriptor), self.folder / name)
            _refuse_size(name, os.fstat(descriptor).st_size, self.folder / name)
            yield file

    def read(self, name: str) -> bytes:
        """Return a small file's bytes; raises BadInput above its limit, also if it grew meanwhile."""
        limit = _limit(name)
        with self.opened(name) as file:
            data = file.read(limit + 1)
        _refuse_size(name, len(data), self.folder / name)
        return data


def list_files(folder: Path, hub: Path | None = None) -> Listing:
    """Return the files that may be opened.

    `hub` is the Hub's cache where the folder is a snapshot in it: links into that cache's blobs are followed,
    no others. Raises BadInput for an adapter's weights, for a file that is missing, not regular or too large,
    and for a folder with too many entries.
    """
    names = _names(folder)
    allowed = sorted(name for name in names if any(fnmatchcase(name, pattern) for pattern in ALLOWED))
    configs = [name for name in names if name.lower() == _ADAPTER_CONFIG]
    whole = SINGLE in allowed or INDEX in allowed
    if adapters := [
        name for name in names if _ADAPTER_WEIGHTS.fullmatch(name) or (name in configs and not whole)
    ]:
        raise BadInput(
            f"{folder} holds {adapters[0]}: adapters are not opened",
            cure="merge the adapter into its base and save the whole encoder",
        )
    paths = {name: _regular(folder / name, hub) for name in allowed}
    _refuse_missing(folder, names, paths)
    total = 0
    for name, path in paths.items():
        size = path.lstat().st_size
        _refuse_size(name, size, folder / name)
        total += size if _is_weights(name) else 0
    if total > WEIGHTS_LIMIT:
        raise BadInput(
            f"{folder} holds {total:,} bytes of weights, the most is {WEIGHTS_LIMIT:,}",
            cure="a smaller encoder",
        )
    return Listing(folder, paths, tuple(configs))


def _names(folder: Path) -> list[str]:
    names: list[str] = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                names.append(entry.name)
                if len(names) > _ENTRIES:
                    raise BadInput(
                        f"{folder} holds more than {_ENTRIES:,} files",
                        cure="a folder with the checkpoint alone",
                    )
    except OSError as reason:
        raise BadInput(
            f"{folder} cannot be listed: {reason.strerror}", cure="a folder that can be read"
        ) from reason
    return sorted(names)


def _regular(path: Path, hub: Path | None) -> Path:
    """Return the path of a regular file: itself, or the Hub's blob that a snapshot's link leads to."""
    status = path.lstat()
    if stat.S_ISLNK(status.st_mode) and hub is not None:
        blob = path.resolve()
        root = hub.resolve()
        # The blobs of the repository, or those that the Hub's client shares among repositories.
        repository_blobs, shared_blobs = path.parent.resolve().parents[1] / "blobs", root / "blobs"
        if not (
            repository_blobs.is_relative_to(root)
            and _BLOB.fullmatch(blob.name)
            and (blob.parent == repository_blobs or blob.parent.parent == shared_blobs)
        ):
            raise BadInput(
                f"{path} leads to {blob}, which is none of the Hub's blobs",
                cure="delete it from the Hub's cache and download again",
            )
        path, status = blob, blob.lstat()
    _refuse_kind(status, path)
    return path


def _refuse_kind(status: os.stat_result, path: Path) -> None:
    if not stat.S_ISREG(status.st_mode):
        kind = _KINDS.get(stat.S_IFMT(status.st_mode), "a device")
        raise BadInput(f"{path} is {kind}, not a regular file", cure="copy the checkpoint with its files")


def _refuse_size(name: str, size: int, path: Path) -> None:
    if size > _limit(name):
        raise BadInput(
            f"{path} has {size:,} bytes, the most is {_limit(name):,}",
            cure="only what save_pretrained writes is opened",
        )


def _limit(name: str) -> int:
    return WEIGHTS_LIMIT if _is_weights(name) else _LIMITS.get(name, _OTHER_LIMIT)


def _is_weights(name: str) -> bool:
    return name == SINGLE or bool(SHARD.fullmatch(name))


def _refuse_missing(folder: Path, names: list[str], paths: dict[str, Path]) -> None:
    if "config.json" not in paths:
        raise BadInput(
            f"{folder} holds no config.json",
            cure="save the whole encoder with save_pretrained; an adapter is merged first",
        )
    if SINGLE not in paths and INDEX not in paths:
        pickles = [shown(name).strip("'") for name in names if Path(name).suffix.lower() in _PICKLES]
        pickles_note = f"; found {', '.join(pickles[:20])}, which are not opened" if pickles else ""
        raise BadInput(
            f"{folder} holds no model.safetensors{pickles_note}",
            cure="save_pretrained(..., safe_serialization=True)",
        )
    if not any(name in paths for name in TOKENIZERS):
        raise BadInput(
            f"{folder} holds no tokenizer", cure=f"save one of {', '.join(TOKENIZERS)} next to the weights"
        )
