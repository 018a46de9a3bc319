"""The cache folder, which holds checkpoints, vectors and heads."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs


def cache_folder() -> Path:
    """Return the folder that $STILTBOARD_CACHE names, or else stiltboard's folder in the user's cache."""
    return Path(os.environ.get("STILTBOARD_CACHE") or platformdirs.user_cache_path("stiltboard"))
