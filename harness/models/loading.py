"""Open a verified checkpoint with transformers: the base model, without pooler or head."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Iterable
from contextlib import AbstractContextManager
from typing import Any

import numpy as np
import torch
import transformers

from harness.errors import BadInput, naming_failures
from harness.models.batching import Tokens
from harness.models.checkpoint import CONFIG, CheckpointFiles
from harness.models.device import DTYPES, is_emulated


def opening(source: str) -> AbstractContextManager[None]:
    """Turn any error of transformers, and a panic of tokenizers, into BadInput that names the checkpoint."""
    return naming_failures(
        f"transformers cannot open {source}",
        BadInput,
        cure="save the whole encoder and its tokenizer again, with a recent version of transformers",
    )


def check_ids(model: Any, ids: Iterable[Tokens], source: str) -> None:
    """Raise BadInput for token ids that have no row in the embeddings."""
    rows = model.get_input_embeddings().num_embeddings
    largest = max((int(np.max(tokens)) for tokens in ids if len(tokens)), default=0)
    if largest >= rows:
        raise BadInput(
            f"the tokenizer of {source} gives the id {largest}, its embeddings have {rows} rows",
            cure="resize_token_embeddings, then save again",
        )


def open_model(files: CheckpointFiles, dtype: str, device: str) -> Any:
    """Return the base model without pooler or head; raises BadInput for other models and missing weights."""
    folder = str(files.folder.resolve())
    architecture, config, pooler_options = find_architecture(files)
    loading = {
        "local_files_only": True,
        "use_safetensors": True,
        "ignore_mismatched_sizes": True,
        "output_loading_info": True,
    }
    model, info = architecture.from_pretrained(
        folder, config=config, dtype=DTYPES[dtype], **loading, **pooler_options
    )
    missing = sorted({*info["missing_keys"], *(str(key[0]) for key in info["mismatched_keys"])})
    missing = [name for name in missing if not name.startswith("pooler.")]
    if missing:
        raise BadInput(
            f"the weights of {files.source} lack {len(missing)} tensors of {architecture.__name__}: "
            f"{', '.join(missing[:3])} …",
            cure="they would be random: save the whole encoder",
        )
    if is_emulated(device, dtype):
        multiply_in_float32(model)
    return model.eval().to(device)


def find_architecture(files: CheckpointFiles) -> tuple[Any, Any, dict[str, Any]]:
    """Return the class of the base model, its configuration and the arguments that leave out its pooler.

    The model is first built without memory, for its size: from_pretrained allocates what config.json declares
    before it notices that the weights do not hold it. Raises BadInput when it is not an encoder, or declares
    more weights than the files hold.
    """
    config = transformers.AutoConfig.from_pretrained(
        str(files.folder.resolve()), local_files_only=True, trust_remote_code=False
    )
    _refuse_missing_parameters(files, config)
    try:
        architecture = transformers.AutoModel._model_mapping[type(config)]
    except KeyError:
        raise BadInput(
            f"{files.source}: transformers has no encoder for model_type {config.model_type!r}"
        ) from None
    pooler_options = (
        {"add_pooling_layer": False}
        if "add_pooling_layer" in inspect.signature(architecture).parameters
        else {}
    )
    with torch.device("meta"):
        skeleton = architecture(config, **pooler_options)
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


def multiply_in_float32(model: Any) -> None:
    """Emulate bfloat16 hardware on any CPU: multiply rounded values, add in float32, round the result.

    torch's bfloat16 product on a CPU without such hardware is about ten times slower than float32's.
    """
    for module in model.modules():
        if isinstance(module, torch.nn.Linear):
            module.float()  # the weights stay rounded to bfloat16
            module.register_forward_pre_hook(lambda _module, args: (args[0].float(),))
            module.register_forward_hook(lambda _module, _args, output: output.to(torch.bfloat16))
