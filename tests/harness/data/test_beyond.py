"""Every entry beyond XTREME, one language of it read from a stand-in of the Hub through the real client."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from harness.catalog import BY_NAME
from harness.catalog.languages import language_facts
from harness.catalog.lookup import split_targets
from harness.catalog.target_entries import ENTRIES, read_entries
from harness.data import load_examples
from harness.data.training_text import load_training
from harness.errors import BadInput
from harness.kinds.registry import EMBEDDED
from harness.records import HubBitext, HubLabelled, HubPassages, HubQuestions, HubTagged, Target, TextRole
from harness.scoring.outcomes import RowRange
from harness.scoring.tables import TABLES
from tests.support.folders import ROOT
from tests.support.hub_layout import Configurations, data_set
from tests.support.hub_server import HubServer

WORDS = [["Bees", "dance", "in", "Rome"], ["It", "rains"]]
TEXTS = ["Bees dance.", "It rains.", "The harbour is closed."]
RED_HERRING = "Nobody asks for this."


def stand_in(target: Target, language: str) -> Configurations:
    """Return rows with the columns that an entry names, made up for the test."""
    hub = target.hub
    match hub:
        case HubBitext():
            columns = {
                hub.named(hub.foreign, language): [f"{text} ({language})" for text in TEXTS],
                hub.named(hub.english, language): TEXTS,
            }
            return {hub.named(hub.configuration, language): {hub.split: columns}}
        case HubPassages():
            passages = {
                "_id": ["p1", "p2", "p3"],
                "title": ["Insects", "", ""],
                "text": [*TEXTS[:2], RED_HERRING],
            }
            judged = {"query-id": ["q1", "q2", "q3"], "corpus-id": ["p1", "p2", "p3"], "score": [1, 1, 0]}
            return {
                hub.named(hub.passages, language): {hub.split: passages},
                hub.named(hub.queries, language): {
                    hub.split: {
                        "_id": ["q1", "q2", "q3", "q4"],
                        "text": ["Who dances?", "What falls?", "Why?", "When?"],
                    }
                },
                hub.named(hub.judgements, language): {hub.split: judged},
            }
        case HubQuestions():
            rows = {
                hub.question: ["Who dances?", "What falls?", "Who dances?"],
                hub.passage: [TEXTS[0], TEXTS[1], TEXTS[1]],
                hub.passage_id: ["a", "b", "b"],
            }
            return {hub.named(hub.configuration, language): {hub.split: rows}}
        case HubLabelled():
            rows = {hub.first: TEXTS[:2], hub.label: list(hub.labels[:2])}
            rows |= {hub.second: TEXTS[1:]} if hub.second is not None else {}
            splits = dict.fromkeys(filter(None, (hub.split, hub.train, hub.dev)), rows)
            return {hub.named(hub.configuration, language): splits}
        case HubTagged():
            tagged = {hub.words: WORDS, hub.column: [[0, 0, 0, 5], [0, len(hub.tags) - 1]]}
            return {hub.named(hub.configuration, language): {hub.split: tagged}}
    raise AssertionError(hub)


def served(hub: HubServer, target: Target, language: str) -> Target:
    """Serve a language of a target, and return the target with the stand-in's commit and without its sizes."""
    assert target.hub
    hub.add(target.hub.repository, data_set(stand_in(target, language)), "datasets")
    commit = hub.repositories["datasets", target.hub.repository].commit
    return target.model_copy(update={"hub": target.hub.model_copy(update={"revision": commit}), "sizes": {}})


def encode(texts: Sequence[str], role: TextRole = TextRole.TEXT) -> NDArray[np.float32]:
    """Return a vector for each text that depends on nothing but its letters."""
    counts = [[text.lower().count(letter) + 0.01 for letter in "abcdeghinorstwy"] for text in texts]
    vectors = np.array(counts, np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@pytest.mark.parametrize("name", ENTRIES)
def test_an_entry_reads_one_language_over_http(
    name: str, hub: HubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harness.data.FINGERPRINTS", {})
    assert BY_NAME[name].hub
    language = next(code for code in BY_NAME[name].languages if code in BY_NAME[name].hub.codes)
    target = served(hub, BY_NAME[name], language)
    examples: Any = load_examples(target, language)
    assert len(examples) in (2, 3)
    assert examples.source.startswith(target.hub.repository)
    assert not [request for request in hub.requests if "/main" in request]
    if target.kind in EMBEDDED:
        outcomes = EMBEDDED[target.kind].run(target, examples, encode)
        table = TABLES[target.kind]
        assert dict(zip(outcomes.schema.names, outcomes.schema.types, strict=True)) in table.schemas
        assert list(table.faults(target, outcomes, [RowRange(0, language, 0, len(outcomes))])) == []
        assert 0 < table.score(target, outcomes).score <= 100


def test_every_entry_has_what_a_reader_needs() -> None:
    for name, entry in ENTRIES.items():
        target = BY_NAME[name]
        assert entry.licence and entry.citation and target.protocol.endswith(("average.", entry.note)), name
        assert entry.hub.revision is None or entry.revision_from.startswith("mteb "), name
        assert not target.in_xtreme and target.group is None
        for check in entry.checks:
            assert check.metric in (target.metric, *target.secondary) and check.source, name
            assert check.language is None or check.language in target.languages, name
        for language in target.languages:
            codes = (
                [language]
                if "-" not in language or not language.islower() or "ref" in language
                else language.split("-")
            )
            assert all(all(language_facts(code)) for code in codes), (name, language)


def test_the_name_of_the_benchmark_means_all_of_them() -> None:
    assert split_targets(["beyond-xtreme"]) == list(ENTRIES)


def test_an_entry_that_is_not_pinned_is_not_scored(hub: HubServer) -> None:
    target = BY_NAME["masakhaner"]
    assert target.hub
    hub.add(target.hub.repository, data_set(stand_in(target, "sw")), "datasets")
    with pytest.raises(BadInput) as caught:
        load_examples(target, "sw")
    assert str(caught.value) == (
        "target masakhaner is not pinned: its entry names no commit of masakhane/masakhaner2 and no fingerprint "
        "of the text in sw, so its scores would not be comparable\n"
        "    cure: a maintainer adds `revision` to harness/catalog/beyond/masakhaner.toml"
    )
    assert hub.requests == []


def test_a_data_set_with_its_own_training_text_trains_the_head(hub: HubServer) -> None:
    text = load_training(served(hub, BY_NAME["sib200"], "en"), None)
    assert (len(text.train), len(text.dev)) == (2, 2)
    assert text.train.sides == {"texts": tuple(TEXTS[:2])}


def test_a_language_that_the_hub_lacks_is_named() -> None:
    with pytest.raises(BadInput, match=r"mteb/NTREXBitextMining has no text in 'et'\n    cure: .*--data DIR"):
        load_examples(BY_NAME["ntrex"], "et")


@pytest.mark.parametrize(
    ("column", "values", "message"),
    [
        ("corpus-id", ["p1", "p2", "p9"], r"ja-qrels:3: passage 'p9' is judged, but is not there"),
        ("query-id", ["q1", "q2", "q9"], r"ja-qrels:3: query 'q9' is judged, but is not there"),
    ],
)
def test_a_judgement_of_nothing_is_refused(
    hub: HubServer, column: str, values: list[str], message: str
) -> None:
    target = BY_NAME["miracl"]
    rows = {name: dict(splits) for name, splits in stand_in(target, "ja").items()}
    rows["ja-qrels"]["dev"] = {**rows["ja-qrels"]["dev"], column: values}
    assert target.hub
    hub.add(target.hub.repository, data_set(rows), "datasets")
    commit = hub.repositories["datasets", target.hub.repository].commit
    pinned = target.model_copy(update={"hub": target.hub.model_copy(update={"revision": commit})})
    with pytest.raises(BadInput, match=message):
        load_examples(pinned, "ja")


def test_passages_may_be_in_a_split_of_another_name(hub: HubServer) -> None:
    target = BY_NAME["miracl"]
    rows = {name: dict(splits) for name, splits in stand_in(target, "ja").items()}
    rows["ja-corpus"] = {"corpus": rows["ja-corpus"]["dev"]}
    assert target.hub
    hub.add(target.hub.repository, data_set(rows), "datasets")
    commit = hub.repositories["datasets", target.hub.repository].commit
    pinned = target.hub.model_copy(update={"revision": commit})
    examples: Any = load_examples(target.model_copy(update={"hub": pinned, "sizes": {}}), "ja")
    assert list(examples.documents) == ["p1", "p2", "p3"]


def test_a_query_without_a_relevant_passage_counts_as_zero(hub: HubServer) -> None:
    target = served(hub, BY_NAME["miracl"], "ja")
    collection: Any = load_examples(target, "ja")
    assert dict(collection.judgements) == {"q1": {"p1": 1}, "q2": {"p2": 1}, "q3": {}}
    outcomes = EMBEDDED["passage_retrieval"].run(target, collection, encode)
    assert outcomes["ndcg_10"].to_pylist()[2] == 0


def how_to() -> tuple[str, str]:
    """Return the name and the content of the file that the how-to of docs/data.md adds."""
    page = (ROOT / "docs/data.md").read_text().partition("## Add a target")[2]
    name = re.search(r"harness/catalog/beyond/(\w+)\.toml", page)
    block = re.search(r"```toml\n(.*?)```", page, re.S)
    assert name and block
    return name[1], block[1]


def test_one_file_adds_a_target(hub: HubServer, tmp_path: Path) -> None:
    """The how-to of the docs is followed as it is written, but for the commit, which only the Hub knows."""
    name, content = how_to()
    (tmp_path / f"{name}.toml").write_text(content)
    target = read_entries(tmp_path)[name].target(name)
    assert (target.kind, target.languages, target.sizes, target.beyond_xtreme) == (
        "retrieval",
        ("de", "sr-Latn"),
        {"de": 3, "sr-Latn": 3},
        True,
    )
    assert target.checks[0].source and target.hub and target.hub.revision
    examples: Any = load_examples(served(hub, target, "sr-Latn"), "sr-Latn")
    outcomes = EMBEDDED[target.kind].run(target, examples, encode)
    assert TABLES[target.kind].score(target, outcomes).n == 3


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ('title = "Harbour notices"', 'title = "Harbour notices', "harbour.toml: is not TOML: "),
        ('title = "Harbour notices"\n', "", "harbour.toml: title: Field required"),
        ('foreign = "text_{code}"\n', "", "harbour.toml: hub.HubBitext.foreign: Field required"),
        (
            'licence = "CC BY 4.0"',
            'licence = "CC BY 4.0"\nlicense = "MIT"',
            "harbour.toml: license: Extra inputs",
        ),
    ],
)
def test_a_file_that_is_no_entry_is_named_with_its_key(
    tmp_path: Path, before: str, after: str, message: str
) -> None:
    _, content = how_to()
    assert before in content
    (tmp_path / "harbour.toml").write_text(content.replace(before, after))
    with pytest.raises(BadInput) as caught:
        read_entries(tmp_path)
    assert message in str(caught.value)
