"""Disks that fill up, keys, signals and second evaluators: nothing lost, nothing half-written, and the message says what to do."""

from __future__ import annotations

import ctypes
import errno
import multiprocessing
import os
import random
import resource
import shutil
import signal
import sys
import time
from collections.abc import Callable
from contextlib import redirect_stderr
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest
from click.testing import CliRunner

from harness import store
from harness.cli.main import main
from harness.errors import CheckFailed
from site_gen.commands import build
from tests.support.pull_requests import measured
from tests.support.submissions import result_without_run, write_submission
from tests.support.toys import save_toy_encoder

# Children of a server that has imported everything start at once, and none of its threads is copied.
SERVER = multiprocessing.get_context("forkserver")
SERVER.set_forkserver_preload(
    ["harness.evaluation.story", "harness.models.encoder", "harness.kinds.registry", "harness.cli.evaluate"]
)
_CLONE_NEWNS = 0x20000


def _evaluate(cache: Path, log: Path, submission: Path, languages: tuple[str, ...]) -> None:
    """Be the command line in a process of its own; its standard error goes to a file."""
    os.environ |= {"STILTBOARD_CACHE": str(cache), "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
    signal.signal(
        signal.SIGINT, signal.default_int_handler
    )  # whoever starts the tests in the background has it ignored
    import harness.models.vector_cache

    harness.models.vector_cache._FLUSH_SECONDS = 0.0  # vectors reach the disk with every batch
    arguments = [
        "evaluate",
        submission.name,
        "-t",
        "jupyterlab",
        "--dtype",
        "float32",
        "--batch-tokens",
        "256",
    ]
    arguments += [word for language in languages for word in ("-l", language)]
    with log.open("w") as file, redirect_stderr(file):
        main([*arguments, "--submissions", str(submission.parent)])


@dataclass(frozen=True)
class Home:
    """A submission with a toy encoder, and the folder that holds it, its cache and its logs."""

    folder: Path

    @property
    def submission(self) -> Path:
        return self.folder / "submissions" / "toy"

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text()

    def start(self, *languages: str, log: str = "log") -> BaseProcess:
        arguments = (self.folder / "cache", self.folder / log, self.submission, languages)
        process = SERVER.Process(target=_evaluate, args=arguments)
        process.start()
        return process

    def run(self, *languages: str) -> int | None:
        return ended(self.start(*languages))

    def whole(self) -> None:
        """Hold that every file is whole and none is left over."""
        assert store.submission_faults(self.submission) == ()
        assert leftovers(self.folder) == []


def ended(process: BaseProcess) -> int | None:
    process.join(120)
    assert process.exitcode is not None
    return process.exitcode


def leftovers(folder: Path) -> list[str]:
    return [path.name for path in folder.rglob("*") if path.name.endswith((".partial", ".next", ".tmp"))]


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a submission that nothing was done with."""
    folder = write_submission(tmp_path_factory.mktemp("kept") / "toy")
    save_toy_encoder(folder / "weights")
    return folder


def new_home(folder: Path, kept: Path) -> Home:
    shutil.copytree(kept, folder / "submissions" / "toy")
    return Home(folder)


@pytest.fixture
def home(tmp_path: Path, kept: Path) -> Home:
    return new_home(tmp_path / "home", kept)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, kept: Path) -> tuple[str, str]:
    """Return what an evaluation of two languages leaves that nobody disturbs."""
    home = new_home(tmp_path_factory.mktemp("undisturbed") / "home", kept)
    assert home.run("it", "de") == 0
    return result_without_run(home.submission)


# ---- keys and signals --------------------------------------------------------------------------

WORDS = "what is finished is kept, and results are whole or not there; the same command goes on from it"


@pytest.mark.parametrize(
    ("number", "code", "said"),
    [
        pytest.param(signal.SIGINT, 130, "interrupted", marks=pytest.mark.slow),
        (signal.SIGTERM, 143, "terminated"),
    ],
)
def test_a_signal_ends_with_words_and_the_same_command_with_the_same_bytes(
    home: Home, undisturbed: tuple[str, str], number: signal.Signals, code: int, said: str
) -> None:
    process = home.start("it", "de")
    while not list(
        (home.folder / "cache" / "vectors").glob("*/[!.]*.safetensors")
    ):  # some of its vectors are on the disk
        assert process.exitcode is None
        time.sleep(0.01)
    assert process.pid is not None
    os.kill(process.pid, number)
    assert ended(process) == code
    assert home.log.endswith(f"error: {said}\n    cure: {WORDS}\n")
    assert leftovers(home.folder) == []
    assert not (home.submission / "results").exists()
    assert home.run("it", "de") == 0
    assert " 0 of them in the cache" not in home.log
    assert result_without_run(home.submission) == undisturbed
    home.whole()


@pytest.mark.slow
def test_signals_at_any_moment_leave_nothing_half_written(
    home: Home, kept: Path, undisturbed: tuple[str, str]
) -> None:
    chance = random.Random(3)
    for number in range(40):
        shutil.rmtree(home.folder)
        new_home(home.folder, kept)
        sent = (signal.SIGINT, signal.SIGTERM)[number % 2]
        process = home.start("it", "de")
        time.sleep(chance.uniform(0.05, 0.9))
        if process.pid is not None and process.is_alive():
            os.kill(process.pid, sent)
        code = ended(process)
        # Before the command has begun to listen the signal ends Python itself.
        assert code in (0, 1, 128 + sent, -sent), home.log
        assert leftovers(home.folder) == []
        assert store.submission_faults(home.submission) == ()
        assert home.run("it", "de") == 0, home.log
        assert result_without_run(home.submission) == undisturbed
        home.whole()


def _disturbed(home: Home, kept: Path, rounds: int, seed: int) -> set[tuple[str, str]]:
    """Let two evaluators work on one submission, of which a third is killed, and return what each round ends with."""
    chance, outcomes = random.Random(seed), set()
    for number in range(rounds):
        shutil.rmtree(home.folder)
        new_home(home.folder, kept)
        pair = [
            home.start(*languages, log=f"log{which}")
            for which, languages in enumerate([("it", "de"), ("de", "it")])
        ]
        killed = number % 3 == 1
        if killed:
            time.sleep(chance.uniform(0, 0.6))
            pair[0].kill()
        codes = [ended(process) for process in pair]
        assert codes[1] == 0, (home.folder / "log1").read_text()
        assert codes[0] in ((0, -signal.SIGKILL) if killed else (0,)), (home.folder / "log0").read_text()
        outcomes.add(result_without_run(home.submission))
        if not killed:
            home.whole()
    return outcomes


def test_two_evaluators_on_one_submission_end_with_the_bytes_of_one(
    home: Home, kept: Path, undisturbed: tuple[str, str]
) -> None:
    assert _disturbed(home, kept, rounds=3, seed=1) == {undisturbed}


@pytest.mark.slow
def test_two_evaluators_on_one_submission_for_a_hundred_rounds(
    home: Home, kept: Path, undisturbed: tuple[str, str]
) -> None:
    assert _disturbed(home, kept, rounds=100, seed=2) == {undisturbed}


# ---- full disks --------------------------------------------------------------------------------


def small_disk(place: Path, act: Callable[..., None], *arguments: object) -> int | None:
    """Run a function in a process that alone sees a disk of 1 MiB at `place`; skip where that is not allowed."""
    place.mkdir()
    process = SERVER.Process(target=_on_small_disk, args=(place, act, arguments))
    process.start()
    code = ended(process)
    if code == 77:
        pytest.skip("a tmpfs may not be mounted here; the test with a limit on file sizes does the same")
    return code


def _on_small_disk(place: Path, act: Callable[..., None], arguments: tuple[object, ...]) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_CLONE_NEWNS) or libc.mount(
        b"none", b"/", None, 0x44000, None
    ):  # its own mounts, told to nobody
        sys.exit(77)
    if libc.mount(b"tmpfs", str(place).encode(), b"tmpfs", 0, b"size=1m"):
        sys.exit(77)
    act(place, *arguments)


def fill(place: Path, free: int) -> None:
    """Leave so many free bytes."""
    (place / "filler").unlink(missing_ok=True)
    room = os.statvfs(place).f_bavail * os.statvfs(place).f_frsize
    (place / "filler").write_bytes(b"x" * max(0, room - free))


def _results_at_every_size(place: Path) -> None:
    """Write a result over another one with 0, 1, 2 … free pages: the old pair or the new one is there, whole."""
    old, new = measured("toy", draw=1), measured("toy", ("fi", "it", "de"), draw=2)
    folder = place / "toy"
    folder.mkdir()
    path = store.write_result(folder, *old)
    before, refused = path.read_bytes(), 0
    for pages in range(8):
        fill(place, pages * 4096)
        try:
            store.write_result(folder, *new)
        except CheckFailed as reason:
            refused += 1
            assert "cannot be written: No space left on device" in str(reason)
            assert (
                reason.faults[0].cure
                == "free space, or make the folder writable; what was there is kept, and the same command goes on"
            )
            assert path.read_bytes() == before
        found = store.load_result(path)
        store.load_outcomes(path, found)
        assert leftovers(folder) == []
        (place / "filler").unlink()
        store.write_result(folder, *old)
    assert 0 < refused < 8
    store.write_result(folder, *new)
    assert store.load_result(path).measured == 3


def test_a_result_on_a_disk_that_fills_up_is_the_old_one_or_the_new_one(tmp_path: Path) -> None:
    assert small_disk(tmp_path / "disk", _results_at_every_size) == 0


def _evaluate_on(place: Path, kept: Path, out: Path, free: int) -> None:
    """Evaluate where vectors or results do not fit, then with room, and copy out what came of it."""
    home = new_home(place / "home", kept)
    fill(place, free)
    try:
        _evaluate(home.folder / "cache", out / "first", home.submission, ("it", "de"))
    except SystemExit as end:
        (out / "code").write_text(str(end.code))
    (out / "leftovers").write_text(" ".join(leftovers(home.folder)))
    (place / "filler").unlink()
    try:
        _evaluate(home.folder / "cache", out / "second", home.submission, ("it", "de"))
    except SystemExit as end:
        assert not end.code, (out / "second").read_text()
    home.whole()
    shutil.copytree(home.submission / "results", out / "results")


@pytest.mark.parametrize("free", [8 * 1024, 40 * 1024, 200 * 1024])
def test_an_evaluation_on_a_full_disk_says_so_and_goes_on_once_there_is_room(
    tmp_path: Path, kept: Path, undisturbed: tuple[str, str], free: int
) -> None:
    assert small_disk(tmp_path / "disk", _evaluate_on, kept, tmp_path, free) == 0
    said = (tmp_path / "first").read_text()
    assert (tmp_path / "code").read_text() == "3"
    assert "No space left on device" in said
    assert "cure: free space" in said
    assert "Traceback" not in said
    assert (tmp_path / "leftovers").read_text() == ""
    assert result_without_run(tmp_path) == undisturbed


def _limited(folder: Path, limit: int) -> None:
    """Write results with a limit on the size of files, which everybody may set: the error is a full disk's sister."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    path = folder / "results" / "jupyterlab.yaml"
    before = path.read_bytes()
    with pytest.raises(CheckFailed, match="cannot be written: File too large"):
        store.write_result(folder, *measured("toy", ("fi", "it", "de"), draw=2))
    assert path.read_bytes() == before
    store.load_outcomes(path, store.load_result(path))
    assert leftovers(folder) == []
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    store.write_result(folder, *measured("toy", ("fi", "it", "de"), draw=2))


@pytest.mark.parametrize("limit", [0, 512, 1800])
def test_a_file_that_may_not_grow_leaves_the_old_result(tmp_path: Path, limit: int) -> None:
    folder = tmp_path / "toy"
    folder.mkdir()
    store.write_result(folder, *measured("toy", draw=1))
    process = SERVER.Process(target=_limited, args=(folder, limit))
    process.start()
    assert ended(process) == 0
    assert store.load_result(folder / "results" / "jupyterlab.yaml").measured == 3


# ---- any command -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "code", "said", "advice"),
    [
        (
            OSError(errno.ENOSPC, "No space left on device", "/disk/x"),
            3,
            "/disk/x: No space left on device",
            "free space; ",
        ),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), 3, "Disk quota exceeded", "free space; "),
        (
            PermissionError(errno.EACCES, "Permission denied", "/disk/x"),
            3,
            "/disk/x: Permission denied",
            "give this account the right to it, or name another place; ",
        ),
        (KeyboardInterrupt(), 130, "interrupted", ""),
    ],
)
def test_every_command_says_what_to_do_when_it_is_ended(
    error: BaseException, code: int, said: str, advice: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def end(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(build, "build", end)
    before = signal.getsignal(signal.SIGTERM)
    answer = CliRunner().invoke(
        main, ["build", "--out", str(tmp_path / "public"), "--submissions", str(tmp_path)]
    )
    kept = "the site is the old one or the new one, whole; run the same command again"
    assert answer.exit_code == code
    assert answer.stderr == f"error: {said}\n    cure: {advice}{kept}\n"
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_defect_shows_its_traceback_and_how_to_report_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError("of ours")

    monkeypatch.setattr(build, "build", fail)
    answer = CliRunner().invoke(
        main, ["build", "--out", str(tmp_path / "public"), "--submissions", str(tmp_path)]
    )
    assert answer.exit_code == 70
    assert "Traceback" in answer.stderr and "of ours" in answer.stderr
    assert answer.stderr.splitlines()[-1].startswith("error: this is a defect of stiltboard")
