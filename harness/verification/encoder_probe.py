"""Probe an encoder: how far its vectors move when drawn texts are changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from harness.data.bitext import Bitext
from harness.data.examples import Examples, RowExamples
from harness.evaluation.embeddings import distinct_texts, encode_missing, roles_of
from harness.evaluation.run import Run
from harness.evaluation.target_plan import TargetPlan
from harness.kinds.protocols import Encode
from harness.kinds.registry import EMBEDDED
from harness.models.checkpoint import CheckpointFiles
from harness.records import Pooling, TextEncoding, TextRole, View
from harness.scoring.outcomes import values_of
from harness.verification.drawing import Comparison, Draw, LanguageProbe, Stored
from harness.verification.perturbations import changed
from harness.verification.singularity import Distances, Singularity, singularity, vector_distances
from harness.verification.unseen import lead
from harness.verification.variants import COMPARED, CONTEXT, ORIGINAL, Variant, pair, variants

# Tokens of a text below a head, where the submission states none.
_HEAD_LENGTH = 512


def probe_encoder(
    plan: TargetPlan, files: CheckpointFiles, run: Run, draw: Draw, stored: Stored
) -> Iterator[LanguageProbe]:
    """Probe the declared view, or for a target with a head, which is trained here, the encoder below it.

    Raises BadInput where the checkpoint cannot be opened; a text without a vector is left out.
    """
    encoding = _encoding(plan, files, run)
    view = encoding.view
    drawn = {language: _drawn(examples, language, draw) for language, examples in plan.examples.items()}
    unseen = _drawn_unseen(plan, draw)
    texts = distinct_texts(unseen.values(), encoding)
    for language, lists in drawn.items():
        for side, side_texts in lists.items():
            prefix = encoding.prefix_of(_role(plan.examples[language], side))
            texts.setdefault(prefix, []).extend(all_variants(side_texts, draw.seed))
    distinct = {prefix: list(dict.fromkeys(prefixed)) for prefix, prefixed in texts.items()}
    encoded = encode_missing(distinct, [view], files, encoding, run)
    encode = encoded.encode(view)
    for language, lists in drawn.items():
        examples = plan.examples[language]
        roles = {side: _role(examples, side) for side in lists}
        failed = {
            side: encoded.failures.get((view, encoding.prefix_of(role)), {}) for side, role in roles.items()
        }
        readable = {
            side: [text for text in texts if not any(map(failed[side].get, all_variants([text], draw.seed)))]
            for side, texts in lists.items()
        }
        probed = LanguageProbe(
            language,
            compare_lists(
                readable, {side: partial(encode, role=role) for side, role in roles.items()}, draw.seed
            ),
        )
        if not isinstance(examples, Bitext) or any(failed.values()):
            yield probed
            continue
        if not plan.target.has_head and language in stored:
            rows = draw.rows(len(examples), language)
            outcomes = EMBEDDED[plan.target.kind].run(plan.target, examples.rows(rows), encode)
            # The nearest of all sentences is also the nearest of some: what was right before is right now.
            lost = _correct(stored[language].take(rows)) & ~_correct(outcomes)
            probed = replace(probed, n=len(rows), contradicted=int(np.sum(lost)))
        if language in unseen:
            pairs = examples.rows(draw.rows(len(examples), language))
            probed = replace(probed, lead=lead(pairs, unseen[language], encode))
        yield probed
    encoded.close()


def _encoding(plan: TargetPlan, files: CheckpointFiles, run: Run) -> TextEncoding:
    """Return the target's encoding; below a head the last layer, pooled by mean."""
    if not plan.target.has_head:
        return plan.encoding
    stated = run.submission.encoding
    length = min(stated.max_length or _HEAD_LENGTH, files.positions or _HEAD_LENGTH)
    return TextEncoding(View(files.layers, Pooling.MEAN), stated.prefix or "", length)


def _role(examples: Examples, side: str) -> TextRole:
    return roles_of(examples, side)[0]


def _drawn_unseen(plan: TargetPlan, draw: Draw) -> Mapping[str, Bitext]:
    """Return the drawn unseen pairs of each language of a target that is scored by retrieval."""
    return {
        language: pairs.rows(draw.rows(len(pairs), "unseen", language))
        for language, pairs in draw.unseen.items()
        if plan.target.kind == "retrieval" and language in plan.examples
    }


def _correct(outcomes: pa.Table) -> NDArray[np.bool_]:
    return values_of(outcomes["correct"]).astype(bool)


def _drawn(examples: Examples, language: str, draw: Draw) -> Mapping[str, Sequence[str]]:
    """Return the drawn texts by list: the same rows of all lists where these are columns of a table."""
    if isinstance(examples, RowExamples):
        return examples.rows(draw.rows(len(examples), language)).sides
    return {
        side: [texts[row] for row in draw.rows(len(texts), language, side)]
        for side, texts in examples.sides.items()
    }


def all_variants(texts: Sequence[str], seed: str) -> list[str]:
    """Return the texts and every variant of them that is compared, each once."""
    return list(
        dict.fromkeys(changed(text, variant, seed) for text in texts for variant in variants(COMPARED))
    )


def compare_lists(
    lists: Mapping[str, Sequence[str]], encoders: Mapping[str, Encode], seed: str
) -> Mapping[Comparison, Singularity]:
    """Compare what each change does to the vectors of the texts of each list; empty lists are left out."""
    return {
        (side, change): _compare(list(dict.fromkeys(texts)), change, encoders[side], seed)
        for side, texts in lists.items()
        if texts
        for change in COMPARED
    }


def _compare(texts: Sequence[str], change: str, encode: Encode, seed: str) -> Singularity:
    def step(variant: Variant, changed_variant: Variant) -> Distances:
        return vector_distances(
            *(encode([changed(text, v, seed) for text in texts]) for v in (variant, changed_variant))
        )

    alone, in_context = pair(change)
    return singularity(step(ORIGINAL, alone), step((CONTEXT,), in_context))
