"""Read one submission as it would stand after merging, and check every file of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from harness.catalog import is_own, target_named
from harness.catalog.fingerprints import FINGERPRINTS
from harness.characters import shown
from harness.errors import BadInput, Fault, Where
from harness.records import AnySubmission, ReportedSubmission, Result, Submission, Training
from harness.review.changed_files import OUTCOMES_LIMIT
from harness.store.git import Entry, Revision
from harness.store.results import RESULT_LIMIT, RESULTS_FOLDER, SWEEP_SUFFIX, in_order, parse_outcomes, parse_placed
from harness.store.submissions import SUBMISSION_FILE, parse_submission
from harness.store.sweeps import parse_sweep
from harness.store.training import TRAINING_FILE, parse_training
from harness.store.verification import VERIFICATION_FILE, parse_verification

if TYPE_CHECKING:
    import pyarrow as pa

_AGAIN = "only the harness writes results; run stiltboard evaluate"


@dataclass(frozen=True)
class Snapshot:
    """A submission at a revision: what of it could be read, and what is wrong with the rest. Results by target."""

    slug: str
    submission: AnySubmission | None = None
    results: Mapping[str, Result] = field(default_factory=dict)
    outcomes: Mapping[str, pa.Table] = field(default_factory=dict)
    training: Training | None = None
    faults: tuple[Fault, ...] = ()
    revision: str = ""


def read_snapshot(at: Revision, entries: Mapping[str, Entry], folder: str, slug: str) -> Snapshot:
    """Read and check the files of a submission; `entries` holds all of its paths, none of them a link."""
    faults: list[Fault] = []
    names = {path[len(folder) + 1 :]: path for path in entries}
    limits = {path: OUTCOMES_LIMIT if name.endswith(".parquet") else RESULT_LIMIT for name, path in names.items()}
    try:
        data = at.contents(entries, limits)
    except BadInput as error:
        return Snapshot(slug, faults=error.faults, revision=at.name)
    reading = _Reading(at, slug, {name: data[path] for name, path in names.items()}, names, faults)
    submission = reading.submission()
    results = reading.results()
    outcomes = {target: table for target, result in results.items() if (table := reading.outcomes(target, result)) is not None}
    training = reading.training()
    reading.sweeps()
    reading.verification()
    if submission is not None:
        faults += _beside(submission, results, training, at.file(names[SUBMISSION_FILE]))
    for target, result in results.items():
        where = Where(at.file(names[f"{RESULTS_FOLDER}/{target}.yaml"]))
        faults += [Fault(message, where, _AGAIN) for message in _strange(result, submission)]
    return Snapshot(slug, submission, results, outcomes, training, tuple(faults), at.name)


@dataclass(frozen=True)
class _Reading:
    """The files of a submission by their names in its folder, and the faults found so far."""

    at: Revision
    slug: str
    data: Mapping[str, bytes]
    paths: Mapping[str, str]
    faults: list[Fault]

    def submission(self) -> AnySubmission | None:
        if SUBMISSION_FILE not in self.data:
            where = Where(self.at.file(f"{self.slug}/{SUBMISSION_FILE}"))
            self.faults.append(Fault("the file does not exist", where, f"stiltboard new {self.slug} scaffolds one"))
            return None
        try:
            return parse_submission(self.data[SUBMISSION_FILE], self.at.file(self.paths[SUBMISSION_FILE]))
        except BadInput as error:
            self.faults.extend(error.faults)
            return None

    def results(self) -> dict[str, Result]:
        found = {}
        for target, name in self._named(".yaml").items():
            try:
                found[target] = parse_placed(self.data[name], self.at.file(self.paths[name]), self.slug, target)
            except BadInput as error:
                self.faults.extend(error.faults)
        for target, name in self._named(".parquet").items():
            if f"{RESULTS_FOLDER}/{target}.yaml" not in self.data:
                where = Where(self.at.file(self.paths[name]))
                self.faults.append(Fault(f"there is no result {target}.yaml beside it", where, "bring both files of a result"))
        return found

    def outcomes(self, target: str, result: Result) -> pa.Table | None:
        name = f"{RESULTS_FOLDER}/{target}.parquet"
        if name not in self.data:
            where = Where(self.at.file(self.paths[f"{RESULTS_FOLDER}/{target}.yaml"]))
            self.faults.append(Fault(f"its outcomes {target}.parquet are not there", where, "bring both files of a result"))
            return None
        try:
            return parse_outcomes(self.data[name], result, self.at.file(self.paths[name]))
        except BadInput as error:
            self.faults.extend(error.faults)
            return None

    def training(self) -> Training | None:
        if TRAINING_FILE not in self.data:
            return None
        try:
            return parse_training(self.data[TRAINING_FILE], self.at.file(self.paths[TRAINING_FILE]), self.slug)
        except BadInput as error:
            self.faults.extend(error.faults)
            return None

    def sweeps(self) -> None:
        for target, name in self._named(SWEEP_SUFFIX).items():
            try:
                parse_sweep(self.data[name], self.at.file(self.paths[name]), self.slug, target)
            except BadInput as error:
                self.faults.extend(error.faults)

    def verification(self) -> None:
        if VERIFICATION_FILE in self.data:
            try:
                parse_verification(self.data[VERIFICATION_FILE], self.at.file(self.paths[VERIFICATION_FILE]), self.slug)
            except BadInput as error:
                self.faults.extend(error.faults)

    def _named(self, suffix: str) -> dict[str, str]:
        """Return the files under results by target, in the catalog's order; one of no known target is a fault."""
        names = [name for name in self.data if name.startswith(f"{RESULTS_FOLDER}/") and name.endswith(suffix)]
        kept = {}
        for name in names:
            if suffix == ".yaml" and name.endswith(SWEEP_SUFFIX):
                continue
            target = name.removeprefix(f"{RESULTS_FOLDER}/").removesuffix(suffix)
            try:
                in_order({target: self.at.file(self.paths[name])})
            except BadInput as error:
                self.faults.extend(error.faults)
            else:
                kept[target] = name
        return {target: kept[target] for target in in_order(dict.fromkeys(kept, ""))}


def _beside(submission: AnySubmission, results: Mapping[str, Result], training: Training | None, file: str) -> Iterator[Fault]:
    if isinstance(submission, ReportedSubmission) and (results or training):
        yield Fault("holds reported numbers beside what was trained or measured here", Where(file), "make two submissions of it")


def _strange(result: Result, submission: AnySubmission | None) -> Iterator[str]:
    """Say where a result is not of its submission's checkpoints, encoding or of the official text."""
    target = target_named(result.target, tuple(result.data))
    assert target is not None  # a result of an unknown target is refused
    for language, digest in result.data.items():
        official = FINGERPRINTS.get(result.target, {}).get(language)
        if official is not None and digest != f"sha256:{official}":
            yield f"data.{language}: is of other text than the official set's, sha256:{official}"
    if target.kind in ("retrieval", "classification") and not is_own(result.target):
        for checkpoint in result.checkpoints:
            for language, score in checkpoint.scores.items():
                expected = target.sizes.get(language, score.n)
                if score.n != expected:
                    yield f"seed {checkpoint.seed} in {language}: is of {score.n:,} examples, the official set has {expected:,}"
    if isinstance(submission, Submission):
        yield from _of_others(result, submission, has_head=target.has_head)


def _of_others(result: Result, submission: Submission, *, has_head: bool) -> Iterator[str]:
    own = submission.finetuned.get(result.target) if has_head else None
    sources = {checkpoint.seed: checkpoint.source for checkpoint in ([own] if own else submission.checkpoints)}
    # An evaluation names every seed from its first write on, so that only a choice among them leaves one out.
    if left_out := [seed for seed in sources if seed not in {checkpoint.seed for checkpoint in result.checkpoints}]:
        yield f"lacks {'seed' if len(left_out) == 1 else 'seeds'} {' '.join(map(str, left_out))}, which the submission declares"
    for checkpoint in result.checkpoints:
        if sources.get(checkpoint.seed) != checkpoint.source:
            declared = shown(sources.get(checkpoint.seed, ""))
            yield f"seed {checkpoint.seed} is {shown(checkpoint.source)}, the submission declares {declared}"
        layer = submission.encoding.layer
        if not has_head and layer not in ("last", checkpoint.layer):
            yield f"seed {checkpoint.seed} was read off at layer {checkpoint.layer}, the submission declares {layer}"
        declared_as = result.signature.encoded(submission.encoding, checkpoint.layer)
        if not has_head and (lacking := [part for part in declared_as.parts if part not in result.signature.parts]):
            yield f"the signature lacks {', '.join(map(shown, lacking))}, which the submission declares"
