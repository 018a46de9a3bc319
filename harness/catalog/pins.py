"""The fingerprints of the official text, and of the text that was official before a correction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from harness.catalog.fingerprints import FINGERPRINTS
from harness.records import FormerPin

# Target → language → the fingerprints that were official, oldest first, none of them that of today. Under
# `English training text` in place of a language are those of the English text that trained heads.
FORMER_PINS: Mapping[str, Mapping[str, tuple[FormerPin, ...]]] = {}


def pinned(target: str, language: str) -> str | None:
    """Return the official text's fingerprint, `sha256:` included; None where none is pinned."""
    digest = FINGERPRINTS.get(target, {}).get(language)
    return f"sha256:{digest}" if digest is not None else None


def former_pin(target: str, language: str, fingerprint: str) -> FormerPin | None:
    """Return the former pin that a fingerprint, `sha256:` included, is of; None if it never was official."""
    former = FORMER_PINS.get(target, {}).get(language, ())
    return next((pin for pin in former if fingerprint == f"sha256:{pin.digest}"), None)


def former_texts(target: str, texts: Mapping[str, str]) -> dict[str, FormerPin]:
    """Return the former pins of a result's texts (`Result.texts`) by language, as far as they are former."""
    pins = {language: former_pin(target, language, text) for language, text in texts.items()}
    return {language: pin for language, pin in pins.items() if pin is not None}


def by_correction(former: Mapping[str, FormerPin]) -> Sequence[tuple[FormerPin, list[str]]]:
    """Group former texts by their correction, its day and its reason: one pin of each, with the languages."""
    groups: dict[tuple[str, str], tuple[FormerPin, list[str]]] = {}
    for language, pin in former.items():
        groups.setdefault((pin.until, pin.reason), (pin, []))[1].append(language)
    return list(groups.values())
