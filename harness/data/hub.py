"""Read data sets from the Hugging Face Hub: the only importer of `datasets`."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from pathlib import Path
from typing import Any

from harness.data.json_files import typed
from harness.downloading import (
    current_commit,
    damaged_files,
    download_snapshot,
    forget,
    hub_error,
    patient_session,
    report_download,
)
from harness.errors import BadInput, StiltboardError, Unreachable, Where
from harness.verbosity import report_through_logging

XTREME_HUB = "google/xtreme"
DAMAGED_ON_HUB = "report it to the owners of the data set on the Hub"
# What `datasets` reads of a repository before it knows which files of data a configuration has.
_DESCRIPTIONS = ("README.md", ".huggingface.yaml", "dataset_infos.json")


_noted: ContextVar[dict[str, str] | None] = ContextVar("noted", default=None)


@contextmanager
def noting_revisions() -> Iterator[Mapping[str, str]]:
    """Collect the commit of every data set that is read from the Hub meanwhile, by the repository's name.

    Rows that were prepared here before and are read without a network have no known commit.
    """
    revisions: dict[str, str] = {}
    token = _noted.set(revisions)
    try:
        yield revisions
    finally:
        _noted.reset(token)


def load_rows(
    repository: str,
    name: str,
    split: str,
    *,
    cure: str,
    revision: str | None = None,
    or_only_split: bool = False,
) -> Any:
    """Return the rows of one configuration and split, indexed by column; `cure` offers an alternative.

    With `or_only_split` a configuration of one split may name it as it likes, as for mteb. The rows are read
    at the commit `revision`, or else at the one that the Hub has now, and never from a folder of the
    repository's name. Without a network, rows that were prepared here before are read. Raises
    Unreachable for faults of network or server, BadInput for other errors of the Hub or its data, Unwritable.
    """
    try:
        return _rows(repository, name, split, revision, or_only_split)
    except Exception as reason:
        error = reason if isinstance(reason, StiltboardError) else None
        error = error or hub_error(reason, repository, f" {name}", kind="datasets")
        if error is None:
            first_line = str(reason).strip().partition("\n")[0]
            error = BadInput(f"{repository} {name} cannot be loaded: {type(reason).__name__}: {first_line}")
        cures = [f"{fault.cure}; or {cure}" if fault.cure else cure for fault in error.faults]
        raise type(error)(
            [replace(fault, cure=text) for fault, text in zip(error.faults, cures, strict=True)]
        ) from reason


def _rows(repository: str, name: str, split: str, revision: str | None, or_only_split: bool) -> Any:
    from datasets import load_dataset  # noqa: PLC0415 - heavy

    for library in ("datasets", "huggingface_hub"):
        report_through_logging(library)
    try:
        commit = revision or current_commit(repository, "datasets")
        return _rows_at(commit, repository, name, split, or_only_split)
    except Exception as reason:
        unreachable = isinstance(hub_error(reason, repository, kind="datasets"), Unreachable)
        if not (unreachable and (prepared_folder(repository) / name).is_dir()):
            raise
        report_download(
            f"{repository} {name}: the Hub does not answer; what was prepared here before is read"
        )
        return load_dataset(_address(repository), name, split=split)


def _rows_at(commit: str, repository: str, name: str, split: str, or_only_split: bool) -> Any:
    """Download what a configuration needs of a commit; `datasets` prepares it from the Hub's cache."""
    from datasets import load_dataset_builder  # noqa: PLC0415 - heavy
    from huggingface_hub import HfFileSystem  # noqa: PLC0415 - heavy

    patient_session()
    HfFileSystem.clear_instance_cache()  # it remembers refusals, which may have ended
    _download(repository, commit, _DESCRIPTIONS)
    builder = load_dataset_builder(_address(repository), name, revision=commit)
    if not Path(builder.cache_dir).is_dir():
        start = f"{_address(repository)}@{commit}/"
        addresses = [address for files in (builder.config.data_files or {}).values() for address in files]
        _download(repository, commit, [address.removeprefix(start) for address in addresses])
    builder.download_and_prepare()
    if (noted := _noted.get()) is not None:
        noted[repository] = commit
    names = list(builder.info.splits or ())
    if or_only_split and split not in names and len(names) == 1:
        split = names[0]
    return builder.as_dataset(split=split)


def _download(repository: str, commit: str, names: Collection[str]) -> None:
    """Bring files to the Hub's cache; one that is there with other bytes is downloaded again."""
    folder = download_snapshot(repository, commit, set(names).__contains__, kind="datasets")
    if damaged := damaged_files(folder, names):
        forget(folder, damaged)
        download_snapshot(repository, commit, set(names).__contains__, kind="datasets")


def _address(repository: str) -> str:
    """Return the address by which `datasets` never opens a folder of the repository's name."""
    return f"hf://datasets/{repository}"


def prepared_folder(repository: str) -> Path:
    """Return the folder in which `datasets` keeps the prepared rows of a repository, if there are any."""
    from datasets import config  # noqa: PLC0415 - heavy
    from datasets.naming import camelcase_to_snakecase  # noqa: PLC0415

    owner, _, title = repository.partition("/")
    return Path(config.HF_DATASETS_CACHE) / f"{owner}___{camelcase_to_snakecase(title)}"


def columns(rows: Any, source: str, kinds: Mapping[str, type], *, cure: str) -> list[list[Any]]:
    """Return the columns of a data set's rows that `kinds` names; a missing value is None.

    Raises BadInput for a column that the data set does not have, and, with its row, for a value of another
    type.
    """
    if missing := [name for name in kinds if name not in rows.column_names]:
        present = ", ".join(rows.column_names)
        raise BadInput(f"{source} has no column {missing[0]!r}, only {present}", cure=cure)

    table = rows.select_columns(list(kinds))[:]

    def checked(value: object, name: str, row: int) -> object:
        return None if value is None else typed(value, kinds[name], Where(source, row), repr(name))

    return [[checked(value, name, row) for row, value in enumerate(table[name], start=1)] for name in kinds]
