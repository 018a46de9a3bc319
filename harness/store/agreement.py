"""Check a result against its submission, and against the official text."""

from __future__ import annotations

from collections.abc import Iterator

from harness.catalog import is_own, target_of
from harness.catalog.finetuning import recipe_text
from harness.catalog.pins import by_correction, former_texts, pinned
from harness.characters import shown
from harness.records import (
    AS_SAVED,
    Checkpoint,
    Result,
    SavedEncoding,
    Signature,
    Submission,
    Superseded,
    Target,
    TextEncoding,
)
from harness.records.result import TRAINING_TEXT


def other_recipe(result: Result, submission: Submission) -> Iterator[str]:
    """Yield where a result deviates from its submission: in seeds, weights, encoding or head."""
    target = target_of(result)
    declared = checkpoints_of(submission, target)
    # An evaluation writes every seed from the start, so a missing seed was removed by selection.
    if missing := [seed for seed in declared if seed not in {scored.seed for scored in result.checkpoints}]:
        seeds = f"{'seed' if len(missing) == 1 else 'seeds'} {' '.join(map(str, missing))}"
        yield f"lacks {seeds}, which the submission declares"
    for scored in result.checkpoints:
        checkpoint = declared.get(scored.seed)
        if checkpoint is None:
            yield f"seed {scored.seed} is not declared by the submission"
        elif checkpoint.source != scored.source:
            yield (
                f"seed {scored.seed} is {shown(scored.source)}, but the submission declares "
                f"{shown(checkpoint.source)}"
            )
    expected = _declared_signatures(result, submission, target)
    for signature in expected:
        if missing_parts := [part for part in signature.parts if part not in result.signature.parts]:
            yield f"the signature lacks {', '.join(map(shown, missing_parts))}, which the submission declares"
        elif signature.saved != result.signature.saved:
            yield f"texts were encoded {result.signature.saved}, but the submission states layer and pooling"
    if submission.checkpoints[0].own_code:
        return
    encoding = submission.encoding_for(target.name)
    if isinstance(encoding, SavedEncoding):
        yield from () if target.has_head else other_than_saved(result.signature, encoding)
        return
    layer = encoding.layer
    for scored in result.checkpoints if not target.has_head else ():
        if layer not in ("last", scored.layer):
            yield f"seed {scored.seed} was read at layer {scored.layer}, but the submission declares {layer}"


def other_than_saved(signature: Signature, encoding: SavedEncoding) -> Iterator[str]:
    """Yield where texts were encoded otherwise than as the checkpoint's folder and the submission say.

    Only an evaluation reads the folder; its result says that what it states of the encoding is the folder's.
    """
    how = signature.saved or "as stated"
    agrees = how.startswith(f"{AS_SAVED} except ") if encoding.departs_from_saved else how == AS_SAVED
    if not agrees:
        declared = f"{AS_SAVED} except …" if encoding.departs_from_saved else AS_SAVED
        yield f"texts were encoded {how}, but the submission declares {declared}"
    for key in ("prefix", "query_prefix", "passage_prefix", "max_length"):
        declared, measured = getattr(encoding, key), getattr(signature, key)
        # Of the prefixes, a result has those that its target needs.
        if declared is not None and measured not in (None, declared):
            yield f"{key} was {shown(measured)}, but the submission declares {shown(declared)}"


def _declared_signatures(result: Result, submission: Submission, target: Target) -> set[Signature]:
    """Return the signatures that the submission declares, one per layer in the result.

    Where the checkpoint's folder decides how texts are encoded, the submission alone declares none.
    """
    if target.has_head:
        head = (
            "own"
            if target.name in submission.finetuned
            else recipe_text(submission.finetuning.get(target.name))
        )
        return {result.signature.protocol.predicted(head)}
    if own_code := submission.checkpoints[0].own_code:
        code = TextEncoding.of_code(own_code)
        return {result.signature.protocol.encoded(code, roles=target.has_roles)}
    encoding = submission.encoding_for(target.name)
    if isinstance(encoding, SavedEncoding):
        return set()
    return {
        result.signature.protocol.encoded(TextEncoding.stated(encoding, scored.layer), roles=target.has_roles)
        for scored in result.checkpoints
    }


def checkpoints_of(submission: Submission, target: Target) -> dict[int, Checkpoint]:
    """Return the measured checkpoints by seed: the submission's, or the one with a submitted head."""
    with_head = submission.finetuned.get(target.name) if target.has_head else None
    checkpoints = [with_head] if with_head else submission.checkpoints
    return {checkpoint.seed: checkpoint for checkpoint in checkpoints}


def other_text(result: Result) -> Iterator[str]:
    """Yield where fingerprint or number of examples differ from the official set's, or are missing.

    A text that was official is not another one: see `former_text`.
    """
    target = target_of(result)
    former = former_texts(target.name, result.data)
    for language, digest in result.data.items():
        official = pinned(target.name, language)
        if official not in (None, digest) and language not in former:
            yield f"data.{language}: the text has the fingerprint {digest}, the official set has {official}"
    for checkpoint in result.checkpoints:
        for language, score in checkpoint.scores.items():
            size = target.sizes.get(language, score.n)
            if language in former:
                size = former[language].n or size
            if score.n != size:
                yield (
                    f"seed {checkpoint.seed} in {language}: has {score.n:,} {target.unit}, "
                    f"the official set has {size:,}"
                )


def former_text(result: Result) -> Iterator[str]:
    """Yield on which texts of before a correction a result was measured."""
    for pin, languages in by_correction(former_texts(result.target, result.texts)):
        what = "fine-tuned" if languages == [TRAINING_TEXT] else "measured"
        where = "" if what == "fine-tuned" else f" in {' '.join(languages)}"
        yield f"{what} on the text of before {pin.until}{where} ({pin.reason})"


def former_protocol(result: Result) -> Iterator[str]:
    """Yield by which version of the protocol a result was measured, if a newer one replaced it."""
    target = target_of(result)
    if target.is_former(result.signature):
        changes = "; ".join(
            f"v{change.version} of {change.date}: {change.reason}"
            for change in target.changes_since(result.signature.version)
        )
        yield f"measured by protocol v{result.signature.version}, now it is {changes or f'v{target.version}'}"


def behind(result: Result) -> Iterator[str]:
    """Yield why a sound result is not what an evaluation of today would give: its text, its protocol."""
    yield from former_protocol(result)
    yield from former_text(result)


def false_supersession(entry: Superseded, replaced: Result) -> Iterator[str]:
    """Yield what an entry of `supersedes` states otherwise than the result that it is about."""
    if entry.score is not None and entry.score != replaced.score:
        yield f"states the score {entry.score}, but the result that it replaces has {replaced.score}"
    if entry.version is not None and entry.version != replaced.signature.version:
        yield f"states protocol v{entry.version}, but the result is of v{replaced.signature.version}"


def unpinned_text(result: Result) -> str:
    """Describe the text that no pinned fingerprint can check; empty if all of it can be checked."""
    unpinned = [language for language in result.data if pinned(result.target, language) is None]
    if unpinned and is_own(result.target):
        return "is on user-provided text, for which no fingerprint is pinned"
    return f"no fingerprint is pinned for {len(unpinned)} of {len(result.data)} languages" if unpinned else ""
