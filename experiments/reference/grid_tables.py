"""Print the tables of the second reference experiment from what is finished of it.

    python -m experiments.reference.grid_tables

Every table has the seeds that both sides of a difference have; a missing row is a dash. Tables are Markdown.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from statistics import fmean

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from experiments.reference.control_analysis import (
    DEV,
    DRIFT,
    SCORE,
    ControlledGap,
    Floats,
    adjusted_gap,
    gap_at_equal,
    gaps_by_view,
    mean_gap,
)
from experiments.reference.control_records import SeedControls, load_controls
from experiments.reference.grid import HERE
from experiments.reference.tables import SUBMISSIONS, signed, table
from harness.comparison.compare import compare
from harness.records import Result, SweptCheckpoint, Training
from harness.store import SWEEPS, load_result, load_side, load_training
from harness.store.prior_file import load_seed_priors

DEPTHS = (2, 4, 6, 8, 12)
ENGLISH, CROSSLINGUAL = "qa-english", "qa-crosslingual"
RECIPES = (ENGLISH, CROSSLINGUAL, "qa-monolingual", "qa-mixed", "qa-hybrid")
NAMES = dict(zip(RECIPES, ("En-En", "X-Y", "X-X-mono", "X-X", "hybrid"), strict=True))
TARGETS = ("tatoeba", "xquad_r", "bucc2018_dev")
UNSEEN = ("el", "ru", "th", "tr")
"""Languages of XQuAD-R that no recipe trains on."""
_WITHIN = 2.0  # points: an interval no wider than this on both sides decides


def slug(depth: int, recipe: str | None) -> str:
    """Return the name of a row; without a recipe, of the untouched encoder."""
    return f"me5-small-l{depth}" + (f"-{recipe}" if recipe else "")


def result(name: str, target: str) -> Result | None:
    """Return a result, or None where there is none."""
    path = SUBMISSIONS / name / "results" / f"{target}.yaml"
    return load_result(path) if path.is_file() else None


def by_seed(name: str, target: str) -> dict[int, float]:
    """Return by seed the mean score over the languages."""
    stored = result(name, target)
    return {
        checkpoint.seed: fmean(score.score for score in checkpoint.scores.values())
        for checkpoint in (stored.checkpoints if stored is not None else ())
    }


def difference(first: str, second: str, target: str, languages: Sequence[str] = ()) -> str:
    """Return second − first as `diff` and the pages have it, with the seeds of the side that has fewer.

    The untouched encoder has none; where a side was trained once, no interval describes the recipes.
    """
    stored = [result(name, target) for name in (first, second)]
    if None in stored:
        return "–"
    sides = [load_side(SUBMISSIONS / name) for name in (first, second)]
    prior, chosen = load_seed_priors(SUBMISSIONS), list(languages) or None
    compared = compare(*sides, targets=[target], languages=chosen, prior=prior).targets[0]
    seeds = min(
        len(one.checkpoints) for one, side in zip(stored, sides, strict=True) if one and side.training
    )
    return f"{compared.difference:+.2f} (1 seed)" if seeds == 1 else f"{signed(compared)} ({seeds})"


def seeds_needed(first: Mapping[int, float], second: Mapping[int, float]) -> str:
    """Return how many seeds an interval of ± 2 points would need, by the variance of the seeds so far."""
    values = np.array([second[seed] - first[seed] for seed in second if seed in first])
    if len(values) < 2:
        return "–"
    deviation = values.std(ddof=1)
    counts = (n for n in range(2, 1000) if stdtrit(n - 1, 0.975) * deviation / np.sqrt(n) <= _WITHIN)
    return str(next(counts, "over 1,000"))


def scores(target: str) -> str:
    """Return a table of the scores at each depth, and their differences."""
    rows = []
    for depth in DEPTHS:
        names = none, english, crosslingual = [slug(depth, recipe) for recipe in (None, *RECIPES[:2])]
        values, *trained = [by_seed(name, target) for name in names]
        if not any(trained):
            continue
        means = (f"{fmean(one.values()):.2f}" if one else "–" for one in (values, *trained))
        pairs = (none, english), (none, crosslingual), (english, crosslingual)
        compared = (difference(*pair, target) for pair in pairs)
        rows.append((str(depth), *means, *compared, seeds_needed(*trained)))
    head = ("layers", "none", "En-En", "X-Y", "En-En − none", "X-Y − none", "X-Y − En-En", "seeds for ± 2")
    return table(head, rows)


def settings() -> str:
    """Return a table of XQuAD-R's settings as Elmahdy et al. print them: uncut mAP, and language bias."""
    names = ("full_map_mono", "full_map_cross", "full_map_multi")
    rows = []
    for depth in DEPTHS:
        for recipe in (None, *RECIPES):
            stored = result(slug(depth, recipe), "xquad_r")
            if stored is None:
                continue
            all_scores = [score for one in stored.checkpoints for score in one.scores.values()]
            values = [
                f"{fmean(score.secondary.get(name, np.nan) for score in all_scores):.1f}" for name in names
            ]
            bias = fmean(score.quantities["language_bias"] for score in all_scores)
            name = NAMES[recipe] if recipe else "none"
            rows.append((str(depth), name, str(len(stored.checkpoints)), *values, f"{bias:,.0f}"))
    return table(("layers", "trained", "seeds", "mono", "cross", "multi", "language bias"), rows)


def unseen() -> str:
    """Return a table of XQuAD-R for questions in languages that were trained on, and in the others."""
    rows = []
    for depth in DEPTHS:
        names = slug(depth, ENGLISH), slug(depth, CROSSLINGUAL)
        stored = result(names[1], "xquad_r")
        if stored is None:
            continue
        seen = [language for language in stored.languages if language not in UNSEEN]
        rows.append((str(depth), *(difference(*names, "xquad_r", part) for part in (seen, UNSEEN))))
    return table(("layers", "X-Y − En-En, trained in", "el, ru, th, tr"), rows)


# ---- controls ----------------------------------------------------------------------------------


def _path(
    name: str, untouched: float, target: str, seed: SeedControls, training: Training
) -> Iterator[_Stop]:
    """Yield (dev score, drift, score) of a training: untouched, after early steps, and at its end."""
    trained = next(one for one in training.seeds if one.seed == seed.seed)
    task = training.tasks[0].task
    dev = {point.step: point.dev_score[task] for point in trained.curve}
    yield dev[0], 1.0, untouched
    for early in seed.early:
        if target in early.scores:
            yield dev[early.step], fmean(early.drift.values()), fmean(early.scores[target].values())
    final = by_seed(name, target)
    yield trained.after[task], fmean(seed.drift.values()), final[seed.seed]


_Stop = tuple[float, float, float]


def paths(depth: int, recipe: str, target: str) -> dict[int, NDArray[np.float64]]:
    """Return by seed the stops of a training, (stops, 3): dev score, drift and score."""
    name = slug(depth, recipe)
    training, untouched = load_training(SUBMISSIONS / name), by_seed(slug(depth, None), target)
    if training is None or not untouched or not by_seed(name, target):
        return {}
    start = next(iter(untouched.values()))
    return {
        seed.seed: np.array(list(_path(name, start, target, seed, training)))
        for seed in load_controls(HERE / "controls", name)
    }


def controls(target: str) -> str:
    """Return a table of the gap X-Y − En-En as measured, at equal dev score, at equal drift, and by view.

    The last row, over the depths, is adjusted by regression instead: to no difference in dev score, in drift.
    """
    rows, gaps, moved = [], list[Floats](), {DEV: list[Floats](), DRIFT: list[Floats]()}
    for depth in DEPTHS:
        english, crosslingual = (paths(depth, recipe, target) for recipe in (ENGLISH, CROSSLINGUAL))
        seeds = [seed for seed in english if seed in crosslingual]
        if not seeds:
            continue
        ends = np.array([crosslingual[seed][-1] - english[seed][-1] for seed in seeds])
        gaps.append(ends[:, SCORE])
        for column, differences in moved.items():
            differences.append(ends[:, column])
        shown: list[ControlledGap | None] = [mean_gap(ends[:, SCORE].tolist())]
        shown += [gap_at_equal(column, english, crosslingual) for column in (DEV, DRIFT)]
        drift = (
            f"{fmean(path[-1, DRIFT] for path in side.values()):.3f}" for side in (english, crosslingual)
        )
        rows.append((str(depth), str(len(seeds)), *drift, *map(_shown, shown), *views(depth, target)))
    if gaps:
        adjusted = (adjusted_gap(gaps, moved[column]) for column in (DEV, DRIFT))
        rows.append(("all, by regression", "", "", "", "", *map(_shown, adjusted), "", ""))
    head = ("layers", "seeds", "drift En-En", "drift X-Y", "gap", "at equal dev score", "at equal drift")
    return table((*head, "at each one's best view", "first token, last layer"), rows)


def _shown(gap: ControlledGap | None) -> str:
    return "–" if gap is None else str(gap)


def by_view(target: str) -> str:
    """Return a table of the gap X-Y − En-En at every layer, mean-pooled and of the first token.

    A star is a gap beyond chance after Holm's correction over all views of a depth.
    """
    rows = []
    for depth in DEPTHS:
        sides = [_views_by_seed(slug(depth, recipe), target) for recipe in (ENGLISH, CROSSLINGUAL)]
        found = gaps_by_view(sides[0], sides[1])
        for layer in sorted({one.layer for one in found}):
            at_layer = {one.pooling: one for one in found if one.layer == layer}
            cells = (
                f"{at_layer[name].gap}{' *' if at_layer[name].decided else ''}" if name in at_layer else "–"
                for name in ("mean", "cls")
            )
            rows.append((str(depth), str(layer), *cells))
    return table(("layers", "read at", "mean-pooled", "first token"), rows)


def _views_by_seed(name: str, target: str) -> dict[int, dict[tuple[int, str], float]]:
    """Return by seed the mean over the languages of each layer and pooling; empty without a sweep."""
    path = SWEEPS.path(SUBMISSIONS / name, target)
    swept = SWEEPS.load(path).checkpoints if path.is_file() else ()
    return {checkpoint.seed: _view_scores(checkpoint) for checkpoint in swept}


def views(depth: int, target: str) -> tuple[str, str]:
    """Return the gap at the best layer and pooling of each side, and at the last layer's first token."""
    sides = []
    for recipe in (ENGLISH, CROSSLINGUAL):
        path = SWEEPS.path(SUBMISSIONS / slug(depth, recipe), target)
        sides.append(SWEEPS.load(path).checkpoints if path.is_file() else ())
    if not all(sides):
        return "–", "–"
    best = [fmean(max(_view_scores(one).values()) for one in side) for side in sides]
    first_token = [fmean(_view_scores(one)[depth, "cls"] for one in side) for side in sides]
    return f"{best[1] - best[0]:+.2f}", f"{first_token[1] - first_token[0]:+.2f}"


def _view_scores(swept: SweptCheckpoint) -> dict[tuple[int, str], float]:
    """Return the mean over the languages of each layer and pooling."""
    return {
        (view.layer, view.pooling.value): fmean(view.scores.values()) for view in swept.views if view.scores
    }


def cost() -> str:
    """Return a line with the hours of the work and the share outside passes in training."""
    spent, runs = list[float](), []
    for path in sorted((HERE / "controls").glob("*.yaml")):
        spent += [sum(seed.seconds.values()) for seed in load_controls(HERE / "controls", path.stem)]
        training = load_training(SUBMISSIONS / path.stem)
        runs += [seed.run for seed in training.seeds] if training is not None else []
    if not runs:
        return "nothing is finished"
    seconds, passes = sum(run.seconds for run in runs), sum(run.passes for run in runs)
    return (
        f"{len(spent)} checkpoints, {sum(spent) / 3600:.1f} hours of single threads, {seconds / 3600:.1f} of "
        f"them training, of which {100 * (1 - passes / seconds):.1f} % outside passes"
    )


def main() -> None:
    """Print all tables."""
    for target in TARGETS:
        print(f"## {target}\n\n{scores(target)}\n\n### Controls\n\n{controls(target)}\n\n{by_view(target)}\n")
    print(f"## XQuAD-R: settings\n\n{settings()}\n\n### Languages\n\n{unseen()}\n\n{cost()}")


if __name__ == "__main__":
    main()
