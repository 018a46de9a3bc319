"""Encode the texts whose vectors are missing from the cache, for all views in the same passes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from harness.data.examples import Examples
from harness.errors import naming_failures
from harness.evaluation.plan import resolve_layer
from harness.evaluation.run import Run
from harness.models.batching import Indices
from harness.models.cache_keys import open_space
from harness.models.checkpoint import CheckpointFiles
from harness.models.encoder import Encoder, EncodingReport
from harness.models.vector_cache import WAITING_BYTES, Vectors, VectorSpace
from harness.records import Encoding, Pooling, View


@dataclass(frozen=True)
class Encoded:
    """For each view its space of vectors, and the texts that have no vector there, with the reason."""

    spaces: Mapping[View, VectorSpace]
    failures: Mapping[View, Mapping[str, str]] = field(default_factory=dict)
    report: EncodingReport = field(default_factory=EncodingReport)

    def close(self) -> None:
        """Close the files of every space; a space that is used again reopens them."""
        for space in self.spaces.values():
            space.close()

    def why_not(self, view: View, examples: Examples) -> str | None:
        """Return the reason why the first text without a vector in a view has none; None if all have one."""
        failures = self.failures.get(view)
        if failures:
            for side, texts in examples.sides.items():
                for number, text in enumerate(texts, start=1):
                    if text in failures:
                        return f"sentence {number} of the {side}: {failures[text]}"
        return None


def declared_view(encoding: Encoding, files: CheckpointFiles) -> View:
    """Return the view that the submission declares, `layer: last` resolved for this checkpoint."""
    return View(resolve_layer(encoding, files), encoding.pooling)


def every_view(files: CheckpointFiles) -> tuple[View, ...]:
    """Return the views of all hidden states in both poolings, from the embeddings to the last layer."""
    return tuple(View(layer, pooling) for layer in range(files.layers + 1) for pooling in Pooling)


def distinct_texts(examples: Iterable[Examples]) -> list[str]:
    """Return each text of the examples once, in order of first occurrence."""
    sides = (side for language_examples in examples for side in language_examples.sides.values())
    return list(dict.fromkeys(text for side in sides for text in side))


def open_spaces(views: Sequence[View], files: CheckpointFiles, run: Run) -> dict[View, VectorSpace]:
    """Open the spaces of several views; they share one limit on the bytes that wait to be written."""
    encoding, waiting = run.submission.encoding, WAITING_BYTES // max(1, len(views))
    return {
        view: open_space(
            run.cache, files, view, encoding, device=run.device, dtype=run.dtype, waiting=waiting
        )
        for view in dict.fromkeys(views)
    }


def missing_texts(texts: Sequence[str], spaces: Mapping[View, VectorSpace]) -> list[str]:
    """Return the texts that lack a vector in some view; only one space's index is in memory at a time."""
    missing: set[str] = set()
    for space in spaces.values():
        missing.update(text for text in texts if text not in space)
        space.close()
    return [text for text in texts if text in missing]


def encode_missing(texts: Sequence[str], views: Sequence[View], files: CheckpointFiles, run: Run) -> Encoded:
    """Encode the texts that lack a vector in some view; the same passes serve all views.

    Vectors are written to the disk as they are made.
    """
    spaces = open_spaces(views, files, run)
    missing = missing_texts(texts, spaces)
    run.reporter.report(
        f"{files.source}: {len(texts):,} distinct texts, {len(texts) - len(missing):,} of them in the cache"
    )
    if not missing:
        return Encoded(spaces)
    encoding = run.submission.encoding
    encoder = Encoder(
        files,
        list(spaces),
        max_length=encoding.max_length,
        device=run.device,
        dtype=run.dtype,
        batch_tokens=run.options.batch_tokens,
    )

    def store_rows(view: View, indices: Indices, rows: Vectors) -> None:
        spaces[view].put([missing[i] for i in indices], rows)

    try:
        with naming_failures(f"{files.source} cannot encode the texts"):
            report = encoder.encode(
                missing, prefix=encoding.prefix, sink=store_rows, progress=run.reporter.encoded
            )
    finally:
        for space in spaces.values():
            space.close()
    failures = {
        view: {missing[index]: reason for index, reason in failed.items()}
        for view, failed in report.failed.items()
    }
    return Encoded(spaces, failures, report)
