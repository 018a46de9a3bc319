from __future__ import annotations

import hashlib
import importlib
import multiprocessing
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.errors import BadInput, MissingExtra, Unreachable
from harness.object_store import DigestStore, OtherContent
from harness.records.outcome_settings import kept_name
from tests.support.folders import ROOT

DATA = b"the outcome of every example"
DIGEST = hashlib.sha256(DATA).hexdigest()
LIMIT = 1000


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("STILTBOARD_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    folder = tmp_path / "place"
    folder.mkdir()
    return folder


def fault(read: Callable[[], object], kind: type[BadInput]) -> str:
    with pytest.raises(BadInput) as caught:
        read()
    assert type(caught.value) is kind
    return str(caught.value)


def test_a_file_is_written_listed_and_read_and_then_not_asked_for_again(place: Path, cache: Path) -> None:
    store = DigestStore(str(place), 1)
    store.write(DIGEST, DATA)
    assert [path.relative_to(place).as_posix() for path in place.rglob("*") if path.is_file()] == [
        kept_name(DIGEST)
    ]
    assert store.sizes() == {DIGEST: len(DATA)}
    assert not store.holds(DIGEST)
    assert store.read(DIGEST, LIMIT, "") == DATA
    (place / kept_name(DIGEST)).unlink()
    assert store.holds(DIGEST)
    assert store.path(DIGEST, LIMIT, "").read_bytes() == DATA
    assert store.path(DIGEST, LIMIT, "").is_relative_to(cache / "outcomes")


def test_a_damaged_file_of_the_cache_is_fetched_again(place: Path) -> None:
    store = DigestStore(str(place), 1)
    store.write(DIGEST, DATA)
    store.path(DIGEST, LIMIT, "").write_bytes(b"damaged")
    assert store.read(DIGEST, LIMIT, "") == DATA


def test_missing_other_and_endless_content_is_named_and_never_kept(place: Path) -> None:
    store = DigestStore(str(place), 1)
    read = lambda: store.read(DIGEST, LIMIT, "push it")  # noqa: E731
    assert fault(read, OtherContent) == (
        f"the outcomes with sha256 {DIGEST} are not in {place}: nothing can be verified\n    cure: push it"
    )
    file = place / kept_name(DIGEST)
    file.parent.mkdir()
    for content, found in (
        (b"other", f"sha256 {hashlib.sha256(b'other').hexdigest()}"),
        (bytes(5000), "more than 1,000 bytes"),
    ):
        file.write_bytes(content)
        assert fault(read, OtherContent) == (
            f"{place}/{kept_name(DIGEST)} has other content: the result names sha256 {DIGEST}, found {found}\n    cure: push it"
        )
    assert not store.holds(DIGEST)


def test_a_place_that_is_gone_is_not_a_file_that_is_missing(tmp_path: Path) -> None:
    store = DigestStore(str(tmp_path / "gone"), 1)
    message = f"{tmp_path}/gone: there is no such folder\n    cure: correct where: under outcomes: in stiltboard.yaml, or bring it back"
    assert fault(lambda: store.read(DIGEST, LIMIT, ""), Unreachable) == message
    assert fault(store.sizes, Unreachable) == message


def test_what_the_system_refuses_is_named(place: Path) -> None:
    (place / DIGEST[:2]).touch()
    message = fault(lambda: DigestStore(str(place), 1).write(DIGEST, DATA), Unreachable)
    assert message.startswith(f"{place}/{kept_name(DIGEST)} cannot be written: ")
    assert "the folder's rights" in message


def _read(where: str) -> bool:
    return DigestStore(where, 1).read(DIGEST, LIMIT, "") == DATA


def test_several_processes_fill_one_cache(place: Path) -> None:
    DigestStore(str(place), 1).write(DIGEST, DATA)
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        assert all(pool.map(_read, [str(place)] * 4))


def test_a_missing_package_is_named_with_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "s3fs", None)
    # Other tests of this process may have opened a bucket.
    monkeypatch.delitem(importlib.import_module("fsspec.registry")._registry, "s3", raising=False)
    with pytest.raises(MissingExtra) as caught:
        DigestStore("s3://bucket/prefix", 1).sizes()
    message, _, cure = str(caught.value).partition("\n")
    assert message == "s3://bucket/prefix needs the package 's3fs', which is not installed"
    assert "outcomes]" in cure


def test_nothing_of_fsspec_is_imported_without_the_setting() -> None:
    code = (
        "import sys\nfrom click.testing import CliRunner\nfrom harness.cli.main import main\n"
        "done = CliRunner().invoke(main, ['diff', 'me5-small-l9', 'me5-small-l12'])\nassert done.exit_code == 0, done.output\n"
        "print([name for name in sys.modules if name.partition('.')[0] in ('fsspec', 's3fs', 'aiobotocore')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout == "[]\n"
