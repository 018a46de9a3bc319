"""What a model's card, the head of its README.md, says of the model: read as hints, never as facts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from harness.downloading import download_snapshot
from harness.errors import BadInput, Unreachable
from harness.models.checkpoint.fetching import locate
from harness.records import Checkpoint

CARD = "README.md"
_LONGEST = 1 << 20  # bytes; cards of thousands of lines have a tenth of it
_HEAD = re.compile(r"\A\ufeff?---[ \t]*\r?\n(.*?)^---[ \t]*\r?$", re.DOTALL | re.MULTILINE)
_MOST = 200  # values of one key


@dataclass(frozen=True)
class ModelCard:
    """The keys of a card that a submission has too; empty where the card says nothing of them."""

    license: str = ""
    base_models: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    datasets: tuple[str, ...] = ()


def card_of(checkpoint: Checkpoint, submission: Path) -> ModelCard:
    """Return what a checkpoint's card says; an empty one without a card, and where the Hub does not answer.

    `submission` is the folder that a relative `path:` starts from. Raises BadInput for a repository that the
    Hub refuses.
    """
    if checkpoint.hub is not None:
        try:
            folder = download_snapshot(
                checkpoint.hub, checkpoint.revision or "", CARD.__eq__, check=_refuse_long
            )
        except Unreachable:
            return ModelCard()
    elif checkpoint.path is not None:
        folder = locate(checkpoint.path, submission)
    else:
        return ModelCard()
    path = folder / CARD
    if not path.is_file() or path.stat().st_size > _LONGEST:
        return ModelCard()
    return parse_card(path.read_bytes())


def parse_card(data: bytes) -> ModelCard:
    """Return what the YAML head of a card says. What is of another type or cannot be read is left out."""
    head = _HEAD.match(data.decode("utf-8", "replace"))
    try:
        said = yaml.safe_load(head[1]) if head else None
    except (yaml.YAMLError, ValueError, RecursionError):  # ValueError: such as the date 2026-13-01
        return ModelCard()
    if not isinstance(said, Mapping):
        return ModelCard()
    licenses = _texts(said.get("license"))
    if licenses == ("other",):
        licenses = _texts(said.get("license_name"))
    return ModelCard(
        license=next(iter(licenses), ""),
        base_models=_texts(said.get("base_model")),
        languages=_texts(said.get("language")),
        datasets=_texts(said.get("datasets")),
    )


def _texts(value: object) -> tuple[str, ...]:
    """Return a text, or the texts of a list, that fit on a line."""
    values = value if isinstance(value, list) else [value]
    texts = [text.strip() for text in values[:_MOST] if isinstance(text, str)]
    return tuple(text for text in texts if text and text.isprintable() and len(text) <= _MOST)


def _refuse_long(sizes: Mapping[str, int]) -> None:
    if sizes.get(CARD, 0) > _LONGEST:
        raise BadInput(f"{CARD} has {sizes[CARD]:,} bytes", cure=f"a card of at most {_LONGEST:,}")
