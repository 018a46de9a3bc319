"""Stage the allowed files in a private folder, so that the files that are checked are those that are used.

transformers searches the folder that it is given for adapter_config.json, *.jinja, weights under five names
and code. And anyone who can write to a checkpoint's folder can replace a file between the check and the use.
So nothing is opened in place: each file is opened once, checked through its descriptor, and brought into a
folder with a random name that only this user can enter; everything else, from the first check to the last
tensor, happens there.

Small files are copied. Weights are shared with the original where the file system can (a reflink, which stays
as it is when the original is changed) or else as a second name of the same file (a hard link, made of the
file that was opened, not of its name), and copied only where neither is possible, as between two disks.
Through a hard link the owner of the original could still write into the weights;
`CheckpointFiles.check_unchanged` notices that before a result is written. Such a write can change numbers but
not run code: the header is parsed again from the private folder, and tensors are not code.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import uuid
import weakref
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from filelock import BaseFileLock, Timeout

from harness.errors import BadInput, Unwritable
from harness.locks import lock_of
from harness.models.checkpoint.listing import Listing
from harness.models.checkpoint.settings import SETTINGS_FILES, LeftOut, settings_to_open
from harness.models.checkpoint.weights import SHARD, SINGLE, weight_names

_WHOLE = "not opened: the weights next to it are whole"
_FICLONE = 0x40049409  # linux/fs.h; the same on every architecture of Linux that torch runs on


@dataclass(eq=False)
class Stage:
    """A private folder with a checkpoint's files, removed with the last reference to it or with the process.

    `digests` maps the names of small files to the sha256 of the submitted bytes, from which attributes may
    have been left out here; `left_out` lists those that have to be named.
    """

    folder: Path
    digests: dict[str, str]
    left_out: list[LeftOut]
    _lock: BaseFileLock = field(repr=False)

    def __post_init__(self) -> None:
        weakref.finalize(self, _remove, self.folder, self._lock, os.getpid())


def stage(listing: Listing, cache: Path) -> Stage:
    """Stage the allowed files inside `cache`; raises BadInput for what must not be opened."""
    stages = cache / "opened"
    name = uuid.uuid4().hex
    try:
        stages.mkdir(parents=True, exist_ok=True)
        _sweep(stages)
        lock = lock_of(stages / f"{name}.lock")
        lock.acquire(blocking=False)
        (stages / name).mkdir(mode=0o700)
    except OSError as reason:
        raise Unwritable(
            f"{stages} cannot be written: {reason}", cure="free space, or point STILTBOARD_CACHE elsewhere"
        ) from reason
    staged = Stage(stages / name, {}, [LeftOut(file, (), "", _WHOLE) for file in listing.adapters], lock)
    index = (
        listing.read("model.safetensors.index.json")
        if "model.safetensors.index.json" in listing.paths
        else None
    )
    weights = weight_names(listing.paths, index, listing.folder)
    for file in listing.paths:
        if SHARD.fullmatch(file) or file == SINGLE:
            if file in weights:
                _share(listing, file, staged.folder / file)
        # An index next to a single weight file is left out: it would be a second way to find the weights.
        elif not (file == "model.safetensors.index.json" and SINGLE in weights):
            data = listing.read(file)
            staged.digests[file] = hashlib.sha256(data).hexdigest()
            if file in SETTINGS_FILES:
                data, left_out = settings_to_open(data, listing.folder / file)
                staged.left_out.extend(left_out)
            target = staged.folder / file
            target.parent.mkdir(exist_ok=True)  # a module's files are in a folder of their own
            target.write_bytes(data)
    return staged


def _share(listing: Listing, name: str, target: Path) -> None:
    """Clone or link a large file without copying its bytes, where that is possible."""
    with listing.opened(name) as file:
        try:
            _reflink(file, target)
            return
        except OSError:
            target.unlink(missing_ok=True)
        try:
            os.link(listing.paths[name], target, follow_symlinks=False)
            # The name may have been given to another file since it was opened.
            if os.path.samestat(target.lstat(), os.fstat(file.fileno())):
                return
            raise BadInput(
                f"{listing.folder / name} was replaced while it was opened",
                cure="do not change it while it is evaluated",
            )
        except OSError:
            _copy(file, target)


def _reflink(file: BinaryIO, target: Path) -> None:
    with target.open("wb") as copy:
        fcntl.ioctl(copy.fileno(), _FICLONE, file.fileno())


def _copy(file: BinaryIO, target: Path) -> None:
    size = os.fstat(file.fileno()).st_size
    if size > (free := shutil.disk_usage(target.parent).free):
        raise Unwritable(
            f"{target.name} has {size:,} bytes and has to be copied to {target.parent}, "
            f"where {free:,} are free",
            cure="point STILTBOARD_CACHE to the disk that holds the checkpoint: nothing is copied then",
        )
    with target.open("wb") as copy:
        shutil.copyfileobj(file, copy, 16 * 2**20)


def _sweep(stages: Path) -> None:
    """Remove the folders of killed processes, whose locks no process holds."""
    for folder in stages.iterdir():
        if folder.is_dir():
            lock = lock_of(folder.with_name(f"{folder.name}.lock"))
            with suppress(Timeout):
                lock.acquire(blocking=False)
                _remove(folder, lock, os.getpid())


def _remove(folder: Path, lock: BaseFileLock, owner: int) -> None:
    if os.getpid() != owner:  # a fork of the owner
        return
    shutil.rmtree(folder, ignore_errors=True)
    lock.release()
    Path(lock.lock_file).unlink(missing_ok=True)
