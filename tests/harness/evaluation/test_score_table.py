"""The table of scores, in each of its formats."""

from __future__ import annotations

import csv
import io
import json

import pytest

from harness import store
from harness.evaluation import score_table
from harness.records import Result
from harness.records.score_line import ScoreLine
from tests.support.folders import SITE_SUBMISSIONS, SUBMISSIONS


def stored(slug: str, target: str) -> Result:
    root = SUBMISSIONS if (SUBMISSIONS / slug).is_dir() else SITE_SUBMISSIONS
    return store.load_result(root / slug / "results" / f"{target}.yaml")


@pytest.fixture(scope="module")
def complete() -> ScoreLine:
    result = stored("toy", "jupyterlab").model_copy(update={"interval": (41.0, 63.0)})
    return ScoreLine.of_result(result, file="toy/results/jupyterlab.yaml")


@pytest.fixture(scope="module")
def partial() -> ScoreLine:
    result = stored("toy", "jupyterlab")
    (checkpoint,) = result.checkpoints[:1]
    scores = {language: checkpoint.scores[language] for language in ("de", "fi")}
    one = checkpoint.model_copy(update={"scores": scores, "failed": {"fr": "not <finite> | a_b"}})
    cut = {"checkpoints": (one,), "score": None, "interval": None, "measured": 2, "submission": "cut"}
    return ScoreLine.of_result(result.model_copy(update=cut))


def test_the_mean_of_some_languages_is_never_shown_as_the_score(
    complete: ScoreLine, partial: ScoreLine
) -> None:
    lines = score_table.text([complete, partial]).splitlines()
    (mean,) = [line for line in lines if line.startswith("  mean ")]
    assert f"{complete.score:.2f} [41.00, 63.00]" in mean
    assert mean.endswith(f"{partial.mean:.2f} (not the score)")
    assert "cut: mean of 2 of 12 languages, not the score" in lines
    assert not any("not the score" in line for line in score_table.text([complete]).splitlines())
    assert [line.split()[-1] for line in lines if line.startswith(("  fr ", "  it "))] == ["failed", "–"]


def test_a_trial_of_all_languages_is_no_score_either() -> None:
    trial = ScoreLine.of_result(stored("toy", "jupyterlab"), trial=50)
    assert score_table.summary(trial).startswith(
        "toy  jupyterlab  trial of 50 examples a language, no result: "
    )
    text = score_table.text([trial])
    assert "(not the score)" in text and "no result, and nothing was written" in text


def test_models_that_do_not_fit_next_to_each_other_follow_below(complete: ScoreLine) -> None:
    others = [complete.model_copy(update={"model": f"model-{number}"}) for number in range(5)]
    text = score_table.text(others, width=80)
    tables = text.split("jupyterlab (accuracy")[1:]
    assert len(tables) > 1
    assert max(len(line) for line in text.splitlines() if line.startswith("  ")) <= 80
    assert [sum(f"model-{number}" in table for table in tables) for number in range(5)] == [1] * 5
    assert "".join(score_table.text([line]) for line in others[:1]) == score_table.text(others[:1], width=10)


def test_several_seeds_are_shown_as_their_mean_and_range(complete: ScoreLine) -> None:
    score = complete.languages["de"].model_copy(
        update={"score": 50.0, "seeds": {"0": 49.0, "1": 51.0}, "intervals": {"0": (48, 50), "1": (50, 52)}}
    )
    line = complete.model_copy(update={"languages": {"de": score}})
    assert "50.00 (49.00–51.00)" in score_table.text([line])
    rows = list(csv.DictReader(io.StringIO(score_table.comma_separated([line]))))
    assert (rows[0]["score"], rows[0]["low"], rows[0]["high"]) == ("50.0", "", "")


def test_every_format_has_every_language_and_nothing_breaks_out(partial: ScoreLine) -> None:
    rows = list(csv.DictReader(io.StringIO(score_table.comma_separated([partial]))))
    assert [(row["language"], row["of"]) for row in rows] == [("de", ""), ("fi", ""), ("mean", "12")]
    markdown = score_table.markdown([partial])
    table = [line for line in markdown.splitlines() if line.startswith("|")]
    assert {line.count(" | ") for line in table[2:]} == {2}
    assert "not &lt;finite> \\| a_b" in markdown
    latex = score_table.latex([partial])
    assert r"accuracy\_to\_english & " in latex and latex.count(r"\\") == latex.count(" & ") // 2
    html = score_table.as_html([partial])
    assert "not &lt;finite&gt; | a_b" in html and html.count("<tr>") == len(table) - 1
    (line,) = score_table.json_lines([partial]).splitlines()
    assert ScoreLine.model_validate(json.loads(line)) == partial


def of_run(line: ScoreLine, step: int, mean: float) -> ScoreLine:
    file = f"evaluations/x-checkpoint-{step}/results/jupyterlab.yaml"
    own = {"model": f"x-checkpoint-{step}", "run": "/runs/x", "step": step, "mean": mean, "file": file}
    return line.model_copy(update=own)


def test_checkpoints_of_a_training_are_rows_by_step(complete: ScoreLine, partial: ScoreLine) -> None:
    steps = [of_run(partial, step, float(step // 100)) for step in (1500, 500, 1000)]
    other, table = score_table.text([steps[0], complete, *steps[1:]]).split("\n\n")
    assert other.startswith("jupyterlab (accuracy, points, [95 % interval])\n")
    assert "x-checkpoint" not in other
    lines = table.splitlines()
    assert lines[0] == "jupyterlab (accuracy, points, [95 % interval]) by step of x"
    assert lines[1].split() == ["step", "mean", "fr", "fi", "de"]
    assert [line.split()[:3] for line in lines[2:5]] == [
        ["500", "5.00", "failed"],
        ["1000", "10.00", "failed"],
        ["1500", "15.00", "failed"],
    ]
    assert lines.count("x: mean of 2 of 12 languages, not the score") == 1
    assert lines[-1] == f"x: {steps[1].file} … {steps[0].file}"
    assert "| step | mean |" in score_table.markdown(steps)
    assert [row["step"] for row in csv.DictReader(io.StringIO(score_table.comma_separated(steps[:1])))] == [
        "1500"
    ] * (len(partial.languages) + 1)


def test_languages_that_do_not_fit_next_to_each_other_follow_below(complete: ScoreLine) -> None:
    steps = [of_run(complete, step, 1.0) for step in (500, 1000)]
    tables = score_table.text(steps, width=60).split("\n\n")
    assert len(tables) > 1
    assert all(len(line) <= 60 for table in tables for line in table.splitlines()[1:4])
    shown = [language for table in tables for language in table.splitlines()[1].split()[2:]]
    assert shown == list(complete.languages)


def test_one_checkpoint_alone_is_shown_as_any_model(complete: ScoreLine) -> None:
    assert "by step" not in score_table.text([of_run(complete, 500, 1.0)])
