"""Read and write the board's prior of the variance over seeds, seed-prior.yaml, next to the submissions."""

from __future__ import annotations

from pathlib import Path

from harness.errors import Fault
from harness.records import SeedPriors
from harness.store.files import plain_record, read_file, replace_file, typed
from harness.store.yaml.parser import DEFAULT_LIMIT, dump, parse, refuse

PRIOR_FILE = "seed-prior.yaml"
_HEAD = """\
# The variance between seeds on this board, by target and regime: docs/statistics.md explains it.
# Written by `stiltboard prior --write`; every comparison, rank and page reads it.
"""


def prior_path(submissions: Path) -> Path:
    """Return where the prior of the board whose submissions are in a folder is kept."""
    return submissions.absolute().parent / PRIOR_FILE


def load_seed_priors(submissions: Path) -> SeedPriors | None:
    """Read the prior of a board; None where it has no file. Raises BadInput if it is faulty."""
    path = prior_path(submissions)
    if not path.exists() and not path.is_symlink():
        return None
    document = parse(read_file(path, DEFAULT_LIMIT, "stiltboard prior --write"), str(path))
    faults: list[Fault] = []
    priors = typed(SeedPriors, document, faults)
    if priors is None:
        refuse(faults)
    return priors


def write_seed_priors(submissions: Path, priors: SeedPriors) -> Path:
    """Write the prior of a board, and return the file's path."""
    path = prior_path(submissions)
    replace_file(path, (_HEAD + dump(plain_record(priors))).encode())
    return path
