"""Which results an audit draws, and that no submitter could choose what it is drawn from."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from harness.cli.main import main
from harness.errors import BadInput, WrongUsage
from harness.verification import chosen, parse_share
from harness.verification.audit_seed import AuditSource, Beacon, parse_beacon

VALUE = "0123456789abcdef" * 4


def test_an_audit_is_the_same_choice_in_any_order_and_another_one_for_another_seed() -> None:
    results = [(f"model-{i:03}", target) for i in range(100) for target in ("tatoeba", "xnli")]
    share = parse_share("5%")
    first = chosen(results, share, "commit")
    assert len(first) == 10
    assert chosen(results[::-1], share, "commit") == first
    assert chosen(results, share, "other") != first
    assert set(first) <= set(chosen(results, parse_share("20%"), "commit"))
    draws = [chosen(results, share, str(seed)) for seed in range(100)]
    assert max(sum(named in draw for draw in draws) for named in results) < 25  # 5 are expected


def test_an_audit_takes_at_least_one_and_a_share_is_above_none_and_at_most_all() -> None:
    assert chosen([("a", "b")], Fraction(1, 1000), "x") == (("a", "b"),)
    assert chosen([], Fraction(1), "x") == ()
    assert [parse_share(text) for text in ("5%", "0.05", "100%", "1")] == [
        Fraction(1, 20),
        Fraction(1, 20),
        1,
        1,
    ]
    for text in ("0", "0%", "101%", "2", "-5%", "x", "", "5 %", "nan"):
        with pytest.raises(WrongUsage):
            parse_share(text)


# ---- the seed


def test_a_round_of_the_beacon_has_the_time_at_which_it_is_published() -> None:
    assert Beacon(1, VALUE).time == 1692803367
    assert Beacon(1 + 20 * 60, VALUE).time == 1692803367 + 3600
    now = datetime.fromtimestamp(1692803367, UTC)
    assert parse_beacon(f"1:{VALUE}", now) == Beacon(1, VALUE)
    with pytest.raises(WrongUsage, match="round 2 is not published before 2023-08-23T15:09:30Z"):
        parse_beacon(f"2:{VALUE}", now)
    for text in (
        "",
        "1",
        VALUE,
        f"0:{VALUE}",
        f"1:{VALUE[1:]}",
        f"1:{VALUE.upper()}",
        f"x:{VALUE}",
        f"1:{VALUE}\n",
    ):
        with pytest.raises(WrongUsage, match="is not a round"):
            parse_beacon(text, now + timedelta(days=1))


class _Board:
    """A repository with a main line, on which one result lands by a merge."""

    def __init__(self, top: Path) -> None:
        self.top = top
        self.result = self.write("toy")
        self.git("init", "-q", "-b", "main")
        self.start = self.commit("Start", "2024-01-01T00:00:00Z", "--allow-empty")
        self.git("switch", "-q", "-c", "theirs")
        self.git("add", "submissions")
        self.theirs = self.commit("Submit", "2020-01-01T00:00:00Z")
        self.landing = self.merge("theirs", "2024-02-01T00:00:00Z")

    def write(self, slug: str) -> Path:
        path = self.top / "submissions" / slug / "results" / "pair.yaml"
        path.parent.mkdir(parents=True)
        path.write_text("")
        return path

    def git(self, *arguments: str, date: str = "2024-01-01T00:00:00Z") -> str:
        environment = {
            "GIT_AUTHOR_NAME": "A", "GIT_AUTHOR_EMAIL": "a@b", "GIT_COMMITTER_NAME": "A", "GIT_COMMITTER_EMAIL": "a@b",
            "GIT_COMMITTER_DATE": date, "GIT_AUTHOR_DATE": date, "PATH": "/usr/local/bin:/usr/bin:/bin",
            "GIT_CONFIG_GLOBAL": "/dev/null",
        }  # fmt: skip
        return subprocess.run(
            ["git", "-C", str(self.top), *arguments],
            check=True,
            capture_output=True,
            text=True,
            env=environment,
        ).stdout.strip()

    def commit(self, subject: str, date: str, *options: str) -> str:
        self.git("commit", "-q", "-m", subject, *options, date=date)
        return self.git("rev-parse", "HEAD")

    def merge(self, branch: str, date: str) -> str:
        self.git("switch", "-q", "main")
        self.git("merge", "-q", "--no-ff", "-m", f"Merge {branch}", branch, date=date)
        return self.git("rev-parse", "HEAD")

    def unrelated_merge(self, date: str) -> str:
        self.git("switch", "-q", "-c", f"code-{date[:10]}")
        self.commit("Change the code", date, "--allow-empty")
        return self.merge(f"code-{date[:10]}", date)


@pytest.fixture
def board(tmp_path: Path) -> _Board:
    return _Board(tmp_path)


def test_only_a_merge_on_the_main_line_is_a_seed(board: _Board) -> None:
    later = board.unrelated_merge("2024-03-01T00:00:00Z")
    seed, older, note = AuditSource(merge=later).draw_from([board.result])
    assert (seed.seed, older, note) == (f"merge {later}", [board.result], "")
    assert "made 2024-03-01T00:00:00Z" in seed.origin
    for commit in (board.start, board.theirs, "theirs", "main~0^2"):
        with pytest.raises(WrongUsage, match="is no merge on the main line"):
            AuditSource(merge=commit).draw_from([board.result])
    with pytest.raises(BadInput, match="unknown revision"):
        AuditSource(merge="0" * 40).draw_from([board.result])


def test_results_that_landed_with_the_seed_or_later_are_left_out(board: _Board) -> None:
    """Who submits after the seed is known can make results until none of them is drawn."""
    assert AuditSource(merge=board.landing).draw_from([board.result])[1] == []
    later = board.unrelated_merge("2024-03-01T00:00:00Z")
    newer, loose = board.write("newer"), board.write("loose")
    board.git("switch", "-q", "-c", "more")
    board.git("add", "submissions/newer")
    board.commit("Submit with an old date", "2020-01-01T00:00:00Z")
    board.merge("more", "2024-04-01T00:00:00Z")
    _, older, note = AuditSource(merge=later).draw_from([board.result, newer, loose])
    assert (older, note) == ([board.result], "2 that are newer on the main line are left out")


@pytest.mark.parametrize(("date", "drawn"), [("2024-01-31T00:00:00Z", 0), ("2024-02-02T00:00:00Z", 1)])
def test_a_round_draws_from_what_had_landed_before_it(board: _Board, date: str, drawn: int) -> None:
    """The submitter's commit claims 2020; the merge is what counts."""
    time = int(datetime.fromisoformat(date).timestamp())
    beacon = Beacon(1 + (time - 1692803367) // 3, VALUE)
    seed, older, _ = AuditSource(beacon).draw_from([board.result])
    assert len(older) == drawn
    assert f"/public/{beacon.round}" in seed.origin
    assert "no one could choose its value" in seed.chooser


def test_without_a_repository_a_round_draws_from_all_and_says_so(tmp_path: Path) -> None:
    path = tmp_path / "submissions" / "toy" / "results" / "pair.yaml"
    path.parent.mkdir(parents=True)
    _, older, note = AuditSource(Beacon(1, VALUE)).draw_from([path])
    assert (older, note) == ([path], "without a repository, no result is known to be older")
    with pytest.raises(BadInput, match="git finds no repository"):
        AuditSource(merge="main").draw_from([path])


# ---- the command


def audit(folder: Path, *options: str) -> Result:
    return CliRunner().invoke(main, ["verify", "--submissions", str(folder), *options])


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--audit", "50%"], "--audit needs either --beacon or --merge"),
        (["--audit", "50%", "--beacon", f"1:{VALUE}", "--merge", "main"], "needs either --beacon or --merge"),
        (["--audit", "50%", "--seed", "0123abc"], "--audit takes no --seed, which anyone could choose"),
        (["--merge", "main"], "--beacon and --merge are for audits"),
        (["--audit", "50%", "--beacon", "soon"], "is not a round of drand's quicknet"),
    ],
)
def test_an_audit_whose_sample_could_be_chosen_is_refused(
    measured: Path, options: list[str], reason: str
) -> None:
    ended = audit(measured, *options)
    assert ended.exit_code == 2
    assert reason in ended.stderr


def test_the_command_says_what_it_drew_from_and_who_could_have_chosen_it(measured: Path) -> None:
    options = ["--audit", "50%", "--beacon", f"7:{VALUE}"]
    ended = audit(measured, *options)
    assert ended.exit_code == 0
    first, second, *_ = ended.stdout.splitlines()
    assert first.startswith("audit: 1 of 2 results (50.00%)")
    assert second.startswith("drawn from round 7 of drand's quicknet, published 2023-08-23T15:09:45Z")
    assert "no one could choose its value" in second
    assert ended.stdout == audit(measured, *options).stdout
