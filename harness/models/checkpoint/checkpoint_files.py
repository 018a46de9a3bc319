"""Verify a checkpoint's files and describe them, before any library opens one."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from harness.characters import shown
from harness.errors import BadInput
from harness.models.checkpoint.attributes import CONFIG
from harness.models.checkpoint.config import DEPTH, WIDTH, check_config, check_sizes
from harness.models.checkpoint.folder_encoding import FolderEncoding, Unreadable, read_folder_encoding
from harness.models.checkpoint.headers import TensorEntry, read_header
from harness.models.checkpoint.listing import TOKENIZER_FILES, Listing, is_module_file, list_files
from harness.models.checkpoint.parameters import count_parameters
from harness.models.checkpoint.settings import (
    SETTINGS_FILES,
    LeftOut,
    read_settings,
    refuse_active_attributes,
)
from harness.models.checkpoint.staging import Stage, stage
from harness.models.checkpoint.strict_json import read_object, refuse_many_values
from harness.models.checkpoint.weights import (
    FLOATS,
    INDEX,
    SHARD,
    SINGLE,
    check_finite,
    read_tensors,
    weight_names,
)
from harness.records import Parameters

# A vocabulary of a million pieces holds three million values in tokenizer.json, with their scores, and a
# million in its other formats. Each entry takes about 500 bytes once it is opened.
_TOKENIZER_VALUES, _ENTRIES = 4_000_000, 2_000_000
# Models of RoBERTa's family number their positions after the padding token's id: 514 are 512 tokens.
_NUMBERED_FROM_PADDING = re.compile(
    r".*roberta.*|camembert|mpnet|xmod|ibert|longformer|m?luke|lilt|markuplm|data2vec-text|esm"
)


# The configuration of an encoder in Python, which has no files: one state, its vectors.
OWN_CODE_CONFIG = {"model_type": "own code", "num_hidden_layers": 0}


@dataclass(frozen=True)
class CheckpointFiles:
    """A verified checkpoint on disk. `digest` covers every file that an evaluation reads, as submitted.

    The settings of sentence-transformers are not in it: `folder_encoding` is what they say, and what of it an
    evaluation uses is in its signature. `elements` counts the numbers in all tensors, heads included;
    `seen` identifies the verified weight files by device, inode, size and time of modification. `left_out`
    names what was submitted and is not opened.
    """

    folder: Path
    source: str
    config: dict[str, Any]
    weight_files: tuple[Path, ...]
    parameters: Parameters
    digest: str
    elements: int = 0
    seen: tuple[tuple[int, ...], ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    folder_encoding: FolderEncoding | Unreadable | None = None
    # Name → sha256 of every file that `digest` covers.
    digests: Mapping[str, str] = field(default_factory=dict)
    # Keeps the private folder as long as this object exists; another process receives only its path.
    _stage: Annotated[object, Field(exclude=True)] = field(default=None, repr=False, compare=False)

    @property
    def is_own_code(self) -> bool:
        """Tell whether this describes an encoder in Python, which is no file."""
        return self.config == OWN_CODE_CONFIG

    @property
    def layers(self) -> int:
        """Return the number of transformer layers."""
        return next(int(self.config[key]) for key in DEPTH if isinstance(self.config.get(key), int))

    @property
    def width(self) -> int:
        """Return the hidden size, or 0 where the configuration does not give it."""
        return _width(self.config)

    @property
    def is_encoder_decoder(self) -> bool:
        """Tell whether the checkpoint holds a decoder besides the encoder that is opened."""
        return self.config.get("is_encoder_decoder") is True

    @property
    def positions(self) -> int | None:
        """Return the largest number of tokens with a position, None where the configuration sets no bound."""
        # GPT-2 calls them n_positions; in T5, which has relative ones, that key has no effect.
        key = "n_positions" if "n_embd" in self.config else "max_position_embeddings"
        positions, padding = self.config.get(key), self.config.get("pad_token_id")
        if not isinstance(positions, int):
            return None
        if _NUMBERED_FROM_PADDING.fullmatch(str(self.config.get("model_type"))):
            return positions - (padding if isinstance(padding, int) else 1) - 1
        return positions

    def check_length(self, tokens: int) -> None:
        """Raise BadInput when `tokens` exceeds the positions."""
        if self.positions is not None and tokens > self.positions:
            raise BadInput(
                f"max_length {tokens} exceeds the {self.positions} positions of {self.source}",
                cure="lower max_length",
            )

    def check_unchanged(self) -> None:
        """Raise BadInput when the weights are no longer those that were verified."""
        for path, seen in zip(self.weight_files, self.seen, strict=True):
            if _identity(path) != seen:
                raise BadInput(
                    f"{path.name} of {self.source} was changed while it was evaluated",
                    cure="evaluate again, and do not change it meanwhile",
                )


def verify(folder: Path, source: str) -> CheckpointFiles:
    """Check a folder in place and describe it; for folders that only the harness or this user can write to.

    Raises BadInput for anything that must not be opened: missing or malformed files, links, pickles, remote
    code, adapters, quantised weights, sizes that the weights do not have, broken headers, weights that are
    not finite.
    """
    listing = list_files(folder)
    if listing.adapters:  # transformers would open it
        raise BadInput(f"{folder} holds {listing.adapters[0]}: adapters are not opened", cure="remove it")
    for name in SETTINGS_FILES:
        if name in listing.paths:
            refuse_active_attributes(read_settings(listing.read(name), folder / name), folder / name)
    return _describe(listing, source, {})


def stage_and_verify(folder: Path, source: str, cache: Path, hub: Path | None = None) -> CheckpointFiles:
    """Stage the files of a folder that others may write to inside `cache`, and verify the private copy."""
    listing = list_files(folder, hub)
    staged = stage(listing, cache)
    try:
        return _describe(list_files(staged.folder), source, staged.digests, staged)
    except BadInput as reason:  # messages name the submitted file, not its private copy
        private, public = str(staged.folder), str(folder)
        raise BadInput(
            [replace(fault, message=fault.message.replace(private, public)) for fault in reason.faults]
        ) from None


def describe_unsaved(folder: Path, source: str, shapes: Mapping[str, tuple[int, ...]]) -> CheckpointFiles:
    """Describe a checkpoint whose weights, of these shapes by name, are in memory; all else is in `folder`.

    The folder is one that the harness wrote. Weights in memory change: `digest` identifies nothing.
    Raises BadInput for what an evaluation of the saved checkpoint would refuse, too.
    """
    listing = list_files(folder, weights=False)
    config = read_settings(listing.read(CONFIG), folder / CONFIG)
    check_config(config, folder / CONFIG)
    return CheckpointFiles(
        folder,
        source,
        config,
        weight_files=(),
        parameters=count_parameters(dict(shapes)),
        digest="",
        elements=sum(map(math.prod, shapes.values())),
        folder_encoding=read_folder_encoding(listing, _width(config)),
    )


def _describe(
    listing: Listing, source: str, submitted: Mapping[str, str], staged: Stage | None = None
) -> CheckpointFiles:
    folder = listing.folder
    config = read_settings(listing.read(CONFIG), folder / CONFIG)
    check_config(config, folder / CONFIG)
    for name in TOKENIZER_FILES:
        if name in listing.paths:
            _check_tokenizer_file(listing, name)
    index = listing.read(INDEX) if INDEX in listing.paths else None
    files = tuple(folder / name for name in weight_names(listing.paths, index, folder))
    tensors = read_tensors(files, index)
    shapes = {name: entry.shape for name, entry in tensors.items()}
    check_sizes(config, shapes, folder / CONFIG)
    seen = tuple(_identity(file) for file in files)
    digests = {file.name: check_finite(file) for file in files}
    module_weights = [name for name in listing.paths if is_module_file(name, weights=True)]
    digests |= {name: check_finite(folder / name) for name in module_weights}
    for name in listing.paths:
        if not (
            name in digests
            or SHARD.fullmatch(name)
            or is_module_file(name, weights=False)
            or (name == INDEX and folder / SINGLE in files)
        ):
            digests[name] = submitted.get(name) or hashlib.sha256(listing.read(name)).hexdigest()
    folder_encoding = read_folder_encoding(listing, _width(config))
    parameters = _count(tensors, folder_encoding, folder)
    return CheckpointFiles(
        folder,
        source,
        config,
        files,
        parameters,
        _digest(digests),
        elements=sum(math.prod(shape) for shape in shapes.values()),
        seen=seen,
        left_out=tuple(staged.left_out) if staged else (),
        digests=digests,
        folder_encoding=folder_encoding,
        _stage=staged,
    )


def _count(
    tensors: Mapping[str, TensorEntry], folder_encoding: FolderEncoding | Unreadable | None, folder: Path
) -> Parameters:
    """Count the encoder's parameters, and those of the modules that its folder lists after the pooling.

    Raises BadInput where none is left outside of heads: its size would be wrong wherever it is shown.
    """
    counted = count_parameters(
        {name: entry.shape for name, entry in tensors.items() if entry.dtype in FLOATS}
    )
    if not counted.body:
        raise BadInput(
            f"{folder} holds no weight outside of embeddings and heads; its first tensor is "
            f"{shown(next(iter(tensors)))}",
            cure="save the whole encoder with save_pretrained",
        )
    modules = folder_encoding.modules if isinstance(folder_encoding, FolderEncoding) else ()
    added = sum(
        math.prod(entry.shape)
        for module in modules
        if module.weights is not None
        for entry in read_header(module.weights).values()
    )
    return Parameters(total=counted.total + added, body=counted.body + added)


def _check_tokenizer_file(listing: Listing, name: str) -> None:
    """Refuse a tokenizer file whose format is not that of its name, before a C++ or Rust parser reads it."""
    path, data = listing.folder / name, listing.read(name)
    if name in SETTINGS_FILES:
        read_settings(data, path)
    elif name == "added_tokens.json":
        if any(type(number) is not int for number in read_object(data, f"{path} is not JSON").values()):
            raise BadInput(
                f"{path} maps a token to something else than its number", cure="save the tokenizer again"
            )
    elif name.endswith(".json"):
        if data.lstrip()[:1] != b"{":
            raise BadInput(
                f"{path} is not JSON: it begins with {data[:8]!r}", cure="save the tokenizer again"
            )
        most = _TOKENIZER_VALUES if name == "tokenizer.json" else _ENTRIES
        refuse_many_values(data, f"{path} is too large", most)
    elif name.endswith(".model"):  # protobuf: the first field of a SentencePiece model is its list of pieces
        if data[:1] != b"\n":
            raise BadInput(
                f"{path} is no SentencePiece model: it begins with {data[:8]!r}",
                cure="save the tokenizer again",
            )
    elif b"\0" in data:
        raise BadInput(f"{path} is not text: it holds a NUL byte", cure="save the tokenizer again")
    elif (lines := data.count(b"\n")) > _ENTRIES:
        raise BadInput(
            f"{path} has {lines:,} lines, the most is {_ENTRIES:,}", cure="the tokenizer of a known encoder"
        )


def _width(config: Mapping[str, Any]) -> int:
    return next((int(config[key]) for key in WIDTH if isinstance(config.get(key), int)), 0)


def _identity(path: Path) -> tuple[int, ...]:
    status = path.stat()
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


def _digest(digests: Mapping[str, str]) -> str:
    """Return the sha256 of names and contents, so that a renamed or changed file changes it."""
    lines = "".join(f"{name}:{digests[name]}\n" for name in sorted(digests))
    return f"sha256:{hashlib.sha256(lines.encode()).hexdigest()}"
