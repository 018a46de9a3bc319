"""Find the commit that a branch, a tag or no revision of a repository on the Hub means now."""

from __future__ import annotations

import re
from pathlib import Path

from harness.characters import shown
from harness.errors import BadInput, naming_failures
from harness.models.checkpoint.attributes import CONFIG

_COMMIT = re.compile(r"[0-9a-f]{40}")
_CURE = (
    "check name, revision and network; gated or private repositories need `hf auth login`; "
    "a folder of this machine is named ./folder"
)


def commit_of(hub: str, revision: str = "") -> str:
    """Return the commit of a branch, a tag or a part of a hash; without one, of the default branch.

    Without a network the commit of an earlier download is returned. Raises BadInput where neither is there.
    """
    if _COMMIT.fullmatch(revision):
        return revision
    from huggingface_hub import snapshot_download  # noqa: PLC0415 - heavy

    named = f"{hub}@{shown(revision)[1:-1]}" if revision else hub
    with naming_failures(f"the Hub has no {named}, or does not answer", BadInput, cure=_CURE):
        # Which commit a branch is now is remembered next to the downloaded files, and found there offline.
        return Path(snapshot_download(hub, revision=revision or None, allow_patterns=[CONFIG])).name
