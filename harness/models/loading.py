"""Open a verified checkpoint with transformers: the base model, without pooler or head."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
import transformers

from harness.errors import BadInput
from harness.models.checkpoint import CheckpointFiles
from harness.models.device import DTYPES, is_emulated


@contextmanager
def opening(source: str) -> Iterator[None]:
    """Turn errors of transformers into BadInput that names the checkpoint."""
    try:
        yield
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RuntimeError) as reason:
        first_line = str(reason).strip().partition("\n")[0]
        raise BadInput(
            f"transformers cannot open {source}: {type(reason).__name__}: {first_line}"
        ) from reason


def check_ids(model: Any, ids: Iterable[Sequence[int]], source: str) -> None:
    """Raise BadInput for token ids that have no row in the embeddings."""
    rows = model.get_input_embeddings().num_embeddings
    largest = max((max(tokens) for tokens in ids if tokens), default=0)
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


def multiply_in_float32(model: Any) -> None:
    """Emulate bfloat16 hardware on any CPU: multiply rounded values, add in float32, round the result.

    torch's bfloat16 product on a CPU without such hardware is about ten times slower than float32's.
    """
    for module in model.modules():
        if isinstance(module, torch.nn.Linear):
            module.float()  # the weights stay rounded to bfloat16
            module.register_forward_pre_hook(lambda _module, args: (args[0].float(),))
            module.register_forward_hook(lambda _module, _args, output: output.to(torch.bfloat16))
