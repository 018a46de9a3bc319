"""Evaluations, trainings and verifications as jobs, for any executor: other processes, or other machines.

What crosses to a worker is one function that it can import (`worker.run_job`) and one text, the job as JSON;
what comes back is one text, the reply. Results are written by the workers as by every evaluation, so that an
interrupted run loses nothing and the same command goes on.

Nothing is imported here: a worker is given its share of the machine before torch is imported.
"""
