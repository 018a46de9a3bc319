"""List what a newer result lacks: seeds, languages, examples; no input or output."""

from __future__ import annotations

from harness.records import Result


def shrinkage(old: Result, new: Result | None) -> list[str]:
    """List what an old result measured and a new one does not, which is None after a removal.

    Seeds, languages, examples and the score over all languages are listed. A language with fewer examples is
    listed with both counts; a language with a score that now failed counts as lost.
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
        if missing := [language for language in before.scores if language not in after.scores]:
            lost.append(f"{' '.join(missing)} of seed {before.seed}")
        for language, score in before.scores.items():
            if language in after.scores and after.scores[language].n < score.n:
                fewer = score.n - after.scores[language].n
                lost.append(f"{fewer:,} of {score.n:,} examples in {language} of seed {before.seed}")
    if new.of < old.of:
        lost.append(f"{old.of - new.of} of the target's {old.of} languages")
    if old.score is not None and new.score is None and not lost:
        lost.append("the score over all languages")
    return lost
