"""Run what follows the pooling in a folder of sentence-transformers: maps, layer norms, normalisation."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from safetensors.torch import load_file
from torch.nn import functional

from harness.models.checkpoint import CheckpointFiles, FolderEncoding, VectorModule
from harness.records import View

# torch's modules of these names with their default arguments.
_ACTIVATIONS: Mapping[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "Identity": lambda vectors: vectors,
    "Tanh": torch.tanh,
    "ReLU": functional.relu,
    "GELU": functional.gelu,
    "SiLU": functional.silu,
    "Sigmoid": torch.sigmoid,
    "LeakyReLU": functional.leaky_relu,
    "ELU": functional.elu,
    "Softplus": functional.softplus,
}
# The default of torch's LayerNorm, which sentence-transformers does not change.
_EPSILON = 1e-5


class LoadedModule:
    """One module with its weights on the device, in float32."""

    def __init__(self, module: VectorModule, device: str) -> None:
        self._module, self.width = module, module.width
        weights = load_file(module.weights) if module.weights is not None else {}
        self._weights = {name: tensor.float().to(device) for name, tensor in weights.items()}

    def __call__(self, vectors: torch.Tensor) -> torch.Tensor:
        """Return the vectors (texts, width) of vectors (texts, width before)."""
        weights = self._weights
        match self._module.kind:
            case "normalize":
                return functional.normalize(vectors, dim=-1)
            case "layernorm":
                return functional.layer_norm(
                    vectors, vectors.shape[-1:], weights["norm.weight"], weights["norm.bias"], _EPSILON
                )
        mapped = functional.linear(vectors, weights["linear.weight"], weights.get("linear.bias"))
        activated = _ACTIVATIONS[self._module.activation](mapped)
        if not self._module.residual:
            return activated
        matrix = weights.get("residual.weight")
        return activated + (vectors if matrix is None else functional.linear(vectors, matrix))


def load_modules(files: CheckpointFiles, view: View, device: str) -> tuple[LoadedModule, ...]:
    """Return the modules of a view, which are those of the checkpoint's folder."""
    if not view.modules:
        return ()
    folder = files.folder_encoding
    assert isinstance(folder, FolderEncoding) and tuple(map(str, folder.modules)) == view.modules
    return tuple(LoadedModule(module, device) for module in folder.modules)
