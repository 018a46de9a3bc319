"""The options of `evaluate` for a model that is no submission."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from harness.cli.evaluation_queue import Subject
from harness.errors import WrongUsage
from harness.records import Pooling
from harness.store.naming import NamedModel, submission_or_model, training_step
from harness.verbosity import say

if TYPE_CHECKING:
    from harness.evaluation.direct import StatedEncoding
    from harness.models.own_code import OwnCode


_OF_WEIGHTS = ("layer", "pooling", "prefix", "query_prefix", "passage_prefix", "max_length")


@dataclass(frozen=True)
class ModelChoice:
    """How models are encoded, and where their evaluations are written; None where nothing is stated."""

    layer: int | Literal["last"] | None = None
    pooling: str | None = None
    prefix: str | None = None
    query_prefix: str | None = None
    passage_prefix: str | None = None
    max_length: int | None = None
    encoder: str | None = None
    output: Path | None = None
    save_as: str | None = None

    def stated(self) -> StatedEncoding:
        """Return what is stated of the encoding."""
        from harness.evaluation.direct import StatedEncoding

        return StatedEncoding(
            layer=self.layer,
            pooling=None if self.pooling is None else Pooling(self.pooling),
            prefix=self.prefix,
            query_prefix=self.query_prefix,
            passage_prefix=self.passage_prefix,
            max_length=self.max_length,
        )

    def subject(self, name: str, submissions: Path) -> Subject:
        """Return what a name on the command line evaluates: a submission, or a model as chosen here."""
        found = submission_or_model(name, submissions)
        if isinstance(found, Path):
            mine = [field.name for field in fields(self) if field.name != "encoder"]
            if stated := [name for name in mine if getattr(self, name) is not None]:
                option = f"--{stated[0].replace('_', '-')}"
                raise WrongUsage(
                    f"{option} is for models; {name} is a submission",
                    cure=f"leave it out: how {found.name} is encoded is stated in its submission.yaml",
                )
            return Subject(found.name, lambda: found)
        return Subject(name, lambda: self._prepare(found))

    def subjects(self, names: Sequence[str], submissions: Path, code: OwnCode | None) -> list[Subject]:
        """Return what the names on the command line evaluate, or the encoder alone; raises WrongUsage."""
        if code is None and not names:
            raise WrongUsage(
                "nothing is named to evaluate", cure="ORG/MODEL, a folder, or a submission's slug"
            )
        if code is None or names:
            return [self.subject(name, submissions) for name in names]
        stated = [name for name in _OF_WEIGHTS if getattr(self, name) is not None]
        if stated:
            raise WrongUsage(
                f"--{stated[0].replace('_', '-')} is for models, and --encoder is code",
                cure="leave it out: the code decides how texts are encoded",
            )
        return [Subject(code.name, lambda: self._prepare_code(code))]

    def _prepare_code(self, code: OwnCode) -> Path:
        from harness.evaluation.direct import OUTPUT, submission_of_code

        folder = submission_of_code(code, self.output or OUTPUT)
        say(f"{code.name} ({code.package} {code.version}): kept in {folder}")
        return folder

    def saving(
        self, subjects: Sequence[Subject], submissions: Path, limit: int | None
    ) -> Callable[[Sequence[Path]], None]:
        """Return what is done with the folders of the results at the end, having checked that it can be.

        With --save-as a submission is made of the one model, or of the checkpoints of one training.
        """
        if self.save_as is None:
            return lambda folders: None
        one = len(subjects) == 1 or _of_one_training([subject.name for subject in subjects], submissions)
        if not one or limit is not None:
            cure = "evaluate one model with --save-as, or checkpoints of one training, whose steps are known"
            cure = cure if limit is None else "leave out --limit"
            raise WrongUsage("--save-as makes a submission of one evaluated model", cure=cure)
        from harness.store.model_submission import refuse_taken, save_as_submission

        slug = self.save_as
        refuse_taken(submissions, slug)

        def save(folders: Sequence[Path]) -> None:
            path = save_as_submission(folders, submissions, slug)
            say(f"wrote {path}\nnext: fill it in, then run: stiltboard validate {path.parent}")

        return save

    def _prepare(self, model: NamedModel) -> Path:
        from harness.cache import cache_folder
        from harness.evaluation.direct import OUTPUT, submission_of_model

        folder = submission_of_model(model, self.stated(), self.output or OUTPUT, cache_folder(), say)
        say(f"{model.hub or model.folder}: kept in {folder}")
        return folder


def _of_one_training(names: Sequence[str], submissions: Path) -> bool:
    """Tell whether names are checkpoints of one training: in one folder or repository, each at its step."""
    models = [submission_or_model(name, submissions) for name in names]
    named = [model for model in models if isinstance(model, NamedModel)]
    steps = [training_step(model) for model in named]
    runs = {(model.hub, model.folder.resolve().parent if model.folder else None) for model in named}
    return len(named) == len(names) == len(set(steps)) and None not in steps and len(runs) == 1


def model_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options for models to a command, which receives them as one argument, `choice`."""

    @wraps(command)
    def with_choice(**arguments: Any) -> None:
        choice = ModelChoice(**{field.name: arguments.pop(field.name) for field in fields(ModelChoice)})
        command(choice=choice, **arguments)

    for option in reversed(_OPTIONS):
        option(with_choice)
    return with_choice


def _layer(
    _context: click.Context, _parameter: click.Parameter, value: str | None
) -> int | Literal["last"] | None:
    """Return the word `last`, or the index of a hidden state."""
    if value is None or value == "last":
        return value  # type: ignore[return-value]  # which mypy does not narrow to the word
    if not value.isascii() or not value.isdigit():
        raise click.BadParameter(f"{value!r} is neither last nor the number of a hidden state, such as 9.")
    return int(value)


_OPTIONS = (
    click.option(
        "--pooling",
        type=click.Choice([pooling.value for pooling in Pooling]),
        help="Of a model: how token vectors become one vector. Default: as saved, else mean.",
    ),
    click.option(
        "--layer",
        callback=_layer,
        metavar="N",
        help="Of a model: which hidden state. Default: as saved, else last.",
    ),
    click.option("--prefix", metavar="TEXT", help="Of a model: put before every text. Default: as saved."),
    click.option("--query-prefix", metavar="TEXT", help="Of a model: put before questions, in place of it."),
    click.option("--passage-prefix", metavar="TEXT", help="Of a model: put before what is searched."),
    click.option(
        "--max-length",
        type=click.IntRange(min=8, max=8192),
        metavar="N",
        help="Of a model: tokens of a text. Default: as saved, at most 512.",
    ),
    click.option(
        "--encoder",
        metavar="MODULE:NAME",
        help="Evaluate an encoder in Python, which is run as your own code: an object with encode(texts).",
    ),
    click.option(
        "--output",
        type=click.Path(path_type=Path, file_okay=False),
        metavar="DIR",
        help="Write the results of models to DIR/<model>.  [default: evaluations]",
    ),
    click.option(
        "--save-as",
        metavar="SLUG",
        help="Also make a submission of the model, with what only you know left to fill in; of several "
        "checkpoints of one training, the last one's score counts, and the others are its curve.",
    ),
)
