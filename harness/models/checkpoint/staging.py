"""Put the files that may be opened, and no others, into a private folder, so that what is checked is what is used.

transformers looks into the folder that it is given: for adapter_config.json, *.jinja, weights under five
names, code. And whoever can write to the folder of a checkpoint can put another file there between the check
and the use. So nothing is opened where it lies: each file is opened once, judged by its descriptor, and from
there brought into a folder with a random name that only this user can enter, and everything else, from the
first check to the last tensor, happens there.

Small files are copied. Weights are shared with the original where the file system can (a reflink, which stays
as it is when the original is changed) or else as a second name of the same file (a hard link, made of the
file that was opened, not of its name), and copied only where neither is possible, as between two disks.
Through a hard link its owner could still write into the weights themselves; `CheckpointFiles.check_unchanged`
notices it before a result is written. What could run nothing can only be numbers by then: the header is
parsed anew from the private folder, and the tensors are not code.
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

from filelock import FileLock, Timeout

from harness.errors import BadInput, CheckFailed
from harness.models.checkpoint.listing import Listing
from harness.models.checkpoint.settings import ACTED_ON, without_remnants
from harness.models.checkpoint.weights import SHARD, SINGLE, weight_names

_FICLONE = 0x40049409  # linux/fs.h; the same on every architecture of Linux that torch runs on


@dataclass(eq=False)
class Stage:
    """A private folder with a checkpoint's files, which goes when nobody holds this any more, or the process ends.

    `digests` maps the names of small files to the sha256 of what was submitted, of which something may have
    been left out.
    """

    folder: Path
    digests: dict[str, str]
    _lock: FileLock = field(repr=False)

    def __post_init__(self) -> None:
        weakref.finalize(self, _remove, self.folder, self._lock, os.getpid())


def stage(listing: Listing, cache: Path) -> Stage:
    """Bring the files that an evaluation opens into a private folder inside `cache`; raises BadInput for what must not be opened."""
    room = cache / "opened"
    name = uuid.uuid4().hex
    lock = FileLock(room / f"{name}.lock")
    try:
        room.mkdir(parents=True, exist_ok=True)
        _sweep(room)
        lock.acquire(blocking=False)
        (room / name).mkdir(mode=0o700)
    except OSError as reason:
        raise CheckFailed(
            f"{room} cannot be written: {reason}", cure="free space, or point STILTBOARD_CACHE elsewhere"
        ) from reason
    staged = Stage(room / name, {}, lock)
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
        elif not (
            file == "model.safetensors.index.json" and SINGLE in weights
        ):  # one way to find the weights, not two
            data = listing.read(file)
            staged.digests[file] = hashlib.sha256(data).hexdigest()
            (staged.folder / file).write_bytes(
                without_remnants(data, listing.folder / file) if file in ACTED_ON else data
            )
    return staged


def _share(listing: Listing, name: str, target: Path) -> None:
    """Bring a large file over without copying its bytes, if that is possible."""
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
                cure="leave it alone while it is evaluated",
            )
        except OSError:
            _copy(file, target)


def _reflink(file: BinaryIO, target: Path) -> None:
    with target.open("wb") as copy:
        fcntl.ioctl(copy.fileno(), _FICLONE, file.fileno())


def _copy(file: BinaryIO, target: Path) -> None:
    size = os.fstat(file.fileno()).st_size
    if size > (free := shutil.disk_usage(target.parent).free):
        raise CheckFailed(
            f"{target.name} has {size:,} bytes and has to be copied to {target.parent}, where {free:,} are free",
            cure="point STILTBOARD_CACHE to the disk that holds the checkpoint: nothing is copied then",
        )
    with target.open("wb") as copy:
        shutil.copyfileobj(file, copy, 16 * 2**20)


def _sweep(room: Path) -> None:
    """Remove the folders of processes that were killed; theirs are the locks that nobody holds."""
    for folder in room.iterdir():
        if folder.is_dir():
            lock = FileLock(folder.with_name(f"{folder.name}.lock"))
            with suppress(Timeout):
                lock.acquire(blocking=False)
                _remove(folder, lock, os.getpid())


def _remove(folder: Path, lock: FileLock, owner: int) -> None:
    if os.getpid() != owner:  # a fork of the process that holds it
        return
    shutil.rmtree(folder, ignore_errors=True)
    lock.release()
    Path(lock.lock_file).unlink(missing_ok=True)
