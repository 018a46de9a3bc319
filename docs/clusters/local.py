"""Workers on this machine, one for each core, under Parsl: to try what a cluster does."""

from __future__ import annotations

import os

from parsl import Config
from parsl.executors import HighThroughputExecutor
from parsl.providers import LocalProvider

CORES = os.cpu_count() or 1
WORKERS = int(os.environ.get("WORKERS", CORES))


def config() -> Config:
    """Return a pilot of WORKERS processes with one thread each; a lost job is tried once more."""
    return Config(
        executors=[
            HighThroughputExecutor(
                address="127.0.0.1",
                max_workers_per_node=WORKERS,
                cores_per_worker=0.99 * CORES / WORKERS,  # WORKERS are started, also on fewer cores
                provider=LocalProvider(
                    init_blocks=1,
                    max_blocks=1,
                    worker_init="export OMP_NUM_THREADS=1 HF_HUB_OFFLINE=1 HF_DATASETS_OFFLINE=1",
                ),
            )
        ],
        retries=1,
        run_dir=os.environ.get("PARSL_RUN_DIR", "build/parsl"),
    )
