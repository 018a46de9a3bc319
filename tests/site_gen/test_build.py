from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from click.testing import CliRunner

from harness import store
from harness.catalog import TARGETS
from harness.cli.main import main
from harness.errors import BadInput
from harness.records import Result
from site_gen.board.board import Row
from site_gen.board.glossary import GLOSSARY, meaning
from site_gen.board.language_examples import ID_WIDTH
from site_gen.board.whole import WholeEntry, whole_row
from site_gen.build import build, gather, site_files
from tests.fixtures.site.write import STORED, STORED_FILES
from tests.support.boards import (
    ASKED,
    PAIR,
    SHOW,
    asked_result,
    entry,
    make_board,
    reported,
    result,
    submission,
)
from tests.support.folders import SITE

SUBMISSIONS = SITE / "submissions"
VOID = frozenset({"meta", "link", "br", "input"})


@pytest.fixture(scope="session")
def files() -> dict[str, bytes]:
    return site_files(make_board(gather(SUBMISSIONS)))


class Page(HTMLParser):
    """What a page consists of: elements in order, and whether every one that opens also closes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.blocks: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "script":
            self.blocks.append(data)

    def values(self, *names: str) -> list[str]:
        return [attrs[name] or "" for _, attrs in self.elements for name in names if name in attrs]


def pages(files: dict[str, bytes]) -> dict[str, Page]:
    return {path: Page(data.decode()) for path, data in files.items() if path.endswith(".html")}


@pytest.mark.parametrize("name", [*STORED, *STORED_FILES])
def test_a_stored_page_or_download_stays_as_it_is(files: dict[str, bytes], name: str) -> None:
    stored = (SITE / "golden" / name).read_bytes()
    assert files[f"submissions/{name}" if name in STORED else name] == stored, (
        "if this is meant: python -m tests.fixtures.site.write"
    )


def test_every_page_is_whole_and_every_link_leads_somewhere(files: dict[str, bytes]) -> None:
    found = pages(files)
    names = [*(target.name for target in TARGETS if not target.beyond_xtreme), "bitext.harbour"]
    assert {path for path in found if "/" not in path or path.startswith("targets")} == {
        "404.html", "about.html", "changes.html", "compare.html", "families.html", "index.html", "languages.html", "method.html",
        "targets.html",
        *(f"targets/{name}.html" for name in names),
    }  # fmt: skip
    for path, page in found.items():
        assert page.open == []
        ids = page.values("id")
        assert len(ids) == len(set(ids)), path
        for link in page.values("href", "src"):
            parts = urlsplit(link)
            if parts.scheme:
                assert parts.scheme == "https"
            elif parts.path:
                assert os.path.normpath(Path(path).parent / parts.path) in files, (path, link)
            else:
                assert parts.fragment in ids, (path, link)
        for reference in [name for value in page.values("aria-labelledby", "for") for name in value.split()]:
            assert reference in ids, (path, reference)


def test_no_page_asks_another_origin_or_holds_inline_code_or_style(files: dict[str, bytes]) -> None:
    for path, page in pages(files).items():
        for tag, attrs in page.elements:
            assert "style" not in attrs, path
            assert not [name for name in attrs if name.startswith("on")], path
            assert tag not in ("style", "iframe", "img", "object", "base"), path
            if tag == "script":
                assert ("src" in attrs) != (
                    attrs.get("type") in ("application/json", "application/ld+json")
                ), path
            if tag in ("script", "link") and attrs.get("rel") != "canonical":
                assert not urlsplit(attrs.get("src") or attrs.get("href") or "").scheme, path
        head = [(tag, attrs) for tag, attrs in page.elements if tag in ("meta", "link", "script")]
        assert head[0][1]["http-equiv"] == "Content-Security-Policy"


def test_the_data_file_holds_what_the_pages_show(files: dict[str, bytes]) -> None:
    document = json.loads(files["data/leaderboard.json"])
    row = next(row for row in document["submissions"] if row["slug"] == "lodestar-xl-english")
    assert {key: value for key, value in row.items() if key not in ("submission", "targets")} == {
        "slug": "lodestar-xl-english",
        "mark": "self-evaluated",
        "superseded": [{"target": "tatoeba", "removed": False, "reason": "the first had another pooling"}],
        "results": "data/results/lodestar-xl-english.json",
        "weights": [
            f"https://huggingface.co/{each['hub']}/tree/{each['revision']}"
            for each in row["submission"]["checkpoints"]
        ],
        "parameters": {"total": 1_410_000_000, "body": 1_072_000_000},
        "xtreme_mean": None,
        "xtreme_targets_measured": 0,
        "xtreme_groups": {"retrieval": None, "classification": None, "tagging": None, "qa": None},
    }
    cell = row["targets"]["tatoeba"]
    assert cell.pop("signature").startswith("tatoeba|acc|en→xx|")
    assert cell == {
        "score": None,
        "rank": None,
        "ranks": None,
        "unranked_because": "no score for Thai",
        "languages_measured": 35,
        "languages": 36,
        "mark": "self-evaluated",
        "verification": None,
        "seen_in_training": {"held_out": ["tatoeba"], "training": []},
        "seeds": {},
        "interval": None,
    }
    assert document["submitters"][0] == {
        "name": "Example Laboratory",
        "url": "https://example.org",
        "submissions": 12,
        "results": 16,
    }
    verified = next(row for row in document["submissions"] if row["slug"] == "lantern-b-none")
    assert verified["mark"] == "1 of 2 verified"
    assert {name: cell["mark"] for name, cell in verified["targets"].items()} == {
        "bucc2018_dev": "verified",
        "bitext.harbour": "self-evaluated",
    }
    whole = json.loads(files[row["results"]])
    stored = store.load_result(SUBMISSIONS / row["slug"] / "results" / "tatoeba.yaml")
    assert Result.model_validate(whole["targets"]["tatoeba"]["result"]) == stored
    swept = json.loads(files["data/results/lantern-b-none.json"])["targets"]["bucc2018_dev"]["layers"]
    assert [len(checkpoint["views"]) for checkpoint in swept["checkpoints"]] == [10, 10]


def test_the_data_file_holds_published_numbers_apart_from_results(files: dict[str, bytes]) -> None:
    document = json.loads(files["data/leaderboard.json"])
    assert [row["slug"] for row in document["submissions"] if row["slug"].startswith("reported")] == []
    sparse, row = document["reported"]
    assert sparse["submission"]["reported"]["source"] == "https://example.org/table"
    assert {key: value for key, value in row.items() if key not in ("submission", "targets")} == {
        "slug": "reported-lodestar-xxl",
        "mark": "reported",
        "parameters": 10_700_000_000,
        "xtreme_mean": None,
        "xtreme_targets_reported": 4,
        "xtreme_groups": {"retrieval": None, "classification": 87.25, "tagging": None, "qa": None},
    }
    assert row["targets"]["mlqa"] == {
        "score": None, "no_score_because": "F1 only", "values": {"f1": 75.1}, "derived": [], "languages": {}, "differs": None,
    }  # fmt: skip
    assert row["targets"]["bucc2018_dev"] == {
        "score": None,
        "no_score_because": "measured differently",
        "values": {"f1": pytest.approx(93.65)},
        "derived": ["f1"],
        "languages": {"de": 95.1, "fr": 93.0, "ru": 94.2, "zh": 92.3},
        "differs": "repeated sentences are kept",
    }


@pytest.mark.parametrize(
    "environment", [{"TZ": "Pacific/Kiritimati", "LC_ALL": "tr_TR.UTF-8", "PYTHONHASHSEED": "7"}]
)
def test_every_machine_writes_the_same_bytes(tmp_path: Path, environment: dict[str, str]) -> None:
    address = "https://user.example/board"  # with it come the pictures
    files = site_files(make_board(gather(SUBMISSIONS)), address)
    out = tmp_path / "elsewhere" / "site"
    code = "import sys; from pathlib import Path; from site_gen.build import build; build(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], outcomes=False)"
    command = [sys.executable, "-c", code, str(SUBMISSIONS), str(out), address]
    subprocess.run(command, check=True, env={**os.environ, **environment}, cwd=Path.cwd())
    written = {
        path.relative_to(out).as_posix(): path.read_bytes() for path in out.rglob("*") if path.is_file()
    }
    del written[".stiltboard-site"]
    assert {path: hashlib.sha256(data).hexdigest() for path, data in written.items()} == {
        path: hashlib.sha256(data).hexdigest() for path, data in files.items()
    }


HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\"'&{{7*7}}"


def test_an_encoding_that_the_folder_says_is_named_as_such() -> None:
    made = submission(encoding={"as": "saved", "prefix": "query: "}, seeds=1)
    entry = WholeEntry("toy", made, (result("toy", [{"de": 1.0, "fi": 2.0}]),))
    texts = [
        data.decode()
        for name, data in site_files(make_board([entry], (PAIR,))).items()
        if name.endswith(".html")
    ]
    (page,) = (text for text in texts if "<dt>Encoding</dt>" in text)
    encoding = page.partition("<dt>Encoding</dt><dd>")[2].partition("</dd>")[0]
    assert encoding == (
        'as its folder says (see the signatures), prefix <code class="verbatim">query: </code>'
    )


def test_hostile_text_in_every_field_stays_text() -> None:
    plain = [
        WholeEntry("toy", submission(seeds=1), (result("toy", [{"de": 1.0, "fi": 2.0}]),)),
        reported("paper", {"pair": {}}),
    ]
    known = pages(site_files(make_board(plain, (PAIR, SHOW))))
    made = submission(
        HOSTILE,
        encoding={
            **{"layer": "last", "pooling": "mean", "departs_from_saved": "true"},
            **dict.fromkeys(("prefix", "query_prefix", "passage_prefix"), HOSTILE),
        },
        checkpoints=[{"path": HOSTILE}],
        submitters=[{"name": HOSTILE}],
        license=HOSTILE,
    )
    signature = str(replace(PAIR.signature, prefix=HOSTILE))
    ranked = result(
        "hostile",
        [{"de": 1.0, "fi": 2.0}],
        signature=signature,
        runs=[{"date": "2026-03-02T09:14:07Z", "device": HOSTILE, "events": [HOSTILE]}],
    )
    failed = result(
        "hostile",
        [{"de": 1.0, "fi": HOSTILE}],
        target=SHOW,
        signature=str(replace(SHOW.signature, prefix=HOSTILE)),
    )
    source = ranked.checkpoints[0].model_copy(update={"source": HOSTILE})
    ranked = ranked.model_copy(update={"checkpoints": (source,)})
    more = {"citation": HOSTILE, "note": HOSTILE, "source": "https://example.org/?a=1&b=2"}
    told = reported("told", {"pair": {"means": {"accuracy": "50"}, "differs": HOSTILE}}, **more)
    trained = store.load_training(SUBMISSIONS / "lodestar-s-english")
    assert trained is not None
    trained = trained.model_copy(update={"objective": HOSTILE})
    files = site_files(
        make_board([WholeEntry("hostile", made, (ranked, failed), training=trained), told], (PAIR, SHOW))
    )
    for path, page in pages(files).items():
        text = files[path].decode()
        assert "<script>" not in text
        assert "<img" not in text
        assert "49" not in text or "{{7*7}}" in text
        assert {tag for tag, _ in page.elements} <= {
            tag for other in known.values() for tag, _ in other.elements
        } | {"br", "title"}
        assert page.open == []
        for block in page.blocks:
            told_text = json.dumps(json.loads(block))
            assert "&lt;/script&gt;" in told_text or "alert(1)" not in told_text
    assert "&lt;/script&gt;&lt;script&gt;alert(1)" in files["submissions/hostile.html"].decode()


def test_all_faults_of_all_submissions_are_named_and_the_old_site_stays(tmp_path: Path) -> None:
    out = tmp_path / "public"
    build(SUBMISSIONS, out)
    broken = tmp_path / "submissions"
    for slug in ("a", "b"):
        (broken / slug).mkdir(parents=True)
        (broken / slug / "submission.yaml").write_text("schema: 2\n")
    with pytest.raises(BadInput) as caught:
        build(broken, out)
    assert {str(fault.where).split(":")[0] for fault in caught.value.faults} == {
        str(broken / slug / "submission.yaml") for slug in ("a", "b")
    }
    assert (out / "submissions" / "lodestar-b-none.html").exists()
    assert (
        sorted(path.name for path in tmp_path.iterdir()) == ["cache", "public", "submissions"]
        or not (tmp_path / "cache").exists()
    )


def test_whatever_is_wrong_with_one_submission_the_others_are_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A submission that passes every check, and whose page cannot be made, is named like any other fault."""
    for slug in ("lodestar-b-none", "lodestar-b-english"):
        shutil.copytree(SUBMISSIONS / slug, tmp_path / "submissions" / slug)

    def unlucky(entry: WholeEntry) -> Row:
        if entry.slug == "lodestar-b-none":
            raise ZeroDivisionError("float division by zero")
        return whole_row(entry)

    monkeypatch.setattr("site_gen.reading.incremental.whole_row", unlucky)
    options = ["--submissions", str(tmp_path / "submissions"), "--out", str(tmp_path / "public")]
    ended = CliRunner().invoke(main, ["build", *options])
    assert ended.exit_code == 1
    assert "lodestar-b-none: cannot be shown: ZeroDivisionError: 'float division by zero'" in ended.output
    assert "cure: stiltboard validate lodestar-b-none; if it finds no fault" in ended.output
    page = (tmp_path / "public/index.html").read_text()
    assert "<strong>lodestar-b-none is not shown:</strong> cannot be shown: ZeroDivisionError" in page
    assert (tmp_path / "public/submissions/lodestar-b-english.html").exists()


def test_a_base_url_gives_canonical_links_and_a_404_page_that_finds_its_root() -> None:
    files = site_files(make_board([entry("toy", {"de": 1, "fi": 2})], (PAIR,)), "https://user.example/board")
    assert b'<link rel="canonical" href="https://user.example/board/">' in files["index.html"]
    assert (
        b'<link rel="canonical" href="https://user.example/board/targets/pair.html">'
        in files["targets/pair.html"]
    )
    assert b'href="../static/site.css"' in files["targets/pair.html"]
    assert b'href="/board/static/site.css"' in files["404.html"]
    assert b"canonical" not in files["404.html"]


def test_a_board_without_rows_has_pages_too() -> None:
    files = site_files(make_board([], (PAIR, SHOW)))
    assert "No submission has a result on an XTREME target yet." in files["index.html"].decode()
    assert "No result yet." in files["targets/pair.html"].decode()


@pytest.mark.parametrize(
    ("regimes", "sentence"),
    [
        ([], "So far no test has a ranked result."),
        ([("none", "a")], "has only encoders without intermediate training"),
        ([("english", "a")], "has English-only runs only."),
        ([("multilingual", "a"), ("none", "a")], "has multilingual runs only."),
        ([("multilingual", "a"), ("english", "b")], "has both, but for different families."),
        (
            [("multilingual", "a"), ("english", "a")],
            "There are runs of both regimes for a. An answer needs several seeds",
        ),
    ],
)
def test_the_front_page_claims_no_more_than_the_data(regimes: list[tuple[str, str]], sentence: str) -> None:
    entries = [
        entry(f"row-{index}", {"de": 1, "fi": 2}, regime=regime, family=family)
        for index, (regime, family) in enumerate(regimes)
    ]
    text = site_files(make_board(entries, (PAIR, SHOW)))["index.html"].decode()
    assert sentence in text
    assert "<strong>Not answered yet.</strong>" in text


def test_a_demonstration_alone_answers_nothing() -> None:
    entries = [
        entry(f"row-{regime}", {"de": 1, "fi": 2}, regime=regime, target=SHOW)
        for regime in ("english", "multilingual")
    ]
    text = site_files(make_board(entries, (PAIR, SHOW)))["index.html"].decode()
    assert "So far no XTREME test has a measured result." in text
    assert "Show is a demonstration" in text


def test_a_target_without_rows_takes_one_line_of_the_front_page_and_none_of_the_navigation() -> None:
    text = site_files(make_board([entry("toy", {"de": 1, "fi": 2})], (PAIR, SHOW, ASKED)))[
        "index.html"
    ].decode()
    assert text.count(">Show<") == text.count("Asked") == 1
    assert (
        '<p class="aside">No result yet on <a href="targets/show.html">Show</a> or <a href="targets/asked.html">Asked</a>.</p>'
        in text
    )


@pytest.mark.parametrize(
    ("name", "kicker"),
    [
        ("bucc2018", "XTREME target, mining of sentence pairs"),
        ("bucc2018_dev", "Oracle threshold, outside every benchmark, mining of sentence pairs"),
        ("jupyterlab", "Demonstration, outside every benchmark"),
        ("bitext.harbour", "User-provided text, outside every benchmark, sentence retrieval"),
    ],
)
def test_a_target_says_where_it_stands(files: dict[str, bytes], name: str, kicker: str) -> None:
    assert f'<p class="kicker">{kicker}</p>' in files[f"targets/{name}.html"].decode()


def test_quantities_stand_in_their_own_unit_and_pairs_of_languages_in_a_table_over_seeds() -> None:
    made = WholeEntry("asked", submission("Asked", seeds=2), (asked_result("asked", 0.0, 1.0),))
    files = site_files(make_board([made], (PAIR, ASKED)))
    text = files["submissions/asked.html"].decode()
    assert '<th scope="col" class="number">Language bias<span class="unit">ranks</span></th>' in text
    assert '<td class="number">12.8</td>' in text
    assert (
        '<th scope="row">German <span class="code">de</span></th><td class="h6">60.50</td><td class="h4">40.50</td>'
        in text
    )
    assert (
        '<p class="kicker">LAReQA target, outside the XTREME average, question retrieval</p>'
        in files["targets/asked.html"].decode()
    )


def copied(tmp_path: Path) -> Path:
    shutil.copytree(SUBMISSIONS / "lantern-b-none", tmp_path / "lantern-b-none")
    return tmp_path / "lantern-b-none" / "results"


def test_without_outcomes_the_scores_stand_and_the_page_says_that_there_is_no_curve(tmp_path: Path) -> None:
    (copied(tmp_path) / "bucc2018_dev.parquet").unlink()
    files = site_files(make_board(gather(tmp_path)))
    assert "No precision-recall curve" in files["submissions/lantern-b-none.html"].decode()
    assert not [path for path in files if path.startswith("data/precision-recall")]


def test_outcomes_that_mining_did_not_write_are_a_fault_that_names_the_file(tmp_path: Path) -> None:
    results = copied(tmp_path)
    path = results / "bucc2018_dev.yaml"
    found = store.load_result(path)
    store.write_result(results.parent, found, store.load_outcomes(path, found).drop_columns(["margin"]))
    with pytest.raises(BadInput) as caught:
        gather(tmp_path)
    assert [(str(fault.where), fault.message) for fault in caught.value.faults] == [
        (str(results / "bucc2018_dev.parquet"), "has no column 'margin'")
    ]


def test_ids_of_pairs_are_in_one_script_alone_and_cut(tmp_path: Path) -> None:
    results = copied(tmp_path)
    path = results / "bucc2018_dev.yaml"
    found = store.load_result(path)
    table = store.load_outcomes(path, found)
    hostile = table.set_column(
        table.column_names.index("foreign"),
        "foreign",
        [[f"{row}{HOSTILE}\u202e" for row in range(len(table))]],
    )
    store.write_result(results.parent, found, hostile)
    files = site_files(make_board(gather(tmp_path)))
    script = "data/examples/lantern-b-none/bucc2018_dev.js"
    assert [path for path, data in files.items() if b"alert(1)" in data] == [script]
    *_, languages = json.loads(f"[{files[script].decode().removeprefix('stiltboardExamples(')[:-3]}]")
    assert {len(name) <= ID_WIDTH for each in languages for name in each["ids"]} == {True}
    stored = (SITE / "golden" / "lantern-b-none.html").read_bytes()
    assert files["data/precision-recall/lantern-b-none/bucc2018_dev.json"].count(b"margin") == 4
    assert files["submissions/lantern-b-none.html"].count(b"<script") == stored.count(b"<script")


def test_the_heat_map_groups_languages_by_training_and_marks_each_rows_own(files: dict[str, bytes]) -> None:
    page = files["targets/tatoeba.html"].decode()
    heat = page.partition('<table class="heat" data-sortable>')[2].partition("</table>")[0]
    target = next(target for target in TARGETS if target.name == "tatoeba")
    seen = {"ar", "bg", "de", "el", "en", "es", "fr", "hi", "ru", "sw", "th", "tr", "ur", "vi", "zh"}
    trained = [code for code in target.languages if code in seen]
    assert f'colspan="{len(trained)}">trained on by some row<' in heat
    assert f'colspan="{len(target.languages) - len(trained)}">trained on by none<' in heat
    rows = heat.partition("<tbody>")[2].split("<tr>")[1:]
    counts = {row.count(' own"') + row.count(" own ") for row in rows if ">multilingual<" in row}
    assert (counts, sum(" own" in row for row in rows if ">none<" in row)) == ({len(trained)}, 0)
    assert "Multilingual minus English-only in points" in page


def test_column_heads_explain_the_words_of_the_glossary(files: dict[str, bytes]) -> None:
    regime = meaning("Regime")
    assert regime == GLOSSARY["regime"].replace("`", "")
    assert (meaning("Seeds"), meaning("Other")) == (GLOSSARY["seed"], "")
    assert meaning("F1") == GLOSSARY["F1"]
    assert f'data-key="regime" title="{regime}"' in files["index.html"].decode()
    assert f'<abbr class="term" title="{regime}">Regime</abbr>' in files["targets/tatoeba.html"].decode()
