"""Print the tables of docs/reference-experiment.md from the records under submissions/.

    python experiments/reference/tables.py

A task is "sts" or "nli", a depth a number of layers, a regime "none" or one of REGIMES. Tables are Markdown.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path
from statistics import fmean

import numpy as np
from scipy.special import stdtrit

from harness.catalog import target_of
from harness.comparison.compare import compare
from harness.comparison.differences import TargetDifference
from harness.records import Result, Training
from harness.scoring.recalculation import with_present_intervals
from harness.store import load_side, load_training
from harness.store.prior_file import load_seed_priors

SUBMISSIONS = Path("submissions")
DEPTHS = {"sts": (2, 4, 6, 8, 10, 12), "nli": (4, 8, 12)}
REGIMES = ("english", "multilingual")


def slug(task: str, depth: int, regime: str) -> str:
    """Return the name of a submission of the experiment."""
    return f"me5-small-l{depth}" + (f"-{task}-{regime}" if regime != "none" else "")


def result(name: str, target: str) -> Result | None:
    """Return the result of a submission, or None where it is missing or lacks a language.

    Its intervals are those that pages show.
    """
    path = SUBMISSIONS / name / "results" / f"{target}.yaml"
    if not path.is_file():
        return None
    side = load_side(path)
    stored = side.results[target]
    if stored.score is None:
        return None
    return with_present_intervals(target_of(stored), stored, side.outcomes[target])


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table; all columns but the first are aligned to the right."""
    lines = [f"| {' | '.join(head)} |", f"| {' | '.join([':--', *['--:'] * (len(head) - 1)])} |"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)])


def dev_scores(task: str) -> str:
    """Return a table of the dev scores before the first step and after the last, by depth and regime."""
    rows = []
    for depth, regime in product(DEPTHS[task], REGIMES):
        training = load_training(SUBMISSIONS / slug(task, depth, regime))
        if training is not None:
            name = training.tasks[0].task
            sides = (
                [seed.before[name] for seed in training.seeds],
                [seed.after[name] for seed in training.seeds],
            )
            rows.append(
                (str(depth), regime, *(", ".join(f"{score:.1f}" for score in side) for side in sides))
            )
    return table(("layers", "regime", "dev before", "dev after, by seed"), rows)


def scores(task: str, target: str) -> str:
    """Return a table of the scores of all three regimes, and the difference between the trained ones."""
    rows = []
    for depth in DEPTHS[task]:
        results = [result(slug(task, depth, regime), target) for regime in ("none", *REGIMES)]
        shown = [
            f"{stored.score:.2f} {bounds(stored.interval)}" if stored and stored.interval else "–"
            for stored in results
        ]
        compared = ("–",) * 3
        if all(results[1:]):
            matched = difference(task, depth, target)
            unmatched = difference(task, depth, target, matched=False)
            compared = signed(matched), f"{matched.p:.4f}", f"{unmatched.p:.4f}"
        rows.append((str(depth), *shown, *compared))
    head = (
        "layers",
        "none",
        "English-only",
        "multilingual",
        "multilingual − English-only",
        "p",
        "p, seeds not matched",
    )
    return table(head, rows)


def by_seed(task: str, target: str) -> str:
    """Return a table of scores and differences by seed, at each depth and as the mean over the depths."""
    rows, differences = [], []
    for depth in DEPTHS[task]:
        english, multilingual = (result(slug(task, depth, regime), target) for regime in REGIMES)
        if english and multilingual:
            sides = seed_scores(english), seed_scores(multilingual)
            differences.append([second - first for first, second in zip(*sides, strict=True)])
            shown = [", ".join(f"{score:.1f}" for score in side) for side in sides]
            rows.append((str(depth), *shown, ", ".join(f"{value:+.1f}" for value in differences[-1])))
    if len(differences) > 1:
        means = np.mean(differences, axis=0)
        half = stdtrit(len(means) - 1, 0.975) * means.std(ddof=1) / np.sqrt(len(means))
        interval = f"[{means.mean() - half:+.2f}, {means.mean() + half:+.2f}]"
        seeds = ", ".join(f"{value:+.1f}" for value in means)
        rows.append(("mean", "", "", f"{seeds}: mean {means.mean():+.2f} {interval}"))
    return table(("layers", "English-only", "multilingual", "difference"), rows)


def seed_scores(stored: Result) -> list[float]:
    """Return the mean score over the languages, by seed, in points."""
    return [fmean(score.score for score in checkpoint.scores.values()) for checkpoint in stored.checkpoints]


def bounds(interval: tuple[float, float]) -> str:
    """Return an interval in points with one decimal."""
    return f"[{interval[0]:.1f}, {interval[1]:.1f}]"


def signed(compared: TargetDifference) -> str:
    """Return a difference in points with its interval, all with a sign."""
    low, high = compared.interval
    return f"{compared.difference:+.2f} [{low:+.2f}, {high:+.2f}]"


def difference(
    task: str, depth: int, target: str, languages: Sequence[str] = (), *, matched: bool = True
) -> TargetDifference:
    """Return multilingual − English-only; without `matched` the seeds are compared as independent ones."""
    english, multilingual = (load_side(SUBMISSIONS / slug(task, depth, regime)) for regime in REGIMES)
    if not matched:
        english, multilingual = replace(english, training=None), replace(multilingual, training=None)
    chosen = list(languages) or None
    prior = load_seed_priors(SUBMISSIONS)
    return compare(english, multilingual, targets=[target], languages=chosen, prior=prior).targets[0]


def by_training_language(task: str, target: str) -> str:
    """Return a table of the difference for the multilingual regime's training languages and for the rest."""
    rows = []
    for depth in DEPTHS[task]:
        training = load_training(SUBMISSIONS / slug(task, depth, "multilingual"))
        english, multilingual = (result(slug(task, depth, regime), target) for regime in REGIMES)
        if training is None or english is None or multilingual is None:
            continue
        trained = training.tasks[0].languages
        parts = (
            [language for language in english.languages if language in trained],
            [language for language in english.languages if language not in trained],
        )
        shown = (f"{signed(difference(task, depth, target, part))} ({len(part)})" for part in parts)
        rows.append((str(depth), *shown))
    return table(("layers", "trained in (languages)", "not trained in (languages)"), rows)


def cost(trainings: Iterable[Training]) -> str:
    """Return a line with the duration of the trainings, and its share outside forward and backward passes."""
    runs = [seed.run for training in trainings for seed in training.seeds]
    seconds, passes = sum(run.seconds for run in runs), sum(run.passes for run in runs)
    return (
        f"{len(runs)} trainings, {seconds / 3600:.2f} hours of single threads, "
        f"{100 * (1 - passes / seconds):.1f} % outside the passes"
    )


def main() -> None:
    """Print all tables of each task, with the results that exist."""
    for task, depths in DEPTHS.items():
        sections = (
            f"## {task}",
            dev_scores(task),
            scores(task, "tatoeba"),
            by_seed(task, "tatoeba"),
            by_training_language(task, "tatoeba"),
        )
        print("\n\n".join(sections), end="\n\n")
        if any(result(slug(task, depth, "english"), "xquad_r") for depth in depths):
            print(f"### xquad_r\n\n{scores(task, 'xquad_r')}\n\n{by_seed(task, 'xquad_r')}\n")
        folders = [SUBMISSIONS / slug(task, depth, regime) for depth in depths for regime in REGIMES]
        trainings = [training for folder in folders if (training := load_training(folder)) is not None]
        if trainings:
            print(cost(trainings), "\n")


if __name__ == "__main__":
    main()
