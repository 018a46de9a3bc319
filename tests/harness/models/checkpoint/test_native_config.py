"""Configurations of a repository's own code, as transformers' class reads them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.errors import BadInput
from harness.models.checkpoint.native_config import as_native

PATH = Path("config.json")
CODE = {"AutoModel": "org/code--modeling.Model"}
GTE: dict[str, Any] = {
    "model_type": "new", "auto_map": CODE, "hidden_size": 64, "num_attention_heads": 8, "rope_theta": 20000, "pack_qkv": True,
    "rope_scaling": {"type": "ntk", "factor": 8.0},
}  # fmt: skip
NOMIC: dict[str, Any] = {
    "model_type": "nomic_bert",
    "auto_map": CODE,
    "n_embd": 64,
    "n_head": 8,
    "activation_function": "swiglu",
}


def test_a_configuration_without_code_stays_as_it_is() -> None:
    config = {"model_type": "new", "rope_theta": 20000}
    assert as_native(config, PATH) == config
    other = {"model_type": "eurobert", "auto_map": CODE, "rope_theta": 250000}
    assert as_native(other, PATH) == other


def test_the_scaling_of_gte_becomes_a_base_and_a_linear_factor() -> None:
    native = as_native(GTE, PATH)
    assert native["model_type"] == "gte"
    assert native["rope_parameters"] == {"rope_type": "linear", "rope_theta": 160000, "factor": 8 ** (2 / 8)}
    assert not {"rope_theta", "rope_scaling", "pack_qkv"} & set(native)
    # The code multiplies the base by the factor and divides each frequency by factor^(2/size of a head).
    size, factor = 8, 8.0
    for i in range(0, size, 2):
        of_the_code = 1 / (20000 * factor) ** (i / size) / factor ** (2 / size)
        rope = native["rope_parameters"]
        assert 1 / rope["rope_theta"] ** (i / size) / rope["factor"] == pytest.approx(of_the_code, rel=1e-12)


def test_keys_of_nomic_have_other_names() -> None:
    native = as_native(NOMIC | {"rotary_emb_base": 1000, "prenorm": False, "summary_type": "mean"}, PATH)
    assert native == {
        "model_type": "nomic_bert", "auto_map": CODE, "hidden_size": 64, "num_attention_heads": 8, "hidden_act": "silu",
        "rope_parameters": {"rope_type": "default", "rope_theta": 1000},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (GTE | {"layer_norm_type": "rms_norm"}, "says layer_norm_type: 'rms_norm'"),
        (GTE | {"rope_scaling": {"type": "ntk", "factor": 8.0, "mixed_b": 0.5}}, "says rope_scaling: .+mixed_b"),
        (GTE | {"rope_scaling": {"type": "ntk"}}, "says rope_scaling"),
        (GTE | {"rope_scaling": "ntk"}, "says rope_scaling: 'ntk'"),
        (NOMIC | {"causal": True}, "says causal: 'True'"),
        (NOMIC | {"rotary_emb_fraction": 0.5}, "says rotary_emb_fraction: '0.5'"),
        (
            {"model_type": "xlm-roberta", "auto_map": {"AutoModel": "jinaai/xlm-roberta-flash-implementation--x.Y"}, "lora_adaptations": ["a"]},
            "says lora_adaptations: a list of 1 value",
        ),
    ],
)  # fmt: skip
def test_what_transformers_class_does_not_compute_is_refused(config: dict[str, Any], message: str) -> None:
    with pytest.raises(
        BadInput, match=rf"config\.json {message}.*, which transformers' \w+ does not compute"
    ):
        as_native(config, PATH)
