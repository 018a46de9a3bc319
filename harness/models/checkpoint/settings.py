"""Check a checkpoint's JSON files: refuse keys that name code or other weights, drop leftovers of saving.

transformers acts on many of these keys: `auto_map` runs a repository's Python, `_attn_implementation:
org/kernel` fetches and loads a compiled library, `transformers_weights` and `tokenizer_file` name files to
open, `base_model_name_or_path` another repository. Each is refused by name, at any depth, since a nested
configuration is opened like the outer one.

Honest checkpoints carry some of them too, because saving wrote them: `_name_or_path` records where training
started, old versions of transformers wrote the paths of their tokenizer files, newer ones the attention that
they had chosen. Such remnants are not refused but left out of the copy that is opened (`without_remnants`),
so that nothing can be loaded through them. The digest is that of the files as submitted.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from harness.characters import shown
from harness.errors import BadInput
from harness.models.checkpoint.strict_json import read_object, walk

CONFIG, TOKENIZER_CONFIG = "config.json", "tokenizer_config.json"
# The files whose keys transformers acts on.
SETTINGS_FILES = (CONFIG, TOKENIZER_CONFIG, "special_tokens_map.json")

_ANY_FILE = {
    "auto_map|trust_remote_code|code_revision|custom_(pipelines?|generate)": (
        "a checkpoint may not bring code",
        "remove {!r}; only architectures of transformers are opened",
    ),
    "use_kernels?|kernel_config|kernels?|hub_kernels|kernel_mapping": (
        "compiled kernels are not loaded",
        "remove {!r}",
    ),
    "quantization|quantization_config|quantization_method|quant_method|compression_config"
    "|_?is_quantized|load_in_[48]bit": (
        "quantised weights are not evaluated",
        "save dequantised weights",
    ),
    "base_model_name_or_path|peft_(type|config)": (
        "adapters are not opened",
        "merge the adapter into its base and save the whole encoder",
    ),
    "(?!base_model_)[a-z]\\w*_name_or_path|repo_id|base_model|pretrained_model\\w*": (
        "nothing is loaded from another repository",
        "remove {!r}: the checkpoint holds all of its weights",
    ),
    "backbone|use_(timm|pretrained)_backbone": (
        "it would be loaded from another repository",
        "remove {!r}: the checkpoint holds all of its weights",
    ),
    "transformers_weights|gguf_file|distributed_(config|checkpoint\\w*)": (
        "weights are opened by their own names only",
        "save model.safetensors, or its shards and their index, and remove {!r}",
    ),
}
_TOKENIZER_ONLY = {
    "init_inputs|vocab|merges|tokenizer_object|backend_tokenizer|mistral_format": (
        "a tokenizer is opened from its own files only",
        "remove {!r}",
    ),
    "(sp_model|mecab|sudachi|jumanpp)_kwargs": (
        "what splits text gets no arguments from a checkpoint",
        "remove {!r}",
    ),
}
# Left out of the copy that is opened, whatever their value.
_REMNANTS = re.compile(r"_?name_or_path|_commit_hash|_from_auto|_from_pipeline|_attn_implementation_autoset")
_TOKENIZER_REMNANTS = re.compile(r"chat_template|additional_chat_templates|\w*_files?|\w*_spm|\w+_path")
_IMPLEMENTATION = re.compile(r"_?(attn|experts)_implementation(_internal)?")
# Built into transformers and used anyway; the order of summation is the harness's choice.
_BUILT_IN = (None, "eager", "sdpa")
# Names of labels and tasks are free text.
_FREE_TEXT = {"id2label", "label2id", "task_specific_params", "finetuning_task", "architectures"}
_ELSEWHERE = re.compile(r"[\w.-]+/[\w.-]+([@:][\w./-]+)?|\w+://\S+|(/|~/|\.\.?/|[A-Za-z]:\\).*", re.DOTALL)
_TOKENIZER_CLASS = re.compile(
    r"(?!Auto|Rag)([A-Z]\w{0,80})?(Tokenizer(Fast)?|(Tokenizers|SentencePiece|Python)Backend)"
)


def read_settings(data: bytes, path: Path) -> dict[str, Any]:
    """Return the object in one of SETTINGS_FILES; raises BadInput for what must not be opened."""
    settings = read_object(data, f"{path} is not JSON")
    in_config = path.name == CONFIG
    for _, parents, key, value in walk(settings):
        _refuse_key(key, value, path, _ANY_FILE if in_config else _ANY_FILE | _TOKENIZER_ONLY)
        if key == "tokenizer_class":
            _refuse_tokenizer_class(value, path)
        if in_config and isinstance(value, str) and not _is_remnant(key, path.name):
            _refuse_reference((*parents, key), value, path)
    return settings


def without_remnants(data: bytes, path: Path) -> bytes:
    """Return one of SETTINGS_FILES as it is opened: the same bytes where nothing has to be left out."""
    settings = read_settings(data, path)
    pruned = _prune(
        settings,
        lambda key, value: (
            _is_remnant(key, path.name) or (_is_forbidden(key, path.name) and _is_unset(key, value))
        ),
    )
    return data if pruned == settings else (json.dumps(pruned, indent=2) + "\n").encode()


def refuse_active_remnants(settings: dict[str, Any], path: Path) -> None:
    """Refuse a file that would be opened in place although it names other files or an implementation."""
    for _, _, key, value in walk(settings):
        if not _is_unset(key, value) and (
            _IMPLEMENTATION.fullmatch(key)
            or (path.name != CONFIG and key.endswith(("_file", "_files", "_spm")))
        ):
            raise BadInput(
                f"{path} carries {key!r}: {shown(value)}",
                cure="it is left out where a checkpoint is fetched; remove it here",
            )


def _refuse_key(key: str, value: Any, path: Path, rules: dict[str, tuple[str, str]]) -> None:
    for names, (why, cure) in rules.items():
        # Code is refused even where the value is `null` or `false`, whose effect may differ between versions.
        if re.fullmatch(names, key) and ("auto_map" in names or not _is_unset(key, value)):
            raise BadInput(f"{path} carries {key!r}: {why}", cure=cure.format(key))
    if _IMPLEMENTATION.fullmatch(key):
        for implementation in value.values() if isinstance(value, dict) else [value]:
            if implementation not in _BUILT_IN:
                raise BadInput(
                    f"{path} carries {key!r}: {shown(implementation)}: "
                    "only transformers' own eager and sdpa are run",
                    cure=f"remove {key!r}",
                )


def _refuse_tokenizer_class(value: Any, path: Path) -> None:
    """Refuse a `tokenizer_class` that names another class, whose from_pretrained transformers would call."""
    if value is not None and not (isinstance(value, str) and _TOKENIZER_CLASS.fullmatch(value)):
        raise BadInput(
            f"{path} names the tokenizer_class {shown(value)}, which is no tokenizer",
            cure="a tokenizer class of transformers",
        )


def _refuse_reference(keys: tuple[str, ...], value: str, path: Path) -> None:
    """Refuse the name of another repository, file or address under any key: some class may load from it."""
    if _ELSEWHERE.fullmatch(value) and not _FREE_TEXT & set(keys):
        raise BadInput(
            f"{path} names {shown(value)} as {'.'.join(keys)!r}: nothing is loaded from another place",
            cure=f"remove {keys[-1]!r}",
        )


def _is_unset(key: str, value: Any) -> bool:
    """Tell whether a value has no effect; an empty quantization_config means the default one."""
    return value in (None, False) or (value in ([], {}, "") and not key.startswith("quantization"))


def _is_remnant(key: str, name: str) -> bool:
    if name != CONFIG and _TOKENIZER_REMNANTS.fullmatch(key):
        return True
    return bool(_REMNANTS.fullmatch(key) or _IMPLEMENTATION.fullmatch(key))


def _is_forbidden(key: str, name: str) -> bool:
    return any(
        re.fullmatch(names, key) for names in (_ANY_FILE if name == CONFIG else _ANY_FILE | _TOKENIZER_ONLY)
    )


def _prune(value: Any, leave_out: Callable[[str, Any], bool]) -> Any:
    if isinstance(value, dict):
        return {key: _prune(inner, leave_out) for key, inner in value.items() if not leave_out(key, inner)}
    return [_prune(inner, leave_out) for inner in value] if isinstance(value, list) else value
