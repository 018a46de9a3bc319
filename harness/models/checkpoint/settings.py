"""Check a checkpoint's JSON files by the rules of attributes.py, and leave out what must have no effect."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.characters import shown
from harness.errors import BadInput
from harness.models.checkpoint.attributes import CONFIG, IMPLEMENTATIONS, decide
from harness.models.checkpoint.native_config import as_native
from harness.models.checkpoint.strict_json import read_object, walk

# The files whose keys transformers acts on.
SETTINGS_FILES = (CONFIG, "tokenizer_config.json", "special_tokens_map.json")
_TOKENIZER_CLASS = re.compile(
    r"(?!Auto|Rag)([A-Z]\w{0,80})?(Tokenizer(Fast)?|(Tokenizers|SentencePiece|Python)Backend)"
)


@dataclass(frozen=True)
class LeftOut:
    """An attribute, or a whole file, that was submitted and is not in the copy that is opened.

    `attribute` gives its keys from the outermost inwards; it is empty for a file.
    """

    file: str
    attribute: tuple[str, ...]
    value: str
    reason: str

    def __str__(self) -> str:
        name = f"{'.'.join(self.attribute)}: {self.value}" if self.attribute else ""
        return f"{self.file}{name and ' '}{name} ({self.reason})"


def read_settings(data: bytes, path: Path) -> dict[str, Any]:
    """Return the object in one of SETTINGS_FILES; raises BadInput for what must not be opened."""
    settings = read_object(data, f"{path} is not JSON")
    for _, parents, key, value in walk(settings):
        decision = decide(path.name, parents, key, value)
        if decision is not None and decision.refused:
            raise BadInput(f"{path} carries {key!r}: {decision.reason}", cure=decision.cure)
        if key == "tokenizer_class":
            _refuse_tokenizer_class(value, path)
    return settings


def settings_to_open(data: bytes, path: Path) -> tuple[bytes, tuple[LeftOut, ...]]:
    """Return one of SETTINGS_FILES as it is opened, and what is left out and has to be named.

    The bytes are the same where nothing has to be left out, and nothing has another name in transformers.
    """
    settings = read_settings(data, path)
    native = as_native(settings, path) if path.name == CONFIG else settings
    left_out: list[LeftOut] = []
    pruned = _prune(native, (), path.name, left_out)
    opened = data if pruned == settings else (json.dumps(pruned, indent=2) + "\n").encode()
    return opened, tuple(left_out)


def refuse_active_attributes(settings: dict[str, Any], path: Path) -> None:
    """Refuse a file that would be opened in place although it names other files or an implementation."""
    for _, parents, key, value in walk(settings):
        decision = decide(path.name, parents, key, value)
        if decision is None or value in (None, False, [], {}, ""):
            continue
        names_files = path.name != CONFIG and key.endswith(("_file", "_files", "_spm"))
        if decision.told or names_files or key in IMPLEMENTATIONS.names:
            raise BadInput(
                f"{path} carries {'.'.join((*parents, key))!r}: {shown(value)}",
                cure="it is left out where a checkpoint is fetched; remove it here",
            )


def _refuse_tokenizer_class(value: Any, path: Path) -> None:
    """Refuse a `tokenizer_class` that names another class, whose from_pretrained transformers would call."""
    if value is not None and not (isinstance(value, str) and _TOKENIZER_CLASS.fullmatch(value)):
        raise BadInput(
            f"{path} names the tokenizer_class {shown(value)}, which is no tokenizer",
            cure="a tokenizer class of transformers",
        )


def _prune(value: Any, keys: tuple[str, ...], file: str, left_out: list[LeftOut]) -> Any:
    """Return a value of a file without what is left out; items of a list have the list's key."""
    if isinstance(value, list):
        return [_prune(item, keys, file, left_out) for item in value]
    if not isinstance(value, dict):
        return value
    pruned = {}
    for key, inner in value.items():
        decision = decide(file, keys, key, inner)
        if decision is None:
            pruned[key] = _prune(inner, (*keys, key), file, left_out)
        elif decision.told:
            left_out.append(LeftOut(file, (*keys, key), shown(inner), decision.reason))
    return pruned
