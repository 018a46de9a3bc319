"""Write the submissions as they would be after merging, for a preview of the site; no file of them is run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from harness.review.changed_files import size_limit, slug_of
from harness.store.checkout import write_files
from harness.store.git import Revision, TreeEntry
from harness.store.submissions import slug_fault


def write_merged(revision: Revision, files: Mapping[str, TreeEntry], root: str, folder: Path) -> None:
    """Write the submissions' files from git's objects into a folder, which must not exist yet.

    `files` are all files after merging, and `root` is the path of the submissions' folder. Only plain files
    of a submission, by their names and sizes, are written, and nothing outside `folder`. Raises BadInput if
    it exists or cannot be written.
    """
    kept: dict[str, TreeEntry] = {}
    for path, entry in files.items():
        slug = slug_of(path, root)
        if slug is None or slug_fault(slug) is not None or entry.link:
            continue
        inside = path.removeprefix(f"{root}/" if root else "")
        limit = size_limit(inside.removeprefix(f"{slug}/"))
        if limit is not None and entry.size <= limit:
            kept[inside] = entry
    write_files(revision, kept, folder)
