"""Write the configuration of an encoder that came with its own code as transformers' own class reads it.

Some encoders were published with a repository's code and are part of transformers today, under other names of
the same values. What their code could compute and transformers' class cannot is refused by name. Sources: the
configurations of Alibaba-NLP/new-impl, nomic-ai/nomic-bert-2048 and jinaai/xlm-roberta-flash-implementation,
and, for the rotary scaling of the first, vLLM's ntk_scaling_rope.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.characters import shown
from harness.errors import BadInput

CODE = "auto_map"
_CURE = "this architecture exists only as the repository's own code, which is never run"


@dataclass(frozen=True)
class NativeConfig:
    """How transformers' class `model_type` names what a configuration says.

    `renamed` maps keys to transformers' names, `only` to the values that its class computes; `without_effect`
    are keys that change speed, training or heads. `base` is the key of the rotary base.
    """

    model_type: str
    base: str
    renamed: Mapping[str, str]
    only: Mapping[str, tuple[Any, ...]]
    without_effect: tuple[str, ...]
    fixed: Mapping[str, Any]


_OFF = (False, None)
_GTE = NativeConfig(
    "gte",
    base="rope_theta",
    renamed={},
    only={
        **{"layer_norm_type": ("layer_norm",), "position_embedding_type": ("rope",)},
        "logn_attention_scale": _OFF,
    },
    without_effect=("logn_attention_clip1", "pack_qkv", "unpad_inputs", "use_memory_efficient_attention"),
    fixed={},
)
_NOMIC = NativeConfig(
    "nomic_bert",
    base="rotary_emb_base",
    renamed={
        **{"n_embd": "hidden_size", "n_layer": "num_hidden_layers", "n_head": "num_attention_heads"},
        **{"n_inner": "intermediate_size", "n_positions": "max_position_embeddings"},
        "layer_norm_epsilon": "layer_norm_eps",
    },
    only={
        **dict.fromkeys(("causal", "prenorm", "parallel_block", "use_rms_norm"), _OFF),
        **dict.fromkeys(("qkv_proj_bias", "mlp_fc1_bias", "mlp_fc2_bias"), _OFF),
        **dict.fromkeys(("rotary_emb_interleaved", "rotary_emb_scale_base", "rotary_scaling_factor"), _OFF),
        **{"scale_attn_by_inverse_layer_idx": _OFF, "scale_attn_weights": (True, None)},
        **{"activation_function": ("swiglu",), "rotary_emb_fraction": (1.0, None)},
    },
    without_effect=(
        *("attn_pdrop", "embd_pdrop", "resid_pdrop", "dense_seq_output", "fused_bias_fc", "use_xentropy"),
        *("fused_dropout_add_ln", "max_trained_positions", "pad_vocab_size_multiple", "use_flash_attn"),
        *("parallel_block_tied_norm", "reorder_and_upcast_attn", "summary_activation"),
        *("summary_first_dropout", "summary_proj_to_labels", "summary_type", "summary_use_proj"),
    ),
    fixed={"hidden_act": "silu"},
)
_JINA = NativeConfig(
    "jina_embeddings_v3",
    base="rotary_emb_base",
    renamed={},
    only={"position_embedding_type": ("rotary",), "lora_adaptations": (None,)},
    without_effect=(
        *("emb_pooler", "load_trained_adapters", "matryoshka_dimensions", "truncate_dim", "use_reentrant"),
        *("lora_alpha", "lora_dropout_p", "lora_main_params_trainable", "lora_rank", "lora_prompts"),
        *("task_instructions", "use_flash_attn", "output_past", "num_loras"),
    ),
    fixed={},
)


def as_native(config: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """Return a configuration with transformers' names; the same one where it needs no other names.

    Raises BadInput, naming the key, for a value that transformers' class does not compute.
    """
    native = _find(config)
    if native is None:
        return dict(config)
    result: dict[str, Any] = {}
    for key, value in config.items():
        if key in native.only:
            if value not in native.only[key]:
                raise BadInput(
                    f"{path} says {key}: {shown(value)}, which transformers' {native.model_type} "
                    "does not compute",
                    cure=_CURE,
                )
        elif key not in (*native.without_effect, native.base, "rope_scaling"):
            result[native.renamed.get(key, key)] = value
    result |= {"model_type": native.model_type, **native.fixed}
    if (rope := _rope(config, native, result, path)) is not None:
        result["rope_parameters"] = rope
    return result


def _find(config: Mapping[str, Any]) -> NativeConfig | None:
    if not config.get(CODE):
        return None
    match config.get("model_type"):
        case "new":
            return _GTE
        case "nomic_bert" if "n_embd" in config:
            return _NOMIC
        case "xlm-roberta" if "xlm-roberta-flash" in str(config[CODE]):
            return _JINA
    return None


def _rope(
    config: Mapping[str, Any], native: NativeConfig, result: Mapping[str, Any], path: Path
) -> dict[str, Any] | None:
    """Return the rotary positions as transformers writes them, None for its class's own.

    The fixed scaling "ntk" of gte multiplies the base by the factor and divides every frequency by
    factor^(2 / size of a head), which is a linear scaling by that number.
    """
    base, scaling = config.get(native.base), config.get("rope_scaling")
    if base is None and scaling is None:
        return None
    if scaling is None:
        return {"rope_type": "default", "rope_theta": base}
    try:
        factor = scaling["factor"]
        head = result["hidden_size"] / result["num_attention_heads"]
        if scaling.get("type") == "ntk" and set(scaling) <= {"type", "factor"} and base is not None:
            return {"rope_type": "linear", "rope_theta": base * factor, "factor": factor ** (2 / head)}
    except (KeyError, TypeError, AttributeError, ZeroDivisionError, OverflowError):
        pass
    raise BadInput(
        f"{path} says rope_scaling: {shown(str(scaling))}, which transformers' {native.model_type} "
        "does not compute",
        cure=_CURE,
    )
