"""Five lanes of files of strangers: each example is read or refused within half a minute and 1 GiB, never with a traceback.

`make test` judges the same few hundred examples every time. `make fuzz` draws new ones for ten minutes a lane, or for
STILTBOARD_FUZZ_SECONDS; `make test-all` for one minute a lane.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st

from tests.fuzz import checkpoints, git_objects, parquet, records
from tests.fuzz.supervisor import MEMORY, explore, explore_for, supervised
from tests.support.pull_requests import about, begin, measured, written

SECONDS = float(os.environ.get("STILTBOARD_FUZZ_SECONDS", "60"))
# How many examples `make test` judges: a few seconds of each lane, half of them for libraries to be imported.
COUNTS = {"outcomes": 100, "headers": 40, "tokenizers": 8, "records": 200, "trees": 20}
Examples = st.SearchStrategy[Any]


def _toy(folder: Path, request: pytest.FixtureRequest) -> dict[str, bytes]:
    toy_encoder = request.getfixturevalue("toy_encoder")  # torch takes seconds to import
    shutil.copytree(toy_encoder, folder / "toy")
    return {path.name: path.read_bytes() for path in toy_encoder.iterdir()}


def _headers(folder: Path, request: pytest.FixtureRequest) -> Examples:
    return checkpoints.header_examples(_toy(folder, request))


def _tokenizers(folder: Path, request: pytest.FixtureRequest) -> Examples:
    return checkpoints.tokenizer_examples(checkpoints.variants(_toy(folder, request)))


def _trees(folder: Path, _request: pytest.FixtureRequest) -> Examples:
    base = {
        "README.md": b"a board\n",
        "submissions/theirs/submission.yaml": about("theirs", "bob"),
        **written(folder / "made", *measured("theirs", ("de",))),
    }
    begin(folder / "repository", base)
    return git_objects.examples(base, written(folder / "made", *measured("new", ("it",), draw=1)))


PREPARED: dict[str, Callable[[Path, pytest.FixtureRequest], Examples]] = {
    "outcomes": lambda *_: parquet.examples(),
    "headers": _headers,
    "tokenizers": _tokenizers,
    "records": lambda *_: records.examples(),
    "trees": _trees,
}


# Their examples take seconds to prepare.
_SLOW = ("headers", "tokenizers")


@pytest.mark.parametrize(
    "lane", [pytest.param(lane, marks=[pytest.mark.slow] * (lane in _SLOW)) for lane in PREPARED]
)
def test_the_same_few_examples_are_read_or_refused(
    lane: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    examples = PREPARED[lane](tmp_path, request)
    with supervised(lane, tmp_path) as supervisor:
        tally = explore(supervisor, examples, COUNTS[lane])
    assert tally.outcomes["refused"] > 0
    assert tally.peak <= MEMORY


@pytest.mark.slow
@pytest.mark.parametrize("lane", PREPARED)
def test_new_examples_are_read_or_refused(
    lane: str, tmp_path: Path, request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]
) -> None:
    examples = PREPARED[lane](tmp_path, request)
    with supervised(lane, tmp_path) as supervisor, capsys.disabled():
        print(f"\n{lane}:", end=" ")
        print(explore_for(supervisor, examples, SECONDS))
    assert supervisor.tally.outcomes["refused"] > supervisor.tally.outcomes["skipped"]
