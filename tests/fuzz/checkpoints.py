"""Checkpoints whose safetensors header, or whose JSON, was changed."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from hypothesis import strategies as st

from tests.fuzz.mutations import NUMBERS, altered, damaged, printed

Files = dict[str, bytes]
WEIGHTS, INDEX = "model.safetensors", "model.safetensors.index.json"
_DTYPES = ("F64", "F32", "F16", "BF16", "F8_E4M3", "I64", "I32", "U8", "BOOL", "C64", "F4", "")


# ---- headers -----------------------------------------------------------------------------------


def split(data: bytes) -> tuple[dict[str, Any], bytes]:
    length = int.from_bytes(data[:8], "little")
    return json.loads(data[8 : 8 + length]), data[8 + length :]


def joined(header: bytes, tensors: bytes, length: int | None = None) -> bytes:
    return (len(header) if length is None else length).to_bytes(8, "little") + header + tensors


@st.composite
def header_examples(draw: st.DrawFn, sound: Files) -> Files:
    """Return a checkpoint whose header has other entries, other text, another length, or another index."""
    header, tensors = split(sound[WEIGHTS])
    raw, length = printed(header), None
    match draw(st.integers(0, 6)):
        case 0:
            raw = damaged(draw, raw)
        case 1:
            raw = printed(altered(draw, header, [(name, header[name]) for name in list(header)[:3]]))
        case 2:
            length = draw(
                st.one_of(st.sampled_from([abs(number) for number in NUMBERS]), st.integers(0, len(raw) + 20))
            )
        case 3:
            raw = printed(_other_entry(draw, header)) + b" " * draw(st.sampled_from([0, 1, 7]))
        case 4:
            tensors = damaged(draw, tensors)
        case 5:
            name = draw(st.sampled_from(list(header)))
            raw = raw[:-1] + b"," + printed({name: header[name]})[1:]
        case _:
            raw = printed(_long(draw, header))
    files = {**sound, WEIGHTS: joined(raw, tensors, length)}
    if draw(st.integers(0, 5)) == 0:
        shard = "model-00001-of-00001.safetensors"
        index: Any = {
            "metadata": {"total_size": 1},
            "weight_map": {name: shard for name in header if name != "__metadata__"},
        }
        del files[WEIGHTS]
        files |= {shard: sound[WEIGHTS], INDEX: printed(altered(draw, index))}
    return files


def _other_entry(draw: st.DrawFn, header: dict[str, Any]) -> dict[str, Any]:
    """Change dtype, shape or offsets of one tensor; often so that they still fit each other."""
    name = draw(st.sampled_from([name for name in header if name != "__metadata__"]))
    entry = dict(header[name])
    match draw(st.integers(0, 4)):
        case 0:
            entry["dtype"] = draw(st.sampled_from(_DTYPES))
        case 1:
            entry["shape"] = [*draw(st.lists(st.sampled_from((1, 2, 32, *NUMBERS)), max_size=10))]
        case 2:
            entry["shape"] = [*entry["shape"][::-1], *[1] * draw(st.sampled_from([0, 1, 20]))]
        case 3:
            begin, end = entry["data_offsets"]
            entry["data_offsets"] = [
                begin + draw(st.sampled_from([0, 1, -1, -4])),
                end + draw(st.sampled_from([0, 1, 4, 2**40])),
            ]
        case _:
            other = draw(st.sampled_from([name for name in header if name != "__metadata__"]))
            return {**header, name: header[other], other: entry}
    return {**header, name: entry}


def _long(draw: st.DrawFn, header: dict[str, Any]) -> dict[str, Any]:
    """Add many tensors without elements, much metadata, or a long name."""
    count = draw(st.sampled_from([1, 1000, 100_001]))
    match draw(st.integers(0, 2)):
        case 0:
            entry = {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]}
            return {**header, **{f"a{number}": entry for number in range(count)}}
        case 1:
            return {**header, "__metadata__": {f"a{number}": "x" for number in range(count)}}
        case _:
            return {**header, "a" * count: {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]}}


# ---- tokenizers and configurations -------------------------------------------------------------

_JSON = (
    "tokenizer.json",
    "tokenizer.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "config.json",
)
_PART: tuple[tuple[str, Any], ...] = (
    ("normalizer", {"type": "Replace", "pattern": {"Regex": "("}, "content": "x"}),
    ("normalizer", {"type": "Replace", "pattern": {"String": "a"}, "content": "aa"}),
    ("normalizer", {"type": "Replace", "pattern": {"String": ""}, "content": "b"}),
    ("normalizer", {"type": "Precompiled", "precompiled_charsmap": "AAAA"}),
    ("normalizer", {"type": "Precompiled", "precompiled_charsmap": "/////w=="}),
    ("normalizer", {"type": "Sequence", "normalizers": [{"type": "NFKD"}, {"type": "Lowercase"}, {"type": "StripAccents"}]}),
    ("normalizer", {"type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True, "strip_accents": None, "lowercase": True}),
    ("normalizer", {"type": "Prepend", "prepend": "▁"}),
    ("pre_tokenizer", {"type": "Split", "pattern": {"Regex": "(a|a)*$"}, "behavior": "Isolated", "invert": False}),
    ("pre_tokenizer", {"type": "Split", "pattern": {"String": ""}, "behavior": "Removed", "invert": True}),
    ("pre_tokenizer", {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True}),
    ("pre_tokenizer", {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True}),
    ("pre_tokenizer", {"type": "FixedLength", "length": 0}),
    ("pre_tokenizer", None),
    ("post_processor", {"type": "BertProcessing", "sep": ["</s>", 99], "cls": ["<s>", 10**6]}),
    ("post_processor", {"type": "RobertaProcessing", "sep": ["</s>", 2], "cls": ["<s>", 0], "trim_offsets": True, "add_prefix_space": True}),
    ("post_processor", {"type": "TemplateProcessing", "single": [], "pair": [], "special_tokens": {}}),
    ("post_processor", {"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "x", "type_id": 7}}], "pair": [], "special_tokens": {"x": {"id": "x", "ids": [2**32 - 1], "tokens": ["x"]}}}),
    ("post_processor", None),
    ("decoder", {"type": "WordPiece", "prefix": "##", "cleanup": True}),
    ("truncation", {"direction": "Right", "max_length": 0, "strategy": "LongestFirst", "stride": 5}),
    ("truncation", {"direction": "Left", "max_length": 2, "strategy": "OnlySecond", "stride": 10**9}),
    ("padding", {"strategy": {"Fixed": 10**9}, "direction": "Right", "pad_to_multiple_of": 2**40, "pad_id": 1, "pad_type_id": 0, "pad_token": "<pad>"}),
    ("model", {"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2}, "merges": [["a", "b"]], "unk_token": "zzz", "dropout": 2.0}),
    ("model", {"type": "BPE", "vocab": {"a": 0}, "merges": ["a b"], "unk_token": None, "byte_fallback": True}),
    ("model", {"type": "Unigram", "vocab": [["<unk>", 0.0]], "unk_id": 7}),
    ("model", {"type": "Unigram", "vocab": [], "unk_id": 0}),
    ("model", {"type": "Unigram", "vocab": [["a", 1e308], ["b", -1e308], ["", 0]], "unk_id": None}),
    ("model", {"type": "WordPiece", "vocab": {"a": 0}, "unk_token": "[UNK]", "continuing_subword_prefix": "##", "max_input_chars_per_word": 0}),
    ("model", {"type": "WordLevel", "vocab": {}, "unk_token": "<unk>"}),
    ("added_tokens", [{"id": 2**31, "content": "", "single_word": False, "lstrip": True, "rstrip": True, "normalized": True, "special": True}]),
    ("added_tokens", []),
    ("version", "2.0"),
)  # fmt: skip
_SETTING: tuple[tuple[str, Any], ...] = (
    *((("tokenizer_class", name)) for name in ("BertTokenizer", "XLMRobertaTokenizer", "PreTrainedTokenizer", "T5TokenizerFast", "CLIPTokenizer", "BertJapaneseTokenizer", "TokenizersBackend", "Tokenizer")),
    *((("model_type", name)) for name in ("xlm-roberta", "roberta", "distilbert", "deberta-v2", "modernbert", "electra", "t5", "gpt2", "clip", "albert", "xlnet", "longformer", "big_bird", "")),
    *((("hidden_act", value)) for value in ("gelu_new", "relu", "x", None, 7)),
    ("pad_token_id", 10**6), ("pad_token_id", -1), ("pad_token_id", None), ("num_attention_heads", 0), ("num_attention_heads", 3), ("num_attention_heads", -4),
    ("layer_norm_eps", "x"), ("layer_norm_eps", -1.0), ("initializer_range", -1), ("initializer_range", 1e308), ("chunk_size_feed_forward", 10**9), ("pruned_heads", {"0": [1]}),
    ("hidden_dropout_prob", 2), ("is_decoder", True), ("add_cross_attention", True), ("torch_dtype", "float8_e4m3fn"), ("dtype", "x"), ("dtype", "bfloat16"), ("problem_type", "x"),
    ("position_embedding_type", "relative_key"), ("rope_scaling", {"type": "x"}), ("rope_parameters", []), ("tie_word_embeddings", True), ("id2label", {"a": 1}), ("num_labels", 0), ("architectures", ["X"]),
    ("output_hidden_states", False), ("return_dict", False), ("output_attentions", True), ("use_cache", "x"), ("attention_probs_dropout_prob", "x"), ("transformers_version", "99.0"), ("sub_configs", {}),
    ("model_max_length", 0), ("model_max_length", -1), ("model_max_length", 10**30), ("model_max_length", "x"), ("padding_side", "middle"), ("truncation_side", 3), ("add_prefix_space", True),
    ("clean_up_tokenization_spaces", "x"), ("extra_special_tokens", ["x"]), ("extra_special_tokens", {"a": "b"}), ("additional_special_tokens", [7]), ("do_lower_case", True), ("unk_token", {"content": 7}),
    ("unk_token", {"__type": "AddedToken", "content": "<unk>"}), ("pad_token", None), ("pad_token", "zzz"), ("cls_token", 7), ("sep_token", ""), ("model_input_names", ["x"]), ("added_tokens_decoder", {"x": {"content": "y"}}),
    ("added_tokens_decoder", {"99999": {"content": "y", "special": True}}), ("split_special_tokens", True), ("legacy", False), ("fix_mistral_regex", True), ("from_slow", True), ("use_fast", False), ("tokenizer_type", "x"),
)  # fmt: skip


@st.composite
def tokenizer_examples(draw: st.DrawFn, sound: dict[str, Files]) -> Files:
    """Return a checkpoint whose tokenizer or configuration has other values, other parts or other bytes."""
    files = dict(sound[draw(st.sampled_from(list(sound)))])
    for _ in range(draw(st.sampled_from([1, 1, 2]))):
        name = draw(st.sampled_from(_JSON))
        data = files.get(name, b"{}")
        match draw(st.integers(0, 7)):
            case 0:
                files[name] = damaged(draw, data)
            case 1:
                files.pop(name, None)
            case 2:
                extra = draw(
                    st.sampled_from(
                        [
                            "added_tokens.json",
                            "vocab.txt",
                            "vocab.json",
                            "merges.txt",
                            "spiece.model",
                            "spm.model",
                            "sentencepiece.bpe.model",
                        ]
                    )
                )
                content = draw(
                    st.sampled_from(
                        [
                            b"{}",
                            b'{"a": 1000000000}',
                            b"a\nb\na\n",
                            b"\n\x05\n\x01a\x15\0\0\0\0",
                            b"\n" + b"\xff" * 40,
                            b"#version: 0.2\na b\n",
                            b"",
                        ]
                    )
                )
                files[extra] = content
            case _:
                known = _PART if name == "tokenizer.json" else _SETTING
                files[name] = _changed(draw, data, known)
    return files


def _changed(draw: st.DrawFn, data: bytes, known: tuple[tuple[str, Any], ...]) -> bytes:
    try:
        tree = json.loads(data)
    except ValueError:
        return data
    if isinstance(tree, dict) and draw(st.booleans()):
        name, value = draw(st.sampled_from(known))
        return printed({**tree, name: value if draw(st.booleans()) else altered(draw, value, known)})
    return printed(altered(draw, tree, known))


@cache
def tokenizers() -> dict[str, bytes]:
    """Return a tokenizer.json of every model of the library, with the parts that come with it."""
    from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors

    letters = [*"abcdefghijklmnopqrstuvwxyz"]
    special = ["<s>", "<pad>", "</s>", "<unk>"]
    ids = {piece: number for number, piece in enumerate([*special, *letters, "##a", "ab", "▁", "Ġ"])}
    made = {
        "WordPiece": Tokenizer(models.WordPiece(ids, unk_token="<unk>")),
        "BPE": Tokenizer(models.BPE(ids, [("a", "b")], unk_token="<unk>")),
        "Unigram": Tokenizer(
            models.Unigram([(piece, -float(number)) for piece, number in ids.items()], unk_id=3)
        ),
    }
    made["WordPiece"].normalizer = normalizers.BertNormalizer()
    made["WordPiece"].pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    made["WordPiece"].post_processor = processors.BertProcessing(("</s>", 2), ("<s>", 0))
    made["BPE"].pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(Regex(r"\p{N}"), "isolated"), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    made["BPE"].post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0))
    made["Unigram"].normalizer = normalizers.Sequence(
        [normalizers.Nmt(), normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " ")]
    )
    made["Unigram"].pre_tokenizer = pre_tokenizers.Metaspace()
    made["Unigram"].post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> $B </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    for tokenizer in made.values():
        tokenizer.add_special_tokens(special)
    return {name: tokenizer.to_str().encode() for name, tokenizer in made.items()}


def variants(toy: Files) -> dict[str, Files]:
    """Return the toy encoder with each kind of tokenizer."""
    return {"WordLevel": toy} | {name: {**toy, "tokenizer.json": data} for name, data in tokenizers().items()}
