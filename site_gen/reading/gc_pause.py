"""The garbage collector, kept from going again and again through what lives to the end of a build."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """Make what is held, and never look for cycles in it, now or later: that took a fifth of a build's time.

    Whatever is made and let go of again, as a page is, belongs outside: its cycles are freed by nobody else.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if was_enabled:
            gc.enable()
