"""Turn pydantic's errors into faults with position, actual value and cure."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from typing import Any, get_args

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from harness.characters import shown
from harness.errors import Fault, Where
from harness.records import Record
from harness.records.encoding import SAVED, STATED
from harness.store.yaml.parser import MAX_FAULTS, YamlDocument
from harness.store.yaml.positions import Path, Plain

# A description and a cure for each pattern in the records; a test checks that none is missing.
PATTERNS = {
    r"^[a-z0-9]+(?:[-.][a-z0-9]+)*$": (
        "lowercase letters and digits, joined by single hyphens or dots",
        "choose a name such as xlmr-large-mnli",
    ),
    r"^[a-z0-9]+(?:[-_.][a-z0-9]+)*$": (
        "lowercase letters and digits, joined by single hyphens, underscores or dots",
        "choose a name such as mnli or xlm-roberta",
    ),
    r"^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,94}[A-Za-z0-9])?/[A-Za-z0-9](?:[A-Za-z0-9._-]{0,94}[A-Za-z0-9])?$": (
        "a name on the Hub, organisation/model",
        "copy the end of its page's address, such as FacebookAI/xlm-roberta-large",
    ),
    r"^[a-z]{2,3}(?:-[A-Za-z0-9]{2,8})*$": (
        "a language code",
        "write two or three lowercase letters, such as de",
    ),
    r"^[0-9a-f]{40}$": (
        "40 lowercase hexadecimal digits",
        "give the full hash of the commit, not a branch or a tag",
    ),
    r"^sha256:[0-9a-f]{64}$": ("sha256: and 64 lowercase hexadecimal digits", "give the full digest"),
    r"^[0-9a-f]{64}$": ("64 lowercase hexadecimal digits", "give the full digest"),
    r"^https://[A-Za-z0-9.-]+(?::[0-9]{1,5})?(?:[/?#][^\s<>\"`\\{}|^]*)?$": (
        "an address that begins with https://",
        "for example https://example.org/paper",
    ),
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$": (
        "a date and time in UTC",
        "for example 2026-03-02T09:14:07Z",
    ),
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$": ("a date", "for example 2026-03-02"),
    r"^(?:0|[1-9][0-9]{0,17})$": ("a seed's number", "write a whole number in plain digits"),
    r"^[a-z0-9_.-]+\.parquet$": (
        "a parquet file's name",
        "write lowercase letters, digits, ., _ and - before .parquet",
    ),
    r"^[A-Za-z0-9](?:[A-Za-z0-9_-]{0,38})(?:\[bot\])?$": (
        "a GitHub account",
        "write the account's name, without @",
    ),
    r"^[A-Za-z0-9](?:[A-Za-z0-9._+-]{0,98}[A-Za-z0-9])?$": (
        "the name or the version of a Python package",
        "copy it from `pip list`",
    ),
    r"^#[0-9A-Fa-f]{6}$": (
        "a colour as #rrggbb",
        'write six hexadecimal digits in quotation marks, such as "#005a91"',
    ),
    r"^[A-Za-z0-9_][A-Za-z0-9_./-]*$": (
        "a file of the board, by its path from stiltboard.yaml",
        "write letters, digits, ., _, - and /, such as docs/logo.svg",
    ),
    r"\.(?:svg|png)$": ("the name of an SVG or PNG file", "for example logo.svg"),
    r"^[A-Za-z0-9.+-]+$": ("the SPDX identifier of a licence", "for example MIT or CC-BY-4.0"),
    r"^https?://(?:[A-Za-z0-9_-]+\.)*[A-Za-z0-9_-]+(?::[0-9]{1,5})?(?:/[A-Za-z0-9._~%!$&()*+,;=:@/-]*)?$": (
        "the address of a site",
        "for example https://user.github.io/leaderboard",
    ),
    r"^[A-Za-z_][\w.]*:[A-Za-z_][\w.]*$": (
        "a module and a name in it, with a colon between",
        "for example package.module:function",
    ),
}

# An example line for each required key of a submission.
EXAMPLES = {
    "schema": "schema: 1",
    "title": "title: XLM-R large + MNLI",
    "family": "family: xlm-roberta",
    "base": "base: {id: FacebookAI/xlm-roberta-large, revision: <the commit's 40 hexadecimal digits>}",
    "intermediate": "intermediate: {regime: english, tasks: [mnli], languages: [en], examples: 392702}",
    "encoding": "encoding: {layer: last, pooling: mean}",
    "checkpoints": "checkpoints: [{seed: 0, hub: organisation/model, "
    "revision: <the commit's 40 hexadecimal digits>}]",
    "submitters": "submitters: [{name: Ada Lovelace, url: https://example.org}]",
    "license": "license: MIT",
    "base.id": "id: FacebookAI/xlm-roberta-large",
    "intermediate.regime": "regime: english",
    "encoding.layer": "layer: last",
    "encoding.pooling": "pooling: mean",
    "submitters.name": "name: Ada Lovelace",
    "reported": "reported: {citation: Ada Lovelace 1843, source: https://example.org, "
    "scores: {xnli: {means: {accuracy: 79.2}}}}",
    "reported.citation": "citation: Ada Lovelace 1843. Notes. Table 2",
    "reported.source": "source: https://example.org/paper",
    "reported.scores": "scores: {xnli: {means: {accuracy: 79.2}}}",
}
# Alternatives to a required key.
_INSTEAD = {"checkpoints": ", or `reported:` with numbers that others published"}


def schema_faults(
    error: ValidationError, document: YamlDocument, record: type[Record], cure: str = ""
) -> list[Fault]:
    """Return one fault per position that the schema rejects, in the order of the file.

    `cure` replaces the cures for people, in files that only the harness writes.
    """
    errors: dict[tuple[Path, bool, bool], list[ErrorDetails]] = {}
    for details in error.errors(include_url=False):
        path = document.nearest(_position(details))
        if details["type"] == "too_short" and len(document.value_at(path)) >= details["ctx"]["min_length"]:
            continue  # pydantic counts only the items that it accepts
        at_key = details["type"] == "extra_forbidden" or details["loc"][-1:] == ("[key]",)
        errors.setdefault((path, at_key, details["type"] == "missing"), []).append(details)
    located = [
        (document.where(path, key=at_key), path, missing, several)
        for (path, at_key, missing), several in errors.items()
    ]
    located.sort(key=lambda entry: (entry[0].line or 0, entry[0].column or 0))
    faults: list[Fault] = []
    for where, path, missing, several in located:
        if len(faults) > MAX_FAULTS:  # only counted; finding cures for thousands would take seconds
            faults += [Fault("", where)] * len(several)
        elif missing:
            faults += [_missing(details, where, cure) for details in several]
        else:
            message, specific_cure = _refusal(path, several, document, record)
            faults.append(Fault(message, where, cure or specific_cure))
    return faults


def _position(details: ErrorDetails) -> Path:
    """Return where an error is, without pydantic's name for the form of `encoding:`."""
    return tuple(step for step in details["loc"] if step not in (STATED, SAVED))


def dotted(path: Sequence[str | int]) -> str:
    """Return a path as text, such as checkpoints[0].seed; an empty path is the file."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{shown(step)[1:-1]}" for step in path)
    return text.removeprefix(".") or "the file"


def did_you_mean(word: str, allowed: Sequence[str]) -> str:
    """Return a cure with the most similar allowed word, if any, and all allowed words."""
    if close := difflib.get_close_matches(word[:80], allowed, n=1):
        return f"did you mean {close[0]}? allowed: {', '.join(allowed)}"
    return f"allowed: {', '.join(allowed)}"


def _refusal(
    path: Path, several: list[ErrorDetails], document: YamlDocument, record: type[Record]
) -> tuple[str, str]:
    """Return message and cure for the errors at one position; those of a union's members are joined."""
    first = several[0]
    name = dotted(path)
    if first["type"] == "extra_forbidden":
        if (number := _number_with_commas(document.value_at(path[:-1]), path[-1])) is not None:
            message = (
                f"{dotted(path)}: between braces a comma ends a value, so that {number} is read as several"
            )
            return message, f"write {number.replace(',', '')}"
        owner = _record_at(record, path[:-1])
        keys = [field.alias or key for key, field in owner.model_fields.items()] if owner else []
        return f"{dotted(path[:-1])}: unknown key {shown(path[-1])}", did_you_mean(str(path[-1]), keys)
    if first["loc"][-1:] == ("[key]",):
        message = f"{dotted(path[:-1])}: the key must be {_expected(first)}, found {shown(path[-1])}"
        return message, _cure(first, path[-1])
    value = document.value_at(path)
    if first["type"] == "value_error" and isinstance(value, (dict, list)):
        return f"{name}: {_reason(first)}", "change one of the keys so that they agree"
    expected = " or ".join(dict.fromkeys(map(_expected, several)))
    # Several errors at one position are those of a union's members: encoding.layer is a word or a number.
    cure = _cure(first, value) if len(several) == 1 else f"write {expected}"
    return f"{name}: expected {expected}, found {shown(value)}", cure


def _number_with_commas(owner: Plain, key: str | int) -> str | None:
    """Return the number that was written with commas between braces, if `key` is a part of one."""
    if not isinstance(owner, dict) or not re.fullmatch(r"[0-9]{3}", str(key)) or owner[str(key)] != "":
        return None
    keys = list(owner)
    groups = [str(key)]
    for earlier in reversed(keys[: keys.index(str(key))]):
        value = owner[earlier]
        if value != "":
            return ",".join([value, *groups]) if isinstance(value, str) and value.isdigit() else None
        groups.insert(0, earlier)
    return None


def _expected(details: ErrorDetails) -> str:
    """Describe in words what an error's type expects."""
    kind, context = details["type"], details.get("ctx", {})
    if kind in ("literal_error", "enum"):
        return re.sub(r"'([^']*)'", r"\1", str(context["expected"]))
    if kind == "string_pattern_mismatch":
        return PATTERNS[str(context["pattern"])][0]
    if kind == "value_error":
        return _reason(details).removeprefix("expected ")
    if kind == "string_too_short" and context["min_length"] == 1:
        return "text"
    if kind in _TYPES:
        return _TYPES[kind].format(**{key: _amount(value) for key, value in context.items()})
    return f"something else ({details['msg']})"


_TYPES = {
    "string_type": "text",
    "int_type": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "finite_number": "a finite number",
    "model_type": "a mapping of keys to values",
    "mapping_type": "a mapping of keys to values",
    "dict_type": "a mapping of keys to values",
    "tuple_type": "a list",
    "string_too_short": "at least {min_length} characters",
    "string_too_long": "at most {max_length} characters",
    "too_short": "a list of at least {min_length}",
    "too_long": "a list of at most {max_length}",
    "greater_than_equal": "a number from {ge}",
    "less_than_equal": "a number up to {le}",
}


def _cure(details: ErrorDetails, value: object) -> str:
    """Return what to write; by default, what the message says was expected."""
    kind = details["type"]
    if kind in ("literal_error", "enum") and isinstance(value, str):
        return did_you_mean(value, _words(details))
    if kind == "string_pattern_mismatch":
        return PATTERNS[str(details["ctx"]["pattern"])][1]
    return _CURES.get(kind) or f"write {_expected(details)}"


_CURES = {
    "model_type": "write `key: value` lines, indented below the key",
    "mapping_type": "write `key: value` lines, indented below the key",
    "dict_type": "write `key: value` lines, indented below the key",
    "tuple_type": "write [a, b], or one `- value` line for each",
    "string_type": "write one line of text",
    "string_too_long": "shorten it",
    "too_long": "shorten the list",
    "string_too_short": "fill it in",
    "too_short": "fill it in",
}


def _words(details: ErrorDetails) -> list[str]:
    return [
        quoted or bare for quoted, bare in re.findall(r"'([^']*)'|(\d+)", str(details["ctx"]["expected"]))
    ]


def _reason(details: ErrorDetails) -> str:
    return str(details["msg"]).removeprefix("Value error, ")


def _amount(value: object) -> object:
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _missing(details: ErrorDetails, where: Where, cure: str) -> Fault:
    loc = _position(details)
    names = ".".join(step for step in loc if isinstance(step, str))
    example = EXAMPLES.get(names, f"{loc[-1]}: …")
    return Fault(
        f"{dotted(loc)}: the key is missing",
        where,
        cure or f"add a line such as `{example}`{_INSTEAD.get(names, '')}",
    )


def _record_at(record: type[Record], path: Path) -> type[Record] | None:
    """Return the record at a path, seen from another record; None if there is no record."""
    current: type[Record] | None = record
    for step in path:
        if current is None:
            return None
        if isinstance(step, int):
            continue
        annotations = {field.alias or key: field.annotation for key, field in current.model_fields.items()}
        if step in annotations:
            current = _record_in(annotations[step])
        # any other step is a key of a mapping of records, which _record_in has unwrapped already
    return current


def _record_in(annotation: Any) -> type[Record] | None:
    if isinstance(annotation, type) and issubclass(annotation, Record):
        return annotation
    records = (_record_in(part) for part in get_args(annotation) if part is not Mapping)
    return next((record for record in records if record), None)
