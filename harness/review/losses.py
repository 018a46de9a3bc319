"""Name what a newer result no longer has: languages, seeds and examples do not go in silence; pure."""

from __future__ import annotations

from harness.records import Result


def shrinkage(old: Result, new: Result | None) -> list[str]:
    """Name what an old result measured and a new one does not: seeds, languages, examples, a whole score; None is a removed result.

    A language of which fewer examples are scored is named with both counts; one that failed where it had a
    score counts as lost.
    """
    if new is None:
        return [f"the whole result on {old.target}"]
    lost = []
    seeds = {checkpoint.seed: checkpoint for checkpoint in new.checkpoints}
    for before in old.checkpoints:
        after = seeds.get(before.seed)
        if after is None:
            lost.append(f"seed {before.seed}")
            continue
        if gone := [language for language in before.scores if language not in after.scores]:
            lost.append(f"{' '.join(gone)} of seed {before.seed}")
        for language, score in before.scores.items():
            if language in after.scores and after.scores[language].n < score.n:
                lost.append(
                    f"{score.n - after.scores[language].n:,} of {score.n:,} examples in {language} of seed {before.seed}"
                )
    if new.of < old.of:
        lost.append(f"{old.of - new.of} of the target's {old.of} languages")
    if old.score is not None and new.score is None and not lost:
        lost.append("the score over all languages")
    return lost
