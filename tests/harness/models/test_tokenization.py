"""What a model reads: no word, label or answer is lost on the way."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from harness.models import tokenization
from harness.models.tokenization import ids_of_texts, pair_inputs, pieces, windows


@pytest.fixture(scope="module")
def tokenizer(toy_encoder: Path) -> Any:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(str(toy_encoder))


@pytest.mark.parametrize("characters", [1, 30, 1 << 20])
def test_texts_are_tokenised_in_parts_as_they_are_at_once(
    tokenizer: Any, monkeypatch: pytest.MonkeyPatch, characters: int
) -> None:
    monkeypatch.setattr(tokenization, "PART_CHARACTERS", characters)
    texts = ["the cat runs " * i for i in range(9)] + ["", "sun"]
    sizes: list[int] = []

    def recorded(part: list[str], **options: Any) -> Any:
        sizes.append(len(part))
        return tokenizer(part, **options)

    ids = ids_of_texts(recorded, texts, 12, prefix="a ")
    whole = tokenizer([f"a {text}" for text in texts], truncation=True, max_length=12)["input_ids"]
    assert [row.tolist() for row in ids] == [ids[i].tolist() for i in range(len(texts))] == whole
    assert (len(ids), ids.lengths, ids.values.itemsize) == (len(texts), list(map(len, whole)), 4)
    # A part ends before the text that would exceed it, unless the part would be empty.
    assert sizes == {1: [1] * 11, 30: [2, 1, 1, 1, 1, 1, 1, 1, 2], 1 << 20: [11]}[characters]
    assert len(ids_of_texts(tokenizer, [], 12)) == 0


def test_a_long_sentence_is_split_between_words_and_no_word_is_lost(tokenizer: Any) -> None:
    sentences = [["the", "cat", "runs"], [f"{a}{b}" for a in "abcd" for b in "efgh"], ["sun"]]
    parts = pieces(tokenizer, sentences, 8)
    assert [(piece.sentence, piece.words) for piece in parts] == [
        (0, range(0, 3)),
        *((1, range(start, min(start + 6, 16))) for start in (0, 6, 12)),
        (2, range(0, 1)),
    ]
    for piece in parts:
        assert len(piece.input.ids) <= 8
        assert piece.input.ids[0] == tokenizer.bos_token_id
        assert piece.input.ids[-1] == tokenizer.eos_token_id
        assert [piece.input.ids[token] for token in piece.first] == [
            tokenizer(sentences[piece.sentence][word], add_special_tokens=False)["input_ids"][0]
            for word in piece.words
        ]


def test_a_word_without_a_token_and_a_word_that_fills_a_piece_have_a_first_token_too(tokenizer: Any) -> None:
    (piece,) = pieces(tokenizer, [["the", " ", "cat"]], 16)
    assert [piece.input.ids[token] for token in piece.first][1] == tokenizer.unk_token_id
    long = ". , ; : ! ? - ( )"  # one word of nine tokens
    parts = pieces(tokenizer, [["sun", long, "moon"]], 8)
    assert [piece.words for piece in parts] == [range(0, 1), range(1, 2), range(2, 3)]
    assert [len(piece.input.ids) for piece in parts] == [3, 8, 3]


def test_pairs_lose_the_end_of_the_longer_sentence(tokenizer: Any) -> None:
    (read,) = pair_inputs(tokenizer, ["the cat runs the dog sleeps"], ["sun"], 8)
    assert tokenizer.decode(read.ids) == "<s> the cat runs the </s> sun </s>"


def test_a_window_begins_every_stride_and_every_token_of_the_passage_is_read(tokenizer: Any) -> None:
    context = " ".join(f"{a} {b}" for a in "abcdefgh" for b in "ijkl")  # 64 tokens
    parts = windows(tokenizer, ["the cat"], [context], 24, 6)
    spans = [[span for span in window.offsets if span is not None] for window in parts]
    assert [(row[0][0], len(row)) for row in spans] == [(2 * start, 19) for start in range(0, 43, 6)] + [
        (96, 16)
    ]
    assert "".join(
        context[start:end] for start, end in sorted({span for row in spans for span in row})
    ) == context.replace(" ", "")
    for window in parts:
        assert len(window.input.ids) == len(window.offsets) <= 24
        assert tokenizer.decode(window.input.ids).startswith("<s> the cat </s>")


def test_a_window_has_the_tokens_and_types_of_the_tokenizers_pair(tokenizer: Any) -> None:
    typed = copy.deepcopy(tokenizer)
    typed.model_input_names = ["input_ids", "token_type_ids", "attention_mask"]
    for variant in (tokenizer, typed):
        (window,) = windows(variant, ["the cat"], ["sun moon sea"], 32, 8)
        pair = variant("the cat", "sun moon sea", return_offsets_mapping=True)
        assert window.input.ids == pair["input_ids"]
        assert window.input.types == pair.get("token_type_ids")
        assert [span for span in window.offsets if span] == [(0, 3), (4, 8), (9, 12)]


def test_a_question_longer_than_half_a_window_leaves_room_for_the_passage(tokenizer: Any) -> None:
    parts = windows(tokenizer, ["the cat " * 40], ["sun moon sea"], 20, 4)
    assert {span for window in parts for span in window.offsets if span} == {(0, 3), (4, 8), (9, 12)}
    assert all(len(window.input.ids) <= 20 for window in parts)
