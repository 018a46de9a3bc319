"""Controls of one checkpoint, measured while its weights exist, and the files that keep them.

Scores at every layer and in both poolings are files of the row (`<target>.layers.yaml`), and dev scores at
equal steps are in `training.yaml`; here is the rest: how far vectors moved, and an early checkpoint's scores.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from filelock import FileLock
from numpy.typing import NDArray
from pydantic import BeforeValidator, Field

from harness.catalog.tasks import find_task
from harness.data.training_text import load_whole
from harness.errors import Fault
from harness.models.batching import Indices
from harness.models.checkpoint import CheckpointFiles
from harness.models.encoder import Encoder
from harness.models.vector_cache import Vectors
from harness.records import Encoding, Pooling, Record, View
from harness.records.scalars import Count, Digest, Language, Number, Slug, Tag, integer
from harness.store.files import plain_record, read_file, replace_file, typed
from harness.store.yaml.parser import DEFAULT_LIMIT, dump, parse, refuse

LINES = 1000
LANGUAGES = (
    "ar", "he", "vi", "id", "eu", "ta", "te", "de", "hi", "fr", "es", "ru", "ja", "ka", "ko", "th", "sw",
    "zh", "tr", "et", "fi",
)  # fmt: skip
"""The languages of XTREME in which NTREX-128 exists."""


class EarlyScores(Record):
    """The checkpoint after some steps: its drift and its scores in points, by language."""

    step: Count
    weights: Digest
    drift: Mapping[Language, Number]
    scores: Mapping[Tag, Mapping[Language, Number]]


class SeedControls(Record):
    """Controls of one seed. `drift` is the mean cosine of a sentence's vectors before and after the training.

    `seconds` are those of each step of the work, as far as it was not interrupted, of one processor thread.
    """

    seed: Count
    weights: Digest
    drift: Mapping[Language, Number]
    early: tuple[EarlyScores, ...] = ()
    seconds: Mapping[Tag, Number]


class Controls(Record):
    """experiments.reference.control_records/<slug>.yaml: the controls of a submission's seeds."""

    schema_: Annotated[Literal[1], BeforeValidator(integer), Field(alias="schema")]
    submission: Slug
    lines: Count
    seeds: tuple[SeedControls, ...]


def load_controls(folder: Path, slug: str) -> tuple[SeedControls, ...]:
    """Return the controls of a submission's seeds that are on record."""
    path = folder / f"{slug}.yaml"
    if not path.is_file():
        return ()
    document = parse(read_file(path, DEFAULT_LIMIT, "run the grid"), str(path))
    faults: list[Fault] = []
    controls = typed(Controls, document, faults)
    if controls is None:
        refuse(faults)
    return controls.seeds


def add_controls(folder: Path, slug: str, added: SeedControls) -> Path:
    """Write the controls of one seed next to those of the others, and return the file's path."""
    others = [seed for seed in load_controls(folder, slug) if seed.seed != added.seed]
    seeds = tuple(sorted((*others, added), key=lambda seed: seed.seed))
    path = folder / f"{slug}.yaml"
    folder.mkdir(parents=True, exist_ok=True)
    record = Controls(schema_=1, submission=slug, lines=LINES, seeds=seeds)
    replace_file(path, dump(plain_record(record)).encode())
    return path


class Drift:
    """The first lines of NTREX-128 in 21 languages, and an untouched encoder's vectors of them."""

    def __init__(
        self, untouched: CheckpointFiles, encoding: Encoding, data: Path | None, cache: Path
    ) -> None:
        """Encode the lines by the untouched encoder, or read its vectors from `cache`."""
        task, self._encoding = find_task("ntrex"), encoding
        self._texts: list[str] = []
        for language in LANGUAGES:
            lines = load_whole(task, language, data)[0].sides["sentences"]
            self._texts.extend(lines[:LINES])
        key = hashlib.sha256(f"{untouched.digest} {encoding.model_dump_json()} {LINES}".encode()).hexdigest()
        path = cache / f"drift-{key[:16]}.npy"
        cache.mkdir(parents=True, exist_ok=True)
        with FileLock(path.with_suffix(".lock")):  # both regimes of a depth need the same vectors
            if not path.is_file():
                partial = path.with_suffix(".partial.npy")
                np.save(partial, self._encode(untouched))
                partial.replace(path)
        self._before: NDArray[np.float32] = np.load(path)

    def _encode(self, files: CheckpointFiles) -> NDArray[np.float32]:
        layer = files.layers if self._encoding.layer == "last" else self._encoding.layer
        encoder = Encoder(
            files,
            [View(layer, Pooling(self._encoding.pooling))],
            max_length=self._encoding.max_length,
            device="cpu",
            dtype="float32",
        )
        vectors = np.zeros((len(self._texts), encoder.hidden_size), dtype=np.float32)

        def keep(_view: View, indices: Indices, rows: Vectors) -> None:
            vectors[indices] = rows

        encoder.encode(self._texts, prefix=self._encoding.prefix, sink=keep)
        return vectors

    def of(self, files: CheckpointFiles) -> dict[str, float]:
        """Return the mean cosine of a sentence's vectors by both encoders, by language."""
        after = self._encode(files)
        lengths = np.linalg.norm(self._before, axis=1) * np.linalg.norm(after, axis=1)
        cosines = (self._before * after).sum(axis=1) / lengths
        return {
            language: round(float(part.mean()), 4)
            for language, part in zip(LANGUAGES, np.split(cosines, len(LANGUAGES)), strict=True)
        }
