"""Check one result against what it was made of: its outcomes, its submission, the pinned text, and the weights where they are at hand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from harness.catalog import is_own, target_named
from harness.catalog.contamination import names_seen, seen
from harness.catalog.fingerprints import FINGERPRINTS
from harness.errors import BadInput, Where
from harness.models.checkpoint import at_hand, fetch
from harness.records import Checkpoint, Result, Submission, Target, Training, View
from harness.store import load_outcomes, load_result, result_digest
from harness.store.files import read_file
from harness.store.results import RESULT_LIMIT
from harness.store.seal import is_sealed
from harness.verification.findings import Check, Finding, Verified
from harness.verification.recalculation import differences


def check_result(path: Path, submission: Submission, training: Training | None, cache: Path) -> Verified:
    """Check everything about a result that can be checked without evaluating again."""
    slug, name = path.absolute().parent.parent.name, path.stem
    try:
        result = load_result(path)
        outcomes = load_outcomes(path, result)
    except BadInput as error:
        return Verified(submission=slug, target=name, checked=("file",), findings=tuple(of_fault(error, path)))
    target = target_named(result.target, result.languages)
    assert target is not None  # the store refuses results of unknown targets
    findings = [
        Finding(check="recount", failed=not each.drawn, file=str(path), what=each.what) for each in differences(target, result, outcomes)
    ]
    if not is_sealed(read_file(path, RESULT_LIMIT, "")):
        what = "was written before results had seals: what stands in its run block cannot be checked"
        findings.append(Finding(check="file", failed=False, file=str(path), what=what))
    checked: list[Check] = ["file", "recount", "signature", "data"]
    findings += [Finding(check="signature", failed=True, file=str(path), what=what) for what in other_recipe(result, submission, target)]
    findings += [Finding(check="data", failed=failed, file=str(path), what=what) for failed, what in other_text(result, target)]
    weights = list(_weights(result, submission, target, path, cache))
    findings += [finding for finding in weights if finding is not None]
    checked += ["weights"] if None in weights else []
    exposed = seen(target, names_seen(submission, training))
    if exposed.said:
        findings.append(Finding(check="contamination", failed=False, file=str(path), what=exposed.said))
    checked.append("contamination")
    return Verified(
        submission=slug, target=name, digest=result_digest(path), checked=tuple(dict.fromkeys(checked)), findings=tuple(findings)
    )


def of_fault(error: BadInput, path: Path) -> Iterator[Finding]:
    """Return what a reader refused as findings, each with its file."""
    for fault in error.faults:
        yield Finding(check="file", failed=True, file=str(fault.where or Where(str(path))), what=fault.message)


def other_recipe(result: Result, submission: Submission, target: Target) -> Iterator[str]:
    """Say where a result is not of what the submission describes: other or fewer seeds, other weights, another encoding."""
    named = _checkpoints(submission, target)
    # An evaluation names every seed from its first write on, so that only a choice among them leaves one out.
    if lacking := [seed for seed in named if seed not in {scored.seed for scored in result.checkpoints}]:
        yield f"lacks {'seed' if len(lacking) == 1 else 'seeds'} {' '.join(map(str, lacking))} of the submission's {len(named)}"
    for scored in result.checkpoints:
        checkpoint = named.get(scored.seed)
        if checkpoint is None:
            yield f"seed {scored.seed} is none of the submission's"
        elif checkpoint.source != scored.source:
            yield f"seed {scored.seed} was measured on {scored.source!r}, the submission names {checkpoint.source!r}"
    if not target.has_head:
        encoding = submission.encoding
        for layer in {scored.layer for scored in result.checkpoints}:
            if encoding.layer not in ("last", layer):
                yield f"was measured at layer {layer}, the submission names {encoding.layer}"
            view = View(layer, encoding.pooling)
            if result.signature.view != view:
                yield f"its signature '{result.signature}' does not say {view}, as the submission does"


def _checkpoints(submission: Submission, target: Target) -> Mapping[int, Checkpoint]:
    """Return by seed what is measured: the submission's checkpoints, or the one that brings a target's head."""
    own = submission.finetuned.get(target.name) if target.has_head else None
    return {own.seed: own} if own else {checkpoint.seed: checkpoint for checkpoint in submission.checkpoints}


def other_text(result: Result, target: Target) -> Iterator[tuple[bool, str]]:
    """Yield (failed, what) where the text is not the official set's by fingerprint or count, or cannot be known to be."""
    pinned = FINGERPRINTS.get(target.name, {})
    for language, found in result.data.items():
        if language in pinned and found != f"sha256:{pinned[language]}":
            yield True, f"the text in {language!r} has the fingerprint {found}, the official set has sha256:{pinned[language]}"
    for checkpoint in result.checkpoints:
        for language, score in checkpoint.scores.items():
            size = target.sizes.get(language, score.n)
            if score.n != size:
                yield True, f"seed {checkpoint.seed} counts {score.n:,} {target.unit} in {language!r}, the official set has {size:,}"
            if language not in result.data:
                yield True, f"names no fingerprint of the text in {language!r}"
    free = [language for language in result.data if language not in pinned]
    if free and is_own(target.name):
        yield False, "is of somebody's own text, of which no fingerprint is pinned"
    elif free:
        yield False, f"no fingerprint is pinned for {len(free)} of {len(result.data)} languages"


def _weights(result: Result, submission: Submission, target: Target, path: Path, cache: Path) -> Iterator[Finding | None]:
    """Yield what is wrong with each seed's weights, or None where they are at hand and have the digest that the result names."""
    named = _checkpoints(submission, target)
    for scored in result.checkpoints:
        checkpoint = named.get(scored.seed)
        if checkpoint is None:
            continue
        folder = path.absolute().parent.parent
        if not at_hand(checkpoint, folder):
            what = f"the weights of seed {scored.seed}, {checkpoint.source}, are not at hand"
            yield Finding(check="weights", failed=False, file=str(path), what=what)
            continue
        try:
            files = fetch(checkpoint, folder, cache / "checkpoints")
        except BadInput as error:
            yield Finding(check="weights", failed=True, file=str(path), what=f"seed {scored.seed}: {error.faults[0].message}")
            continue
        if files.digest != scored.weights:
            what = f"the weights of seed {scored.seed} are {files.digest}, the result names {scored.weights}"
            yield Finding(check="weights", failed=True, file=str(path), what=what)
        elif files.parameters != scored.parameters:
            what = f"seed {scored.seed} has {files.parameters}, the result names {scored.parameters}"
            yield Finding(check="weights", failed=True, file=str(path), what=what)
        else:
            yield None
