"""Find a submission by its slug or a former one, and tell whether a slug is free."""

from __future__ import annotations

import re
from pathlib import Path

from harness.characters import shown
from harness.errors import BadInput
from harness.records.scalars import SLUG
from harness.store.notices import TOMBSTONE_FILE, find_tombstones
from harness.store.submissions import SUBMISSION_FILE, find_submissions, parse_submission


def locate(name: str, root: Path) -> Path:
    """Return the folder of a slug under `root`, a folder, or a submission.yaml; it need not exist.

    A former slug leads to the submission's present folder.
    """
    path = Path(name)
    if re.fullmatch(SLUG, name) and ((root / name).is_dir() or not path.exists()):
        known = {} if (root / name).is_dir() or not root.is_dir() else former_slugs(root)
        return root / known.get(name, name)
    return path.parent if path.name == SUBMISSION_FILE else path


def slug_taken(root: Path, slug: str) -> str:
    """Return whose a slug is: a submission's, a withdrawn one's, or a former one's; empty if it is free."""
    if (root / slug / TOMBSTONE_FILE).exists():
        return f"{shown(slug)} is the slug of a submission that was withdrawn, and is never used again"
    if (root / slug / SUBMISSION_FILE).exists():
        return f"there is a submission {shown(slug)} already"
    if owner := next((stone.submission for stone in find_tombstones(root) if slug in stone.aliases), ""):
        return f"{shown(slug)} is a former slug of {owner}, which was withdrawn, and is never used again"
    owner = former_slugs(root).get(slug, "")
    return f"{shown(slug)} is a former slug of {owner}, and leads to it" if owner else ""


def former_slugs(root: Path) -> dict[str, str]:
    """Return the current slug of every former slug; submissions that cannot be read have none."""
    aliases: dict[str, str] = {}
    for slug in find_submissions(root):
        path = root / slug / SUBMISSION_FILE
        text = path.read_bytes()
        if b"aliases:" not in text:
            continue
        try:
            submission = parse_submission(text, str(path))
        except BadInput:
            continue
        aliases |= dict.fromkeys(submission.aliases, slug)
    return aliases
