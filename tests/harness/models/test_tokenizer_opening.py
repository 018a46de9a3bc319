"""Tokens are those that a checkpoint's files mean; where transformers makes others, the result says so."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import transformers

from harness.errors import BadInput
from harness.models import tokenizer_comparison
from harness.models.checkpoint import fetch
from harness.models.tokenization import ids_of_texts, pair_inputs, pieces, single_inputs, windows
from harness.models.tokenizer_comparison import TokenComparison, compare, compare_with, differences
from harness.models.tokenizer_opening import open_tokenizer
from harness.models.transformers_errors import opening, quiet
from harness.records import Checkpoint
from tests.layouts import matrix, vocabularies
from tests.layouts.matrix import of_pieces, of_tokenizer_json
from tests.layouts.vocabularies import Write

ODD = "ｔｈｅ ｔｅａｃｈｅｒ"


@pytest.fixture
def folder(toy_encoder: Path, tmp_path: Path) -> Path:
    """Return a copy of the toy without its tokenizer."""
    copy = Path(shutil.copytree(toy_encoder, tmp_path / "s/w"))
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (copy / name).unlink()
    return copy


def opened(folder: Path, write: Write, **settings: Any) -> Any:
    write(folder)
    if settings:
        path = folder / "tokenizer_config.json"
        old = json.loads(path.read_text()) if path.exists() else {}
        path.write_text(json.dumps(old | settings))
    with opening("toy"):
        return open_tokenizer(fetch(Checkpoint(path="w"), folder.parent, folder.parent / "cache"))


def test_a_normaliser_that_transformers_drops_is_kept_and_the_difference_named(folder: Path) -> None:
    tokenizer = opened(folder, matrix.deberta_json)
    (ids,) = ids_of_texts(tokenizer, [ODD], 64)
    assert [ids.tolist()] == of_tokenizer_json(folder, [ODD])
    assert tokenizer.unk_token_id not in ids
    plain = transformers.AutoTokenizer.from_pretrained(folder)
    assert plain.unk_token_id in plain(ODD)["input_ids"]
    assert differences(tokenizer) == (
        f"the tokens are those of tokenizer.json; transformers {transformers.__version__} makes others "
        f"of some texts, such as '{ODD}'",
    )


@pytest.mark.parametrize(
    "read",
    [
        lambda tokenizer: pair_inputs(tokenizer, ["the"], [ODD], 32),
        lambda tokenizer: single_inputs(tokenizer, [ODD], 32),
        lambda tokenizer: pieces(tokenizer, [["the", ODD]], 32),
        lambda tokenizer: windows(tokenizer, ["the"], [ODD], 32, 8),
    ],
)
def test_the_inputs_of_heads_are_compared_too(folder: Path, read: Any) -> None:
    tokenizer = opened(folder, matrix.deberta_json)
    read(tokenizer)
    assert len(differences(tokenizer)) == 1


def test_equal_readings_are_not_compared_and_say_nothing(folder: Path) -> None:
    tokenizer = opened(
        folder, vocabularies.byte_pair_json("roberta", tokenizer_class="PreTrainedTokenizerFast")
    )
    assert tokenizer not in tokenizer_comparison._comparisons
    ids_of_texts(tokenizer, [ODD], 64)
    assert differences(tokenizer) == ()


def test_a_tokenizer_json_is_opened_also_where_its_class_is_not(folder: Path) -> None:
    tokenizer = opened(folder, matrix.xlmr_json, tokenizer_class="XLMTokenizer")  # needs sacremoses
    (ids,) = ids_of_texts(tokenizer, [ODD], 64)
    assert [ids.tolist()] == of_tokenizer_json(folder, [ODD])


def test_tokens_added_to_a_sentencepiece_model_have_the_numbers_that_are_saved(folder: Path) -> None:
    write, ids = matrix.xlmr_pieces, of_pieces("sentencepiece.bpe.model", 1, 3, [0], [2])
    size = len(opened(folder, write, tokenizer_class="XLMRobertaTokenizer"))
    (folder / "added_tokens.json").write_text(json.dumps({"<mask>": size - 1, "[ENT]": size}))
    tokenizer = opened(folder, write)
    (row,) = ids_of_texts(tokenizer, ["the [ENT]"], 64)
    assert row.tolist()[-2:] == [size, 2]
    assert [ids_of_texts(tokenizer, [ODD], 64)[0].tolist()] == ids(folder, [ODD])
    (folder / "added_tokens.json").write_text(json.dumps({"[ENT]": size + 7}))
    with pytest.raises(BadInput, match=rf"'\[ENT\]' has the number {size + 7}, .+ gives it {size}"):
        opened(folder, write)


def test_texts_that_sentencepiece_reads_otherwise_are_named_unless_they_hold_special_tokens() -> None:
    comparison = TokenComparison(
        "spm.model",
        "sentencepiece itself",
        ours=lambda texts: [[len(text)] for text in texts],
        other=lambda texts: [[len(text.strip())] for text in texts],
        apart=("<mask>",),
    )
    comparison.read(["a", "<mask> ", "b"])
    assert (comparison.compared, comparison.different, comparison.note) == (2, 0, "")
    comparison.read(["c", " d", " e"])
    assert (comparison.compared, comparison.different) == (5, 2)
    assert comparison.note == (
        "the tokens are those of spm.model; sentencepiece itself makes others of some texts, such as ' d'"
    )


def test_a_run_compares_a_bounded_number_of_characters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokenizer_comparison, "COMPARED_CHARACTERS", 10)
    read: list[str] = []

    def reading(texts: Any) -> list[list[int]]:
        read.extend(texts)
        return [[0] for _ in texts]

    class Tokenizer:
        pass

    tokenizer = Tokenizer()
    compare_with(tokenizer, TokenComparison("a", "b", reading, reading))
    for _ in range(3):
        compare(tokenizer, ["four", "more"])
    assert read == ["four", "more"] * 2 + ["four"] * 2


def test_what_transformers_reports_is_held_back_unless_it_is_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    logging = transformers.utils.logging
    monkeypatch.delenv("TRANSFORMERS_VERBOSITY", raising=False)
    before = logging.get_verbosity()
    with quiet():
        assert logging.get_verbosity() == logging.ERROR
    monkeypatch.setenv("TRANSFORMERS_VERBOSITY", "info")
    with quiet():
        assert logging.get_verbosity() == before
    assert logging.get_verbosity() == before


def test_a_package_that_a_tokenizer_needs_is_named() -> None:
    with pytest.raises(BadInput) as caught, opening("toy"):
        raise ImportError(
            "You need to install jieba to use it. See https://pypi.org/project/jieba/ for more."
        )
    assert caught.value.faults[0].cure == "pip install jieba"
    with pytest.raises(BadInput, match="transformers cannot open toy: ImportError: no such"), opening("toy"):
        raise ImportError("no such module")
