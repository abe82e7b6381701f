"""Small datasets that tests share: each is built once in a process. None may be changed in place."""

import functools
from dataclasses import replace

from mirrorjax.dataset.build import Dataset, DatasetSpec, build
from mirrorjax.dataset.cache import content_hash

TINY = DatasetSpec(turns=20_000, games=64, burn_in=256, test_rows=400)
FEW_TEST_ROWS = replace(TINY, turns=60_000)
SMALL = DatasetSpec(turns=60_000, games=64, burn_in=512, test_rows=2_000)  # some 42,000 training rows


@functools.cache
def built(spec: DatasetSpec) -> Dataset:
    """A dataset with its content's hash, as `load_or_build` gives it, but not kept."""
    dataset = build(spec)
    return replace(dataset, content_hash=content_hash(dataset))
