"""The wall around transformers: what it raises names the checkpoint, and what it prints is not shown.

Its report of weights has colour codes and lists heads that are left out on purpose; whoever wants it sets
TRANSFORMERS_VERBOSITY.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

import transformers

from harness.errors import BadInput, naming_failures
from harness.verbosity import report_through_logging

_PACKAGE = re.compile(r"https://pypi\.org/project/([\w.-]+)|pip install ([\w.-]+)")
_SAVE = (
    "save the whole encoder and its tokenizer again, with a recent version of transformers; "
    "what that version does not open is not evaluated"
)
_FIT = "an architecture of transformers whose weights, configuration and tokenizer belong together"

transformers.utils.logging.disable_progress_bar()  # the run shows its own progress bar
report_through_logging("transformers")


@contextmanager
def opening(source: str) -> Iterator[None]:
    """Turn any error of transformers, and a panic of tokenizers, into BadInput that names the checkpoint."""
    subject = f"transformers cannot open {source}"
    with naming_failures(subject, BadInput, cure=_SAVE), quiet():
        try:
            yield
        except ImportError as reason:  # some tokenizers need a package of their own
            if (package := _PACKAGE.search(str(reason))) is None:
                raise
            with naming_failures(subject, BadInput, cure=f"pip install {package[1] or package[2]}"):
                raise


def passing(source: str) -> AbstractContextManager[None]:
    """Turn any error of a forward pass into BadInput that names the checkpoint."""
    return naming_failures(f"{source} cannot encode a text", BadInput, cure=_FIT)


@contextmanager
def quiet() -> Iterator[None]:
    """Hold back what transformers reports, unless TRANSFORMERS_VERBOSITY asks for it."""
    logging = transformers.utils.logging
    before = logging.get_verbosity()
    if "TRANSFORMERS_VERBOSITY" not in os.environ:
        logging.set_verbosity_error()
    try:
        yield
    finally:
        logging.set_verbosity(before)
