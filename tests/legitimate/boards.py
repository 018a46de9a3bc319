"""Boards of several rows that are built, whatever is missing in some of them."""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa

from harness.catalog import BY_NAME
from harness.records import Result
from site_gen.build import build
from tests.legitimate.setting import Case, Setting
from tests.support.folders import tree
from tests.support.pull_requests import about, measured, written
from tests.support.sound import every_cell, sound
from tests.support.submissions import REPORTED

Files = Mapping[str, bytes]


def built(*rows: Files, shown: tuple[str, ...]) -> Case:
    """Return a case: a board whose site is built, and shows these rows."""

    def case(setting: Setting) -> None:
        submissions = setting.folder / "submissions"
        submissions.mkdir()
        for row in rows:
            for path, data in row.items():
                file = setting.folder / path
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(data)
        pages = tree(build(submissions, setting.folder / "public").out)
        assert {f"submissions/{slug}.html" for slug in shown} <= pages.keys()

    return case


def row(slug: str, *replacements: tuple[str, str], owner: str = "ada") -> Files:
    text = about(slug, owner).decode()
    for old, new in replacements:
        assert old in text
        text = text.replace(old, new)
    return {f"submissions/{slug}/submission.yaml": text.encode()}


def with_result(result: Result, table: pa.Table) -> Case:
    """Return the case of a row with a result, next to one without."""

    def case(setting: Setting) -> None:
        files = written(setting.folder / "made", result, table)
        built(row(result.submission), files, row("other"), shown=(result.submission, "other"))(setting)

    return case


_NOTICE = """\
schema: 1
submission: one
notices: [{{kind: {kind}, date: "2026-03-02T09:14:07Z", reason: a newer one replaces it}}]
"""
_TOMBSTONE = b"""\
schema: 1
submission: gone
date: "2026-03-02T09:14:07Z"
reason: its submitter asked for it
"""


def noticed(kind: str) -> Case:
    notice = {"submissions/one/notices.yaml": _NOTICE.format(kind=kind).encode()}
    return built(row("one"), notice, row("two"), shown=("one", "two"))


_TARGET = BY_NAME["jupyterlab"]

CASES: dict[str, Case] = {
    "a board without rows": built(shown=()),
    "rows with the same title": built(row("one", ("title: One", "title: Same")), row("two", ("title: Two", "title: Same")), shown=("one", "two")),
    "rows with titles in two directions": built(row("one", ("title: One", "title: מודל C++\u200e")), row("two", ("title: Two", "title: 模型")), shown=("one", "two")),
    "a row that supersedes a result": built(
        row("one", ("license: MIT", f"license: MIT\nsupersedes: [{{target: tatoeba, outcomes: {'a' * 64}, reason: the prefix was missing}}]")), shown=("one",)
    ),
    "published numbers next to a measured row": built({"submissions/paper/submission.yaml": REPORTED.encode()}, row("one"), shown=("paper", "one")),
    "a retired row": noticed("retired"),
    "a row whose weights are gone": noticed("weights-gone"),
    "a withdrawn row": built(row("one"), {"submissions/gone/tombstone.yaml": _TOMBSTONE}, shown=("one",)),
    "a row of which two languages are measured": with_result(*measured("one")),
    "a complete row": with_result(*sound(_TARGET, every_cell(_TARGET, _TARGET.languages), "one")),
}  # fmt: skip
