"""Cache vectors on disk by content address, so that nothing is encoded twice and a killed run goes on.

New vectors are streamed to the disk and cached ones mapped from it: memory holds the addresses of the space
that is read, and of the vectors only those that wait to be written and those that are requested.

A space is everything that a vector depends on except the text: weights, tokenizer, layer, pooling, dtype,
prefix, length. A space consists of shards, each written once under a temporary name and renamed when whole,
so that a killed or second writer cannot corrupt existing ones.
"""

from __future__ import annotations

import hashlib
import tempfile
import time
import uuid
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import save_file

from harness.errors import BadInput, Unwritable
from harness.models.checkpoint import TensorEntry, read_header

Vectors = NDArray[np.float32]
_KEY_BYTES = 16
_FLUSH_SECONDS = 10.0
_UNFINISHED_SECONDS = 24 * 3600.0
ABOUT = "about.txt"
"""The file of a space that says whose vectors it holds."""
WAITING_BYTES = 64 * 2**20
_IN_MEMORY_BYTES = 512 * 2**20


def text_key(text: str) -> bytes:
    """Return the 16-byte content address of a text."""
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=_KEY_BYTES).digest()


class VectorSpace:
    """The vectors (texts, hidden) of one space. Not safe for several threads; several processes are fine."""

    def __init__(
        self, root: Path, *, waiting: int = WAITING_BYTES, about: str = "", **dependencies: object
    ) -> None:
        """Open the space of `dependencies`, compared as text; at most `waiting` bytes wait for a write.

        `about` says whose vectors these are, for a person who looks into the cache.
        """
        address = hashlib.sha256(
            repr(sorted((key, str(value)) for key, value in dependencies.items())).encode()
        ).hexdigest()[:32]
        self._folder = root / "vectors" / address
        self._limit, self._about = waiting, about
        self._waiting: dict[bytes, Vectors] = {}
        self._waiting_bytes = 0
        self._flushed = time.monotonic()
        self._row_by_key: dict[bytes, int] | None = None  # text key → row over all shards
        self._shards: list[tuple[Path, TensorEntry]] = []
        self._starts: list[int] = []
        self._rows = 0

    def __contains__(self, text: str) -> bool:
        key = text_key(text)
        return key in self._waiting or key in self._index()

    def put(self, texts: Sequence[str], vectors: Vectors) -> None:
        """Add vectors (texts, hidden); they reach the disk within seconds, or with `flush`."""
        for text, vector in zip(texts, vectors, strict=True):
            self._waiting[text_key(text)] = vector
        self._waiting_bytes += vectors.nbytes
        if self._waiting_bytes > self._limit or time.monotonic() - self._flushed > _FLUSH_SECONDS:
            self.flush()

    def get(self, texts: Sequence[str]) -> Vectors:
        """Return the vectors (texts, hidden); raises KeyError with the first text that has none."""
        self.flush()
        row_by_key = self._index()
        try:
            rows = np.array([row_by_key[text_key(text)] for text in texts], dtype=np.int64)
        except KeyError:
            raise KeyError(next(text for text in texts if text not in self)) from None
        if not len(rows):
            return np.zeros((0, 0), np.float32)
        vectors = _allocate(len(rows), self._shards[0][1].shape[1], self._folder)
        shards = np.searchsorted(self._starts, rows, side="right") - 1
        for shard in np.unique(shards):
            selected = np.flatnonzero(shards == shard)
            # Mapped only while it is read: a space may have more shards than a process may have open files.
            vectors[selected] = _mapped(*self._shards[shard])[rows[selected] - self._starts[shard]]
        return vectors

    def close(self) -> None:
        """Write waiting vectors and release the addresses, which are read again at the next use."""
        self.flush()
        self._row_by_key, self._shards, self._starts, self._rows = None, [], [], 0

    def flush(self) -> None:
        """Write waiting vectors as one shard; raises CheckFailed when the disk is full, and keeps them."""
        self._flushed = time.monotonic()
        if not self._waiting:
            return
        keys = np.frombuffer(b"".join(self._waiting), np.uint8).reshape(-1, _KEY_BYTES)
        name = f"{uuid.uuid4().hex}.safetensors"
        temporary = self._folder / f".{name}.tmp"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            (self._folder / ABOUT).write_text(f"{self._about}\n", encoding="utf-8")
            save_file({"keys": keys, "vectors": np.stack(list(self._waiting.values()))}, temporary)
            temporary.replace(self._folder / name)
        except (OSError, SafetensorError) as reason:
            raise Unwritable(
                f"vectors cannot be written to {self._folder}: {reason}",
                cure="free space, or point STILTBOARD_CACHE elsewhere; the same command then goes on",
            ) from reason
        finally:  # also after an interruption
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
        self._waiting, self._waiting_bytes = {}, 0
        if self._row_by_key is not None:
            self._map(self._folder / name)

    # ---- the shards on disk ----

    def _index(self) -> dict[bytes, int]:
        if self._row_by_key is None:
            self._row_by_key = {}
            _sweep(self._folder)
            for shard in sorted(self._folder.glob("*.safetensors")):
                self._map(shard)
        return self._row_by_key

    def _map(self, shard: Path) -> None:
        """Add a shard's addresses to the index; a truncated shard is deleted."""
        assert self._row_by_key is not None
        try:
            header = read_header(shard)
            keys, vectors = np.array(_mapped(shard, header["keys"])), header["vectors"]
        except (BadInput, KeyError):
            # Truncated by a crash of the machine: its vectors are encoded again.
            shard.unlink(missing_ok=True)
            return
        self._row_by_key.update((key.tobytes(), self._rows + row) for row, key in enumerate(keys))
        self._shards.append((shard, vectors))
        self._starts.append(self._rows)
        self._rows += len(keys)


def _sweep(folder: Path) -> None:
    """Remove unfinished shards of killed writers; those of running writers are seconds old."""
    for temporary in folder.glob(".*.safetensors.tmp"):
        with suppress(OSError):
            if time.time() - temporary.stat().st_mtime > _UNFINISHED_SECONDS:
                temporary.unlink()


def _allocate(rows: int, columns: int, folder: Path) -> Vectors:
    """Allocate vectors in memory, or, where they are many, in a temporary file that is removed with them."""
    if rows * columns * 4 <= _IN_MEMORY_BYTES:
        return np.empty((rows, columns), np.float32)
    with tempfile.TemporaryFile(dir=folder) as file:
        return np.memmap(file, np.float32, "w+", shape=(rows, columns))


def _mapped(path: Path, entry: TensorEntry) -> Any:
    return np.memmap(path, {"F32": np.float32, "U8": np.uint8}[entry.dtype], "r", entry.start, entry.shape)
