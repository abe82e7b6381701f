"""Parts of a site on all cores: NumPy and XLA let threads run beside each other, but each alone fills hardly one."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Part = TypeVar("Part")
Found = TypeVar("Found")
MOST = 4  # parts at a time: each takes some 500 MB


def in_turns(function: Callable[[Part], Found], parts: Iterable[Part]) -> Iterator[Found]:
    """What the function gives of each part, in order, whatever the number of threads.

    No more parts are begun than there are threads, so that the memory does not grow with their number.
    """
    given = list(parts)
    workers = min(MOST, os.cpu_count() or 1, len(given))
    if workers < 2:
        yield from map(function, given)
        return
    with ThreadPoolExecutor(workers) as pool:
        begun: deque[Future[Found]] = deque()
        for part in given:
            if len(begun) == workers:
                yield begun.popleft().result()
            begun.append(pool.submit(function, part))
        while begun:
            yield begun.popleft().result()
