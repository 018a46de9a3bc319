"""Results that were measured: of a table of sentences, and of an encoder that reads letters."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import harness
from harness.catalog import find_target
from harness.data import load_examples
from harness.evaluation.story import Options
from tests.support.submissions import write_submission
from tests.support.toys import save_learnt_table, save_letter_encoder

LANGUAGES = ("de", "it")


@pytest.fixture(scope="package")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return submissions with results of a table, and of an encoder that reads letters, in two languages."""
    root = tmp_path_factory.mktemp("verified")
    found = [load_examples(find_target("jupyterlab"), language) for language in LANGUAGES]
    pairs = [pair for each in found for pair in zip(each.foreign, each.english, strict=True)]  # type: ignore[attr-defined]
    for name in ("table", "words"):
        folder = write_submission(root / name, layer="0")
        (folder / "weights").mkdir()
    save_learnt_table(root / "table" / "weights", pairs)
    save_letter_encoder(root / "words" / "weights", [text for pair in pairs for text in pair])
    for name in ("table", "words"):
        harness.evaluate(
            root / name, ["jupyterlab"], LANGUAGES, Options(dtype="float32", cache=root / "cache")
        )
    return root


@pytest.fixture
def words(tmp_path: Path, measured: Path) -> Path:
    return Path(shutil.copytree(measured / "words", tmp_path / "words"))
