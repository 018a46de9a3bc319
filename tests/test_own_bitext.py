from __future__ import annotations

from pathlib import Path

import pytest

from harness.data.own_bitext import languages_in, own_bitext
from harness.errors import BadInput


def write(folder: Path, **files: list[str]) -> Path:
    for name, lines in files.items():
        (folder / name.replace("__", "-").replace("_", ".")).write_text("".join(line + "\n" for line in lines))
    return folder


def test_lasers_naming_and_tsv_give_the_same_pairs(tmp_path: Path) -> None:
    laser, tsv = tmp_path / "laser", tmp_path / "tsv"
    laser.mkdir()
    tsv.mkdir()
    write(laser, news_deu__eng_deu=["eins", "zwei"], news_deu__eng_eng=["one", "two"], news_de__fr_de=["ja"], news_de__fr_fr=["oui"])
    write(tsv, de_tsv=["eins\tone", "zwei\ttwo"], de__fr_tsv=["ja\toui"])
    for folder in (laser, tsv):
        assert languages_in(folder) == ("de", "de-fr")
        bitext = own_bitext("de", folder)
        assert (bitext.foreign, bitext.english, bitext.pivot) == (("eins", "zwei"), ("one", "two"), "en")
        pair = own_bitext("de-fr", folder)
        assert pair.sides == {"de side": ("ja",), "fr side": ("oui",)}
    assert own_bitext("de", laser).fingerprint == own_bitext("de", tsv).fingerprint


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, r"holds no parallel files\n    cure: NAME\.de-en\.de with NAME\.de-en\.en"),
        ({"x_de__en_de": ["eins"]}, r"x\.de-en\.en is missing beside x\.de-en\.de"),
        ({"x_de__en_de": ["eins"], "x_de__en_en": ["one", "two"]}, r"x\.de-en\.de has 1 lines, x\.de-en\.en has 2"),
        ({"de_tsv": ["eins"]}, r"de\.tsv:1: expected two columns, found 1"),
        ({"de_tsv": ["eins\tone", "zwei\t "]}, r"de\.tsv:2: an empty sentence has no translation"),
        ({"de_tsv": []}, "holds no sentence"),
        ({"a_de_tsv": ["eins\tone"], "b_de_tsv": ["eins\tone"]}, r"a\.de\.tsv and b\.de\.tsv are both for de"),
    ],
)
def test_files_that_cannot_be_meant_are_named(tmp_path: Path, files: dict[str, list[str]], message: str) -> None:
    write(tmp_path, **files)
    with pytest.raises(BadInput, match=message):
        own_bitext("de", tmp_path)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no folder"):
        languages_in(tmp_path / "nowhere")
