"""`stiltboard evaluate`: measure submissions and models, write their results, and print their scores."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from harness.cli.curve_plot import curves_drawn, plot_option
from harness.cli.evaluation_queue import Subject
from harness.cli.job_options import Spread, job_options
from harness.cli.model_options import ModelChoice, model_options
from harness.cli.options import (
    data_option,
    device_option,
    dtype_option,
    language_option,
    submission_argument,
    submissions_option,
    table_format_option,
    target_option,
    user_text_options,
)
from harness.cli.paged_help import PagedCommand
from harness.cli.run_config import config_options
from harness.cli.streams import terminal_width
from harness.errors import CheckFailed, Fault, MissingExtra, WrongUsage, naming_failures
from harness.records import Margin, Mining
from harness.records.score_line import ScoreLine
from harness.verbosity import verbosity_options

if TYPE_CHECKING:
    from harness.evaluation.isolated import Apart
    from harness.evaluation.run import Options
    from harness.models.own_code import OwnCode

_GIB = 2**30
# The interpreter with torch and transformers, measured on Linux on a CPU.
_LEAST_MEMORY = 0.6 * _GIB
_AMOUNT = click.FloatRange(min=0, min_open=True)


def _explain_batch_tokens(_context: click.Context, _option: click.Parameter, value: str | None) -> None:
    """Refuse a number of texts, which is what other programs take."""
    if value is not None:
        raise WrongUsage(
            "--batch-size is a number of texts, and a forward pass is limited by its tokens",
            cure="--batch-tokens N, such as 8192; the default is 1024 on a CPU, 65536 on a GPU",
        )


_NEEDED_FIRST = (
    *("targets", "languages", "data", "pooling", "output"),
    *("limit", "dry_run", "overwrite", "device", "as_json"),
)


@click.command(name="evaluate", cls=PagedCommand, first=_NEEDED_FIRST)
@submission_argument("names", metavar="[NAME…]", nargs=-1)
@target_option("Only this target or group, such as xtreme or retrieval; by default all of the benchmark")
@language_option("Only this language")
@data_option
@user_text_options
@device_option
@dtype_option("that of the stored result, else bfloat16 where the processor has it")
@click.option(
    "--batch-tokens",
    type=click.IntRange(min=16),
    help="Tokens in one forward pass, in place of a batch size; halved when memory runs out. No score "
    "depends on it: texts of one length are encoded together, without padding.",
)
@click.option("--batch-size", callback=_explain_batch_tokens, expose_value=False, hidden=True, metavar="N")
@click.option(
    "--layers",
    type=click.Choice(["declared", "all"]),
    default="declared",
    show_default=True,
    help="all: also score every other layer in both poolings, from the same forward passes.",
)
@click.option(
    "--steps",
    is_flag=True,
    help="Also score the other checkpoints that a submission lists under `steps:`, on targets that compare "
    "vectors: the curve of its training.",
)
@click.option(
    "--margin",
    type=click.Choice([margin.value for margin in Margin]),
    default=Margin.RATIO.value,
    show_default=True,
    help="How mining scores a pair; only ratio is ranked.",
)
@click.option(
    "--keep-duplicates",
    is_flag=True,
    help="Keep sentences whose text repeats when mining; such a score is not ranked.",
)
@click.option(
    "--ignore-identical-ids/--rank-identical-ids",
    default=None,
    help="Whether a test collection's document is ranked for the query of the same id. "
    "Default: ignored in BEIR's format, ranked in TREC's.",
)
@click.option(
    "--all-judged/--only-with-relevant",
    default=True,
    help="Whether a test collection's judged queries without a relevant document count as 0, as by "
    "trec_eval, or are left out.  [default: all-judged]",
)
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    help="Evaluate only the first N examples of each language; nothing is written.",
)
@click.option(
    "--dry-run",
    is_flag=True,
    help="Print what would be computed and how long it would take; nothing is written.",
)
@click.option(
    "--sandbox",
    is_flag=True,
    help="Evaluate without access to network, home folder and environment, and without keeping any score "
    "that is there already; fails without a working sandbox.",
)
@click.option(
    "--max-memory",
    type=_AMOUNT,
    metavar="GIB",
    help="Memory limit of one evaluation. Default in a sandbox: all of the machine's.",
)
@click.option(
    "--max-hours", type=_AMOUNT, metavar="H", help="Time limit of one evaluation. Default in a sandbox: 24."
)
@click.option(
    "--max-disk",
    type=_AMOUNT,
    metavar="GIB",
    help="Disk space that one evaluation may use. Default in a sandbox: 100.",
)
@click.option("--overwrite", is_flag=True, help="Score existing results again; cached vectors are used.")
@click.option("--stale", is_flag=True, help="Measure again, and replace, what former weights gave.")
@job_options
@model_options
@plot_option
@table_format_option
@click.option(
    "--json", "as_json", is_flag=True, help="Print a line of JSON for each model and target instead."
)
@verbosity_options
@submissions_option
@config_options
def command(
    names: Sequence[str],
    targets: Sequence[str],
    languages: Sequence[str],
    dry_run: bool,
    sandbox: bool,
    max_memory: float | None,
    max_hours: float | None,
    max_disk: float | None,
    spread: Spread,
    choice: ModelChoice,
    plot: Path | None,
    style: str,
    as_json: bool,
    submissions: Path,
    **measured: Any,
) -> None:
    """Evaluate models or submissions zero-shot, write the results, and print the scores.

    NAME is a model on the Hub, ORG/MODEL or ORG/MODEL@REVISION; the folder of a model; or a submission, by
    its slug or folder. The results of a submission are written into its folder, those of a model into
    evaluations/<model>. Finished results of an earlier run are kept; an interrupted run continues where it
    stopped. A failure of one does not stop the others.

    What is not given is taken from the environment (STILTBOARD_EVALUATE_DTYPE), then from --config FILE.
    """
    options = _options(choice.encoder, **measured)
    subjects = choice.subjects(names, submissions, options.encoder)
    isolation = _isolation(sandbox, max_memory, max_hours, max_disk)
    if options.encoder is not None and (dry_run or isolation is not None):
        _refuse_own_code("--dry-run" if dry_run else "a sandbox, and no limit of a process,")
    if dry_run:
        _estimate_all(subjects, targets, languages, options, isolation, spread)
        return
    save = choice.saving(subjects, submissions, options.limit)
    with curves_drawn(_show(style, as_json=as_json), plot, options.limit) as show:
        folders = spread.run(subjects, targets, languages, options, isolation, show)
    save(folders)


def _options(
    encoder: str | None, *, layers: str, margin: str, keep_duplicates: bool, **measured: Any
) -> Options:
    """Return the options of a run; `measured` are those that have the name of a field of Options."""
    try:
        from harness.evaluation.story import Options
    except ModuleNotFoundError as missing:
        raise MissingExtra("evaluate", "eval", str(missing.name)) from missing
    if measured["steps"] and measured["limit"] is not None:
        raise WrongUsage("--steps writes a curve, and a trial writes nothing", cure="leave out --limit")
    return Options(
        sweep=layers == "all",
        mining=Mining(margin=Margin(margin), keep_duplicates=keep_duplicates),
        encoder=_own_code(encoder),
        **measured,
    )


def _refuse_own_code(option: str) -> NoReturn:
    raise WrongUsage(f"--encoder runs your own code, for which there is no {option}", cure="leave it out")


def _own_code(name: str | None) -> OwnCode | None:
    """Import the caller's encoder, of an installed package or of a file in the current folder."""
    if name is None:
        return None
    from harness.models.own_code import OwnCode

    # At the end: nothing in this folder stands in for an installed package, whatever its name.
    sys.path.append(str(Path.cwd()))
    return OwnCode.imported(name)


def _show(style: str, *, as_json: bool) -> Callable[[Sequence[ScoreLine]], str]:
    """Return the function that turns scores into what is printed."""
    from harness.evaluation import score_table

    if as_json:
        return score_table.json_lines
    if style == "text":
        return partial(score_table.text, width=terminal_width())
    return score_table.FORMATS[style]


def _isolation(sandbox: bool, memory: float | None, hours: float | None, disk: float | None) -> Apart | None:
    """Return sandbox and limits of separate processes; None, for this process, if no option requests them."""
    from harness.evaluation.isolated import Apart
    from harness.evaluation.sandbox import Limits

    if not sandbox and memory is hours is disk is None:
        return None
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / _GIB
    default = {"memory": machine, "hours": 24.0, "disk": 100.0} if sandbox else {}
    if memory is not None and memory * _GIB < _LEAST_MEMORY:
        raise WrongUsage(
            f"--max-memory {memory:g} is too small to start: an evaluation takes about "
            f"{_LEAST_MEMORY / _GIB:.1f} GiB before it opens a model",
            cure="--dry-run says how much memory this evaluation takes",
        )
    memory, hours, disk = (
        memory or default.get("memory"),
        hours or default.get("hours"),
        disk or default.get("disk"),
    )
    return Apart(
        sandbox,
        Limits(
            memory=int(memory * _GIB) if memory else None,
            seconds=hours * 3600 if hours else None,
            disk=int(disk * _GIB) if disk else None,
        ),
    )


def _estimate_all(
    subjects: Sequence[Subject],
    targets: Sequence[str],
    languages: Sequence[str],
    options: Options,
    isolation: Apart | None,
    spread: Spread,
) -> None:
    """Print what each subject would take, and what each worker has of this machine."""
    from harness.cli.progress import watch
    from harness.evaluation.estimate import estimate
    from harness.evaluation.isolated import estimate_apart

    unreadable: list[Fault] = []
    needed = 0
    for subject in subjects:
        with naming_failures(f"{subject.name} could not be estimated"):
            folder = subject.prepare()
            with watch(folder.name) as reporter:
                if isolation:
                    estimated = estimate_apart(folder, targets, languages, options, reporter, isolation)
                else:
                    estimated = estimate(folder, targets, languages, options, reporter)
        click.echo(f"{folder.name}\n{estimated.text()}")
        unreadable.extend(estimated.unreadable)
        needed = max(needed, estimated.memory)
    click.echo(spread.shares(options, needed))
    if unreadable:
        raise CheckFailed(unreadable)
