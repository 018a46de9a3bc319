"""The cache folder, which holds checkpoints, vectors and heads."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs


def cache_folder() -> Path:
    """Return where checkpoints and vectors are kept: STILTBOARD_CACHE, or the user's cache folder."""
    return Path(os.environ.get("STILTBOARD_CACHE") or platformdirs.user_cache_path("stiltboard"))
