"""The rules for attributes of a checkpoint's JSON files: which are refused, and which are left out.

An attribute is refused where it changes what transformers loads or runs: without it the checkpoint would be
another one. `_attn_implementation: org/kernel` fetches and loads a compiled library, `transformers_weights`
and `configuration_files` name other files to open. Names count at any depth, since a nested configuration is
opened like the outer one.

Any other attribute that names a place, a repository or a preference is left out of the private copy that is
opened, so that nothing can be loaded through it, and is named to whoever evaluates: `base_model` and
`_attn_implementation: flash_attention_2` come from honest trainings. `auto_map` names a repository's Python;
it is left out as well, since many architectures are part of transformers by now. harness/models/loading.py
refuses the others, and weights and keys that only that code reads. What saving itself records, such as
`_name_or_path`, is left out without a word. A parameter of the architecture is never left out:
`_refuse_missing_parameters` there compares with the opened configuration.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import translate
from typing import Any

from harness.characters import shown

CONFIG = "config.json"


@dataclass(frozen=True)
class Rule:
    """The reason for what is done with attributes whose names match one of `names`, and a cure.

    An asterisk stands for any characters. With `always` a value that has no effect, such as `null` or
    `false`, is treated alike; with `told` the attribute is named to whoever evaluates.
    """

    names: tuple[str, ...]
    reason: str
    cure: str = "remove {!r}"
    always: bool = False
    told: bool = True


_WHOLE = "remove {!r}: the checkpoint holds all of its weights"

REFUSED = (
    Rule(
        (
            *("trust_remote_code", "code_revision"),
            *("custom_pipeline", "custom_pipelines", "custom_generate"),
        ),
        "a checkpoint may not bring code",
        "remove {!r}; only architectures of transformers are opened",
        always=True,  # the effect of `null` and `false` may differ between versions
    ),
    Rule(
        ("use_kernel", "use_kernels", "kernel", "kernels", "kernel_config", "hub_kernels", "kernel_mapping"),
        "compiled kernels are not loaded",
    ),
    Rule(
        (
            *("quantization", "quantization_config", "quantization_method", "quant_method"),
            *("compression_config", "is_quantized", "_is_quantized", "load_in_4bit", "load_in_8bit"),
        ),
        "quantised weights are not evaluated",
        "save dequantised weights",
    ),
    Rule(
        ("backbone", "use_timm_backbone", "use_pretrained_backbone"),
        "it would be loaded from another repository",
        _WHOLE,
    ),
    Rule(
        ("transformers_weights", "gguf_file", "distributed_config", "distributed_checkpoint*"),
        "weights are opened by their own names only",
        "save model.safetensors, or its shards and their index, and remove {!r}",
    ),
    Rule(("configuration_files",), "only config.json is opened"),
)
# In the tokenizer's files only; in config.json such names have no effect.
REFUSED_IN_TOKENIZERS = (
    Rule(
        ("init_inputs", "vocab", "merges", "tokenizer_object", "backend_tokenizer", "mistral_format"),
        "a tokenizer is opened from its own files only",
    ),
    Rule(
        ("sp_model_kwargs", "mecab_kwargs", "sudachi_kwargs", "jumanpp_kwargs"),
        "what splits text gets no arguments from a checkpoint",
    ),
)
LEFT_OUT = (
    Rule(
        (
            *("_name_or_path", "name_or_path", "_commit_hash", "_from_auto", "_from_pipeline"),
            "_attn_implementation_autoset",
        ),
        "a record of saving",
        told=False,
    ),
    Rule(
        ("*_name_or_path", "repo_id", "base_model", "pretrained_model*", "peft_type", "peft_config"),
        "nothing is loaded from another repository",
    ),
    Rule(("auto_map",), "a checkpoint's code is never run: transformers' own class is opened"),
)
LEFT_OUT_IN_TOKENIZERS = (
    Rule(
        ("chat_template", "additional_chat_templates", "*_file", "*_files", "*_spm", "*_path"),
        "a record of saving",
        told=False,
    ),
)
IMPLEMENTATIONS = Rule(
    (
        *("attn_implementation", "_attn_implementation", "_attn_implementation_internal"),
        *("experts_implementation", "_experts_implementation", "_experts_implementation_internal"),
    ),
    "the harness chooses it, the same for all",
)
# The choice of the harness, which older versions of transformers record whenever they save.
_DEFAULTS = (None, "eager", "sdpa")
# A kernel of the Hub is org/name, with a revision or a function.
_KERNEL = "/"
# Names of labels and tasks are free text.
_FREE_TEXT = {"id2label", "label2id", "task_specific_params", "finetuning_task", "architectures"}
_REFERENCE = re.compile(r"[\w.-]+/[\w.-]+([@:][\w./-]+)?|\w+://\S+|(/|~/|\.\.?/|[A-Za-z]:\\).*", re.DOTALL)


class _Rules:
    """Finds the first of some rules that holds for a name; a file may hold half a million names."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self._exact: dict[str, Rule] = {}
        self._patterns: list[tuple[re.Pattern[str], Rule]] = []
        for rule in rules:
            for name in rule.names:
                if "*" in name:
                    self._patterns.append((re.compile(translate(name)), rule))
                else:
                    self._exact[name] = rule
        self._any = re.compile("|".join(pattern.pattern for pattern, _ in self._patterns))

    def find(self, key: str) -> Rule | None:
        """Return the rule, exact names before patterns, or None."""
        if (rule := self._exact.get(key)) is not None or not self._any.match(key):
            return rule
        return next(rule for pattern, rule in self._patterns if pattern.match(key))


_IN_CONFIG = _Rules((*REFUSED, IMPLEMENTATIONS, *LEFT_OUT))
_IN_TOKENIZERS = _Rules(
    (*REFUSED, *REFUSED_IN_TOKENIZERS, IMPLEMENTATIONS, *LEFT_OUT, *LEFT_OUT_IN_TOKENIZERS)
)


@dataclass(frozen=True)
class Decision:
    """What is done with one attribute: it is `refused`, or left out and `told` to whoever evaluates."""

    reason: str
    cure: str
    refused: bool = False
    told: bool = True


def decide(file: str, parents: tuple[str, ...], key: str, value: Any) -> Decision | None:
    """Return what is done with an attribute of a JSON file, None where it stays as it is.

    `parents` are the keys above it.
    """
    rule = (_IN_CONFIG if file == CONFIG else _IN_TOKENIZERS).find(key)
    if rule is None:
        if file == CONFIG and _is_reference(value) and not _FREE_TEXT & {*parents, key}:
            return Decision("nothing is loaded from another place", f"remove {key!r}")
        return None
    if rule is IMPLEMENTATIONS:
        return _decide_implementation(key, value)
    is_set = not _is_unset(key, value)
    if rule in REFUSED or rule in REFUSED_IN_TOKENIZERS:
        return Decision(rule.reason, rule.cure.format(key), refused=rule.always or is_set, told=False)
    return Decision(rule.reason, rule.cure.format(key), told=rule.told and is_set)


def _decide_implementation(key: str, value: Any) -> Decision:
    """Refuse a compiled kernel; leave out the name of an implementation that transformers includes."""
    names = list(value.values()) if isinstance(value, dict) else [value]
    cure = IMPLEMENTATIONS.cure.format(key)
    for name in names:
        if name is not None and (not isinstance(name, str) or _KERNEL in name):
            return Decision(f"{shown(name)}: compiled kernels are not loaded", cure, refused=True)
    return Decision(IMPLEMENTATIONS.reason, cure, told=any(name not in _DEFAULTS for name in names))


def _is_reference(value: Any) -> bool:
    """Tell whether a value names another repository, file or address; some class may load from it."""
    if isinstance(value, list):
        return any(_is_reference(item) for item in value)
    return isinstance(value, str) and bool(_REFERENCE.fullmatch(value))


def _is_unset(key: str, value: Any) -> bool:
    """Tell whether a value has no effect; an empty quantization_config means the default one."""
    return value in (None, False) or (value in ([], {}, "") and not key.startswith("quantization"))
