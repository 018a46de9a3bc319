"""Keep vectors on disk by content address, so that nothing is encoded twice and a killed run goes on.

A space is everything that a vector depends on but the text: weights, tokenizer, layer, pooling, dtype, prefix, length.
Inside a space lie shards, each written once under a temporary name and renamed when whole, so a killed or second
writer cannot corrupt what is there.
"""

from __future__ import annotations

import hashlib
import os
import time
import uuid
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
import platformdirs
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from harness.errors import CheckFailed

Vectors = NDArray[np.float32]
_KEY_BYTES = 16
_FLUSH_SECONDS = 10.0


def cache_folder() -> Path:
    """Return where checkpoints and vectors are kept: STILTBOARD_CACHE, or the user's cache folder."""
    return Path(os.environ.get("STILTBOARD_CACHE") or platformdirs.user_cache_path("stiltboard"))


def text_key(text: str) -> bytes:
    """Return the 16-byte content address of a text."""
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=_KEY_BYTES).digest()


class VectorSpace:
    """The vectors (texts, hidden) of one space, in memory and on disk. Not safe for several threads; several processes are fine."""

    def __init__(self, root: Path, **what: object) -> None:
        """Open the space that `what` describes; every value counts by its text."""
        address = hashlib.sha256(repr(sorted((key, str(value)) for key, value in what.items())).encode()).hexdigest()[:32]
        self._folder = root / "vectors" / address
        self._rows: dict[bytes, Vectors] = {}
        self._fresh: list[bytes] = []
        self._flushed = time.monotonic()
        for shard in sorted(self._folder.glob("*.safetensors")):
            self._read(shard)

    def _read(self, shard: Path) -> None:
        try:
            tensors = load_file(shard)
            keys, vectors = tensors["keys"], tensors["vectors"]
        except (SafetensorError, KeyError):
            shard.unlink(missing_ok=True)  # truncated by a crash of the machine: its vectors are made again
            return
        self._rows.update((key.tobytes(), vector) for key, vector in zip(keys, vectors, strict=True))

    def __contains__(self, text: str) -> bool:
        return text_key(text) in self._rows

    def put(self, texts: Sequence[str], vectors: Vectors) -> None:
        """Add vectors (texts, hidden); they reach the disk within seconds, or with `flush`."""
        for text, vector in zip(texts, vectors, strict=True):
            key = text_key(text)
            self._rows[key] = vector
            self._fresh.append(key)
        if time.monotonic() - self._flushed > _FLUSH_SECONDS:
            self.flush()

    def get(self, texts: Sequence[str]) -> Vectors:
        """Return the vectors (texts, hidden); raises KeyError with the first text that has none."""
        try:
            return np.stack([self._rows[text_key(text)] for text in texts])
        except KeyError:
            raise KeyError(next(text for text in texts if text not in self)) from None

    def flush(self) -> None:
        """Write what is new as one shard. A full disk ends in a named error; everything before it is kept."""
        self._flushed = time.monotonic()
        if not self._fresh:
            return
        keys = np.frombuffer(b"".join(self._fresh), np.uint8).reshape(-1, _KEY_BYTES)
        name = f"{uuid.uuid4().hex}.safetensors"
        temporary = self._folder / f".{name}.tmp"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            save_file({"keys": keys, "vectors": np.stack([self._rows[key] for key in self._fresh])}, temporary)
            temporary.replace(self._folder / name)
        except (OSError, SafetensorError) as reason:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
            raise CheckFailed(
                f"vectors cannot be written to {self._folder}: {reason}",
                cure="free space, or point STILTBOARD_CACHE elsewhere; the same command then goes on",
            ) from reason
        self._fresh.clear()
