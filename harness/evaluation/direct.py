"""Evaluate a model that is named itself, as a folder or on the Hub: write the submission that it needs.

The submission lies in a folder of outputs, laid out as those in submissions/, so that every command reads it.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal

from harness.errors import BadInput
from harness.models.checkpoint import CheckpointFiles, FolderEncoding, fetch
from harness.models.checkpoint.hub_commit import commit_of
from harness.models.encoding_choice import choose_encoding
from harness.models.own_code import OwnCode
from harness.records import (
    AnyEncoding,
    Base,
    Checkpoint,
    Encoding,
    Intermediate,
    Pooling,
    Regime,
    SavedEncoding,
    Submission,
    Submitter,
)
from harness.records.scalars import SLUG
from harness.store import load_submission, new_trained_submission
from harness.store.naming import NamedModel, training_step
from harness.store.submissions import SUBMISSION_FILE

OUTPUT = Path("evaluations")
"""Where evaluations of models are written unless a folder is named."""

_LONGEST_NAME, _LONGEST_TITLE = 60, 200
_MAX_LENGTH = 512
_GENERAL_NAME = re.compile(
    r"best|checkpoint(-\d+)?|encoder|final|last|model|output|seed-\d+|weights", re.IGNORECASE
)
_UNKNOWN = "unknown"
_FOLDERS = "local"  # in place of an organisation, for models in folders of this machine


@dataclass(frozen=True)
class StatedEncoding:
    """What the caller states of how a text becomes a vector; None where the model or a default decides."""

    layer: int | Literal["last"] | None = None
    pooling: Pooling | None = None
    prefix: str | None = None
    query_prefix: str | None = None
    passage_prefix: str | None = None
    max_length: int | None = None

    @property
    def given(self) -> tuple[str, ...]:
        """Return the names of what is stated, also where it is empty."""
        return tuple(field.name for field in fields(self) if getattr(self, field.name) is not None)

    @property
    def folder_names(self) -> tuple[str, ...]:
        """Return what is stated, in parts of the name of a folder."""
        parts = (
            "" if self.layer in (None, "last") else f"h{self.layer}",
            *(self.pooling or "", self.prefix or "", self.query_prefix or "", self.passage_prefix or ""),
            "" if self.max_length is None else f"len{self.max_length}",
        )
        return tuple(filter(None, map(_slug, parts)))


def submission_of_code(encoder: OwnCode, output: Path) -> Path:
    """Write the submission of the caller's encoder into a folder below `output`, and return that folder."""
    name = _slug(encoder.package) or "encoder"
    submission = _submission(
        f"{encoder.package} {encoder.version}", name, encoder.checkpoint, SavedEncoding()
    )
    folder = _folder(output, name, submission)
    new_trained_submission(folder, submission)
    return folder


def submission_of_model(
    model: NamedModel,
    stated: StatedEncoding,
    output: Path,
    cache: Path,
    report: Callable[[str], None] = lambda message: None,
) -> Path:
    """Write the submission of a model into a folder below `output`, and return that folder.

    The same model, encoded in the same way, always has the same folder, so that an evaluation is resumed.
    Files that are not on this machine are downloaded. `report` receives what was chosen by default. Raises
    BadInput for a model that cannot be opened.
    """
    checkpoint, files, encoding = open_model(model, stated, cache, report)
    title = name_of(model)
    name = _slug(title.rpartition("/")[2]) or "model"
    title = f"encoder of {title}" if files.is_encoder_decoder else title
    submission = _submission(title, name, checkpoint, encoding, base=model.hub)
    at_step = [f"step{checkpoint.step}"] if model.hub and checkpoint.step is not None else []
    folder = _folder(output, "-".join([name, *at_step, *stated.folder_names]), submission)
    new_trained_submission(folder, submission)
    return folder


def submission_in_memory(
    stated: StatedEncoding, files: CheckpointFiles, report: Callable[[str], None]
) -> Submission:
    """Return the submission of a model that is not saved, encoded as its folder would be; none is written."""
    encoding = _encoding(stated, files, report)
    return _submission(files.source, "in-training", Checkpoint(path=str(files.folder)), encoding)


def open_model(
    model: NamedModel, stated: StatedEncoding, cache: Path, report: Callable[[str], None]
) -> tuple[Checkpoint, CheckpointFiles, AnyEncoding]:
    """Return where a model's weights come from, its verified files, and how its texts are encoded.

    Files that are not on this machine are downloaded. Raises BadInput for a model that cannot be opened.
    """
    checkpoint = checkpoint_of(model)
    files = fetch(checkpoint, Path(), cache / "checkpoints")
    return checkpoint, files, _encoding(stated, files, report)


def _submission(
    title: str, name: str, checkpoint: Checkpoint, encoding: AnyEncoding, base: str = ""
) -> Submission:
    """Return the submission of a model as it comes: it is its own base, and what nobody stated is unknown."""
    short = name[:_LONGEST_NAME].rstrip("-.")
    return Submission(
        schema_=1,
        title=title[:_LONGEST_TITLE].strip(),
        family=short,
        base=Base(id=base or f"{_FOLDERS}/{short}", revision=checkpoint.revision),
        intermediate=Intermediate(regime=Regime.NONE),
        encoding=encoding,
        checkpoints=(checkpoint,),
        submitters=(Submitter(name=_UNKNOWN),),
        license=_UNKNOWN,
    )


def name_of(model: NamedModel) -> str:
    """Return a model's id on the Hub, or the name of its folder.

    The name of the folder above comes first where that of the folder says little by itself.
    """
    if model.folder is None:
        return model.hub
    folder = model.folder.resolve()
    return f"{folder.parent.name}-{folder.name}" if _GENERAL_NAME.fullmatch(folder.name) else folder.name


def checkpoint_of(model: NamedModel) -> Checkpoint:
    """Return a model as a checkpoint; of the Hub at its commit."""
    step = training_step(model)
    if model.folder is not None:
        return Checkpoint(path=str(model.folder.resolve()), step=step)
    return Checkpoint(hub=model.hub, revision=commit_of(model.hub, model.revision), step=step)


def _encoding(stated: StatedEncoding, files: CheckpointFiles, report: Callable[[str], None]) -> AnyEncoding:
    """Return how texts are encoded: as stated, and else as the folder says, or by default."""
    query, passage = stated.query_prefix, stated.passage_prefix
    prefixes: dict[str, str | None] = {"query_prefix": query, "passage_prefix": passage}
    if (query is None) != (passage is None):  # the other one is empty
        prefixes = {name: prefix or "" for name, prefix in prefixes.items()}
    folder = files.folder_encoding
    if folder is not None and stated.layer is stated.pooling is None:
        report(f"{files.source} is encoded as sentence-transformers saved it (modules.json)")
        saved = SavedEncoding(prefix=stated.prefix, max_length=stated.max_length, **prefixes)
        return _departing(saved, files) if stated.given else saved
    said = folder if isinstance(folder, FolderEncoding) else None
    length = stated.max_length or min(
        _MAX_LENGTH, files.positions or _MAX_LENGTH, (said and said.max_length) or _tokenizer_limit(files)
    )
    encoding = Encoding(
        layer="last" if stated.layer is None else stated.layer,
        pooling=stated.pooling or (said.poolings[0] if said else Pooling.MEAN),
        prefix=((said and said.prompt) or "") if stated.prefix is None else stated.prefix,
        max_length=length,
        **prefixes,
    )
    if folder is not None:
        return _departing(encoding, files)
    defaults = {
        f"layer last (--layer), which is {files.layers}": stated.layer,
        "pooling mean (--pooling)": stated.pooling,
        "no prefix (--prefix)": stated.prefix if query is passage is None else "stated",
        f"at most {length} tokens (--max-length)": stated.max_length,
    }
    if chosen := [text for text, value in defaults.items() if value is None]:
        report(f"{files.source} does not say how texts are encoded; by default {', '.join(chosen)}")
    return encoding


def _departing(encoding: AnyEncoding, files: CheckpointFiles) -> AnyEncoding:
    """Return the encoding, stated on purpose, as one that departs from the folder if it does."""
    try:
        choose_encoding(encoding, files)
    except BadInput:
        return encoding.model_copy(update={"departs_from_saved": True})
    return encoding


def _tokenizer_limit(files: CheckpointFiles) -> int:
    """Return the tokens that the tokenizer's settings allow, or the default where they do not say."""
    path = files.folder / "tokenizer_config.json"
    settings: dict[str, Any] = json.loads(path.read_bytes()) if path.is_file() else {}
    limit = settings.get("model_max_length")
    return int(limit) if isinstance(limit, int) and limit >= 8 else _MAX_LENGTH


def _folder(output: Path, name: str, submission: Submission) -> Path:
    """Return the folder named after the model, or, where another submission has it, with a digest added."""
    name = name[:_LONGEST_NAME].rstrip("-.")
    digest = hashlib.sha256(submission.model_dump_json().encode()).hexdigest()[:8]
    for folder in (output / name, output / f"{name}-{digest}"):
        if not (folder / SUBMISSION_FILE).exists() or _holds(folder, submission):
            return folder
    raise BadInput(
        f"{folder / SUBMISSION_FILE} is not what stiltboard evaluate wrote",
        cure="name another folder with --output",
    )


def _holds(folder: Path, submission: Submission) -> bool:
    try:
        return load_submission(folder) == submission
    except BadInput:
        return False


def _slug(text: str) -> str:
    """Return text as the name of a folder: lower-case letters and digits, joined by hyphens and dots."""
    words = re.sub(r"[^a-z0-9.]+", "-", text.lower())
    name = re.sub(r"[-.]*([-.])[-.]*", r"\1", words).strip("-.")
    assert not name or re.fullmatch(SLUG, name)
    return name
