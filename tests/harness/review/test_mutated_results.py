"""Results of which one line, or one value of one column, is another: digests and seals are renewed, as a forger would."""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from harness.review import Verdict, review
from harness.store import load_submission
from harness.store.seal import sealed
from harness.verification.checks import check_result
from site_gen.build import build
from tests.support.folders import tree
from tests.support.pull_requests import TARGET, Repository, about, begin, measured, written

SLUG = "new"
FOLDER = f"submissions/{SLUG}"
RESULT, OUTCOMES = (f"{FOLDER}/results/{TARGET.name}.{suffix}" for suffix in ("yaml", "parquet"))
# What only the weights themselves could tell: a claim until somebody measures again.
CLAIMS = ("source:", "weights:", "total:", "body:", "layer:")
LANGUAGES = ("it", "de", "fi", "es", "pt", "he")
# Which of the wrong sentences was found is a claim too, and changes the digest of the outcomes.
DIGEST = re.compile(rb"[0-9a-f]{12,64}")


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("honest")
    result, table = measured(SLUG, LANGUAGES)
    return {f"{FOLDER}/submission.yaml": about(SLUG, "ada"), **written(folder, result, table)}


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("other")
    return {
        "submissions/other/submission.yaml": about("other", "bob"),
        **written(folder, *measured("other", LANGUAGES, draw=1)),
    }


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory, other: dict[str, bytes]) -> Repository:
    return begin(tmp_path_factory.mktemp("board") / "repository", other)


def lines_changed(text: str, random: Random) -> Iterator[tuple[str, str]]:
    """Yield the text with one line changed, left out or written twice; neither `runs` nor a claim is touched."""
    lines = text.splitlines(keepends=True)
    end = next(number for number, line in enumerate(lines) if line.startswith(("runs:", "# sha256")))
    for number in range(end):
        line = lines[number]
        if line.strip().startswith(CLAIMS) or line.startswith(("schema", "#")):
            continue
        for name, changed in (
            ("changed", _changed(line, random)),
            ("changed again", _changed(line, random)),
            ("left out", ""),
            ("twice", line * 2),
        ):
            if changed != line:
                yield (
                    f"line {number + 1} {name}: {line.strip()[:40]}",
                    "".join([*lines[:number], changed, *lines[number + 1 :]]),
                )


def _changed(line: str, random: Random) -> str:
    numbers = list(re.finditer(r"(?<![\w.:])\d+(?:\.\d+)?(?![\w:])", line.partition("#")[0]))
    if numbers:
        match = random.choice(numbers)
        value = float(match[0])
        other = value + 1 if value < 1 else value * random.choice((0.5, 0.9, 1.3))
        shown = (
            f"{other:.4f}"
            if "." in match[0]
            else str(round(other) if round(other) != value else round(other) + 1)
        )
        return line[: match.start()] + shown + line[match.end() :]
    return re.sub(r"(\w)\b(?=\"?\s*$)", lambda match: "b" if match[1] != "b" else "c", line)


def columns_changed(table: pa.Table, random: Random) -> Iterator[tuple[str, pa.Table]]:
    """Yield the table with one column changed in one row, swapped between rows, of another type, twice, or left out."""
    for index, name in enumerate(table.column_names):
        column = table[name].combine_chunks()
        row = random.randrange(len(column))
        other = (row + 1 + random.randrange(len(column) - 1)) % len(column)
        if pa.types.is_boolean(column.type):
            value: object = not column[row].as_py()
        elif pa.types.is_integer(column.type):
            value = column[row].as_py() + 1
        else:
            value = "xx"
        swapped = list(range(len(column)))
        swapped[row], swapped[other] = other, row
        for what, changed in (
            ("another value", _with(column, row, value)),
            ("no value", _with(column, row, None)),
            ("two swapped", column.take(pa.array(swapped))),
            ("all of one value", pa.array([column[0].as_py()] * len(column), column.type)),
            (
                "text",
                column.cast(pa.string())
                if not pa.types.is_string(column.type)
                else column.dictionary_encode(),
            ),
            (
                "a wider type",
                column.cast(pa.int64())
                if not pa.types.is_string(column.type)
                else column.cast(pa.large_string()),
            ),
        ):
            if not changed.equals(column):
                yield f"{name}: {what}", table.set_column(index, name, changed)
        yield f"{name}: left out", table.remove_column(index)
        yield f"{name}: twice", table.append_column(name, column)
    yield "a further column", table.append_column("note", pa.array(["x"] * len(table)))
    yield "the first row left out", table.slice(1)
    yield "the last row left out", table.slice(0, len(table) - 1)
    yield "a row twice", pa.concat_tables([table, table.slice(len(table) - 1)])
    yield "rows in another order", table.take(pc.sort_indices(table, [("correct", "ascending")]))


def _with(column: pa.Array, row: int, value: object) -> pa.Array:
    values = column.to_pylist()
    values[row] = value
    return pa.array(values, column.type)


def mutants(honest: dict[str, bytes], random: Random) -> Iterator[tuple[str, dict[str, bytes]]]:
    text = honest[RESULT].decode()
    body = text[: text.index("# sha256 of the lines above")]
    for name, changed in lines_changed(body, random):
        yield name, {**honest, RESULT: sealed(changed.encode())}
    table = pq.read_table(io.BytesIO(honest[OUTCOMES]))
    for name, other in columns_changed(table, random):
        sink = io.BytesIO()
        pq.write_table(other, sink, compression="zstd")
        digest = hashlib.sha256(sink.getvalue()).hexdigest()
        renewed = re.sub(r"(?m)^(  sha256: ).*$", rf"\g<1>{digest}", body)
        renewed = re.sub(r"(?m)^(  rows: ).*$", rf"\g<1>{len(other)}", renewed)
        yield name, {**honest, OUTCOMES: sink.getvalue(), RESULT: sealed(renewed.encode())}


def put(folder: Path, files: dict[str, bytes]) -> Path:
    for path, data in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    return folder / "submissions"


def pages(folder: Path) -> dict[str, bytes]:
    return {
        path: DIGEST.sub(b"", data)
        for path, data in tree(folder).items()
        if path.endswith((".html", ".csv", ".json"))
    }


def judge_all(
    board: Repository,
    honest: dict[str, bytes],
    other: dict[str, bytes],
    folder: Path,
    chosen: Callable[[int], bool],
) -> tuple[int, list[str]]:
    """Return how many mutants there were, and which were accepted and change a page, or passed verification.

    Every one of them is built too, next to another submission, which is shown whatever is wrong with the
    mutant.
    """
    build(put(folder / "honest", honest | other), folder / "honest/public")
    expected = pages(folder / "honest/public")
    wrong: list[str] = []
    count = 0
    for number, (name, files) in enumerate(mutants(honest, Random(0))):
        if not chosen(number):
            continue
        count += 1
        verdict = review(board.base, board.pull(files), board.folder / "submissions", actor="ada").verdict
        home = folder / str(number)
        shown = pages(build(put(home, files | other), home / "public").out)
        assert "submissions/other.html" in shown
        if verdict is Verdict.ACCEPTED and shown != expected:
            wrong.append(f"accepted: {name}")
        path = home / RESULT
        found = check_result(path, load_submission(path.parents[1]), None, folder / "cache")  # type: ignore[arg-type]
        if found.passed and shown != expected:
            wrong.append(f"verified: {name}")
    return count, wrong


def test_no_mutant_that_changes_a_page_is_accepted(
    board: Repository, honest: dict[str, bytes], other: dict[str, bytes], tmp_path: Path
) -> None:
    count, wrong = judge_all(board, honest, other, tmp_path, lambda number: number % 8 == 0)
    assert (count > 20, wrong) == (True, [])


@pytest.mark.slow
def test_none_of_all_mutants_that_change_a_page_is_accepted(
    board: Repository, honest: dict[str, bytes], other: dict[str, bytes], tmp_path: Path
) -> None:
    count, wrong = judge_all(board, honest, other, tmp_path, lambda number: True)
    assert wrong == []
    assert count >= 300
