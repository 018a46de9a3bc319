"""Boards whose targets changed after they were measured: a corrected text, a fixed protocol, later scores, retirement."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness import store
from harness.catalog import BY_NAME
from harness.catalog.fingerprints import FINGERPRINTS
from harness.catalog.pins import FORMER_PINS
from harness.records import FormerPin, ProtocolChange, Target
from harness.scoring.tables import TABLES
from harness.scoring.tables.retrieval import RetrievalTable
from tests.support.pull_requests import about
from tests.support.sound import every_cell, sound

TARGET = "jupyterlab"
DAY = "2026-05-01"
REASON = "two pairs were doubled"


def board(folder: Path, *slugs: str, languages: tuple[str, ...] = ("it", "de")) -> Path:
    """Write submissions whose result on JupyterLab's messages covers some languages, all sound, and return their folder."""
    target = BY_NAME[TARGET]
    run = {
        **{"date": "2026-02-03T04:05:06Z", "device": "cpu", "dtype": "float32"},
        **{"encoded_sentences": 4000, "encoded_tokens": 90_000, "seconds": 120.0},
    }
    for slug in slugs:
        home = folder / slug
        home.mkdir(parents=True)
        (home / "submission.yaml").write_bytes(about(slug, slug))
        cells = {
            cell: {**columns, "answer_to_english": _mostly_right(len(columns["index"]))}
            for cell, columns in every_cell(target, languages, right=0.1 * len(slug)).items()
        }
        store.write_result(home, *sound(target, cells, slug, runs=[run]))
    return folder


def _mostly_right(n: int) -> Any:
    """Return the index of every example (n,), but of every third that of the next one."""
    index = np.arange(n)
    return np.where(index % 3, index, (index + 1) % n)


def checked_by_others(home: Path, largest: float = 0.0) -> Path:
    """Write that others measured a submission's result again, and return that file."""
    path = home / "verification.yaml"
    path.write_text(
        f"""schema: 1
submission: {home.name}
results:
  - target: {TARGET}
    result: {store.result_digest(home / "results/jupyterlab.yaml")}
    how: rerun
    agrees: true
    largest: {largest}
    allowed: 0.1
    by: Somebody Else
    date: "2026-03-01T00:00:00Z"
    harness: stiltboard 0.1.0
"""
    )
    return path


def changed_target(monkeypatch: pytest.MonkeyPatch, name: str = TARGET, **fields: Any) -> Target:
    """Change an entry of the catalog for a test, and return it."""
    target = BY_NAME[name].model_copy(update=fields)
    monkeypatch.setitem(BY_NAME, name, target)
    return target


def corrected_text(monkeypatch: pytest.MonkeyPatch, *languages: str, n: int | None = None) -> None:
    """Pin another text in some languages of JupyterLab's messages, and keep the former pins on record."""
    before = FINGERPRINTS[TARGET]
    pins = {name: (FormerPin(digest=before[name], until=DAY, reason=REASON, n=n),) for name in languages}
    monkeypatch.setitem(FORMER_PINS, TARGET, pins)  # type: ignore[arg-type]
    monkeypatch.setitem(FINGERPRINTS, TARGET, before | dict.fromkeys(languages, "c" * 64))


def second_version(*, rescores: bool = True, **fields: Any) -> dict[str, Any]:
    """Return the fields of a target whose protocol has a second version."""
    change = ProtocolChange(version=2, date=DAY, reason="ties were counted as hits", rescores=rescores)
    return {"version": 2, "changes": (change,), **fields}


class StrictTable(RetrievalTable):
    """A second version of the protocol of retrieval: a pair is right if it is found in both directions."""

    def derived(self, outcomes: Any, runs: Any) -> Any:
        """Return which pairs are found in both directions."""
        from harness.scoring.outcomes import values_of

        index = values_of(outcomes["index"])
        found = [values_of(outcomes[name]) == index for name in ("answer", "answer_to_english")]
        return {"correct": found[0] & found[1]}

    def score(self, target: Target, outcomes: Any) -> Any:
        """Return the share of pairs that are found in both directions."""
        from harness.scoring.outcomes import values_of
        from harness.scoring.statistics.intervals import wilson
        from harness.scoring.tables.outcome_table import points

        correct = values_of(outcomes["correct"])
        low, high = wilson(int(correct.sum()), len(correct))
        before = super().score(target, outcomes)
        return before.model_copy(
            update={"score": points(correct.mean()), "interval": (points(low), points(high))}
        )


class LongerTable(RetrievalTable):
    """A table that computes one secondary score more."""

    def score(self, target: Target, outcomes: Any) -> Any:
        """Return the scores, and the share of pairs that are found in both directions where it is asked for."""
        from harness.scoring.outcomes import values_of
        from harness.scoring.tables.outcome_table import points

        score = super().score(target, outcomes)
        index = values_of(outcomes["index"])
        both = (values_of(outcomes["answer"]) == index) & (values_of(outcomes["answer_to_english"]) == index)
        more = {"both": points(both.mean())} if "both" in target.secondary else {}
        return score.model_copy(update={"secondary": {**score.secondary, **more}})


def with_table(monkeypatch: pytest.MonkeyPatch, table: RetrievalTable) -> None:
    """Let the targets of retrieval be scored by another table."""
    monkeypatch.setitem(TABLES, "retrieval", table)  # type: ignore[arg-type]


def later_score(monkeypatch: pytest.MonkeyPatch, day: str = DAY) -> Target:
    """Add the secondary score `both` to JupyterLab's messages, from a day on."""
    with_table(monkeypatch, LongerTable())
    secondary = (*BY_NAME[TARGET].secondary, "both")
    return changed_target(monkeypatch, secondary=secondary, added={"both": day})
