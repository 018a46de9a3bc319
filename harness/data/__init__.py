"""Load the examples of a target from the Hub, a raw folder or the bundled set.

The record and its fingerprint are the same for every source.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from harness.catalog import BY_NAME, counts_all_judged, ignores_identical_ids, is_own, own_target
from harness.catalog.fingerprints import FINGERPRINTS
from harness.catalog.own import ALL_JUDGED, IGNORE_IDENTICAL_IDS
from harness.catalog.pins import former_pin
from harness.data import (
    bitext,
    bucc,
    hub_collection,
    hub_heads,
    ir_collection,
    lareqa,
    ntrex,
    own_bitext,
    own_tasks,
    question_answering,
    sentence_pairs,
    tagging,
)
from harness.data.examples import Examples
from harness.data.raw_files import DOWNLOAD_AGAIN
from harness.data.text_files import refuse_other_text
from harness.errors import BadInput, WrongUsage
from harness.records import (
    HubBitext,
    HubLabelled,
    HubPassages,
    HubQuestions,
    HubTagged,
    HubText,
    Target,
)

_SOURCES: dict[str, Callable[[str, Path | None], Examples]] = {
    "bucc2018": bucc.bucc2018,
    "bucc2018_dev": bucc.bucc2018_dev,
    "xquad_r": lareqa.xquad_r,
    "mlqa_r": lareqa.mlqa_r,
    "ntrex_docs": ntrex.ntrex_docs,
    "jupyterlab": bitext.jupyterlab,
    "xnli": sentence_pairs.xnli,
    "xnli_from_dev": sentence_pairs.xnli,
    "pawsx": sentence_pairs.pawsx,
    "pawsx_from_dev": sentence_pairs.pawsx_certain,
    "udpos": tagging.udpos,
    "udpos_dev": tagging.udpos_dev,
    "udpos_hub": tagging.udpos_hub,
    "panx": tagging.panx,
    "panx_dev": tagging.panx_dev,
    "xquad": question_answering.xquad,
    "mlqa": question_answering.mlqa,
    "mlqa_dev": question_answering.mlqa_dev,
    "tydiqa": question_answering.tydiqa,
}
# The files of targets with `Target.hub`, by `Target.file_layout`.
_LAYOUTS: dict[str, Callable[[str, Path], Examples]] = {
    "laser": bitext.tatoeba_from_folder,
    "ntrex": ntrex.ntrex_bitext,
}


def find_own_target(
    name: str, folder: Path, *, ignore_identical_ids: bool | None = None, all_judged: bool = True
) -> Target:
    """Return the user-provided target of a folder, over its languages or language pairs.

    `ignore_identical_ids` tells whether a test collection's documents are ranked for the query of the same
    id; by default they are in TREC's layout, as by trec_eval, and not in BEIR's, as by BEIR's evaluation.
    With `all_judged` judged queries without a relevant document count as 0, as by trec_eval.
    """
    if own_tasks.is_task(name):
        return own_tasks.find_task(name, folder)
    if not name.startswith("clir."):
        return own_target(name, own_bitext.languages_in(folder))
    languages = ir_collection.collection_pairs(folder)
    ignored = ir_collection.is_beir(folder) if ignore_identical_ids is None else ignore_identical_ids
    return own_target(name, languages, [ALL_JUDGED] * all_judged + [IGNORE_IDENTICAL_IDS] * ignored)


def refuse_inner_folder(data: Path) -> None:
    """Raise WrongUsage for the folder of one data set, where the folder that holds it is meant."""
    folders = {*BY_NAME, "lareqa", "ntrex"}
    name = data.resolve().name
    if name in folders and not any((data / folder).is_dir() for folder in folders):
        raise WrongUsage(
            f"--data {data} is the folder of one data set",
            cure=f"--data {data.parent}, in which {name}/ is read",
        )


def load_examples(target: Target, language: str, data: Path | None = None) -> Examples:
    """Return the examples of a target in one language, checked against the catalog's count and fingerprint.

    `data` is a folder of raw layouts, read from `data/<target>`, or the folder of a user-provided target.
    Without it the text comes from the Hub (or, for the demonstration, from the installed wheels). Raises
    BadInput for text that is missing, malformed or not the official one.
    """
    if language not in target.languages:
        raise BadInput(
            f"target {target.name} has no language {language!r}", cure=f"one of: {' '.join(target.languages)}"
        )
    if is_own(target.name):
        assert data is not None  # the folder itself
        if target.has_head:
            return own_tasks.load_test(target, language, data)
        if target.kind != "clir":
            return own_bitext.own_bitext(language, data)
        collection = ir_collection.load_collection(language, data, all_judged=counts_all_judged(target))
        return replace(collection, ignore_identical_ids=ignores_identical_ids(target))
    examples = _load(target, language, data)
    official = FINGERPRINTS.get(target.name, {}).get(language)
    if examples.fingerprint == f"sha256:{FINGERPRINTS.get(f'{target.name}_dev', {}).get(language)}":
        raise BadInput(
            f"{examples.source} is the dev split of {target.name} {language}",
            cure=f"score it with -t {target.name}_dev",
        )
    if former := former_pin(target.name, language, examples.fingerprint):
        raise BadInput(
            f"the text of {target.name} {language} in {examples.source} is that of before {former.until} "
            f"({former.reason})",
            cure=f"{DOWNLOAD_AGAIN}; scores on both are not comparable",
        )
    expected = target.sizes.get(language)
    if expected is not None and len(examples) != expected:
        raise BadInput(
            f"{target.name} {language} has {len(examples):,} {target.unit} in {examples.source}, "
            f"the official set has {expected:,}",
            cure=f"{DOWNLOAD_AGAIN}, whole",
        )
    refuse_other_text(
        examples.fingerprint, official, f"the text of {target.name} {language} in {examples.source}"
    )
    return examples


def _load(target: Target, language: str, data: Path | None) -> Examples:
    if target.hub is None:
        return _SOURCES[target.name](language, data)
    if target.hub.revision is None and language not in FINGERPRINTS.get(target.name, {}):
        raise BadInput(
            f"target {target.name} is not pinned: its entry names no commit of {target.hub.repository} and "
            f"no fingerprint of the text in {language}, so its scores would not be comparable",
            cure=f"a maintainer adds `revision` to harness/catalog/beyond/{target.name}.toml",
        )
    if data is None:
        return _from_hub(target.hub, language)
    if not isinstance(target.hub, HubBitext):
        raise BadInput(f"target {target.name} is read from the Hub only", cure="leave out --data")
    from_folder = _LAYOUTS[target.file_layout] if target.file_layout else own_bitext.own_bitext
    return from_folder(language, data / target.name)


def _from_hub(hub: HubText, language: str) -> Examples:
    if hub.codes and language not in hub.codes:
        raise BadInput(
            f"{hub.repository} has no text in {language!r}", cure="give the official files with --data DIR"
        )
    match hub:
        case HubBitext():
            return bitext.bitext_from_hub(language, hub)
        case HubPassages():
            return hub_collection.passages_from_hub(language, hub)
        case HubQuestions():
            return hub_collection.questions_from_hub(language, hub)
        case HubLabelled():
            return hub_heads.labelled_from_hub(language, hub, hub.split)
        case HubTagged():
            return hub_heads.tagged_from_hub(language, hub)
