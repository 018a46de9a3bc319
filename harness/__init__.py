"""Evaluate multilingual encoders after intermediate training.

The Python interface is five functions, imported when first used so that `import harness` costs nothing:
`evaluate`, `load_submission`, `load_results`, and `compare`, which takes two sides read with `load_side`.
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import Any

# Arrow's own allocator reserves a gigabyte of addresses at once, so that no smaller limit on memory could be
# kept (harness/store/memory.py). Arrow reads this variable when it is first used.
os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")

_INTERFACE = {
    "evaluate": "harness.evaluation.story",
    "load_submission": "harness.store",
    "load_results": "harness.store",
    "load_side": "harness.store",
    "compare": "harness.comparison.compare",
}

__all__ = ["compare", "evaluate", "load_results", "load_side", "load_submission"]


def __getattr__(name: str) -> Any:
    if name not in _INTERFACE:
        raise AttributeError(f"module 'harness' has no attribute {name!r}")
    return getattr(import_module(_INTERFACE[name]), name)
