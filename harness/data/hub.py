"""Read data sets from the Hugging Face Hub: the only importer of `datasets`."""

from __future__ import annotations

from typing import Any

from harness.errors import BadInput, Unreachable

XTREME_HUB = "google/xtreme"


def load_rows(repository: str, name: str, split: str, *, cure: str) -> Any:
    """Return the rows of one configuration and split, indexed by column; `cure` offers an alternative.

    Raises Unreachable without a network, BadInput for every other error of the Hub or its data.
    """
    from datasets import load_dataset  # noqa: PLC0415 - heavy
    from datasets.exceptions import DatasetsError  # noqa: PLC0415

    try:
        return load_dataset(repository, name, split=split)
    except (DatasetsError, OSError, ValueError) as reason:
        first_line = str(reason).strip().partition("\n")[0]
        error = Unreachable if isinstance(reason, ConnectionError) else BadInput
        raise error(
            f"{repository} {name} cannot be loaded: {type(reason).__name__}: {first_line}",
            cure=f"check the network (HF_HUB_OFFLINE), or {cure}",
        ) from reason
