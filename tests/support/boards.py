"""Toy submissions, results and targets for tests of the site."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from harness.catalog import TARGETS, find_target, target_of
from harness.catalog.fingerprints import FINGERPRINTS
from harness.records import (
    Batches,
    Encoding,
    Pooling,
    ReportedSubmission,
    Result,
    Submission,
    Target,
    TextEncoding,
)
from harness.scoring.statistics.entrant import Entrant
from harness.store.board_settings import load_board_settings
from site_gen.board import ranking
from site_gen.board.board import Board, Standing
from site_gen.board.entry import Entry, make_entry
from site_gen.board.reported import ReportedEntry
from site_gen.board.whole import WholeEntry, whole_row
from site_gen.pages.submission_details import WholeDetails
from tests.support.folders import SITE_SUBMISSIONS

# Of a board that asks what this repository's asks.
SETTINGS = load_board_settings(SITE_SUBMISSIONS)
TATOEBA = find_target("tatoeba")
ENCODING = Encoding(layer=2, pooling=Pooling.MEAN)
# Two languages of four pairs each: small enough to check every number by eye.
PAIR = TATOEBA.model_copy(
    update={"name": "pair", "title": "Pair", "languages": ("de", "fi"), "sizes": {"de": 4, "fi": 4}}
)
SHOW = PAIR.model_copy(
    update={
        "name": "show",
        "title": "Show",
        "benchmark": None,
        "demonstration": True,
        "group": None,
        "sizes": {},
    }
)
MINED = find_target("bucc2018_dev").model_copy(
    update={"name": "mined", "title": "Mined", "languages": ("de", "fi"), "sizes": {}}
)
ASKED = SHOW.model_copy(
    update={
        "name": "asked", "title": "Asked", "kind": "question_retrieval", "metric": "map_20", "demonstration": False, "benchmark": "LAReQA",
        "secondary": ("map_mono", "recall_10_multi"), "quantities": ("language_bias",), "unit": "questions",
    }
)  # fmt: skip

_REGIMES: dict[str, dict[str, object]] = {
    "none": {"regime": "none"},
    "english": {"regime": "english", "tasks": ["mnli"], "languages": ["en"], "examples": "10"},
    "multilingual": {
        "regime": "multilingual",
        "tasks": ["xnli"],
        "languages": ["de", "en"],
        "examples": "20",
    },
}


def make_board(
    found: Iterable[Entry | WholeEntry | ReportedEntry],
    targets: Sequence[Target] = TARGETS,
    before: Board | None = None,
) -> Board:
    """Rank entries as the site does; toy targets are among the given ones."""
    known = {target.name: target for target in (PAIR, SHOW, MINED, ASKED, *targets)}
    entries = [_entry(one, known) if isinstance(one, WholeEntry) else one for one in found]
    return replace(ranking.make_board(entries, targets, before), settings=SETTINGS)


def _entry(whole: WholeEntry, known: Mapping[str, Target]) -> Entry:
    row = whole_row(whole, lambda result: known.get(result.target) or target_of(result))
    return make_entry(
        row, WholeDetails(row), hashlib.sha256(repr(whole).encode("utf-8", "surrogatepass")).digest()
    )


def submission(
    title: str = "Toy", regime: str = "none", family: str = "toy", seeds: int = 1, **more: object
) -> Submission:
    """Return a submission; `more` replaces its fields."""
    fields: dict[str, object] = {
        "schema": "1",
        "title": title,
        "family": family,
        "base": {"id": "example/toy"},
        "intermediate": _REGIMES[regime],
        "encoding": {"layer": "last", "pooling": "mean"},
        "checkpoints": [{"seed": str(seed), "path": f"seed{seed}"} for seed in range(seeds)],
        "submitters": [{"name": "Example"}],
        "license": "MIT",
    }
    return Submission.model_validate(fields | more)


def result(
    slug: str,
    seeds: Sequence[Mapping[str, float | str]],
    *,
    target: Target = PAIR,
    body: int = 1_000_000,
    n: int = 4,
    data: str = "",
    **more: object,
) -> Result:
    """Return a result from language → score (or the reason of its failure), once per seed.

    It is of the official text where that is pinned; a letter as `data` makes it of another one.
    """
    checkpoints = [
        {
            "seed": seed,
            "source": f"seed{seed}",
            "weights": f"sha256:{'e' * 64}",
            "parameters": {"total": 3 * body, "body": body},
            "layer": 2,
            "scores": {
                language: {
                    "score": score,
                    "n": n,
                    "interval": [max(0, score - 10), min(100, score + 10)],
                    "secondary": {"f1": score / 2},
                }
                for language, score in scores.items()
                if not isinstance(score, str)
            },
            "failed": {language: reason for language, reason in scores.items() if isinstance(reason, str)},
        }
        for seed, scores in enumerate(seeds)
    ]
    means = {
        language: [float(scores[language]) for scores in seeds]
        for language in target.languages
        if all(isinstance(scores.get(language), (int, float)) for scores in seeds)
    }
    whole = len(means) == len(target.languages)
    fields: dict[str, object] = {
        "schema": 2,
        "submission": slug,
        "target": target.name,
        "signature": str(target.signature.encoded(TextEncoding.stated(ENCODING, 2), roles=False)),
        "metric": target.metric,
        "score": sum(sum(scores) / len(scores) for scores in means.values()) / len(means) if whole else None,
        "measured": len(means),
        "of": len(target.languages),
        "checkpoints": checkpoints,
        "data": {
            language: f"sha256:{(not data and FINGERPRINTS.get(target.name, {}).get(language)) or (data or 'd') * 64}"
            for language in target.languages
        },
        "outcomes": {"file": f"{target.name}.parquet", "sha256": "f" * 64, "rows": 8},
        "runs": [{"date": "2026-03-02T09:14:07Z", "versions": {"torch": "2.10.0"}}],
    }
    return Result.model_validate(fields | more)


def reported(
    slug: str, scores: Mapping[str, object], regime: str = "none", family: str = "toy", **more: object
) -> ReportedEntry:
    """Return an entry of published numbers; `more` replaces fields of its `reported` block."""
    block = {"citation": f"{slug} 2020", "source": f"https://example.org/{slug}", "scores": scores}
    fields = {
        "schema": "1",
        "title": slug.title(),
        "family": family,
        "intermediate": {"regime": regime},
        "reported": block | more,
        "submitters": [{"name": "Example"}],
    }
    return ReportedEntry(slug, ReportedSubmission.model_validate(fields))


def asked_result(slug: str, *seeds: float) -> Result:
    """Return a result of questions; a seed's number moves all its scores."""
    made = result(slug, [{"de": 30.0 + seed, "fi": 20.0 + seed} for seed in seeds], target=ASKED)
    checkpoints = []
    for checkpoint, seed in zip(made.checkpoints, seeds, strict=True):
        scores = {
            language: checkpoint.scores[language].model_copy(
                update={
                    "secondary": {"map_mono": 60.0 + seed, "recall_10_multi": 50.0},
                    "quantities": {"language_bias": 12.25 + seed},
                    "pairs": {other: {"map": 40.0 + seed, "recall_1": 1.0, "recall_10": 2.0}},
                }
            )
            for language, other in (("de", "fi"), ("fi", "de"))
        }
        checkpoints.append(checkpoint.model_copy(update={"scores": scores}))
    return made.model_copy(update={"checkpoints": tuple(checkpoints)})


def entry(
    slug: str, *seeds: Mapping[str, float | str], regime: str = "none", family: str = "toy", **more: object
) -> WholeEntry:
    """Return an entry with one result; without seeds it has none."""
    results = (result(slug, seeds, **more),) if seeds else ()  # type: ignore[arg-type]
    return WholeEntry(slug, submission(slug.title(), regime, family, max(1, len(seeds))), results)


def with_batches() -> Board:
    """Return a board with an untrained row, one of English batches and one of hybrid ones."""
    rows = [
        entry("none", {"de": 10, "fi": 20}),
        entry("english", {"de": 30, "fi": 20}, regime="english"),
        entry("hybrid", {"de": 50, "fi": 60}, regime="multilingual"),
    ]
    for number, batches in ((1, "english"), (2, "hybrid")):
        old = rows[number].submission
        intermediate = old.intermediate.model_copy(update={"batches": Batches(batches)})
        rows[number] = replace(rows[number], submission=old.model_copy(update={"intermediate": intermediate}))
    return make_board(rows, (PAIR, SHOW))


MILLION = 1_000_000


def standing(*rows: WholeEntry) -> Standing:
    return make_board(rows, (PAIR,)).standings[0]


def sizes(*differences: float) -> list[WholeEntry]:
    """Return rows of both regimes at 10, 20, 40 … million parameters whose mean gaps are these."""
    rows = []
    for index, difference in enumerate(differences):
        rows.append(row(10 * 2**index, ENGLISH, 49.9, 50.0, 50.1))
        rows.append(
            row(10 * 2**index, MULTILINGUAL, *(50.0 + difference + noise for noise in (0.1, -0.1, 0.0)))
        )
    return rows


ENGLISH = {"regime": "english", "tasks": ["sts"], "languages": ["en"], "examples": "10"}
MULTILINGUAL = {"regime": "multilingual", "tasks": ["sts"], "languages": ["de", "en"], "examples": "10"}


def row(size: int, regime: dict[str, object], *seeds: float, examples: float = 0.001) -> WholeEntry:
    """Return a row whose seeds score as given, in points; its examples' standard error is a tenth of a point."""
    slug = f"{regime['regime']}-{size}"
    made: Result = result(slug, [{"de": score, "fi": score} for score in seeds], body=size * MILLION)
    scores = np.array(seeds) / 100
    entrant = Entrant(float(scores.mean()), examples**2, scores)
    return WholeEntry(
        slug, submission(slug, seeds=len(seeds), intermediate=regime), (made,), entrants={PAIR.name: entrant}
    )
