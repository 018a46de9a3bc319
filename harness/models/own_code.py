"""An encoder in Python: the caller's own code, whose vectors are checked before they are used."""

from __future__ import annotations

import hashlib
import importlib
import inspect
import sys
from collections.abc import Callable, Sequence
from functools import cache
from importlib.metadata import PackageNotFoundError, packages_distributions, version
from pathlib import Path
from typing import Any

import numpy as np

from harness.errors import BadInput, naming_failures
from harness.models.checkpoint import CheckpointFiles
from harness.models.checkpoint.checkpoint_files import OWN_CODE_CONFIG
from harness.models.vector_cache import Vectors
from harness.records import Checkpoint, Parameters, TextRole

# Encoded when an encoder is opened: their vectors identify it, and are the same when asked for again.
_PROBE = (
    "A short sentence.",
    "Ein anderer Satz.",
    "Третье предложение.",
    "第四句话。",
    "x",
    "A short sentence!",
)
# The largest difference between two unit vectors of one text: batches of other lengths round differently.
_TOLERANCE = 1e-3
_WANTED = ("language", "side")
_CURE = "encode(texts) returns one vector of numbers for each text, as an array of shape (n, d)"


class OwnCode:
    """The caller's encoder: an object with `encode(texts) → (n, d)`.

    An `encode` with a parameter named `language` or `side` is given the texts' language, such as `de`, and
    what they are, `text`, `query` or `passage`; others are given all texts alike. `name` is
    `package.module:attribute`, `package` and `version` are those of its distribution.
    """

    def __init__(self, encoder: Any, name: str = "") -> None:
        """Wrap an encoder; raises BadInput where it has no `encode` that takes texts."""
        encode = getattr(encoder, "encode", None)
        if not callable(encode):
            raise BadInput(f"{_named(encoder, name)} has no encode(texts)", cure=_CURE)
        self._encode: Callable[..., Any] = encode
        self.name = name or _named(encoder, "")
        self.package, self.version = _distribution(self.name.partition(":")[0])
        parameters = inspect.signature(encode).parameters
        self.wants = tuple(name for name in _WANTED if name in parameters)
        self._width = 0
        self.digest = self._identify()

    @classmethod
    def imported(cls, name: str) -> OwnCode:
        """Import `package.module:attribute`: an encoder, or what makes one when called without arguments."""
        module, _, attribute = name.partition(":")
        cure = "package.module:attribute, of a package that is installed here, or of a file in this folder"
        with naming_failures(f"{name} cannot be imported", BadInput, cure=cure):
            encoder: Any = importlib.import_module(module)
            for part in attribute.split("."):
                encoder = getattr(encoder, part)
            if isinstance(encoder, type) or not hasattr(encoder, "encode"):
                encoder = encoder()
        return cls(encoder, name)

    @property
    def checkpoint(self) -> Checkpoint:
        """Return the record of this encoder."""
        return Checkpoint(python=self.name, package=self.package, version=self.version)

    def describe(self) -> CheckpointFiles:
        """Return what a result states of a checkpoint: no file, no size, and a digest of its vectors."""
        return CheckpointFiles(
            folder=Path(),
            source=self.checkpoint.source,
            config=dict(OWN_CODE_CONFIG),
            weight_files=(),
            parameters=Parameters(total=0, body=0),
            digest=self.digest,
        )

    def encode(self, texts: Sequence[str], language: str | None, role: TextRole) -> Vectors:
        """Return unit vectors (n, d); a row without direction, all zero, is NaN.

        Raises BadInput for anything but n finite vectors of one width.
        """
        known = {"language": language, "side": role.value}
        with naming_failures(f"{self.name}.encode failed on {len(texts):,} texts", BadInput, cure=_CURE):
            returned = self._encode(list(texts), **{name: known[name] for name in self.wants})
        vectors = self._checked(returned, texts)
        norms = np.linalg.norm(vectors, axis=1, keepdims=True)
        return (vectors / np.where(norms > 0, norms, np.nan)).astype(np.float32)

    def compare_again(
        self, texts: Sequence[str], vectors: Vectors, language: str | None, role: TextRole
    ) -> None:
        """Encode texts once more, in the other order; raises BadInput where their vectors have changed."""
        again = self.encode(list(reversed(texts)), language, role)[::-1]
        difference = float(np.nan_to_num(np.abs(again - vectors)).max(initial=0.0))
        if difference > _TOLERANCE:
            raise BadInput(
                f"{self.name}.encode gives other vectors for the same texts when it is called again: "
                f"unit vectors differ by up to {difference:.3g}",
                cure="switch dropout off, and let a text's vector not depend on the texts around it",
            )

    def _checked(self, returned: Any, texts: Sequence[str]) -> Vectors:
        if hasattr(returned, "detach"):  # a tensor, on whatever device
            returned = returned.detach().cpu().float().numpy()
        kind = type(returned).__name__
        with naming_failures(f"{self.name}.encode returned {kind}, no array", BadInput, cure=_CURE):
            vectors = np.asarray(returned)
        shape = f"an array of {vectors.dtype} of shape {vectors.shape}"
        found = f"{self.name}.encode returned {shape} for {len(texts):,} texts"
        if vectors.dtype.kind not in "fiu":
            raise BadInput(f"{found}: not numbers", cure=_CURE)
        if vectors.ndim != 2 or len(vectors) != len(texts):
            raise BadInput(f"{found}, not ({len(texts)}, d)", cure=_CURE)
        if self._width not in (0, vectors.shape[1]) or vectors.shape[1] == 0:
            raise BadInput(f"{found}; before, vectors had {self._width} dimensions", cure=_CURE)
        if not (finite := np.isfinite(vectors).all(axis=1)).all():
            text = texts[int(np.flatnonzero(~finite)[0])]
            what = f"{self.name}.encode returned a vector that is not finite for {text[:80]!r}"
            raise BadInput(what, cure=_CURE)
        self._width = vectors.shape[1]
        return vectors.astype(np.float32)

    def _identify(self) -> str:
        vectors = self.encode(_PROBE, "en", TextRole.TEXT)
        self.compare_again(_PROBE, vectors, "en", TextRole.TEXT)
        named = f"{self.name}\n{self.package}\n{self.version}\n".encode()
        return f"sha256:{hashlib.sha256(named + vectors.tobytes()).hexdigest()}"


def _named(encoder: Any, name: str) -> str:
    kind = encoder if isinstance(encoder, type) else type(encoder)
    return name or f"{kind.__module__}:{kind.__qualname__.replace('<locals>.', '')}"


# Lists every installed file; whatever is installed meanwhile is imported from another process.
_distributions = cache(packages_distributions)


def _distribution(module: str) -> tuple[str, str]:
    """Return name and version of the distribution that a module is from, or of a script or notebook."""
    top = module.partition(".")[0]
    for distribution in _distributions().get(top, ()):
        try:
            return distribution, version(distribution)
        except PackageNotFoundError:
            continue
    stated = getattr(sys.modules.get(top), "__version__", None)
    word = (
        "".join(char if char.isalnum() or char in "._+-" else "-" for char in top).strip("._+-") or "script"
    )
    return word, stated if isinstance(stated, str) and stated else "unversioned"
