from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from harness.cli.main import main
from harness.errors import BadInput
from harness.records import PriorClass, SeedPriors
from harness.scoring.target_priors import SeedScores, estimated_priors, target_priors
from harness.store.prior_file import load_seed_priors, prior_path, write_seed_priors


def rows(regime: str, count: int, *, design: str | None = None) -> list[SeedScores]:
    rng = np.random.default_rng(len(regime))
    return [
        SeedScores("toy", regime, 0.5 + 0.02 * rng.standard_normal(3), f"{design}{i}" if design else None)
        for i in range(count)
    ]


def test_a_regime_with_few_rows_borrows_from_any() -> None:
    priors = estimated_priors([*rows("english", 6), *rows("multilingual", 3)])
    assert {(one.of, one.rows) for one in priors.classes} == {("any", 9), ("english", 6)}
    known = target_priors(priors, "toy")
    assert set(known) == {"none", "english", "multilingual"}
    assert known["multilingual"] == known["none"] != known["english"]
    assert target_priors(priors, "other") == target_priors(None, "toy") == {}
    # One seed says nothing about another.
    alone = [SeedScores("toy", "english", np.array([0.5]), None)] * 9
    assert estimated_priors(alone) == SeedPriors.none()


def test_matched_pairs_have_a_class_of_their_own() -> None:
    priors = estimated_priors(rows("english", 5, design="d") + rows("multilingual", 5, design="d"))
    assert {one.of: one.rows for one in priors.classes}["matched"] == 5
    deviation = {one.of: one for one in priors.classes}["matched"].deviation
    assert target_priors(priors, "toy")["matched"].variance == pytest.approx((deviation / 100) ** 2)


def test_the_file_is_read_as_it_was_written_and_a_faulty_one_is_refused_by_place(tmp_path: Path) -> None:
    submissions = tmp_path / "submissions"
    assert load_seed_priors(submissions) is None
    one = PriorClass(target="toy", of="english", scale="points", deviation=2.5, freedom=4.0, rows=7)
    priors = SeedPriors(schema_=1, classes=(one,))
    assert write_seed_priors(submissions, priors) == prior_path(submissions)
    assert load_seed_priors(submissions) == priors
    text = prior_path(submissions).read_text()
    prior_path(submissions).write_text(text.replace("freedom: 4.0", "freedom: 0"))
    with pytest.raises(BadInput) as refused:
        load_seed_priors(submissions)
    assert refused.value.faults[0].where is not None
    with pytest.raises(ValueError, match="toy, of: english is given twice"):
        SeedPriors(schema_=1, classes=(one, one))


def run(submissions: Path, *options: str) -> Result:
    return CliRunner().invoke(main, ["prior", "--submissions", str(submissions), *options])


def test_the_command_tells_what_there_is_to_borrow_and_checks_the_file(tmp_path: Path) -> None:
    submissions = tmp_path / "submissions"
    submissions.mkdir()
    told = run(submissions)
    assert (told.exit_code, told.output) == (
        0,
        "no target has four rows with several seeds: there is nothing to borrow\n",
    )
    assert run(submissions, "--check").exit_code == 0
    assert run(submissions, "--write", "--check").exit_code == 2
    assert run(submissions, "--write").exit_code == 0
    assert load_seed_priors(submissions) == SeedPriors.none()
    one = PriorClass(target="toy", of="any", scale="logits", deviation=0.2, freedom=4.0, rows=7)
    write_seed_priors(submissions, SeedPriors(schema_=1, classes=(one,)))
    checked = run(submissions, "--check")
    assert checked.exit_code == 1
    assert "is not what the rows give" in checked.output
