"""What lies around after a run, or on somebody's disk: `validate` and `build` pass it by."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from harness import store
from harness.store import find_submissions
from site_gen.reading.entries import gather
from tests.legitimate.results import accepted
from tests.legitimate.setting import Case, Setting
from tests.support.pull_requests import about, measured, written

SLUG = "mine"


def after(change: Callable[[Path], object]) -> Case:
    """Return a case: a submission with a result after a change of its folder, alone on its board."""

    def case(setting: Setting) -> None:
        folder = setting.folder / "submissions" / SLUG
        for path, data in written(setting.folder / "made", *measured(SLUG)).items():
            file = setting.folder / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(data)
        (folder / "submission.yaml").write_bytes(about(SLUG, "ada"))
        change(folder)
        accepted(folder)
        assert find_submissions(folder.parent) == (SLUG,)
        assert [entry.slug for entry in gather(folder.parent)] == [SLUG]

    return case


def left(*names: str, data: bytes = b"\0\xff") -> Case:
    """Return the case of further files, by their names in the submission's folder or above it."""

    def change(folder: Path) -> None:
        for name in names:
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_bytes(data)

    return after(change)


def edited(name: str, change: Callable[[bytes], bytes]) -> Case:
    return after(lambda folder: (folder / name).write_bytes(change((folder / name).read_bytes())))


def _killed_before_the_result(folder: Path) -> None:
    """Leave what a run does that is killed between its two files: the next one removes it."""
    (folder / "results/.jupyterlab.parquet.next").write_bytes(b"half of it")
    (folder / "results/..jupyterlab.parquet.next.partial").write_bytes(b"half of it")
    with store.results_lock(folder):
        assert not (folder / "results/.jupyterlab.parquet.next").exists()


def _killed_after_the_result(folder: Path) -> None:
    """Leave the outcomes under the name that they have until the result is in place."""
    (folder / "results/jupyterlab.parquet").rename(folder / "results/.jupyterlab.parquet.next")
    with store.results_lock(folder):
        pass


CASES: dict[str, Case] = {
    "a killed run's leftovers": after(_killed_before_the_result),
    "a killed run's finished outcomes": after(_killed_after_the_result),
    "a lock of an earlier run": left(".results.lock", data=b""),
    "files of macOS, Windows and editors": left(".DS_Store", "results/.DS_Store", "../.DS_Store", "../Thumbs.db", ".submission.yaml.swp", "submission.yaml~"),
    "a README next to the submissions": left("../README.md", "README.md"),
    "a notebook's folder of checkpoints": left("../.ipynb_checkpoints/submission.yaml", data=b"[not YAML"),
    "weights in the submission's folder": left("weights/config.json", "weights/model.safetensors"),
    "comments in the submission": edited("submission.yaml", lambda data: b"# mine\n\n" + data.replace(b"\n", b"  # a comment\n", 1)),
    "no line's end at the end": edited("submission.yaml", lambda data: data.rstrip(b"\n")),
    "blank lines at the end": edited("submission.yaml", lambda data: data + b"\n\n"),
    "a document's begin": edited("submission.yaml", lambda data: b"---\n" + data),
}  # fmt: skip
