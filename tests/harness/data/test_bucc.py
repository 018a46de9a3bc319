from __future__ import annotations

from pathlib import Path

import pytest

from harness.catalog import BY_NAME
from harness.data import load_examples
from harness.data.bucc import bucc2018, bucc2018_dev
from harness.errors import BadInput

FOREIGN = ["de-1\tDer Zug hält.", "de-2\tEs regnet.", "de-3\tDer Zug hält."]
ENGLISH = ["en-1\tThe train stops.", "en-2\tIt snows."]
GOLD = ["de-1\ten-1"]


def write_split(folder: Path, name: str, *, language: str = "de", gold: list[str] = GOLD) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for side, lines in ((language, FOREIGN), ("en", ENGLISH), ("gold", gold)):
        (folder / f"{language}-en.{name}.{side}").write_text("\n".join(lines) + "\n")


def test_both_layouts_give_one_record_and_one_fingerprint(tmp_path: Path) -> None:
    for split in ("dev", "test"):
        write_split(tmp_path / "xtreme/bucc2018", split)
    for split in ("sample", "training"):
        write_split(tmp_path / "laser/bucc2018/de-en", split)
    xtreme, laser = (bucc2018("de", tmp_path / layout) for layout in ("xtreme", "laser"))
    assert xtreme.splits == laser.splits
    assert xtreme.fingerprint == laser.fingerprint
    assert list(xtreme.splits) == ["dev", "test"]
    assert xtreme.splits["test"].foreign == {
        "de-1": "Der Zug hält.",
        "de-2": "Es regnet.",
        "de-3": "Der Zug hält.",
    }
    assert xtreme.splits["test"].gold == (("de-1", "en-1"),)
    assert list(xtreme.sides) == [
        "de side of the dev split",
        "en side of the dev split",
        "de side of the test split",
        "en side of the test split",
    ]


def test_gold_and_sentences_change_the_fingerprint(tmp_path: Path) -> None:
    write_split(tmp_path / "a/bucc2018", "dev")
    write_split(tmp_path / "b/bucc2018", "dev", gold=["de-2\ten-1"])
    assert bucc2018_dev("de", tmp_path / "a").fingerprint != bucc2018_dev("de", tmp_path / "b").fingerprint


def test_without_the_test_split_bucc_is_refused_and_the_cure_names_the_dev_target(tmp_path: Path) -> None:
    write_split(tmp_path / "bucc2018", "dev")
    with pytest.raises(
        BadInput,
        match=r"only the dev split of BUCC 2018 de-en.*\n    cure: .*-t bucc2018_dev \(oracle threshold\)",
    ):
        bucc2018("de", tmp_path)
    assert list(bucc2018_dev("de", tmp_path).splits) == ["dev"]
    with pytest.raises(BadInput, match="the dev split of BUCC 2018 fr-en is not in "):
        bucc2018_dev("fr", tmp_path)
    with pytest.raises(
        BadInput,
        match=r"cannot be read from the Hub: google/xtreme has its gold pairs without the other sentences",
    ):
        bucc2018("de", None)


def test_another_number_of_gold_pairs_than_the_official_one_is_refused(tmp_path: Path) -> None:
    write_split(tmp_path / "bucc2018", "dev")
    with pytest.raises(BadInput, match=r"bucc2018_dev de has 1 gold pairs in .*, the official set has 1,038"):
        load_examples(BY_NAME["bucc2018_dev"], "de", tmp_path)


@pytest.mark.parametrize(
    ("side", "line", "message"),
    [
        ("de", "no tab", r"de-en\.dev\.de:4: expected an id, a tab and a sentence"),
        ("de", "de-1\tagain", r"de-en\.dev\.de:4: the id 'de-1' occurs twice"),
        ("gold", "de-9\ten-1", r"de-en\.dev\.gold:2: the id 'de-9' is not among the sentences"),
        ("gold", "de-1", r"de-en\.dev\.gold:2: the id '' is not among the sentences"),
    ],
)
def test_a_malformed_line_is_named(tmp_path: Path, side: str, line: str, message: str) -> None:
    write_split(tmp_path / "bucc2018", "dev")
    with (tmp_path / f"bucc2018/de-en.dev.{side}").open("a") as file:
        file.write(line + "\n")
    with pytest.raises(BadInput, match=message):
        bucc2018_dev("de", tmp_path)


def test_a_missing_or_an_empty_file_of_a_split_is_named(tmp_path: Path) -> None:
    write_split(tmp_path / "bucc2018", "dev", gold=[])
    (tmp_path / "bucc2018/de-en.dev.gold").write_text("")
    with pytest.raises(BadInput, match="holds no gold pair"):
        bucc2018_dev("de", tmp_path)
    (tmp_path / "bucc2018/de-en.dev.gold").unlink()
    with pytest.raises(BadInput, match=r"de-en\.dev\.gold is missing in "):
        bucc2018_dev("de", tmp_path)


def test_test_sentences_without_their_gold_are_no_split(tmp_path: Path) -> None:
    """XTREME's download script deletes *.test.gold and keeps the sentences."""
    folder = tmp_path / "bucc2018"
    write_split(folder, "dev")
    write_split(folder, "test")
    (folder / "de-en.test.gold").unlink()
    with pytest.raises(BadInput) as caught:
        bucc2018("de", tmp_path)
    assert str(caught.value) == (
        f"{folder} holds only the dev split of BUCC 2018 de-en: de-en.test.gold is missing in {folder}\n"
        "    cure: get the training archive of the shared task, or score the dev split alone with -t bucc2018_dev (oracle threshold)"
    )
    write_split(folder / "de-en", "training", gold=["de-2\ten-1"])
    assert bucc2018("de", tmp_path).splits["test"].gold == (("de-2", "en-1"),)
    (folder / "de-en/de-en.training.gold").unlink()
    missing = (
        rf"de-en\.test\.gold is missing in {folder} and de-en\.training\.gold is missing in {folder}/de-en\n"
    )
    with pytest.raises(BadInput, match=missing):
        bucc2018("de", tmp_path)


@pytest.mark.parametrize("side", ["de", "en"])
def test_gold_without_one_side_is_an_error(tmp_path: Path, side: str) -> None:
    write_split(tmp_path / "bucc2018", "dev")
    write_split(tmp_path / "bucc2018", "test")
    write_split(tmp_path / "bucc2018", "training")
    (tmp_path / f"bucc2018/de-en.test.{side}").unlink()
    with pytest.raises(
        BadInput, match=rf"^de-en\.test\.{side} is missing in .*\n    cure: take all three files of the split"
    ):
        bucc2018("de", tmp_path)
