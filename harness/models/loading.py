"""Open a verified checkpoint with transformers: the base model, without pooler or head, on a device in a dtype."""

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
    """Name a checkpoint that transformers cannot open."""
    try:
        yield
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RuntimeError) as reason:
        first_line = str(reason).strip().partition("\n")[0]
        raise BadInput(
            f"transformers cannot open {source}: {type(reason).__name__}: {first_line}"
        ) from reason


def check_ids(model: Any, ids: Iterable[Sequence[int]], source: str) -> None:
    """Refuse token ids that the embeddings have no row for."""
    rows = model.get_input_embeddings().num_embeddings
    largest = max((max(tokens) for tokens in ids if tokens), default=0)
    if largest >= rows:
        raise BadInput(
            f"the tokenizer of {source} gives the id {largest}, its embeddings have {rows} rows",
            cure="resize_token_embeddings, then save again",
        )


def open_model(files: CheckpointFiles, dtype: str, device: str) -> Any:
    """Return the base model without pooler or head; raises BadInput when it is no encoder or lacks weights."""
    folder = str(files.folder.resolve())
    architecture, config, wants = find_architecture(files)
    loading = {
        "local_files_only": True,
        "use_safetensors": True,
        "ignore_mismatched_sizes": True,
        "output_loading_info": True,
    }
    model, info = architecture.from_pretrained(folder, config=config, dtype=DTYPES[dtype], **loading, **wants)
    lacking = sorted({*info["missing_keys"], *(str(key[0]) for key in info["mismatched_keys"])})
    lacking = [name for name in lacking if not name.startswith("pooler.")]
    if lacking:
        raise BadInput(
            f"the weights of {files.source} lack {len(lacking)} tensors of {architecture.__name__}: {', '.join(lacking[:3])} …",
            cure="they would be random: save the whole encoder",
        )
    if is_emulated(device, dtype):
        multiply_in_float32(model)
    return model.eval().to(device)


def find_architecture(files: CheckpointFiles) -> tuple[Any, Any, dict[str, Any]]:
    """Return the class of the base model, its configuration and how to leave out its pooler.

    The model is first made without memory, for its size: from_pretrained allocates what config.json says
    before it finds that the weights do not hold it. Raises BadInput when it is no encoder, or wants more than
    there is.
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
    wants = (
        {"add_pooling_layer": False}
        if "add_pooling_layer" in inspect.signature(architecture).parameters
        else {}
    )
    with torch.device("meta"):
        blank = architecture(config, **wants)
    sizes = {
        name: parameter.numel()
        for name, parameter in blank.named_parameters()
        if not name.startswith("pooler.")
    }
    # A tensor that lacks is named once the rest is open; this is about what no machine could hold.
    if sum(sizes.values()) > 2 * files.elements + 2**24:
        raise BadInput(
            f"config.json of {files.source} describes {sum(sizes.values()):,} weights, its files hold {files.elements:,}",
            cure="those that lack would be random: save the whole encoder",
        )
    return architecture, config, wants


def multiply_in_float32(model: Any) -> None:
    """Do on any CPU what bfloat16 hardware does: multiply the rounded values, add in float32, round the result.

    torch's own product of bfloat16 on such a CPU is about ten times slower than float32's.
    """
    for module in model.modules():
        if isinstance(module, torch.nn.Linear):
            module.float()  # the weights stay rounded to bfloat16
            module.register_forward_pre_hook(lambda _module, args: (args[0].float(),))
            module.register_forward_hook(lambda _module, _args, output: output.to(torch.bfloat16))
