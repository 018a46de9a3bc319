"""Describe a run: when, where and with what it measured, so that another person can repeat it."""

from __future__ import annotations

import hashlib
import os
import platform
import re
import subprocess
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.metadata import version
from pathlib import Path

from harness.clock import now
from harness.evaluation.run import Run
from harness.models.device import instructions, is_emulated, processor, thread_count
from harness.models.encoder import EncodingReport
from harness.records import EvaluationRun

_VERSIONS = ("stiltboard", "torch", "transformers", "tokenizers", "accelerate", "numpy", "faiss-cpu")
_ROOT = Path(__file__).resolve().parents[2]
_COMMIT, _LOCK, _IMAGE = "STILTBOARD_COMMIT", "STILTBOARD_LOCK", "STILTBOARD_IMAGE"


def describe_run(
    reports: Sequence[EncodingReport], run: Run, revisions: Mapping[str, str] | None = None
) -> EvaluationRun:
    """Describe this run: date, device, versions, and amounts summed over the reports of its passes.

    `revisions` has the commit of each data set of the Hub that was read for it.
    """
    origin = harness_origin()
    return EvaluationRun(
        date=now(),
        device=run.device,
        processor=processor(run.device),
        instructions=instructions(run.device),
        system=platform.platform()[:200],
        image=origin.get(_IMAGE),
        dtype=run.dtype,
        threads=thread_count(),
        batch_tokens=max((report.batch_tokens for report in reports), default=0),
        encoded_sentences=sum(report.texts for report in reports),
        encoded_tokens=sum(report.tokens for report in reports),
        seconds=round(sum(report.seconds for report in reports), 2),
        commit=origin.get(_COMMIT),
        lock=origin.get(_LOCK),
        versions={name: version(name) for name in _VERSIONS}
        | {"python": platform.python_version()}
        | _own_versions(run),
        text_revisions=dict(sorted((revisions or {}).items())),
        events=(
            *(["bfloat16 was emulated with float32 products"] if is_emulated(run.device, run.dtype) else []),
            *dict.fromkeys(event for report in reports for event in report.events),
        ),
    )


def _own_versions(run: Run) -> dict[str, str]:
    """Return the package and the version of an encoder in Python; nothing for weights."""
    checkpoint = run.submission.checkpoints[0]
    if checkpoint.package is None or checkpoint.version is None:
        return {}
    return {re.sub(r"[-_.]+", "-", checkpoint.package).lower(): checkpoint.version}


@cache
def harness_origin() -> dict[str, str]:
    """Return commit, lock and image of this harness as environment variables, those that are known.

    A variable that is set already is kept: a container's build sets them, and so does the parent of a process
    in a sandbox, which sees neither the clone nor git.
    """
    known = {_COMMIT: _commit, _LOCK: _lock, _IMAGE: _image}
    found = {name: os.environ.get(name) or read() for name, read in known.items()}
    return {name: value for name, value in found.items() if value}


def _commit() -> str:
    """Return the commit of the clone that this code is run from, if its code is unchanged since."""
    if not (_ROOT / ".git").exists():
        return ""
    try:
        head, changes = (
            subprocess.run(  # noqa: S603
                ["git", "-C", str(_ROOT), *arguments],  # noqa: S607
                capture_output=True,
                text=True,
                check=True,
                timeout=30,
            ).stdout.strip()
            for arguments in (
                ("rev-parse", "HEAD"),
                ("status", "--porcelain", "--untracked-files=no", "--", "harness"),
            )
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return "" if changes else head


def _lock() -> str:
    """Return the digest of the clone's constraints.txt, which `make` installs the environment with."""
    path = _ROOT / "constraints.txt"
    return f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}" if path.is_file() else ""


def _image() -> str:
    """Return the name of the machine image that GitHub's runners state."""
    parts = (os.environ.get("ImageOS"), os.environ.get("ImageVersion"))  # noqa: SIM112 - GitHub's spelling
    return "-".join(part for part in parts if part)
