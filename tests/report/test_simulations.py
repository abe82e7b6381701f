"""What the report says of simulations: nobody learns or mirrors there, and their own numbers stand in front."""

from pathlib import Path

import pytest

from mirrorjax.report.map.kinds import kind_of
from mirrorjax.report.page.answer import headline, headline_html
from tests.report.cases import Network, write_population
from tests.report.test_figures import view_of


def of_cirl(network: Network, epoch: float) -> dict[str, float]:
    return {"cmni": float("nan"), "voi": 0.05, "voi_gained": 0.75, "belief_truth": 0.5 + epoch / 100}


def of_turns(network: Network, epoch: float) -> dict[str, float]:
    near = {"locking": 0.5 + 0.01 * network.seed, "locking_exact": 0.5}
    return {"cmni": float("nan"), "pair_alive": 0.25, "alternation": 0.75, "alternation_null": 0.5, **near}


@pytest.mark.parametrize(
    ("regime", "values", "told"),
    [
        (
            "cirl",
            of_cirl,
            ["4 simulations. Medians at the end: value of information 0.0500, share of it gained 0.750, belief"],
        ),
        (
            "turn_taking",
            of_turns,
            [
                "closed form: phase locking 0.0300.",
                "pairs alive 0.250, alternation 0.750, alternation by permutation 0.500",
            ],
        ),
    ],
)
def test_its_own_numbers_stand_in_front(tmp_path: Path, regime: str, values, told: list[str]):
    networks = [Network(seed, regime=regime, values=values) for seed in range(4)]
    view = view_of(write_population(tmp_path / "p", networks, [0, 10, 20]))
    kind = kind_of(view)
    assert kind is not None
    words = headline([view])
    assert [each for each in told if each not in words] == []
    assert "mirror" not in words and "learnt the task" not in words
    assert kind.meaning in headline_html([view]).replace("&#x27;", "'")
    assert kind.was_run(view).startswith("4 simulations in 1 configuration; ")


def test_networks_are_no_simulations(tmp_path: Path):
    assert kind_of(view_of(write_population(tmp_path / "p", [Network(0)], [0, 10]))) is None
