"""A board whose rows were renamed, corrected, measured again, disputed and withdrawn."""

from __future__ import annotations

import shutil
from pathlib import Path

from harness.records import Notice, NoticeKind
from harness.store.notices import add_notice, lift_notices
from harness.store.renaming import rename_submission, withdraw_submission
from tests.support.folders import SITE_SUBMISSIONS

OLD, NEW = "lodestar-b-english", "lodestar-base-mnli"
GONE, GONE_BEFORE = "lodestar-xl-final", "lodestar-xl-multilingual"
RETIRED = "lodestar-s-none"
_ISSUE = "https://example.org/board/issues"
_RUNS = """\
runs:
  - date: 2026-03-02T09:14:07Z
    device: cuda (made up)
    dtype: float32
    versions: {stiltboard: 0.1.0, torch: 2.10.0, transformers: 4.57.1}
    seconds: 48.2
    cells: {"0": [LANGUAGES], "1": [LANGUAGES], "2": [LANGUAGES]}
  - date: 2026-10-19T16:40:55Z
    device: cuda (made up)
    dtype: float32
    versions: {stiltboard: 0.3.0, torch: 2.12.1, transformers: 5.23.0}
    seconds: 3.1
    cells: {"0": [jv, sw], "1": [jv, sw], "2": [jv, sw]}
"""


def lived(submissions: Path, *others: str) -> Path:
    """Copy made-up submissions and let some of them live: NEW was OLD, GONE was withdrawn, RETIRED.

    `others` are copied besides these; without any, all are.
    """
    for slug in (OLD, GONE_BEFORE, RETIRED, *others) if others else _every_slug():
        shutil.copytree(SITE_SUBMISSIONS / slug, submissions / slug)
    folder = submissions / OLD
    _measured_by_two_versions(folder / "results" / "tatoeba.yaml")
    with (folder / "submission.yaml").open("a") as file:
        outcomes = "0123456789abcdef" * 4
        file.write(
            f"supersedes:\n  - {{target: tatoeba, outcomes: {outcomes}, date: 2026-02-20, score: 57.31, "
            "reason: the first had another pooling}\n"
        )
    folder = rename_submission(submissions, OLD, NEW)
    add_notice(
        folder, _notice(NoticeKind.WEIGHTS_GONE, "2026-06-01", "the Hub has no example/lodestar at 0123")
    )
    lift_notices(folder, NoticeKind.WEIGHTS_GONE, "2026-06-08T05:00:00Z")
    disputed = _notice(
        NoticeKind.DISPUTED,
        "2026-11-20",
        "two of three seeds cannot be reproduced with the published recipe",
        url=f"{_ISSUE}/17",
        targets=("tatoeba",),
    )
    add_notice(folder, disputed)
    retired = _notice(NoticeKind.RETIRED, "2026-09-01", f"{NEW} has taken its place.")
    add_notice(submissions / RETIRED, retired)
    gone = rename_submission(submissions, GONE_BEFORE, GONE)
    withdraw_submission(gone, "its submitters asked for it", f"{_ISSUE}/21", "2026-11-25T10:00:00Z")
    return submissions


def _every_slug() -> list[str]:
    return [folder.name for folder in SITE_SUBMISSIONS.iterdir()]


def _measured_by_two_versions(path: Path) -> None:
    """Let two languages of a result be of another run, with newer libraries, than all others."""
    head = path.read_text().partition("runs:\n")[0]
    lines = head.partition("data:\n")[2].splitlines()
    languages = [line.split(":")[0].strip() for line in lines if line.startswith("  ")]
    first = ", ".join(language for language in languages if language not in ("jv", "sw"))
    path.write_text(head + _RUNS.replace("LANGUAGES", first))


def _notice(kind: NoticeKind, day: str, reason: str, **more: object) -> Notice:
    return Notice.model_validate({"kind": kind, "date": f"{day}T05:00:00Z", "reason": reason, **more})
