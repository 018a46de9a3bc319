"""Any mutation of a submission's text is either read, or refused with positions, within 100 ms."""

from __future__ import annotations

import time

import pytest
from hypothesis import HealthCheck, given, settings

from harness.errors import BadInput, Where
from harness.records import AnySubmission, ReportedSubmission, Submission
from harness.store import parse_submission
from tests.support.folders import SUBMISSIONS
from tests.support.submissions import REPORTED
from tests.support.yaml_mutations import mutated

ORIGINALS = [
    *((SUBMISSIONS / slug / "submission.yaml").read_bytes() for slug in ("toy", "xlmr-large-mnli")),
    REPORTED.encode(),
]


def timed(data: bytes) -> float:
    start = time.perf_counter()
    attempt(data)
    return time.perf_counter() - start


class Tally:
    """Count accepted and refused examples, and the slowest time in seconds."""

    def __init__(self) -> None:
        self.accepted = self.refused = 0
        self.slowest = 0.0
        # Of the same machine, in the same minute: what an original takes.
        self.usual = max(min(timed(data) for _ in range(3)) for data in ORIGINALS)

    def judge(self, data: bytes) -> None:
        seconds: list[float] = []
        while not seconds or (
            seconds[-1] > 0.03 and len(seconds) < 3
        ):  # another load on the machine may slow one try
            start = time.perf_counter()
            outcome = attempt(data)
            seconds.append(time.perf_counter() - start)
        if isinstance(outcome, Submission | ReportedSubmission):
            self.accepted += 1
        else:
            self.refused += 1
            check_faults(outcome)
        self.slowest = max(self.slowest, min(seconds))
        assert min(seconds) < 1000 * self.usual


def attempt(data: bytes) -> AnySubmission | BadInput:
    try:
        return parse_submission(data, "submission.yaml")
    except BadInput as error:
        return error


def check_faults(error: BadInput) -> None:
    """Assert that every fault has a position in the file, a printable message and a cure."""
    assert error.exit_code == 3
    assert 1 <= len(error.faults) <= 51
    for fault in error.faults[:50]:
        assert isinstance(fault.where, Where)
        assert fault.where.file == "submission.yaml"
        assert fault.cure
        assert (fault.message + fault.cure).isprintable()
        assert len(fault.message) < 700


def run(examples: int) -> Tally:
    tally = Tally()

    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(mutated(ORIGINALS))
    def judge(data: bytes) -> None:
        tally.judge(data)

    judge()
    return tally


def test_mutated_submissions_are_read_or_refused() -> None:
    tally = run(200)
    assert tally.refused > 0
    assert tally.accepted > 0


@pytest.mark.slow
def test_ten_thousand_mutated_submissions_are_read_or_refused(capsys: pytest.CaptureFixture[str]) -> None:
    tally = run(10_000)
    with capsys.disabled():
        print(
            f"\naccepted {tally.accepted}, refused {tally.refused}, slowest (best of three) {1000 * tally.slowest:.1f} ms"
        )
    assert tally.refused > tally.accepted > 0
