"""How much a long command says of its work: -q, -v, --no-progress, --log-file.

Messages and progress go to standard error, and into the log file whatever is shown. What libraries report
goes through Python's logging: into the log file, and to standard error only with -v.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, fields
from functools import wraps
from pathlib import Path
from typing import Any

import click

from harness.errors import StiltboardError, Unwritable, WrongUsage

_LOG = logging.getLogger("stiltboard")
# Read by libraries when they are imported, which happens within a command; a user's own settings stay.
_QUIET_LIBRARIES = {"HF_DATASETS_DISABLE_PROGRESS_BARS": "1", "HF_HUB_DISABLE_PROGRESS_BARS": "1"}
_VERBOSE_LIBRARIES = dict.fromkeys(
    ("TRANSFORMERS_VERBOSITY", "DATASETS_VERBOSITY", "HF_HUB_VERBOSITY"), "info"
)


@dataclass(frozen=True)
class Verbosity:
    """What is shown besides results and errors: nothing if `quiet`, libraries' reports too if `verbose`.

    Without `progress` there is no bar, and no line that says how far a run is. `log_file` is appended to.
    """

    quiet: bool = False
    verbose: bool = False
    progress: bool = True
    log_file: Path | None = None


_DEFAULT = Verbosity()
_current: ContextVar[Verbosity] = ContextVar("verbosity", default=_DEFAULT)


def current_verbosity() -> Verbosity:
    """Return what the running command shows."""
    return _current.get()


def say(message: str) -> None:
    """Print a line to standard error, unless the command is quiet, and log it."""
    if not _current.get().quiet:
        click.echo(message, err=True)
    log(message)


def print_result(line: str) -> None:
    """Print a line of what a command found or did, to standard output, and log it."""
    click.echo(line)
    log(line)


def note(message: str) -> None:
    """Print a line next to the results, on standard output, unless the command is quiet, and log it."""
    if not _current.get().quiet:
        click.echo(message)
    log(message)


def log(message: str) -> None:
    """Write a line to the log file, if there is one."""
    _LOG.info(message)


@contextmanager
def verbosity(chosen: Verbosity) -> Iterator[None]:
    """Show, and log, as chosen within the block; errors that leave it are logged, too.

    Raises Unwritable for a log file that cannot be opened.
    """
    root, level = logging.getLogger(), _LOG.level
    handlers: list[logging.Handler] = [logging.NullHandler()]  # without any, Python prints warnings itself
    if chosen.verbose:
        handlers.append(logging.StreamHandler())
        handlers[-1].addFilter(lambda record: record.name != _LOG.name)  # which is printed anyway
    if chosen.log_file is not None:
        handlers.append(_log_handler(chosen.log_file))
    token = _current.set(chosen)
    with ExitStack() as stack:
        stack.callback(_current.reset, token)
        stack.callback(_LOG.setLevel, level)
        _LOG.setLevel(logging.INFO)
        for handler in handlers:
            stack.callback(handler.close)
            stack.callback(root.removeHandler, handler)
            root.addHandler(handler)
        stack.callback(logging.captureWarnings, False)
        logging.captureWarnings(True)
        for name, value in (_VERBOSE_LIBRARIES if chosen.verbose else _QUIET_LIBRARIES).items():
            if name not in os.environ:
                os.environ[name] = value
                stack.callback(os.environ.pop, name, None)
        try:
            yield
        except StiltboardError as error:
            for fault in error.faults:
                _LOG.error(fault)
            raise


def report_through_logging(library: str) -> None:
    """Let a library's messages reach the handlers of Python's logging instead of printing them itself."""
    logger = logging.getLogger(library)
    for handler in [handler for handler in logger.handlers if type(handler) is logging.StreamHandler]:
        logger.removeHandler(handler)
    logger.propagate = True


def verbosity_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add -q, -v, --no-progress and --log-file to a command, which runs with what they choose."""

    @wraps(command)
    def with_verbosity(**arguments: Any) -> None:
        chosen = Verbosity(**{field.name: arguments.pop(field.name) for field in fields(Verbosity)})
        if chosen.quiet and chosen.verbose:
            raise WrongUsage("--quiet and --verbose contradict each other", cure="give one of them")
        with verbosity(chosen):
            command(**arguments)

    for option in reversed(_OPTIONS):
        option(with_verbosity)
    return with_verbosity


def _log_handler(path: Path) -> logging.Handler:
    try:
        handler = logging.FileHandler(path, encoding="utf-8")
    except OSError as reason:
        message = f"--log-file {path} cannot be written: {reason.strerror or reason}"
        raise Unwritable(message, cure="name a file in a folder that exists and is yours") from reason
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    return handler


_OPTIONS = (
    click.option("-q", "--quiet", is_flag=True, help="Print results and errors alone."),
    click.option("-v", "--verbose", is_flag=True, help="Print what libraries report, too."),
    click.option("--progress/--no-progress", default=True, help="Whether to show how far the run is."),
    click.option(
        "--log-file",
        type=click.Path(path_type=Path, dir_okay=False),
        metavar="FILE",
        help="Append all that is reported to FILE, with times.",
    ),
)
