"""Make passes through a model side by side, and go on with smaller ones when memory runs out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import numpy as np
import torch

from harness.models.batching import Indices

Made = TypeVar("Made")
# Tokens in one pass. On a CPU a worker's activations then stay in its cache; a GPU wants enough rows to fill
# it.
CPU_BATCH_TOKENS, GPU_BATCH_TOKENS = 1024, 65536
_OUT_OF_MEMORY = ("alloc_failed", "out of memory", "can't allocate memory", "not enough memory")


@dataclass
class Passes(Generic[Made]):
    """Make a pass over some of the texts with `make(indices)`; `tokens` is the budget of one, lowered when memory runs out.

    `events` says how often that happened; `forget` is called after it, before anything is tried again.
    """

    make: Callable[[Indices], Made]
    tokens: int
    on_gpu: bool
    forget: Callable[[], None] = lambda: None
    made: int = 0
    events: list[str] = field(default_factory=list)

    def run(
        self, batches: Sequence[Indices], lengths: Sequence[int]
    ) -> Iterator[tuple[Indices, Made | None]]:
        """Yield every batch with what was made of it, in any order, or with None a single text that memory is too small for.

        Each batch holds texts of one length. On a CPU there is one worker a core, each on one thread: nothing
        waits at the end of a product.
        """
        workers = 1 if self.on_gpu else torch.get_num_threads()
        queue = list(reversed(batches))
        with threads_per_worker(workers) as pool:
            running: dict[Future[Made | None], Indices] = {}
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
                    batch, made = running.pop(future), future.result()
                    if made is None and len(batch) > 1:
                        queue.extend(self._halve(batch, lengths[batch[0]]))
                    else:
                        self.made += made is not None
                        yield batch, made

    def attempt(self, batch: Indices) -> Made | None:
        """Make one pass; None when memory ran out. The failed pass is let go here, before anything is tried again."""
        try:
            return self.make(batch)
        except (MemoryError, RuntimeError) as fault:
            if not is_out_of_memory(fault):
                raise
        self.forget()
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
    """Tell whether memory ran out, which torch says in several ways."""
    if isinstance(fault, (MemoryError, torch.OutOfMemoryError)):
        return True
    return isinstance(fault, RuntimeError) and any(words in str(fault).lower() for words in _OUT_OF_MEMORY)


@contextmanager
def threads_per_worker(workers: int) -> Iterator[ThreadPoolExecutor]:
    """Give every worker one thread of its own, and the caller's setting back at the end."""
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
