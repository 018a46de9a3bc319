"""The teacher of a distillation: its vectors of English sentences, computed once."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from importlib.metadata import packages_distributions, version
from pathlib import Path
from typing import Any

import numpy as np
import torch

from harness.errors import BadInput
from harness.models.checkpoint import fetch
from harness.models.encoder import Encoder
from harness.models.encoding_choice import choose_encoding
from harness.records import Teacher, View
from harness.training.intermediate.job import EncoderTraining


def teacher_name(teacher: Teacher) -> str:
    """Return the teacher's source; of one in Python, with the version of its distribution."""
    if teacher.python is None:
        return teacher.checkpoint.source
    distributions = packages_distributions().get(teacher.python.partition(".")[0].partition(":")[0], ())
    return " ".join([teacher.python, *(f"({name} {version(name)})" for name in distributions[:1])])


def teacher_identity(teacher: Teacher, submission: Path, cache: Path) -> str:
    """Return the digest of the teacher's files, or the name and version of one in Python."""
    return (
        fetch(teacher.checkpoint, submission, cache).digest
        if teacher.python is None
        else teacher_name(teacher)
    )


def teach(teacher: Teacher, texts: Sequence[str], job: EncoderTraining, task: str) -> torch.Tensor:
    """Return the teacher's vectors, (texts, width) in float32; a killed run finds them in its folder.

    Raises BadInput for a teacher that cannot be opened, and for vectors that are not finite.
    """
    path = job.folder / f"teacher-{task}.npy"
    if path.is_file():
        return torch.from_numpy(np.load(path))
    vectors = (
        _by_checkpoint(teacher, texts, job) if teacher.python is None else _by_object(teacher.python, texts)
    )
    if not np.isfinite(vectors).all():
        raise BadInput(f"{teacher_name(teacher)} gives vectors that are not finite", cure="another teacher")
    unfinished = path.with_suffix(".unfinished.npy")
    np.save(unfinished, vectors)
    unfinished.replace(path)
    return torch.from_numpy(vectors)


def _by_checkpoint(teacher: Teacher, texts: Sequence[str], job: EncoderTraining) -> np.ndarray[Any, Any]:
    files = fetch(teacher.checkpoint, job.submission, job.cache)
    stated = teacher.read_as(folder_says=files.folder_encoding is not None)
    encoding = choose_encoding(stated, files, roles=False)
    encoder = Encoder(
        files,
        [encoding.view],
        max_length=encoding.max_length,
        lower_case=encoding.lower_case,
        device=job.device,
        dtype="float32",
    )
    vectors = np.full((len(texts), encoder.width(encoding.view)), np.nan, dtype=np.float32)

    def keep(_view: View, indices: Any, rows: Any) -> None:
        vectors[indices] = rows

    encoder.encode(texts, prefix=encoding.prefix, sink=keep)
    return vectors


def _by_object(name: str, texts: Sequence[str]) -> np.ndarray[Any, Any]:
    """Import and run the caller's encoder."""
    module, _, attribute = name.partition(":")
    try:
        encoder: Any = importlib.import_module(module)
        for part in attribute.split("."):
            encoder = getattr(encoder, part)
    except (ImportError, AttributeError) as reason:
        raise BadInput(
            f"the teacher {name} cannot be imported: {reason}",
            cure="install its package here; python is package.module:attribute",
        ) from reason
    if isinstance(encoder, type) or not hasattr(encoder, "encode"):
        encoder = encoder()
    vectors = np.asarray(encoder.encode(list(texts)), dtype=np.float32)
    if vectors.ndim != 2 or len(vectors) != len(texts):
        raise BadInput(
            f"the teacher {name} gives an array of shape {vectors.shape} for {len(texts):,} texts",
            cure="encode(list of texts) returns (texts, width)",
        )
    return vectors
