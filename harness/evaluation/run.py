"""The options of an evaluation, and what is constant through one run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, PlainSerializer

from harness.cache import cache_folder
from harness.models.checkpoint import CheckpointFiles
from harness.records import Mining, Submission
from harness.reporter import Reporter

# Measured results are written to the disk at least this often.
WRITE_SECONDS = 60.0


# Serialised as an absolute path: another process may have another working directory.
AbsolutePath = Annotated[Path, PlainSerializer(lambda path: str(path.resolve()), return_type=str)]


@dataclass(frozen=True)
class Options:
    """How to evaluate. Only `mining`, `ignore_identical_ids` and `all_judged` change scores and signatures.

    `data` is a folder of data sets in their raw layouts, `own` maps user-provided targets (`bitext.NAME`) to
    their folders, `limit` evaluates the first examples only, `cache` replaces STILTBOARD_CACHE, `sweep`
    scores every layer in both poolings in addition to the declared view, `steps` the other checkpoints of the
    submission's training, and `keep_layers` caches the vectors
    of further layers from the same passes, for checkpoints truncated there. With `overwrite` requested scores
    are measured again, with `stale` those that other weights gave; with `untrusted` no score on disk is kept
    at all, since a stranger may have written it. `ignore_identical_ids` is for test collections, where None
    means the default of their format; without `all_judged` their queries without a relevant document are left
    out. With `seeds` only these are measured, and the scores of others are kept. `fetched` maps the source of
    a checkpoint to its files where another process has fetched and verified them. `encoder` is the OwnCode of
    whoever calls, for submissions whose checkpoint is an encoder in Python; it is never handed to another
    process.
    """

    data: AbsolutePath | None = None
    own: Mapping[str, AbsolutePath] = field(default_factory=dict)
    device: str = "auto"
    dtype: str = "auto"
    batch_tokens: int | None = None
    limit: int | None = None
    overwrite: bool = False
    stale: bool = False
    untrusted: bool = False
    cache: AbsolutePath | None = None
    sweep: bool = False
    steps: bool = False
    mining: Mining = field(default_factory=Mining)
    ignore_identical_ids: bool | None = None
    all_judged: bool = True
    keep_layers: tuple[int, ...] = ()
    seeds: tuple[int, ...] = ()
    fetched: Mapping[str, CheckpointFiles] = field(default_factory=dict)
    encoder: Annotated[Any, Field(exclude=True)] = None


@dataclass(frozen=True)
class Run:
    """What is constant through one evaluation of one submission; `device` and `dtype` are resolved."""

    folder: Path
    submission: Submission
    options: Options
    reporter: Reporter
    device: str
    dtype: str

    @property
    def slug(self) -> str:
        """Return the submission's name, which is that of its folder."""
        return self.folder.resolve().name

    @property
    def cache(self) -> Path:
        """Return the cache folder: that of the options, or the default."""
        return self.options.cache or cache_folder()
