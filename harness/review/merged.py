"""Write the submissions as they would be after merging, for a preview of the site; no file of them is run."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

from harness.errors import BadInput, Where
from harness.review.changed_files import size_limit, slug_of
from harness.store.git import Revision, TreeEntry
from harness.store.submissions import slug_fault


def write_merged(revision: Revision, files: Mapping[str, TreeEntry], root: str, folder: Path) -> None:
    """Write the submissions' files from git's objects into a folder, which must not exist yet.

    `files` are all files after merging, and `root` is the path of the submissions' folder. Only plain files
    of a submission, by their names and sizes, are written, and nothing outside `folder`. Raises BadInput if
    it exists or cannot be written.
    """
    by_slug: dict[str, dict[str, TreeEntry]] = defaultdict(dict)
    for path, entry in files.items():
        slug = slug_of(path, root)
        if slug is None or slug_fault(slug) is not None or entry.link:
            continue
        name = path.removeprefix(f"{root}/" if root else "").removeprefix(f"{slug}/")
        limit = size_limit(name)
        if limit is not None and entry.size <= limit:
            by_slug[slug][name] = entry
    try:
        folder.mkdir()
        for slug, entries in by_slug.items():
            limits = {name: entry.size for name, entry in entries.items()}
            for name, data in revision.contents(entries, limits).items():
                target = folder / slug / name
                target.parent.mkdir(parents=True, exist_ok=True)
                with target.open("xb") as file:
                    file.write(data)
    except OSError as reason:
        cure = "name a folder that does not exist yet, on a disk with space"
        raise BadInput(f"cannot be written: {reason.strerror}", where=Where(str(folder)), cure=cure) from None
