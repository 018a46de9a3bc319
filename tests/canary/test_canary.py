"""An upgrade of a library must not move scores: a stored result is measured again, on every run of the tests.

The tolerance is that of docs/verification.md. Where a change is right, `make canary` stores the new scores, and the
difference that it prints belongs into the commit's message.
"""

from __future__ import annotations

import pytest

from harness.records import Result
from harness.reporter import Silent
from harness.store import load_result
from harness.verification.rerun import compare, rerun
from tests.canary.renew import LANGUAGES, OPTIONS, RESULT, STORED, explained


@pytest.fixture(scope="module")
def stored() -> Result:
    return load_result(STORED / RESULT)


def test_the_installed_libraries_repeat_the_stored_scores(stored: Result) -> None:
    repeated, failures = rerun(STORED / RESULT, stored, OPTIONS, Silent())
    assert repeated is not None, failures
    assert not repeated.disagreements, f"{explained(stored, repeated)}\nIf this is right: make canary"


def test_scores_that_move_are_reported_with_the_versions_of_then_and_now(stored: Result) -> None:
    (checkpoint,), (run,) = stored.checkpoints, stored.runs
    assert set(checkpoint.scores) == set(LANGUAGES)
    score = checkpoint.scores["ja"]
    # Two of 486 sentences; the tolerance is one.
    moved = score.model_copy(update={"score": score.score + 100 * 2 / score.n})
    changed = stored.model_copy(
        update={
            "checkpoints": (checkpoint.model_copy(update={"scores": {**checkpoint.scores, "ja": moved}}),),
            "runs": (run.model_copy(update={"versions": {**run.versions, "torch": "9.9.9"}}),),
        }
    )
    report = explained(stored, compare(stored, changed))
    assert "seed 0 in 'ja' scored 47.7366, run again 48.1481: more than the 0.21 points allowed" in report
    assert f"torch {run.versions['torch']} → 9.9.9" in report
