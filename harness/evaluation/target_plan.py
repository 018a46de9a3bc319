"""What a run does for one target."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from harness.catalog.finetuning import RECIPES, Recipe
from harness.data.examples import Examples
from harness.models.checkpoint import CheckpointFiles
from harness.records import Signature, Target, TextEncoding


@dataclass(frozen=True)
class HeadPlan:
    """How predictions are made: `text` is the head's part of the signature, `recipe` trains it.

    `recipe` is None where the submission provides a fine-tuned head.
    """

    text: str
    recipe: Recipe | None = None


@dataclass(frozen=True)
class TargetPlan:
    """What a run does for one target: the text by language, and the checkpoints by seed.

    `unreadable` gives the reason for each language without text; `head` is None for targets without a head,
    and `text_encoding` for those with one. Only `seeds` are measured, or all where it is empty.
    `revisions` has the commit of each data set of the Hub that the text is from.
    """

    target: Target
    examples: Mapping[str, Examples]
    fingerprints: Mapping[str, str]
    unreadable: Mapping[str, str]
    checkpoints: Mapping[int, CheckpointFiles]
    head: HeadPlan | None = None
    text_encoding: TextEncoding | None = None
    seeds: tuple[int, ...] = ()
    revisions: Mapping[str, str] = field(default_factory=dict)

    @property
    def encoding(self) -> TextEncoding:
        """Return how the texts of a target without a head become vectors."""
        assert self.text_encoding is not None
        return self.text_encoding

    @property
    def signature(self) -> Signature:
        """Return the signature of what is measured."""
        if self.head is not None:
            return self.target.signature.predicted(self.head.text)
        return self.target.signature.encoded(self.encoding, roles=self.target.has_roles)

    @property
    def length_recipe(self) -> Recipe:
        """Return the recipe by which inputs are cut: the head's, or XTREME's for a submitted head."""
        return (self.head.recipe if self.head else None) or RECIPES["xtreme"][self.target.kind]

    def layer_of(self, files: CheckpointFiles) -> int:
        """Return the hidden state that is used; with a head always the last."""
        return files.layers if self.target.has_head else self.encoding.view.layer

    def unreadable_cells(self, seed: int) -> dict[tuple[int, str], str]:
        """Return the cells (seed, language) whose text could not be read, with the reason."""
        return {(seed, language): reason for language, reason in self.unreadable.items()}
