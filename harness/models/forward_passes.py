"""Run forward passes in parallel, and continue with smaller batches when memory runs out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import numpy as np
import torch

from harness.models.batching import Indices
from harness.models.transformers_errors import passing

Output = TypeVar("Output")
# Tokens in one pass. On a CPU a worker's activations then stay in its cache; a GPU needs enough rows to be
# busy.
CPU_BATCH_TOKENS, GPU_BATCH_TOKENS = 1024, 65536
_OUT_OF_MEMORY = ("alloc_failed", "out of memory", "can't allocate memory", "not enough memory")


@dataclass
class Passes(Generic[Output]):
    """Run `make(indices)` on batches; `tokens` is the budget of a pass, lowered when memory runs out.

    `events` reports each time that happened; `release` is called after it, before anything is tried again.
    `completed` counts the passes that succeeded. Anything but a lack of memory names `source`.
    """

    make: Callable[[Indices], Output]
    tokens: int
    on_gpu: bool
    release: Callable[[], None] = lambda: None
    source: str = "the checkpoint"
    completed: int = 0
    events: list[str] = field(default_factory=list)

    def run(
        self, batches: Sequence[Indices], lengths: Sequence[int]
    ) -> Iterator[tuple[Indices, Output | None]]:
        """Yield every batch with its output, in any order; None for a text that memory is too small for.

        Each batch holds texts of one length. On a CPU there is one worker per core, each on one thread, so
        that no product ends with a wait for other threads.
        """
        workers = 1 if self.on_gpu else torch.get_num_threads()
        queue = list(reversed(batches))
        with threads_per_worker(workers) as pool:
            running: dict[Future[Output | None], Indices] = {}
            while queue or running:
                while queue and len(running) < 2 * workers:
                    batch = queue.pop()
                    fits = max(1, self.tokens // max(1, lengths[batch[0]]))
                    if len(batch) > fits:  # the budget was lowered since it was planned
                        queue.extend(np.array_split(batch, -(-len(batch) // fits)))
                        continue
                    running[pool.submit(self.attempt, batch)] = batch
                done, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    batch, output = running.pop(future), future.result()
                    if output is None and len(batch) > 1:
                        queue.extend(self._halve(batch, lengths[batch[0]]))
                    else:
                        self.completed += output is not None
                        yield batch, output

    def attempt(self, batch: Indices) -> Output | None:
        """Run one pass; None when memory ran out, after the memory of the failed pass was released."""
        with passing(self.source):
            try:
                return self.make(batch)
            except (MemoryError, RuntimeError) as fault:
                if not is_out_of_memory(fault):
                    raise
        self.release()
        if self.on_gpu:
            torch.cuda.empty_cache()
        return None

    def _halve(self, batch: Indices, length: int) -> list[Indices]:
        budget = max(length, length * len(batch) // 2)
        if budget < self.tokens:
            self.tokens = budget
            self.events.append(f"out of memory: the budget was lowered to {budget} tokens a pass")
        return list(np.array_split(batch, 2))


def is_out_of_memory(fault: BaseException) -> bool:
    """Tell whether memory ran out, which torch reports in several ways."""
    if isinstance(fault, (MemoryError, torch.OutOfMemoryError)):
        return True
    return isinstance(fault, RuntimeError) and any(words in str(fault).lower() for words in _OUT_OF_MEMORY)


@contextmanager
def threads_per_worker(workers: int) -> Iterator[ThreadPoolExecutor]:
    """Run workers on one thread each; restores the caller's number of threads at the end."""
    before = torch.get_num_threads()
    pool = ThreadPoolExecutor(
        workers,
        thread_name_prefix="encode",
        initializer=lambda: torch.set_num_threads(before // workers or 1),
    )
    try:
        if workers > 1:
            torch.set_num_threads(1)
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)
        torch.set_num_threads(before)
