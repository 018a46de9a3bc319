"""Tokenizers of each class, trained here, with the normalisers and splits that the published ones have."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from tests.layouts.texts import TRAINING

Write = Callable[[Path], None]
SIZE = 700


# ---- SentencePiece ----


@cache
def pieces(**options: Any) -> bytes:
    """Return a SentencePiece model; the table of its normaliser is nmt_nfkc, as in XLM-R's and mT5's."""
    import sentencepiece

    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(TRAINING), model_writer=model, vocab_size=SIZE, hard_vocab_limit=False,
        character_coverage=0.995, minloglevel=2, num_threads=1, **{"model_type": "unigram", "normalization_rule_name": "nmt_nfkc", **options},
    )  # fmt: skip
    return model.getvalue()


FAIRSEQ: dict[str, Any] = {}
DEBERTA: dict[str, Any] = {
    "pad_id": 0, "bos_id": 1, "eos_id": 2, "unk_id": 3,
    "pad_piece": "[PAD]", "bos_piece": "[CLS]", "eos_piece": "[SEP]", "unk_piece": "[UNK]",
}  # fmt: skip
REMBERT: dict[str, Any] = {
    "pad_id": 0, "unk_id": 1, "bos_id": 2, "eos_id": 3,
    "bos_piece": "[CLS]", "eos_piece": "[SEP]", "control_symbols": "[MASK]",
}  # fmt: skip
T5: dict[str, Any] = {"pad_id": 0, "eos_id": 1, "unk_id": 2, "bos_id": -1}


def piece_file(name: str, options: dict[str, Any]) -> Write:
    """Return what writes a SentencePiece model alone."""
    return lambda folder: _write(folder / name, pieces(**options))


def _write(path: Path, data: bytes) -> None:
    path.write_bytes(data)


def m2m_files(folder: Path) -> None:
    """Write a SentencePiece model and the numbers of its pieces, as M2M100 saves them."""
    from sentencepiece import SentencePieceProcessor

    model = SentencePieceProcessor(model_proto=pieces())
    listed = [model.id_to_piece(i) for i in range(model.get_piece_size()) if not model.is_control(i)]
    tokens = ["<s>", "<pad>", "</s>", "<unk>", *(piece for piece in listed if piece != "<unk>")]
    (folder / "sentencepiece.bpe.model").write_bytes(pieces())
    (folder / "vocab.json").write_text(json.dumps({token: i for i, token in enumerate(tokens)}))
    settings = {"tokenizer_class": "M2M100Tokenizer", "src_lang": "en"}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))


def unigram_json(
    options: dict[str, Any], *, first: tuple[str, ...] = (), dropped: int = 0, last: tuple[str, ...] = (),
    unknown: str = "<unk>", around: tuple[str, str] = ("<s>", "</s>"), split: bool = False, before: tuple[Any, ...] = (),
    added: tuple[str, ...] = (), **names: Any,
) -> Write:  # fmt: skip
    """Return what writes tokenizer.json of a SentencePiece model, as transformers 4 converted it.

    `split` adds XLM-R's split at white space, `before` normalisers before the model's own table.
    """

    def write(folder: Path) -> None:
        from sentencepiece import sentencepiece_model_pb2
        from tokenizers import AddedToken, Regex, Tokenizer, models, normalizers, pre_tokenizers

        model = sentencepiece_model_pb2.ModelProto()  # type: ignore[attr-defined]
        model.ParseFromString(pieces(**options))
        vocabulary = [(token, 0.0) for token in first]
        vocabulary += [(piece.piece, piece.score) for piece in model.pieces[dropped:]]
        vocabulary += [(token, 0.0) for token in last]
        tokens = [token for token, _ in vocabulary]
        tokenizer = Tokenizer(models.Unigram(vocabulary, tokens.index(unknown), byte_fallback=False))
        table = normalizers.Precompiled(model.normalizer_spec.precompiled_charsmap)
        spaces = normalizers.Replace(Regex(" {2,}"), " ")
        tokenizer.normalizer = normalizers.Sequence([*before, table, spaces])
        words = pre_tokenizers.Metaspace(prepend_scheme="always")
        tokenizer.pre_tokenizer = (
            pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), words]) if split else words
        )
        _finish(folder, tokenizer, tokens, around, added, AddedToken, names)

    return write


def _finish(
    folder: Path, tokenizer: Any, tokens: list[str], around: tuple[str, str], added: tuple[str, ...], token_type: Any, names: dict[str, Any]
) -> None:  # fmt: skip
    """Add the special tokens and those around a text, and write tokenizer.json and its settings."""
    from tokenizers import processors

    special = [
        token
        for token in (
            *around,
            "<pad>",
            "<unk>",
            "<mask>",
            "[PAD]",
            "[UNK]",
            "[MASK]",
            "[CLS]",
            "[SEP]",
            "<s>",
            "</s>",
        )
        if token in tokens
    ]
    tokenizer.add_special_tokens(list(dict.fromkeys(special)))
    tokenizer.add_tokens([token_type(token, normalized=False) for token in added])
    start, end = around
    text = " ".join(part for part in (start, "$A", end) if part)
    pair = " ".join(part for part in (start, "$A", end, "$B", end) if part)
    tokenizer.post_processor = processors.TemplateProcessing(
        single=text,
        pair=pair,
        special_tokens=[(token, tokens.index(token)) for token in dict.fromkeys(around) if token],
    )
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "tokenizer_config.json").write_text(json.dumps(names))


# ---- WordPiece and byte pairs ----

_BERT_SPECIALS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


@cache
def word_pieces(*, lowercase: bool) -> str:
    """Return the JSON of a WordPiece tokenizer with BERT's normaliser and split."""
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]", max_input_chars_per_word=100))
    tokenizer.normalizer = normalizers.BertNormalizer(
        clean_text=True, handle_chinese_chars=True, strip_accents=None, lowercase=lowercase
    )
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    titles = () if lowercase else tuple(text.title() for text in TRAINING)
    trainer = trainers.WordPieceTrainer(vocab_size=SIZE, special_tokens=_BERT_SPECIALS, show_progress=False)
    tokenizer.train_from_iterator((*TRAINING, *titles), trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS]:0 $A:0 [SEP]:0", pair="[CLS]:0 $A:0 [SEP]:0 $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )  # fmt: skip
    tokenizer.decoder = decoders.WordPiece()
    return tokenizer.to_str()


def word_piece_json(*, lowercase: bool, **settings: Any) -> Write:
    """Return what writes BERT's tokenizer.json."""

    def write(folder: Path) -> None:
        (folder / "tokenizer.json").write_text(word_pieces(lowercase=lowercase))
        (folder / "tokenizer_config.json").write_text(json.dumps({"do_lower_case": lowercase, **settings}))

    return write


def word_piece_list(*, lowercase: bool, **settings: Any) -> Write:
    """Return what writes BERT's vocab.txt alone, with settings where there are any."""

    def write(folder: Path) -> None:
        vocabulary = json.loads(word_pieces(lowercase=lowercase))["model"]["vocab"]
        (folder / "vocab.txt").write_text(
            "".join(f"{piece}\n" for piece in sorted(vocabulary, key=vocabulary.__getitem__))
        )
        if settings:
            (folder / "tokenizer_config.json").write_text(json.dumps(settings))

    return write


@cache
def byte_pairs(kind: str) -> str:
    """Return the JSON of a tokenizer of byte pairs: RoBERTa's, Qwen's (with NFC), or Gemma's (without bytes)."""
    from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors, trainers

    special = (
        ["<s>", "<pad>", "</s>", "<unk>", "<mask>"] if kind != "qwen" else ["<|endoftext|>", "<|im_end|>"]
    )
    fallback = {"byte_fallback": True, "unk_token": "<unk>", "fuse_unk": True} if kind == "gemma" else {}
    tokenizer = Tokenizer(models.BPE(**fallback))
    alphabet = [] if kind == "gemma" else pre_tokenizers.ByteLevel.alphabet()
    bytes_alone = [f"<0x{byte:02X}>" for byte in range(256)] if kind == "gemma" else []
    match kind:
        case "roberta":
            tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        case "qwen":
            tokenizer.normalizer = normalizers.NFC()
            words = Regex(
                r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
            )
            tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
                [pre_tokenizers.Split(words, "isolated"), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]
            )  # fmt: skip
        case "gemma":
            tokenizer.normalizer = normalizers.Replace(" ", "▁")
            tokenizer.pre_tokenizer = pre_tokenizers.Split(" ", "merged_with_previous")
    trainer = trainers.BpeTrainer(
        vocab_size=SIZE + 300,
        special_tokens=[*special, *bytes_alone],
        initial_alphabet=alphabet,
        show_progress=False,
    )
    tokenizer.train_from_iterator(TRAINING, trainer)
    around = {"roberta": ("<s>", "</s>"), "gemma": ("<s>", "</s>"), "qwen": ("", "<|endoftext|>")}[kind]
    start, end = around
    tokenizer.post_processor = processors.TemplateProcessing(
        single=" ".join(part for part in (start, "$A", end) if part),
        pair=" ".join(part for part in (start, "$A", end, "$B", end) if part),
        special_tokens=[(token, tokenizer.token_to_id(token)) for token in around if token],
    )
    return tokenizer.to_str()


def byte_pair_json(kind: str, **settings: Any) -> Write:
    """Return what writes tokenizer.json of byte pairs."""

    def write(folder: Path) -> None:
        (folder / "tokenizer.json").write_text(byte_pairs(kind))
        (folder / "tokenizer_config.json").write_text(json.dumps(settings))

    return write


def byte_pair_lists(**settings: Any) -> Write:
    """Return what writes RoBERTa's vocab.json and merges.txt alone."""

    def write(folder: Path) -> None:
        model = json.loads(byte_pairs("roberta"))["model"]
        (folder / "vocab.json").write_text(json.dumps(model["vocab"]))
        merges = (merge if isinstance(merge, str) else " ".join(merge) for merge in model["merges"])
        (folder / "merges.txt").write_text("#version: 0.2\n" + "".join(f"{merge}\n" for merge in merges))
        (folder / "tokenizer_config.json").write_text(json.dumps(settings))

    return write
