"""Turn a target into examples, from the Hub, a raw folder or the bundled set: one record and one fingerprint, whichever the source."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from harness.data import bitext
from harness.data.examples import Examples
from harness.errors import BadInput
from harness.fingerprints import FINGERPRINTS
from harness.records import Target

_SOURCES: dict[str, Callable[[str, Path | None], Examples]] = {
    "tatoeba": bitext.tatoeba,
    "jupyterlab": bitext.jupyterlab,
}


def load_examples(target: Target, language: str, data: Path | None = None) -> Examples:
    """Return the examples of a target in one language, checked against the catalog's count and fingerprint.

    `data` is a folder of raw layouts, read from `data/<target>`; without it the Hub (or, for the demonstration, the
    installed wheels) is asked. Raises BadInput for text that is missing, malformed or not the official one.
    """
    if language not in target.languages:
        raise BadInput(f"target {target.name} has no language {language!r}", cure=f"one of: {' '.join(target.languages)}")
    examples = _SOURCES[target.name](language, data)
    official = FINGERPRINTS.get(target.name, {}).get(language)
    expected = target.sizes.get(language)
    if expected is not None and len(examples) != expected:
        raise BadInput(
            f"{target.name} {language} has {len(examples):,} {target.unit} in {examples.source}, the official set has {expected:,}",
            cure="download it again",
        )
    if official and examples.fingerprint != f"sha256:{official}":
        raise BadInput(
            f"the text of {target.name} {language} in {examples.source} has the fingerprint {examples.fingerprint}, "
            f"the official set has sha256:{official}",
            cure="scores on another text are not comparable: take the official files unchanged",
        )
    return examples
