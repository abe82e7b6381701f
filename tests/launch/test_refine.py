"""What refinement goes by, the verdicts at the end; how it divides its budget; what a round's config is."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from omegaconf import OmegaConf

from mirrorjax.launch.refine import _round_config, _share, verdicts
from mirrorjax.population.axes import members
from mirrorjax.settings.folder import job_hash
from mirrorjax.settings.schema import Config, stored
from tests.report.cases import Network, like_paper, write_sweep

EPOCHS = (0.0, 1.0, 2.0)
CONFIG = {"regime": {"epochs": 2.0}, "measurement": {"boards": 64}, "runtime": {"precision": "highest"}}


def with_verdict(network: Network, epoch: float) -> dict[str, float]:
    """At the end 1 for seeds 1 and 3, none for seed 4; before that the opposite, and a diverged one is frozen at 1."""
    at_end = np.nan if network.seed == 4 else float(network.seed in (1, 3))
    mirror = at_end if epoch == EPOCHS[-1] else 1.0 if network.diverged_from else 1 - at_end
    return {**like_paper(network, epoch), "mirror": mirror}


def written(folder: Path, **populations: list[Network]) -> Path:
    sweep = write_sweep(folder, dict(populations), epochs=EPOCHS)
    for name in populations:
        (sweep / name / "config.yaml").write_text(OmegaConf.to_yaml(OmegaConf.create(CONFIG)))
        (sweep / name / "DONE").touch()
    return sweep


def test_verdicts_are_those_of_the_last_checkpoint_of_networks_that_have_one(tmp_path: Path):
    networks = [Network(seed, values=with_verdict) for seed in range(5)]
    more = [Network(7, values=with_verdict, diverged_from=2)]
    sweep = written(tmp_path / "sweep", a=networks, b=more)
    found = verdicts(sweep, CONFIG, "5f1c2a77")
    told = [False, True, False, True]
    expected = {network.member_id: verdict for network, verdict in zip(networks, told, strict=False)}
    assert found == {**expected, more[0].member_id: False}
    assert verdicts(sweep, CONFIG, "other data") == {}
    (sweep / "b" / "DONE").unlink()
    assert verdicts(sweep, CONFIG, "5f1c2a77") == expected, "what is not finished has no verdict yet"
    longer = {**CONFIG, "regime": {"epochs": 3.0}}
    (sweep / "a" / "config.yaml").write_text(OmegaConf.to_yaml(OmegaConf.create(longer)))
    assert verdicts(sweep, CONFIG, "5f1c2a77") == {}, "trained for longer"


def test_populations_without_verdicts_have_none(tmp_path: Path):
    assert verdicts(written(tmp_path / "sweep", a=[Network(0)]), CONFIG, "5f1c2a77") == {}


@pytest.mark.parametrize(
    ("left", "rounds", "dearest", "share"),
    [(90, 3, 4, 30), (60, 2, 4, 30), (10, 5, 4, 4), (3, 2, 4, 3), (0, 2, 4, 0), (90, 0, 4, 0)],
)
def test_each_round_gets_an_equal_share_of_what_is_left(left: int, rounds: int, dearest: int, share: int):
    assert _share(left, rounds, dearest) == share


def resolved_of(**settings: Any) -> dict[str, Any]:
    schema = OmegaConf.structured(Config(name="test"))
    plain = OmegaConf.to_container(OmegaConf.merge(schema, settings))
    assert isinstance(plain, dict)
    return {str(name): value for name, value in plain.items()}


def test_a_round_is_a_list_of_its_points_with_the_same_settings_else(tmp_path: Path):
    grid = {"axes": {"dependency": [0, 1], "width": [5]}, "seeds": 2, "first_seed": 3}
    zipped = {"union": [{"zip": {"veil_symbol": [0.0, 0.2], "veil_role": [0.0, 0.2]}}]}
    resolved = resolved_of(population={**grid, **zipped}, model={"depth": 3}, refine=2)
    entry = {"width": 5, "dependency": 0.5, "veil_symbol": 0.2, "veil_role": 0.2}
    own = _round_config(resolved, tmp_path, {"list": [entry], "seeds": 4})
    expanded = members(stored(own))
    assert [member.seed for member in expanded] == [3, 4, 5, 6]
    for member in expanded:
        assert {name: getattr(member, name) for name in entry} == entry and member.depth == 3
    assert resolved["population"]["axes"]["dependency"] == [0, 1], "the population's own is left as it was"


def test_a_population_has_the_same_folder_however_it_is_refined_and_whatever_is_played():
    given = ({}, {"refine": 3, "refine_networks": 9}, {"refine": 1}, {"measurement": {"games": 0}})
    assert len({job_hash(resolved_of(**settings)) for settings in given}) == 1
