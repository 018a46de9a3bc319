"""What stays the same through one evaluation of one submission."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from pydantic import PlainSerializer

from harness.cache import cache_folder
from harness.models.checkpoint import CheckpointFiles
from harness.records import Mining, Submission
from harness.reporter import Reporter

# What is measured reaches the disk at least so often.
WRITE_SECONDS = 60.0


# Written for another process as what it means here.
AbsolutePath = Annotated[Path, PlainSerializer(lambda path: str(path.resolve()), return_type=str)]


@dataclass(frozen=True)
class Options:
    """How to evaluate; but for `mining`, which the signature says, none of it may change a score beyond the rounding of the dtype.

    `data` is a folder of raw layouts, `own` maps people's own targets (`bitext.NAME`) to their folders,
    `limit` tries the first examples only, `cache` replaces STILTBOARD_CACHE, `sweep` scores every layer and
    both poolings beside the declared view, and `keep_layers` keeps the vectors of further layers, which the
    same passes give, for checkpoints cut there. `fetched` maps the source of a checkpoint to its files where
    another process has brought and verified them.
    """

    data: AbsolutePath | None = None
    own: Mapping[str, AbsolutePath] = field(default_factory=dict)
    device: str = "auto"
    dtype: str = "auto"
    batch_tokens: int | None = None
    limit: int | None = None
    overwrite: bool = False
    cache: AbsolutePath | None = None
    sweep: bool = False
    mining: Mining = field(default_factory=Mining)
    keep_layers: tuple[int, ...] = ()
    fetched: Mapping[str, CheckpointFiles] = field(default_factory=dict)


@dataclass(frozen=True)
class Run:
    """What stays the same through one evaluation of one submission."""

    folder: Path
    submission: Submission
    options: Options
    reporter: Reporter
    device: str
    dtype: str

    @property
    def slug(self) -> str:
        """Return the submission's name."""
        return self.folder.resolve().name

    @property
    def cache(self) -> Path:
        """Return the folder of the cache."""
        return self.options.cache or cache_folder()
