"""Estimate the work of an evaluation: the plan of a run, some of its passes timed, nothing written."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from harness.errors import Fault
from harness.evaluation.embeddings import CheckpointEncoder, distinct_texts, every_view, missing_texts
from harness.evaluation.plan import make_plan
from harness.evaluation.resume import Resumed, resume
from harness.evaluation.run import Options, Run
from harness.evaluation.step_scores import open_curves
from harness.evaluation.sweep import open_sweeps
from harness.evaluation.target_plan import TargetPlan
from harness.kinds.registry import EMBEDDED
from harness.models.checkpoint import CheckpointFiles
from harness.models.encoder import EncodingReport
from harness.models.tokenization import ID_BYTES, PART_BYTES
from harness.models.vector_cache import WAITING_BYTES
from harness.records import TextEncoding
from harness.reporter import Reporter, Silent

# Memory of the interpreter, torch and transformers before a weight is loaded, and what forward passes leave
# in the allocator, both measured on Linux with two threads.
_BASE_BYTES = 560 * 2**20
_PASS_BYTES = 256 * 2**20
# A document is in memory as its file has it, with its title, and in chunks.
_TEXT_COPIES = 3
# Search runs at about this share of a bare product's speed; selecting the neighbours takes the rest.
_SEARCH_SHARE = 0.5
_PRODUCT = (1024, 4096)
PlannedLanguage = tuple[TargetPlan, str]  # one target and one of its languages


@dataclass(frozen=True)
class Estimate:
    """The remaining work: the `texts` to encode of all `distinct` ones, and its cost in bytes and seconds.

    `unreadable` names the text that could not be read.
    """

    targets: tuple[tuple[str, int, int], ...]  # name, languages to measure, texts in them
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
    heads: tuple[tuple[str, str], ...] = ()  # name, what is trained and predicted; not in the seconds
    unreadable: tuple[Fault, ...] = ()

    @property
    def seconds(self) -> float:
        """Return the total time."""
        return self.encoding_seconds + self.search_seconds

    def text(self) -> str:
        """Return the estimate as an aligned table of labels and values."""
        lines = [
            (name, f"{languages} languages to measure, {texts:,} texts in them")
            for name, languages, texts in self.targets
        ]
        lines += [
            (
                "to encode",
                f"{self.texts:,} of {self.distinct:,} distinct texts (the rest is in the cache), "
                f"{self.tokens:,} tokens",
            ),
            ("passes", f"{self.passes:,}, vectors of {self.views} view{'' if self.views == 1 else 's'}"),
            ("similarities", f"{self.similarities:,}"),
            ("disk", f"{_bytes(self.disk)} of vectors in the cache"),
            ("memory", f"about {_bytes(self.memory)}"),
            (
                "time",
                f"about {_duration(self.seconds)} (encoding {_duration(self.encoding_seconds)}, "
                f"search {_duration(self.search_seconds)})",
            ),
        ]
        lines += [(name, f"{work}; not included in the time above") for name, work in self.heads]
        width = max(len(label) for label, _ in lines)
        return "\n".join(f"  {label.ljust(width)}  {value}" for label, value in lines)


def estimate(
    folder: Path | str,
    targets: Sequence[str] = (),
    languages: Sequence[str] = (),
    options: Options | None = None,
    reporter: Reporter | None = None,
) -> Estimate:
    """Return the work of `evaluate` with the same arguments.

    The submission's checkpoints and the text are fetched and read as in a run; some of the planned passes,
    spread over all lengths, are made and timed. Raises what `evaluate` raises before it encodes.
    """
    plan = make_plan(Path(folder), targets, languages, options or Options(), reporter or Silent())
    resumed, faults = resume(plan)
    embedded = [target for target in resumed if target.plan.head is None]
    sweeps = open_sweeps([target.plan for target in embedded], plan.run)
    encodings = [target.plan.encoding for target in embedded]
    parts = []
    for seed, files in plan.checkpoints.items() if embedded else ():
        todo = [(target.plan, language) for target in embedded for language in target.unfinished(seed)]
        swept = [
            (sweeping.plan, language) for sweeping in sweeps for language in sweeping.unfinished(seed, files)
        ]
        parts.append(_CheckpointEstimate(files, todo, swept, encodings, plan.run))
    curves = open_curves([target.plan for target in embedded], plan)
    for (seed, step), files in plan.steps.items() if embedded else ():
        todo = [(curve.plan, language) for curve in curves for language in curve.unfinished(seed, step)]
        parts.append(_CheckpointEstimate(files, todo, (), encodings, plan.run))
    unreadable = [
        Fault(f"{target.name} {language}: {reason}")
        for target in resumed
        for language, reason in target.plan.unreadable.items()
    ]
    heads = tuple((target.name, _head_text(target)) for target in resumed if target.plan.head is not None)
    return _sum(parts, heads, (*faults, *unreadable))


def _head_text(resumed: Resumed) -> str:
    """Describe the remaining work of a target with a head: steps of the training, examples to predict."""
    plan = resumed.plan
    seeds = [seed for seed in plan.checkpoints if resumed.unfinished(seed)]
    cells = [(seed, language) for seed in seeds for language in resumed.unfinished(seed)]
    count = sum(len(plan.examples[language]) for _, language in cells)
    predicted = f"{count:,} {plan.target.unit} in {len(cells)} languages to predict"
    recipe = plan.head.recipe if plan.head else None
    if recipe is None or resumed.training is None or not seeds:
        return predicted
    examples = recipe.taken(len(resumed.training.train))
    steps = math.ceil(examples / recipe.batch_size) * recipe.epochs
    return (
        f"a head{'' if len(seeds) == 1 else ' per seed'} on {examples:,} English examples, "
        f"{recipe.epochs} epochs, about {steps:,} steps of {recipe.batch_size}, "
        f"unless it is in the cache; {predicted}"
    )


class _CheckpointEstimate:
    """The work on one checkpoint."""

    def __init__(
        self,
        files: CheckpointFiles,
        todo: Sequence[PlannedLanguage],
        swept: Sequence[PlannedLanguage],
        encodings: Sequence[TextEncoding],
        run: Run,
    ) -> None:
        """Plan the languages `todo` in the declared views and `swept` in every view, and time some passes.

        `encodings` of targets differ in their views only.
        """
        swept_views = every_view(files) if swept else ()
        encoding = encodings[0]
        views = [declared.view for declared in encodings]
        checkpoint = CheckpointEncoder([*views, *swept_views], files, encoding, run)
        self.views = len(checkpoint.views)
        examples = {
            (plan.target.name, language): plan.examples[language] for plan, language in [*todo, *swept]
        }
        self.targets = [
            (name, sum(map(len, language_examples.sides.values())))
            for (name, _), language_examples in examples.items()
        ]
        self.similarities = sum(map(_similarities, todo)) + len(swept_views) * sum(map(_similarities, swept))
        texts = distinct_texts(examples.values(), encoding)
        missing = missing_texts(texts, checkpoint.open_spaces(texts))
        self.distinct, self.texts = (sum(map(len, part.values())) for part in (texts, missing))
        self.hidden, columns = files.width, 0
        reports: list[EncodingReport] = []
        if missing:
            run.reporter.report("some passes are timed for the estimate")
            encoder = checkpoint.encoder
            reports = [encoder.rehearse(prefixed, prefix=prefix) for prefix, prefixed in missing.items()]
            widths = [encoder.width(view) for view in checkpoint.views]
            self.hidden, columns = max(widths), sum(widths)
        report = EncodingReport.joined(reports)
        self.tokens, self.passes, self.seconds = report.tokens, report.passes, report.seconds
        self.disk = self.texts * (4 * columns + 16 * self.views)
        largest = max((texts for _, texts in self.targets), default=0)
        weights = sum(path.stat().st_size for path in files.weight_files)
        # The largest cell's vectors, once in float32 and once in float64; every text in the lists that it is
        # in; the ids of all tokens, which are joined from parts, and a tokenizer's work on one part.
        strings = sum(sys.getsizeof(text) for prefixed in texts.values() for text in prefixed)
        self.memory = (
            _BASE_BYTES
            + _PASS_BYTES
            + weights
            + 3 * largest * 4 * self.hidden
            + _TEXT_COPIES * strings
            + 2 * ID_BYTES * self.tokens
            + PART_BYTES
            + WAITING_BYTES
        )


def _similarities(planned: PlannedLanguage) -> int:
    plan, language = planned
    return EMBEDDED[plan.target.kind].similarities(plan.examples[language])


def _sum(
    parts: Sequence[_CheckpointEstimate], heads: tuple[tuple[str, str], ...], unreadable: tuple[Fault, ...]
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
    """Return the operations per second of a float32 matrix product of this width, the best of four."""
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
