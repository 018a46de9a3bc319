"""What a model reads: no word, label or answer is lost on the way."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from harness.models.tokenization import pair_inputs, pieces, windows


@pytest.fixture(scope="module")
def tokenizer(toy_encoder: Path) -> Any:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(str(toy_encoder))


def test_a_long_sentence_is_split_between_words_and_no_word_is_lost(tokenizer: Any) -> None:
    sentences = [["the", "cat", "runs"], [f"{a}{b}" for a in "abcd" for b in "efgh"], ["sun"]]
    found = pieces(tokenizer, sentences, 8)
    assert [(piece.sentence, piece.words) for piece in found] == [
        (0, range(0, 3)),
        *((1, range(start, min(start + 6, 16))) for start in (0, 6, 12)),
        (2, range(0, 1)),
    ]
    for piece in found:
        assert len(piece.input.ids) <= 8
        assert piece.input.ids[0] == tokenizer.bos_token_id
        assert piece.input.ids[-1] == tokenizer.eos_token_id
        assert [piece.input.ids[place] for place in piece.first] == [
            tokenizer(sentences[piece.sentence][word], add_special_tokens=False)["input_ids"][0]
            for word in piece.words
        ]


def test_a_word_without_a_token_and_a_word_that_fills_a_piece_have_a_first_token_too(tokenizer: Any) -> None:
    (piece,) = pieces(tokenizer, [["the", " ", "cat"]], 16)
    assert [piece.input.ids[place] for place in piece.first][1] == tokenizer.unk_token_id
    long = ". , ; : ! ? - ( )"  # one word of nine tokens
    found = pieces(tokenizer, [["sun", long, "moon"]], 8)
    assert [piece.words for piece in found] == [range(0, 1), range(1, 2), range(2, 3)]
    assert [len(piece.input.ids) for piece in found] == [3, 8, 3]


def test_pairs_lose_the_end_of_the_longer_sentence(tokenizer: Any) -> None:
    (read,) = pair_inputs(tokenizer, ["the cat runs the dog sleeps"], ["sun"], 8)
    assert tokenizer.decode(read.ids) == "<s> the cat runs the </s> sun </s>"


def test_a_window_begins_every_stride_and_every_token_of_the_passage_is_read(tokenizer: Any) -> None:
    context = " ".join(f"{a} {b}" for a in "abcdefgh" for b in "ijkl")  # 64 tokens
    found = windows(tokenizer, ["the cat"], [context], 24, 6)
    places = [[place for place in window.offsets if place is not None] for window in found]
    assert [(row[0][0], len(row)) for row in places] == [(2 * start, 19) for start in range(0, 43, 6)] + [
        (96, 16)
    ]
    assert "".join(
        context[start:end] for start, end in sorted({place for row in places for place in row})
    ) == context.replace(" ", "")
    for window in found:
        assert len(window.input.ids) == len(window.offsets) <= 24
        assert tokenizer.decode(window.input.ids).startswith("<s> the cat </s>")


def test_a_window_has_the_tokens_and_types_of_the_tokenizers_own_pair(tokenizer: Any) -> None:
    typed = copy.deepcopy(tokenizer)
    typed.model_input_names = ["input_ids", "token_type_ids", "attention_mask"]
    for each in (tokenizer, typed):
        (window,) = windows(each, ["the cat"], ["sun moon sea"], 32, 8)
        pair = each("the cat", "sun moon sea", return_offsets_mapping=True)
        assert window.input.ids == pair["input_ids"]
        assert window.input.types == pair.get("token_type_ids")
        assert [place for place in window.offsets if place] == [(0, 3), (4, 8), (9, 12)]


def test_a_question_longer_than_half_a_window_leaves_room_for_the_passage(tokenizer: Any) -> None:
    found = windows(tokenizer, ["the cat " * 40], ["sun moon sea"], 20, 4)
    assert {place for window in found for place in window.offsets if place} == {(0, 3), (4, 8), (9, 12)}
    assert all(len(window.input.ids) <= 20 for window in found)
