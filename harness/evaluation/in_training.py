"""`harness.callback`: evaluate a model while it is trained, in memory, with the scores of `evaluate`."""

from __future__ import annotations

import shutil
import tempfile
import time
import warnings
import weakref
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Unpack

import numpy as np

from harness.catalog import find_target, is_own
from harness.catalog.lookup import split_names, split_targets, target_named
from harness.data.reading_notes import noting
from harness.errors import BadInput, WrongUsage
from harness.evaluation.cells import Measured
from harness.evaluation.direct import StatedEncoding, submission_in_memory
from harness.evaluation.embeddings import Encoded, SpaceKey, distinct_texts, encode_into
from harness.evaluation.interface import Settings, options_with, several, stated_encoding
from harness.evaluation.plan import with_checkpoints
from harness.evaluation.resume import Resumed
from harness.evaluation.run import Options, Run
from harness.evaluation.story import run_cells
from harness.evaluation.target_plan import TargetPlan
from harness.evaluation.target_texts import load_targets
from harness.models.device import choose_device, choose_dtype
from harness.models.encoder import Encoder
from harness.models.unsaved_model import UnsavedModel
from harness.models.vector_cache import VectorSpace
from harness.reporter import Reporter, Silent
from harness.scoring.tables import TABLES
from harness.training.periodic_evaluation import PeriodicEvaluation

_SOURCE = "the model in training"
_SEED = 0
# Of `evaluate`, what a model in memory has no use for.
_OF_FILES = ("output", "submissions", "encoder", "overwrite", "cache", "all_layers")


def callback(
    targets: str | Sequence[str],
    languages: str | Sequence[str] = (),
    every: int | None = 1000,
    *,
    tokenizer: Any = None,
    encoder_of: Callable[[Any], Any] | None = None,
    by_language: bool = False,
    reporter: Reporter | None = None,
    **settings: Unpack[Settings],
) -> PeriodicEvaluation:
    """Return a callback for transformers' Trainer, or sentence-transformers', that evaluates on the way.

    It measures every `every` steps and at the end, or with None whenever the Trainer evaluates, and logs for
    each target its metric in points, as `eval_tatoeba_accuracy`: the mean over `languages`, which are all of
    the target's by default, and with `by_language` each one's, as `eval_tatoeba_accuracy_de`. The scores are
    those that `evaluate` gives of the saved model; nothing of the encoder is written, and no result.

    `tokenizer` is only needed where the Trainer was given none; `encoder_of` takes the model and returns the
    part of it that is evaluated, where the model is a module of your own. `settings` are those of
    `harness.evaluate`: how texts are encoded, where their data is, `limit`, `dtype`, … Raises WrongUsage for
    targets that need a head of their own, such as xnli.

    >>> callback("jupyterlab", "de,fr", every=500, pooling="cls", limit=200)
    PeriodicEvaluation of jupyterlab de fr, every 500 steps
    """
    if unfit := [name for name in _OF_FILES if name in settings]:
        raise WrongUsage(
            f"a callback, which writes no result, has no option {unfit[0]!r}", cure="leave it out"
        )
    options = options_with(Options(), settings)
    names = [target_named(name, options.own) for name in split_targets(several(targets))]
    if not names:
        raise WrongUsage("nothing is named to evaluate on", cure="harness.callback('tatoeba')")
    if trained := [name for name in names if not is_own(name) and find_target(name).has_head]:
        raise WrongUsage(
            f"{', '.join(trained)} would need a head that is fine-tuned at every evaluation",
            cure="targets that compare vectors, such as tatoeba; or evaluate the saved checkpoints",
        )
    measured = _InMemory(
        names,
        several(languages),
        options,
        stated_encoding(settings),
        tokenizer,
        encoder_of,
        reporter or Silent(),
        by_language=by_language,
    )
    return PeriodicEvaluation(measured, every)


class _InMemory:
    """Measures a model in memory on targets whose text is read once."""

    def __init__(
        self,
        targets: Sequence[str],
        languages: Sequence[str],
        options: Options,
        stated: StatedEncoding,
        tokenizer: Any,
        encoder_of: Callable[[Any], Any] | None,
        reporter: Reporter,
        *,
        by_language: bool,
    ) -> None:
        self._targets, self._languages, self._options = targets, languages, options
        self._stated, self._tokenizer, self._encoder_of = stated, tokenizer, encoder_of
        self._reporter, self._by_language = reporter, by_language
        self._plans: list[TargetPlan] = []
        self._remove: Callable[[], object] = lambda: None

    def __str__(self) -> str:
        return " ".join([*self._targets, *split_names(self._languages)])

    def prepare(self, model: Any, tokenizer: Any) -> None:
        """Describe the model, read the text, and open the encoder once, which shows what is wrong."""
        self.close()
        folder = Path(tempfile.mkdtemp(prefix="stiltboard-"))
        self._remove = weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        encoder = model if self._encoder_of is None else self._encoder_of(model)
        given = self._tokenizer if self._tokenizer is not None else tokenizer
        self._model = UnsavedModel(encoder, given, folder, _SOURCE)
        files, requested = self._model.files, self._options.device
        device = self._model.device if requested == "auto" else choose_device(requested)
        self._run = Run(
            folder,
            submission_in_memory(self._stated, files, self._reporter.report),
            self._options,
            self._reporter,
            device,
            choose_dtype(self._options.dtype, device),
        )
        if not self._plans:
            self._plans = self._read()
        self._plans = [with_checkpoints(plan, {_SEED: files}, self._run) for plan in self._plans]
        self._open().close()

    def scores(self) -> Mapping[str, float]:
        """Return the scores of the model as it is now, in points, and the seconds that they took."""
        started = time.perf_counter()
        encoding = self._plans[0].encoding
        texts = distinct_texts(
            [examples for plan in self._plans for examples in plan.examples.values()], encoding
        )
        found: dict[str, float] = {}
        with tempfile.TemporaryDirectory(prefix="stiltboard-") as vectors:
            spaces: dict[SpaceKey, VectorSpace] = {
                (encoding.view, prefix): VectorSpace(Path(vectors), prefix=prefix) for prefix in texts
            }
            encoder = self._open()
            encoded = encode_into(spaces, texts, encoder, encoding, self._reporter)
            encoder.close()
            for plan in self._plans:
                found |= self._scores_of(plan, encoded)
        return {**found, "stiltboard_seconds": round(time.perf_counter() - started, 2)}

    def close(self) -> None:
        """Remove the files that describe the model."""
        self._remove()

    def _read(self) -> list[TargetPlan]:
        with noting(self._reporter.report):
            plans, faults = load_targets(self._targets, self._languages, self._run)
        missing = [
            f"{plan.target.name} {language}: {reason}"
            for plan in plans
            for language, reason in plan.unreadable.items()
        ]
        if faults or missing:  # a mean over other languages would be taken for the one that was asked for
            raise BadInput(
                "; ".join([*map(str, faults), *missing]),
                cure="name the languages that have text: languages=…",
            )
        return plans

    def _open(self) -> Encoder:
        encoding = self._plans[0].encoding
        return Encoder(
            self._model.files,
            [encoding.view],
            max_length=encoding.max_length,
            lower_case=encoding.lower_case,
            device=self._run.device,
            dtype=self._run.dtype,
            batch_tokens=self._options.batch_tokens,
            weights=self._model.weights(),
            tokenizer=self._model.tokenizer,
        )

    def _scores_of(self, plan: TargetPlan, encoded: Encoded) -> dict[str, float]:
        """Return the mean over the languages, and with `by_language` each one's score.

        Where a language fails, there is no mean, and a warning.
        """
        measured = run_cells(Resumed(plan, Measured()), _SEED, encoded)
        name = f"{plan.target.name}_{plan.target.metric}"
        scores = {
            language: TABLES[plan.target.kind].score(plan.target, rows).score
            for (_, language), rows in measured.outcomes.items()
        }
        for (_, language), reason in measured.failed.items():
            message = f"{plan.target.name} {language} has no score: {reason}"
            warnings.warn(message, RuntimeWarning, stacklevel=2)
        means = {} if measured.failed else {name: round(float(np.mean(list(scores.values()))), 4)}
        each = {f"{name}_{language}": score for language, score in scores.items()}
        return means | each if self._by_language else means
