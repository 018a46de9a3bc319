"""Workers on the processors of a Slurm cluster: pilots on up to ten nodes, working until all is done."""

from __future__ import annotations

from parsl import Config
from parsl.executors import HighThroughputExecutor
from parsl.launchers import SrunLauncher
from parsl.providers import SlurmProvider

# Yours: the partition, the account, and what makes `stiltboard` callable on a node.
PARTITION, ACCOUNT = "cpu", None
ACTIVATE = "source $HOME/stiltboard/.venv/bin/activate"
CORES = 8  # for each worker


def config() -> Config:
    """Return pilots of one node each; the cache and submissions/ lie on a file system that all share."""
    return Config(
        executors=[
            HighThroughputExecutor(
                cores_per_worker=CORES,
                cpu_affinity="block",
                provider=SlurmProvider(
                    partition=PARTITION,
                    account=ACCOUNT,
                    init_blocks=0,
                    max_blocks=10,
                    walltime="08:00:00",
                    launcher=SrunLauncher(),
                    worker_init=f"{ACTIVATE}; export OMP_NUM_THREADS={CORES} HF_HUB_OFFLINE=1",
                ),
            )
        ],
        retries=1,
        run_dir="build/parsl",
    )
