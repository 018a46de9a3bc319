"""The layouts of docs/checkpoints.md: folders as the ecosystem saves them, and what becomes of each."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.layouts import vocabularies
from tests.layouts.encoders import LAYERS, Make
from tests.layouts.vocabularies import Write

Ids = Callable[[Path, Sequence[str]], list[list[int]]]
Change = Callable[[Path, Any], None]


@dataclass(frozen=True)
class Opened:
    """A layout that is opened as saved. `ids` gives the ids that its files mean, without the harness."""

    name: str
    files: str
    model: Make
    tokenizer: Write
    ids: Ids
    change: Change = lambda folder, model: None
    padded: bool = True
    shortest: int = 0  # characters

    @property
    def measure(self) -> str:
        """Name what gives the ids to compare with."""
        return _MEASURES[self.ids.__qualname__.partition(".")[0]]


@dataclass(frozen=True)
class Sentences:
    """A folder of sentence-transformers: a layout with a pooling, maps after it, and prompts."""

    name: str
    files: str
    encoder: Opened
    pooling: str
    maps: tuple[tuple[int, int, str], ...] = ()
    prompts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Refused:
    """A layout that is refused: the messages that name what differs, and the way out."""

    name: str
    model: Make
    tokenizer: Write
    change: Change
    message: str
    cure: str
    layer: int = LAYERS


# ---- the ids that files mean ----


def of_tokenizer_json(folder: Path, texts: Sequence[str]) -> list[list[int]]:
    """Read tokenizer.json with the tokenizers library."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return [encoding.ids for encoding in tokenizer.encode_batch(list(texts))]


def of_pieces(name: str, shift: int, unknown: int, before: Sequence[int], after: Sequence[int]) -> Ids:
    """Read a SentencePiece model with sentencepiece; its pieces are numbered from `shift` on."""

    def read(folder: Path, texts: Sequence[str]) -> list[list[int]]:
        from sentencepiece import SentencePieceProcessor

        model = SentencePieceProcessor(model_file=str(folder / name))
        rows = model.encode(list(texts))
        return [
            [*before, *(unknown if model.is_unknown(i) else i + shift for i in row), *after] for row in rows
        ]

    return read


def of_m2m_files(folder: Path, texts: Sequence[str]) -> list[list[int]]:
    """Read pieces with sentencepiece and their numbers in vocab.json; the language's token is first."""
    from sentencepiece import SentencePieceProcessor
    from transformers.models.m2m_100.tokenization_m2m_100 import FAIRSEQ_LANGUAGE_CODES

    model = SentencePieceProcessor(model_file=str(folder / "sentencepiece.bpe.model"))
    numbers = json.loads((folder / "vocab.json").read_text())
    language = len(numbers) + FAIRSEQ_LANGUAGE_CODES["m2m100"].index("en")
    rows = model.encode(list(texts), out_type=str)
    return [[language, *(numbers.get(piece, 3) for piece in row), 2] for row in rows]


def of_word_pieces(*, lowercase: bool) -> Ids:
    """Read vocab.txt by BERT's tokenizer in the tokenizers library."""

    def read(folder: Path, texts: Sequence[str]) -> list[list[int]]:
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_str(vocabularies.word_pieces(lowercase=lowercase))
        return [encoding.ids for encoding in tokenizer.encode_batch(list(texts))]

    return read


def of_byte_pairs(folder: Path, texts: Sequence[str]) -> list[list[int]]:
    """Read vocab.json and merges.txt as RoBERTa's tokenizer in the tokenizers library."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_str(vocabularies.byte_pairs("roberta"))
    return [encoding.ids for encoding in tokenizer.encode_batch(list(texts))]


def of_characters(start: int | None, end: int, shift: int, *, utf8: bool) -> Ids:
    """Read code points or bytes as numbers."""

    def read(folder: Path, texts: Sequence[str]) -> list[list[int]]:
        rows = [list(text.encode()) if utf8 else [ord(char) for char in text] for text in texts]
        first = [] if start is None else [start]
        return [[*first, *(number + shift for number in row), end] for row in rows]

    return read


_MEASURES = {
    "of_tokenizer_json": "tokenizer.json's own",
    "of_pieces": "sentencepiece's own",
    "of_m2m_files": "sentencepiece's own, numbered in vocab.json",
    "of_word_pieces": "BERT's of the tokenizers library",
    "of_byte_pairs": "RoBERTa's of the tokenizers library",
    "of_characters": "code points or bytes",
}


# ---- tokenizers ----

BERT_NAMES = {
    "unk_token": "[UNK]",
    "sep_token": "[SEP]",
    "pad_token": "[PAD]",
    "cls_token": "[CLS]",
    "mask_token": "[MASK]",
}
ROBERTA_NAMES = {
    "bos_token": "<s>", "eos_token": "</s>", "sep_token": "</s>", "cls_token": "<s>", "unk_token": "<unk>", "pad_token": "<pad>", "mask_token": "<mask>",
}  # fmt: skip
T5_NAMES = {"eos_token": "</s>", "unk_token": "<unk>", "pad_token": "<pad>"}
XLMR: dict[str, Any] = {
    "first": ("<s>", "<pad>", "</s>", "<unk>"), "dropped": 3, "last": ("<mask>",), "split": True, "tokenizer_class": "XLMRobertaTokenizer", **ROBERTA_NAMES,
}  # fmt: skip
xlmr_json = vocabularies.unigram_json(vocabularies.FAIRSEQ, **XLMR)
xlmr_pieces = vocabularies.piece_file("sentencepiece.bpe.model", vocabularies.FAIRSEQ)
_BERT_AROUND: dict[str, Any] = {"around": ("[CLS]", "[SEP]")}


def deberta_json(folder: Path) -> None:
    from tokenizers import normalizers

    vocabularies.unigram_json(
        vocabularies.DEBERTA, last=("[MASK]",), unknown="[UNK]", before=(normalizers.Strip(left=True, right=True),), tokenizer_class="DebertaV2Tokenizer",
        do_lower_case=False, split_by_punct=False, **_BERT_AROUND, **BERT_NAMES,
    )(folder)  # fmt: skip


def rembert_json(folder: Path) -> None:
    from tokenizers import normalizers

    quotes = (normalizers.Replace("``", '"'), normalizers.Replace("''", '"'))
    vocabularies.unigram_json(
        vocabularies.REMBERT, before=quotes, tokenizer_class="RemBertTokenizer", do_lower_case=False, keep_accents=True, remove_space=True,
        **_BERT_AROUND, **BERT_NAMES | {"unk_token": "<unk>", "pad_token": "<pad>"},
    )(folder)  # fmt: skip


t5_json = vocabularies.unigram_json(
    vocabularies.T5, around=("", "</s>"), split=True, tokenizer_class="T5Tokenizer", extra_ids=0, **T5_NAMES
)
nllb_json = vocabularies.unigram_json(
    vocabularies.FAIRSEQ, first=("<s>", "<pad>", "</s>", "<unk>"), dropped=3, last=("eng_Latn", "deu_Latn", "<mask>"),
    around=("eng_Latn", "</s>"), tokenizer_class="NllbTokenizer", src_lang="eng_Latn", **ROBERTA_NAMES,
)  # fmt: skip
camembert_json = vocabularies.unigram_json(
    vocabularies.FAIRSEQ, first=("<s>NOTUSED", "<pad>", "</s>NOTUSED", "<unk>", "<unk>NOTUSED"), dropped=1, last=("<mask>",), split=True,
    tokenizer_class="CamembertTokenizer", **ROBERTA_NAMES,
)  # fmt: skip
qwen_json = vocabularies.byte_pair_json(
    "qwen", tokenizer_class="Qwen2Tokenizer", pad_token="<|endoftext|>", eos_token="<|im_end|>"
)
gemma_json = vocabularies.byte_pair_json(
    "gemma",
    tokenizer_class="GemmaTokenizer",
    bos_token="<s>",
    eos_token="</s>",
    pad_token="<pad>",
    unk_token="<unk>",
)
llama_json = vocabularies.byte_pair_json(
    "gemma",
    tokenizer_class="LlamaTokenizer",
    bos_token="<s>",
    eos_token="</s>",
    unk_token="<unk>",
    add_bos_token=False,
)
roberta_json = vocabularies.byte_pair_json("roberta", tokenizer_class="RobertaTokenizer", **ROBERTA_NAMES)
gpt_json = vocabularies.byte_pair_json(
    "roberta", tokenizer_class="GPT2Tokenizer", unk_token="<unk>", bos_token="<s>", eos_token="</s>"
)
cased = vocabularies.word_piece_json(lowercase=False, tokenizer_class="BertTokenizer", **BERT_NAMES)
uncased = vocabularies.word_piece_json(lowercase=True, tokenizer_class="BertTokenizer", **BERT_NAMES)


def no_files(name: str = "") -> Write:
    """Return what writes a tokenizer that reads characters or bytes, with its class where that has to be named."""
    return lambda folder: (
        (folder / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": name})) if name else None
    )  # type: ignore[return-value]
