"""Measure the cells of a target with a head: train or find the head, then predict language by language."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from harness.cells import Cells
from harness.encoder import EncodingReport
from harness.errors import CheckFailed
from harness.heads import predictor_of, tuned
from harness.kinds.registry import PREDICTED
from harness.run import WRITE_SECONDS, Run


def predict(cells: Cells, run: Run, write: Callable[[list[EncodingReport]], Any]) -> None:
    """Measure every unfinished language of every seed; `write` puts what is there on the disk, at least once a minute.

    A language that cannot be predicted is named with its reason. Raises what training or opening a head raises.
    """
    reports: list[EncodingReport] = []
    written = time.monotonic()
    for seed in cells.opened:
        cells.failed |= {(seed, language): reason for language, reason in cells.unreadable.items()}
        todo = cells.unfinished(seed)
        if not todo:
            continue
        found = tuned(cells, seed, run)
        cells.use_head(seed, found.head)
        predictor = predictor_of(found, cells, run)
        started = time.perf_counter()
        report = EncodingReport(batch_tokens=predictor.batch_tokens)
        reports.append(report)
        for language in todo:
            try:
                outcomes = PREDICTED[cells.target.kind].run(cells.target, cells.examples[language], predictor)
            except CheckFailed as reason:
                cells.failed[seed, language] = reason.faults[0].message
            else:
                cells.outcomes[seed, language] = outcomes
            report.texts, report.tokens, report.events = predictor.texts, predictor.tokens, predictor.events
            report.batch_tokens = predictor.batch_tokens
            report.seconds = time.perf_counter() - started
            if time.monotonic() - written > WRITE_SECONDS and not run.options.overwrite:
                write(reports)
                written = time.monotonic()
        if not run.options.overwrite:  # the next seed may train for hours
            write(reports)
    write(reports)
