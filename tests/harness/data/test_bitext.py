from __future__ import annotations

from pathlib import Path

import pytest

from harness.catalog import BY_NAME
from harness.data import load_examples
from harness.data.bitext import Bitext, bitext_from_hub, tatoeba_from_folder
from harness.errors import BadInput, Unreachable
from harness.records import HubBitext, Target
from tests.support.hub_layout import data_set
from tests.support.hub_server import HubServer

GERMAN = ["Der Zug fährt heute nicht.", "Wo ist\u2028der Schlüssel?", "", "Ein Satz mit  zwei Leerzeichen. "]
ENGLISH = ["The train does not run today.", "Where is\u2028the key?", "", "A sentence with  two spaces. "]


def write_lines(path: Path, lines: list[str], end: str = "\n") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(("\n".join(lines) + end).encode())


@pytest.fixture
def laser(tmp_path: Path) -> Path:
    write_lines(tmp_path / "tatoeba/v1/tatoeba.deu-eng.deu", GERMAN)
    write_lines(tmp_path / "tatoeba/v1/tatoeba.deu-eng.eng", ENGLISH)
    return tmp_path / "tatoeba"


TATOEBA = BY_NAME["tatoeba"].hub
assert TATOEBA


@pytest.fixture
def sentences(hub: HubServer) -> HubBitext:
    """Serve Tatoeba's German sentences as the Hub has them."""
    columns = {
        "source_sentence": [f"{text}\n" for text in GERMAN],
        "target_sentence": [f"{text}\n" for text in ENGLISH],
        "source_lang": ["deu"] * 4,
        "target_lang": ["eng"] * 4,
    }
    hub.add("google/xtreme", data_set({"tatoeba.deu": {"validation": columns}}), "datasets")
    return TATOEBA


@pytest.fixture
def pinned(hub: HubServer, sentences: HubBitext) -> HubBitext:
    """Return the entry with the commit that the stand-in has."""
    return sentences.model_copy(update={"revision": hub.repositories["datasets", "google/xtreme"].commit})


def target_on(hub: HubBitext) -> Target:
    """Return a target that is one entry of the catalog: nothing but the entry says how it is loaded."""
    changes = {
        "name": "harbour",
        "title": "Harbour",
        "languages": ("de",),
        "sizes": {"de": 4},
        "hub": hub,
        "file_layout": "",
    }
    return BY_NAME["tatoeba"].model_copy(update=changes)


def test_a_target_on_the_hub_is_one_entry(pinned: HubBitext, tmp_path: Path) -> None:
    examples = load_examples(target_on(pinned), "de")
    assert (examples.sides["de side"], examples.source) == (
        tuple(GERMAN),
        f"{pinned.repository} tatoeba.deu",
    )
    write_lines(tmp_path / "harbour/notes.de-en.de", GERMAN[:2])
    write_lines(tmp_path / "harbour/notes.de-en.en", ENGLISH[:2])
    with pytest.raises(BadInput, match=r"harbour de has 2 pairs in .*the official set has 4"):
        load_examples(target_on(pinned), "de", tmp_path)
    small = target_on(pinned).model_copy(update={"languages": ("de", "fr"), "sizes": {}})
    assert load_examples(small, "de", tmp_path).sides["de side"] == tuple(GERMAN[:2])
    with pytest.raises(BadInput, match=r"has no files for 'fr', only for de\n    cure: add them"):
        load_examples(small, "fr", tmp_path)


def test_a_column_that_is_not_there_is_named(pinned: HubBitext) -> None:
    other = pinned.model_copy(update={"foreign": "sentence_{code}"})
    with pytest.raises(BadInput, match=r"tatoeba\.deu has no column 'sentence_deu', only source_sentence, "):
        load_examples(target_on(other), "de")


def test_hub_and_folder_give_one_record_and_one_fingerprint(laser: Path, sentences: HubBitext) -> None:
    from_folder, from_hub = tatoeba_from_folder("de", laser), bitext_from_hub("de", sentences)
    assert (
        (from_folder.foreign, from_folder.english)
        == (tuple(GERMAN), tuple(ENGLISH))
        == (from_hub.foreign, from_hub.english)
    )
    assert from_folder.fingerprint == from_hub.fingerprint


def test_a_pinned_commit_is_read_whatever_the_hub_has_now(hub: HubServer, pinned: HubBitext) -> None:
    assert bitext_from_hub("de", pinned).foreign == tuple(GERMAN)
    assert not [request for request in hub.requests if "main" in request]
    gone = pinned.model_copy(update={"revision": "0" * 40})
    with pytest.raises(
        BadInput, match=r"the Hub has no such revision: google/xtreme@0{40}.*\n    cure: .*--data DIR"
    ):
        bitext_from_hub("de", gone)


def test_a_folder_of_the_repositorys_name_is_never_read(
    hub: HubServer, sentences: HubBitext, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = {"source_sentence": ["falsch"] * 4, "target_sentence": ["wrong"] * 4}
    for name, content in data_set({"tatoeba.deu": {"validation": other}}).items():
        path = tmp_path / "working/google/xtreme" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    monkeypatch.chdir(tmp_path / "working")
    assert bitext_from_hub("de", sentences).foreign == tuple(GERMAN)
    hub.repositories.clear()
    with pytest.raises(BadInput, match=r"the Hub has no repository of google/xtreme tatoeba\.fra"):
        bitext_from_hub("fr", sentences)


def test_without_the_network_rows_that_were_prepared_before_are_read(
    hub: HubServer, sentences: HubBitext, monkeypatch: pytest.MonkeyPatch
) -> None:
    bitext_from_hub("de", sentences)
    requests = len(hub.requests)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("datasets.config.HF_HUB_OFFLINE", True)
    assert bitext_from_hub("de", sentences).foreign == tuple(GERMAN)
    assert len(hub.requests) == requests


def test_the_files_may_lie_in_the_folder_itself_and_lack_the_last_newline(tmp_path: Path) -> None:
    write_lines(tmp_path / "tatoeba.deu-eng.deu", GERMAN[:2], end="")
    write_lines(tmp_path / "tatoeba.deu-eng.eng", ENGLISH[:2])
    assert tatoeba_from_folder("de", tmp_path).foreign == tuple(GERMAN[:2])


def test_the_fingerprint_covers_order_sides_and_every_character() -> None:
    base = Bitext("de", ("a", "b"), ("c", "d"), "here")
    assert base.fingerprint == Bitext("de", ("a", "b"), ("c", "d"), "elsewhere").fingerprint
    others = [
        (("b", "a"), ("d", "c")),
        (("c", "d"), ("a", "b")),
        (("a", "b "), ("c", "d")),
        (("a\tc", "b"), ("", "d")),
    ]
    assert base.fingerprint not in {
        Bitext("de", foreign, english, "here").fingerprint for foreign, english in others
    }


def test_xtremes_preprocessed_folder_is_refused_with_the_reason(tmp_path: Path) -> None:
    write_lines(tmp_path / "de-en.de", GERMAN)
    write_lines(tmp_path / "de-en.en", sorted(ENGLISH))
    with pytest.raises(
        BadInput,
        match="XTREME's preprocessed Tatoeba: its English side is sorted and the alignment with de is lost",
    ):
        tatoeba_from_folder("de", tmp_path)


def test_sides_of_different_length_a_missing_file_and_bad_bytes_are_named(laser: Path) -> None:
    with pytest.raises(
        BadInput, match=r"Tatoeba's tatoeba\.fra-eng\.fra and tatoeba\.fra-eng\.eng are not in "
    ):
        tatoeba_from_folder("fr", laser)
    write_lines(laser / "v1/tatoeba.deu-eng.eng", ENGLISH[:3])
    with pytest.raises(BadInput, match=r"tatoeba\.deu-eng\.deu has 4 lines, tatoeba\.deu-eng\.eng has 3"):
        tatoeba_from_folder("de", laser)
    (laser / "v1/tatoeba.deu-eng.eng").write_bytes(b"fine\nnot \xff fine\n")
    with pytest.raises(BadInput, match=r"tatoeba\.deu-eng\.eng:2: byte 0xff is not UTF-8"):
        tatoeba_from_folder("de", laser)


def test_text_that_is_not_the_official_set_is_refused(laser: Path) -> None:
    with pytest.raises(BadInput, match=r"tatoeba de has 4 pairs in .*, the official set has 1,000"):
        load_examples(BY_NAME["tatoeba"], "de", laser.parent)
    for side in ("deu", "eng"):
        write_lines(laser / f"v1/tatoeba.deu-eng.{side}", [f"{side} {i}" for i in range(1000)])
    with pytest.raises(
        BadInput, match=r"has the fingerprint sha256:[0-9a-f]{64}, the official set has sha256:[0-9a-f]{64}"
    ):
        load_examples(BY_NAME["tatoeba"], "de", laser.parent)


def test_an_unknown_language_lists_the_known_ones() -> None:
    with pytest.raises(BadInput, match=r"target tatoeba has no language 'xx'\n    cure: one of: ar he vi"):
        load_examples(BY_NAME["tatoeba"], "xx")


def test_without_the_hub_the_error_offers_a_folder_and_no_other_language_is_tried() -> None:
    with pytest.raises(
        Unreachable,
        match=r"tatoeba\.deu cannot be downloaded: .*\n    cure: unset HF_HUB_OFFLINE.*--data DIR",
    ):
        load_examples(BY_NAME["tatoeba"], "de")
