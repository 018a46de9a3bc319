from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from click.testing import CliRunner

from harness import report
from harness.cli import main
from harness.diff import compare
from harness.errors import NotComparable
from harness.records import CheckpointScores, Outcomes, Parameters, Result, Score
from harness.store import Side, write_result

SIGNATURE = "jupyterlab|acc|en→xx|cos|h3.mean|prefix=|len=512|v1"
Answers = Mapping[str, Mapping[int, list[bool]]]  # language → seed → right or wrong


def measured(name: str, answers: Answers, *, signature: str = SIGNATURE, text: str = "a") -> tuple[Result, pa.Table]:
    seeds = list(next(iter(answers.values())))
    rows = [
        {"seed": seed, "language": language, "index": i, "answer": i if right else -1, "answer_to_english": i, "correct": right}
        for seed in seeds
        for language in answers
        for i, right in enumerate(answers[language][seed])
    ]

    def score(right: list[bool]) -> Score:
        return Score(score=round(100 * float(np.mean(right)), 4), n=len(right), interval=(0, 100))

    checkpoints = tuple(
        CheckpointScores(
            seed=seed,
            source="here",
            weights="sha256:" + "0" * 64,
            parameters=Parameters(total=2, body=1),
            layer=3,
            scores={language: score(answers[language][seed]) for language in answers},
        )
        for seed in seeds
    )
    result = Result(
        schema_=1,
        submission=name,
        target="jupyterlab",
        signature=signature,
        metric="accuracy",
        score=None,
        measured=len(answers),
        of=12,
        checkpoints=checkpoints,
        data=dict.fromkeys(answers, f"sha256:{text * 64}"),
        outcomes=Outcomes(file="jupyterlab.parquet", sha256="0" * 64, rows=len(rows)),
    )
    return result, pa.Table.from_pylist(rows)


def side(name: str, answers: Answers, **options: str) -> Side:
    result, table = measured(name, answers, **options)
    return Side(name, {"jupyterlab": result}, {"jupyterlab": table})


def one_seed(**answers: list[bool]) -> Answers:
    return {language: {0: right} for language, right in answers.items()}


RIGHT, WRONG = True, False
# The second side loses 10 of 20 German sentences and gains 1; in Italian nothing changes.
FIRST = side("before", one_seed(de=[RIGHT] * 15 + [WRONG] * 5, it=[RIGHT, WRONG] * 5))
SECOND = side("after", one_seed(de=[WRONG] * 10 + [RIGHT] * 5 + [RIGHT] + [WRONG] * 4, it=[RIGHT, WRONG] * 5))


def test_differences_by_hand() -> None:
    (target,) = compare(FIRST, SECOND).targets
    german, italian = target.languages
    assert (german.language, german.n, german.first, german.second, german.difference) == ("de", 20, 75.0, 30.0, -45.0)
    # 10 against 1 discordant: p = 2 · (C(11,0) + C(11,1)) / 2^11.
    assert (german.only_first, german.only_second, german.p) == (10, 1, pytest.approx(24 / 2048))
    assert (italian.difference, italian.interval, italian.p) == (0.0, (0.0, 0.0), 1.0)
    assert (target.first, target.second, target.difference) == (62.5, 40.0, -22.5)
    assert target.interval[0] < -22.5 < target.interval[1] < 0
    assert target.verdict == "worse"


def test_a_side_against_itself_shows_no_difference() -> None:
    comparison = compare(FIRST, FIRST)
    assert [(t.difference, t.interval, t.verdict) for t in comparison.targets] == [(0.0, (0.0, 0.0), "no difference shown")]
    assert comparison.regressions(min_delta=0.0) == ()


def test_both_conditions_of_a_regression_must_hold() -> None:
    comparison = compare(FIRST, SECOND)
    assert [t.target for t in comparison.regressions(min_delta=22.5)] == ["jupyterlab"]
    assert comparison.regressions(min_delta=22.6) == ()
    assert compare(SECOND, FIRST).regressions(min_delta=0.0) == ()
    noise = side("noise", one_seed(de=[WRONG] + [RIGHT] * 15 + [WRONG] * 4, it=[RIGHT, WRONG] * 4 + [WRONG, WRONG]))
    assert compare(FIRST, noise).targets[0].difference < 0
    assert compare(FIRST, noise).regressions(min_delta=0.0) == ()


def test_languages_of_one_side_only_are_named_and_left_out_of_the_mean() -> None:
    (target,) = compare(FIRST, side("other", one_seed(it=[RIGHT] * 10, fr=[RIGHT]))).targets
    assert ([row.language for row in target.languages], target.missing, target.added) == (["it"], ("de",), ("fr",))
    assert target.first == 50.0


def test_several_seeds_are_averaged_per_example_and_get_no_mcnemar() -> None:
    seeds = side("seeds", {"de": {0: [RIGHT] * 20, 1: [RIGHT] * 10 + [WRONG] * 10}, "it": {0: [RIGHT] * 10, 1: [RIGHT] * 10}})
    german = compare(FIRST, seeds).targets[0].languages[0]
    assert (german.second, german.p, german.only_first, german.only_second) == (75.0, None, None, None)


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (
            side("v2", one_seed(de=[RIGHT] * 20), signature=SIGNATURE.replace("v1", "v2")),
            r"jupyterlab: before was measured as jupyterlab\|.*\|v1, v2 as jupyterlab\|.*\|v2",
        ),
        (side("text", one_seed(de=[RIGHT] * 20), text="b"), r"jupyterlab de: the text differs \(before: sha256:a+, text: sha256:b+\)"),
        (side("langs", one_seed(fr=[RIGHT])), "jupyterlab: before and langs share no measured language"),
        (Side("none", {}, {}), "before has results for jupyterlab, none for nothing: no target is shared"),
    ],
)
def test_what_was_not_measured_alike_is_refused(other: Side, message: str) -> None:
    with pytest.raises(NotComparable, match=message) as caught:
        compare(FIRST, other)
    assert caught.value.exit_code == 4


def test_another_encoding_is_comparable_and_said() -> None:
    second = side("deep", one_seed(de=[RIGHT] * 20), signature=SIGNATURE.replace("h3.mean|prefix=", "h12.cls|prefix=query: "))
    assert "encoded differently: " in report.text(compare(FIRST, second))


def test_text_is_aligned() -> None:
    lines = report.text(compare(FIRST, SECOND)).splitlines()
    assert lines[:4] == [
        "first: before",
        "second: after",
        "",
        "jupyterlab (accuracy, points)",
    ]
    german = next(line for line in lines if line.startswith("  de"))
    assert german.split()[:5] == ["de", "20", "75.00", "30.00", "-45.00"]
    assert german.endswith("10            1     0.0117")
    assert lines[-2].startswith("jupyterlab: 62.50 → 40.00, -22.50 [")
    assert lines[-1] == "incomplete: 2 of 12 languages; this mean is not the target's score"


def test_markdown_is_one_table_whose_cells_cannot_break_out() -> None:
    first, second = side("x", one_seed(de=[RIGHT])), side("y", one_seed(de=[RIGHT]))
    text = report.markdown(compare(replace(first, name="<b>|x"), second))
    assert text.startswith("### &lt;b>\\|x → y\n")
    table = [line for line in text.splitlines() if line.startswith("|")]
    assert {line.count("|") for line in table} == {10}
    assert table[2] == "| de | 1 | 100.00 | 100.00 | +0.00 | [+0.00, +0.00] | 0 | 0 | 1.0000 |"


@pytest.fixture
def folders(tmp_path: Path) -> Path:
    for name, (result, table) in {
        "before": measured("before", {"de": {0: [RIGHT] * 15 + [WRONG] * 5}}),
        "after": measured("after", {"de": {0: [WRONG] * 10 + [RIGHT] * 5 + [WRONG] * 5}}),
        "other": measured("other", {"de": {0: [RIGHT] * 20}}, text="b"),
    }.items():
        (tmp_path / name).mkdir()
        write_result(tmp_path / name, result, table)
    return tmp_path


def run(folders: Path, *arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, ["diff", *arguments, "--submissions", str(folders)])
    return result.exit_code, result.output


def test_the_command_compares_slugs_folders_and_files(folders: Path) -> None:
    outputs = {
        run(folders, "before", second) for second in ("after", str(folders / "after"), str(folders / "after/results/jupyterlab.yaml"))
    }
    assert len(outputs) == 1
    code, output = outputs.pop()
    assert (code, output.splitlines()[:2]) == (0, ["first: before", "second: after"])


def test_the_command_ends_with_the_designs_exit_codes(folders: Path) -> None:
    code, output = run(folders, "before", "after", "--fail-on", "regression")
    assert (code, output.splitlines()[-1].startswith("error: regression: jupyterlab: 75.00 → 25.00")) == (1, True)
    assert run(folders, "before", "after", "--fail-on", "regression", "--min-delta", "60")[0] == 0
    assert run(folders, "after", "before", "--fail-on", "regression")[0] == 0
    assert run(folders, "before")[0] == 2
    code, output = run(folders, "before", "nobody")
    assert (code, "nobody does not exist" in output) == (3, True)
    assert run(folders, "before", "other")[0] == 4


def test_json_is_the_record(folders: Path) -> None:
    code, output = run(folders, "before", "after", "--format", "json")
    record = json.loads(output)
    assert (code, record["first"], record["targets"][0]["languages"][0]["difference"]) == (0, "before", -50.0)


def test_a_changed_outcomes_file_is_refused(folders: Path) -> None:
    path = folders / "after/results/jupyterlab.parquet"
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    code, output = run(folders, "before", "after")
    assert (code, "sha256 is" in output) == (3, True)


def mined(name: str, *pairs: tuple[str, bool, bool]) -> Side:
    """Return a side of BUCC dev from (foreign id, gold, accepted)."""
    rows = [
        {"seed": 0, "language": "zh", "split": "dev", "foreign": f, "english": "e", "margin": 1.0, "gold": gold, "accepted": accepted}
        for f, gold, accepted in pairs
    ]
    result, _ = measured(name, one_seed(zh=[RIGHT]))
    signature = "bucc2018_dev|f1|xx–en|ratio.k4.drop|oracle threshold|h3.mean|prefix=|len=512|v1"
    update = {"target": "bucc2018_dev", "metric": "f1", "of": 4, "signature": signature}
    return Side(name, {"bucc2018_dev": result.model_copy(update=update)}, {"bucc2018_dev": pa.Table.from_pylist(rows)})


def test_mining_is_compared_by_f1_over_the_same_foreign_sentences() -> None:
    first = mined("first", ("a", True, True), ("b", True, False), ("c", False, True), *((f"x{i}", True, True) for i in range(17)))
    second = mined("second", ("a", True, True), ("b", True, True), *((f"x{i}", True, True) for i in range(17)))
    (target,) = compare(first, second).targets
    (row,) = target.languages
    # First: 18 right of 19 proposed and 19 gold; second: all right.
    assert (row.n, row.first, row.second) == (19, round(100 * 36 / 38, 4), 100.0)
    assert row.interval[0] <= row.difference <= row.interval[1]
    assert row.interval[0] >= 0
    assert (row.only_first, row.only_second, row.p) == (None, None, None)
    assert compare(second, second).targets[0].languages[0].interval == (0.0, 0.0)
