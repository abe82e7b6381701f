"""Every program is lowered for accelerators that are not here."""

from typing import Any

import jax
import pytest

from mirrorjax.measurement.battery.boards import boards_of
from mirrorjax.population.members import Member
from mirrorjax.training.compiled import Programs
from tests.training.cases import population_of, small_dataset

MEMBERS = {
    "supervised": Member(),
    "knobs, three layers of tanh": Member(congruence=1.0, depth=3, activation="tanh"),
    "one_hot": Member(encoding="one_hot"),
    "shared order": Member(data_order="shared"),
    "contrastive": Member(regime="contrastive", alignment=0.01),
    "overlap": Member(regime="overlap", overlap=0.01, pair="object", layers="all"),
    "imitation": Member(regime="imitation", energy="own"),
    "assembly": Member(regime="assembly"),
    "transformer": Member(model="transformer", width=24),
    "predictive": Member(regime="predictive", objective="auto"),
    "cirl": Member(regime="cirl"),
    **{f"turn_taking, {of}": Member(regime="turn_taking", turns_of=of) for of in ("givers", "chain", "oscillators")},
}


class Lowering:
    """In the place of a compiler: lowers what it is asked for, for each platform."""

    def __init__(self) -> None:
        self.lowered: dict[str, str] = {}

    def __call__(self, name: tuple, function: Any, *arguments: Any) -> Any:
        exported = jax.export.export(function, platforms=("tpu", "cuda"))(*arguments)
        assert exported.platforms == ("tpu", "cuda")
        self.lowered[str(name[0])] = exported.mlir_module()
        return None


@pytest.mark.accelerators
@pytest.mark.parametrize("kind", MEMBERS)
def test_every_program_is_lowered_for_tpu_and_cuda(kind, monkeypatch):
    """As accelerators have it, members side by side."""
    monkeypatch.setattr(Programs, "_on_cpu", False)
    member = MEMBERS[kind]
    population = population_of([member], block=8, boards=boards_of(small_dataset(), 64, 16))
    (runner,) = population.runners
    lowering: Any = Lowering()
    programs = Programs(runner.part, runner.mesh, lowering)
    measuring = population.measuring
    makers = programs.makers(
        measuring.world(runner.regime).train, measuring.rows_of(runner.regime), measuring.boards, True, runner.engine
    )
    for make in makers.values():
        make()
    assert lowering.lowered.keys() == makers.keys()
    assert {"init", "train", "measure"} <= makers.keys()
    if "rows" in runner.regime.needs:
        assert {"battery", "divergences", "causes"} <= makers.keys()
