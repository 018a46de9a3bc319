"""Keep slugs for ever: one that leads to a row, or was withdrawn, is never another row's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.characters import shown
from harness.review.board_names import NamedRow
from harness.review.roles import Role
from harness.review.submission_at import SubmissionAt
from harness.review.verdict import Reason, question, refusal
from harness.store.git import Revision, states_of
from harness.store.submissions import SUBMISSION_FILE

_CHOOSE = "choose another slug"


def slug_reasons(
    before: SubmissionAt | None,
    after: SubmissionAt,
    board: Sequence[NamedRow],
    base: Revision,
    folder: str,
    role: Role,
) -> Iterator[Reason]:
    """Refuse a new row under a slug that was in use, and former slugs that are not the row's own.

    `board` are the rows of the base.
    """
    if after.submission is None:
        return
    file = f"{folder}/{SUBMISSION_FILE}"
    leads_to = _former(board)
    if before is not None and before.tombstone is not None:
        yield refusal("slug", file, f"{after.slug} was withdrawn, and its slug is never used again", _CHOOSE)
    elif before is None and after.slug in leads_to:
        what = f"{after.slug} is a former slug of {leads_to[after.slug]}, and leads to it"
        yield refusal("slug", file, what, _CHOOSE)
    elif before is None and (commit := _last_use(base, folder)):
        what = f"there was another row {after.slug} on this board, last at {commit[:12]}"
        objection = question if role is Role.MAINTAINER else refusal
        yield objection("slug", file, what, f"{_CHOOSE}, or ask a maintainer")
    known = before.submission.aliases if before is not None and before.submission is not None else ()
    added = [alias for alias in after.submission.aliases if alias not in known]
    if added and role is not Role.MAINTAINER:
        what = f"aliases: adds {', '.join(map(shown, added))}"
        yield refusal("slug", file, what, "remove it; a maintainer renames a submission")
    for alias in added:
        if leads_to.get(alias, after.slug) != after.slug:
            what = f"aliases: {alias} is a former slug of {leads_to[alias]}"
            yield refusal("slug", file, what, "remove it")


def freed_slug(slug: str, folder: str, kept: Sequence[SubmissionAt]) -> Iterator[Reason]:
    """Refuse to leave the slug of a removed folder free.

    `kept` are the changed submissions after merging, one of which may carry the slug on as a former one.
    """
    carried = (snapshot.submission.aliases for snapshot in kept if snapshot.submission is not None)
    if not any(slug in aliases for aliases in carried):
        what = "is removed, and its slug would be free"
        cure = f"stiltboard withdraw {slug} leaves a tombstone, stiltboard rename gives it another slug"
        yield refusal("slug", folder, what, cure)


def _former(board: Sequence[NamedRow]) -> dict[str, str]:
    """Return the present slug of every former one."""
    return {alias: row.slug for row in board for alias in row.aliases}


def _last_use(base: Revision, folder: str) -> str | None:
    """Return the newest commit of the base's history that holds the folder."""
    return next((commit for commit, tree in states_of(base, folder).items() if tree), None)
