"""Open a verified checkpoint with transformers: the base model, without pooler or head.

Of a sequence-to-sequence model the encoder alone is opened; a decoder is opened as it is, and reads from left
to right.
"""

from __future__ import annotations

import dataclasses
import inspect
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
import transformers

from harness.characters import shown
from harness.errors import BadInput
from harness.models.batching import Tokens
from harness.models.checkpoint import CODE, CONFIG, FLOATS, HEADS, CheckpointFiles, read_header
from harness.models.device import DTYPES, is_emulated

# Tensors that classes of transformers compute themselves and that older versions saved.
_COMPUTED = re.compile(r"(.*\.)?(position_ids|token_type_ids|(original_)?inv_freq|masked_bias|attn_mask)")
# Keys of any config.json that do not change what a base model computes; those of rotary positions are read
# under another name.
_WITHOUT_EFFECT = re.compile(
    r"architectures|model_type|transformers_version|(torch_)?dtype|use_cache|id2label|label2id|num_labels"
    r"|problem_type|finetuning_task|task_specific_params|\w*dropout\w*|\w+_pdrop|(cls|clf|classifier)_\w+"
    r"|(bos|eos|pad|unk|mask|sep|cls)_token|tokenizer_class|rope_theta|rope_scaling"
)
_OWN_CODE = "this architecture exists only as the repository's own code, which is never run"


def check_ids(model: Any, ids: Iterable[Tokens], source: str) -> None:
    """Raise BadInput for token ids that have no row in the embeddings."""
    try:
        rows = model.get_input_embeddings().num_embeddings
    except NotImplementedError:  # CANINE hashes any character into its tables
        return
    largest = max((int(np.max(tokens)) for tokens in ids if len(tokens)), default=0)
    if largest >= rows:
        raise BadInput(
            f"the tokenizer of {source} gives the id {largest}, its embeddings have {rows} rows",
            cure="resize_token_embeddings, then save again",
        )


def fewest_tokens(model: Any) -> int:
    """Return how many tokens a text needs: CANINE turns several characters into one position."""
    return int(getattr(model.config, "downsampling_rate", 1))


def open_model(
    files: CheckpointFiles, dtype: str, device: str, weights: Mapping[str, torch.Tensor] | None = None
) -> Any:
    """Return the base model without pooler or head; raises BadInput for other models and missing weights.

    `weights` are those of a checkpoint that is not saved. On a CPU, in the same dtype, they are shared with
    what is returned, which changes none; elsewhere they are copied.
    """
    architecture, config, pooler_options = find_architecture(files)
    loading: dict[str, Any] = {"ignore_mismatched_sizes": True, "output_loading_info": True}
    if weights is None:
        folder = str(files.folder.resolve())
        loading |= {"local_files_only": True, "use_safetensors": True}
    else:
        folder = None  # by which transformers knows that it gets the weights themselves
        loading |= {"state_dict": dict(weights)}
    whole, info = architecture.from_pretrained(
        folder, config=config, dtype=DTYPES[dtype], **loading, **pooler_options
    )
    model = _encoder_of(whole, config)
    _refuse_missing_weights(files, whole, model, info)
    refuse_unread_weights(files, whole, info["unexpected_keys"])
    if is_emulated(device, dtype):
        multiply_in_float32(model)
    return model.eval().to(device)


def find_layers(model: Any, files: CheckpointFiles) -> Any:
    """Return the model's list of layers, of the length that its configuration states."""
    for module in model.modules():
        if isinstance(module, torch.nn.ModuleList) and len(module) == files.layers:
            return module
    raise BadInput(
        f"{files.source}: {type(model).__name__} has no stack of {files.layers} layers",
        cure="only encoders with one list of layers are opened",
    )


def find_architecture(files: CheckpointFiles) -> tuple[Any, Any, dict[str, Any]]:
    """Return the class of the base model, its configuration and the arguments that leave out its pooler.

    The model is first built without memory, for its size: from_pretrained allocates what config.json declares
    before it notices that the weights do not hold it. Raises BadInput when it is not an encoder, or declares
    more weights than the files hold.
    """
    config = _open_config(files)
    architecture = _find_class(files, config)
    pooler_options = (
        {"add_pooling_layer": False}
        if "add_pooling_layer" in inspect.signature(architecture).parameters
        else {}
    )
    with torch.device("meta"), _naming_rope_type(files):
        skeleton = _encoder_of(architecture(config, **pooler_options), config)
    sizes = {
        name: parameter.numel()
        for name, parameter in skeleton.named_parameters()
        if not name.startswith("pooler.")
    }
    # Missing tensors are named when the weights are loaded; this bounds what is allocated before.
    if sum(sizes.values()) > 2 * files.elements + 2**24:
        raise BadInput(
            f"config.json of {files.source} describes {sum(sizes.values()):,} weights, "
            f"its files hold {files.elements:,}",
            cure="the missing ones would be random: save the whole encoder",
        )
    return architecture, config, pooler_options


# ---- configuration and class ----


def _open_config(files: CheckpointFiles) -> Any:
    """Return the configuration; raises BadInput where a key of it has no effect that should have one."""
    brings_code = _brings_code(files)
    model_type = files.config.get("model_type")
    if brings_code and model_type not in transformers.CONFIG_MAPPING:
        raise BadInput(f"{files.source}: transformers has no model_type {model_type!r}", cure=_OWN_CODE)
    config = transformers.AutoConfig.from_pretrained(
        str(files.folder.resolve()), local_files_only=True, trust_remote_code=False
    )
    _refuse_missing_parameters(files, config)
    parameters = _parameters(type(config))
    unread = sorted(
        key for key in files.config if key not in parameters and not _WITHOUT_EFFECT.fullmatch(key)
    )
    if brings_code and unread:
        raise BadInput(
            f"config.json of {files.source} says {', '.join(unread[:5])}, which the repository's own code "
            f"reads, and transformers' {type(config).__name__} does not",
            cure=f"where a key has no effect on the vectors, remove it; otherwise {_OWN_CODE}",
        )
    return config


def _brings_code(files: CheckpointFiles) -> bool:
    """Tell whether the configuration named a repository's code, which was left out."""
    return any(item.file == CONFIG and item.attribute[-1:] == (CODE,) for item in files.left_out)


def _find_class(files: CheckpointFiles, config: Any) -> Any:
    """Return the class of the base model; of an encoder-decoder the one that holds the encoder alone."""
    for mapping in (
        transformers.AutoModelForTextEncoding._model_mapping,
        transformers.AutoModel._model_mapping,
    ):
        if type(config) in mapping:
            architecture = mapping[type(config)]
            return architecture[0] if isinstance(architecture, tuple) else architecture
    raise BadInput(
        f"{files.source}: transformers has no encoder for model_type {config.model_type!r}",
        cure="an architecture that AutoModel opens",
    )


def _encoder_of(model: Any, config: Any) -> Any:
    """Return what turns text into states: the model, or the encoder of an encoder-decoder."""
    if config.is_encoder_decoder and getattr(model, "decoder", None) is not None:
        return model.get_encoder()
    return model


@contextmanager
def _naming_rope_type(files: CheckpointFiles) -> Iterator[None]:
    """Name a type of rotary scaling that transformers does not know; it raises the KeyError of a table."""
    try:
        yield
    except KeyError as reason:
        unknown = reason.args[0]
        for key in ("rope_scaling", "rope_parameters"):
            scaling = files.config.get(key)
            if isinstance(scaling, dict) and unknown in (scaling.get("rope_type"), scaling.get("type")):
                raise BadInput(
                    f"config.json of {files.source} says {key} of the type {shown(unknown)}, "
                    f"which transformers {transformers.__version__} does not know",
                    cure="a later version may know it; until then this encoder is not evaluated",
                ) from reason
        raise


def _refuse_missing_parameters(files: CheckpointFiles, config: Any) -> None:
    """Refuse a checkpoint from which a parameter of its architecture was left out, as one naming a place."""
    parameters = _parameters(type(config))
    for left_out in files.left_out:
        if left_out.attribute and left_out.file == CONFIG and left_out.attribute[-1] in parameters:
            raise BadInput(
                f"{left_out.file} of {files.source} names {left_out.value} as "
                f"{'.'.join(left_out.attribute)!r}, which {type(config).__name__} reads: {left_out.reason}",
                cure=f"remove {left_out.attribute[-1]!r}",
            )


def _parameters(configuration: Any) -> set[str]:
    """Return the names of the parameters of a class of configurations, with those of its parts."""
    names = {
        *(parameter.name for parameter in dataclasses.fields(configuration)),
        *configuration.attribute_map,
    }
    parts = [part for part in configuration.sub_configs.values() if dataclasses.is_dataclass(part)]
    return names.union(*map(_parameters, parts))


# ---- weights ----


def _refuse_missing_weights(files: CheckpointFiles, whole: Any, model: Any, info: dict[str, Any]) -> None:
    """Refuse weights that lack a tensor of the encoder, which would be random."""
    read = {id(parameter) for parameter in model.parameters()}
    parameters = dict(whole.named_parameters())
    names = sorted({*info["missing_keys"], *(str(key[0]) for key in info["mismatched_keys"])})
    missing = [
        name
        for name in names
        if not name.startswith("pooler.") and (name not in parameters or id(parameters[name]) in read)
    ]
    if missing:
        raise BadInput(
            f"the weights of {files.source} lack {len(missing)} tensors of {type(whole).__name__}: "
            f"{', '.join(missing[:3])} …",
            cure="they would be random: save the whole encoder",
        )


def refuse_unread_weights(files: CheckpointFiles, model: Any, unexpected: Iterable[str]) -> None:
    """Refuse weights with a tensor that belongs to the encoder and that its class does not read.

    A head is outside of the encoder, and is left out; so are counters. Where the checkpoint came with code of
    its own, only a known head is left out.
    """
    counters = {
        name
        for path in files.weight_files
        for name, entry in read_header(path).items()
        if entry.dtype not in FLOATS
    }
    brings_code = _brings_code(files)
    parts = {name for name, _ in model.base_model.named_children()}
    unread = []
    for name in unexpected:
        inner = name.removeprefix(f"{model.base_model_prefix}.")
        first = inner.partition(".")[0]
        is_head = HEADS.match(inner) and first not in parts - {"pooler"}
        ignored = is_head or name in counters or _COMPUTED.fullmatch(name)
        if not ignored and (first in parts or brings_code):
            unread.append(name)
    if unread:
        raise BadInput(
            f"the weights of {files.source} hold {len(unread)} tensors that {type(model).__name__} does not "
            f"read: {', '.join(sorted(unread)[:3])} …",
            cure="config.json and weights of one architecture: save the whole encoder again",
        )


def multiply_in_float32(model: Any) -> None:
    """Emulate bfloat16 hardware on any CPU: multiply rounded values, add in float32, round the result.

    torch's bfloat16 product on a CPU without such hardware is about ten times slower than float32's.
    """
    for module in model.modules():
        if isinstance(module, torch.nn.Linear):
            module.float()  # the weights stay rounded to bfloat16
            module.register_forward_pre_hook(lambda _module, args: (args[0].float(),))
            module.register_forward_hook(lambda _module, _args, output: output.to(torch.bfloat16))
