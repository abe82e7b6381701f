"""Boards and what has become of them one round later: what a regime learns from that foretells instead of acting.

They are of the same games as a dataset, which is played once more for them: each of its snapshots, with each energy and
sky that it is a row with, and the snapshot of the next round. A pair is trained on where its row is.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from mirrorjax.dataset.build import Dataset, DatasetSpec, Pairs, play_rows, scramble
from mirrorjax.dataset.cache import keep, load_kept, spec_hash
from mirrorjax.dataset.row import row_keys, words_of

BYTES = 16  # of a pair
FORMAT = 1  # part of every content hash: raise it when the same spec gives other pairs


def pairs_file(spec: DatasetSpec, folder: Path) -> Path:
    """Where the pairs of the dataset of `spec` are kept."""
    return Path(folder) / f"pairs-{spec_hash(spec)}.npz"


def build_pairs(dataset: Dataset, spec: DatasetSpec, report: Callable[[str], None] = lambda line: None) -> Pairs:
    """Plays the games of a dataset again and pairs its rows with the boards one round later.

    Pairs are unique as pairs: a row is in as many as there are boards that came of it. Those of the training rows are
    trained on, those of the validation rows are held out, each in an order that is itself random.
    """
    boards, rows = play_rows(spec, report)
    now = rows.reshape(len(boards), -1)[: -spec.games]  # rounds come one after the other, each with all games
    later = np.repeat(boards[spec.games :], now.shape[1])
    now = now.ravel()
    splits = {}
    for name in ("train", "validation"):
        own = _among(now, row_keys(getattr(dataset, name)))
        splits[name] = _unique(now[own], later[own], spec.of_splits)
    return Pairs(**splits, content_hash=_content_hash(splits))


def with_pairs(
    dataset: Dataset, spec: DatasetSpec, folder: Path, report: Callable[[str], None] = lambda line: None
) -> Dataset:
    """The dataset with its pairs: from `folder` if they are there and whole, else built and kept there."""
    path = pairs_file(spec, folder)

    def read(archive: Mapping[str, np.ndarray]) -> Pairs:
        about = json.loads(str(archive["about"]))
        splits = {name: archive[name] for name in ("train", "validation")}
        if about != {"content_hash": _content_hash(splits), "dataset": dataset.content_hash}:
            raise ValueError("its content does not match its hash, or is of another dataset")
        return Pairs(**splits, content_hash=about["content_hash"])

    pairs = load_kept(path, read)
    if pairs is None:
        report("pairing boards with those one round later")
        pairs = build_pairs(dataset, spec)
        about = json.dumps({"content_hash": pairs.content_hash, "dataset": dataset.content_hash})
        keep(path, {"about": np.array(about), "train": pairs.train, "validation": pairs.validation})
    return replace(dataset, pairs=pairs)


def peek_pairs(spec: DatasetSpec, folder: Path) -> int | None:
    """How many pairs are trained on, of a file; None if it is not there, or damaged."""
    try:
        with pairs_file(spec, folder).open("rb") as file, np.load(file, allow_pickle=False) as archive:
            return len(archive["train"])
    except Exception:  # a damaged zip fails in many ways; whoever loads it says which
        return None


def _among(keys: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """Which keys are among the chosen ones."""
    ordered = np.sort(chosen)
    return ordered[np.minimum(np.searchsorted(ordered, keys), len(ordered) - 1)] == keys


def _unique(now: np.ndarray, later: np.ndarray, seed: int) -> np.ndarray:
    """Different pairs [N, 4], by a random number that each pair has."""
    drawn = scramble(now ^ scramble(later, seed, purpose=3), seed, purpose=4)
    order = np.lexsort((later, now, drawn))
    now, later = now[order], later[order]
    new = np.concatenate([[True], (now[1:] != now[:-1]) | (later[1:] != later[:-1])]) if len(now) else np.ones(0, bool)
    return np.concatenate([words_of(now[new]), words_of(later[new])], axis=1)


def _content_hash(splits: Mapping[str, np.ndarray]) -> str:
    digest = hashlib.sha256(f"pairs {FORMAT};".encode())
    for name, words in splits.items():
        digest.update(f"{name}:{len(words)};".encode() + np.ascontiguousarray(words, "<u4").tobytes())
    return digest.hexdigest()[:16]
