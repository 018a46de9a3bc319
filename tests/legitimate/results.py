"""Results that an evaluation writes: `validate` finds nothing in them, and `build` reads them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa

from harness import store
from harness.catalog import BY_NAME, own_target
from harness.records import Result
from harness.scoring.tables.mining import accepted_of
from harness.store import on_disk, submission_faults
from harness.store.seal import is_sealed
from site_gen.reading.entries import read_entry
from tests.legitimate.setting import Case, Setting
from tests.support.folders import ROOT, SITE_SUBMISSIONS
from tests.support.pull_requests import SUBMISSION, about, measured, written
from tests.support.sound import columns, every_cell, sound

REVISION = "0123456789" * 4


def read(make: Callable[[], tuple[Result, pa.Table]]) -> Case:
    """Return a case: a result that is written and read again."""

    def case(setting: Setting) -> None:
        result, table = make()
        folder = setting.folder / result.submission
        folder.mkdir()
        seeds = [checkpoint.seed for checkpoint in result.checkpoints]
        text = SUBMISSION.format(title="Mine", slug="mine", owner="ada", revision=REVISION)
        entries = ", ".join(f"{{seed: {seed}, hub: mine/model, revision: {REVISION}}}" for seed in seeds)
        (folder / "submission.yaml").write_text(
            text.replace(f"{{seed: 0, hub: mine/model, revision: {REVISION}}}", entries)
        )
        store.write_result(folder, result, table)
        accepted(folder)

    return case


def accepted(folder: Path) -> None:
    faults = [str(fault) for fault in submission_faults(folder)]
    assert not faults, faults
    assert read_entry(folder, paired=True).slug == folder.name


def cells(
    name: str,
    *languages: str,
    seeds: tuple[int, ...] = (0,),
    right: float = 0.5,
    failed: Mapping[str, str] | None = None,
) -> Case:
    """Return the case of a result over languages, or all but the failed ones, of their official sizes."""
    target = BY_NAME[name]
    measured = languages or [language for language in target.languages if language not in (failed or {})]
    return read(lambda: sound(target, every_cell(target, measured, seeds, right=right), failed=failed))


def one(name: str, language: str, **given: Callable[[int], object]) -> Case:
    """Return the case of one language, in which columns are given by row; the others follow."""
    target = BY_NAME[name] if name in BY_NAME else own_target(name, (language,))
    n = target.sizes.get(language, 6)

    def make() -> tuple[Result, pa.Table]:
        values = dict(columns(target, n, np.random.default_rng(0)))
        values |= {column: [value(row) for row in range(n)] for column, value in given.items()}
        return sound(target, {(0, language): values})

    return read(make)


def _everything_failed() -> tuple[Result, pa.Table]:
    target = BY_NAME["jupyterlab"]
    result, _ = sound(target, every_cell(target, ["de"]))
    checkpoint = result.checkpoints[0].model_copy(
        update={"scores": {}, "failed": {"fr": "no text: the file is empty"}}
    )
    return result.model_copy(update={"checkpoints": (checkpoint,), "measured": 0, "data": {}}), pa.table({})


def _mined(margins: Callable[[int], float | None]) -> Case:
    """Return the case of mining in which each gold pair of an even number is followed by a wrong one."""
    target = BY_NAME["bucc2018_dev"]
    rows = [
        (gold, margins(number))
        for number in range(target.sizes["zh"])
        for gold in ((True,) if number % 2 else (True, False))
    ]
    rows = [(gold, margin) for gold, margin in rows if gold or margin is not None]
    rows.sort(key=lambda row: -(row[1] or 0))
    values = {
        "split": ["dev"] * len(rows), "foreign": [f"f{i}" for i in range(len(rows))], "english": [f"e{i}" for i in range(len(rows))],
        "margin": pa.array([margin for _, margin in rows], pa.float64()), "gold": [gold for gold, _ in rows],
    }  # fmt: skip
    values["accepted"] = accepted_of(pa.table({**values, "accepted": [False] * len(rows)}))
    return read(lambda: sound(target, {(0, "zh"): values}))


def existing(folder: Path, *, recount: bool = True) -> Case:
    """Return the case of a landed submission; the scores of the site's fixtures are made up."""

    def case(_: Setting) -> None:
        if recount:
            accepted(folder)
        else:
            assert on_disk(folder).contents().faults == ()
            assert read_entry(folder, paired=True).slug == folder.name

    return case


def _without_seal(setting: Setting) -> None:
    files = {
        **written(setting.folder / "made", *measured("mine")),
        "submissions/mine/submission.yaml": about("mine", "ada"),
    }
    for path, data in files.items():
        file = setting.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data.rstrip(b"\n").rpartition(b"\n")[0] + b"\n" if is_sealed(data) else data)
    accepted(setting.folder / "submissions/mine")


_REASON = "out of memory on its 512 tokens alone: Nachricht des Treibers, «zu groß»"
_GRADED = {
    f"ranks_{variant}": lambda row: [1, 4] if row else [2] for variant in ("whole", "average", "best", "top3")
}

CASES: dict[str, Case] = {
    "one seed": cells("jupyterlab"),
    "two seeds": cells("jupyterlab", seeds=(0, 1)),
    "ten seeds with large numbers": cells("jupyterlab", "de", "it", seeds=tuple(range(0, 10**6, 10**5))),
    "a score of 0": cells("jupyterlab", right=0.0),
    "a score of 100": cells("jupyterlab", seeds=(0, 1), right=1.0),
    "some of the languages": cells("jupyterlab", "de", "fi"),
    "one language left out with its reason": cells("jupyterlab", failed={"fr": _REASON}),
    "all languages failed": read(_everything_failed),
    "no secondary scores": cells("pawsx_from_dev", "en"),
    "tags without a chunk": one("panx_dev", "yo", true_positives=lambda _: 0, proposed=lambda _: 0, gold=lambda _: 0),
    "tags, all of them right": cells("udpos_dev", "mr", "ta", right=1.0),
    "answers, some of them half right": one("tydiqa", "bn", score=lambda row: (0.5, 0.25, 1.0, 0.0)[row % 4]),
    "mining with ties of margins": _mined(lambda number: (1.5, 1.2, None)[number % 3]),
    "mining with one margin alone": _mined(lambda _: 1.1),
    "mining that finds nothing": _mined(lambda _: None),
    "questions in several languages": cells("mlqa_r", "es", "zh"),
    "documents in parallel": cells("ntrex_docs", "fi"),
    "documents with several grades": one(
        "clir.mine", "de", gains=lambda row: [3, 1] if row else [1], average_precision=lambda row: 0.75 if row else 0.5, **_GRADED
    ),
    "parallel text of one's own": one("bitext.mine", "de"),
    "a result without a seal, as before there were seals": _without_seal,
    "a sweep of layers, a verification, and text of one's own": existing(SITE_SUBMISSIONS / "lantern-b-none", recount=False),
    "a training's record": existing(ROOT / "submissions/me5-small-l2-sts-english"),
}  # fmt: skip
