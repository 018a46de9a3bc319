"""A text is corrected, a protocol is fixed, a score is added: what review says of pull requests afterwards."""

from __future__ import annotations

import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from harness import store
from harness.catalog import BY_NAME
from harness.catalog.fingerprints import FINGERPRINTS
from harness.catalog.pins import FORMER_PINS
from harness.data import load_examples
from harness.errors import BadInput
from harness.evaluation.plan import make_plan
from harness.evaluation.resume import resume
from harness.evaluation.story import Options, evaluate
from harness.records import FormerPin, Submission
from harness.reporter import Silent
from harness.review import Review, Verdict, review
from harness.store import submission_faults
from harness.store.agreement import behind, other_text
from harness.store.supersession import supersede
from harness.upkeep.rescoring import rescore
from harness.upkeep.staleness import stale_results
from tests.support.changed_targets import (
    DAY,
    TARGET,
    StrictTable,
    board,
    changed_target,
    corrected_text,
    later_score,
    second_version,
    with_table,
)
from tests.support.pull_requests import Repository, begin, measured, sealed_again
from tests.support.submissions import write_submission

DATE = "2026-06-01T00:00:00Z"
PLACE = "submissions/mine"


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """Return a repository whose base holds two sound submissions, checked out."""
    folder = board(tmp_path / "written", "mine", "yours")
    return begin(tmp_path / "repository", pull_files(folder, tmp_path / "written"))


def pull_files(folder: Path, root: Path) -> dict[str, bytes]:
    return {
        f"submissions/{path.relative_to(root).as_posix()}": path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.startswith(".")
    }


def judged(repository: Repository, edits: dict[str, bytes], actor: str = "mine") -> Review:
    head = repository.pull(edits)
    return review(repository.base, head, repository.folder / "submissions", actor=actor)


def worked_on(repository: Repository, tmp_path: Path) -> Path:
    """Return a copy of the submissions to work on."""
    return Path(shutil.copytree(repository.folder / "submissions", tmp_path / "work"))


def said(found: Review) -> list[tuple[str, str]]:
    return [(reason.rule, reason.what) for reason in found.reasons]


def licence_edit(repository: Repository) -> dict[str, bytes]:
    path = f"{PLACE}/submission.yaml"
    return {path: repository.files[path].replace(b"license: MIT", b"license: Apache-2.0")}


def test_a_licence_is_edited_after_the_text_was_corrected_as_before(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = judged(repository, licence_edit(repository))
    corrected_text(monkeypatch, "de")
    after = judged(repository, licence_edit(repository))
    assert said(after) == said(before)
    assert "invalid" not in {rule for rule, _ in said(after)}


def test_a_licence_is_edited_after_the_protocol_was_fixed_as_before(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = judged(repository, licence_edit(repository))
    with_table(monkeypatch, StrictTable())
    changed_target(monkeypatch, **second_version(rescores=False))
    assert said(judged(repository, licence_edit(repository))) == said(before)


def test_a_text_that_never_was_official_is_refused_as_ever(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(FINGERPRINTS, TARGET, FINGERPRINTS[TARGET] | {"de": "c" * 64})
    found = judged(repository, licence_edit(repository))
    assert found.verdict is Verdict.REFUSED
    assert any(
        rule == "invalid" and "data.de: the text has the fingerprint" in what for rule, what in said(found)
    )


def test_a_rescored_board_is_accepted(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    later_score(monkeypatch)
    work = worked_on(repository, tmp_path)
    rescore(work / "mine", TARGET, DATE)
    found = judged(repository, pull_files(work / "mine", work))
    assert (found.verdict, said(found)) == (Verdict.ACCEPTED, [])


def test_a_forged_later_score_is_refused(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    later_score(monkeypatch)
    work = worked_on(repository, tmp_path)
    rescore(work / "mine", TARGET, DATE)
    path = work / "mine/results/jupyterlab.yaml"
    text = path.read_text()
    value = next(line for line in text.splitlines() if line.strip().startswith("both:"))
    path.write_bytes(
        sealed_again(text.replace(value, value.partition("both:")[0] + "both: 99.0", 1).encode())
    )
    found = judged(repository, pull_files(work / "mine", work))
    assert found.verdict is Verdict.REFUSED
    assert any("secondary.both is 99.0" in what for _, what in said(found))


def test_a_result_by_the_new_protocol_is_accepted_with_its_entry_and_refused_without(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_table(monkeypatch, StrictTable())
    changed_target(monkeypatch, **second_version())
    work = worked_on(repository, tmp_path)
    rescore(work / "mine", TARGET, DATE)
    files = pull_files(work / "mine", work)
    found = judged(repository, files)
    assert (found.verdict, said(found)) == (Verdict.ACCEPTED, [])
    without = {name: data for name, data in files.items() if not name.endswith("submission.yaml")}
    assert [rule for rule, _ in said(judged(repository, without))] == ["superseded"]


def test_a_corrected_text_is_measured_again_and_the_earlier_result_stays_on_record(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    corrected_text(monkeypatch, "de")
    work = worked_on(repository, tmp_path)
    home = work / "mine"
    old = store.load_result(home / "results/jupyterlab.yaml")
    supersede(home, TARGET, "the text was corrected", DATE)
    # What an evaluation of the corrected text writes: other outcomes in German, the same in Italian.
    german, rows = measured("mine", ("de",), draw=99)
    checkpoint = old.checkpoints[0]
    scores = {**checkpoint.scores, **german.checkpoints[0].scores}
    table = store.load_outcomes(home / "results/jupyterlab.yaml", old)
    new = old.model_copy(
        update={
            "checkpoints": (checkpoint.model_copy(update={"scores": scores}),),
            "data": {**old.data, "de": f"sha256:{'c' * 64}"},
        }
    )
    kept = table.filter(pc.equal(table["language"], "it"))
    store.write_result(home, new, pa.concat_tables([kept, rows]))
    found = judged(repository, pull_files(home, work))
    assert (found.verdict, said(found)) == (Verdict.ACCEPTED, [])
    submission = store.load_submission(home)
    assert isinstance(submission, Submission)
    assert [entry.outcomes for entry in submission.supersedes] == [old.outcomes.sha256]
    assert list(behind(new)) == []
    assert list(behind(old)) == ["measured on the text of before 2026-05-01 in de (two pairs were doubled)"]


# ---- texts, languages ------------------------------------------------------------------------------


def test_a_former_text_may_have_had_another_number_of_examples(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = store.load_result(repository.folder / "submissions/mine/results/jupyterlab.yaml")
    sizes = BY_NAME[TARGET].sizes
    changed_target(monkeypatch, sizes={**sizes, "de": sizes["de"] - 2})
    with monkeypatch.context() as patch:
        corrected_text(patch, "de", n=sizes["de"])
        assert list(other_text(result)) == []
    corrected_text(monkeypatch, "de", n=sizes["de"] + 5)
    assert list(other_text(result)) == ["seed 0 in de: has 216 pairs, the official set has 221"]


def test_a_language_that_was_added_later_is_not_missed_in_older_results(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    languages = BY_NAME[TARGET].languages
    home = board(tmp_path / "submissions", "mine", languages=languages) / "mine"
    path = home / "results/jupyterlab.yaml"
    assert store.load_result(path).score is not None
    changed_target(monkeypatch, languages=(*languages, "nl"))
    assert submission_faults(home)[0].message == "of: jupyterlab has 13 languages, found 12"
    changed_target(monkeypatch, added={"nl": DAY})
    assert submission_faults(home) == ()
    changed_target(monkeypatch, added={"nl": "2026-01-01"})  # a result of February must have it
    with pytest.raises(BadInput, match="has 13 languages, found 12"):
        store.load_result(path)


def test_nobody_reads_a_former_text_by_mistake(monkeypatch: pytest.MonkeyPatch) -> None:
    corrected_text(monkeypatch, "fi")
    with pytest.raises(BadInput, match=r"is that of before 2026-05-01 \(two pairs were doubled\)"):
        load_examples(BY_NAME[TARGET], "fi")


def test_after_a_correction_only_the_corrected_languages_are_encoded_again(
    tmp_path: Path, toy_encoder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = write_submission(tmp_path / "submissions/toy")
    shutil.copytree(toy_encoder, home / "weights")
    options = Options(dtype="float32", device="cpu", cache=tmp_path / "cache")
    (result,) = evaluate(home, [TARGET], ["fi", "de"], options)
    # The same scores as if they were of the text of before.
    path = home / "results/jupyterlab.yaml"
    former = result.model_copy(update={"data": {**result.data, "de": f"sha256:{'a' * 64}"}})
    store.write_result(home, former, store.load_outcomes(path, result))
    monkeypatch.setitem(
        FORMER_PINS,
        TARGET,  # type: ignore[arg-type]
        {"de": (FormerPin(digest="a" * 64, until=DAY, reason="two pairs were doubled"),)},
    )
    (stale,) = stale_results([home])
    assert stale.commands[-1] == "stiltboard evaluate toy -t jupyterlab --dtype float32"
    assert stale.cost is not None
    assert stale.cost.examples == BY_NAME[TARGET].sizes["de"]
    (resumed,), _ = resume(make_plan(home, [TARGET], ["fi", "de"], options, Silent()))
    assert resumed.unfinished(0) == ["de"]
    (again,) = evaluate(home, [TARGET], ["fi", "de"], options)
    assert again.data == result.data
    assert again.checkpoints == result.checkpoints
    assert stale_results([home]) == ()


def test_a_new_result_by_the_former_protocol_is_refused(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_table(monkeypatch, StrictTable())
    changed_target(monkeypatch, **second_version())
    work = worked_on(repository, tmp_path)
    path = work / "mine/results/jupyterlab.yaml"
    text = path.read_text()
    value = next(line for line in text.splitlines() if line.strip().startswith("f1:"))
    forged = sealed_again(text.replace(value, value.partition("f1:")[0] + "f1: 99.0", 1).encode())
    found = judged(repository, {f"{PLACE}/results/jupyterlab.yaml": forged})
    assert found.verdict is Verdict.REFUSED
    assert "behind" in {rule for rule, _ in said(found)}
    assert "invalid" not in {rule for rule, _ in said(found)}


def test_a_result_on_the_former_text_is_refused_as_new_and_let_be_as_old(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    renewed = {name.replace("/yours/", "/new/"): data.replace(b"yours", b"new").replace(b"Yours", b"New") for name, data in repository.files.items() if "/yours/" in name and not name.endswith(".parquet")}  # fmt: skip
    renewed = {name: sealed_again(data) if "/results/" in name else data for name, data in renewed.items()}
    renewed |= {"submissions/new/results/jupyterlab.parquet": repository.files["submissions/yours/results/jupyterlab.parquet"]}  # fmt: skip
    assert "behind" not in {rule for rule, _ in said(judged(repository, renewed, "new"))}
    corrected_text(monkeypatch, "de")
    assert "behind" in {rule for rule, _ in said(judged(repository, renewed, "new"))}


def test_an_entry_that_states_another_score_is_refused(repository: Repository, tmp_path: Path) -> None:
    work = worked_on(repository, tmp_path)
    supersede(work / "mine", TARGET, "other pairs", DATE)
    path = work / "mine/submission.yaml"
    sound = path.read_bytes()
    assert "history" not in {
        rule for rule, _ in said(judged(repository, {f"{PLACE}/submission.yaml": sound}))
    }
    forged = sound.replace(b"version: 1", b"version: 3\n    score: 99.0")
    found = judged(repository, {f"{PLACE}/submission.yaml": forged})
    assert [what for rule, what in said(found) if rule == "history"] == [
        "supersedes: the entry on jupyterlab states the score 99.0, but the result that it replaces has None",
        "supersedes: the entry on jupyterlab states protocol v3, but the result is of v1",
    ]
