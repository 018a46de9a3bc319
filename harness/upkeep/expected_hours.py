"""How long an evaluation takes, expected from the runs that a board has on record; no weights are opened.

Encoding takes a time that grows with the tokens and with the parameters that each of them passes, those
outside the embeddings. A step of training takes about three forward passes: one, and a backward pass of two
(Kaplan et al. 2020, arXiv 2001.08361). Nearest neighbours and the loading of text are not counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from harness.catalog import target_of
from harness.catalog.finetuning import recipe_for
from harness.records import CheckpointScores, Record, Result, Submission, Target
from harness.store.agreement import checkpoints_of

_TRAINING_PASSES = 3
# English training examples by the name of the text (Hu et al. 2020, arXiv 2003.11080, table 1).
_TRAINING_EXAMPLES = {
    "mnli": 392_702,
    "pawsx": 49_401,
    "udpos": 21_253,
    "panx": 20_000,
    "squad": 87_599,
    "tydiqa": 3_696,
}
_HOUR = 3600.0


class ExpectedHours(Record):
    """The hours that measuring takes, and what they are from; None where nothing comparable is on record."""

    hours: float | None
    basis: str


@dataclass(frozen=True)
class _OnRecord:
    """What the runs of a stored result encoded, in how many seconds; `body` is the mean over its seeds."""

    target: Target
    examples: int
    tokens: int
    seconds: float
    body: float


class RunsOnRecord:
    """The runs of a board on one kind of device, such as cpu, from which other runs are expected."""

    def __init__(self, rows: Iterable[tuple[Submission, Sequence[Result]]], device: str = "cpu") -> None:
        """Read the runs of all results of rows."""
        self._rows = [(submission, tuple(results)) for submission, results in rows]
        self._device = device
        runs = (_on_record(result, device) for _, results in self._rows for result in results)
        self._runs = [run for run in runs if run is not None]

    def expected(self, submission: Submission, target: Target, languages: Sequence[str]) -> ExpectedHours:
        """Return the time of all seeds on some languages of a target, a head's training included."""
        if not self._runs:
            return ExpectedHours(hours=None, basis=f"no run on {self._device} is on record")
        body, size_basis = self._parameters(submission)
        if body is None:
            return ExpectedHours(hours=None, basis="its number of parameters is not known")
        sizes = self._sizes(target)
        if missing := [language for language in languages if language not in sizes]:
            what = f"the number of {target.unit} in {missing[0]} is not known"
            return ExpectedHours(hours=None, basis=what)
        comparable, source = self._comparable(target)
        # A run also has the texts of targets that it measured besides, and not those that were in its cache.
        tokens = median(run.tokens / run.examples for run in comparable)
        passes = float(sum(sizes[language] for language in languages))
        basis = [source, size_basis]
        if target.has_head and target.name not in submission.finetuned:
            examples = self._training_examples(target)
            if examples is None:
                return ExpectedHours(hours=None, basis="how many examples train its head is not known")
            recipe = recipe_for(target, submission.finetuning.get(target.name), width=0)
            passes += _TRAINING_PASSES * recipe.taken(examples) * recipe.epochs
            basis.append("its head's training")
        rate = median(run.seconds / (run.tokens * run.body) for run in self._runs)
        seconds = rate * passes * tokens * body * len(checkpoints_of(submission, target))
        return ExpectedHours(hours=round(seconds / _HOUR, 4), basis=", ".join(basis))

    def _comparable(self, target: Target) -> tuple[list[_OnRecord], str]:
        """Return the runs whose texts are likely as long as a target's, and what they are."""
        same = [run for run in self._runs if run.target.name == target.name]
        alike = [run for run in self._runs if run.target.kind == target.kind]
        runs, what = (
            (same, "on this target")
            if same
            else (alike, f"of {target.kind}")
            if alike
            else (self._runs, "on other targets")
        )
        return runs, f"{len(runs)} {'run' if len(runs) == 1 else 'runs'} {what}"

    def _parameters(self, submission: Submission) -> tuple[float | None, str]:
        """Return the parameters outside the embeddings: its own, of the same weights, or of its base."""
        sources = {checkpoint.source for checkpoint in submission.checkpoints}
        for basis, bodies in (
            ("its size", [scored.parameters.body for row, scored in self._scored() if row is submission]),
            (
                "the size of the same weights",
                [scored.parameters.body for _, scored in self._scored() if scored.source in sources],
            ),
            (
                f"the median size of {submission.base.id}",
                [
                    scored.parameters.body
                    for row, scored in self._scored()
                    if row.base.id == submission.base.id
                ],
            ),
        ):
            if bodies:
                return float(median(bodies)), basis
        return None, ""

    def _scored(self, target: str = "") -> Iterable[tuple[Submission, CheckpointScores]]:
        """Yield the checkpoints of all results, or of those on one target, with their submission."""
        for submission, results in self._rows:
            for result in results:
                if target in ("", result.target):
                    yield from ((submission, scored) for scored in result.checkpoints)

    def _sizes(self, target: Target) -> Mapping[str, int]:
        """Return the number of examples by language: the official ones, or those of other rows."""
        scores = (scored.scores for _, scored in self._scored(target.name))
        measured = {language: score.n for each in scores for language, score in each.items()}
        return {**measured, **target.sizes}

    def _training_examples(self, target: Target) -> int | None:
        """Return the most examples that a head of the target was trained on, or else the published number."""
        heads = (scored.head for _, scored in self._scored(target.name))
        published = _TRAINING_EXAMPLES.get(target.training)
        return max((head.examples for head in heads if head and head.examples), default=published)


def _on_record(result: Result, device: str) -> _OnRecord | None:
    """Return what a result's runs on a kind of device took; None where they do not say."""
    runs = [run for run in result.runs if (run.device or "cpu").partition(":")[0] == device]
    tokens, seconds = sum(run.encoded_tokens for run in runs), sum(run.seconds for run in runs)
    examples = sum(score.n for scored in result.checkpoints for score in scored.scores.values())
    bodies = [scored.parameters.body for scored in result.checkpoints]
    if not (tokens and seconds and examples and all(bodies)):
        return None
    return _OnRecord(target_of(result), examples, tokens, seconds, sum(bodies) / len(bodies))
