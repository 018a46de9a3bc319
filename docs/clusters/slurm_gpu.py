"""Workers on the GPUs of a Slurm cluster: one for each GPU of up to four nodes."""

from __future__ import annotations

from parsl import Config
from parsl.executors import HighThroughputExecutor
from parsl.launchers import SrunLauncher
from parsl.providers import SlurmProvider

# Yours: the partition, the account, what makes `stiltboard` callable on a node, and the GPUs of a node.
PARTITION, ACCOUNT = "gpu", None
ACTIVATE = "source $HOME/stiltboard/.venv/bin/activate"
GPUS = 8


def config() -> Config:
    """Return pilots of one node each; each worker sees one GPU, and the file system is shared by all."""
    return Config(
        executors=[
            HighThroughputExecutor(
                available_accelerators=GPUS,
                max_workers_per_node=GPUS,
                cpu_affinity="block",
                provider=SlurmProvider(
                    partition=PARTITION,
                    account=ACCOUNT,
                    gpus_per_node=GPUS,
                    init_blocks=0,
                    max_blocks=4,
                    walltime="08:00:00",
                    launcher=SrunLauncher(),
                    worker_init=f"{ACTIVATE}; export HF_HUB_OFFLINE=1",
                ),
            )
        ],
        retries=1,
        run_dir="build/parsl",
    )
