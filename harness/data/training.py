"""The English text that heads are trained on, and the part of it, or the set beside it, that chooses among evaluations."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.catalog.fingerprints import TRAINING_FINGERPRINTS
from harness.data import pairs, reading, tagged
from harness.data.examples import Examples, rows_of
from harness.data.lines import fingerprint, refuse_other_text
from harness.records import Target

Loader = Callable[[str, Path | None], Examples]
# Name → the loader of what is trained on, and of what chooses; without the latter the last tenth is held out.
_TEXTS: Mapping[str, tuple[Loader, Loader | None]] = {
    "mnli": (pairs.mnli, pairs.xnli_dev),
    "xnli_dev": (pairs.xnli_dev, None),
    "pawsx": (pairs.pawsx_train, pairs.pawsx_dev),
    "pawsx_dev": (pairs.pawsx_dev, None),
    "udpos": (tagged.udpos_train, tagged.udpos_dev),
    "udpos_dev": (tagged.udpos_train, None),
    "udpos_hub": (tagged.udpos_hub_train, tagged.udpos_hub_dev),
    "panx": (tagged.panx_train, tagged.panx_dev),
    "panx_dev": (tagged.panx_train, None),
    "squad": (reading.squad_train, reading.squad_dev),
    "tydiqa": (reading.tydiqa_train, None),
}


@dataclass(frozen=True)
class Training:
    """English examples to train on, and others to choose among the trainer's evaluations by."""

    train: Examples
    dev: Examples

    @property
    def fingerprint(self) -> str:
        """Return sha256 over both."""
        return fingerprint([self.train.fingerprint, self.dev.fingerprint])

    def first(self, n: int) -> Training:
        """Return a small part for a trial."""
        return Training(self.train.first(n), self.dev.first(n))


def load_training(target: Target, data: Path | None) -> Training:
    """Return the English text that a target's head is trained on, from raw layouts in `data` or from the Hub.

    Where no other set chooses, the last tenth is held out: neighbours in these files share a passage, a premise or a document,
    which a random part would leave on both sides. Raises BadInput for text that is missing, malformed or not the official one.
    """
    train_loader, dev_loader = _TEXTS[target.training]
    whole = _official(train_loader, target, data)
    if dev_loader is not None:
        return Training(whole, _official(dev_loader, target, data))
    kept = len(whole) - len(whole) // 10
    return Training(rows_of(whole, slice(0, kept)), rows_of(whole, slice(kept, None)))


def _official(loader: Loader, target: Target, data: Path | None) -> Examples:
    text = loader("en", data)
    official = TRAINING_FINGERPRINTS.get(loader.__name__)
    refuse_other_text(text.fingerprint, official, f"the English text for {target.name} in {text.source}")
    return text
