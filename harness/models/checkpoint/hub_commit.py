"""Find the commit that a branch, a tag or no revision of a repository on the Hub means now."""

from __future__ import annotations

import re
from dataclasses import replace

from harness.downloading import branch_commit
from harness.errors import BadInput

_COMMIT = re.compile(r"[0-9a-f]{40}")
_REVISION = re.compile(r"(?!.*(\.\.|//|/$))[\w][\w./-]*", re.ASCII)


def commit_of(hub: str, revision: str = "") -> str:
    """Return the commit of a branch, a tag or a part of a hash; without one, of the branch main.

    Without a network the commit of an earlier download is returned. Raises BadInput where neither is there.
    """
    if _COMMIT.fullmatch(revision):
        return revision
    if revision and not _REVISION.fullmatch(revision):
        raise BadInput(f"{revision!a} is no branch, tag or commit", cure="organisation/name@REVISION")
    try:
        return branch_commit(hub, revision)
    except BadInput as error:
        hint = "a folder of this machine is named ./folder"
        raise type(error)([replace(fault, cure=f"{fault.cure}; {hint}") for fault in error.faults]) from error
