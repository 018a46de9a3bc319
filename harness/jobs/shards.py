"""Share jobs out over processes that do not know of each other: each computes the same shares."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.errors import WrongUsage

# The variables of a Slurm array job: this task's number, the first, and how many there are.
_TASK, _FIRST, _COUNT = "SLURM_ARRAY_TASK_ID", "SLURM_ARRAY_TASK_MIN", "SLURM_ARRAY_TASK_COUNT"


@dataclass(frozen=True)
class Shard:
    """The share `number`, counted from 1, of `count` shares."""

    number: int
    count: int

    @classmethod
    def parse(cls, text: str) -> Shard:
        """Return the shard of text such as 3/16; raises WrongUsage for other text."""
        match = re.fullmatch(r"([0-9]{1,6})/([0-9]{1,6})", text)
        if not match or not 1 <= int(match[1]) <= int(match[2]):
            raise WrongUsage(
                f"--shard {text!r} is not a share", cure="such as --shard 3/16: from 1/16 to 16/16"
            )
        return cls(int(match[1]), int(match[2]))

    @classmethod
    def of_array(cls, environment: Mapping[str, str]) -> Shard:
        """Return the shard of this task of a Slurm array job; raises WrongUsage outside of one.

        Tasks are numbered without gaps, from any number.
        """
        try:
            task, first, count = (int(environment[name]) for name in (_TASK, _FIRST, _COUNT))
        except (KeyError, ValueError):
            raise WrongUsage(
                f"--shard auto needs {_TASK}, {_FIRST} and {_COUNT}, which Slurm sets in an array job",
                cure="name the share, such as --shard 3/16",
            ) from None
        if not 0 <= task - first < count:
            raise WrongUsage(
                f"--shard auto: task {task} of {count} tasks from {first} on is none of them",
                cure="number the tasks without gaps, such as sbatch --array=1-16",
            )
        return cls(task - first + 1, count)

    def share(self, costs: Sequence[float]) -> list[int]:
        """Return the numbers of the jobs of this shard, in their order; the shards are disjoint and complete.

        The dearest job that is left goes to the shard that has least so far, and of equal ones to the first.
        """
        loads = [0.0] * self.count
        mine = []
        for job in sorted(range(len(costs)), key=lambda job: (-costs[job], job)):
            least = min(range(self.count), key=loads.__getitem__)
            loads[least] += costs[job]
            if least == self.number - 1:
                mine.append(job)
        return sorted(mine)
