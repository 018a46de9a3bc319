"""The JSON Schema of data/leaderboard.json, published next to it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from harness.records import (
    Mark,
    Notice,
    Parameters,
    Record,
    ReportedSubmission,
    Result,
    StepCurve,
    Submission,
    Sweep,
    Target,
    Tombstone,
    VerifiedResult,
)
from site_gen.exports.leaderboard_json import FORMAT

_Points = Annotated[float, Field(ge=0, le=100)]
_Average = _Points | None


class SeenInTraining(Record):
    """Data sets of a target seen in training: its dev or test sets, or training sets of the same task."""

    held_out: tuple[str, ...]
    training: tuple[str, ...]


class LeaderboardCell(Record):
    """One submission on one target: `rank` is by score, `ranks` the best and worst possible by the data.

    Either there is a rank, or `unranked_because` gives the reason. `seeds` holds the score of each seed.
    `verification` is a check of this very result by others; only a rerun that agrees makes its `mark`
    verified. `mixed`, left out if empty, names the conditions that differ between parts of the result, such
    as `versions.torch`, with their values.
    """

    score: _Points | None
    rank: int | None = Field(ge=1)
    ranks: tuple[int, int] | None
    unranked_because: str | None
    languages_measured: int = Field(ge=0)
    languages: int = Field(ge=1)
    mark: Mark
    verification: VerifiedResult | None
    seen_in_training: SeenInTraining
    seeds: Mapping[str, _Points]
    interval: tuple[_Points, _Points] | None
    signature: str
    mixed: Mapping[str, tuple[str, ...]] = {}


class SupersededResult(Record):
    """A superseded result of a submission, with the reason; `removed` if no other result replaced it.

    Where they are on record, `date` is the day of its replacement, `score` its score, `version` that of its
    protocol. `after` is the score of what replaced it. It is `pending` while it is still the present result,
    and was `rescored` if its outcomes remained.
    """

    target: str
    removed: bool
    reason: str
    date: str | None = None
    score: _Points | None = None
    version: int | None = Field(default=None, ge=1)
    after: _Points | None = None
    pending: bool = False
    rescored: bool = False


class LeaderboardRow(Record):
    """One submission; its complete results are at the path `results`.

    `weights` are the addresses of its seeds' weights on the Hub; licence and languages are in `submission`.
    `xtreme_mean` is null until all XTREME targets are ranked. `mark` is `verified`, `self-evaluated` or the
    number of verified results; null before any evaluation. `notices`, left out if empty, are those of the
    maintainers, also lifted ones; `aliases` in `submission` are its former slugs.
    """

    slug: str
    mark: str | None
    superseded: tuple[SupersededResult, ...]
    submission: Submission
    results: str | None
    weights: tuple[str, ...]
    parameters: Parameters | None
    xtreme_mean: _Average
    xtreme_targets_measured: int = Field(ge=0)
    xtreme_groups: Mapping[str, _Average]
    targets: Mapping[str, LeaderboardCell]
    notices: tuple[Notice, ...] = ()


class MeasuredTarget(Record):
    """One target of a submission as the harness wrote it.

    `layers` is the sweep over all layers, and `steps` the curve over the steps of its training, if any.
    """

    result: Result
    layers: Sweep | None
    steps: StepCurve | None = None


class ReportedValues(Record):
    """Numbers that others published for one target; `derived` names values computed from published ones."""

    score: _Points | None
    no_score_because: str | None
    values: Mapping[str, float]
    derived: tuple[str, ...]
    languages: Mapping[str, _Points]
    differs: str | None


class ReportedLeaderboardRow(Record):
    """Numbers that others published: not measured here, never ranked."""

    slug: str
    mark: Literal["reported"]
    submission: ReportedSubmission
    parameters: int | None = Field(ge=1)
    xtreme_mean: _Average
    xtreme_targets_reported: int = Field(ge=0)
    xtreme_groups: Mapping[str, _Average]
    targets: Mapping[str, ReportedValues]
    notices: tuple[Notice, ...] = ()


class SubmitterCount(Record):
    """One submitter, with the numbers of submissions and results."""

    name: str
    url: str | None
    submissions: int = Field(ge=1)
    results: int = Field(ge=0)


class Leaderboard(Record):
    """Everything that the site shows; scores are in points, 0 to 100. Breaking changes increase `format`.

    `withdrawn`, left out if empty, are the submissions that were taken down. `commit` is the git commit of
    the submissions, `commit_date` its date in UTC, and `snapshot` the name of the snapshot that this is; each
    is left out where there is none.
    """

    format: Literal[2]
    commit: str | None = Field(default=None, pattern="^[0-9a-f]{40,64}$")
    commit_date: str | None = None
    snapshot: str | None = None
    targets: tuple[Target, ...]
    submissions: tuple[LeaderboardRow, ...]
    reported: tuple[ReportedLeaderboardRow, ...]
    submitters: tuple[SubmitterCount, ...]
    withdrawn: tuple[Tombstone, ...] = ()


def leaderboard_schema() -> bytes:
    """Return the schema as docs/schema/leaderboard.json holds it."""
    assert FORMAT == 2  # Leaderboard.format must be changed with it
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:stiltboard:schema:leaderboard",
        **Leaderboard.model_json_schema(),
    }
    return (json.dumps(schema, indent=2, ensure_ascii=False) + "\n").encode()
