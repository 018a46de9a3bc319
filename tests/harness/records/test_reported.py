"""Rows of published numbers: read strictly, never evaluated, never compared."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from harness import store
from harness.catalog import BY_NAME, find_target
from harness.cli.main import main
from harness.cli.validate import schema_text
from harness.errors import BadInput
from harness.records import (
    Base,
    Pooling,
    Regime,
    ReportedEncoding,
    ReportedIntermediate,
    ReportedScore,
    ReportedSubmission,
    Submitter,
)
from tests.support.folders import ROOT
from tests.support.submissions import REPORTED


def parsed(text: str) -> ReportedSubmission:
    submission = store.parse_submission(text.encode(), "s.yaml")
    assert isinstance(submission, ReportedSubmission)
    return submission


def refusals(text: str) -> list[str]:
    with pytest.raises(BadInput) as caught:
        store.parse_submission(text.encode(), "s.yaml")
    return [str(fault) for fault in caught.value.faults]


def test_what_was_not_published_is_left_out() -> None:
    submission = parsed(REPORTED)
    assert submission.base == Base(id="FacebookAI/xlm-roberta-large")
    assert submission.intermediate == ReportedIntermediate(regime=Regime.ENGLISH, languages=("en",))
    assert (submission.intermediate.examples, submission.intermediate.translated) == (None, None)
    assert submission.encoding == ReportedEncoding(layer=14, pooling=Pooling.MEAN)
    assert (submission.reported.parameters, submission.reported.note, submission.license) == (
        559_000_000,
        None,
        None,
    )
    assert submission.submitters == (Submitter(name="Nobody"),)
    bare = parsed(
        REPORTED.replace("base: {id: FacebookAI/xlm-roberta-large, revision: null}\n", "").replace(
            "encoding: {layer: 14, pooling: mean}\n", ""
        )
    )
    assert (bare.base, bare.encoding) == (None, None)


def test_a_score_is_published_or_follows_from_what_was_and_is_none_where_the_protocol_differs() -> None:
    scores = {
        name: score.score(find_target(name)) for name, score in parsed(REPORTED).reported.scores.items()
    }
    assert scores == {
        "xnli": 79.2,
        "xquad": pytest.approx(68.7),
        "mlqa": None,
        "tatoeba": None,
        "bucc2018_dev": None,
    }
    dev = parsed(REPORTED).reported.scores["bucc2018_dev"]
    assert dev.mean(find_target("bucc2018_dev")) == pytest.approx((77.7 + 62.7 + 79.2 + 66.5) / 4)
    some = ReportedScore(languages={"de": 77.7})
    assert (some.mean(find_target("bucc2018_dev")), some.score(find_target("bucc2018_dev"))) == (None, None)


TARGETS = ", ".join(BY_NAME)
FAULTS = [
    ("submitters:", "checkpoints: [{seed: 0, path: x}]\nsubmitters:", [
        "s.yaml:18:1: checkpoints: found next to reported, but a row is either evaluated here or published elsewhere\n    cure: remove reported if there are weights to evaluate, else checkpoints; or write two submissions",
    ]),
    ("submitters:", "finetuned: {}\nsubmitters:", [
        "s.yaml:18:1: the file: unknown key 'finetuned'\n    cure: allowed: schema, title, family, base, intermediate, encoding, reported, trained_on, submitters, license, links, aliases, origin",
    ]),
    ("  citation: Somebody 2020. Table 2\n", "", [
        "s.yaml:7:1: reported.citation: the key is missing\n    cure: add a line such as `citation: Ada Lovelace 1843. Notes. Table 2`",
    ]),
    ("https://example.org", "http://example.org", [
        "s.yaml:9:11: reported.source: expected an address that begins with https://, found 'http://example.org/paper'\n    cure: for example https://example.org/paper",
    ]),
    ("parameters: 559000000", "parameters: 559M", [
        "s.yaml:10:15: reported.parameters: expected a whole number in plain digits, found '559M'\n    cure: write a whole number in plain digits",
    ]),
    ("    xnli:", "    xnlu:", [f"s.yaml:13:5: reported.scores: unknown target 'xnlu'\n    cure: one of: {TARGETS}"]),
    ("    xnli:", "    bitext.mine:", [f"s.yaml:13:5: reported.scores: unknown target 'bitext.mine'\n    cure: one of: {TARGETS}"]),
    ("{accuracy: 79.2}", "{accuracy: 792}", [
        "s.yaml:13:30: reported.scores.xnli.means.accuracy: expected points from 0 to 100, found 792\n    cure: write 100 times the share, such as 79.2 for 0.792",
    ]),
    ("{accuracy: 79.2}", "{accuracy: 0.792}", [
        "s.yaml:13:30: reported.scores.xnli.means.accuracy: expected points from 0 to 100, found 0.792\n    cure: write 100 times the share, such as 79.2 for 0.792",
    ]),
    ("{accuracy: 79.2}", "{accuracy: -1}", [
        "s.yaml:13:30: reported.scores.xnli.means.accuracy: expected a number from 0, found '-1'\n    cure: write a number from 0",
    ]),
    ("{accuracy: 79.2}", "{accuracy: 79,2}", [
        "s.yaml:13:34: reported.scores.xnli.means.2: expected a number in plain decimal digits, found nothing\n    cure: write a number in plain decimal digits",
    ]),
    ("{means: {accuracy: 79.2}}", "{score: 79.2}", [
        "s.yaml:13:12: reported.scores.xnli: unknown key 'score'\n    cure: allowed: means, languages, differs, version",
    ]),
    ("{means: {accuracy: 79.2}}", "{}", ["s.yaml:13:5: reported.scores.xnli: contains no number\n    cure: for example `means: {accuracy: 79.2}`"]),
    ("{accuracy_to_english: 95.22}", "{acc: 95.22}", [
        "s.yaml:16:23: reported.scores.tatoeba.means: tatoeba has no 'acc'\n    cure: one of: accuracy (its score, en→xx), accuracy_to_english, f1, f1_to_english; or describe under differs what was measured instead",
    ]),
    ("{f1: 76.6, exact_match: 60.8}", "{em_f1: 68.0, f1: 76.6, exact_match: 60.8}", [
        "s.yaml:14:28: reported.scores.xquad.means.em_f1: 68 is not the mean of its parts, 68.70\n    cure: check both in the publication",
    ]),
    ("{de: 77.7, fr:", "{de: 0.777, xx:", [
        "s.yaml:17:43: reported.scores.bucc2018_dev.languages: bucc2018_dev has no language 'xx'\n    cure: one of: de fr ru zh",
        "s.yaml:17:36: reported.scores.bucc2018_dev.languages.de: expected points from 0 to 100, found 0.777\n    cure: write 100 times the share, such as 79.2 for 0.792",
    ]),
    ("regime: english", "regime: multilingual", [
        "s.yaml:5:1: intermediate: regime multilingual needs at least two languages, or none if they are unknown\n    cure: change one of the keys so that they agree",
    ]),
    ("regime: english", "regime: none", [
        "s.yaml:5:1: intermediate: regime none has no tasks, no languages and 0 examples\n    cure: change one of the keys so that they agree",
    ]),
    ("languages: [en]", "languages: [de]", [
        "s.yaml:5:1: intermediate: regime english has languages: [en]\n    cure: change one of the keys so that they agree",
    ]),
    ("Somebody 2020. Table 2", "<who published it>", [
        "s.yaml:8:13: reported.citation: the placeholder '<who published it>' is still there\n    cure: replace it, angle brackets included",
    ]),
]  # fmt: skip


@pytest.mark.parametrize(("sound", "broken", "expected"), FAULTS)
def test_each_main_fault_says_where_what_and_how_to_mend_it(
    sound: str, broken: str, expected: list[str]
) -> None:
    assert REPORTED.count(sound) == 1
    assert refusals(REPORTED.replace(sound, broken)) == expected


def test_scores_name_at_least_one_target() -> None:
    assert refusals(
        f"{REPORTED.partition('    xnli')[0].rstrip()} {{}}\nsubmitters: [{{name: Nobody}}]\n"
    ) == [
        "s.yaml:12:3: reported.scores: names no target\n    cure: for example `xnli: {means: {accuracy: 79.2}}`"
    ]


def test_another_name_needs_a_description_of_what_differs() -> None:
    text = REPORTED.replace(
        "{means: {accuracy: 79.2}}", "{means: {map: 79.2}, differs: something else was measured}"
    )
    assert parsed(text).reported.scores["xnli"].means == {"map": 79.2}


def test_the_cure_for_a_row_with_neither_checkpoints_nor_reported_names_both() -> None:
    text = REPORTED.partition("reported:")[0] + "submitters: [{name: Nobody}]\nlicense: MIT\n"
    assert refusals(text.replace("english, languages: [en]", "none")) == [
        "s.yaml:1:1: checkpoints: the key is missing\n    cure: add a line such as `checkpoints: [{seed: 0, hub: organisation/model, revision: <the commit's 40 hexadecimal digits>}]`, or `reported:` with numbers that others published"
    ]


# ---- on disk and on the command line


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with one reported row, which is made the current one."""
    folder = tmp_path / "submissions" / "paper"
    folder.mkdir(parents=True)
    (folder / "submission.yaml").write_text(REPORTED)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def stiltboard(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


@pytest.mark.usefixtures("project")
def test_validate_accepts_it() -> None:
    assert stiltboard("validate").stdout == "submissions/paper: fine\n1 submission checked, no faults\n"


@pytest.mark.parametrize("name", ["results", "training.yaml"])
def test_what_only_a_measured_row_has_is_a_fault_next_to_it(project: Path, name: str) -> None:
    (project / "submissions" / "paper" / name).mkdir()
    answer = stiltboard("validate", "paper")
    assert answer.exit_code == 3
    assert answer.stderr.startswith(
        f"error: submissions/paper/{name}: found next to reported numbers, for which nothing was trained or measured here\n"
        "    cure: remove it, or make one submission with checkpoints and another with reported\n"
    )


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize("options", [[], ["--dry-run"]])
def test_it_cannot_be_evaluated(options: list[str]) -> None:
    answer = stiltboard("evaluate", "paper", *options)
    assert (answer.exit_code, answer.stdout) == (3, "")
    assert answer.stderr == (
        "error: paper holds numbers that others reported (https://example.org/paper): there is no checkpoint to evaluate\n"
        "    cure: evaluate a submission with checkpoints; stiltboard new SLUG scaffolds one\n"
    )


UNPAIRED = (
    "error: {} holds numbers that others reported (https://example.org/paper): without the outcome of every sentence nothing can be paired\n"
    "    cure: compare submissions that were evaluated here\n"
)


@pytest.mark.usefixtures("project")
def test_it_cannot_be_compared() -> None:
    answer = stiltboard("diff", "paper", "paper")
    assert (answer.exit_code, answer.stdout, answer.stderr) == (4, "", UNPAIRED.format("paper"))


def test_it_cannot_be_compared_at_a_revision_either(project: Path) -> None:
    identity = ["-c", "user.name=Nobody", "-c", "user.email=nobody@example.org"]
    for command in (["init", "-q"], ["add", "."], [*identity, "commit", "-q", "-m", "A row"]):
        subprocess.run(["git", *command], cwd=project, check=True)
    answer = stiltboard("diff", "HEAD:paper", "paper")
    assert (answer.exit_code, answer.stdout, answer.stderr) == (4, "", UNPAIRED.format("paper@HEAD"))


def test_the_schema_for_editors_tells_the_two_kinds_apart_by_one_key() -> None:
    schema = json.loads(schema_text("submission"))
    assert {key: schema[key] for key in ("if", "then", "else")} == {
        "if": {"required": ["reported"]},
        "then": {"$ref": "#/$defs/ReportedSubmission"},
        "else": {"$ref": "#/$defs/Submission"},
    }
    assert schema["$defs"]["Submission"]["required"] == [
        "schema",
        "title",
        "family",
        "base",
        "intermediate",
        "checkpoints",
        "submitters",
        "license",
    ]
    assert schema["$defs"]["ReportedSubmission"]["required"] == [
        "schema",
        "title",
        "family",
        "intermediate",
        "reported",
        "submitters",
    ]


# ---- the rows of this repository

ROWS = ROOT / "submissions"
# Slug → target → the published numbers by name, and the score in the target's column.
PUBLISHED: dict[str, dict[str, tuple[dict[str, float], float | None]]] = {
    "xlmr-large": {
        "xnli": ({"accuracy": 79.2}, 79.2),
        "pawsx": ({"accuracy": 86.4}, 86.4),
        "udpos": ({"f1": 73.8}, 73.8),
        "panx": ({"f1": 65.4}, 65.4),
        "xquad": ({"f1": 76.6, "exact_match": 60.8}, 68.7),
        "mlqa": ({"f1": 71.6, "exact_match": 53.2}, 62.4),
        "tydiqa": ({"f1": 65.1, "exact_match": 45.0}, 55.05),
    },
    "xstilts": {
        "xnli": ({"accuracy": 80.0}, 80.0),
        "pawsx": ({"accuracy": 87.9}, 87.9),
        "udpos": ({"f1": 74.9}, 74.9),
        "panx": ({"f1": 64.0}, 64.0),
        "xquad": ({"f1": 78.7, "exact_match": 63.3}, 71.0),
        "mlqa": ({"f1": 72.4, "exact_match": 53.7}, 63.05),
        "tydiqa": ({"f1": 76.0, "exact_match": 59.5}, 67.75),
    },
    "xlmr-large-jiant": {
        "tatoeba": ({"accuracy": 31.0}, 31.0),
        "bucc2018_dev": ({"de": 77.7, "fr": 62.7, "ru": 79.2, "zh": 66.5}, None),
    },
    "labse": {"tatoeba": ({"accuracy_to_english": 95.22}, None)},
    "me5-small": {"tatoeba": ({"accuracy_to_english": 86.86}, None)},
    "me5-base": {"tatoeba": ({"accuracy_to_english": 88.14}, None)},
    "me5-large": {"tatoeba": ({"accuracy_to_english": 92.41}, None)},
    "bge-m3": {"tatoeba": ({"accuracy_to_english": 92.17}, None)},
    "paraphrase-minilm": {"tatoeba": ({"accuracy_to_english": 77.96}, None)},
    "paraphrase-mpnet": {"tatoeba": ({"accuracy_to_english": 85.25}, None)},
    "mbert-en-en": {"xquad_r": ({"map": 29}, None), "mlqa_r": ({"map": 36}, None)},
    "mbert-x-x": {"xquad_r": ({"map": 23}, None), "mlqa_r": ({"map": 26}, None)},
    "mbert-x-x-mono": {"xquad_r": ({"map": 52}, None), "mlqa_r": ({"map": 49}, None)},
    "mbert-x-y": {"xquad_r": ({"map": 66}, None), "mlqa_r": ({"map": 49}, None)},
    "xlmr-mono": {
        "xquad_r": (
            {
                "full_map_mono": 79.2,
                "full_map_cross": 67.4,
                "full_map_multi": 54.8,
                "language_bias": 410.2,
                "recall_1_mono": 70.4,
                "recall_1_cross": 56.2,
                "recall_10_multi": 47.9,
            },
            None,
        ),
        "mlqa_r": (
            {
                "full_map_mono": 64.8,
                "full_map_cross": 58.4,
                "full_map_multi": 47.3,
                "language_bias": 287.5,
                "recall_1_mono": 54.6,
                "recall_1_cross": 46.8,
                "recall_10_multi": 58.7,
            },
            None,
        ),
    },
    "xlmr-xy": {
        "xquad_r": (
            {
                "full_map_mono": 75.5,
                "full_map_cross": 70,
                "full_map_multi": 59.3,
                "language_bias": 295.4,
                "recall_1_mono": 65.5,
                "recall_1_cross": 59,
                "recall_10_multi": 51.6,
            },
            None,
        ),
        "mlqa_r": (
            {
                "full_map_mono": 62.6,
                "full_map_cross": 62,
                "full_map_multi": 50.8,
                "language_bias": 226.7,
                "recall_1_mono": 52.2,
                "recall_1_cross": 50.4,
                "recall_10_multi": 62.7,
            },
            None,
        ),
    },
    "xlmr-hybrid": {
        "xquad_r": (
            {
                "full_map_mono": 79.8,
                "full_map_cross": 70.5,
                "full_map_multi": 59.3,
                "language_bias": 286.6,
                "recall_1_mono": 70.9,
                "recall_1_cross": 59.8,
                "recall_10_multi": 51.7,
            },
            None,
        ),
        "mlqa_r": (
            {
                "full_map_mono": 64.8,
                "full_map_cross": 62.3,
                "full_map_multi": 51.2,
                "language_bias": 227.1,
                "recall_1_mono": 54.8,
                "recall_1_cross": 51.1,
                "recall_10_multi": 62.8,
            },
            None,
        ),
    },
    "labse-mono": {
        "xquad_r": (
            {
                "full_map_mono": 80.8,
                "full_map_cross": 75.2,
                "full_map_multi": 65.2,
                "language_bias": 261.5,
                "recall_1_mono": 72.3,
                "recall_1_cross": 65.4,
                "recall_10_multi": 56.7,
            },
            None,
        ),
        "mlqa_r": (
            {
                "full_map_mono": 68.1,
                "full_map_cross": 65.6,
                "full_map_multi": 55,
                "language_bias": 225.3,
                "recall_1_mono": 58.1,
                "recall_1_cross": 54.6,
                "recall_10_multi": 67.1,
            },
            None,
        ),
    },
    "labse-xy": {
        "xquad_r": (
            {
                "full_map_mono": 80.1,
                "full_map_cross": 76.2,
                "full_map_multi": 67.9,
                "language_bias": 225.2,
                "recall_1_mono": 71.2,
                "recall_1_cross": 66.5,
                "recall_10_multi": 59.5,
            },
            None,
        ),
        "mlqa_r": (
            {
                "full_map_mono": 67.1,
                "full_map_cross": 67.7,
                "full_map_multi": 57.6,
                "language_bias": 198.3,
                "recall_1_mono": 56.7,
                "recall_1_cross": 56.6,
                "recall_10_multi": 69.5,
            },
            None,
        ),
    },
    "labse-hybrid": {
        "xquad_r": (
            {
                "full_map_mono": 81.7,
                "full_map_cross": 76.7,
                "full_map_multi": 68.2,
                "language_bias": 221.1,
                "recall_1_mono": 73.4,
                "recall_1_cross": 67.3,
                "recall_10_multi": 59.7,
            },
            None,
        ),
        "mlqa_r": (
            {
                "full_map_mono": 68.6,
                "full_map_cross": 68.1,
                "full_map_multi": 57.9,
                "language_bias": 195,
                "recall_1_mono": 58.8,
                "recall_1_cross": 57.5,
                "recall_10_multi": 69.4,
            },
            None,
        ),
    },
    "rembert": {
        "xnli": ({"accuracy": 80.8}, 80.8),
        "pawsx": ({"accuracy": 87.5}, 87.5),
        "udpos": ({"f1": 76.5}, 76.5),
        "panx": ({"f1": 70.1}, 70.1),
        "xquad": ({"f1": 79.6, "exact_match": 64}, 71.8),
        "mlqa": ({"f1": 73.1, "exact_match": 55}, 64.05),
        "tydiqa": ({"f1": 77, "exact_match": 63}, 70),
    },
    "filter": {
        "xnli": ({"accuracy": 83.9}, None),
        "pawsx": ({"accuracy": 91.4}, None),
        "udpos": ({"f1": 76.2}, None),
        "panx": ({"f1": 67.7}, None),
        "xquad": ({"f1": 82.4, "exact_match": 68}, None),
        "mlqa": ({"f1": 76.2, "exact_match": 57.7}, None),
        "tydiqa": ({"f1": 68.3, "exact_match": 50.9}, None),
    },
    "veco": {
        "xnli": ({"accuracy": 83}, None),
        "pawsx": ({"accuracy": 91.1}, None),
        "udpos": ({"f1": 75.1}, None),
        "panx": ({"f1": 65.7}, None),
        "xquad": ({"f1": 79.9, "exact_match": 66.3}, None),
        "mlqa": ({"f1": 73.1, "exact_match": 54.9}, None),
        "tydiqa": ({"f1": 75, "exact_match": 58.9}, None),
    },
    "mt5-small": {
        "xnli": ({"accuracy": 67.5}, 67.5),
        "pawsx": ({"accuracy": 82.4}, 82.4),
        "panx": ({"f1": 50.5}, 50.5),
        "xquad": ({"f1": 58.1}, None),
        "mlqa": ({"f1": 54.6}, None),
        "tydiqa": ({"f1": 36.4}, None),
    },
    "mt5-base": {
        "xnli": ({"accuracy": 75.4}, 75.4),
        "pawsx": ({"accuracy": 86.4}, 86.4),
        "panx": ({"f1": 55.7}, 55.7),
        "xquad": ({"f1": 67}, None),
        "mlqa": ({"f1": 64.6}, None),
        "tydiqa": ({"f1": 59.1}, None),
    },
    "mt5-large": {
        "xnli": ({"accuracy": 81.1}, 81.1),
        "pawsx": ({"accuracy": 88.9}, 88.9),
        "panx": ({"f1": 58.5}, 58.5),
        "xquad": ({"f1": 77.8}, None),
        "mlqa": ({"f1": 71.2}, None),
        "tydiqa": ({"f1": 68.4}, None),
    },
    "mt5-xl": {
        "xnli": ({"accuracy": 82.9}, 82.9),
        "pawsx": ({"accuracy": 89.6}, 89.6),
        "panx": ({"f1": 65.5}, 65.5),
        "xquad": ({"f1": 79.5}, None),
        "mlqa": ({"f1": 73.5}, None),
        "tydiqa": ({"f1": 77.8}, None),
    },
    "mt5-xxl": {
        "xnli": ({"accuracy": 85}, 85),
        "pawsx": ({"accuracy": 90}, 90),
        "panx": ({"f1": 69.2}, 69.2),
        "xquad": ({"f1": 82.5}, None),
        "mlqa": ({"f1": 76}, None),
        "tydiqa": ({"f1": 82}, None),
    },
    "mbert-xtreme": {
        "xnli": ({"accuracy": 65.4}, 65.4),
        "pawsx": ({"accuracy": 81.9}, 81.9),
        "panx": ({"f1": 62.2}, 62.2),
        "xquad": ({"f1": 64.5}, None),
        "mlqa": ({"f1": 61.4}, None),
        "tydiqa": ({"f1": 59.7}, None),
    },
    "xlm-xtreme": {
        "xnli": ({"accuracy": 69.1}, 69.1),
        "pawsx": ({"accuracy": 80.9}, 80.9),
        "panx": ({"f1": 61.2}, 61.2),
        "xquad": ({"f1": 59.8}, None),
        "mlqa": ({"f1": 48.5}, None),
        "tydiqa": ({"f1": 43.6}, None),
    },
    "xlmr-base-ernie": {
        "xnli": ({"accuracy": 76.2}, 76.2),
        "mlqa": ({"f1": 63.7, "exact_match": 46.3}, 55),
    },
    "xlmr-large-ernie": {
        "xnli": ({"accuracy": 80.9}, 80.9),
        "mlqa": ({"f1": 70.7, "exact_match": 52.7}, 61.7),
    },
    "xlmr-xl": {
        "xnli": ({"accuracy_all_languages": 85.4}, None),
        "mlqa": ({"f1": 73.4, "exact_match": 55.3}, 64.35),
    },
    "xlmr-xxl": {
        "xnli": ({"accuracy_all_languages": 86}, None),
        "mlqa": ({"f1": 74.8, "exact_match": 56.6}, 65.7),
    },
    "xlmr-base-translated": {
        "xnli": ({"accuracy_all_languages": 79.1}, None),
    },
    "xlmr-large-translated": {
        "xnli": ({"accuracy_all_languages": 83.6}, None),
    },
    "xlmr-base": {
        "xnli": ({"accuracy": 75}, 75),
        "pawsx": ({"accuracy": 84.9}, 84.9),
        "udpos": ({"f1": 75.6}, 75.6),
        "panx": ({"f1": 61.8}, 61.8),
        "xquad": ({"f1": 71.9, "exact_match": 56.4}, 64.15),
        "mlqa": ({"f1": 65.1, "exact_match": 47.2}, 56.15),
        "tydiqa": ({"f1": 55.4, "exact_match": 38.3}, 46.85),
    },
    "xlm-align": {
        "xnli": ({"accuracy": 76.2}, 76.2),
        "pawsx": ({"accuracy": 86.8}, 86.8),
        "udpos": ({"f1": 76}, 76),
        "panx": ({"f1": 63.7}, 63.7),
        "xquad": ({"f1": 74.7, "exact_match": 59}, 66.85),
        "mlqa": ({"f1": 68.1, "exact_match": 49.8}, 58.95),
        "tydiqa": ({"f1": 62.1, "exact_match": 44.8}, 53.45),
    },
    "f2llm-v2-80m": {
        "tatoeba": ({"accuracy_to_english": 64.77}, None),
    },
    "f2llm-v2-160m": {
        "tatoeba": ({"accuracy_to_english": 70.45}, None),
    },
    "f2llm-v2-330m": {
        "tatoeba": ({"accuracy_to_english": 82.15}, None),
    },
    "f2llm-v2-0-6b": {
        "tatoeba": ({"accuracy_to_english": 85.92}, None),
    },
    "f2llm-v2-1-7b": {
        "tatoeba": ({"accuracy_to_english": 91.27}, None),
    },
    "f2llm-v2-4b": {
        "tatoeba": ({"accuracy_to_english": 93.48}, None),
    },
    "f2llm-v2-8b": {
        "tatoeba": ({"accuracy_to_english": 94.65}, None),
    },
    "f2llm-v2-14b": {
        "tatoeba": ({"accuracy_to_english": 95.37}, None),
    },
    "qwen3-embedding-0-6b": {
        "tatoeba": ({"accuracy_to_english": 76.86}, None),
    },
    "qwen3-embedding-4b": {
        "tatoeba": ({"accuracy_to_english": 91.4}, None),
    },
    "qwen3-embedding-8b": {
        "tatoeba": ({"accuracy_to_english": 93.19}, None),
    },
    "udever-bloom-560m": {
        "tatoeba": ({"accuracy_to_english": 40.48}, None),
    },
    "udever-bloom-1b1": {
        "tatoeba": ({"accuracy_to_english": 47.75}, None),
    },
    "udever-bloom-3b": {
        "tatoeba": ({"accuracy_to_english": 53.25}, None),
    },
    "udever-bloom-7b1": {
        "tatoeba": ({"accuracy_to_english": 56.87}, None),
    },
    "bilingual-embedding-small": {
        "tatoeba": ({"accuracy_to_english": 86.36}, None),
    },
    "bilingual-embedding-base": {
        "tatoeba": ({"accuracy_to_english": 88.55}, None),
    },
    "bilingual-embedding-large": {
        "tatoeba": ({"accuracy_to_english": 92.18}, None),
    },
    "granite-embedding-107m": {
        "tatoeba": ({"accuracy_to_english": 70.23}, None),
    },
    "granite-embedding-278m": {
        "tatoeba": ({"accuracy_to_english": 77.61}, None),
    },
    "sonar": {
        "tatoeba": ({"accuracy_to_english": 95.68}, None),
    },
    "me5-large-instruct": {
        "tatoeba": ({"accuracy_to_english": 94.96}, None),
    },
    "jina-v3": {
        "tatoeba": ({"accuracy_to_english": 90.14}, None),
    },
    "gte-multilingual-base": {
        "tatoeba": ({"accuracy_to_english": 87.11}, None),
    },
    "arctic-embed-l-v2": {
        "tatoeba": ({"accuracy_to_english": 86.5}, None),
    },
}
PARAMETERS = {
    "xlmr-large": 559_000_000,
    "xlmr-large-jiant": 559_000_000,
    "xstilts": 559_000_000,
    "rembert": 575_000_000,
    "filter": 559_000_000,
    "veco": 662_000_000,
    "mt5-small": 300_000_000,
    "mt5-base": 580_000_000,
    "mt5-large": 1_200_000_000,
    "mt5-xl": 3_700_000_000,
    "mt5-xxl": 13_000_000_000,
    "xlmr-base-ernie": 250_000_000,
    "xlmr-large-ernie": 560_000_000,
    "xlmr-xl": 3_500_000_000,
    "xlmr-xxl": 10_700_000_000,
    "xlmr-base-translated": 250_000_000,
    "xlmr-large-translated": 560_000_000,
    "f2llm-v2-80m": 80_000_000,
    "f2llm-v2-160m": 160_000_000,
    "f2llm-v2-330m": 330_000_000,
    "f2llm-v2-0-6b": 600_000_000,
    "f2llm-v2-1-7b": 1_700_000_000,
    "f2llm-v2-4b": 4_000_000_000,
    "f2llm-v2-8b": 8_000_000_000,
    "f2llm-v2-14b": 14_000_000_000,
    "qwen3-embedding-0-6b": 600_000_000,
    "qwen3-embedding-4b": 4_000_000_000,
    "qwen3-embedding-8b": 8_000_000_000,
    "udever-bloom-560m": 560_000_000,
    "udever-bloom-1b1": 1_100_000_000,
    "udever-bloom-3b": 3_000_000_000,
    "udever-bloom-7b1": 7_100_000_000,
    "granite-embedding-107m": 107_000_000,
    "granite-embedding-278m": 278_000_000,
}


def test_the_published_rows_hold_what_their_sources_say() -> None:
    slugs = [slug for slug in store.find_submissions(ROWS) if slug.startswith("reported-")]
    assert [slug.removeprefix("reported-") for slug in slugs] == sorted(PUBLISHED)
    for slug, targets in PUBLISHED.items():
        row = store.load_submission(ROWS / f"reported-{slug}")
        assert isinstance(row, ReportedSubmission)
        scores = {
            name: ({**score.means, **score.languages}, score.score(find_target(name)))
            for name, score in row.reported.scores.items()
        }
        assert scores == {name: (numbers, pytest.approx(score)) for name, (numbers, score) in targets.items()}
        assert row.reported.parameters == PARAMETERS.get(slug)
