"""Evaluate multilingual encoders after intermediate training.

The Python interface is six functions, imported when first used so that `import harness` costs nothing:
`evaluate`, and `callback` for trainings; `load_submission`, `load_results`, and `compare`, which takes two
sides read with `load_side`.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import Any

if sys.version_info < (3, 11):  # noqa: UP036 - pip refuses an older one, but a clone can be run with it
    raise SystemExit(
        f"error: stiltboard needs Python 3.11 or later, and {sys.executable} is "
        f"{sys.version_info.major}.{sys.version_info.minor}\n"
        "    cure: run it with a later one, such as python3.12; in a clone: make demo PYTHON=python3.12"
    )

# Arrow's own allocator reserves a gigabyte of addresses at once, so that no smaller limit on memory could be
# kept (harness/store/memory.py). Arrow reads this variable when it is first used.
os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")

_INTERFACE = {
    "callback": "harness.evaluation.in_training",
    "evaluate": "harness.evaluation.interface",
    "load_submission": "harness.store",
    "load_results": "harness.store",
    "load_side": "harness.store",
    "compare": "harness.comparison.compare",
}

__all__ = ["callback", "compare", "evaluate", "load_results", "load_side", "load_submission"]


def __getattr__(name: str) -> Any:
    if name not in _INTERFACE:
        raise AttributeError(f"module 'harness' has no attribute {name!r}")
    return getattr(import_module(_INTERFACE[name]), name)
