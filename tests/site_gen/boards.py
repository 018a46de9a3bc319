"""Toy submissions, results and targets for tests of the site."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from harness.catalog import find_target
from harness.records import Result, Submission, Target
from site_gen.leaderboard import Entry

TATOEBA = find_target("tatoeba")
# Two languages of four pairs each: small enough to check every number by eye.
PAIR = TATOEBA.model_copy(update={"name": "pair", "title": "Pair", "languages": ("de", "fi"), "sizes": {"de": 4, "fi": 4}})
SHOW = PAIR.model_copy(update={"name": "show", "title": "Show", "benchmark": None, "demonstration": True, "group": None, "sizes": {}})

_REGIMES: dict[str, dict[str, object]] = {
    "none": {"regime": "none"},
    "english": {"regime": "english", "tasks": ["mnli"], "languages": ["en"], "examples": "10"},
    "multilingual": {"regime": "multilingual", "tasks": ["xnli"], "languages": ["de", "en"], "examples": "20"},
}


def submission(title: str = "Toy", regime: str = "none", family: str = "toy", seeds: int = 1, **more: object) -> Submission:
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
    data: str = "d",
    **more: object,
) -> Result:
    """Return a result from language → score (or the reason of its failure), once per seed."""
    checkpoints = [
        {
            "seed": seed,
            "source": f"seed{seed}",
            "weights": f"sha256:{'e' * 64}",
            "parameters": {"total": 3 * body, "body": body},
            "layer": 2,
            "scores": {
                language: {"score": score, "n": n, "interval": [max(0, score - 10), min(100, score + 10)], "secondary": {"f1": score / 2}}
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
        "schema": 1,
        "submission": slug,
        "target": target.name,
        "signature": f"{target.name}|{target.measure}|h2.mean|prefix=|len=512|v{target.version}",
        "metric": target.metric,
        "score": sum(sum(scores) / len(scores) for scores in means.values()) / len(means) if whole else None,
        "measured": len(means),
        "of": len(target.languages),
        "checkpoints": checkpoints,
        "data": dict.fromkeys(target.languages, f"sha256:{data * 64}"),
        "outcomes": {"file": f"{target.name}.parquet", "sha256": "f" * 64, "rows": 8},
        "run": {"date": "2026-03-02T09:14:07Z", "versions": {"torch": "2.10.0"}},
    }
    return Result.model_validate(fields | more)


def entry(slug: str, *seeds: Mapping[str, float | str], regime: str = "none", family: str = "toy", **more: object) -> Entry:
    """Return an entry with one result; without seeds it has none."""
    results = (result(slug, seeds, **more),) if seeds else ()  # type: ignore[arg-type]
    return Entry(slug, submission(slug.title(), regime, family, max(1, len(seeds))), results)
