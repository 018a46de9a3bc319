"""Turn what pydantic refuses into faults: where it stands, the value found, and the cure."""

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
from harness.store.yaml.parser import MAX_FAULTS, YamlDocument
from harness.store.yaml.positions import Path

# What each pattern of the records wants, in words, and what to write; a test holds that none is missing.
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
        "write it as its page's address ends, such as FacebookAI/xlm-roberta-large",
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
    r"^https://[A-Za-z0-9.-]+(?:/[^\s<>\"'`\\{}|^]*)?$": (
        "an address that begins with https://",
        "write such as https://example.org/paper",
    ),
    r"^[a-z0-9_.-]+\.parquet$": (
        "a parquet file's name",
        "write lowercase letters, digits, ., _ and - before .parquet",
    ),
}

# A line to copy for each key that a submission cannot do without.
EXAMPLES = {
    "schema": "schema: 1",
    "title": "title: XLM-R large + MNLI",
    "family": "family: xlm-roberta",
    "base": "base: {id: FacebookAI/xlm-roberta-large, revision: <the commit's 40 hexadecimal digits>}",
    "intermediate": "intermediate: {regime: english, tasks: [mnli], languages: [en], examples: 392702}",
    "encoding": "encoding: {layer: last, pooling: mean}",
    "checkpoints": "checkpoints: [{seed: 0, hub: organisation/model, revision: <the commit's 40 hexadecimal digits>}]",
    "submitters": "submitters: [{name: Ada Lovelace, url: https://example.org}]",
    "license": "license: MIT",
    "base.id": "id: FacebookAI/xlm-roberta-large",
    "intermediate.regime": "regime: english",
    "encoding.layer": "layer: last",
    "encoding.pooling": "pooling: mean",
    "submitters.name": "name: Ada Lovelace",
    "reported": "reported: {citation: Ada Lovelace 1843, source: https://example.org, scores: {xnli: {means: {accuracy: 79.2}}}}",
    "reported.citation": "citation: Ada Lovelace 1843. Notes. Table 2",
    "reported.source": "source: https://example.org/paper",
    "reported.scores": "scores: {xnli: {means: {accuracy: 79.2}}}",
}
# What may stand in a required key's place.
_INSTEAD = {"checkpoints": ", or `reported:` with numbers that others published"}


def schema_faults(
    error: ValidationError, document: YamlDocument, record: type[Record], cure: str = ""
) -> list[Fault]:
    """Return one fault per place that the schema refuses, in the order of the file.

    `cure` replaces the cures written for people, for files that only the harness writes.
    """
    places: dict[tuple[Path, bool, bool], list[ErrorDetails]] = {}
    for details in error.errors(include_url=False):
        path = document.nearest(tuple(details["loc"]))
        if details["type"] == "too_short" and len(document.found(path)) >= details["ctx"]["min_length"]:
            continue  # pydantic counts only the items that it accepts
        of_key = details["type"] == "extra_forbidden" or details["loc"][-1:] == ("[key]",)
        places.setdefault((path, of_key, details["type"] == "missing"), []).append(details)
    located = [
        (document.where(path, key=of_key), path, missing, several)
        for (path, of_key, missing), several in places.items()
    ]
    located.sort(key=lambda entry: (entry[0].line or 0, entry[0].column or 0))
    faults: list[Fault] = []
    for where, path, missing, several in located:
        if (
            len(faults) > MAX_FAULTS
        ):  # only their number is told; finding cures for thousands would take seconds
            faults += [Fault("", where)] * len(several)
        elif missing:
            faults += [_missing(details, where, cure) for details in several]
        else:
            message, own_cure = _refusal(path, several, document, record)
            faults.append(Fault(message, where, cure or own_cure))
    return faults


def dotted(path: Sequence[str | int]) -> str:
    """Write a path as people do: checkpoints[0].seed; the whole file where it is empty."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{shown(step)[1:-1]}" for step in path)
    return text.removeprefix(".") or "the file"


def did_you_mean(found: str, allowed: Sequence[str]) -> str:
    """Offer the nearest allowed word, else all of them."""
    if close := difflib.get_close_matches(found[:80], allowed, n=1):
        return f"did you mean {close[0]}? allowed: {', '.join(allowed)}"
    return f"allowed: {', '.join(allowed)}"


def _refusal(
    path: Path, several: list[ErrorDetails], document: YamlDocument, record: type[Record]
) -> tuple[str, str]:
    """Return message and cure for what was found at one place; a union's members count as one refusal."""
    first = several[0]
    name = dotted(path)
    if first["type"] == "extra_forbidden":
        owner = _record_at(record, path[:-1])
        keys = [field.alias or key for key, field in owner.model_fields.items()] if owner else []
        return f"{dotted(path[:-1])}: unknown key {shown(path[-1])}", did_you_mean(str(path[-1]), keys)
    if first["loc"][-1:] == ("[key]",):
        return f"{dotted(path[:-1])}: the key must be {_wanted(first)}, found {shown(path[-1])}", _cure(
            first, path[-1]
        )
    if first["type"] == "value_error" and isinstance(document.found(path), (dict, list)):
        return f"{name}: {_reason(first)}", "change one of the keys so that they agree"
    wanted = " or ".join(dict.fromkeys(map(_wanted, several)))
    found = document.found(path)
    # Several refusals at one place are the members of a union: encoding.layer is a word or a number.
    return f"{name}: expected {wanted}, found {shown(found)}", _cure(first, found) if len(
        several
    ) == 1 else f"write {wanted}"


def _wanted(details: ErrorDetails) -> str:
    """Say in words what an error's type asks for."""
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


def _cure(details: ErrorDetails, found: object) -> str:
    """Say what to write, where that is more than the message's own words."""
    kind = details["type"]
    if kind in ("literal_error", "enum") and isinstance(found, str):
        return did_you_mean(found, _words(details))
    if kind == "string_pattern_mismatch":
        return PATTERNS[str(details["ctx"]["pattern"])][1]
    return _CURES.get(kind) or f"write {_wanted(details)}"


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
    loc = details["loc"]
    names = ".".join(step for step in loc if isinstance(step, str))
    example = EXAMPLES.get(names, f"{loc[-1]}: …")
    return Fault(
        f"{dotted(loc)}: the key is missing",
        where,
        cure or f"add a line such as `{example}`{_INSTEAD.get(names, '')}",
    )


def _record_at(record: type[Record], path: Path) -> type[Record] | None:
    """Walk from a record along a path to the record that holds the last step."""
    here: type[Record] | None = record
    for step in path:
        if here is None:
            return None
        if isinstance(step, int):
            continue
        named = {field.alias or key: field.annotation for key, field in here.model_fields.items()}
        if step in named:
            here = _record_in(named[step])
        # any other step is a key of a mapping of records, which _record_in has unwrapped already
    return here


def _record_in(annotation: Any) -> type[Record] | None:
    if isinstance(annotation, type) and issubclass(annotation, Record):
        return annotation
    found = (_record_in(part) for part in get_args(annotation) if part is not Mapping)
    return next((record for record in found if record), None)
