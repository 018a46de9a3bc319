"""`supersedes` gets one entry more, and everything else in submission.yaml stays as it is."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from harness import store
from harness.cli.main import main
from harness.errors import BadInput
from harness.records import Submission, Superseded
from harness.store.agreement import false_supersession
from harness.store.supersession import joined_reason, with_supersession
from tests.support.changed_targets import TARGET, board, corrected_text
from tests.support.pull_requests import about
from tests.support.submissions import REPORTED

ENTRY = Superseded(
    target="tatoeba",
    outcomes="0" * 63 + "1",
    reason="the text, [it] was: corrected #2",
    date="2026-05-01",
    score=87.1797,
    version=1,
)
OLD = f"target: xnli, outcomes: {'a' * 64}, reason: x"
BLOCK = f"- target: xnli\n  outcomes: {'a' * 64}\n  reason: x"
ABOUT = about("mine", "ada").decode()
LISTS = {
    "none": "",
    "empty": "supersedes: []\n",
    "empty and commented": "supersedes: []  # nothing yet\n",
    "in brackets": f"supersedes: [{{{OLD}}}]  # why\n",
    "in brackets over lines": f"supersedes: [\n  {{{OLD}}},  # why\n]\n",
    "braces in a block": f"supersedes:\n- {{{OLD}}}  # why\n# more\n",
    "block": f"supersedes:\n{BLOCK}\n",
    "indented block": "supersedes:\n  # first\n" + "".join(f"  {line}\n" for line in BLOCK.splitlines()) + "  # last\n",
    "folded reason": f"supersedes:\n- target: xnli\n  outcomes: {'a' * 64}\n  reason: >-\n    some folded\n    text\n\n",
    "quoted key": f'"supersedes":\n{BLOCK}  # why\n',
}  # fmt: skip


@pytest.mark.parametrize("listed", LISTS.values(), ids=LISTS)
@pytest.mark.parametrize("end", ["\n", ""], ids=["line end", "no line end"])
@pytest.mark.parametrize("first", [False, True], ids=["at the end", "at the beginning"])
def test_an_entry_is_added_and_everything_else_stays(listed: str, end: str, first: bool) -> None:
    text = f"# about mine\n{listed}{ABOUT}" if first else f"{ABOUT}# the results\n{listed}"
    text = text.rstrip("\n") + end
    after = with_supersession(text.encode(), "submission.yaml", ENTRY)
    before, written = (store.parse_submission(data, "s.yaml") for data in (text.encode(), after))
    assert isinstance(before, Submission)
    assert isinstance(written, Submission)
    assert written == before.model_copy(update={"supersedes": (*before.supersedes, ENTRY)})
    # One piece of text was inserted, and not a character removed.
    new = after.decode()
    places = range(len(text) + 1)
    assert any(new.startswith(text[:place]) and new.endswith(text[place:]) for place in places)
    assert with_supersession(after, "submission.yaml", ENTRY) == after


def test_the_same_outcomes_scored_by_another_version_are_another_entry() -> None:
    once = with_supersession(ABOUT.encode(), "submission.yaml", ENTRY)
    second = ENTRY.model_copy(update={"version": 2, "score": 80.0})
    twice = store.parse_submission(with_supersession(once, "submission.yaml", second), "s.yaml")
    assert isinstance(twice, Submission)
    assert twice.supersedes == (ENTRY, second)


def test_an_entry_of_before_scores_were_recorded_is_not_written_twice() -> None:
    old = f"{ABOUT}supersedes: [{{target: tatoeba, outcomes: '{ENTRY.outcomes}', reason: other text}}]\n"
    assert with_supersession(old.encode(), "submission.yaml", ENTRY) == old.encode()


def test_what_cannot_be_added_is_given_to_be_written_by_hand() -> None:
    one_line = "{" + ", ".join(line for line in ABOUT.splitlines()) + "}\n"
    with pytest.raises(BadInput, match="cannot be added without changing the rest") as caught:
        with_supersession(one_line.encode(), "submission.yaml", ENTRY)
    (fault,) = caught.value.faults
    by_hand = fault.cure.partition("by hand: ")[2]
    assert f'{{target: "tatoeba", outcomes: "{ENTRY.outcomes}", reason: ' in by_hand
    mended = store.parse_submission(f"{ABOUT}supersedes: [{by_hand}]\n".encode(), "s.yaml")
    assert isinstance(mended, Submission)
    assert mended.supersedes == (ENTRY,)


def test_published_numbers_are_not_replaced() -> None:
    with pytest.raises(BadInput, match="holds published numbers"):
        with_supersession(REPORTED.encode(), "submission.yaml", ENTRY)


def test_a_reason_of_several_is_cut_to_a_line() -> None:
    assert joined_reason(["one", "two"]) == "one; two"
    long = joined_reason(["a" * 150, "b" * 150])
    assert (len(long), long[-1]) == (200, "…")


# ---- the command -------------------------------------------------------------------------------


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def test_the_command_records_the_present_result_once(tmp_path: Path) -> None:
    submissions = board(tmp_path / "submissions", "mine")
    outcomes = store.load_result(submissions / "mine/results/jupyterlab.yaml").outcomes.sha256
    command = ("supersede", "mine", "-t", TARGET, "--reason", "other pairs", "--submissions", submissions)
    answer = run(*command)
    assert (answer.exit_code, answer.output) == (
        0,
        "mine, jupyterlab: other pairs\n1 entry written, 0 on record already\n",
    )
    submission = store.load_submission(submissions / "mine")
    assert isinstance(submission, Submission)
    (entry,) = submission.supersedes
    assert (entry.target, entry.outcomes, entry.reason, entry.version) == (TARGET, outcomes, "other pairs", 1)
    once = (submissions / "mine/submission.yaml").read_bytes()
    assert run(*command).output == "0 entries written, 1 on record already\n"
    assert (submissions / "mine/submission.yaml").read_bytes() == once


def test_all_stale_records_what_has_to_be_measured_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    submissions = board(tmp_path / "submissions", "mine", "yours")
    untouched = (submissions / "yours/submission.yaml").read_bytes()
    assert run("supersede", "--all-stale", "--submissions", submissions).output == (
        "0 entries written, 0 on record already\n"
    )
    corrected_text(monkeypatch, "de")
    answer = run("supersede", "mine", "--all-stale", "--submissions", submissions)
    assert answer.output == (
        "mine, jupyterlab: measured on the text of before 2026-05-01 in de (two pairs were doubled)\n"
        "1 entry written, 0 on record already\n"
    )
    assert (submissions / "yours/submission.yaml").read_bytes() == untouched
    assert run("supersede", "--all-stale", "--submissions", submissions).output.endswith(
        "1 entry written, 1 on record already\n"
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["mine", "-t", TARGET], "a slug, -t and --reason are needed"),
        (["mine", "-t", TARGET, "--reason", "two\nlines"], "--reason is not valid"),
        (["mine", "-t", TARGET, "--reason", "x" * 201], "--reason is not valid"),
        (["mine", "-t", "tatoeba", "--reason", "x"], "results/tatoeba.yaml: the file does not exist"),
        (["nobody", "-t", TARGET, "--reason", "x"], "there is no submission 'nobody' in "),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, arguments: list[str], message: str) -> None:
    submissions = board(tmp_path / "submissions", "mine")
    answer = run("supersede", *arguments, "--submissions", submissions)
    assert answer.exit_code in (2, 3)
    assert message in answer.output
    assert "Traceback" not in answer.output


def test_an_entry_that_states_another_score_than_the_result_had_is_named(tmp_path: Path) -> None:
    submissions = board(tmp_path / "submissions", "mine")
    result = store.load_result(submissions / "mine/results/jupyterlab.yaml")
    result = result.model_copy(update={"score": 50.0})
    entry = Superseded(target=TARGET, outcomes=result.outcomes.sha256, reason="x", score=50.0, version=1)
    assert list(false_supersession(entry, result)) == []
    assert list(false_supersession(entry.model_copy(update={"score": None, "version": None}), result)) == []
    assert list(false_supersession(entry.model_copy(update={"score": 99.0, "version": 2}), result)) == [
        "states the score 99.0, but the result that it replaces has 50.0",
        "states protocol v2, but the result is of v1",
    ]
