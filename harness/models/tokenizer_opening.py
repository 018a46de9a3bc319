"""Open a checkpoint's tokenizer, after a trial in a process with a limit on memory.

tokenizers builds tables that may be hundreds of times larger than tokenizer.json: a vocabulary of long pieces
in 4 MB of text takes 1.4 GB. It ends its process where memory runs out, and cannot be stopped from within. So
the file is opened in another process first, which may take as much as the largest honest vocabulary needs.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from hashlib import sha256
from typing import Any

import transformers

from harness.errors import BadInput
from harness.models.checkpoint import CheckpointFiles

# XLM-R's 250,000 pieces take 290 MB and one second, a million pieces 2.2 GB.
_MEMORY = 4 * 2**30
_SECONDS = 300
_TRIAL = """
import resource, sys
_, hard = resource.getrlimit(resource.RLIMIT_DATA)
limit = int(sys.argv[2])
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
resource.setrlimit(resource.RLIMIT_DATA, (limit if hard < 0 else min(limit, hard), hard))
from tokenizers import Tokenizer
Tokenizer.from_file(sys.argv[1])
"""
_opened: set[str] = set()  # digests of the files that passed, since seeds share a tokenizer


def open_tokenizer(files: CheckpointFiles) -> Any:
    """Return the tokenizer of a verified checkpoint; nothing is loaded from another place.

    Raises BadInput where its file takes too much memory or time, and what transformers raises.
    """
    _try(files)
    return transformers.AutoTokenizer.from_pretrained(
        str(files.folder.resolve()), local_files_only=True, trust_remote_code=False, use_fast=True
    )


def _try(files: CheckpointFiles) -> None:
    """Open tokenizer.json in another process; errors other than its end are left to transformers."""
    path = files.folder.resolve() / "tokenizer.json"
    if not path.is_file():
        return
    digest = sha256(path.read_bytes()).hexdigest()
    if digest in _opened:
        return
    command = [sys.executable, "-I", "-c", _TRIAL, str(path), str(_MEMORY)]
    try:
        trial = subprocess.run(  # noqa: S603 - this interpreter, and a path of the harness
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise _refusal(files, f"takes more than {_SECONDS} seconds to open") from None
    if trial.returncode < 0 or b"MemoryError" in trial.stderr:
        ending = signal.Signals(-trial.returncode).name if trial.returncode < 0 else "MemoryError"
        raise _refusal(files, f"cannot be opened within {_MEMORY:,} bytes of memory ({ending})")
    _opened.add(digest)


def _refusal(files: CheckpointFiles, defect: str) -> BadInput:
    return BadInput(f"tokenizer.json of {files.source} {defect}", cure="the tokenizer of a known encoder")
