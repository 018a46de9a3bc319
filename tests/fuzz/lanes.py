"""What each lane reads an example with: the very functions that commands read such files with.

A lane is set up once in its worker process, reads sound examples (so that all imports and caches are in memory before
memory is measured), and then tells of each example whether it was accepted. A refusal is returned, or raised as
BadInput; anything else is a finding.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

Read = Callable[[Any], bool]


def outcomes(folder: Path) -> Read:
    """Read a submission with one result: as `validate` and `review` do, and as `build` does."""
    from harness.catalog import BY_NAME
    from harness.errors import BadInput
    from harness.store import submission_faults
    from site_gen.reading.entries import read_entry
    from tests.fuzz import parquet
    from tests.support.pull_requests import about

    for name in parquet.NAMES:  # the examples are few, so that a second is enough for many of them
        BY_NAME[name] = BY_NAME[name].model_copy(update={"sizes": {}})
    home = folder / parquet.SLUG
    (home / "results").mkdir(parents=True, exist_ok=True)
    (home / "submission.yaml").write_bytes(about(parquet.SLUG, "ada"))

    def read(example: parquet.Example) -> bool:
        for path in (home / "results").iterdir():
            path.unlink()
        (home / f"results/{example.target}.yaml").write_bytes(example.result)
        (home / f"results/{example.target}.parquet").write_bytes(example.outcomes)
        faults = submission_faults(home)
        try:
            read_entry(home, paired=True)
        except BadInput as error:
            if not faults:
                raise AssertionError(f"validate accepts what build refuses: {error}") from error
        if faults:
            raise BadInput(faults)
        return True

    for example in parquet.sound_examples():
        assert read(example)
    return read


def headers(folder: Path) -> Read:
    """Fetch and verify a checkpoint as an evaluation does, and open its weights."""
    from harness.models.loading import open_model
    from harness.models.transformers_errors import opening

    def read(files: Mapping[str, bytes]) -> bool:
        checkpoint = _fetched(folder, files)
        with opening(checkpoint.source):
            open_model(checkpoint, "float32", "cpu")
        return True

    assert read(_toy(folder))
    return read


def tokenizers(folder: Path) -> Read:
    """Fetch and verify a checkpoint, open it as an evaluation does, and encode a few texts."""
    from harness.errors import BadInput, naming_failures
    from harness.models.encoder import Encoder
    from harness.records import Pooling, View
    from tests.fuzz import checkpoints

    texts = ["the cat sleeps", "a" * 300, "Ａ ﬁ é 😀 漢字 ا", "\0\u202e\ufffd x"]

    def read(files: Mapping[str, bytes]) -> bool:
        checkpoint = _fetched(folder, files)
        encoder = Encoder(checkpoint, [View(1, Pooling.MEAN)], max_length=16, dtype="float32", device="cpu")
        with naming_failures(
            f"{checkpoint.source} cannot encode the texts", BadInput
        ):  # as an evaluation does
            report = encoder.encode(texts, sink=lambda *_: None)
        return not report.failed

    for files in checkpoints.variants(_toy(folder)).values():
        assert read(files)
    return read


def _toy(folder: Path) -> dict[str, bytes]:
    """Return the files of the toy encoder, which the lane's first step put next to its folder."""
    return {path.name: path.read_bytes() for path in (folder / "toy").iterdir()}


def _fetched(folder: Path, files: Mapping[str, bytes]) -> Any:
    from harness.models.checkpoint import fetch
    from harness.records import Checkpoint

    weights = folder / "submission/weights"
    shutil.rmtree(weights, ignore_errors=True)
    weights.mkdir(parents=True)
    for name, data in files.items():
        (weights / name).write_bytes(data)
    return fetch(Checkpoint(path="weights"), folder / "submission", folder / "cache")


def records(_folder: Path) -> Read:
    """Parse a record of any kind."""
    from harness.store import parse_result, parse_submission, parse_verification
    from harness.store.board_settings import parse_board_settings
    from harness.store.notices import parse_notices, parse_tombstone
    from harness.store.side_files import SWEEPS
    from harness.store.training import load_recipe, parse_training
    from tests.fuzz import records as files

    recipe = _folder / "recipe.yaml"

    def load(data: bytes) -> object:
        recipe.write_bytes(data)
        return load_recipe(recipe)

    parsers: dict[str, Callable[[bytes], object]] = {
        "submission": lambda data: parse_submission(data, "submission.yaml"),
        "result": lambda data: parse_result(data, "result.yaml"),
        "sweep": lambda data: SWEEPS.parse(data, "sweep.yaml", files.SLUG, files.TARGET),
        "training": lambda data: parse_training(data, "training.yaml", files.SLUG),
        "verification": lambda data: parse_verification(data, "verification.yaml", files.SLUG),
        "recipe": load,
        "notices": lambda data: parse_notices(data, "notices.yaml", files.SLUG),
        "tombstone": lambda data: parse_tombstone(data, "tombstone.yaml", files.SLUG),
        "settings": lambda data: parse_board_settings(data, "stiltboard.yaml"),
    }

    def read(example: files.Example) -> bool:
        parsers[example.kind](example.data)
        return True

    for example in files.sound_examples():
        assert read(example)
    return read


def trees(folder: Path) -> Read:
    """Review a pull request, list its changes, and read its submission for a comparison."""
    from harness.errors import BadInput
    from harness.review import Verdict, markdown, review
    from harness.store.revisions import changed_submissions, load_side_at
    from tests.fuzz.git_objects import Example, Store
    from tests.support.pull_requests import git

    repository = folder / "repository"
    base = git(repository, "rev-parse", "main")
    store = Store(repository)
    submissions = repository / "submissions"

    def read(example: Example) -> bool:
        try:
            head = store.commit(example, base)
            judged = review(base, head, submissions, actor="ada")
            text = markdown(judged)
            assert all(line.isprintable() for line in text.splitlines())
            for further in (
                lambda: changed_submissions(f"{base}..{head}", submissions),
                lambda: load_side_at(head, "new", submissions),
            ):
                with suppress(BadInput):
                    further()
            return judged.verdict is not Verdict.REFUSED
        finally:
            store.clear()

    return read


def faulty(_folder: Path) -> Read:
    """Do what no reader may, as an example says: the supervisor is tested with this lane."""
    import os
    import time

    from harness.errors import BadInput

    def read(example: str) -> bool:
        match example:
            case "raise":
                raise KeyError(example)
            case "panic":
                raise BaseException(example)
            case "hang":
                time.sleep(60)
            case "loop":
                while True:
                    pass
            case "die":
                os._exit(7)
            case "fill":
                return len(b"x" * (9 * 2**27)) > 0
            case "escape":
                raise BadInput("found \x1b[31m", cure="leave it out")
            case "refuse":
                raise BadInput("found nothing", cure="write something")
        return True

    return read


LANES: dict[str, Callable[[Path], Read]] = {
    "outcomes": outcomes,
    "headers": headers,
    "tokenizers": tokenizers,
    "records": records,
    "trees": trees,
    "faulty": faulty,
}
