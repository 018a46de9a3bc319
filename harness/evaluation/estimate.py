"""Estimate what an evaluation would compute: the same plan as a run, a few of its passes timed, nothing written."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from harness.errors import Fault
from harness.evaluation.embeddings import (
    declared_view,
    distinct_texts,
    every_view,
    missing_texts,
    open_spaces,
)
from harness.evaluation.plan import TargetPlan, make_plan
from harness.evaluation.resume import Resumed, resume
from harness.evaluation.run import Options, Run
from harness.evaluation.sweep import open_sweeps
from harness.kinds.registry import EMBEDDED
from harness.models.checkpoint import CheckpointFiles
from harness.models.encoder import Encoder
from harness.models.vector_cache import WAITING_BYTES
from harness.reporter import Reporter, Silent

# What the interpreter, torch and transformers take before a weight is loaded, measured on Linux.
_BASE_BYTES = 700 * 2**20
# Search reaches about this share of the speed of a bare product: the rest goes into finding the best of each
# row.
_SEARCH_SHARE = 0.5
_PRODUCT = (1024, 4096)
Part = tuple[TargetPlan, str]  # one target and one of its languages


@dataclass(frozen=True)
class Estimate:
    """What is left to do: `texts` to encode of `distinct`, what that takes in bytes and seconds, and what could not be read."""

    targets: tuple[tuple[str, int, int], ...]  # name, languages left, texts in them
    distinct: int
    texts: int
    tokens: int
    passes: int
    views: int
    similarities: int
    disk: int
    memory: int
    encoding_seconds: float
    search_seconds: float
    heads: tuple[tuple[str, str], ...] = ()  # name, what is trained and predicted; not in the time
    unreadable: tuple[Fault, ...] = ()

    @property
    def seconds(self) -> float:
        """Return the whole time."""
        return self.encoding_seconds + self.search_seconds

    def text(self) -> str:
        """Return the estimate for people."""
        lines = [
            (name, f"{languages} languages to measure, {texts:,} texts in them")
            for name, languages, texts in self.targets
        ]
        lines += [
            (
                "to encode",
                f"{self.texts:,} texts of {self.distinct:,} distinct ones (the rest is in the cache), {self.tokens:,} tokens",
            ),
            ("passes", f"{self.passes:,}, read off in {self.views} view{'' if self.views == 1 else 's'}"),
            ("similarities", f"{self.similarities:,}"),
            ("disk", f"{_bytes(self.disk)} of vectors in the cache"),
            ("memory", f"about {_bytes(self.memory)}"),
            (
                "time",
                f"about {_duration(self.seconds)} (encoding {_duration(self.encoding_seconds)}, search {_duration(self.search_seconds)})",
            ),
        ]
        lines += [(name, f"{what}; not in the time above") for name, what in self.heads]
        width = max(len(label) for label, _ in lines)
        return "\n".join(f"  {label.ljust(width)}  {what}" for label, what in lines)


def estimate(
    folder: Path | str,
    targets: Sequence[str] = (),
    languages: Sequence[str] = (),
    options: Options | None = None,
    reporter: Reporter | None = None,
) -> Estimate:
    """Return what `evaluate` with the same arguments would compute.

    The submission's checkpoints and the text are fetched and read as a run would; of the planned passes some,
    spread over all lengths, are made and timed. Raises what `evaluate` raises before it encodes.
    """
    plan = make_plan(Path(folder), targets, languages, options or Options(), reporter or Silent())
    resumed, faults = resume(plan)
    embedded = [target for target in resumed if target.plan.head is None]
    sweeps = open_sweeps([target.plan for target in embedded], plan.run)
    parts = []
    for seed, files in plan.checkpoints.items():
        todo = [(target.plan, language) for target in embedded for language in target.unfinished(seed)]
        swept = [
            (sweeping.plan, language) for sweeping in sweeps for language in sweeping.unfinished(seed, files)
        ]
        parts.append(_Part(files, todo, swept, plan.run))
    broken = [(target.name, *why) for target in resumed for why in target.plan.unreadable.items()]
    heads = tuple((target.name, _head_text(target)) for target in resumed if target.plan.head is not None)
    return _sum(
        parts, heads, (*faults, *(Fault(f"{name} {language}: {reason}") for name, language, reason in broken))
    )


def _head_text(resumed: Resumed) -> str:
    """Say what is left to do for a target with a head: the training's steps and the examples to predict."""
    plan = resumed.plan
    seeds = [seed for seed in plan.checkpoints if resumed.unfinished(seed)]
    left = [(seed, language) for seed in seeds for language in resumed.unfinished(seed)]
    count = sum(len(plan.examples[language]) for _, language in left)
    predicted = f"{count:,} {plan.target.unit} in {len(left)} languages to predict"
    recipe = plan.head.recipe if plan.head else None
    if recipe is None or resumed.training is None or not seeds:
        return predicted
    examples = recipe.taken(len(resumed.training.train))
    steps = math.ceil(examples / recipe.batch_size) * recipe.epochs
    return (
        f"a head{'' if len(seeds) == 1 else ' a seed'} on {examples:,} English examples, {recipe.epochs} epochs, about {steps:,} steps of "
        f"{recipe.batch_size}, unless it is in the cache; {predicted}"
    )


class _Part:
    """What one checkpoint takes."""

    def __init__(self, files: CheckpointFiles, todo: Sequence[Part], swept: Sequence[Part], run: Run) -> None:
        """Plan the cells to score in the declared view, and those to score in every view."""
        encoding = run.submission.encoding
        every = every_view(files) if swept else ()
        self.views = len({declared_view(encoding, files), *every})
        examples = {
            (plan.target.name, language): plan.examples[language] for plan, language in [*todo, *swept]
        }
        self.targets = [(name, sum(map(len, each.sides.values()))) for (name, _), each in examples.items()]
        self.similarities = sum(map(_similarities, todo)) + len(every) * sum(map(_similarities, swept))
        texts = distinct_texts(examples.values())
        views = list(dict.fromkeys([declared_view(encoding, files), *every]))
        missing = missing_texts(texts, open_spaces(views, files, run))
        self.distinct, self.texts, self.tokens, self.passes, self.seconds = (
            len(texts),
            len(missing),
            0,
            0,
            0.0,
        )
        self.hidden = files.width
        if missing:
            run.reporter.report("a few passes are timed")
            encoder = Encoder(
                files,
                views,
                max_length=encoding.max_length,
                device=run.device,
                dtype=run.dtype,
                batch_tokens=run.options.batch_tokens,
            )
            tried = encoder.rehearse(missing, prefix=encoding.prefix)
            self.tokens, self.passes, self.seconds, self.hidden = (
                tried.tokens,
                tried.passes,
                tried.seconds,
                encoder.hidden_size,
            )
        self.disk = len(missing) * len(views) * (4 * self.hidden + 16)
        largest = max((texts for _, texts in self.targets), default=0)
        weights = sum(path.stat().st_size for path in files.weight_files)
        # The largest cell's vectors, once as they are, once in float64; the texts to encode as Python holds
        # them.
        self.memory = (
            _BASE_BYTES + weights + 3 * largest * 4 * self.hidden + 2 * sum(map(len, missing)) + WAITING_BYTES
        )


def _similarities(part: Part) -> int:
    plan, language = part
    return EMBEDDED[plan.target.kind].similarities(plan.examples[language])


def _sum(
    parts: Sequence[_Part], heads: tuple[tuple[str, str], ...], unreadable: tuple[Fault, ...]
) -> Estimate:
    similarities = sum(part.similarities for part in parts)
    hidden = max((part.hidden for part in parts), default=0)
    rate = _product_rate(hidden) if similarities else 1.0
    counted: dict[str, list[int]] = {}
    for part in parts:
        for name, texts in part.targets:
            counted.setdefault(name, []).append(texts)
    return Estimate(
        targets=tuple((name, len(texts), sum(texts)) for name, texts in counted.items()),
        distinct=sum(part.distinct for part in parts),
        texts=sum(part.texts for part in parts),
        tokens=sum(part.tokens for part in parts),
        passes=sum(part.passes for part in parts),
        views=max((part.views for part in parts), default=0),
        similarities=similarities,
        disk=sum(part.disk for part in parts),
        memory=max((part.memory for part in parts), default=0),
        encoding_seconds=sum(part.seconds for part in parts),
        search_seconds=2 * similarities * hidden / (rate * _SEARCH_SHARE),
        heads=heads,
        unreadable=unreadable,
    )


def _product_rate(hidden: int) -> float:
    """Return the operations a second of a float32 product of this width, the best of some."""
    rng = np.random.default_rng(0)
    left, right = (rng.standard_normal((rows, hidden), dtype=np.float32) for rows in _PRODUCT)
    seconds = []
    for _ in range(4):
        started = time.perf_counter()
        left @ right.T
        seconds.append(time.perf_counter() - started)
    return 2 * hidden * _PRODUCT[0] * _PRODUCT[1] / min(seconds)


def _bytes(count: int) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"


def _duration(seconds: float) -> str:
    if seconds < 100:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes / 60:.1f} h"
