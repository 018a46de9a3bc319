"""Estimate what an evaluation would compute: the same plan as a run, a few of its passes timed, nothing written."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from harness.cells import Cells
from harness.checkpoint import CheckpointFiles
from harness.encoder import Encoder, View
from harness.errors import Fault
from harness.kinds.registry import KINDS
from harness.run import Observer, Options, Run, Silent
from harness.sweeping import Sweeping
from harness.vectors import declared_view, distinct_texts, every_view, missing_texts, open_spaces
from harness.work import fetch_all, keep_finished, load_targets, open_run

# What the interpreter, torch and transformers take before a weight is loaded, measured on Linux.
_BASE_BYTES = 700 * 2**20
# Search reaches about this share of the speed of a bare product: the rest goes into finding the best of each row.
_SEARCH_SHARE = 0.5
_PRODUCT = (1024, 4096)


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
    unreadable: tuple[Fault, ...] = ()

    @property
    def seconds(self) -> float:
        """Return the whole time."""
        return self.encoding_seconds + self.search_seconds

    def text(self) -> str:
        """Return the estimate for people."""
        lines = [(name, f"{languages} languages to measure, {texts:,} texts in them") for name, languages, texts in self.targets]
        lines += [
            ("to encode", f"{self.texts:,} texts of {self.distinct:,} distinct ones (the rest is in the cache), {self.tokens:,} tokens"),
            ("passes", f"{self.passes:,}, read off in {self.views} view{'' if self.views == 1 else 's'}"),
            ("similarities", f"{self.similarities:,}"),
            ("disk", f"{_bytes(self.disk)} of vectors in the cache"),
            ("memory", f"about {_bytes(self.memory)}"),
            (
                "time",
                f"about {_duration(self.seconds)} (encoding {_duration(self.encoding_seconds)}, search {_duration(self.search_seconds)})",
            ),
        ]
        width = max(len(label) for label, _ in lines)
        return "\n".join(f"  {label.ljust(width)}  {what}" for label, what in lines)


def estimate(
    folder: Path | str,
    targets: Sequence[str] = (),
    languages: Sequence[str] = (),
    options: Options | None = None,
    observer: Observer | None = None,
) -> Estimate:
    """Return what `evaluate` with the same arguments would compute.

    The submission's checkpoints and the text are fetched and read as a run would; of the planned passes some, spread over
    all lengths, are made and timed. Raises what `evaluate` raises before it encodes.
    """
    run = open_run(Path(folder), options or Options(), observer or Silent())
    work, unreadable = load_targets(targets, languages, run)
    opened = fetch_all(run)
    for cells in work:
        cells.opened.update(opened)
        keep_finished(cells, run, run.observer)
    sweeps = [Sweeping(cells, run) for cells in work] if run.options.sweep else []
    parts = []
    for seed, files in opened.items():
        todo = {(cells.target.name, language): cells for cells in work for language in cells.unfinished(seed)}
        swept = {(s.cells.target.name, language): s.cells for s in sweeps for language in s.unfinished(seed, files)}
        view = declared_view(run.submission.encoding, files)
        views = list(dict.fromkeys([view, *(every_view(files) if swept else ())]))
        parts.append(_Part(files, views, todo | swept, len(todo) + len(swept) * (len(views) if swept else 0), run))
    faults = (
        *unreadable,
        *(Fault(f"{cells.target.name} {language}: {reason}") for cells in work for language, reason in cells.unreadable.items()),
    )
    return _sum(parts, faults)


class _Part:
    """What one checkpoint takes."""

    def __init__(self, files: CheckpointFiles, views: list[View], cells: Mapping[tuple[str, str], Cells], runs: int, run: Run) -> None:
        self.views = views
        examples = {cell: held.examples[cell[1]] for cell, held in cells.items()}
        self.targets = [(cell[0], sum(map(len, each.sides.values()))) for cell, each in examples.items()]
        texts = distinct_texts(examples.values())
        self.distinct = len(texts)
        missing = missing_texts(texts, open_spaces(views, files, run)) if texts else []
        self.texts, self.tokens, self.passes, self.seconds, self.hidden = len(missing), 0, 0, 0.0, 0
        encoding = run.submission.encoding
        self.hidden = int(files.config.get("hidden_size") or files.config.get("dim") or files.config.get("d_model") or 0)
        if missing:
            run.observer.say("a few passes are timed")
            encoder = Encoder(
                files, views, max_length=encoding.max_length, device=run.device, dtype=run.dtype, batch_tokens=run.options.batch_tokens
            )
            rehearsed = encoder.rehearse(missing, prefix=encoding.prefix)
            self.tokens, self.passes, self.seconds, self.hidden = rehearsed.tokens, rehearsed.passes, rehearsed.seconds, encoder.hidden_size
        per_cell = [KINDS[held.target.kind].similarities(examples[cell]) for cell, held in cells.items()]
        self.similarities = sum(per_cell) * runs // max(1, len(cells))
        self.disk = len(missing) * len(views) * (4 * self.hidden + 16)
        largest = max((sum(map(len, each.sides.values())) for each in examples.values()), default=0)
        weights = sum(path.stat().st_size for path in files.weight_files)
        self.memory = _BASE_BYTES + weights + 3 * largest * 4 * self.hidden + sum(map(len, missing)) * 2 + 64 * 2**20


def _sum(parts: Sequence[_Part], unreadable: tuple[Fault, ...]) -> Estimate:
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
        views=max((len(part.views) for part in parts), default=0),
        similarities=similarities,
        disk=sum(part.disk for part in parts),
        memory=max((part.memory for part in parts), default=0),
        encoding_seconds=sum(part.seconds for part in parts),
        search_seconds=2 * similarities * hidden / (rate * _SEARCH_SHARE),
        unreadable=unreadable,
    )


def _product_rate(hidden: int) -> float:
    """Return the operations a second of a float32 product of this width, the best of three."""
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
