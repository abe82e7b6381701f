"""A network of a finished sweep as the partner of agents: found, loaded, and acting as it answers."""

from dataclasses import replace
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mirrorjax.errors import InputError
from mirrorjax.game.observation import view
from mirrorjax.game.rollout import game_streams, new_game
from mirrorjax.game.state import Actor, GameParams
from mirrorjax.job.partner import load_partner
from mirrorjax.regimes.players.frozen import frozen
from mirrorjax.settings.schema import Config
from tests.sweep.cases import Sweep


def asking(config: Config, results: Path, member: str) -> Config:
    given = {"partner": "frozen", "partner_results": str(results), "partner_member": member}
    return replace(config, regime=replace(config.regime, name="reinforcement", **given))


def test_a_partner_does_what_its_network_answers_most_in_its_seat(finished: Sweep, config: Config):
    member_id = finished.population.member_ids[0]
    load_partner(asking(config, finished.folder, member_id))
    games = jax.vmap(lambda stream: new_game(stream, GameParams()))(game_streams(jax.random.key(3), 12))
    as_toad = jax.vmap(lambda state: state.replace(actor=jnp.int32(Actor.TOAD)))(games)
    acts = jax.vmap(lambda state: frozen(member_id)(state, jnp.uint32(0)))(as_toad)
    seen = np.asarray(jax.vmap(lambda state: view(state, Actor.TOAD))(as_toad)).T
    answers = finished.population.member(member_id).run(seen)
    assert np.asarray(acts).tolist() == answers.argmax(axis=0).tolist()


def test_what_is_not_there_is_told_before_any_work(finished: Sweep, config: Config, tmp_path: Path):
    for results, member, why in ((tmp_path, "0" * 16, "results"), (finished.folder, "f" * 16, "none in")):
        with pytest.raises(InputError, match=f"regime.partner_results is .*{why}"):
            load_partner(asking(config, results, member))
    with pytest.raises(InputError, match=r"regime.partner_member is .* not loaded"):
        frozen("f" * 16)
