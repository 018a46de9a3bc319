from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from pydantic import TypeAdapter

from harness.data import tmx
from harness.data.own_bitext import languages_in, own_bitext
from harness.data.reading_notes import noting
from harness.errors import BadInput
from harness.records.scalars import Language


def write(folder: Path, **files: list[str]) -> Path:
    for name, lines in files.items():
        (folder / name.replace("__", "-").replace("_", ".")).write_text(
            "".join(line + "\n" for line in lines)
        )
    return folder


def test_lasers_naming_and_tsv_give_the_same_pairs(tmp_path: Path) -> None:
    laser, tsv = tmp_path / "laser", tmp_path / "tsv"
    laser.mkdir()
    tsv.mkdir()
    write(
        laser,
        news_deu__eng_deu=["eins", "zwei"],
        news_deu__eng_eng=["one", "two"],
        news_de__fr_de=["ja"],
        news_de__fr_fr=["oui"],
    )
    write(tsv, de_tsv=["eins\tone", "zwei\ttwo"], de__fr_tsv=["ja\toui"])
    for folder in (laser, tsv):
        assert languages_in(folder) == ("de", "de-fr")
        bitext = own_bitext("de", folder)
        assert (bitext.foreign, bitext.english, bitext.pivot) == (("eins", "zwei"), ("one", "two"), "en")
        pair = own_bitext("de-fr", folder)
        assert pair.sides == {"de side": ("ja",), "fr side": ("oui",)}
    assert own_bitext("de", laser).fingerprint == own_bitext("de", tsv).fingerprint


def named(folder: Path, *names: str) -> Path:
    """Write files of one line: in a TSV its two codes (the second is en by default), else its own code."""
    for name in names:
        stem, _, last = name.rpartition(".")
        first, _, second = stem.partition("-")
        text = f"{first} text\t{second or 'en'} text" if last == "tsv" else last
        (folder / name).write_text(f"{text}\n")
    return folder


@pytest.mark.parametrize(
    "names", [("Europarl.en-fr.en", "Europarl.en-fr.fr"), ("en-fr.tsv",), ("eng_Latn-fra_Latn.tsv",)]
)
def test_english_is_the_pivot_on_either_side(tmp_path: Path, names: tuple[str, ...]) -> None:
    assert languages_in(named(tmp_path, *names)) == ("fr",)
    bitext = own_bitext("fr", tmp_path)
    assert (bitext.language, bitext.pivot) == ("fr", "en")
    assert (bitext.foreign[0][:2], bitext.english[0][:2]) == ("fr", "en")


@pytest.mark.parametrize(
    ("names", "languages"),
    [
        (["deu_Latn-eng_Latn.deu_Latn", "deu_Latn-eng_Latn.eng_Latn"], ("de",)),
        (
            ["srp_Cyrl-eng_Latn.tsv", "srp_Latn-eng_Latn.tsv", "ary_Arab-eng_Latn.tsv"],
            ("ary", "sr-Cyrl", "sr-Latn"),
        ),
        (["eng_Latn-zho_Hans.tsv", "eng_Latn-zho_Hant.tsv", "zh_hk.tsv"], ("zh-HK", "zh-Hans", "zh-Hant")),
        (["pt_BR-en_GB.tsv", "pt_pt.tsv", "twi_Latn.tsv", "aka_Latn.tsv"], ("ak", "pt-BR", "pt-PT", "tw")),
        (["deu_Latn-fra_Latn.tsv", "srp_Cyrl-srp_Latn.tsv"], ("de-fr", "sr-Cyrl-sr-Latn")),
    ],
)
def test_labels_have_scripts_only_to_distinguish_files(
    tmp_path: Path, names: list[str], languages: tuple[str, ...]
) -> None:
    assert languages_in(named(tmp_path, *names)) == languages
    for language in languages:
        assert TypeAdapter(Language).validate_python(language) == language
        assert len(own_bitext(language, tmp_path)) == 1


def test_both_sides_of_a_pair_keep_their_names(tmp_path: Path) -> None:
    named(tmp_path, "zh_CN.tsv", "srp_Cyrl-srp_Latn.tsv")
    assert list(own_bitext("zh-CN", tmp_path).sides) == ["zh-CN side", "en side"]
    assert list(own_bitext("sr-Cyrl-sr-Latn", tmp_path).sides) == ["sr-Cyrl side", "sr-Latn side"]


def test_line_endings_and_byte_order_marks_change_nothing(tmp_path: Path) -> None:
    for name, head, end in (("unix", "", "\n"), ("windows", "\ufeff", "\r\n")):
        for layout in ("tsv", "two"):
            (tmp_path / name / layout).mkdir(parents=True)
        lines = {
            "tsv/de-en.tsv": ["eins\tone", "zwei\u2028\ttwo"],
            "two/de-en.de": ["eins", "zwei\u2028"],
            "two/de-en.en": ["one", "two"],
        }
        for file, rows in lines.items():
            (tmp_path / name / file).write_bytes((head + "".join(row + end for row in rows)).encode())
    bitexts = [
        own_bitext("de", tmp_path / name / layout)
        for name in ("unix", "windows")
        for layout in ("tsv", "two")
    ]
    assert {(bitext.foreign, bitext.english) for bitext in bitexts} == {
        (("eins", "zwei\u2028"), ("one", "two"))
    }


def test_unrelated_names_are_ignored_and_folders_named_like_parallel_files_are_refused(
    tmp_path: Path,
) -> None:
    named(tmp_path, "de-en.tsv", "README", "Europarl.de-en.ids", "._a.fr-en.fr")
    (tmp_path / "documentation").mkdir()
    assert languages_in(tmp_path) == ("de",)
    for name in ("fr-en.tsv", "fr-en.fr", "fr-en"):
        (tmp_path / name).mkdir()
        with pytest.raises(
            BadInput,
            match=rf"{name} is not a file\n    cure: the files belong directly in the folder: NAME\.de-en\.de",
        ):
            languages_in(tmp_path)
        (tmp_path / name).rmdir()


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, r"holds no parallel files\n    cure: NAME\.de-en\.de with NAME\.de-en\.en"),
        ({"x_de__en_de": ["eins"]}, r"x\.de-en\.en is missing next to x\.de-en\.de"),
        (
            {"de_tsv": ["eins\tone"], "fr__en_en": ["one"]},
            r"fr-en\.fr is missing next to fr-en\.en\n    cure: put both sides into the folder",
        ),
        (
            {"en_tsv": ["one\tone"]},
            r"en\.tsv: both sides are en\n    cure: name the file with two different languages",
        ),
        (
            {"de__en_tsv": ["eins\tone"], "en__de_tsv": ["one\teins"]},
            r"de-en\.tsv and en-de\.tsv are both for de\n",
        ),
        (
            {"x_de__en_de": ["eins"], "x_de__en_en": ["one", "two"]},
            r"x\.de-en\.de has 1 lines, x\.de-en\.en has 2",
        ),
        ({"de_tsv": ["eins"]}, r"de\.tsv:1: found 1 columns, expected 2: de, en"),
        ({"de_tsv": ["eins\tone", "zwei\t "]}, r"de\.tsv:2: an empty sentence has no translation"),
        ({"de_tsv": []}, "holds no sentence"),
        (
            {"a_de_tsv": ["eins\tone"], "b_de_tsv": ["eins\tone"]},
            r"a\.de\.tsv and b\.de\.tsv are both for de",
        ),
    ],
)
def test_malformed_files_are_named(tmp_path: Path, files: dict[str, list[str]], message: str) -> None:
    write(tmp_path, **files)
    with pytest.raises(BadInput, match=message):
        own_bitext("de", tmp_path)


def test_quoting_is_undone_and_a_header_names_the_sides(tmp_path: Path) -> None:
    (tmp_path / "de-en.tsv").write_text(
        'English\tde\n"He said ""yes""."\t"Er sagte ""ja""."\nnothing\tnichts\n'
    )
    notes: list[str] = []
    with noting(notes.append):
        bitext = own_bitext("de", tmp_path)
    assert (bitext.foreign, bitext.english) == (('Er sagte "ja".', "nichts"), ('He said "yes".', "nothing"))
    assert [note.partition(": ")[2] for note in notes] == [
        "quotation marks around and doubled within texts are read as quoting",
        "line 1 is read as a header, which names the columns",
    ]
    (tmp_path / "de-en.tsv").write_text('"Faust"\tFaust\n"Halt", rief er\t"Stop", he cried\n')
    assert own_bitext("de", tmp_path).foreign == ('"Faust"', '"Halt", rief er')


def test_gzipped_files_are_read_and_other_tables_are_noted(tmp_path: Path) -> None:
    for name, text in (("de-en.tsv", "eins\tone\n"), ("x.fr-en.fr", "un\n"), ("x.fr-en.en", "one\n")):
        (tmp_path / f"{name}.gz").write_bytes(gzip.compress(text.encode()))
    for name in ("all.tsv", "sw-en.json", "sw-en.tsv.zip"):
        (tmp_path / name).write_text("moja\tone\n")
    notes: list[str] = []
    with noting(notes.append):
        assert languages_in(tmp_path) == ("de", "fr")
    assert own_bitext("de", tmp_path).sides == {"de side": ("eins",), "en side": ("one",)}
    assert own_bitext("fr", tmp_path).sides == {"fr side": ("un",), "en side": ("one",)}
    assert [note.partition(",")[0].partition(";")[0] for note in notes] == [
        f"{tmp_path / 'all.tsv'}: is not read",
        f"{tmp_path / 'sw-en.json'}: is not read",
        f"{tmp_path / 'sw-en.tsv.zip'}: is not read",
    ]
    (tmp_path / "de-en.tsv").write_text("eins\tone\n")
    with pytest.raises(BadInput, match=r"de-en\.tsv and de-en\.tsv\.gz are both for de"):
        languages_in(tmp_path)
    (tmp_path / "de-en.tsv").unlink()
    (tmp_path / "x.fr-en.fr").write_text("un\n")
    with pytest.raises(BadInput, match=r"x\.fr-en\.fr and x\.fr-en\.fr\.gz are the same side"):
        languages_in(tmp_path)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no folder"):
        languages_in(tmp_path / "nowhere")


def test_a_label_that_a_result_cannot_store_is_refused(tmp_path: Path) -> None:
    named(tmp_path, "ace_abcdefgh-bjn_abcdefgh.tsv")
    with pytest.raises(
        BadInput,
        match=r"names the language ace-abcdefgh-bjn-abcdefgh, longer than 24 characters\n    cure: name the file",
    ):
        languages_in(tmp_path)


TMX = """<?xml version="1.0" encoding="{encoding}"?>
<!DOCTYPE tmx SYSTEM "tmx14.dtd">
<tmx version="1.4"><header srclang="en-US" segtype="sentence"/><body>
<tu><tuv xml:lang="en-US"><seg>one <bpt i="1">&lt;b&gt;</bpt>house<ept i="1">&lt;/b&gt;</ept></seg></tuv>
  <tuv xml:lang="de-DE"><seg>ein
    Häuschen</seg></tuv><tuv xml:lang="de-DE"><seg>anders</seg></tuv></tu>
<tu><tuv xml:lang="en-GB"><seg>two</seg></tuv><tuv lang="FR"><seg>deux</seg></tuv></tu>
<tu><tuv xml:lang="en"><seg>three</seg></tuv><tuv xml:lang="DEU"><seg>drei</seg></tuv></tu>
</body></tmx>
"""


def test_every_format_gives_the_same_pairs(tmp_path: Path) -> None:
    files = {
        "tsv/de-en.tsv": "ein Häuschen\tone house\ndrei\tthree\n",
        "headed/en-de.csv": 'de,en\n"ein Häuschen",one house\ndrei,three\n',
        "csv/news.de-en.csv": "ein Häuschen,one house\ndrei,three\n",
        "jsonl/de.jsonl": '{"en": "one house", "de": "ein Häuschen", "id": 4}\n{"de": "drei", "en": "three"}\n',
        "hub/de-en.jsonl": "".join(
            f'{{"translation": {{"de": "{de}", "en": "{en}"}}}}\n'
            for de, en in (("ein Häuschen", "one house"), ("drei", "three"))
        ),
        "lines/test.de": "ein Häuschen\ndrei\n",
        "lines/test.en": "one house\nthree\n",
        "lines/test.fr": "une maison\ntrois\n",
        "tmx/memory.tmx": TMX.format(encoding="UTF-8"),
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, "utf-8")
    (tmp_path / "utf16").mkdir()
    (tmp_path / "utf16/memory.tmx.gz").write_bytes(
        gzip.compress(TMX.format(encoding="UTF-16").encode("utf-16"))
    )
    clean = own_bitext("de", tmp_path / "tsv")
    for folder in sorted(tmp_path.iterdir()):
        several = ("de", "fr") if folder.name in ("lines", "tmx", "utf16") else ("de",)
        assert languages_in(folder) == several, folder
        bitext = own_bitext("de", folder)
        assert (bitext.foreign, bitext.english) == (clean.foreign, clean.english), folder
        assert bitext.fingerprint == clean.fingerprint


def test_what_a_translation_memory_leaves_out_is_noted(tmp_path: Path) -> None:
    (tmp_path / "memory.tmx").write_text(TMX.format(encoding="UTF-8"), "utf-8")
    notes: list[str] = []
    with noting(notes.append):
        assert own_bitext("fr", tmp_path).sides == {"fr side": ("deux",), "en side": ("two",)}
    assert [note.partition(": ")[2] for note in notes] == [
        "codes of formatting within texts are left out (2)",
        "of several texts in de in one unit, the first is read (1)",
    ]


def test_languages_of_line_files_and_memories_are_spelled_as_in_the_catalog(tmp_path: Path) -> None:
    for name in (
        "flores.zh-CN",
        "flores.pt_PT",
        "flores.eng_Latn",
        "flores.swa",
        "flores.sr_Latn",
        "README.md",
    ):
        (tmp_path / name).write_text("text\n")
    assert languages_in(tmp_path) == ("pt-PT", "sr", "sw", "zh")
    (tmp_path / "flores.eng_Latn").unlink()
    with pytest.raises(BadInput, match=r"holds pt-PT, sr-Latn, sw, zh, where .*\n    cure: add the English"):
        languages_in(tmp_path)
    for name in ("flores.pt_PT", "flores.swa"):
        (tmp_path / name).unlink()
    assert languages_in(tmp_path) == ("sr-zh",)


BOMB = """<?xml version="1.0"?>
<!DOCTYPE tmx [
  <!ENTITY a "aaaaaaaaaa">
  <!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">
]>
<tmx version="1.4"><body><tu><tuv xml:lang="de"><seg>&b;</seg></tuv></tu></body></tmx>
"""


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        (
            "m.tmx",
            BOMB,
            r"m\.tmx:3: declares the entity 'a', and no entity is expanded\n    cure: write its text",
        ),
        (
            "m.tmx",
            BOMB.replace('"aaaaaaaaaa"', 'SYSTEM "file:///etc/passwd"'),
            r"m\.tmx:3: declares the entity 'a'",
        ),
        ("m.tmx", "<tmx><body><tu></body></tmx>", r"m\.tmx:1: not XML: mismatched tag\n    cure: correct it"),
        ("m.tmx", "<xliff/>", r"m\.tmx:1: found the root element <xliff>, expected <tmx>\n    cure: give"),
        (
            "m.tmx",
            "<tmx>\n<body><tu>\n<tuv><seg>eins</seg></tuv></tu></body></tmx>",
            r"m\.tmx:3: a <tuv> names no language\n    cure: name the language .* <tuv xml:lang",
        ),
        (
            "m.tmx",
            '<tmx><body>\n<tu><tuv xml:lang="de"><seg> </seg></tuv>'
            '<tuv xml:lang="en"><seg>one</seg></tuv></tu></body></tmx>',
            r"m\.tmx:2: an empty sentence has no translation",
        ),
        (
            "m.tmx",
            '<tmx><body><tu><tuv xml:lang="de"><seg>eins</seg></tuv></tu></body></tmx>',
            r"m\.tmx: holds de, where a language and English, or two languages, are paired",
        ),
        ("de-en.csv", "de,en\neins,one\nzwei,\n", r"de-en\.csv:3: an empty sentence has no translation"),
        ("de-en.csv", "eins,one\nzwei,two,three\n", r"de-en\.csv:2: found 3 columns, expected 2: de, en"),
        (
            "de-en.jsonl",
            '{"de": "eins", "en": "one"}\n{"de": "zwei", "en": 2}\n',
            r"de-en\.jsonl:2: 'en' is a whole number, expected text",
        ),
        (
            "de-en.jsonl",
            '{"German": "eins", "text": "one"}\n',
            r"de-en\.jsonl:1: 'en' is missing, only 'German', 'text'",
        ),
        ("test.de", "eins\n", r"holds no parallel files\n    cure: .*NAME\.de with NAME\.en"),
    ],
)
def test_faults_of_the_formats_are_named(tmp_path: Path, name: str, text: str, message: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(BadInput, match=message):
        own_bitext("de", tmp_path)


def test_a_memory_that_is_too_large_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tmx, "LARGEST_BYTES", 100)
    (tmp_path / "m.tmx.gz").write_bytes(gzip.compress(TMX.format(encoding="UTF-8").encode()))
    with pytest.raises(BadInput, match=r"m\.tmx\.gz: has more than 0 MiB of XML\n    cure: split it"):
        languages_in(tmp_path)
