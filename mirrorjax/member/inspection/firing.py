"""The boards on which a network's mirror units fire most."""

from dataclasses import dataclass

import jax.numpy as jnp
import numpy as np

from mirrorjax.dataset.build import answers
from mirrorjax.dataset.oracle import LABELS, SCENARIOS
from mirrorjax.dataset.row import SKIES, board_keys, row_keys, unpack
from mirrorjax.game.render import board
from mirrorjax.game.state import GameState, Player
from mirrorjax.member.paper.analysis import Analysis
from mirrorjax.results.network import TrainedNetwork

UNITS = 3  # of the first layer, by mirror neuron score
BOARDS = 2  # of each
ROWS = 20_000  # test rows that are looked through


@dataclass(frozen=True)
class Firing:
    """A board and what a unit and the network make of it."""

    unit: int  # of the first layer, from 1
    activation: float  # the unit's
    mean: float  # of its activations over the rows looked through
    scenario: str  # who is in distress, one of SCENARIOS
    # right, answer: the right answer and the network's
    right: str
    answer: str
    energy: int  # Frog's
    board: str  # as text

    def headline(self) -> str:
        """What there is to know of it, in a line."""
        distress = {"none": "nobody", "frog": "Frog", "toad": "Toad", "both": "both"}[self.scenario]
        return (
            f"L1N{self.unit} = {self.activation:.3f} (mean {self.mean:.3f}); in distress: {distress}; "
            f"Frog's energy {self.energy}; right: {self.right}, answer: {self.answer}"
        )


def strongest_boards(analysis: Analysis, words: np.ndarray) -> list[Firing]:
    """Different boards on which the first layer's mirror units are most active; none without mirror units.

    Of the packed rows [N, 2] a board counts once, whatever its energy and sky.
    """
    words = words[:ROWS]
    outputs, hidden = analysis.network.run_with_activations(words)
    found = answers(words)
    boards = board_keys(row_keys(words))
    firing = []
    for unit in mirror_units(analysis)[:UNITS]:
        activation = hidden[unit - 1]
        order = np.argsort(-activation, kind="stable")
        _, first = np.unique(boards[order], return_index=True)
        for place in order[np.sort(first)[:BOARDS]]:
            firing.append(
                Firing(
                    unit=unit,
                    activation=float(activation[place]),
                    mean=float(activation.mean()),
                    scenario=SCENARIOS[int(found["scenario"][place])],
                    right=LABELS[int(found["label"][place])],
                    answer=LABELS[int(np.argmax(outputs[:, place]))],
                    energy=int(unpack(jnp.asarray(words[place])).energy),
                    board=board(state_of(words[place])),
                )
            )
    return firing


def mirror_units(analysis: Analysis) -> list[int]:
    """The first layer's mirror units, from 1, the highest mirror neuron score first."""
    units = analysis.of_layer(1, "mirror", "mirror and differentiating")
    return sorted((int(unit) for unit in units), key=lambda unit: -analysis.mns[unit - 1])


def state_of(words: np.ndarray) -> GameState:
    """A packed row [2] as a situation that can be drawn; what a row does not hold is zero."""
    row, zero = unpack(jnp.asarray(words)), jnp.int32(0)
    sky = sum(1 << column for column in SKIES[int(row.sky_index)])
    frog = Player(row.frog_column, row.energy, zero, row.frog_shown)
    toad = Player(row.toad_column, zero, zero, row.toad_shown)
    return GameState(row.ground, jnp.uint32(sky), zero, zero, frog, toad)


def describe_no_mirror_units(network: TrainedNetwork) -> str:
    """What to say in place of boards."""
    return f"The first layer of {network.member_id} has no mirror unit, so that there are no boards to show."
