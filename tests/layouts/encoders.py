"""Small encoders of transformers' own classes with random weights, as the published ones are put together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

VOCABULARY, LAYERS, LENGTH = 1200, 2, 256
Make = Callable[[], Any]

_SIZES = {
    "hidden_size": 32, "num_hidden_layers": LAYERS, "num_attention_heads": 4, "intermediate_size": 64, "vocab_size": VOCABULARY,
}  # fmt: skip
# RoBERTa's family numbers positions from the padding token's id on.
_FROM_PADDING = {
    "max_position_embeddings": LENGTH + 2,
    "pad_token_id": 1,
    "bos_token_id": 0,
    "eos_token_id": 2,
}
_GROUPED = {"num_key_value_heads": 2, "head_dim": 8, "max_position_embeddings": LENGTH}
_SEQ2SEQ = {
    "d_model": 32, "encoder_layers": LAYERS, "decoder_layers": LAYERS, "encoder_attention_heads": 4, "decoder_attention_heads": 4,
    "encoder_ffn_dim": 64, "decoder_ffn_dim": 64, "vocab_size": VOCABULARY, "max_position_embeddings": LENGTH,
}  # fmt: skip
_T5 = {
    "d_model": 32, "d_kv": 8, "d_ff": 64, "num_layers": LAYERS, "num_decoder_layers": LAYERS, "num_heads": 4, "vocab_size": VOCABULARY,
    "feed_forward_proj": "gated-gelu",
}  # fmt: skip
SETTINGS: dict[str, dict[str, Any]] = {
    "bert": _SIZES | {"max_position_embeddings": LENGTH},
    "distilbert": {"dim": 32, "n_layers": LAYERS, "n_heads": 4, "hidden_dim": 64, "vocab_size": VOCABULARY, "max_position_embeddings": LENGTH},
    "electra": _SIZES | {"embedding_size": 16, "max_position_embeddings": LENGTH},
    "albert": _SIZES | {"embedding_size": 16, "max_position_embeddings": LENGTH, "num_hidden_groups": 1},
    "mpnet": _SIZES | _FROM_PADDING,
    "roberta": _SIZES | _FROM_PADDING | {"type_vocab_size": 1},
    "xlm-roberta": _SIZES | _FROM_PADDING | {"type_vocab_size": 1},
    "xlm-roberta-xl": _SIZES | _FROM_PADDING | {"type_vocab_size": 1},
    "camembert": _SIZES | _FROM_PADDING | {"type_vocab_size": 1},
    "deberta-v2": _SIZES | {
        "max_position_embeddings": LENGTH, "relative_attention": True, "position_buckets": 16, "norm_rel_ebd": "layer_norm", "share_att_key": True,
        "pos_att_type": ["p2c", "c2p"], "position_biased_input": False, "max_relative_positions": -1, "type_vocab_size": 0,
    },
    "rembert": _SIZES | {"input_embedding_size": 16, "output_embedding_size": 48, "max_position_embeddings": LENGTH},
    "modernbert": _SIZES | {
        "max_position_embeddings": LENGTH, "global_attn_every_n_layers": 2, "local_attention": 8, "pad_token_id": 1, "bos_token_id": 0, "eos_token_id": 2,
        "cls_token_id": 0, "sep_token_id": 2,
    },
    "eurobert": _SIZES | _GROUPED,
    "gte": _SIZES | {"max_position_embeddings": LENGTH, "rope_parameters": {"rope_type": "linear", "rope_theta": 160000, "factor": 8 ** (2 / 8)}},
    "nomic_bert": _SIZES | {"max_position_embeddings": LENGTH, "rope_parameters": {"rope_type": "default", "rope_theta": 10000}},
    "jina_embeddings_v3": _SIZES | {"max_position_embeddings": LENGTH + 2, "rope_parameters": {"rope_type": "default", "rope_theta": 20000.0}},
    "t5": _T5, "mt5": _T5, "umt5": _T5,
    "m2m_100": _SEQ2SEQ, "mbart": _SEQ2SEQ,
    "canine": {k: v for k, v in _SIZES.items() if k != "vocab_size"} | {
        "max_position_embeddings": 512, "num_hash_functions": 4, "num_hash_buckets": 64, "local_transformer_stride": 16,
    },
    "qwen3": _SIZES | _GROUPED,
    "llama": _SIZES | _GROUPED,
    "gemma3_text": _SIZES | _GROUPED | {"use_bidirectional_attention": True, "sliding_window": 16, "query_pre_attn_scalar": 8},
    "opt": _SIZES | {"ffn_dim": 64, "max_position_embeddings": LENGTH, "word_embed_proj_dim": 32},
    "gpt2": {"n_embd": 32, "n_layer": LAYERS, "n_head": 4, "n_positions": LENGTH, "vocab_size": VOCABULARY},
    "xglm": {"d_model": 32, "num_layers": LAYERS, "attention_heads": 4, "ffn_dim": 64, "vocab_size": VOCABULARY, "max_position_embeddings": LENGTH},
}  # fmt: skip


def make(model_type: str, head: str = "", **settings: Any) -> Make:
    """Return what makes a model: the base model, or one with a head of a class such as `ForMaskedLM`."""

    def build() -> Any:
        import torch
        import transformers

        torch.manual_seed(0)
        config = transformers.AutoConfig.for_model(model_type, **{**SETTINGS[model_type], **settings})
        if head:
            base = transformers.AutoModel._model_mapping[type(config)].__name__.removesuffix("Model")
            model = getattr(transformers, base + head)(config)
        else:
            model = transformers.AutoModel.from_config(config)
        with torch.no_grad():  # larger than transformers' default, so that layers differ visibly
            for name, parameter in model.named_parameters():
                if parameter.dim() > 1:
                    parameter.normal_(0, 0.2)
                elif name.endswith("bias"):
                    parameter.normal_(0, 0.05)
        return model.eval()

    return build


def encoder_of(model: Any) -> Any:
    """Return what turns text into states."""
    base = model.base_model
    return base.get_encoder() if base.config.is_encoder_decoder else base
