"""Evaluations as jobs: listed, shared out, and run by any executor, in other processes or on other machines.

What crosses to a worker is one function that it can import (`worker.run_job`) and one text, the job as JSON;
what comes back is one text, the reply. Results are written by the workers as by every evaluation, so that an
interrupted run loses nothing and the same command goes on.
"""

from harness.jobs.evaluation_job import Job
from harness.jobs.job_list import Listed, list_jobs, open_jobs
from harness.jobs.running import EndedJob, run_jobs
from harness.jobs.shards import Shard
from harness.jobs.worker import run_job

__all__ = ["EndedJob", "Job", "Listed", "Shard", "list_jobs", "open_jobs", "run_job", "run_jobs"]
