"""Find the targets, and the languages of targets, that rows of a board lack."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from harness.catalog import TARGETS, find_target
from harness.records import Record, Result, Submission, Target
from harness.store import find_submissions, on_disk


class MissingTarget(Record):
    """One target: the submissions without a result on it, and the languages that results on it lack.

    `of` is the number of submissions with checkpoints; published numbers are not measured here.
    """

    target: str
    of: int
    lacking: tuple[str, ...]
    languages: Mapping[str, tuple[str, ...]]


def missing_targets(root: Path, targets: Sequence[str] = ()) -> tuple[MissingTarget, ...]:
    """Return what submissions lack of the named targets that any of them lacks.

    Without names, of those of XTREME and LAReQA and those that some submission has, retired ones left out.
    Raises BadInput where a submission cannot be read, and WrongUsage for an unknown target.
    """
    results: dict[str, Mapping[str, Result]] = {}
    for slug in find_submissions(root):
        folder = on_disk(root / slug)
        if isinstance(folder.submission(), Submission):
            results[slug] = {name: folder.result(name) for name in folder.targets()}
    used = {name for measured in results.values() for name in measured}
    wanted = [find_target(name) for name in targets] or [
        target
        for target in TARGETS
        if not target.retired and ((target.benchmark and not target.beyond_xtreme) or target.name in used)
    ]
    found = [_missing(target, results) for target in wanted]
    return tuple(missing for missing in found if missing.lacking or missing.languages)


def _missing(target: Target, results: Mapping[str, Mapping[str, Result]]) -> MissingTarget:
    incomplete = {
        slug: tuple(
            language
            for language in target.languages
            if measured[target.name].language_score(language) is None
        )
        for slug, measured in results.items()
        if target.name in measured
    }
    return MissingTarget(
        target=target.name,
        of=len(results),
        lacking=tuple(slug for slug, measured in results.items() if target.name not in measured),
        languages={slug: languages for slug, languages in incomplete.items() if languages},
    )
