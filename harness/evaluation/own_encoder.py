"""Encode the texts of a run with an encoder in Python, and hand its vectors to the kinds."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from harness.data.examples import Examples
from harness.evaluation.embeddings import roles_of
from harness.evaluation.run import Run
from harness.kinds.protocols import EncodeByRole
from harness.models.encoder import EncodingReport
from harness.models.own_code import OwnCode
from harness.models.vector_cache import Vectors, VectorSpace
from harness.records import TextRole, View

_BATCH = 1024
# These texts are encoded once more at the end, when the encoder has seen all others.
_COMPARED = 16
_REPORT_SECONDS = 30.0


class Context(NamedTuple):
    """What an encoder that asks for it is told of a text; a language that nobody knows is None."""

    language: str | None
    role: TextRole


@dataclass(frozen=True)
class EncodedByCode:
    """The spaces of the encoder's vectors by context, and the texts without a direction, which have none."""

    encoder: OwnCode
    spaces: Mapping[Context, VectorSpace] = field(default_factory=dict)
    failures: Mapping[Context, frozenset[str]] = field(default_factory=dict)
    report: EncodingReport = field(default_factory=EncodingReport)

    def close(self) -> None:
        """Close the files of every space; a space that is used again reopens them."""
        for space in self.spaces.values():
            space.close()

    def encode(self, _view: View, examples: Examples) -> EncodeByRole:
        """Return the function that gives a kind the vectors of the examples' texts."""

        def vectors(texts: Sequence[str], role: TextRole = TextRole.TEXT) -> Vectors:
            contexts = list(_contexts_of(texts, role, examples, self.encoder))
            found: Vectors | None = None
            for context in dict.fromkeys(contexts):
                rows = [row for row, of_text in enumerate(contexts) if of_text == context]
                part = self.spaces[context].get([texts[row] for row in rows])
                found = np.empty((len(texts), part.shape[1]), np.float32) if found is None else found
                found[rows] = part
            return np.zeros((0, 0), np.float32) if found is None else found

        return vectors

    def why_not(self, _view: View, examples: Examples) -> str | None:
        """Return the reason why the first text without a vector has none; None if all have one."""
        for side, _, number, text, context in _texts_of([examples], self.encoder):
            if text in self.failures.get(context, ()):
                return f"sentence {number} of the {side}: its vector is zero and has no direction"
        return None


def encode_with_code(examples: Sequence[Examples], encoder: OwnCode, run: Run) -> EncodedByCode:
    """Encode the texts of all examples that have no vector in the cache yet.

    Raises BadInput for vectors that are wrong in shape, number or type, or that change between calls.
    """
    texts: dict[Context, dict[str, None]] = {}
    for _, _, _, text, context in _texts_of(examples, encoder):
        texts.setdefault(context, {})[text] = None
    spaces = {context: _space(context, encoder, run) for context in texts}
    missing = {
        context: [text for text in distinct if text not in spaces[context]]
        for context, distinct in texts.items()
    }
    distinct_count, left = sum(map(len, texts.values())), sum(map(len, missing.values()))
    run.reporter.report(
        f"{encoder.name}: {distinct_count:,} distinct texts, {distinct_count - left:,} of them in the cache"
    )
    started = time.monotonic()
    counter = _Counter(left, run, encoder)
    failures: dict[Context, frozenset[str]] = {}
    try:
        for context, lacking in missing.items():
            failures[context] = _encode(lacking, context, spaces[context], encoder, counter)
    finally:
        for space in spaces.values():
            space.close()
    report = EncodingReport(texts=left, seconds=time.monotonic() - started)
    return EncodedByCode(encoder, spaces, failures, report)


def _encode(
    texts: Sequence[str], context: Context, space: VectorSpace, encoder: OwnCode, counter: _Counter
) -> frozenset[str]:
    """Put the vectors of texts into their space, and return the texts that have none."""
    failed: set[str] = set()
    first: Vectors | None = None
    in_order = sorted(texts, key=len)  # an encoder that pads wastes least on texts of one length
    for start in range(0, len(in_order), _BATCH):
        batch = in_order[start : start + _BATCH]
        vectors = encoder.encode(batch, *context)
        first = vectors[:_COMPARED] if first is None else first
        rows = [row for row, vector in enumerate(vectors) if np.isfinite(vector).all()]
        space.put([batch[row] for row in rows], vectors[rows])
        failed.update(set(batch) - {batch[row] for row in rows})
        counter.add(len(batch))
    if first is not None:
        encoder.compare_again(in_order[:_COMPARED], first, *context)
    return frozenset(failed)


class _Counter:
    """Reports how many texts are encoded, every half minute."""

    def __init__(self, total: int, run: Run, encoder: OwnCode) -> None:
        self._total, self._run, self._name = total, run, encoder.name
        self._done, self._started, self._reported = 0, time.monotonic(), time.monotonic()

    def add(self, texts: int) -> None:
        self._done += texts
        now = time.monotonic()
        if now - self._reported >= _REPORT_SECONDS:
            self._reported = now
            left = (self._total - self._done) * (now - self._started) / self._done
            self._run.reporter.report(f"{self._done:,} of {self._total:,} texts, {left:,.0f} s left")


def _space(context: Context, encoder: OwnCode, run: Run) -> VectorSpace:
    return VectorSpace(run.cache, weights=encoder.digest, language=context.language, role=context.role.value)


def _context(language: str | None, role: TextRole, encoder: OwnCode) -> Context:
    """Return what the encoder asks for; texts that differ in nothing else share their vectors."""
    return Context(
        language if "language" in encoder.wants else None, role if "side" in encoder.wants else TextRole.TEXT
    )


def _texts_of(
    examples: Iterable[Examples], encoder: OwnCode
) -> Iterator[tuple[str, TextRole, int, str, Context]]:
    """Yield side, role, number, text and context of every text; a text of two roles is there twice."""
    for of_language in examples:
        for side, texts in of_language.sides.items():
            languages = _languages(of_language, side, len(texts))
            for role in roles_of(of_language, side):
                for number, (text, language) in enumerate(zip(texts, languages, strict=True), start=1):
                    yield side, role, number, text, _context(language, role, encoder)


def _languages(examples: Examples, side: str, count: int) -> Sequence[str | None]:
    language = examples.languages.get(side)
    return [language] * count if language is None or isinstance(language, str) else language


def _contexts_of(
    texts: Sequence[str], role: TextRole, examples: Examples, encoder: OwnCode
) -> Iterator[Context]:
    """Yield the context of each text that a kind asks for: a whole side, or some texts of one."""
    if not encoder.wants:
        yield from [_context(None, role, encoder)] * len(texts)
        return
    for side, of_side in examples.sides.items():
        if role not in roles_of(examples, side):
            continue
        languages = _languages(examples, side, len(of_side))
        if list(of_side) == list(texts):
            yield from (_context(language, role, encoder) for language in languages)
            return
        known = dict(zip(of_side, languages, strict=True))
        if all(text in known for text in texts):
            yield from (_context(known[text], role, encoder) for text in texts)
            return
    raise KeyError(f"no side of the examples has all of the {len(texts)} texts")
