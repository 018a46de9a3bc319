"""Run git commands that write objects or refs, or talk to a remote; messages are safe to print."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

from harness.characters import visible
from harness.errors import CheckFailed, WrongUsage
from harness.store.git import run_git

_CURE = "read git's message"


def git_text(
    repository: Path,
    *arguments: str,
    env: Mapping[str, str] | None = None,
    stdin: bytes | None = None,
    cure: str = _CURE,
) -> str:
    """Return the output of git as text; raises CheckFailed where git fails."""
    return git_bytes(repository, *arguments, env=env, stdin=stdin, cure=cure).decode("utf-8", "replace")


def git_bytes(
    repository: Path,
    *arguments: str,
    env: Mapping[str, str] | None = None,
    stdin: bytes | None = None,
    cure: str = _CURE,
) -> bytes:
    """Return the output of git; raises CheckFailed where git fails, WrongUsage where no repository is."""
    command = ["--git-dir", str(_git_folder(repository)), *arguments]
    process = run_git(command, environment={**os.environ, **(env or {})}, feed=stdin, folder=repository)
    if process.returncode:
        words = [word for word in arguments if not word.startswith("-") and "=" not in word]
        # The remote's own words are among these: nothing in them may reach the terminal as a command.
        message = visible(without_secret(process.stderr.decode("utf-8", "replace").strip()))
        raise CheckFailed(
            f"git {words[0] if words else ''} failed: {message or f'exit code {process.returncode}'}",
            cure=cure,
        )
    return process.stdout


def without_secret(text: str) -> str:
    """Return text without the names and passwords of the addresses in it."""
    return re.sub(r"([a-z+]+://)[^@/\s]*@", r"\1", text)


def _git_folder(repository: Path) -> Path:
    process = run_git(["rev-parse", "--absolute-git-dir"], environment=os.environ, folder=repository)
    if process.returncode:
        raise WrongUsage(
            f"{repository} is not a git repository",
            cure="run it inside the repository whose remote gets the site",
        )
    return Path(process.stdout.decode().strip())
