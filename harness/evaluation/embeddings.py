"""Encode the texts whose vectors are missing from the cache, for all views in the same passes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from harness.data.examples import Examples
from harness.errors import naming_failures
from harness.evaluation.run import Run
from harness.kinds.protocols import EncodeByRole
from harness.models.batching import Indices
from harness.models.cache_keys import RememberedAddresses, open_space
from harness.models.checkpoint import CheckpointFiles
from harness.models.encoder import Encoder, EncodingReport
from harness.models.vector_cache import WAITING_BYTES, Vectors, VectorSpace
from harness.records import SWEPT, TextEncoding, TextRole, View
from harness.reporter import Reporter

# What the vectors of one space share: how they are read, and what precedes the text.
SpaceKey = tuple[View, str]
# Prefix → the distinct texts that it precedes.
Texts = Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class Encoded:
    """For each view and prefix its space of vectors, and why some texts have no vector there."""

    encoding: TextEncoding
    spaces: Mapping[SpaceKey, VectorSpace] = field(default_factory=dict)
    failures: Mapping[SpaceKey, Mapping[str, str]] = field(default_factory=dict)
    report: EncodingReport = field(default_factory=EncodingReport)

    def close(self) -> None:
        """Close the files of every space; a space that is used again reopens them."""
        for space in self.spaces.values():
            space.close()

    def encode(self, view: View, _examples: Examples | None = None) -> EncodeByRole:
        """Return the function that gives a kind the vectors of a view."""

        def vectors(texts: Sequence[str], role: TextRole = TextRole.TEXT) -> Vectors:
            return self.spaces[view, self.encoding.prefix_of(role)].get(texts)

        return vectors

    def why_not(self, view: View, examples: Examples) -> str | None:
        """Return the reason why the first text without a vector in a view has none; None if all have one."""
        for side, texts in examples.sides.items():
            for role in roles_of(examples, side):
                failures = self.failures.get((view, self.encoding.prefix_of(role)), {})
                for number, text in enumerate(texts if failures else (), start=1):
                    if text in failures:
                        return f"sentence {number} of the {side}: {failures[text]}"
        return None


def every_view(files: CheckpointFiles) -> tuple[View, ...]:
    """Return the views of all hidden states in both swept poolings, from the embeddings to the last layer."""
    return tuple(View(layer, pooling) for layer in range(files.layers + 1) for pooling in SWEPT)


def roles_of(examples: Examples, side: str) -> tuple[TextRole, ...]:
    """Return what the texts of a side are; in some targets they are queries and passages in turn."""
    return examples.roles.get(side, (TextRole.TEXT,))


def distinct_texts(examples: Iterable[Examples], encoding: TextEncoding) -> dict[str, list[str]]:
    """Return for each prefix the distinct texts that it precedes, in order of first occurrence."""
    texts: dict[str, dict[str, None]] = {}
    for language_examples in examples:
        for side, side_texts in language_examples.sides.items():
            for role in roles_of(language_examples, side):
                texts.setdefault(encoding.prefix_of(role), {}).update(dict.fromkeys(side_texts))
    return {prefix: list(distinct) for prefix, distinct in texts.items()}


class CheckpointEncoder:
    """A checkpoint that is opened where a text has to be encoded, or its state is not known to the cache."""

    def __init__(
        self, views: Sequence[View], files: CheckpointFiles, encoding: TextEncoding, run: Run
    ) -> None:
        self.views = tuple(dict.fromkeys(views))
        self._files, self._encoding, self._run = files, encoding, run

    @cached_property
    def encoder(self) -> Encoder:
        """Open the checkpoint."""
        return Encoder(
            self._files,
            self.views,
            max_length=self._encoding.max_length,
            lower_case=self._encoding.lower_case,
            device=self._run.device,
            dtype=self._run.dtype,
            batch_tokens=self._run.options.batch_tokens,
        )

    def open_spaces(self, prefixes: Iterable[str]) -> dict[SpaceKey, VectorSpace]:
        """Open the spaces of all views and prefixes; they share one limit on what waits to be written."""
        keys = [(view, prefix) for view in self.views for prefix in prefixes]
        device, dtype, cache = self._run.device, self._run.dtype, self._run.cache
        remembered = RememberedAddresses(cache, self._files, device=device, dtype=dtype)
        layers = {view.layer for view in self.views}
        if unknown := [layer for layer in layers if remembered.get(layer) is None]:
            remembered.put({layer: self.encoder.address(layer) for layer in unknown})
        return {
            (view, prefix): open_space(
                cache,
                remembered.get(view.layer) or self.encoder.address(view.layer),
                self._files,
                view,
                prefix,
                self._encoding,
                device=device,
                dtype=dtype,
                waiting=WAITING_BYTES // max(1, len(keys)),
            )
            for view, prefix in keys
        }


def missing_texts(texts: Texts, spaces: Mapping[SpaceKey, VectorSpace]) -> dict[str, list[str]]:
    """Return for each prefix the texts that lack a vector in some view; one index at a time is in memory."""
    missing: dict[str, set[str]] = {prefix: set() for prefix in texts}
    for (_, prefix), space in spaces.items():
        missing[prefix].update(text for text in texts[prefix] if text not in space)
        space.close()
    return {
        prefix: [text for text in texts[prefix] if text in missing[prefix]]
        for prefix in texts
        if missing[prefix]
    }


def encode_missing(
    texts: Texts, views: Sequence[View], files: CheckpointFiles, encoding: TextEncoding, run: Run
) -> Encoded:
    """Encode the texts that lack a vector in some view; the same passes serve all views.

    Vectors are written to the disk as they are made.
    """
    checkpoint = CheckpointEncoder(views, files, encoding, run)
    spaces = checkpoint.open_spaces(texts)
    missing = missing_texts(texts, spaces)
    distinct, lacking = (sum(map(len, part.values())) for part in (texts, missing))
    run.reporter.report(
        f"{files.source}: {distinct:,} distinct texts, {distinct - lacking:,} of them in the cache"
    )
    if not missing:
        return Encoded(encoding, spaces)
    encoder = checkpoint.encoder
    with naming_failures(f"{files.source} cannot encode the texts"):
        return encode_into(spaces, missing, encoder, encoding, run.reporter)


def encode_into(
    spaces: Mapping[SpaceKey, VectorSpace],
    texts: Texts,
    encoder: Encoder,
    encoding: TextEncoding,
    reporter: Reporter,
) -> Encoded:
    """Encode texts, and put their vectors into the spaces of all views of the encoder."""
    failures, reports = dict[SpaceKey, Mapping[str, str]](), []
    try:
        for prefix, prefixed in texts.items():
            report = encoder.encode(
                prefixed,
                prefix=prefix,
                sink=_storing(spaces, prefixed, prefix),
                progress=reporter.encoded,
            )
            reports.append(report)
            failures |= {
                (view, prefix): {prefixed[index]: reason for index, reason in failed.items()}
                for view, failed in report.failed.items()
            }
    finally:
        for space in spaces.values():
            space.close()
    return Encoded(encoding, spaces, failures, EncodingReport.joined(reports))


def _storing(
    spaces: Mapping[SpaceKey, VectorSpace], texts: Sequence[str], prefix: str
) -> Callable[[View, Indices, Vectors], None]:
    def store_rows(view: View, indices: Indices, rows: Vectors) -> None:
        spaces[view, prefix].put([texts[i] for i in indices], rows)

    return store_rows
