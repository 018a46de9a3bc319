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

from harness.errors import BadInput
from harness.models.checkpoint.missing_files import refuse_missing
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
    "spm.model",
    "sentencepiece.model",
)
# What sentence-transformers writes next to the encoder: the list of its modules, the encoder's settings, the
# prompts, and the files of each further module in a folder such as `1_Pooling`.
MODULES, PROMPTS = "modules.json", "config_sentence_transformers.json"
# The encoder's settings, under names of its family in early versions; the first one counts.
ENCODER_SETTINGS = tuple(
    f"sentence_{family}_config.json"
    for family in ("bert", "roberta", "distilbert", "camembert", "albert", "xlm-roberta", "xlnet")
)
_WITHOUT_WEIGHTS, _WITH_WEIGHTS = ("Pooling", "Normalize", "Dropout"), ("Dense", "LayerNorm")
MODULE_SETTINGS = (MODULES, PROMPTS, *ENCODER_SETTINGS)
MODULE_FOLDER = re.compile(rf"[0-9]_({'|'.join((*_WITHOUT_WEIGHTS, *_WITH_WEIGHTS))})")
MODULE_FILES = (
    *MODULE_SETTINGS,
    *(f"[0-9]_{name}/config.json" for name in (*_WITHOUT_WEIGHTS, *_WITH_WEIGHTS)),
    *(f"[0-9]_{name}/model.safetensors" for name in _WITH_WEIGHTS),
)
# Digits are spelled out: an asterisk would also match a path separator.
_SHARDS = f"model-{'[0-9]' * 5}-of-{'[0-9]' * 5}.safetensors"
ALLOWED = ("config.json", SINGLE, _SHARDS, INDEX, *TOKENIZER_FILES, *MODULE_FILES)
# Files that the digest of a checkpoint covers only where they are read.
_ONLY_ALONE = ("spm.model", "sentencepiece.model")
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
_MODULE_WEIGHTS_LIMIT = 512 * _MIB  # a map from 8,192 to 16,384 dimensions in float32
WEIGHTS_LIMIT = 128 * 2**30
_ADAPTER_WEIGHTS = re.compile(r"adapter_model\.(safetensors|bin)", re.IGNORECASE)
_ADAPTER_CONFIG = "adapter_config.json"
_BLOB = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_SNAPSHOT = re.compile(r".*/models--[^/]+/snapshots/[0-9a-f]{40}")
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
    linked blobs. The name of a module's file begins with its folder: `1_Pooling/config.json`.
    `adapters` names adapter_config.json where it lies next to whole weights: it is not opened.
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


def list_files(folder: Path, hub: Path | None = None, *, weights: bool = True) -> Listing:
    """Return the files that may be opened.

    `hub` is the Hub's cache where the folder is a snapshot in it: links into that cache's blobs are followed,
    no others. Without `weights` the encoder's are in memory. Raises BadInput for an adapter's weights, for a
    file that is missing, not regular or too large, and for a folder with too many entries.
    """
    names = _names(folder)
    allowed = sorted(name for name in names if any(fnmatchcase(name, pattern) for pattern in ALLOWED))
    if "tokenizer.json" in allowed:  # it is what is read
        allowed = [name for name in allowed if name not in _ONLY_ALONE]
    configs = [name for name in names if name.lower() == _ADAPTER_CONFIG]
    whole = SINGLE in allowed or INDEX in allowed
    if adapters := [
        name for name in names if _ADAPTER_WEIGHTS.fullmatch(name) or (name in configs and not whole)
    ]:
        raise BadInput(
            f"{folder} holds {adapters[0]}: adapters are not opened",
            cure="merge the adapter into its base and save the whole encoder",
        )
    paths = {name: _regular(folder, name, hub) for name in allowed}
    listing = Listing(folder, paths, tuple(configs))
    refuse_missing(folder, names, tuple(paths), listing.read, weights=weights)
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
    return listing


def _names(folder: Path, *, modules: bool = True) -> list[str]:
    """Return the names in a folder, and those in the folders of its modules."""
    names: list[str] = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                names.append(entry.name)
                if modules and MODULE_FOLDER.fullmatch(entry.name) and entry.is_dir(follow_symlinks=False):
                    inner = _names(Path(entry.path), modules=False)
                    names += [f"{entry.name}/{name}" for name in inner]
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


def _regular(folder: Path, name: str, hub: Path | None) -> Path:
    """Return the path of a regular file: itself, or the Hub's blob that a snapshot's link leads to."""
    path = folder / name
    status = path.lstat()
    if stat.S_ISLNK(status.st_mode) and hub is not None:
        blob = path.resolve()
        root = hub.resolve()
        # The blobs of the repository, or those that the Hub's client shares among repositories.
        repository_blobs, shared_blobs = folder.resolve().parents[1] / "blobs", root / "blobs"
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
        cure = "copy the checkpoint with its files"
        if _SNAPSHOT.fullmatch(path.parent.as_posix()):
            cure = "this is the Hub's cache: name it with hub: and revision:, or copy it with cp -rL"
        raise BadInput(f"{path} is {kind}, not a regular file", cure=cure)


def _refuse_size(name: str, size: int, path: Path) -> None:
    if size > _limit(name):
        raise BadInput(
            f"{path} has {size:,} bytes, the most is {_limit(name):,}",
            cure="only what save_pretrained writes is opened",
        )


def _limit(name: str) -> int:
    if _is_weights(name):
        return WEIGHTS_LIMIT
    return _MODULE_WEIGHTS_LIMIT if is_module_file(name, weights=True) else _LIMITS.get(name, _OTHER_LIMIT)


def is_module_file(name: str, *, weights: bool) -> bool:
    """Tell whether a file is a module's of sentence-transformers: its weights, or its settings."""
    if weights:
        return name.endswith(f"/{SINGLE}")
    return name in MODULE_SETTINGS or name.endswith("/config.json")


def _is_weights(name: str) -> bool:
    return name == SINGLE or bool(SHARD.fullmatch(name))
