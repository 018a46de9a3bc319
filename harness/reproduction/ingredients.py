"""Where the text and the weights of a result are, and how its hardware compares with what is here."""

from __future__ import annotations

from pathlib import Path

from harness.catalog import is_own
from harness.evaluation.run import Options
from harness.models.checkpoint import at_hand
from harness.models.device import choose_device, instructions, processor
from harness.records import Checkpoint, Notices, Result, Submission, Target, Training
from harness.reproduction.requirements import Reach, Requirement
from harness.store.agreement import checkpoints_of, former_text, other_text
from harness.verification.rerun import arithmetic
from harness.verification.tolerance import tolerance

_WORST = (Reach.MISSING, Reach.SIMILAR, Reach.EXACT)


def text(target: Target, result: Result, options: Options) -> Requirement:
    """Return where the text of a result can be had."""
    changed = [*other_text(result), *former_text(result)]
    if changed:
        lines = (*changed, "today's text is another one; that of then has to be found")
        return Requirement(part="text", reach=Reach.MISSING, lines=lines)
    if is_own(target.name):
        kind, _, name = target.name.partition(".")
        given = options.own.get(target.name)
        where = f"read from {given}" if given else f"not published here; ask for it, --{kind} {name}=DIR"
        return _text(Reach.EXACT if given else Reach.MISSING, where, result)
    if target.demonstration:
        return _text(Reach.EXACT, "in the packages of the extra demo", result)
    if options.data is not None:
        return _text(Reach.EXACT, f"read from {options.data}", result)
    if target.needs_data:
        where = f"not on the Hub but at {target.homepage}; download it, and add --data DIR"
        return _text(Reach.MISSING, where, result)
    return _text(Reach.EXACT, "downloaded from the Hub, or read from files with --data DIR", result)


def _text(reach: Reach, where: str, result: Result) -> Requirement:
    pinned = f"{len(result.data)} {'language' if len(result.data) == 1 else 'languages'}, pinned by digests"
    return Requirement(part="text", reach=reach, lines=(f"{where}; {pinned}",))


def weights(
    folder: Path,
    submission: Submission,
    target: Target,
    result: Result,
    training: Training | None,
    notices: Notices | None,
) -> Requirement:
    """Return where the weights of a result can be had, the worst of its seeds first."""
    checkpoints = checkpoints_of(submission, target)
    gone = [
        f"a notice of {notice.date[:10]} says that they are gone: {notice.reason}"
        for notice in (notices.notices if notices else ())
        if notice.kind == "weights-gone" and notice.concerns(target.name)
    ]
    found = [_source(checkpoint, folder, gone=bool(gone)) for checkpoint in checkpoints.values()]
    reach = min((reach for reach, _ in found), key=_WORST.index)
    lines = list(dict.fromkeys(line for _, line in found))
    if training is not None and reach is not Reach.EXACT:
        lines.append("training.yaml states how they were trained; weights trained again are other weights")
    if any(checkpoint.head and checkpoint.head.training for checkpoint in result.checkpoints):
        reach = min(reach, Reach.SIMILAR, key=_WORST.index)
        lines.append("the head is trained again, and may become another one")
    return Requirement(part="weights", reach=reach, lines=(*gone, *lines))


def _source(checkpoint: Checkpoint, folder: Path, *, gone: bool) -> tuple[Reach, str]:
    if checkpoint.python is not None:
        return (
            Reach.MISSING,
            f"{checkpoint.source}: run by whoever has it, with --encoder {checkpoint.python}",
        )
    here = at_hand(checkpoint, folder)
    if checkpoint.path is None:
        where = "here" if here else "downloaded from the Hub"
        missing = gone and not here
        return Reach.MISSING if missing else Reach.EXACT, (
            f"{checkpoint.source}: {'not here' if missing else where}"
        )
    if here:
        return Reach.EXACT, f"{checkpoint.source}: a folder here, which nobody else has"
    return Reach.MISSING, f"{checkpoint.source}: only ever in a folder of whoever measured them"


def hardware(result: Result, options: Options) -> Requirement:
    """Return what a result was measured on, what is here, and by how much scores may then differ."""
    device = choose_device(options.device)
    here = (processor(device), instructions(device))
    run = result.last_run
    then = (run.processor, run.instructions) if run else (None, None)
    kind, dtype = arithmetic(result)
    same = kind == device.partition(":")[0] and None not in then[:1] and then == here
    allowed = tolerance((kind, dtype), (device, dtype))
    lines = (
        f"then {kind} {dtype or 'of unknown dtype'}, {_named(then)}; here {device}, {_named(here)}",
        f"a language may differ by {allowed.language} points or {allowed.examples} "
        f"{'example' if allowed.examples == 1 else 'examples'}, the score by {allowed.score}",
    )
    return Requirement(part="hardware", reach=Reach.EXACT if same else Reach.SIMILAR, lines=lines)


def _named(parts: tuple[str | None, str | None]) -> str:
    return " ".join(part for part in parts if part) or "an unknown processor"
