"""Print the tables of docs/reference-experiment.md from what is under submissions/."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path
from statistics import fmean

import numpy as np
from scipy.special import stdtrit

from harness import compare, load_side
from harness.comparison.compare import TargetDifference
from harness.records import Result, Training
from harness.store import load_result, load_training

SUBMISSIONS = Path("submissions")
DEPTHS = {"sts": (2, 4, 6, 8, 10, 12), "nli": (4, 8, 12)}
REGIMES = ("english", "multilingual")


def slug(task: str, depth: int, regime: str) -> str:
    """Return the name of a submission of the grid."""
    return f"me5-small-l{depth}" + (f"-{task}-{regime}" if regime != "none" else "")


def result(name: str, target: str) -> Result | None:
    """Return a whole result, or None."""
    path = SUBMISSIONS / name / "results" / f"{target}.yaml"
    found = load_result(path) if path.is_file() else None
    return found if found is not None and found.score is not None else None


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Write a Markdown table."""
    lines = [f"| {' | '.join(head)} |", f"| {' | '.join([':--', *['--:'] * (len(head) - 1)])} |"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)])


def learnt(task: str) -> str:
    """Write the dev scores before the first step and after the last, by depth and regime."""
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
    """Write the scores of all three regimes, and the difference of the two that were trained."""
    rows = []
    for depth in DEPTHS[task]:
        found = [result(slug(task, depth, regime), target) for regime in ("none", *REGIMES)]
        shown = [
            f"{each.score:.2f} {bounds(each.interval)}" if each and each.interval else "–" for each in found
        ]
        both = difference(task, depth, target) if all(found[1:]) else None
        apart = difference(task, depth, target, matched=False) if both else None
        rows.append(
            (
                str(depth),
                *shown,
                *((signed(both), f"{both.p:.4f}", f"{apart.p:.4f}") if both and apart else ("–",) * 3),
            )
        )
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
    """Write every seed's score, and the difference seed by seed, at each depth and on the mean of the depths."""
    rows, differences = [], []
    for depth in DEPTHS[task]:
        found = [result(slug(task, depth, regime), target) for regime in REGIMES]
        if found[0] and found[1]:
            sides = [
                [fmean(score.score for score in each.scores.values()) for each in one.checkpoints]
                for one in (found[0], found[1])
            ]
            differences.append([after - before for before, after in zip(*sides, strict=True)])
            parts = [", ".join(f"{score:.1f}" for score in side) for side in sides]
            rows.append((str(depth), *parts, ", ".join(f"{each:+.1f}" for each in differences[-1])))
    if len(differences) > 1:
        means = np.mean(differences, axis=0)
        half = stdtrit(len(means) - 1, 0.975) * means.std(ddof=1) / np.sqrt(len(means))
        said = f"mean {means.mean():+.2f} [{means.mean() - half:+.2f}, {means.mean() + half:+.2f}]"
        rows.append(("mean", "", "", f"{', '.join(f'{each:+.1f}' for each in means)}: {said}"))
    return table(("layers", "English-only", "multilingual", "difference"), rows)


def bounds(interval: tuple[float, float]) -> str:
    """Write an interval."""
    return f"[{interval[0]:.1f}, {interval[1]:.1f}]"


def signed(found: TargetDifference) -> str:
    """Write a difference with its interval."""
    return f"{found.difference:+.2f} [{found.interval[0]:+.2f}, {found.interval[1]:+.2f}]"


def difference(
    task: str, depth: int, target: str, languages: Sequence[str] = (), *, matched: bool = True
) -> TargetDifference:
    """Return how the multilingual regime differs from the English one, seed by seed or as if the seeds had nothing in common."""
    english, multilingual = (load_side(SUBMISSIONS / slug(task, depth, regime)) for regime in REGIMES)
    if not matched:
        english, multilingual = replace(english, training=None), replace(multilingual, training=None)
    return compare(english, multilingual, targets=[target], languages=list(languages) or None).targets[0]


def seen(task: str, target: str) -> str:
    """Write the difference apart for languages that the multilingual regime was trained in and for the others."""
    rows = []
    for depth in DEPTHS[task]:
        training = load_training(SUBMISSIONS / slug(task, depth, "multilingual"))
        whole = [result(slug(task, depth, regime), target) for regime in REGIMES]
        if training is None or not all(whole):
            continue
        every = whole[0].languages if whole[0] else ()
        parts = [
            [language for language in every if (language in training.tasks[0].languages) is known]
            for known in (True, False)
        ]
        shown = []
        for part in parts:
            shown.append(f"{signed(difference(task, depth, target, part))} ({len(part)})")
        rows.append((str(depth), *shown))
    return table(("layers", "trained in (languages)", "not trained in (languages)"), rows)


def cost(trainings: Iterable[Training]) -> str:
    """Write how long the trainings took, and what share of it no forward or backward pass explains."""
    runs = [seed.run for training in trainings for seed in training.seeds]
    seconds, passes = sum(run.seconds for run in runs), sum(run.passes for run in runs)
    return f"{len(runs)} trainings, {seconds / 3600:.2f} hours of single threads, {100 * (1 - passes / seconds):.1f} % outside the passes"


def main() -> None:
    """Print every table that the results at hand allow."""
    for task, depths in DEPTHS.items():
        print(
            f"## {task}\n\n{learnt(task)}\n\n{scores(task, 'tatoeba')}\n\n{by_seed(task, 'tatoeba')}\n\n{seen(task, 'tatoeba')}\n"
        )
        if any(result(slug(task, depth, "english"), "xquad_r") for depth in depths):
            print(f"### xquad_r\n\n{scores(task, 'xquad_r')}\n\n{by_seed(task, 'xquad_r')}\n")
        every = [
            load_training(SUBMISSIONS / slug(task, depth, regime)) for depth in depths for regime in REGIMES
        ]
        if kept := [training for training in every if training is not None]:
            print(cost(kept), "\n")


if __name__ == "__main__":
    main()
