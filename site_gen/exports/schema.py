"""The JSON Schema of data/leaderboard.json, published beside it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from harness.records import (
    Mark,
    Parameters,
    Record,
    ReportedSubmission,
    Result,
    Submission,
    Sweep,
    Target,
    VerifiedResult,
)
from site_gen.exports.leaderboard_json import FORMAT

_Points = Annotated[float, Field(ge=0, le=100)]
_Average = _Points | None


class SeenInTraining(Record):
    """Data sets seen in training that belong to a target: a dev or test set of it, or a training set of the same task."""

    held_out: tuple[str, ...]
    training: tuple[str, ...]


class LeaderboardCell(Record):
    """One submission on one target: `rank` is its place by score, `ranks` the best and the worst that the data leave possible.

    Either there is a rank, or `unranked_because` says why not. `seeds` holds the score of each.
    `verification` is what somebody else found of this very result; only a rerun that agrees makes its `mark`
    verified.
    """

    score: _Points | None
    rank: int | None = Field(ge=1)
    ranks: tuple[int, int] | None
    tie_group: int | None = Field(ge=1)
    unranked_because: str | None
    languages_measured: int = Field(ge=0)
    languages: int = Field(ge=1)
    mark: Mark
    verification: VerifiedResult | None
    seen_in_training: SeenInTraining
    seeds: Mapping[str, _Points]
    interval: tuple[_Points, _Points] | None
    signature: str


class SupersededResult(Record):
    """An earlier result of a submission, with the reason; `removed` where none took its place."""

    target: str
    removed: bool
    reason: str


class LeaderboardRow(Record):
    """One submission; its whole results stand at the path `results`. `xtreme_mean` stands once all targets of XTREME are ranked.

    `mark` says of how many results somebody else found the same, or self-evaluated; None before any
    evaluation.
    """

    slug: str
    mark: str | None
    superseded: tuple[SupersededResult, ...]
    submission: Submission
    results: str | None
    parameters: Parameters | None
    xtreme_mean: _Average
    xtreme_targets_measured: int = Field(ge=0)
    xtreme_groups: Mapping[str, _Average]
    targets: Mapping[str, LeaderboardCell]


class MeasuredTarget(Record):
    """One target of a submission as the harness wrote it; `layers` is the sweep over all layers where there is one."""

    result: Result
    layers: Sweep | None


class ReportedValues(Record):
    """What others published of one target; `derived` names the values that follow from what was published."""

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


class SubmitterCount(Record):
    """One submitter, with how many submissions and results bear the name."""

    name: str
    url: str | None
    submissions: int = Field(ge=1)
    results: int = Field(ge=0)


class Leaderboard(Record):
    """Everything that the site shows; scores are in points, from 0 to 100. A change that breaks readers raises `format`."""

    format: Literal[2]
    targets: tuple[Target, ...]
    submissions: tuple[LeaderboardRow, ...]
    reported: tuple[ReportedLeaderboardRow, ...]
    submitters: tuple[SubmitterCount, ...]


def leaderboard_schema() -> bytes:
    """Return the schema as docs/schema/leaderboard.json holds it."""
    assert FORMAT == 2  # Leaderboard.format says so too
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **Leaderboard.model_json_schema()}
    return (json.dumps(schema, indent=2, ensure_ascii=False) + "\n").encode()
