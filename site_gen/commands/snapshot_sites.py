"""Build the sites of snapshots, which are folders of the board's site."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from pathlib import Path

from harness.cache import cache_folder
from harness.errors import BadInput
from harness.store.git import repository_around, resolved
from harness.store.snapshots import find_snapshots
from site_gen.build import build
from site_gen.reading.source import snapshot_source


def snapshot_sites(submissions: Path, base_url: str, exclude: Collection[str] = ()) -> dict[str, Path]:
    """Build the site of every snapshot in the history of HEAD but the excluded ones; return them by name.

    They are kept in the cache folder, so that a snapshot is read once.
    """
    try:
        snapshots = find_snapshots(resolved(repository_around(submissions), "HEAD"))
    except BadInput:  # no repository has no snapshot
        return {}
    return {
        snapshot.name: _built(submissions, snapshot.name, base_url)
        for snapshot in snapshots
        if snapshot.name not in exclude
    }


def _built(submissions: Path, name: str, base_url: str) -> Path:
    source = snapshot_source(submissions, name)
    address = f"{base_url.rstrip('/')}/{name}" if base_url else ""
    digest = hashlib.sha256(f"{name}\n{address}\n{source.folder}".encode()).hexdigest()[:32]
    out = cache_folder() / "snapshots" / digest
    build(source.folder, out, address, source.edition, outcomes=False)
    return out
