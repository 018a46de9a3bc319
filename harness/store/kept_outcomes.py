"""Where the outcomes of a result are: next to it, or by their digest in the place that the board names.

Everything that reads outcomes asks here. A file next to the result comes first, so that what was just
measured, packed or proposed is read where it lies.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from harness.errors import Where
from harness.object_store import DigestStore, OtherContent
from harness.records import OutcomeSettings, Result
from harness.store.board_settings import outcome_settings_of
from harness.store.file_tree import RESULTS_FOLDER, FileTree
from harness.store.files import read_file

OUTCOMES_LIMIT = 2**29
KEPT_CURE = "stiltboard outcomes push --check, where they still are"


# Returns where a board keeps outcomes outside git, None for nowhere; called when outcomes are missing.
SettingsSource = Callable[[], OutcomeSettings | None]


def in_git() -> OutcomeSettings | None:
    """Return that no outcomes are kept elsewhere."""
    return None


def kept_for(submissions: Path) -> SettingsSource:
    """Return where the board of a folder of submissions keeps outcomes, as its stiltboard.yaml says."""
    return lambda: outcome_settings_of(submissions)


def store_for(submissions: Path) -> DigestStore | None:
    """Return the store of the outcomes of a board that keeps them elsewhere, None for one that does not."""
    settings = outcome_settings_of(submissions)
    return None if settings is None else store_of(settings)


@lru_cache(maxsize=32)
def store_of(settings: OutcomeSettings) -> DigestStore:
    """Return the store of outcomes that a board names."""
    return DigestStore(settings.where, settings.cache_gb, anonymous=settings.anonymous)


def outcome_bytes_in(tree: FileTree, kept: SettingsSource, result: Result) -> bytes:
    """Return the content of a result's outcomes: of the submission's file, or else from `kept`."""
    name = f"{RESULTS_FOLDER}/{result.outcomes.file}"
    settings = None if name in tree.names() else kept()
    if settings is None:
        return tree.read(name, OUTCOMES_LIMIT, evaluated_again(result))
    with _located(tree.where(f"{RESULTS_FOLDER}/{result.target}.yaml")):
        return store_of(settings).read(result.outcomes.sha256, OUTCOMES_LIMIT, _cure(result))


def outcome_bytes(result_path: Path, result: Result) -> bytes:
    """Return the content of a result's outcomes: of the file next to it, or else from the board's place.

    The first is not checked against the result, which `parse_outcomes` does.
    """
    path = result_path.parent / result.outcomes.file
    settings = _settings_if_missing(path, result_path)
    if settings is None:
        return read_file(path, OUTCOMES_LIMIT, evaluated_again(result))
    with _located(str(result_path)):
        return store_of(settings).read(result.outcomes.sha256, OUTCOMES_LIMIT, _cure(result))


def outcome_path(result_path: Path, result: Result) -> Path:
    """Return a file with a result's outcomes: next to the result, or in the cache of the board's place.

    Raises BadInput and Unreachable as reading does. A file of the cache may be deleted when others need room.
    """
    path = result_path.parent / result.outcomes.file
    settings = _settings_if_missing(path, result_path)
    if settings is None:
        return path
    with _located(str(result_path)):
        return store_of(settings).path(result.outcomes.sha256, OUTCOMES_LIMIT, _cure(result))


@contextmanager
def _located(file: str) -> Iterator[None]:
    """Name the result whose outcomes are missing from their place or have other content there."""
    try:
        yield
    except OtherContent as error:
        raise OtherContent([replace(fault, where=Where(file)) for fault in error.faults]) from None


def _settings_if_missing(path: Path, result_path: Path) -> OutcomeSettings | None:
    if path.exists() or path.is_symlink():
        return None
    return outcome_settings_of(result_path.absolute().parents[2])


def _cure(result: Result) -> str:
    push = f"stiltboard outcomes push --check {result.submission}"
    return f"{push}, where they still are; or {evaluated_again(result)}"


def evaluated_again(result: Result) -> str:
    """Return the cure for outcomes that cannot be read."""
    return f"stiltboard evaluate {result.submission} -t {result.target} --overwrite measures it again"
