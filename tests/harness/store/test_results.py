"""The store: all faults of a submission at once, consistency of results, atomic files."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

import harness.records
from harness import store
from harness.catalog import BY_NAME, TARGETS, own_target
from harness.errors import BadInput
from harness.records import (
    Checkpoint,
    EvaluationRun,
    Head,
    Parameters,
    Record,
    ReportedSubmission,
    Result,
    Submission,
)
from harness.store import results as results_module
from harness.store.agreement import unpinned_text
from harness.store.result_consistency import result_findings
from harness.store.yaml.parser import parse
from harness.store.yaml.schema_errors import EXAMPLES, PATTERNS
from tests.support.boards import result as made_result
from tests.support.folders import ROOT, SUBMISSIONS
from tests.support.submissions import REPORTED
from tests.support.toys import first_rows

TOY = (SUBMISSIONS / "toy" / "submission.yaml").read_text()


@pytest.fixture
def toy(tmp_path: Path) -> Path:
    """Return the only submission in a folder of submissions, with one result."""
    return Path(shutil.copytree(SUBMISSIONS / "toy", tmp_path / "submissions" / "toy"))


@pytest.fixture
def result(toy: Path) -> Result:
    return store.load_result(toy / "results" / "jupyterlab.yaml")


@pytest.fixture
def outcomes(toy: Path, result: Result) -> pa.Table:
    return store.load_outcomes(toy / "results" / "jupyterlab.yaml", result)


def faults(act: Callable[[], object]) -> list[str]:
    with pytest.raises(BadInput) as caught:
        act()
    return [str(fault) for fault in caught.value.faults]


def refusals(text: str) -> list[str]:
    return faults(lambda: store.parse_submission(text.encode(), "s.yaml"))


# ---- submissions


def test_a_submission_is_typed_by_the_schema_alone() -> None:
    submission = store.load_submission(SUBMISSIONS / "xlmr-large-mnli")
    assert isinstance(submission, Submission)
    assert submission.base.revision == "0e12345678901234567890123456789012345678"
    assert submission.intermediate.languages == ("en", "no", "zh-Hant")
    assert submission.intermediate.examples == 392702
    assert submission.intermediate.translated is True
    assert submission.encoding.prefix == "query: "
    assert submission.checkpoints == (
        Checkpoint(seed=0, hub="org/model", revision="1234567890123456789012345678901234567890"),
        Checkpoint(seed=1, path="checkpoints/model-s1"),
    )
    assert [submitter.name for submitter in submission.submitters] == ["Åsa Müller", "山田 太郎", "می‌خواهم"]


ALLOWED = "schema, title, family, base, intermediate, encoding, encoding_by_target, checkpoints, finetuning, finetuned, trained_on, submitters, license, links, aliases, supersedes, origin"
WITH_HEAD = ", ".join(target.name for target in TARGETS if target.has_head)
MAIN_FAULTS = [
    ("family: toy", "familly: toy", [
        "s.yaml:1:1: family: the key is missing\n    cure: add a line such as `family: xlm-roberta`",
        f"s.yaml:3:1: the file: unknown key 'familly'\n    cure: did you mean family? allowed: {ALLOWED}",
    ]),
    ("family: toy", "family: toy\nxyzzy: 1", [f"s.yaml:4:1: the file: unknown key 'xyzzy'\n    cure: allowed: {ALLOWED}"]),
    ("pooling: mean", "pooling: maen", [
        "s.yaml:6:34: encoding.pooling: expected mean, cls, lasttoken, max, weightedmean or mean_sqrt_len_tokens, found 'maen'\n    cure: did you mean mean? allowed: mean, cls, lasttoken, max, weightedmean, mean_sqrt_len_tokens",
    ]),
    ("regime: none", "regime: no", [
        "s.yaml:5:24: intermediate.regime: expected none, english or multilingual, found 'no'\n    cure: did you mean none? allowed: none, english, multilingual",
    ]),
    ("schema: 1", "schema: 2", [
        "s.yaml:1:9: schema: found format 2, and this version of stiltboard reads formats up to 1\n"
        "    cure: install the version of stiltboard that wrote it, or a newer one"
    ]),
    ("schema: 1", "schema: 0x1", [
        "s.yaml:1:9: schema: expected a whole number in plain digits, found '0x1'\n    cure: write a whole number in plain digits",
    ]),
    ("revision: null", "revision: main", [
        "s.yaml:4:54: base.revision: expected 40 lowercase hexadecimal digits, found 'main'\n    cure: give the full hash of the commit, not a branch or a tag",
    ]),
    ("layer: last", "layer: -1", [
        "s.yaml:6:19: encoding.layer: expected last or a number from 0, found '-1'\n    cure: write last or a number from 0",
    ]),
    ("layer: last", "layer: top", [
        "s.yaml:6:19: encoding.layer: expected a whole number in plain digits, found 'top'\n    cure: write a whole number in plain digits",
    ]),
    ("layer: last", "layer: 14", [
        "s.yaml:6:19: encoding.layer: 14 does not exist: checkpoints[0] has the hidden states 0 to 2\n    cure: write last, or a number from 0 to 2",
    ]),
    ("layers: 2", "layers: 13", [
        "s.yaml:8:55: checkpoints[0].layers: expected a number up to 12, found '13'\n    cure: write a number up to 12",
    ]),
    (", layers: 2", "", [
        "s.yaml:8:5: checkpoints[0]: bundled and layers (1 to 12) go together\n    cure: change one of the keys so that they agree",
    ]),
    ("regime: none", "regime: english, tasks: mnli, continued_mlm: no", [
        "s.yaml:5:40: intermediate.tasks: expected a list, found 'mnli'\n    cure: write [a, b], or one `- value` line for each",
        "s.yaml:5:61: intermediate.continued_mlm: expected true or false, found 'no'\n    cure: write true or false",
    ]),
    ("{regime: none}", "{regime: english}", [
        "s.yaml:5:1: intermediate: regime english needs its tasks and its number of examples\n    cure: change one of the keys so that they agree",
    ]),
    ("{regime: none}", "[a]", [
        "s.yaml:5:1: intermediate: expected a mapping of keys to values, found a list of 1 value\n    cure: write `key: value` lines, indented below the key",
    ]),
    ("[{name: Nobody}]", "[]", ["s.yaml:9:1: submitters: expected a list of at least 1, found a list of 0 values\n    cure: fill it in"]),
    ("[{name: Nobody}]", "[{name: [Nobody], url: http://x}]", [
        "s.yaml:9:15: submitters[0].name: expected text, found a list of 1 value\n    cure: write one line of text",
        "s.yaml:9:36: submitters[0].url: expected an address that begins with https://, found 'http://x'\n    cure: for example https://example.org/paper",
    ]),
    ("license: MIT", "license:", ["s.yaml:10:9: license: expected text, found nothing\n    cure: fill it in"]),
    ("license: MIT", "license: ' MIT'", [
        "s.yaml:10:10: license: expected one line of text without tabs or spaces around it, found ' MIT'\n    cure: write one line of text without tabs or spaces around it",
    ]),
    ("license: MIT", f"license: {'x' * 201}", [
        f"s.yaml:10:10: license: expected at most 200 characters, found '{'x' * 79}…'\n    cure: shorten it",
    ]),
    ("license: MIT", "license: MIT\nfinetuned: {xnlu: {seed: 0, path: x}, tatoeba: {seed: 0, path: x}}", [
        f"s.yaml:11:13: finetuned: unknown target 'xnlu'\n    cure: targets with a head: {WITH_HEAD}",
        f"s.yaml:11:39: finetuned: target 'tatoeba' has no head\n    cure: targets with a head: {WITH_HEAD}",
    ]),
    ("license: MIT", "license: MIT\nfinetuning: {xnli: {epochs: 3}}\nfinetuned: {xnli: {seed: 0, path: x}}", [
        "s.yaml:11:14: finetuning: a head for xnli is submitted under finetuned, so none is trained\n    cure: remove one of the two",
    ]),
    ("license: MIT", "license: MIT\nfinetuning: {xnli: {epochs: 0}}", [
        "s.yaml:11:29: finetuning.xnli.epochs: expected a number from 1, found '0'\n    cure: write a number from 1",
    ]),
    ("license: MIT", "license: MIT\nlinks: {My Paper: https://x.org}", [
        "s.yaml:11:9: links: the key must be lowercase letters and digits, joined by single hyphens, underscores or dots, found 'My Paper'\n    cure: choose a name such as mnli or xlm-roberta",
    ]),
    ("license: MIT", "license: <SPDX identifier>", [
        "s.yaml:10:10: license: the placeholder '<SPDX identifier>' is still there\n    cure: replace it, angle brackets included",
    ]),
]  # fmt: skip


@pytest.mark.parametrize(("sound", "broken", "expected"), MAIN_FAULTS)
def test_each_main_fault_says_where_what_and_how_to_mend_it(
    sound: str, broken: str, expected: list[str]
) -> None:
    assert TOY.count(sound) == 1
    assert refusals(TOY.replace(sound, broken)) == expected


def test_a_file_that_is_no_mapping_is_refused_in_one_line() -> None:
    message = "s.yaml:1:1: the file: expected a mapping of keys to values, found {}\n    cure: write `key: value` lines, indented below the key"
    assert refusals("") == [message.format("nothing")]
    assert refusals("- a\n- b\n") == [message.format("a list of 2 values")]


def test_every_pattern_of_the_schema_is_explained_in_words() -> None:
    patterns: set[str] = set()

    def collect(schema: Any) -> None:
        if isinstance(schema, dict):
            patterns.update(value for key, value in schema.items() if key == "pattern")
            patterns.update(key for key in schema.get("patternProperties", {}))
            for inner in schema.values():
                collect(inner)
        elif isinstance(schema, list):
            for inner in schema:
                collect(inner)

    for name in harness.records.__all__:
        record = getattr(harness.records, name)
        if isinstance(record, type) and issubclass(record, Record):
            collect(record.model_json_schema())
    assert patterns <= PATTERNS.keys()


def test_every_required_key_of_a_submission_has_an_example_line() -> None:
    fields = Submission.model_fields | ReportedSubmission.model_fields
    top = {field.alias or name for name, field in fields.items() if field.is_required()}
    assert top <= EXAMPLES.keys()
    for name, line in EXAMPLES.items():
        value = parse(line.replace("<the commit's 40 hexadecimal digits>", "0").encode(), "f").value
        assert isinstance(value, dict)
        assert list(value) == [name.rpartition(".")[2]]


def test_a_submission_needs_its_file_and_a_slug(tmp_path: Path) -> None:
    (tmp_path / "Not_A_Slug").mkdir()
    slug_words = "lowercase letters and digits, joined by single hyphens or dots, at most 80 characters"
    assert faults(lambda: store.load_submission(tmp_path / "Not_A_Slug")) == [
        f"{tmp_path}/Not_A_Slug: the slug, which names the folder, must be {slug_words}; found 'Not_A_Slug'\n"
        "    cure: choose a name such as xlmr-large-mnli"
    ]
    assert faults(lambda: store.load_submission(tmp_path / "nothing")) == [
        f"{tmp_path}/nothing/submission.yaml: the file does not exist\n    cure: stiltboard new nothing scaffolds one"
    ]
    (tmp_path / "pipe").mkdir()
    os.mkfifo(tmp_path / "pipe" / "submission.yaml")
    assert faults(lambda: store.load_submission(tmp_path / "pipe")) == [
        f"{tmp_path}/pipe/submission.yaml: not a file\n    cure: stiltboard new pipe scaffolds one"
    ]


def test_a_long_file_is_not_read_to_its_end(tmp_path: Path) -> None:
    (tmp_path / "long").mkdir()
    path = tmp_path / "long" / "submission.yaml"
    path.write_bytes(b"#" * 70_000)
    assert faults(lambda: store.load_submission(path.parent)) == [
        f"{path}: the file is longer than the 65,536 bytes allowed\n    cure: keep descriptions short and put data elsewhere"
    ]


def test_submissions_are_found_by_their_file_in_order(tmp_path: Path) -> None:
    for name in ("b", "a", ".hidden", "c"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "submission.yaml").touch()
    (tmp_path / "empty").mkdir()
    (tmp_path / "README.md").touch()
    assert store.find_submissions(tmp_path) == ("a", "b", "c")


def test_links_are_refused_by_name(tmp_path: Path, toy: Path) -> None:
    (toy.parent / "alias").symlink_to(toy)
    message = "{}: found a symbolic link\n    cure: put the files themselves there"
    assert faults(lambda: store.find_submissions(toy.parent)) == [message.format(toy.parent / "alias")]
    assert [str(fault) for fault in store.submission_faults(toy.parent / "alias")] == [
        message.format(toy.parent / "alias")
    ]
    results = toy / "results"
    results.rename(tmp_path / "elsewhere")
    results.symlink_to(tmp_path / "elsewhere")
    assert [str(fault) for fault in store.submission_faults(toy)] == [message.format(results)]
    (toy / "submission.yaml").unlink()
    (toy / "submission.yaml").symlink_to(SUBMISSIONS / "toy" / "submission.yaml")
    assert faults(lambda: store.load_submission(toy)) == [message.format(toy / "submission.yaml")]


def test_no_folder_of_submissions_is_bad_input(tmp_path: Path) -> None:
    assert faults(lambda: store.find_submissions(tmp_path / "x")) == [
        f"no folder {tmp_path}/x\n    cure: name the folder of the submissions with --submissions"
    ]


# ---- scaffolding


def test_a_scaffold_lacks_only_what_its_author_knows(tmp_path: Path) -> None:
    path = store.new_submission(tmp_path / "submissions", "a-b", title="T: no", family="toy")
    assert path == tmp_path / "submissions" / "a-b" / "submission.yaml"
    assert [fault.message for fault in store.submission_faults(path.parent)] == [
        "base.id: the placeholder '<organisation/model>' is still there",
        "base.revision: the placeholder '<40 hexadecimal digits>' is still there",
        "intermediate.tasks[0]: the placeholder '<task>' is still there",
        "intermediate.examples: the placeholder '<number of training examples>' is still there",
        "checkpoints[0].hub: the placeholder '<organisation/model>' is still there",
        "checkpoints[0].revision: the placeholder '<40 hexadecimal digits>' is still there",
        "trained_on[0]: the placeholder '<task>' is still there",
        "submitters[0].name: the placeholder '<your name>' is still there",
        "submitters[0].url: the placeholder '<https://github.com/your-account>' is still there",
        "license: the placeholder '<SPDX identifier of the weights' licence>' is still there",
    ]


def test_a_scaffold_that_is_filled_in_is_sound(tmp_path: Path) -> None:
    path = store.new_submission(tmp_path, "a-b")
    text = path.read_text()
    filled = {
        "<the row's name>": "A", "<family>": "a", "<organisation/model>": "a/b", "<40 hexadecimal digits>": "0" * 40,
        "<task>": "mnli", "<number of training examples>": "1", "<your name>": "Ada", "<https://github.com/your-account>": "https://github.com/ada", "<SPDX identifier of the weights' licence>": "MIT",
    }  # fmt: skip
    for placeholder, value in filled.items():
        assert placeholder in text
        text = text.replace(placeholder, value)
    path.write_text(text)
    assert store.submission_faults(path.parent) == ()


def test_a_scaffold_overwrites_nothing_and_takes_only_slugs(tmp_path: Path) -> None:
    path = store.new_submission(tmp_path, "a-b")
    path.write_text("mine")
    assert faults(lambda: store.new_submission(tmp_path, "a-b")) == [
        f"{path}: the submission exists already\n    cure: choose another slug, or edit the file"
    ]
    assert path.read_text() == "mine"
    for slug in ("../a", "A", "a b", "", "a" * 81, "/etc"):
        with pytest.raises(BadInput, match="the slug, which names the folder, must be"):
            store.new_submission(tmp_path, slug)
    assert faults(lambda: store.new_submission(tmp_path, "c", title="a\u202eb")) == [
        "cannot write U+202E RIGHT-TO-LEFT OVERRIDE in YAML text\n    cure: leave the character out"
    ]
    assert [entry.name for entry in tmp_path.iterdir()] == ["a-b"]


# ---- results


def test_results_come_in_the_order_of_the_catalog(toy: Path, result: Result) -> None:
    assert store.load_results(toy) == (result,)
    assert store.load_results(toy.parent / "nothing") == ()
    (toy / "results" / "tatoeba.yaml").touch()
    assert [path.stem for path in store.find_results(toy)] == ["tatoeba", "jupyterlab"]


def test_a_result_of_no_target_is_refused(toy: Path) -> None:
    path = (toy / "results" / "jupyterlab.yaml").rename(toy / "results" / "made-up.yaml")
    assert faults(lambda: store.load_results(toy)) == [
        f"{path}: no target is named 'made-up'\n    cure: remove it; one of: {', '.join(BY_NAME)}"
    ]


def test_writing_what_was_read_changes_no_byte(toy: Path, result: Result, outcomes: pa.Table) -> None:
    first = store.write_result(toy, result, outcomes)
    before = {path.name: path.read_bytes() for path in (toy / "results").iterdir()}
    assert (
        store.write_result(
            toy, store.load_result(first), store.load_outcomes(first, store.load_result(first))
        )
        == first
    )
    assert {path.name: path.read_bytes() for path in (toy / "results").iterdir()} == before
    assert sorted(before) == ["jupyterlab.parquet", "jupyterlab.yaml"]


def test_outcomes_depend_on_the_rows_alone(toy: Path, result: Result, outcomes: pa.Table) -> None:
    path = store.write_result(toy, result, outcomes)
    data = path.with_suffix(".parquet").read_bytes()
    pieces = pa.concat_tables([outcomes.slice(0, 7), outcomes.slice(7)]).replace_schema_metadata(
        {"pandas": "{}"}
    )
    store.write_result(toy, result, pieces)
    assert path.with_suffix(".parquet").read_bytes() == data
    assert pq.read_schema(path.with_suffix(".parquet")).metadata is None


def test_the_writer_fills_in_the_outcomes_and_puts_the_runs_last(
    toy: Path, result: Result, outcomes: pa.Table
) -> None:
    run = EvaluationRun(
        date="2026-02-02T00:00:00Z", device="cpu \x1b[0m", seconds=0.25, versions={"torch": "2.10.0"}
    )
    path = store.write_result(toy, result.model_copy(update={"runs": (run,)}), outcomes.slice(0, 3))
    written = store.load_result(path)
    data = path.with_suffix(".parquet").read_bytes()
    assert written.outcomes.model_dump() == {
        "file": "jupyterlab.parquet",
        "sha256": hashlib.sha256(data).hexdigest(),
        "rows": 3,
    }
    expected = """\
runs:
  - date: "2026-02-02T00:00:00Z"
    device: cpu \\x1b[0m
    encoded_sentences: 0
    encoded_tokens: 0
    seconds: 0.25
    versions:
      torch: "2.10.0"
    events: []
"""
    assert path.read_text().partition("runs:")[2].partition("# sha256")[0] == expected.removeprefix("runs:")


def test_another_reader_finds_the_same_numbers(toy: Path, result: Result) -> None:
    read = yaml.safe_load((toy / "results" / "jupyterlab.yaml").read_text())
    assert Result.model_validate(read) == result


def test_scores_are_written_with_four_decimals(toy: Path, result: Result, outcomes: pa.Table) -> None:
    third = 100 / 3
    checkpoint = result.checkpoints[0]
    score = checkpoint.scores["de"].model_copy(update={"score": third, "interval": (third - 1e-9, 66.123456)})
    checkpoint = checkpoint.model_copy(update={"scores": dict.fromkeys(checkpoint.scores, score)})
    path = store.write_result(
        toy, result.model_copy(update={"score": third, "checkpoints": (checkpoint,)}), outcomes
    )
    written = store.load_result(path)
    assert written.score == 33.3333
    assert written.checkpoints[0].scores["de"].score == 33.3333
    assert written.checkpoints[0].scores["de"].interval == (33.3333, 66.1235)


def test_an_incomplete_result_has_no_score(toy: Path, result: Result, outcomes: pa.Table) -> None:
    checkpoint = result.checkpoints[0]
    scores = {language: score for language, score in checkpoint.scores.items() if language != "de"}
    checkpoint = checkpoint.model_copy(
        update={"scores": scores, "failed": {"de": "out of memory\n\x1b[31mtraceback"}}
    )
    incomplete = result.model_copy(update={"checkpoints": (checkpoint,), "measured": 11, "score": None})
    written = store.load_result(store.write_result(toy, incomplete, outcomes))
    assert written.score is None
    assert written.checkpoints[0].failed == {"de": "out of memory\n\\x1b[31mtraceback"}
    before = (toy / "results" / "jupyterlab.yaml").read_bytes()
    with pytest.raises(
        BadInput, match=r"score: 50\.0 is given although not every language was measured on every checkpoint"
    ):
        store.write_result(toy, incomplete.model_copy(update={"score": 50.0}), outcomes)
    assert (toy / "results" / "jupyterlab.yaml").read_bytes() == before


CURE = "only the harness writes results; run stiltboard evaluate with --overwrite"
RESULT_FAULTS = [
    ("score: 50.0\nmeasured", "score: 60.0\nmeasured", ["6:8: score: 60.0 is not the mean of its parts, 50.0000"]),
    ("score: 50.0\nmeasured", "score: null\nmeasured", ["6:8: score: missing, although every language was measured on every checkpoint"]),
    ("measured: 12", "measured: 11", ["7:11: measured: 11 of 12 does not agree with the languages measured"]),
    ("measured: 12", "interval: [60.0, 70.0]\nmeasured: 12", ["7:1: interval: [60.0, 70.0] does not contain the score 50.0"]),
    ("metric: accuracy", "metric: f1", ["5:9: metric: expected accuracy, found 'f1'"]),
    ("      fr:\n        score: 50.0", "      fr:\n        score: 99.0", [
        "21:9: the interval [9.4531, 90.5469] of 'fr' does not contain its score 99.0",
        "6:8: score: 50.0 is not the mean of its parts, 54.0833",
    ]),
    ("      fr:\n", "      xx:\n", [
        "18:7: jupyterlab has no language 'xx'",
        "18:7: no fingerprint of the text in 'xx', which was scored",
        "7:11: measured: 12 of 12 does not agree with the languages measured",
        "6:8: score: 50.0 is given although not every language was measured on every checkpoint",
    ]),
    ("  fr: sha256", "  en: sha256", [
        "18:7: no fingerprint of the text in 'fr', which was scored", "116:3: jupyterlab has no language 'en'",
    ]),
    ("total: 100\n", "total: 0\n", ["13:5: seed 0 cannot have 0 parameters, 10 of them outside the embeddings"]),
    ("body: 10\n", "body: 101\n", ["13:5: seed 0 cannot have 100 parameters, 101 of them outside the embeddings"]),
    ("    layer: 2\n", "    layer: 2\n    head: {digest: \"sha256:" + "a" * 64 + "\", steps: 7}\n", [
        "17:5: the head of seed 0 was neither trained on any text here nor submitted without a training",
    ]),
    ("failed: {}", "failed: {fr: broke}", [
        "114:14: 'fr' is listed both under scores and under failed",
        "7:11: measured: 12 of 12 does not agree with the languages measured",
        "6:8: score: 50.0 is given although not every language was measured on every checkpoint",
    ]),
    ("file: jupyterlab.parquet", "file: tatoeba.parquet", ["129:9: outcomes.file: expected jupyterlab.parquet, found 'tatoeba.parquet'"]),
    ("file: jupyterlab.parquet", "file: ../../x.parquet", ["129:9: outcomes.file: expected a parquet file's name, found '../../x.parquet'"]),
    ("    layer: 2\n", "    layer: two\n    extra: 1\n", [
        "16:12: checkpoints[0].layer: expected a whole number in plain digits, found 'two'",
        "17:5: checkpoints[0]: unknown key 'extra'",
    ]),
]  # fmt: skip


@pytest.mark.parametrize(("sound", "broken", "expected"), RESULT_FAULTS)
def test_a_result_agrees_with_itself_and_the_catalog(
    toy: Path, sound: str, broken: str, expected: list[str]
) -> None:
    path = toy / "results" / "jupyterlab.yaml"
    text = path.read_text()
    assert text.count(sound) == 1
    path.write_text(text.replace(sound, broken))
    assert faults(lambda: store.load_result(path)) == [
        f"{path}:{message}\n    cure: {CURE}" for message in expected
    ]


def test_a_seed_counts_once_by_its_number_and_by_its_weights(toy: Path, result: Result) -> None:
    (one,) = result.checkpoints
    twice = result.model_copy(update={"checkpoints": (one, one)})
    assert [found.message for found in result_findings(twice)] == [
        "seed 0 is listed twice, in checkpoints[0] and checkpoints[1]"
    ]
    copied = result.model_copy(update={"checkpoints": (one, one.model_copy(update={"seed": 1}))})
    assert [found.message for found in result_findings(copied)] == ["seed 1 has the same weights as seed 0"]
    heads = [Head(digest=f"sha256:{letter * 64}") for letter in "ab"]
    with_heads = [one.model_copy(update={"seed": seed, "head": head}) for seed, head in enumerate(heads)]
    retrained = result.model_copy(update={"checkpoints": tuple(with_heads)})
    assert [found.message for found in result_findings(retrained)] == [
        "seed 1 has the same weights as seed 0"
    ]
    larger = {"seed": 1, "weights": f"sha256:{'b' * 64}", "parameters": Parameters(total=200, body=10)}
    other = result.model_copy(update={"checkpoints": (one, one.model_copy(update=larger))})
    assert [found.message for found in result_findings(other)] == [
        "seed 1 is of another size than seed 0; the seeds of a submission are of one size"
    ]
    none = result.model_copy(update={"checkpoints": (), "score": None, "measured": 0})
    assert [found.message for found in result_findings(none)] == ["checkpoints: names no seed"]


def test_a_result_names_its_folder_and_its_file(toy: Path) -> None:
    path = (toy / "results" / "jupyterlab.yaml").rename(toy / "results" / "tatoeba.yaml")
    toy.rename(toy.parent / "other")
    path = toy.parent / "other" / "results" / "tatoeba.yaml"
    cure = "    cure: results are not copied between submissions; run stiltboard evaluate"
    assert faults(lambda: store.load_result(path)) == [
        f"{path}:2:13: submission: expected other as in the file's path, found 'toy'\n{cure}",
        f"{path}:3:9: target: expected tatoeba as in the file's path, found 'jupyterlab'\n{cure}",
    ]
    assert store.parse_result(path.read_bytes(), "elsewhere").target == "jupyterlab"


def test_outcomes_must_be_those_the_result_was_computed_from(toy: Path, result: Result) -> None:
    path = toy / "results" / "jupyterlab.parquet"
    cure = "    cure: stiltboard evaluate toy -t jupyterlab --overwrite measures it again"

    def read() -> object:
        return store.load_outcomes(path.with_suffix(".yaml"), result)

    def named(data: bytes, rows: int) -> Result:
        outcomes = result.outcomes.model_copy(
            update={"sha256": hashlib.sha256(data).hexdigest(), "rows": rows}
        )
        return result.model_copy(update={"outcomes": outcomes})

    data = path.read_bytes()
    assert faults(lambda: store.parse_outcomes(data, named(data, 25), "o")) == [
        f"o: holds 24 rows, but the result names 25\n{cure}"
    ]
    for junk in (b"", b"PAR1", data[:-9], b"\x00" * 100 + data[100:]):
        with pytest.raises(BadInput, match=r"^o: "):
            store.parse_outcomes(junk, named(junk, 24), "o")
    path.write_bytes(data + b"x")
    digest = hashlib.sha256(data + b"x").hexdigest()
    assert faults(read) == [
        f"{path}: sha256 is {digest}, but the result names {result.outcomes.sha256}\n{cure}"
    ]
    path.unlink()
    assert faults(read) == [f"{path}: the file does not exist\n{cure}"]


def test_every_fault_of_a_submission_and_its_results_is_reported_at_once(toy: Path) -> None:
    (toy / "submission.yaml").write_text(TOY.replace("license: MIT", "license:"))
    path = toy / "results" / "jupyterlab.parquet"
    path.unlink()
    assert [str(fault) for fault in store.submission_faults(toy)] == [
        f"{toy}/submission.yaml:10:9: license: expected text, found nothing\n    cure: fill it in",
        f"{path}: the file does not exist\n    cure: stiltboard evaluate toy -t jupyterlab --overwrite measures it again",
    ]


def test_a_crash_between_the_files_leaves_the_old_pair_whole(
    toy: Path, result: Result, outcomes: pa.Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (toy / "results" / "jupyterlab.yaml").read_bytes()
    real = Path.replace

    def crash(self: Path, target: Path) -> Path:
        if target.suffix == ".yaml":
            raise SystemExit("the machine stopped")
        return real(self, target)

    monkeypatch.setattr(Path, "replace", crash)
    with pytest.raises(SystemExit, match="the machine stopped"):
        store.write_result(toy, result, outcomes.slice(0, 5))
    monkeypatch.undo()
    assert (toy / "results" / "jupyterlab.yaml").read_bytes() == text
    assert store.submission_faults(toy) == ()
    store.write_result(toy, result, outcomes)  # the remains of the crash are no obstacle
    assert store.submission_faults(toy) == ()
    assert sorted(path.name for path in (toy / "results").iterdir()) == [
        "jupyterlab.parquet",
        "jupyterlab.yaml",
    ]


def test_writers_take_turns(toy: Path, result: Result, outcomes: pa.Table) -> None:
    errors: list[BaseException] = []

    def write(rows: int) -> None:
        try:
            for _ in range(5):
                store.write_result(toy, *first_rows(result, outcomes, rows))
        except BaseException as error:  # noqa: BLE001 - whatever a thread raises fails the test below
            errors.append(error)

    threads = [threading.Thread(target=write, args=(rows,)) for rows in (5, 10, 20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert store.submission_faults(toy) == ()


def test_a_slug_a_folder_and_a_file_name_the_same_submission(
    toy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert store.locate("toy", toy.parent) == toy
    assert store.locate(str(toy), Path("elsewhere")) == toy
    assert store.locate(str(toy / "submission.yaml"), Path("elsewhere")) == toy
    assert store.locate("unknown", toy.parent) == toy.parent / "unknown"
    monkeypatch.chdir(toy.parent)
    assert store.locate("toy", Path("elsewhere")) == Path("toy")


def test_outcomes_are_read_without_a_thread_that_could_outlive_the_work() -> None:
    code = (
        "import os, sys; from pathlib import Path; import pyarrow.parquet, harness.scoring.recount\n"
        "from harness.store import find_results, load_outcomes, load_result\n"
        "before = len(os.listdir('/proc/self/task'))\n"
        "paths = find_results(Path(sys.argv[1]))\n"
        "for path in paths: load_outcomes(path, load_result(path))\n"
        "print(len(paths) > 0, len(os.listdir('/proc/self/task')) - before)"
    )
    folder = ROOT / "submissions" / "me5-small-l6"
    done = subprocess.run(
        [sys.executable, "-c", code, str(folder)], check=True, capture_output=True, text=True
    )
    assert done.stdout.split() == ["True", "0"]


@pytest.mark.parametrize(
    ("limit", "value", "message"),
    [
        ("OUTCOMES_LIMIT", 10, "the file is longer than the 10 bytes allowed"),
        ("_ROWS_LIMIT", 5, "holds 24 rows, more than the 5 allowed"),
        ("_UNCOMPRESSED_LIMIT", 7, "would take"),
    ],
)
def test_outcomes_beyond_a_limit_are_not_read(
    toy: Path, result: Result, monkeypatch: pytest.MonkeyPatch, limit: str, value: int, message: str
) -> None:
    monkeypatch.setattr(f"harness.store.results.{limit}", value)
    with pytest.raises(BadInput, match=message):
        store.load_outcomes(toy / "results/jupyterlab.yaml", result)


def test_outcomes_in_many_groups_of_rows_are_not_read(toy: Path, result: Result, outcomes: pa.Table) -> None:
    """A group a row takes seconds to read; the harness writes one for a million rows."""
    path = toy / "results/jupyterlab.parquet"
    pq.write_table(outcomes, path, row_group_size=1)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    changed = result.model_copy(update={"outcomes": result.outcomes.model_copy(update={"sha256": digest})})
    with pytest.raises(BadInput, match=f"has {outcomes.num_rows} row groups, more than the harness writes"):
        store.load_outcomes(toy / "results/jupyterlab.yaml", changed)


def test_results_next_to_published_numbers_are_refused(toy: Path) -> None:
    (toy / "submission.yaml").write_text(REPORTED)
    with pytest.raises(BadInput, match="found next to reported numbers"):
        store.load_submission(toy)


def test_text_of_ones_own_has_no_pinned_fingerprint() -> None:
    own = own_target("bitext.harbour", ("de", "fi"))
    assert unpinned_text(made_result("toy", [{"de": 50, "fi": 60}], target=own)) == (
        "is on user-provided text, for which no fingerprint is pinned"
    )


def test_ranks_are_stored_in_less_than_parquets_default_takes() -> None:
    rng = np.random.default_rng(0)
    ranks = pa.list_(pa.field("element", pa.int32()))
    table = pa.table(
        {
            "seed": pa.array(np.zeros(3000, np.int32)),
            "language": ["en"] * 3000,
            "index": pa.array(np.arange(3000, dtype=np.int32)),
            "rank_in_union": pa.array(
                list(rng.zipf(1.2, (3000, 11)).clip(0, 13_000).astype(np.int32)), ranks
            ),
            "average_precision": rng.random(3000).round(2),
            "chosen": pa.array([["a", "b"], []] * 1500),
        }
    )
    data = results_module._parquet(table)
    assert pq.read_table(pa.BufferReader(data)).equals(table)
    usual = pa.BufferOutputStream()
    pq.write_table(table, usual, compression="zstd", compression_level=9)
    assert len(data) < 0.9 * len(usual.getvalue())
