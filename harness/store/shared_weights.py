"""Name the submissions of a board whose results are of the same weights."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from harness.errors import BadInput
from harness.store.file_tree import RESULTS_FOLDER
from harness.store.files import read_file
from harness.store.results import RESULT_LIMIT

# As the harness writes it; parsing all results of a board would take minutes.
_WEIGHTS = re.compile(rb"\bweights: (sha256:[0-9a-f]{64})")
_OUTCOMES = re.compile(rb"""\bsha256: ["']?([0-9a-f]{64})\b""")


def weights_of_board(root: Path) -> Mapping[str, Sequence[str]]:
    """Return for each digest of weights the submissions in `root` with a result of them, in order.

    Results that cannot be read are left out; whoever checks them names their faults.
    """
    slugs: dict[str, dict[str, None]] = defaultdict(dict)
    for path in sorted(root.glob(f"*/{RESULTS_FOLDER}/*.yaml")):
        try:
            data = read_file(path, RESULT_LIMIT, "")
        except BadInput:
            continue
        for digest in weights_named(data):
            slugs[digest][path.parents[1].name] = None
    return {digest: tuple(names) for digest, names in slugs.items()}


def weights_named(data: bytes) -> set[str]:
    """Return the digests of weights in the bytes of a result."""
    return {digest.decode() for digest in _WEIGHTS.findall(data)}


def outcomes_named(data: bytes) -> set[str]:
    """Return the digest of the outcomes in the bytes of a result."""
    return {digest.decode() for digest in _OUTCOMES.findall(data)}


def shared_weights(slug: str, board: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Yield with which submissions of the board a submission shares weights.

    One checkpoint in two rows may be right, as where it is read at two layers; who compares them has to know.
    """
    others: dict[str, None] = {}
    for slugs in board.values():
        if slug in slugs:
            others |= dict.fromkeys(slugs)
    others.pop(slug, None)
    for other in others:
        yield f"has the same weights as {other}"
