from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from harness.errors import BadInput
from harness.models.checkpoint import verify
from harness.models.encoding_choice import choose_encoding
from harness.records import AnyEncoding, Encoding, Pooling, SavedEncoding, TextEncoding, TextRole, View
from tests.support.sentence_folders import NORMALIZE, change, dense, save_sentence_folder, write

MEAN, CLS = Pooling.MEAN, Pooling.CLS


def stated(**values: Any) -> Encoding:
    return Encoding(**({"layer": "last", "pooling": MEAN, "max_length": 64} | values))


def chosen(folder: Path, encoding: AnyEncoding, *, roles: bool = True) -> TextEncoding:
    return choose_encoding(encoding, verify(folder, "toy"), roles=roles)


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that says mean pooling, 64 tokens and no prompt."""
    return save_sentence_folder(tmp_path_factory.mktemp("plain"), NORMALIZE)


@pytest.fixture(scope="module")
def prompted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a map, prompts and lower case."""
    prompts = {"query": "q: ", "document": "d: ", "text": "t: "}
    return save_sentence_folder(
        tmp_path_factory.mktemp("prompted"),
        dense(32, 24),
        poolings=("cls",),
        lower_case=True,
        prompts=prompts,
        default_prompt="text",
    )


def test_what_states_the_same_as_the_folder_is_read_as_it_was_before(plain: Path) -> None:
    encoding = chosen(plain, stated())
    assert encoding == TextEncoding(View(2, MEAN), "", 64)
    assert chosen(plain, SavedEncoding()) == TextEncoding(View(2, MEAN), "", 64, saved="as saved")


def test_a_prefix_is_added_where_the_folder_names_no_prompt(plain: Path) -> None:
    assert chosen(plain, stated(prefix="query: ")).prefix == "query: "
    with_roles = chosen(plain, SavedEncoding(prefix="a", query_prefix="b", passage_prefix=""))
    assert [with_roles.prefix_of(role) for role in TextRole] == ["a", "b", ""]
    assert with_roles.saved == "as saved"


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"layer": 1}, "layer: 1, the folder last, which is 2"),
        ({"pooling": CLS}, "pooling: cls, the folder mean"),
        ({"pooling": Pooling.LAST_TOKEN}, "pooling: lasttoken, the folder mean"),
        ({"max_length": 32}, "max_length: 32, the folder 64"),
    ],
)
def test_a_departure_is_refused_unless_it_is_stated(plain: Path, values: dict[str, Any], named: str) -> None:
    with pytest.raises(BadInput) as refused:
        chosen(plain, stated(**values))
    (fault,) = refused.value.faults
    assert fault.message == f"encoding: departs from what toy says of itself in modules.json: {named}"
    assert "{as: saved}" in fault.cure and "departs_from_saved: true" in fault.cure
    assert chosen(plain, stated(**values, departs_from_saved=True)).saved == "not as saved"


def test_every_difference_is_named(prompted: Path) -> None:
    with pytest.raises(BadInput) as refused:
        chosen(prompted, stated())
    assert str(refused.value).partition("modules.json: ")[2].partition("\n")[0] == (
        "pooling: mean, the folder cls>dense24-tanh; prefix: nothing, the folder 't: '; "
        "query_prefix: nothing, the folder 'q: '; passage_prefix: nothing, the folder 'd: '; "
        "lower case: no, the folder yes"
    )


def test_prompts_of_queries_count_where_there_are_queries(plain: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(plain, tmp_path / "folder"))
    change(folder / "config_sentence_transformers.json", prompts={"query": "q: ", "passage": "p: "})
    assert chosen(folder, stated(), roles=False).prefix == ""
    with pytest.raises(BadInput, match="query_prefix: nothing, the folder 'q: '; passage_prefix"):
        chosen(folder, stated(prefix=""))
    same = chosen(folder, stated(query_prefix="q: ", passage_prefix="p: "))
    assert (same.saved, same.prefix_of(TextRole.QUERY)) == ("", "q: ")


def test_what_is_stated_next_to_as_saved_must_not_contradict_the_folder(prompted: Path) -> None:
    with pytest.raises(BadInput, match=r"prefix: 'x', the folder 't: '; max_length: 16, the folder 64"):
        chosen(prompted, SavedEncoding(prefix="x", max_length=16))
    departing = SavedEncoding(prefix="x", max_length=16, departs_from_saved=True)
    encoding = chosen(prompted, departing)
    assert (encoding.prefix, encoding.max_length, encoding.query_prefix) == ("x", 16, "q: ")
    assert encoding.saved == "as saved except prefix and max_length"


def test_a_departure_that_departs_from_nothing_is_refused(plain: Path, toy_encoder: Path) -> None:
    for encoding in (stated(departs_from_saved=True), SavedEncoding(departs_from_saved=True)):
        with pytest.raises(BadInput, match="states what the folder of toy says"):
            chosen(plain, encoding)
    with pytest.raises(BadInput, match=r"has no modules\.json to depart from"):
        chosen(toy_encoder, stated(departs_from_saved=True))


def test_a_folder_that_says_nothing_is_read_as_stated_or_not_at_all(toy_encoder: Path) -> None:
    assert chosen(toy_encoder, stated()) == TextEncoding(View(3, MEAN), "", 64)
    with pytest.raises(BadInput, match=r"has no modules\.json") as refused:
        chosen(toy_encoder, SavedEncoding())
    assert "layer: last, pooling: mean" in str(refused.value)


def test_a_folder_that_is_not_supported_is_read_only_by_departing(plain: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(plain, tmp_path / "folder"))
    modules = json.loads((folder / "modules.json").read_text())
    modules.insert(1, {"idx": 1, "path": "1_LSTM", "type": "sentence_transformers.models.LSTM"})
    write(folder / "modules.json", modules)
    for encoding in (stated(), SavedEncoding()):
        with pytest.raises(BadInput, match="LSTM is not supported here"):
            chosen(folder, encoding)
    assert chosen(folder, stated(departs_from_saved=True)).saved == "not as saved"


def test_the_length_is_the_folders_the_tokenizers_or_the_positions(plain: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(plain, tmp_path / "folder"))
    for length, expected in ((100, 64), (None, 64), (16, 16)):
        change(folder / "sentence_bert_config.json", max_seq_length=length)
        assert chosen(folder, SavedEncoding()).max_length == expected
    change(folder / "sentence_bert_config.json", max_seq_length=None)
    change(folder / "tokenizer_config.json", model_max_length=40)
    assert chosen(folder, SavedEncoding()).max_length == 40
    change(folder / "tokenizer_config.json", model_max_length=10**30)
    assert chosen(folder, SavedEncoding()).max_length == 64
    assert chosen(folder, stated(max_length=32)).max_length == 32  # nothing is said that it would depart from


def test_leaving_a_prompt_out_of_the_pooling_matters_only_with_a_prefix(tmp_path: Path) -> None:
    folder = save_sentence_folder(tmp_path, include_prompt=False)
    assert chosen(folder, stated()).saved == ""
    assert chosen(folder, SavedEncoding()).view == View(2, MEAN)
    assert chosen(folder, SavedEncoding(prefix="x ")).view == View(2, MEAN, noprompt=True)
    with pytest.raises(BadInput, match=r"pooling: mean, the folder mean\.noprompt"):
        chosen(folder, stated(prefix="x "))
