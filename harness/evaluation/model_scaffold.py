"""Scaffold the submission of a model: what its files say is filled in, the rest is left to a person."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from harness.catalog.tasks import TASKS
from harness.evaluation.direct import StatedEncoding, name_of, open_model
from harness.models.checkpoint import CheckpointFiles
from harness.models.hub_card import CARD, ModelCard, card_of
from harness.records.scalars import HUB_ID, TAG
from harness.store.files import plain_record
from harness.store.model_submission import refuse_taken
from harness.store.naming import NamedModel
from harness.store.scaffold import Parts, new_submission
from harness.store.yaml.parser import dump

# A Hub data set's name, or a part of it, by the name that a task has under `trained_on`.
_SEEN: Mapping[str, str] = {task.seen: task.seen for task in TASKS} | {
    "all-nli": "nli",
    "multi_nli": "mnli",
    "stsb_multi_mt": "stsb",
}
_LONGEST_TAG = 64
_WIDTH = 100


def new_submission_of_model(
    root: Path,
    slug: str,
    model: NamedModel,
    cache: Path,
    *,
    title: str = "",
    family: str = "",
    report: Callable[[str], None] = lambda message: None,
) -> Path:
    """Scaffold the submission of a folder or a repository of the Hub, and return its submission.yaml.

    Source, encoding and size come from the files that an evaluation would open, and are checked as there;
    base, licence and data sets from the model's card, each marked as its word. Raises BadInput for a model
    that cannot be opened, and for a slug that is taken.
    """
    refuse_taken(root, slug)
    checkpoint, files, encoding = open_model(model, StatedEncoding(), cache, report)
    card = card_of(checkpoint, root / slug)
    parts = replace(
        _said_by_card(card),
        encoding=dump({"encoding": plain_record(encoding)}),
        checkpoints=_size(files) + dump({"checkpoints": [plain_record(checkpoint)]}),
    )
    return new_submission(root, slug, title=title or name_of(model), family=family, parts=parts)


def _size(files: CheckpointFiles) -> str:
    total, body = files.parameters.total, files.parameters.body
    size = f"{total:,} parameters, {body:,} without embeddings"
    return f"# {files.layers} layers of width {files.width}: {size}.\n"


def _said_by_card(card: ModelCard) -> Parts:
    """Return the parts that a card speaks of; a comment tells whose word it is."""
    parts = Parts()
    bases = [base for base in card.base_models if re.fullmatch(HUB_ID, base)]
    if bases:
        others = f" (it names {len(bases)}: {', '.join(bases)})" if len(bases) > 1 else ""
        base = dump({"base": {"id": bases[0], "revision": None}})
        parts = replace(parts, base=_word("the base", others) + base)
    if card.datasets:
        tags = dict.fromkeys(filter(None, map(_tag, card.datasets)))
        listed = _word("these data sets") + _comment(", ".join(card.datasets))
        parts = replace(parts, trained_on=listed + dump({"trained_on": [*tags, "<what it leaves out>"]}))
    if card.languages:
        languages = _comment(f"Languages, by the card: {', '.join(card.languages)}.")
        parts = replace(parts, trained_on=languages + parts.trained_on)
    if card.license:
        parts = replace(parts, license=_word("the licence") + dump({"license": card.license}))
    return parts


def _word(what: str, more: str = "") -> str:
    return f"# The model's card ({CARD}) names {what}{more}; check what it says.\n"


def _comment(text: str) -> str:
    lines = textwrap.wrap(text, _WIDTH, break_long_words=False, break_on_hyphens=False)
    return "".join(f"# {line}\n" for line in lines)


def _tag(dataset: str) -> str:
    """Return the name of a Hub data set under `trained_on`; empty where it makes none."""
    name = re.sub(r"[^a-z0-9._-]+", "-", dataset.rpartition("/")[2].lower()).strip("-._")
    name = _SEEN.get(name, name)
    return name if re.fullmatch(TAG, name) and len(name) <= _LONGEST_TAG else ""
