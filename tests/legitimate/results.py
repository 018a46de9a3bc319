"""Results that an evaluation writes: `validate` finds nothing in them, and `build` reads them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa

from harness import store
from harness.catalog import BY_NAME, own_target
from harness.records import Result, Target
from harness.store import on_disk, submission_faults
from harness.store.seal import is_sealed
from site_gen.reading.entries import read_entry
from tests.legitimate.setting import Case, Setting
from tests.support.folders import ROOT, SITE_SUBMISSIONS, SUBMISSIONS
from tests.support.pull_requests import SUBMISSION
from tests.support.sound import Columns, columns, every_cell, sound

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
    name: str, *, seeds: tuple[int, ...] = (0,), n: int = 6, right: float = 0.5, languages: int | None = None
) -> Case:
    target = BY_NAME[name]
    return read(lambda: sound(target, every_cell(target, target.languages[:languages], seeds, n, right)))


def one(name: str, values: Mapping[str, object]) -> Case:
    """Return the case of one language's outcomes, of which some columns are given."""
    target = BY_NAME[name] if name in BY_NAME else own_target(name, ("de",))
    return read(lambda: sound(target, {(0, target.languages[0]): _values(target, values)}))


def _values(target: Target, given: Mapping[str, object]) -> Columns:
    n = len(next(iter(given.values())))  # type: ignore[arg-type]
    return {**columns(target, n, np.random.default_rng(0)), **given}


def _one_failed() -> tuple[Result, pa.Table]:
    target = BY_NAME["jupyterlab"]
    reason = "out of memory on its 512 tokens alone: Nachricht des Treibers, «zu groß»"
    return sound(target, every_cell(target, target.languages[1:], n=6), failed={target.languages[0]: reason})


def _everything_failed() -> tuple[Result, pa.Table]:
    target = BY_NAME["jupyterlab"]
    result, _ = sound(target, every_cell(target, target.languages[:1], n=6))
    checkpoint = result.checkpoints[0].model_copy(
        update={"scores": {}, "failed": {"fr": "no text: the file is empty"}}
    )
    return result.model_copy(update={"checkpoints": (checkpoint,), "measured": 0, "data": {}}), pa.table({})


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
    folder = setting.folder / "toy"
    (folder / "results").mkdir(parents=True)
    for path in (SUBMISSIONS / "toy").rglob("*.*"):
        data = path.read_bytes()
        if is_sealed(data):
            data = data.rstrip(b"\n").rpartition(b"\n")[0] + b"\n"
        (folder / path.relative_to(SUBMISSIONS / "toy")).write_bytes(data)
    accepted(folder)


_TIES = {
    "margin": [1.5, 1.5, 1.5, 1.2, 1.2, None], "gold": [True, True, False, False, True, True],
    "accepted": [True] * 5 + [False],
}  # fmt: skip
_MISSED = {"margin": [1.5, 1.2, None], "gold": [False, False, True], "accepted": [False] * 3}
_GRADED = {
    "gains": [[3, 1], [1]], **{f"ranks_{variant}": [[1, 4], [2]] for variant in ("whole", "average", "best", "top3")},
    "average_precision": [(1 + 2 / 4) / 2, 1 / 2],
}  # fmt: skip

CASES: dict[str, Case] = {
    "one seed": cells("jupyterlab"),
    "two seeds": cells("jupyterlab", seeds=(0, 1)),
    "ten seeds with large numbers": cells("jupyterlab", seeds=tuple(range(0, 10**6, 10**5)), n=4),
    "a score of 0": cells("jupyterlab", right=0.0),
    "a score of 100": cells("jupyterlab", seeds=(0, 1), right=1.0),
    "some of the languages": cells("jupyterlab", languages=3),
    "one language left out with its reason": read(_one_failed),
    "all languages failed": read(_everything_failed),
    "no secondary scores": cells("xnli_from_dev"),
    "tags without a chunk": one("panx_dev", {"true_positives": [0, 0], "proposed": [0, 0], "gold": [0, 0]}),
    "tags, all of them": cells("panx_dev", n=4, right=1.0),
    "answers, half right": one("tydiqa", {"score": [0.5, 0.25, 1.0, 0.0]}),
    "mining with ties of margins": one("bucc2018_dev", _TIES),
    "mining that finds nothing": one("bucc2018_dev", _MISSED),
    "questions in all languages": cells("xquad_r", n=4),
    "documents in parallel": cells("ntrex_docs", n=4, languages=2),
    "documents with several grades": one("clir.mine", _GRADED),
    "parallel text of one's own": one("bitext.mine", {"index": [0, 1, 2], "correct": [True, False, True], "answer_to_english": [0, 1, 2]}),
    "a result without a seal, as before there were seals": _without_seal,
    "a sweep of layers, a verification, and text of one's own": existing(SITE_SUBMISSIONS / "lantern-b-none", recount=False),
    "a training's record": existing(ROOT / "submissions/me5-small-l2-sts-english"),
}  # fmt: skip
