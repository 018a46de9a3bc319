"""Find results that are behind: by an earlier protocol, on corrected text, or short of scores."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

from harness.catalog import is_own, target_of
from harness.catalog.pins import former_texts
from harness.errors import BadInput, Unreachable
from harness.models.checkpoint import at_hand, fetch
from harness.records import Record, Result, StepCurve, Submission, Sweep, Target
from harness.records.result import TRAINING_TEXT
from harness.store import RESULTS_FOLDER, SIDE_FILES, load_outcomes, on_disk
from harness.store.agreement import checkpoints_of, former_protocol, former_text
from harness.store.side_files import SideFile
from harness.store.supersession import joined_reason
from harness.upkeep.rescoring import missing_scores, rescored_from

Behind = Literal["protocol", "text", "weights", "scores", "layers", "steps"]


class StaleReason(Record):
    """One way in which a result is behind, in words."""

    kind: Behind
    what: str


class Cost(Record):
    """What measuring again takes, judged by the runs on record: examples, encoded texts and tokens, seconds.

    All but the examples are None where no run is on record; texts whose vectors came from a cache are not in
    it. `device` and `date` are those of the newest run.
    """

    examples: int
    texts: int | None = None
    tokens: int | None = None
    seconds: float | None = None
    device: str | None = None
    date: str | None = None


class StaleResult(Record):
    """A result that is behind, with the commands that mend it; `cost` is None where nothing is measured."""

    submission: str
    target: str
    reasons: tuple[StaleReason, ...]
    commands: tuple[str, ...]
    cost: Cost | None = None


def stale_results(
    folders: Sequence[Path], targets: Sequence[str] = (), *, weights_cache: Path | None = None
) -> tuple[StaleResult, ...]:
    """Return the results that are behind, of submissions' folders; on retired targets no result is.

    With `weights_cache`, the folder of fetched checkpoints, weights that are at hand are compared as well;
    nothing is downloaded. Raises BadInput where a submission cannot be read.
    """
    found: list[StaleResult] = []
    for path in folders:
        folder = on_disk(path)
        submission = folder.submission()
        if not isinstance(submission, Submission):
            continue
        for name in folder.targets():
            if targets and name not in targets:
                continue
            result = folder.result(name)
            behind = [
                kind
                for kind in SIDE_FILES
                if kind.path(path, name).exists() and _is_behind(kind.read(folder.tree, name))
            ]
            others = _other_weights(result, submission, path, weights_cache) if weights_cache else ()
            stale = _stale(result, behind, tuple(others), path / RESULTS_FOLDER / f"{name}.yaml")
            found += [stale] if stale is not None else []
    return tuple(found)


def _stale(
    result: Result, behind: Sequence[SideFile[Any]], other_weights: Sequence[str], path: Path
) -> StaleResult | None:
    target = target_of(result)
    if target.retired is not None:
        return None
    reasons = [StaleReason(kind="protocol", what=what) for what in former_protocol(result)]
    reasons += [StaleReason(kind="text", what=what) for what in former_text(result)]
    reasons += [StaleReason(kind="weights", what=what) for what in other_weights]
    if missing := missing_scores(target, result):
        reasons.append(StaleReason(kind="scores", what=f"lacks {', '.join(missing)}"))
    rescored = bool(missing) or target.is_former(result.signature)
    if rescored and (refusal := _why_not_rescored(result, path)):
        reasons.append(StaleReason(kind="protocol", what=refusal))
        rescored = False
        again = result.languages
    else:
        again = _languages_to_measure(result, everything=bool(other_weights))
    everything = set(again) >= set(result.languages)
    commands: list[str] = []
    if rescored and not everything:
        commands.append(f"stiltboard rescore {result.submission} -t {target.name}")
    commands += _measuring_commands(target, result, reasons, everything=everything) if again else []
    for kind in behind:
        what = f"its scores by {kind.axis.removesuffix('s')} are behind"
        reasons.append(StaleReason(kind=kind.axis, what=what))
        commands.append(f"{_evaluate(target, result)} {kind.option} --overwrite")
    if not reasons:
        return None
    return StaleResult(
        submission=result.submission,
        target=target.name,
        reasons=tuple(reasons),
        commands=tuple(commands),
        cost=_cost(result, again) if again else None,
    )


def _why_not_rescored(result: Result, path: Path) -> str:
    """Return why a result cannot be scored again from its outcomes; empty where it can."""
    try:
        rescored_from(result, load_outcomes(path, result), path)
    except Unreachable:
        raise
    except BadInput as error:
        return error.faults[0].message
    return ""


def _languages_to_measure(result: Result, *, everything: bool) -> tuple[str, ...]:
    """Return the languages on corrected text; all where a head, or everything, is measured again."""
    former = former_texts(result.target, result.texts)
    if everything or TRAINING_TEXT in former:
        return result.languages
    return tuple(language for language in result.languages if language in former)


def _is_behind(record: Sweep | StepCurve) -> bool:
    return target_of(record).is_former(record.signature) or bool(former_texts(record.target, record.data))


def _measuring_commands(
    target: Target, result: Result, reasons: Sequence[StaleReason], *, everything: bool
) -> list[str]:
    """Return the commands that replace a result; texts of other languages are not encoded again."""
    why = joined_reason(reason.what for reason in reasons)
    return [
        f"stiltboard supersede {result.submission} -t {target.name} --reason {shlex.quote(why)}",
        f"{_evaluate(target, result)}{' --overwrite' if everything else ''}",
    ]


def _evaluate(target: Target, result: Result) -> str:
    kind, _, name = target.name.partition(".")
    named = f"--{kind} {name}=DIR" if is_own(target.name) else f"-t {target.name}"
    data = " --data DIR" if target.needs_data else ""
    dtype = f" --dtype {result.last_run.dtype}" if result.last_run and result.last_run.dtype else ""
    return f"stiltboard evaluate {result.submission} {named}{data}{dtype}"


def _other_weights(result: Result, submission: Submission, folder: Path, cache: Path) -> Iterator[str]:
    """Yield the seeds whose weights at hand are not those that were measured."""
    declared = checkpoints_of(submission, target_of(result))
    for scored in result.checkpoints:
        checkpoint = declared.get(scored.seed)
        if checkpoint is None or not at_hand(checkpoint, folder):
            continue
        files = fetch(checkpoint, folder, cache)
        if files.digest != scored.weights:
            yield f"the weights of seed {scored.seed} are {files.digest} now, and were {scored.weights}"


def _cost(result: Result, languages: Sequence[str]) -> Cost:
    """Return the cost of some languages: their share of examples times what all of them took."""
    counts = {
        language: sum(c.scores[language].n for c in result.checkpoints if language in c.scores)
        for language in result.languages
    }
    chosen = sum(counts[language] for language in languages)
    share = chosen / max(1, sum(counts.values()))
    texts = sum(run.encoded_sentences for run in result.runs)
    if result.last_run is None or not texts:
        return Cost(examples=chosen)
    return Cost(
        examples=chosen,
        texts=round(texts * share),
        tokens=round(sum(run.encoded_tokens for run in result.runs) * share),
        seconds=round(sum(run.seconds for run in result.runs) * share, 1),
        device=result.last_run.device,
        date=result.last_run.date[:10],
    )
