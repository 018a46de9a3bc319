"""What the lanes found, each as one named example: all of these ended in a traceback, or in gigabytes of memory."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from harness.catalog import BY_NAME
from harness.errors import BadInput
from harness.models.checkpoint import CheckpointFiles, fetch
from harness.records import Checkpoint
from harness.store import submission_faults
from harness.store.board_settings import parse_board_settings
from harness.store.side_files import SWEEPS
from tests.fuzz import checkpoints, parquet, records
from tests.fuzz.mutations import printed
from tests.fuzz.supervisor import supervised
from tests.support.pull_requests import about

XQUAD = len(BY_NAME["xquad_r"].languages)
Values = Callable[[list[Any]], list[Any]]
Fetch = Callable[[dict[str, bytes]], CheckpointFiles]


def first(value: object) -> Values:
    return lambda values: [value, *values[1:]]


def every(value: object) -> Values:
    return lambda values: [value] * len(values)


VALUES: dict[str, tuple[str, str, Values, str]] = {
    "an answer to English beyond the sentences": (
        "jupyterlab", "answer_to_english", first(2**28), "column 'answer_to_english', row 1: expected an index from 0 to 7, found '268435456'",
    ),
    "more correct tags than words": ("panx_dev", "correct", first(2), "column 'correct', row 1: expected from 0 to the number of words, found '2'"),
    "less than no words": ("panx_dev", "words", first(-1), "column 'words', row 1: expected at least 0, found '-1'"),
    "ranks of fewer languages": ("xquad_r", "rank_in_language", first([1]), f"column 'rank_in_language', row 1: expected a rank for each of {XQUAD} languages, found a list of 1 value"),
    "ranks of fewer languages in the union": ("xquad_r", "rank_in_union", first([1]), f"column 'rank_in_union', row 1: expected a rank for each of {XQUAD} languages, found a list of 1 value"),
    "no rank in a language": ("xquad_r", "rank_in_language", first([0] * XQUAD), "column 'rank_in_language', row 1: expected a rank for each language that has one in the union"),
    "no rank in the question's own language": ("xquad_r", "rank_in_language", every([0] * XQUAD), "column 'rank_in_language', row 1: expected a rank for"),
    "a question of no language": ("xquad_r", "question_language", every(""), "column 'question_language', row 1: expected 'en' by the other columns, found nothing"),
    "two documents at one rank": ("clir.mine", "ranks_whole", lambda values: [[1, 1], *values[1:]], "column 'ranks_whole', row 1: expected as many values as ranks_best"),
    "grades of fewer documents": ("clir.mine", "gains", first([]), "column 'gains', row 1: expected as many values as ranks_best, found a list of 0 values"),
    "a negative grade": ("clir.mine", "gains", first([-1]), "column 'gains', row 1: expected no negative grade, found a list of 1 value"),
}  # fmt: skip


@pytest.fixture
def fetched(tmp_path: Path, toy_encoder: Path) -> Fetch:
    """Return a function that fetches the toy encoder with some of its files replaced."""

    def fetch_with(files: dict[str, bytes]) -> CheckpointFiles:
        folder = Path(shutil.copytree(toy_encoder, tmp_path / "submission/weights"))
        for name, data in files.items():
            (folder / name).write_bytes(data)
        return fetch(Checkpoint(path="weights"), folder.parent, tmp_path / "cache")

    return fetch_with


def seed_of(target: str) -> parquet.Seed:
    return next(seed for seed in parquet.seeds() if seed.target == target)


def reasons(folder: Path, example: parquet.Example) -> list[str]:
    """Return all that `validate` says of a submission with this result."""
    home = folder / parquet.SLUG
    (home / "results").mkdir(parents=True)
    (home / "submission.yaml").write_bytes(about(parquet.SLUG, "ada"))
    (home / f"results/{example.target}.yaml").write_bytes(example.result)
    (home / f"results/{example.target}.parquet").write_bytes(example.outcomes)
    return [fault.message for fault in submission_faults(home)]


@pytest.mark.parametrize("name", VALUES)
def test_a_value_that_no_score_can_use_is_named(name: str, tmp_path: Path) -> None:
    target, column, change, message = VALUES[name]
    seed = seed_of(target)
    at = seed.table.column_names.index(column)
    kind = seed.table.schema.field(column).type
    table = seed.table.set_column(at, column, pa.array(change(seed.table[column].to_pylist()), kind))
    found = reasons(tmp_path, parquet.pair(seed, parquet.file_from(table), table.num_rows))
    assert any(line.startswith(message) for line in found), found


@pytest.mark.parametrize(
    "example",
    [
        pytest.param(lambda: parquet.repeated_text(10**6, 3000), id="one long text in a million rows"),
        pytest.param(
            lambda: parquet.long_list(5 * 10**7), id="a list of fifty million numbers", marks=pytest.mark.slow
        ),
    ],
)
def test_a_small_file_that_holds_gigabytes_is_refused_within_one(
    example: Callable[[], parquet.Example], tmp_path: Path
) -> None:
    made = example()
    assert len(made.outcomes) < 2**19
    with supervised("outcomes", tmp_path) as supervisor:
        assert supervisor.judge(made) == "refused"


def test_two_relevant_documents_share_no_rank(tmp_path: Path) -> None:
    seed = seed_of("clir.mine")
    doubled = {
        name: [[1, 1]] * seed.table.num_rows
        for name in seed.table.column_names
        if name.startswith("ranks_") or name == "gains"
    }
    table = seed.table
    for name, lists in doubled.items():
        table = table.set_column(
            table.column_names.index(name), name, pa.array(lists, table.schema.field(name).type)
        )
    found = reasons(tmp_path, parquet.pair(seed, parquet.file_from(table), table.num_rows))
    assert "column 'ranks_whole', row 1: expected different ranks from 1, found a list of 2 values" in found


def test_text_that_is_not_utf8_is_named(tmp_path: Path) -> None:
    seed = seed_of("jupyterlab")
    data = parquet.file_of(parquet.seeds().index(seed), 1)
    assert b"\x02\x00\x00\x00fr" in data  # a language's name, as it is without compression
    found = reasons(
        tmp_path,
        parquet.pair(
            seed, data.replace(b"\x02\x00\x00\x00fr", b"\x02\x00\x00\x00f\xff"), seed.table.num_rows
        ),
    )
    assert (
        "not a parquet file: Column 1: In chunk 0: Invalid: Invalid UTF8 sequence at string index 0" in found
    )


def test_a_header_is_named_without_the_characters_that_reorder_a_line(
    toy_encoder: Path, fetched: Fetch
) -> None:
    data = (toy_encoder / checkpoints.WEIGHTS).read_bytes()
    header, tensors = checkpoints.split(data)
    name = next(name for name in header if name != "__metadata__")
    header[name]["shape"] = "\u202e"
    with pytest.raises(BadInput) as caught:
        fetched({checkpoints.WEIGHTS: checkpoints.joined(printed(header), tensors)})
    assert caught.value.faults[0].message.endswith(rf"{name} has the shape '\u202e'")


def test_a_librarys_message_is_shown_without_control_characters(toy_encoder: Path, fetched: Fetch) -> None:
    from harness.models.loading import find_architecture
    from harness.models.transformers_errors import opening

    config = (toy_encoder / "config.json").read_bytes().replace(b'"bert"', b'"be\\u0012rt"')
    files = fetched({"config.json": config})
    with pytest.raises(BadInput) as caught, opening("weights"):
        find_architecture(files)
    assert r"model type `be\x12rt`" in caught.value.faults[0].message


def test_a_language_is_named_without_the_characters_that_reorder_a_line(tmp_path: Path) -> None:
    seed = seed_of("xquad_r")
    languages = pa.array(["\u202e"] * seed.table.num_rows)
    table = seed.table.set_column(seed.table.column_names.index("language"), "language", languages)
    found = reasons(tmp_path, parquet.pair(seed, parquet.file_from(table), table.num_rows))
    assert r"column 'question_language', row 1: expected '\u202e' by the other columns, found 'en'" in found


def test_a_key_of_an_older_format_is_named_as_it_is_read() -> None:
    _, older = records.originals()["sweep"]
    assert older.startswith(b"schema: ") and b"\nrun:\n" in older
    with pytest.raises(BadInput) as caught:
        SWEEPS.parse(older.replace(b"\nrun:\n", b"\nrun:\n  zh: x\n"), "x.yaml", records.SLUG, records.TARGET)
    assert "runs[0]: unknown key 'zh'" in [fault.message for fault in caught.value.faults]


def test_an_account_that_is_none_is_explained() -> None:
    with pytest.raises(BadInput) as caught:
        parse_board_settings(b"schema: 1\nworkflows: ['@ada']\n", "stiltboard.yaml")
    (fault,) = caught.value.faults
    assert fault.message == "workflows[0]: expected a GitHub account, found '@ada'"
