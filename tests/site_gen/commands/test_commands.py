from __future__ import annotations

import re
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from harness.cli.main import main
from site_gen.board.whole import WholeEntry
from site_gen.commands.build import _web_address
from site_gen.commands.terminal import print_board
from tests.support.boards import PAIR, entry, make_board, submission
from tests.support.folders import SITE_SUBMISSIONS


def test_build_prints_the_leaderboard_and_the_page_to_open(tmp_path: Path) -> None:
    few = tmp_path / "few"
    for slug in ("lodestar-xl-english", "lodestar-b-none", "beacon-b-english", "reported-lodestar-xxl"):
        shutil.copytree(SITE_SUBMISSIONS / slug, few / slug)
    outcome = CliRunner().invoke(
        main, ["build", "--submissions", str(few), "--out", str(tmp_path / "public")]
    )
    assert outcome.exit_code == 0
    assert outcome.output == (
        "Tatoeba\n"
        "rank  submission          regime   tasks  parameters  seeds            accuracy\n"
        "   1  Lodestar Base       none     –          85.6 M      1               46.64\n"
        "   –  Lodestar XL + MNLI  english  mnli       1.07 B      2  35 of 36 languages\n"
        "\n"
        "JupyterLab messages (demonstration, outside the benchmark)\n"
        "rank  submission     regime  tasks  parameters  seeds  accuracy\n"
        "   1  Lodestar Base  none    –          85.6 M      1     51.58\n"
        "\n"
        "not evaluated yet: beacon-b-english\n"
        "reported by others, never ranked: reported-lodestar-xxl\n"
        f"{tmp_path / 'public' / 'index.html'}\n"
    )


def test_build_exits_with_3_on_a_folder_that_is_not_a_site(tmp_path: Path) -> None:
    (tmp_path / "kept.txt").write_text("kept")
    outcome = CliRunner().invoke(
        main, ["build", "--submissions", str(SITE_SUBMISSIONS), "--out", str(tmp_path)]
    )
    assert (outcome.exit_code, (tmp_path / "kept.txt").read_text()) == (3, "kept")


def test_a_part_of_a_board_is_built_as_a_preview(tmp_path: Path) -> None:
    def build(*arguments: str) -> Result:
        return CliRunner().invoke(
            main,
            ["build", *arguments, "--submissions", str(SITE_SUBMISSIONS), "--out", str(tmp_path / "public")],
        )

    few = build("lodestar-xl-english", "--only", "beacon-*")
    assert few.exit_code == 0, few.output
    shown = {path.stem for path in (tmp_path / "public/submissions").glob("*.html")}
    beacons = {path.name for path in SITE_SUBMISSIONS.glob("beacon-*")}
    assert shown == {"lodestar-xl-english", *beacons}
    of = len(list(SITE_SUBMISSIONS.glob("*/submission.yaml")))
    note = f"A preview of {len(shown)} of {of} submissions"
    assert all(note in (tmp_path / f"public/{page}.html").read_text() for page in ("index", "about"))
    assert "matches no submission" in build("--only", "nothing-*").output
    assert "did you mean lodestar-xl-english" in build("lodestar-xl-englsh").output
    # What the whole board keeps in its cache is neither used nor forgotten.
    assert build().exit_code == 0
    assert "A preview of" not in (tmp_path / "public/index.html").read_text()


def build_for(address: str, out: Path) -> Result:
    return CliRunner().invoke(
        main, ["build", "--submissions", str(SITE_SUBMISSIONS), "--out", str(out), "--base-url", address]
    )


@pytest.mark.parametrize(
    "address",
    [
        "user.github.io/board",
        "javascript:alert(1)",
        "https://",
        "https://a.example/?x",
        "https://a.example/#x",
        "https://a.example/a board",
        " https://a.example",
        "https://a.example/\n",
        'https://a.example/"><script>alert(1)</script>',
        "https://a.example/<b>",
        "https://a.example/\u202ednuob",
        "https://a.example:port/",
        "https://a..example/",
    ],
)
def test_a_base_url_is_a_web_address(tmp_path: Path, address: str) -> None:
    outcome = build_for(address, tmp_path / "p")
    assert outcome.exit_code == 2
    assert "is not a web address" in outcome.output
    assert not (tmp_path / "p").exists()


@pytest.mark.parametrize("address", ["https://me:s3cret@a.example/", "https://s3cret@a.example/board"])
def test_a_password_in_a_base_url_is_refused_and_not_printed(tmp_path: Path, address: str) -> None:
    outcome = build_for(address, tmp_path / "p")
    assert outcome.exit_code == 2
    assert "an address with a name or a password would be published" in outcome.output
    assert "s3cret" not in outcome.output


@pytest.mark.parametrize(
    "address",
    ["", "https://user.github.io/board", "https://user.github.io/a_b-c/~d/", "http://localhost:8000"],
)
def test_an_address_that_people_have_is_taken(address: str) -> None:
    assert _web_address(click.Context(click.Command("x")), click.Option(["--base-url"]), address) == address


def test_serve_shows_the_site_and_builds_again_when_a_file_changes(tmp_path: Path) -> None:
    submissions = tmp_path / "submissions"
    shutil.copytree(SITE_SUBMISSIONS / "beacon-b-english", submissions / "beacon-b-english")
    options = ["--port", "0", "--submissions", str(submissions), "--out", str(tmp_path / "public")]
    code = "import sys; from harness.cli.main import main; main(sys.argv[1:], prog_name='stiltboard')"
    with subprocess.Popen(
        [sys.executable, "-uc", code, "serve", *options], stdout=subprocess.PIPE, text=True
    ) as server:
        try:
            assert server.stdout is not None
            found = re.match(r"http://127\.0\.0\.1:\d+/", server.stdout.readline())
            assert found is not None
            root = found[0]
            assert "Beacon Base" in read(root)
            with pytest.raises(urllib.error.HTTPError) as missing:
                read(f"{root}deep/nothing.html")
            assert (missing.value.code, b"Page not found" in missing.value.read()) == (404, True)
            missing.value.close()
            build = built(root)
            card = submissions / "beacon-b-english" / "submission.yaml"
            card.write_text(card.read_text().replace("Beacon Base", "Lighthouse"))
            deadline = time.monotonic() + 30
            while "Lighthouse" not in read(root) and time.monotonic() < deadline:
                time.sleep(0.2)
            assert "Lighthouse" in read(root)
            assert re.fullmatch(r"built again in [\d.]+ s\n", server.stdout.readline())
            assert build != (now := built(root)) and now in read(f"{root}.stiltboard/build.js?after={build}")
            assert built(f"{root}about.html") == built(f"{root}deep/nothing.html") == now
        finally:
            server.terminate()


def read(address: str) -> str:
    with urllib.request.urlopen(address, timeout=10) as answer:
        return str(answer.read().decode())


def built(address: str) -> str:
    """Return the build that a page watches from."""
    try:
        page = read(address)
    except urllib.error.HTTPError as missing:
        with missing:
            page = missing.read().decode()
    found = re.search(r'<script src="/\.stiltboard/reload\.js" data-build="([\d-]+)"></script></body>', page)
    assert found is not None
    return found[1]


def test_a_terminal_shows_the_best_and_counts_the_rest(capsys: pytest.CaptureFixture[str]) -> None:
    many = [entry(f"toy-{number:02}", {"de": number, "fi": number}) for number in range(1, 31)]
    waiting = [WholeEntry(f"waiting-{number:02}", submission(), ()) for number in range(27)]
    print_board(make_board([*many, *waiting], (PAIR,)))
    lines = capsys.readouterr().out.splitlines()
    ranking = [line for line in lines if "Toy-" in line]
    assert len(ranking) == 25
    assert ranking[0].endswith("30.00") and ranking[-1].endswith("6.00")
    assert lines[lines.index(ranking[-1]) + 1 :][:2] == ["and 5 more on the target's page", ""]
    assert lines[-1].endswith("waiting-24, and 2 more")
