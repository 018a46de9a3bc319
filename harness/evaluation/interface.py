"""`harness.evaluate`: a model, a submission or an encoder object, with the options of the command line."""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, Literal, TypedDict, Unpack

from harness.cache import cache_folder
from harness.catalog import OWN_KINDS
from harness.errors import WrongUsage
from harness.evaluation.direct import OUTPUT, StatedEncoding, submission_of_code, submission_of_model
from harness.evaluation.notebook import default_reporter
from harness.evaluation.results_list import Results
from harness.evaluation.run import Options
from harness.evaluation.story import evaluate as evaluate_submission
from harness.models.own_code import OwnCode
from harness.records import Margin, Mining, Pooling, Submission
from harness.records.score_line import ScoreLine
from harness.reporter import Reporter
from harness.store import RESULTS_FOLDER, load_submission
from harness.store.naming import submission_or_model

PathLike = str | os.PathLike[str]


class Settings(TypedDict, total=False):
    """What `harness.evaluate` takes by name; each is an option of `stiltboard evaluate`.

    `layer` to `max_length` are for models, `output` is where their results are written, `submissions` where
    slugs are found, and `encoder` is the object for a submission that names one.
    """

    layer: int | Literal["last"]
    pooling: str
    prefix: str
    query_prefix: str
    passage_prefix: str
    max_length: int
    output: PathLike
    submissions: PathLike
    encoder: Any
    data: PathLike
    bitext: Mapping[str, PathLike]
    clir: Mapping[str, PathLike]
    labelled: Mapping[str, PathLike]
    tagged: Mapping[str, PathLike]
    device: str
    dtype: str
    batch_tokens: int
    limit: int
    overwrite: bool
    cache: PathLike
    all_layers: bool
    steps: bool
    margin: str
    keep_duplicates: bool
    ignore_identical_ids: bool
    all_judged: bool


def evaluate(
    model: Any,
    targets: str | Sequence[str] = (),
    languages: str | Sequence[str] = (),
    options: Options | None = None,
    reporter: Reporter | None = None,
    **settings: Unpack[Settings],
) -> Results:
    """Evaluate a model zero-shot, write one result per target, and return the results.

    `model` is a submission (its slug or folder), a model (its folder, or ORG/MODEL[@REVISION] on the Hub), or
    any object with `encode(texts) → (n, d)`, which is run as your own code. The results of a submission are
    written into its folder, those of others below `output`, which is `evaluations`.

    `targets` default to the benchmark's and `languages` to all of a target's. Scores of an earlier run on the
    same weights, text and encoding are not computed again. A language that cannot be measured is named in the
    result, which then has no score. For targets with a head, the head is fine-tuned on English first, once.
    With `limit` only the first examples are evaluated and nothing is written. In a notebook, progress is one
    line. Raises BadInput when the model or all of the text cannot be read, and CheckFailed, after the other
    targets are written, when none of a target's text can be read, or its head cannot be trained.

    >>> (result,) = evaluate("submissions/toy", "jupyterlab", "fi", limit=50, device="cpu")
    >>> result.measured, list(result.checkpoints[0].scores)
    (1, ['fi'])
    """
    options = options_with(options or Options(), settings)
    reporter = reporter or default_reporter()
    folder, options = _folder(model, settings, options, reporter)
    results = evaluate_submission(folder, several(targets), several(languages), options, reporter)
    written = None if options.limit else folder
    submission = load_submission(folder)
    assert isinstance(submission, Submission)  # published numbers are refused before
    lines = [
        ScoreLine.of_result(
            result,
            submission,
            trial=options.limit,
            file=None if written is None else str(written / RESULTS_FOLDER / f"{result.target}.yaml"),
        )
        for result in results
    ]
    return Results(results, lines, written)


def _folder(model: Any, settings: Settings, options: Options, reporter: Reporter) -> tuple[Path, Options]:
    """Return the folder of what is evaluated, written for a model, and the options with the encoder."""
    stated = stated_encoding(settings)
    output = Path(settings.get("output", OUTPUT))
    if not isinstance(model, str | os.PathLike):
        if stated.given:
            raise WrongUsage("an encoder in Python decides itself how texts are encoded", cure="leave it out")
        code = model if isinstance(model, OwnCode) else OwnCode(model)
        return submission_of_code(code, output), replace(options, encoder=code)
    found = submission_or_model(os.fspath(model), Path(settings.get("submissions", "submissions")))
    if isinstance(found, Path):
        if stated.given:
            raise WrongUsage(
                f"{found.name} is a submission: how it is encoded is stated in its submission.yaml",
                cure=f"leave out {', '.join(stated.given)}",
            )
        encoder = settings.get("encoder")
        given = encoder is not None and not isinstance(encoder, OwnCode)
        return found, replace(options, encoder=OwnCode(encoder) if given else encoder)
    cache = options.cache or cache_folder()
    return submission_of_model(found, stated, output, cache, reporter.report), options


def stated_encoding(settings: Settings) -> StatedEncoding:
    """Return what the settings state of how texts are encoded."""
    pooling = settings.get("pooling")
    return StatedEncoding(
        layer=settings.get("layer"),
        pooling=None if pooling is None else Pooling(pooling),
        prefix=settings.get("prefix"),
        query_prefix=settings.get("query_prefix"),
        passage_prefix=settings.get("passage_prefix"),
        max_length=settings.get("max_length"),
    )


def options_with(options: Options, settings: Settings) -> Options:
    """Return the options with what the settings replace; raises WrongUsage for an unknown setting."""
    for name in settings:
        if name not in Settings.__annotations__:
            close = difflib.get_close_matches(name, Settings.__annotations__, n=1)
            known = f"did you mean {close[0]}?" if close else f"one of: {', '.join(Settings.__annotations__)}"
            raise WrongUsage(f"evaluate has no option {name!r}", cure=known)
    plain = {
        name for name in (field.name for field in fields(Options)) if name in settings and name != "encoder"
    }
    changes: dict[str, Any] = {name: settings[name] for name in plain}  # type: ignore[literal-required]
    for name in ("data", "cache"):
        changes |= {name: Path(changes[name])} if changes.get(name) is not None else {}
    own = {
        f"{kind}.{name}": Path(folder)
        for kind in OWN_KINDS
        for name, folder in settings.get(kind, {}).items()  # type: ignore[attr-defined]
    }
    mining = Mining(
        margin=Margin(settings.get("margin", options.mining.margin)),
        keep_duplicates=settings.get("keep_duplicates", options.mining.keep_duplicates),
    )
    sweep = settings.get("all_layers", options.sweep)
    return replace(options, **changes, own={**options.own, **own}, mining=mining, sweep=sweep)


def several(names: str | Sequence[str]) -> Sequence[str]:
    """Return names given as one or as several."""
    return [names] if isinstance(names, str) else names
