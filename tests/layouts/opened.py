"""Layouts that are opened as saved."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tests.layouts import matrix as m
from tests.layouts import vocabularies as v
from tests.layouts.encoders import LAYERS, make
from tests.layouts.matrix import Change, Opened

WEIGHTS, INDEX = "model.safetensors", "model.safetensors.index.json"


def also(*changes: Change) -> Change:
    """Return changes one after another."""

    def change(folder: Path, model: Any) -> None:
        for step in changes:
            step(folder, model)

    return change


def settings(file: str = "config.json", drop: tuple[str, ...] = (), **values: Any) -> Change:
    """Return the change that writes values into a JSON file of the folder, and takes keys away."""

    def change(folder: Path, model: Any) -> None:
        path = folder / file
        old = json.loads(path.read_text()) if path.exists() else {}
        path.write_text(json.dumps({key: value for key, value in old.items() if key not in drop} | values))

    return change


def renamed(rename: Callable[[str], str], more: Mapping[str, tuple[int, ...]] = {}) -> Change:
    """Return the change that gives the tensors other names, and adds some of ones."""

    def change(folder: Path, model: Any) -> None:
        import torch
        from safetensors.torch import load_file, save_file

        tensors = {rename(name): tensor for name, tensor in load_file(folder / WEIGHTS).items()}
        tensors |= {name: torch.ones(shape) for name, shape in more.items()}
        save_file(tensors, folder / WEIGHTS, metadata={"format": "pt"})

    return change


def in_two_shards(folder: Path, model: Any) -> None:
    """Split the weights over two files and an index."""
    from safetensors.torch import load_file, save_file

    tensors = sorted(load_file(folder / WEIGHTS).items())
    half, weight_map = len(tensors) // 2, {}
    for number, part in enumerate((tensors[:half], tensors[half:]), start=1):
        name = f"model-{number:05}-of-00002.safetensors"
        save_file(dict(part), folder / name, metadata={"format": "pt"})
        weight_map |= dict.fromkeys((tensor for tensor, _ in part), name)
    (folder / WEIGHTS).unlink()
    (folder / INDEX).write_text(json.dumps({"metadata": {"total_size": 1}, "weight_map": weight_map}))


def beside(*names: str) -> Change:
    """Return the change that puts other files next to the weights."""

    def change(folder: Path, model: Any) -> None:
        for name in names:
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_bytes(b"{}")

    return change


def with_code(model_type: str, classes: str, **values: Any) -> Change:
    """Return the change that writes an auto_map of a repository's code, as for its own `model_type`."""
    return settings(
        model_type=model_type,
        auto_map={
            "AutoConfig": f"{classes}--configuration.Config",
            "AutoModel": f"{classes}--modeling.Model",
        },
        **values,
    )


def _as_eurobert(folder: Path, model: Any) -> None:
    with_code(
        "eurobert", "EuroBERT/EuroBERT-210m", rope_theta=250000.0, rope_scaling=None, hidden_dropout=0.0, clf_pooling="late",
        bos_token="<s>", eos_token="</s>", pad_token="<pad>", mask_token="<mask>",
    )(folder, model)  # fmt: skip
    settings(drop=("rope_parameters",))(folder, model)


def _as_gte(folder: Path, model: Any) -> None:
    renamed(
        lambda name: f"new.{name}",
        {
            "new.pooler.dense.weight": (32, 32),
            "new.pooler.dense.bias": (32,),
            "classifier.weight": (2, 32),
            "classifier.bias": (2,),
        },
    )(folder, model)
    with_code(
        "new", "Alibaba-NLP/new-impl", architectures=["NewModel", "NewForTokenClassification"], layer_norm_type="layer_norm", logn_attention_clip1=False,
        logn_attention_scale=False, pack_qkv=True, position_embedding_type="rope", rope_scaling={"factor": 8.0, "type": "ntk"}, rope_theta=20000,
        unpad_inputs=False, use_memory_efficient_attention=False,
    )(folder, model)  # fmt: skip
    settings(drop=("rope_parameters",))(folder, model)


def _as_nomic(folder: Path, model: Any) -> None:
    own = (
        "hidden_size",
        "num_hidden_layers",
        "num_attention_heads",
        "intermediate_size",
        "max_position_embeddings",
        "layer_norm_eps",
        "rope_parameters",
        "hidden_act",
        "head_dim",
    )
    with_code(
        "nomic_bert", "nomic-ai/nomic-bert-2048", n_embd=32, n_layer=LAYERS, n_head=4, n_inner=64, n_positions=256, layer_norm_epsilon=1e-12,
        rotary_emb_base=10000, rotary_emb_fraction=1.0, rotary_emb_interleaved=False, rotary_emb_scale_base=None, rotary_scaling_factor=None, causal=False,
        prenorm=False, parallel_block=False, qkv_proj_bias=False, mlp_fc1_bias=False, mlp_fc2_bias=False, use_rms_norm=False, activation_function="swiglu",
        scale_attn_weights=True, scale_attn_by_inverse_layer_idx=False, attn_pdrop=0.0, embd_pdrop=0.0, resid_pdrop=0.0, fused_bias_fc=True, use_flash_attn=True,
        pad_vocab_size_multiple=64, summary_type="cls_index",
    )(folder, model)  # fmt: skip
    settings(drop=own)(folder, model)


def _as_jina(folder: Path, model: Any) -> None:
    renamed(lambda name: f"roberta.{name}")(folder, model)
    with_code(
        "xlm-roberta", "jinaai/xlm-roberta-flash-implementation", position_embedding_type="rotary", rotary_emb_base=20000.0, use_flash_attn=False, emb_pooler="mean",
        lora_adaptations=None, matryoshka_dimensions=[16, 32], truncate_dim=None,
    )(folder, model)  # fmt: skip
    settings(drop=("rope_parameters",))(folder, model)


def _narrow(dtype: str) -> Change:
    def change(folder: Path, model: Any) -> None:
        import torch

        model.to(getattr(torch, dtype)).save_pretrained(folder)
        model.float()  # the reference has the rounded weights, in float32

    return change


_FAIRSEQ_IDS = m.of_pieces("sentencepiece.bpe.model", 1, 3, [0], [2])
_XLMR_FILES = "tokenizer.json (Unigram, table of nmt_nfkc)"
OPENED: tuple[Opened, ...] = (
    # BERT's family
    Opened("mBERT", "tokenizer.json (WordPiece, cased)", make("bert"), m.cased, m.of_tokenizer_json),
    Opened("mBERT, before tokenizer.json", "vocab.txt, do_lower_case: false", make("bert"), v.word_piece_list(lowercase=False, do_lower_case=False), m.of_word_pieces(lowercase=False)),
    Opened("BERT uncased, before tokenizer.json", "vocab.txt without capitals", make("bert"), v.word_piece_list(lowercase=True), m.of_word_pieces(lowercase=True)),
    Opened("BERT with head and pooler (BertForMaskedLM)", "tensors bert.…, cls.…", make("bert", "ForMaskedLM"), m.uncased, m.of_tokenizer_json),
    Opened("all-MiniLM-L6-v2", "tokenizer.json (WordPiece, uncased)", make("bert"), m.uncased, m.of_tokenizer_json),
    Opened("distil-mBERT", "tokenizer.json", make("distilbert"), v.word_piece_json(lowercase=False, tokenizer_class="DistilBertTokenizer", **m.BERT_NAMES), m.of_tokenizer_json),
    Opened("ELECTRA", "tokenizer.json", make("electra"), v.word_piece_json(lowercase=True, tokenizer_class="ElectraTokenizer", **m.BERT_NAMES), m.of_tokenizer_json),
    Opened("MPNet, 514 positions", "tokenizer.json", make("mpnet"), v.word_piece_json(lowercase=True, tokenizer_class="MPNetTokenizer", **m.BERT_NAMES), m.of_tokenizer_json),
    # RoBERTa's family
    Opened("XLM-R", _XLMR_FILES, make("xlm-roberta"), m.xlmr_json, m.of_tokenizer_json),
    Opened("XLM-R with added tokens", f"{_XLMR_FILES}, added tokens", make("xlm-roberta"), v.unigram_json(v.FAIRSEQ, **m.XLMR, added=("[ENT]", "teacher")), m.of_tokenizer_json),
    Opened("XLM-R, before tokenizer.json", "sentencepiece.bpe.model", make("xlm-roberta"), m.xlmr_pieces, _FAIRSEQ_IDS),
    Opened("XLM-R with head (ForMaskedLM)", "tensors roberta.…, lm_head.…", make("xlm-roberta", "ForMaskedLM"), m.xlmr_json, m.of_tokenizer_json),
    Opened("XLM-R XL", _XLMR_FILES, make("xlm-roberta-xl"), m.xlmr_json, m.of_tokenizer_json),
    Opened("multilingual E5", f"{_XLMR_FILES}, float16 weights", make("xlm-roberta"), m.xlmr_json, m.of_tokenizer_json, _narrow("float16")),
    Opened("CamemBERT, 514 positions", _XLMR_FILES, make("camembert"), m.camembert_json, m.of_tokenizer_json),
    Opened("CamemBERT, before tokenizer.json", "sentencepiece.bpe.model", make("camembert"), m.xlmr_pieces, m.of_pieces("sentencepiece.bpe.model", 4, 3, [5], [6])),
    Opened("RoBERTa", "tokenizer.json (byte pairs)", make("roberta"), m.roberta_json, m.of_tokenizer_json),
    Opened("RoBERTa, before tokenizer.json", "vocab.json, merges.txt", make("roberta"), v.byte_pair_lists(tokenizer_class="RobertaTokenizer", **m.ROBERTA_NAMES), m.of_byte_pairs),
    # others that read both ways
    Opened("mDeBERTa", "tokenizer.json (Unigram, its own normaliser)", make("deberta-v2"), m.deberta_json, m.of_tokenizer_json),
    Opened("mDeBERTa, before tokenizer.json", "spm.model", make("deberta-v2"), v.piece_file("spm.model", v.DEBERTA), m.of_pieces("spm.model", 0, 3, [1], [2])),
    Opened("RemBERT", "tokenizer.json", make("rembert"), m.rembert_json, m.of_tokenizer_json),
    Opened("RemBERT, before tokenizer.json", "sentencepiece.model", make("rembert"), v.piece_file("sentencepiece.model", v.REMBERT), m.of_pieces("sentencepiece.model", 0, 1, [2], [3])),
    Opened("mmBERT (ModernBERT)", "tokenizer.json (byte pairs as Gemma's)", make("modernbert"), v.byte_pair_json("gemma", tokenizer_class="PreTrainedTokenizerFast", **m.ROBERTA_NAMES), m.of_tokenizer_json),
    Opened("CANINE", "no file: characters", make("canine"), m.no_files(), m.of_characters(0xE000, 0xE001, 0, utf8=False), padded=False, shortest=2),
    # code left over
    Opened("EuroBERT with auto_map", "config.json names code; tokenizer.json", make("eurobert", pad_token_id=1, bos_token_id=0, eos_token_id=2, mask_token_id=4, rope_parameters={"rope_type": "default", "rope_theta": 250000.0}), m.roberta_json, m.of_tokenizer_json, _as_eurobert),
    Opened("gte multilingual with auto_map (model_type new)", "config.json names code, tensors new.…", make("gte"), m.xlmr_json, m.of_tokenizer_json, _as_gte),
    Opened("nomic-embed with auto_map", "config.json names code, keys n_embd …", make("nomic_bert"), m.uncased, m.of_tokenizer_json, _as_nomic),
    Opened("jina v3 with auto_map, without adapters", "config.json names code, tensors roberta.…", make("jina_embeddings_v3"), m.xlmr_json, m.of_tokenizer_json, _as_jina),
    # encoders of sequence-to-sequence models
    Opened("T5", "tokenizer.json; encoder and decoder", make("t5"), m.t5_json, m.of_tokenizer_json),
    Opened("mT5", "spiece.model; encoder and decoder", make("mt5"), v.piece_file("spiece.model", v.T5), m.of_pieces("spiece.model", 0, 2, [], [1])),
    Opened("umT5 (ForConditionalGeneration)", "tokenizer.json; encoder, decoder, lm_head", make("umt5", "ForConditionalGeneration"), m.t5_json, m.of_tokenizer_json),
    Opened("T5EncoderModel", "tokenizer.json; encoder alone", make("t5", "EncoderModel"), m.t5_json, m.of_tokenizer_json),
    Opened("ByT5", "no file: bytes; tokenizer_class", make("t5"), m.no_files("ByT5Tokenizer"), m.of_characters(None, 1, 3, utf8=True)),
    Opened("NLLB (M2M100)", "tokenizer.json with the language's token", make("m2m_100"), m.nllb_json, m.of_tokenizer_json),
    Opened("M2M100", "sentencepiece.bpe.model, vocab.json", make("m2m_100"), v.m2m_files, m.of_m2m_files),
    Opened("mBART", "tokenizer.json", make("mbart"), m.xlmr_json, m.of_tokenizer_json),
    # decoders
    Opened("Qwen3", "tokenizer.json (byte pairs, NFC)", make("qwen3"), m.qwen_json, m.of_tokenizer_json),
    Opened("Llama (ForCausalLM)", "tokenizer.json; tensors model.…, lm_head", make("llama", "ForCausalLM", tie_word_embeddings=False), m.llama_json, m.of_tokenizer_json),
    Opened("Gemma 3, both ways", "tokenizer.json; use_bidirectional_attention", make("gemma3_text"), m.gemma_json, m.of_tokenizer_json),
    Opened("OPT (ForCausalLM)", "tensors model.decoder.…", make("opt", "ForCausalLM"), m.gpt_json, m.of_tokenizer_json),
    Opened("GPT-2", "n_layer, n_embd", make("gpt2", bos_token_id=0, eos_token_id=2), m.gpt_json, m.of_tokenizer_json),
    Opened("XGLM", "tokenizer.json", make("xglm"), v.unigram_json(v.FAIRSEQ, first=("<s>", "<pad>", "</s>", "<unk>"), dropped=3, around=("</s>", ""), tokenizer_class="XGLMTokenizer", **m.ROBERTA_NAMES), m.of_tokenizer_json),
    # files
    Opened("weights in two shards", "model-0000N-of-00002.safetensors, index", make("xlm-roberta"), m.xlmr_json, m.of_tokenizer_json, in_two_shards),
    Opened("bfloat16 weights", "model.safetensors", make("bert"), m.cased, m.of_tokenizer_json, _narrow("bfloat16")),
    Opened("exports next to the weights", "onnx/, pytorch_model.bin, model.gguf", make("bert"), m.cased, m.of_tokenizer_json, beside("onnx/model.onnx", "pytorch_model.bin", "model.gguf")),
)  # fmt: skip
