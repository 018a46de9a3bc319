"""Results that stand and results that do not: changed files, other weights, learnt tables, and whose word it is."""

from __future__ import annotations

import json
import random
import shutil
from pathlib import Path

import pyarrow as pa
import pytest
from click.testing import CliRunner
from click.testing import Result as Ended

from harness import store
from harness.catalog import BY_NAME, own_target
from harness.catalog.contamination import names_seen, seen
from harness.cli.main import main
from harness.errors import BadInput
from harness.records import Result, Verification, VerifiedResult
from harness.review.losses import shrinkage
from harness.store.seal import broken_seal, is_sealed, sealed
from harness.verification.checks import check_result
from harness.verification.rerun import compare
from harness.verification.tolerance import TABLE, tolerance
from tests.support.boards import result, submission


def verify(folder: Path, *options: str) -> Ended:
    return CliRunner().invoke(main, ["verify", folder.name, *options, "--submissions", str(folder.parent)])


def result_file(folder: Path) -> Path:
    return folder / "results" / "jupyterlab.yaml"


def rewritten(folder: Path, change: dict[str, object]) -> None:
    """Put another result in place of the one that is there, with a seal that holds."""
    path = result_file(folder)
    found = store.load_result(path)
    store.write_result(folder, found.model_copy(update=change), store.load_outcomes(path, found))


# ---- what cannot be verified is named, and the rest is verified


def test_a_result_that_verifying_stumbles_over_does_not_stop_the_others(
    words: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(words, words.parent / "other", ignore=shutil.ignore_patterns("results"))
    found = store.load_result(result_file(words))
    other = found.model_copy(update={"submission": "other"})
    store.write_result(words.parent / "other", other, store.load_outcomes(result_file(words), found))

    def stumble(path: Path, *rest: object) -> object:
        if path.parents[1].name == "other":
            raise ZeroDivisionError("float division by zero")
        return check_result(path, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr("harness.verification.story.check_result", stumble)
    ended = CliRunner().invoke(main, ["verify", "--submissions", str(words.parent)])
    assert ended.exit_code == 1
    assert "cannot be verified: ZeroDivisionError: 'float division by zero'" in ended.output
    assert "1 of 2 results passed" in ended.output


def test_a_result_whose_target_is_none_is_named(words: Path) -> None:
    result_file(words).rename(words / "results/nonsense.yaml")
    ended = verify(words)
    assert ended.exit_code == 1
    assert "no target is named 'nonsense'" in ended.output


def test_what_cannot_be_evaluated_again_fails_and_says_why(words: Path) -> None:
    (words / "weights/model.safetensors").write_bytes(b"no weights")
    for option, what in (("--rerun", "could not be evaluated again: "), ("--probe", "could not be probed: ")):
        ended = verify(words, option)
        assert ended.exit_code == 1
        assert what in ended.output


def test_weights_of_another_size_than_the_result_states_are_named(words: Path) -> None:
    checkpoint = store.load_result(result_file(words)).checkpoints[0]
    size = checkpoint.parameters.model_copy(update={"total": checkpoint.parameters.total + 1})
    rewritten(words, {"checkpoints": (checkpoint.model_copy(update={"parameters": size}),)})
    ended = verify(words)
    assert ended.exit_code == 1
    assert "the result names total=" in ended.output


# ---- what is checked without evaluating


def test_a_result_that_stands_is_told_with_what_was_checked(words: Path) -> None:
    ended = verify(words)
    assert (ended.exit_code, ended.stdout) == (
        0,
        "words jupyterlab: passed (file, recount, signature, data, weights, contamination)\n1 of 1 result passed\n",
    )
    report = json.loads(verify(words, "--json").stdout)
    assert report["results"][0]["checked"] == [
        "file",
        "recount",
        "signature",
        "data",
        "weights",
        "contamination",
    ]
    assert report["results"][0]["digest"] == store.result_digest(result_file(words))
    assert not (words / store.VERIFICATION_FILE).exists()


def test_one_byte_flipped_in_each_of_a_hundred_files_is_refused_by_the_files_name(
    tmp_path: Path, words: Path
) -> None:
    draw = random.Random(8)
    refused = 0
    for number in range(100):
        folder = Path(
            shutil.copytree(
                words, tmp_path / f"flipped-{number}" / "words", ignore=shutil.ignore_patterns("weights")
            )
        )
        path = result_file(folder).with_suffix(".yaml" if number % 2 else ".parquet")
        data = bytearray(path.read_bytes())
        data[draw.randrange(len(data))] ^= 1 << draw.randrange(8)
        path.write_bytes(data)
        ended = verify(folder)
        refused += ended.exit_code == 1 and path.name in ended.stderr and "0 of 1" in ended.stdout
    assert refused == 100


def test_a_seal_holds_and_a_file_from_before_there_were_seals_is_read(words: Path) -> None:
    data = result_file(words).read_bytes()
    assert is_sealed(data)
    assert broken_seal(data) is None
    text = data.rpartition(b"# sha256")[0]
    assert sealed(text) == data
    result_file(words).write_bytes(text)
    ended = verify(words)
    assert ended.exit_code == 0
    assert "note file:" in ended.stdout
    assert "was written before results had seals" in ended.stdout


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            {"signature": "jupyterlab|acc|en→xx|cos|h1.mean|prefix=|len=64|v1"},
            "the signature lacks 'h0.mean', which",
        ),
        (
            {"data": {"de": f"sha256:{'0' * 64}", "it": f"sha256:{'0' * 64}"}},
            "the official set has sha256:25a3a0e1b3ba",
        ),
    ],
)
def test_a_result_of_something_else_does_not_stand(words: Path, change: dict[str, object], said: str) -> None:
    rewritten(words, change)
    ended = verify(words)
    assert ended.exit_code == 1
    assert said in ended.stderr


def test_the_best_of_several_seeds_alone_is_not_the_submissions_result(words: Path) -> None:
    """Whoever evaluates three seeds and sends in one of them has chosen it."""
    path = words / "submission.yaml"
    path.write_text(
        path.read_text().replace(
            "{seed: 0, path: weights}", "{seed: 0, path: weights}, {seed: 1, path: b}, {seed: 2, path: c}"
        )
    )
    ended = verify(words)
    assert ended.exit_code == 1
    assert "jupyterlab.yaml: lacks seeds 1 2, which the submission declares" in ended.stderr


def test_numbers_beside_the_score_follow_from_the_outcomes_too(words: Path) -> None:
    found = store.load_result(result_file(words))
    score = found.checkpoints[0].scores["de"]
    scores = {
        **found.checkpoints[0].scores,
        "de": score.model_copy(update={"secondary": {**score.secondary, "f1": 99.0}}),
    }
    rewritten(words, {"checkpoints": (found.checkpoints[0].model_copy(update={"scores": scores}),)})
    ended = verify(words)
    assert ended.exit_code == 1
    assert "seed 0 in 'de': secondary.f1 is 99.0, the outcomes give" in ended.stderr


def test_other_weights_and_weights_that_are_not_here_are_told_apart(words: Path) -> None:
    settings = words / "weights" / "tokenizer_config.json"
    settings.write_text(settings.read_text().replace("64", "63"))
    ended = verify(words)
    assert ended.exit_code == 1
    assert "the weights of seed 0 are sha256:" in ended.stderr
    shutil.rmtree(words / "weights")
    ended = verify(words)
    assert ended.exit_code == 0
    assert "note weights:" in ended.stdout
    assert "are not available here" in ended.stdout


def test_outcomes_without_a_result_and_a_missing_submission_are_named(words: Path) -> None:
    result_file(words).unlink()
    ended = verify(words)
    assert ended.exit_code == 1
    assert "jupyterlab.parquet: outcomes that belong to no result" in ended.stderr
    assert verify(words.parent / "nowhere").exit_code == 3
    assert verify(words, "-t", "tatoeba").exit_code == 2


# ---- running again


def test_a_rerun_agrees_touches_nothing_and_is_recorded_under_somebody_elses_name(words: Path) -> None:
    before = {
        path: path.read_bytes()
        for path in words.rglob("*")
        if path.is_file() and path.name != store.results.LOCK_FILE
    }
    ended = verify(words, "--rerun", "--by", "Somebody Else", "--url", "https://example.org/else")
    assert ended.exit_code == 0, ended.stderr
    assert "differs by at most 0.0000 points" in ended.stdout
    assert {path: path.read_bytes() for path in before} == before
    record = store.load_verification(words)
    assert record is not None
    (found,) = record.results
    assert (found.how, found.agrees, found.largest, found.by, found.device) == (
        "rerun",
        True,
        0.0,
        "Somebody Else",
        "cpu",
    )
    assert record.of("jupyterlab", store.result_digest(result_file(words))) == found
    # A recount of the same file does not take the rerun's place; one of a changed file is another entry.
    assert verify(words, "--by", "Somebody Else").exit_code == 0
    again = store.load_verification(words)
    assert again is not None
    assert [each.how for each in again.results] == ["rerun", "recount"]
    assert again.of("jupyterlab", found.result) == found


def test_a_record_of_an_older_result_says_nothing_about_the_newer_one(words: Path) -> None:
    assert verify(words, "--rerun", "--by", "Somebody Else").exit_code == 0
    old = store.result_digest(result_file(words))
    found = store.load_result(result_file(words))
    rewritten(words, {"runs": (found.runs[0].model_copy(update={"seconds": 1.5}),)})
    record = store.load_verification(words)
    assert record is not None
    assert record.of("jupyterlab", old) is not None
    assert record.of("jupyterlab", store.result_digest(result_file(words))) is None


def test_what_a_rerun_does_not_find_again_is_recorded_as_such(words: Path) -> None:
    path = result_file(words)
    found = store.load_result(path)
    table = store.load_outcomes(path, found)
    right = pa.array([True] * table.num_rows)
    outcomes = table.set_column(table.column_names.index("correct"), "correct", right)
    outcomes = outcomes.set_column(table.column_names.index("answer"), "answer", outcomes["index"])
    scores = {
        language: score.model_copy(update={"score": 100.0, "interval": (95.0, 100.0)})
        for language, score in found.checkpoints[0].scores.items()
    }
    (run,) = found.runs
    older = run.model_copy(update={"versions": {**run.versions, "torch": "2.0.1"}})
    made_up = found.model_copy(
        update={
            "checkpoints": (found.checkpoints[0].model_copy(update={"scores": scores}),),
            "runs": (older,),
        }
    )
    store.write_result(words, made_up, outcomes)
    ended = verify(words, "--rerun", "--by", "Somebody Else")
    assert ended.exit_code == 1
    assert f"other conditions, then → now: torch 2.0.1 → {run.versions['torch']}\n" in ended.stdout
    assert "seed 0 in 'de' scored 100.0000, run again " in ended.stderr
    record = store.load_verification(words)
    assert record is not None
    assert [each.agrees for each in record.results] == [False]


def test_nobody_verifies_a_submission_of_their_own(words: Path) -> None:
    ended = verify(words, "--by", "nobody")
    assert ended.exit_code == 2
    assert "nobody is a submitter of words" in ended.stderr
    assert not (words / store.VERIFICATION_FILE).exists()


@pytest.mark.parametrize(("by", "url"), [(" x", None), ("x\ny", None), ("x", "http://example.org")])
def test_a_name_and_an_address_are_one_line_each(words: Path, by: str, url: str | None) -> None:
    assert verify(words, "--by", by, *(["--url", url] if url else [])).exit_code == 2


def test_a_verification_names_its_folder_and_known_targets(tmp_path: Path) -> None:
    entry = {
        "target": "tatoeba", "result": f"sha256:{'0' * 64}", "how": "rerun", "agrees": True, "largest": 0, "allowed": 0.1,
        "by": "Somebody", "date": "2026-03-02T09:14:07Z", "harness": "0.1.0",
    }  # fmt: skip
    (tmp_path / "toy").mkdir()
    path = store.add_verified(tmp_path / "toy", [VerifiedResult.model_validate(entry)])
    assert path.name == store.VERIFICATION_FILE
    with pytest.raises(BadInput, match="expected other as in the file's path, found 'toy'"):
        store.parse_verification(path.read_bytes(), "v.yaml", "other")
    with pytest.raises(BadInput, match="unknown target 'tatoebb'"):
        store.parse_verification(
            path.read_bytes().replace(b"target: tatoeba", b"target: tatoebb"), "v.yaml", "toy"
        )


# ---- tolerances


def test_every_device_and_dtype_has_a_tolerance_and_the_wider_one_holds() -> None:
    assert set(TABLE) == {(device, dtype) for device in ("cpu", "cuda") for dtype in ("float32", "bfloat16")}
    assert tolerance(("cpu", "float32"), ("cuda:1", "float32")) == TABLE["cuda", "float32"]
    assert tolerance(("cpu", "float32"), ("cuda", "bfloat16")) == TABLE["cuda", "bfloat16"]
    assert tolerance(("tpu", "float8"), ("cpu", "float32")) == TABLE["cpu", "bfloat16"]
    narrow = TABLE["cpu", "float32"]
    assert (narrow.of_language(1000), narrow.of_language(200)) == (0.1, 0.5)


def test_what_one_language_may_differ_by_the_score_may_too() -> None:
    narrow = TABLE["cpu", "float32"]
    assert narrow.of_score([1000] * 36) == 0.02
    assert narrow.of_score([200]) == narrow.of_language(200) == 0.5
    assert narrow.of_score([1000, 100]) == 0.5
    runs = ({"date": "2026-03-02T09:14:07Z", "device": "cpu", "dtype": "float32"},)
    first, second = (result("toy", [{"de": 50.0, "fi": score}], n=1000, runs=runs) for score in (60.0, 60.1))
    assert compare(first, second).disagreements == ()


def test_two_runs_are_set_against_each_other_by_seed_and_language() -> None:
    runs = ({"date": "2026-03-02T09:14:07Z", "device": "cpu", "dtype": "float32"},)
    first = result("toy", [{"de": 50.0, "fi": 60.0}], n=1000, runs=runs)

    def said(second: Result) -> tuple[str, ...]:
        return compare(first, second).disagreements

    assert said(result("toy", [{"de": 50.03, "fi": 60.0}], n=1000, runs=runs)) == ()
    assert said(result("toy", [{"de": 50.2, "fi": 59.8}], n=1000, runs=runs)) == (
        "seed 0 in 'de' scored 50.0000, run again 50.2000: more than the 0.10 points allowed",
        "seed 0 in 'fi' scored 60.0000, run again 59.8000: more than the 0.10 points allowed",
    )
    assert said(result("toy", [{"de": 50.1, "fi": 60.1}], n=1000, runs=runs)) == (
        "the score was 55.0000, run again 55.1000: more than the 0.05 points allowed",
    )
    assert said(result("toy", [{"de": 50.0, "fi": "out of memory"}], n=1000, runs=runs)) == (
        "seed 0 in 'fi' was not measured again",
    )
    assert said(result("toy", [{"de": 50.0, "fi": 60.0}], n=1000, runs=runs, data="e")) == (
        "the text in de fi has changed",
    )


# ---- what was seen, and what was learnt by heart


@pytest.mark.parametrize(
    ("target", "names", "held_out", "training"),
    [
        ("tatoeba", ["mnli", "tatoeba"], ("tatoeba",), ()),
        ("xnli", ["xnli", "mnli"], ("xnli",), ("mnli",)),
        ("panx", ["wikiann", "panx-test"], ("panx-test",), ("wikiann",)),
        ("udpos_dev", ["udpos", "udpos_dev"], ("udpos_dev",), ("udpos",)),
        ("xquad", ["squad", "xquad", "squad.dev"], ("xquad", "squad.dev"), ("squad",)),
        ("xquad_r", ["squad-validation", "squad_train"], ("squad-validation",), ()),
        (
            "udpos",
            ["universal-dependencies", "universal-dependencies-valid"],
            ("universal-dependencies-valid",),
            ("universal-dependencies",),
        ),
        ("mlqa_dev", ["xtreme"], ("xtreme",), ()),
        ("tydiqa", ["tydiqa", "tydiqa_dev", "squad"], ("tydiqa_dev",), ("tydiqa",)),
        ("tatoeba", ["squad", "fever", "hotpotqa", "miracl", "mrtydi", "msmarco", "nq", "stsb"], (), ()),
    ],
)
def test_data_sets_seen_in_training_are_set_against_a_target(
    target: str, names: list[str], held_out: tuple[str, ...], training: tuple[str, ...]
) -> None:
    found = seen(BY_NAME[target], names)
    assert (found.held_out, found.training) == (held_out, training)


def test_somebodys_own_text_is_known_by_its_targets_name() -> None:
    harbour = own_target("bitext.harbour", ("de",))
    assert seen(harbour, ["bitext.harbour", "bitext.other"]).held_out == ("bitext.harbour",)
    assert seen(own_target("bitext.other", ("de",)), ["bitext.harbour"]).held_out == ()


def test_a_task_counts_by_the_data_set_it_is_of_whether_or_not_it_is_declared() -> None:
    trained = submission(
        intermediate={"regime": "english", "tasks": ["xnli_dev"], "languages": ["en"], "examples": "10"}
    )
    assert names_seen(trained) == ("xnli_dev", "xnli")
    assert seen(BY_NAME["xnli"], names_seen(trained)).held_out == ("xnli_dev", "xnli")
    assert seen(BY_NAME["tatoeba"], names_seen(trained)).held_out == ()


def test_a_contaminated_result_is_told_and_a_clean_one_is_not(words: Path) -> None:
    assert "contamination:" not in verify(words).stdout
    path = words / "submission.yaml"
    path.write_text(path.read_text() + "trained_on: [mnli, jupyterlab]\n")
    ended = verify(words)
    assert "note contamination: " in ended.stdout
    assert "dev or test data seen in training: jupyterlab" in ended.stdout


# ---- nothing goes in silence


def test_what_a_newer_result_lacks_is_named() -> None:
    old = result("toy", [{"de": 1.0, "fi": 2.0}, {"de": 3.0, "fi": 4.0}])
    assert shrinkage(old, old) == []
    assert shrinkage(old, result("toy", [{"de": 1.0, "fi": 2.0}])) == ["seed 1"]
    assert shrinkage(old, result("toy", [{"de": 1.0, "fi": "failed"}, {"de": 3.0, "fi": 4.0}])) == [
        "fi of seed 0"
    ]
    assert (
        shrinkage(old, result("toy", [{"de": 1.0, "fi": 2.0}, {"de": 3.0, "fi": 4.0}], n=3))[0]
        == "1 of 4 examples in de of seed 0"
    )
    assert shrinkage(old, None) == ["the whole result on pair"]


def test_what_was_superseded_stands_in_the_submission(words: Path) -> None:
    path = words / "submission.yaml"
    path.write_text(
        path.read_text()
        + f"supersedes:\n  - {{target: jupyterlab, outcomes: {'0' * 64}, reason: another pooling}}\n"
    )
    found = store.load_submission(words)
    assert [(each.target, each.reason) for each in found.supersedes] == [("jupyterlab", "another pooling")]  # type: ignore[union-attr]


def test_of_two_findings_on_one_file_the_rerun_speaks() -> None:
    def entry(how: str, agrees: bool) -> VerifiedResult:
        return VerifiedResult(
            target="pair", result=f"sha256:{'a' * 64}", how=how, agrees=agrees, largest=0, allowed=0, by="B",  # type: ignore[arg-type]
            date="2026-03-02T09:14:07Z", harness="0.1.0",
        )  # fmt: skip

    record = Verification(
        schema_=1, submission="toy", results=(entry("rerun", False), entry("recount", True))
    )
    found = record.of("pair", f"sha256:{'a' * 64}")
    assert found is not None
    assert (found.how, found.agrees) == ("rerun", False)


@pytest.mark.parametrize("style", ["text", "markdown", "json"])
def test_a_comparison_says_which_side_saw_the_test_data(words: Path, style: str) -> None:
    options = ["diff", str(words), str(words), "--format", style]
    assert "jupyterlab of this" not in CliRunner().invoke(main, options).stdout
    path = words / "submission.yaml"
    path.write_text(path.read_text() + "trained_on: [mnli, jupyterlab]\n")
    said = CliRunner().invoke(main, options).stdout
    expected = {
        "text": "the second saw dev or test data of this target in training: jupyterlab",
        "markdown": "the second saw dev or test data of this target in training: `jupyterlab`",
        "json": '"second_seen": [',
    }
    assert expected[style] in said


def test_a_rerun_of_something_else_is_named() -> None:
    first = result("toy", [{"de": 50, "fi": 60}], data="a")
    (checkpoint,) = first.checkpoints
    second = result("toy", [{"de": 50, "fi": 60}], data="b").model_copy(
        update={
            "signature": first.signature.protocol.predicted("own"),
            "checkpoints": (checkpoint.model_copy(update={"weights": f"sha256:{'f' * 64}"}),),
        }
    )
    found = compare(first, second).disagreements
    assert [what.partition(" ")[0] for what in found[:3]] == ["was", "the", "seed"]
    assert "the text in de fi has changed" in found
    assert any("has other weights now" in what for what in found)
