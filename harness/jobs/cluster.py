"""Workers of a cluster: whatever a Parsl configuration describes, as an executor."""

from __future__ import annotations

import os
import runpy
import signal
import sysconfig
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import BadInput, MissingExtra, Where, naming_failures

if TYPE_CHECKING:
    from parsl import Config

_CURE = "def config() -> parsl.Config: …, as in docs/clusters"


def cluster_executors(path: Path) -> Callable[[], Executor]:
    """Return what starts the workers that the function `config()` of a Python file describes.

    The file is code of whoever evaluates, and is run. Raises MissingExtra without Parsl, and BadInput for a
    file without such a function.
    """
    try:
        from parsl.concurrent import ParslPoolExecutor  # noqa: PLC0415 - an extra, and heavy
    except ModuleNotFoundError as missing:
        raise MissingExtra("evaluate --cluster", "cluster", str(missing.name)) from missing
    with naming_failures(f"{path} cannot be run", BadInput, cure=_CURE):
        function = runpy.run_path(str(path)).get("config")
    if not callable(function):
        raise BadInput("there is no function config", where=Where(str(path)), cure=_CURE)

    # Parsl starts programs of its own; they are beside the interpreter, whose folder need not be on PATH.
    scripts = sysconfig.get_path("scripts")
    if scripts not in os.environ.get("PATH", "").split(os.pathsep):
        os.environ["PATH"] = os.pathsep.join(filter(None, (scripts, os.environ.get("PATH"))))

    def start() -> Executor:
        failed = f"the workers that {path} describes could not be started"
        with (
            _deaf_children(),
            naming_failures(failed, cure="see the logs in Parsl's run_dir, mend it, try again"),
        ):
            executor: Executor = ParslPoolExecutor(_config(function, path))
        return executor

    _config(function, path)  # what is wrong with it is said before text is read
    return start


@contextmanager
def _deaf_children() -> Iterator[None]:
    """Start processes that ignore Ctrl-C, which reaches all of a terminal: this one passes it on."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # is inherited by programs that are started
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _config(function: Callable[[], object], path: Path) -> Config:
    """Return a new configuration: Parsl starts the executors of each once."""
    from parsl import Config  # noqa: PLC0415 - an extra, and heavy

    with naming_failures(f"{path}: config() failed", BadInput, cure=_CURE):
        config = function()
    if not isinstance(config, Config):
        raise BadInput(
            f"config() returns {type(config).__name__}, not a parsl.Config",
            where=Where(str(path)),
            cure=_CURE,
        )
    return config
