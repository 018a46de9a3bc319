"""The supervisor of the lanes notices what no reader may do."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import strategies as st

from tests.fuzz import supervisor as module
from tests.fuzz.supervisor import Finding, Supervisor, explore, supervised


@pytest.fixture
def supervisor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Supervisor]:
    monkeypatch.setattr(module, "KEPT", tmp_path / "kept")
    with supervised("faulty", tmp_path) as made:
        assert (made.judge("nothing"), made.judge("refuse")) == ("accepted", "refused")
        yield made
    assert len([*(tmp_path / "kept").iterdir()]) >= 1


@pytest.mark.parametrize(
    ("example", "message"),
    [
        ("raise", "faulty: KeyError; the example is in "),
        ("panic", "faulty: BaseException; the example is in "),
        ("escape", "faulty: a message that is not safe to print; the example is in "),
        ("die", "faulty: exit code 7; the example is in "),
        ("fill", r"faulty: 1,2\d\d,\d{3},\d{3} bytes of memory; the example is in "),
    ],
)
def test_what_no_reader_may_do_is_a_finding(supervisor: Supervisor, example: str, message: str) -> None:
    with pytest.raises(Finding, match=message):
        supervisor.judge(example)


@pytest.mark.parametrize("example", ["loop", "hang"])
def test_a_reader_that_does_not_end_is_a_finding(
    supervisor: Supervisor, example: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "HANG_SECONDS", 0.5)
    with pytest.raises(Finding, match=r"faulty: no answer within 0\.5 s"):
        supervisor.judge(example)


def test_the_search_goes_on_after_an_example_that_ended_the_worker(supervisor: Supervisor) -> None:
    with pytest.raises(Finding, match="exit code 7"):
        explore(supervisor, st.sampled_from(["nothing", "refuse", "die"]), 30)
    assert supervisor.tally.outcomes["accepted"] >= 1
