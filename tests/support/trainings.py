"""Small trainings that are the real thing: data in the official layouts, recipes, and where they run."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from harness.training.intermediate.story import TrainingOptions

NOUNS, VERBS = ("cat", "dog", "sun", "moon", "sea", "tree"), ("runs", "sleeps", "shines", "sings")
GERMAN = {
    "the": "die",
    "cat": "katze",
    "dog": "hund",
    "sun": "sonne",
    "moon": "mond",
    "runs": "rennt",
    "sleeps": "schläft",
}
RECIPE = """\
schema: 1
slug: {slug}
title: a toy
family: toys
base: {{id: toys/bert, revision: null}}
start: {{path: {start}}}
seeds: [0, 1]
regime: {regime}
tasks:
{tasks}
epochs: 2
learning_rate: 0.003
batch_size: 8
max_length: 24
threads: 1
encoding: {{layer: last, pooling: mean, prefix: "", max_length: 32}}
submitters:
  - {{name: us}}
license: MIT
"""


def in_german(text: str) -> str:
    return " ".join(GERMAN.get(word, word) for word in text.split())


def pairs_of_sentences() -> list[tuple[str, str, float]]:
    """Return sentence pairs scored by the words that they share."""
    every = [(noun, verb) for noun in NOUNS for verb in VERBS]
    rng = np.random.default_rng(0)
    chosen = [(every[i], every[j]) for i, j in rng.integers(0, len(every), (120, 2))]
    return [(f"the {a} {b}", f"the {c} {d}", 5.0 * ((a == c) + (b == d)) / 2) for (a, b), (c, d) in chosen]


def write_data(root: Path) -> Path:
    """Write small data sets in the layout of the official files."""
    for name in ("stsb_multi", "xnli", "socialiqa", "udpos", "squad", "ntrex"):
        (root / name).mkdir(parents=True)
    rows = pairs_of_sentences()
    for split, part in (("train", rows[:96]), ("dev", rows[96:])):
        for language, translate in (("en", str), ("de", in_german)):
            lines = "".join(f"{translate(a)},{translate(b)},{score}\n" for a, b, score in part)
            (root / f"stsb_multi/stsb-{language}-{split}.csv").write_text(lines, "utf-8")
    labels = {0.0: "contradiction", 2.5: "neutral", 5.0: "entailment"}
    for language, translate in (("en", str), ("de", in_german)):
        (root / f"xnli/dev-{language}.tsv").write_text(
            "".join(f"{translate(a)}\t{translate(b)}\t{labels[s]}\n" for a, b, s in rows[:60]), "utf-8"
        )
    for name, part in (("trn", rows[:40]), ("dev", rows[40:60])):
        questions = [
            {
                "context": a,
                "question": "the sea",
                "answerA": a,
                "answerB": "the moon",
                "answerC": b,
                "correct": "AC"[s > 0],
            }
            for a, b, s in part
        ]
        (root / f"socialiqa/socialIQa_v1.4_{name}.jsonl").write_text(
            "".join(json.dumps(row) + "\n" for row in questions)
        )
    tagged = "\n".join(f"the\tDET\n{noun}\tNOUN\n{verb}\tVERB\n" for noun in NOUNS for verb in VERBS)
    for name in ("train-en", "dev-en"):
        (root / f"udpos/{name}.tsv").write_text(tagged)
    for name in ("train", "dev"):
        paragraphs = [
            {
                "context": f"{a} and {b}",
                "qas": [
                    {"id": f"{i}", "question": "the cat", "answers": [{"text": a[4:], "answer_start": 4}]}
                ],
            }
            for i, (a, b, _) in enumerate(rows[:24])
        ]
        (root / f"squad/{name}-v1.1.json").write_text(json.dumps({"data": [{"paragraphs": paragraphs}]}))
    (root / "ntrex/newstest2019-src.eng.txt").write_text("".join(f"{a}\n" for a, _, _ in rows))
    (root / "ntrex/newstest2019-ref.deu.txt").write_text(
        "".join(f"{in_german(a)}\n" for a, _, _ in rows), "utf-8"
    )
    return root


MLQA = ("en", "es", "de", "ar", "hi", "vi", "zh")


def write_mlqa(root: Path, n: int = 60) -> None:
    """Write n questions in the layout of MLQA's dev set: all in English and German, some in other languages.

    The answer is in the first sentence of its passage, which says what the question says; two questions share
    a passage.
    """
    folder = root / "mlqa/MLQA_V1/dev"
    folder.mkdir(parents=True)
    rng = np.random.default_rng(1)
    letters = [" ".join(rng.permutation(list("abcdefghijklmnop"))[:4]) for _ in range(n)]
    for number, language in enumerate(MLQA):
        paragraphs: dict[int, dict[str, object]] = {}
        for i in range(n):
            if language not in ("en", "de") and i % 5 != number % 5:
                continue
            noun, verb = NOUNS[i // 2 % len(NOUNS)], VERBS[i // 2 % len(VERBS)]
            sentence = f"the {noun} {verb} {letters[i // 2]}"
            question = f"{' '.join(letters[i // 2].split()[:3])} {'red blue red' if i % 2 else 'tree tree a'}"
            if language != "en":
                sentence, question = in_german(sentence), in_german(question)
            if language not in ("en", "de"):
                sentence, question = f"{sentence} {number}", f"{question} {number}"
            passage = paragraphs.setdefault(i // 2, {"context": f"{sentence}. The {noun} sings.", "qas": []})
            answer = {"text": sentence.split()[1], "answer_start": sentence.index(sentence.split()[1])}
            passage["qas"].append({"id": f"q{i}", "question": question, "answers": [answer]})  # type: ignore[attr-defined]
        (folder / f"dev-context-{language}-question-{language}.json").write_text(
            json.dumps({"data": [{"paragraphs": list(paragraphs.values())}]}), "utf-8"
        )


def write_recipe(
    folder: Path,
    start: Path,
    tasks: str = "  - {task: stsb, examples: 96}",
    regime: str = "english",
    slug: str = "toy",
    more: str = "",
) -> Path:
    path = folder / f"{slug}.yaml"
    path.write_text(RECIPE.format(slug=slug, start=start, regime=regime, tasks=tasks) + more)
    return path


def options(tmp_path: Path, data: Path, name: str = "submissions") -> TrainingOptions:
    return TrainingOptions(data=data, submissions=tmp_path / name, device="cpu")
