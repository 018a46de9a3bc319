"""Shares of jobs: disjoint, complete, even, and the same for every process that computes them."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import WrongUsage
from harness.jobs.job_list import Listed, share
from harness.jobs.shards import Shard


@given(st.lists(st.floats(0, 1e15), max_size=60), st.integers(1, 9))
def test_shards_are_disjoint_and_complete(costs: list[float], count: int) -> None:
    shares = [Shard(number, count).share(costs) for number in range(1, count + 1)]
    assert sorted(job for share in shares for job in share) == list(range(len(costs)))


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=60), st.integers(1, 9))
def test_shards_differ_by_the_dearest_job_at_most(costs: list[float], count: int) -> None:
    loads = [sum(costs[job] for job in Shard(number, count).share(costs)) for number in range(1, count + 1)]
    assert max(loads) - min(loads) <= max(costs) * (1 + 1e-9)


def test_jobs_that_share_a_head_are_in_one_shard() -> None:
    listed = [
        Listed(Path("a"), (seed,), (target,), cost, head)
        for seed in range(3)
        for target, cost, head in (("v", 5.0, ""), ("xquad", 9.0, "squad"), ("mlqa", 1.0, "squad"))
    ]
    shares = [share(listed, Shard(number, 4)) for number in range(1, 5)]
    assert sorted(job.name for mine in shares for job in mine) == sorted(job.name for job in listed)
    for mine in shares:
        assert [job.seeds for job in mine if job.targets == ("xquad",)] == [
            job.seeds for job in mine if job.targets == ("mlqa",)
        ]


def test_shards_of_many_jobs_are_even() -> None:
    costs = [float(layers * (1 + task % 3)) for layers in (2, 4, 6, 8, 12) for task in range(40)]
    loads = [sum(costs[job] for job in Shard(number, 16).share(costs)) for number in range(1, 17)]
    assert max(loads) <= 1.15 * sum(costs) / 16
    assert min(loads) >= 0.85 * sum(costs) / 16


def test_a_task_of_an_array_is_a_shard_whatever_its_first_number() -> None:
    array = {"SLURM_ARRAY_TASK_ID": "7", "SLURM_ARRAY_TASK_MIN": "5", "SLURM_ARRAY_TASK_COUNT": "4"}
    assert Shard.of_array(array) == Shard(3, 4)
    with pytest.raises(WrongUsage, match="needs SLURM_ARRAY_TASK_ID"):
        Shard.of_array({"SLURM_ARRAY_TASK_ID": "7"})
    with pytest.raises(WrongUsage, match="task 9 of 4 tasks from 5 on is none of them"):
        Shard.of_array(array | {"SLURM_ARRAY_TASK_ID": "9"})


@pytest.mark.parametrize("text", ["", "3", "0/4", "5/4", "1/0", "-1/4", "1/4/2", "a/b", "1.0/4", "³/4"])
def test_what_is_no_share_is_refused(text: str) -> None:
    with pytest.raises(WrongUsage, match="is not a share"):
        Shard.parse(text)
