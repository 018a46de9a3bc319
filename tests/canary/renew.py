"""Measure the canary again with the installed libraries, print what changed, and store it: `make canary`.

The canary is a submission with a stored result: the bundled encoder's first three layers on three languages of
the demonstration's text. test_canary.py fails when an upgrade of a library moves its scores.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

import harness
from harness.evaluation.run import Options
from harness.records import Result
from harness.store import load_result
from harness.verification.rerun import Rerun, compare

STORED = Path(__file__).parent / "me5-small-l03"
TARGET = "jupyterlab"
LANGUAGES = ("fi", "he", "ja")
# As CI measures it on any machine: these two decide the tolerance.
OPTIONS = Options(device="cpu", dtype="float32")
RESULT = Path("results") / f"{TARGET}.yaml"


def explained(stored: Result, repeated: Rerun) -> str:
    """Return the differences between the stored scores and those of now, and what else is different now."""
    verdict = "beyond the tolerance" if repeated.disagreements else "within the tolerance"
    return "\n".join(
        [
            f"The scores differ by at most {repeated.largest:.4f} points, {verdict} ({repeated.allowed:.4f}).",
            *repeated.disagreements,
            f"Stored on {stored.last_run.date if stored.last_run else 'an unknown day'}. "
            f"Then → now: {repeated.changes() or 'no other version, processor or system'}.",
        ]
    )


def main() -> None:
    """Replace the stored result by one of now."""
    stored = load_result(STORED / RESULT)
    with tempfile.TemporaryDirectory() as temporary:
        copy = Path(shutil.copytree(STORED, Path(temporary) / STORED.name, ignore=lambda *_: ["results"]))
        (now,) = harness.evaluate(copy, [TARGET], LANGUAGES, OPTIONS)
        sys.stdout.write(f"{explained(stored, compare(stored, now))}\n")
        shutil.copytree(copy / "results", STORED / "results", dirs_exist_ok=True)


if __name__ == "__main__":
    main()
