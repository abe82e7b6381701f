"""A member's identity and streams: of what they are made, that no two share them; epochs, steps and sizes."""

from dataclasses import fields, replace
from typing import Any, cast

import jax
import numpy as np
import pytest

from mirrorjax.population.members import (
    Member,
    identity,
    init_key,
    stack_values,
    stream_words,
)
from mirrorjax.population.plan import program_of
from mirrorjax.training.memory import own_size

HASH = "0123456789abcdef"
PUBLISHED = "6af95b005397c257"  # Member() on that dataset
OTHERS: dict[str, Any] = {  # for every field of a member, another value
    "seed": 1,
    "init_seed": 1,
    "order_seed": 1,
    "dropout_seed": 1,
    "regime": "other",
    "model": "other",
    "width": 18,
    "depth": 3,
    "activation": "tanh",
    "learning_rate": 4.1e-6,
    "dropout": 0.13,
    "l2": 0.011,
    "batch_size": 24,
    "congruence": 0.5,
    "dependency": 0.5,
    "encoding": "one_hot",
    "edge": 0.0,
    "veil_symbol": 0.5,
    "veil_role": 0.5,
    "mask": 0.5,
    "skies": 3,
    "shuffled": 0.5,
    "obstacle_rate": 0.05,
    "obstacle_width": 3,
    "scroll": 0.5,
    "data_seed": 1,
    "boards": 1000,
    "data_order": "shared",
}

GOLDEN: list[tuple[dict[str, Any], str, int, int]] = [  # what is set, identity, a word each of `init` and of `order`
    ({}, PUBLISHED, 2312063136, 4163632763),
    ({"seed": 7, "width": 5, "depth": 1}, "00f93780d6d9e78c", 2034919196, 3034583728),
    ({"width": 50, "depth": 3, "activation": "tanh"}, "11d76c2f9d2438ea", 678083335, 2789457670),
    ({"learning_rate": 1e-4, "batch_size": 20}, "8c1eba32764a5d09", 589749235, 448787830),
    ({"dropout": 0, "l2": 0}, "7d0a832ae3bcaf12", 1485119554, 1672680024),
    ({"data_order": "shared", "seed": 3}, "3eee8394edc15e26", 1559916131, 604079047),
    ({"order_seed": 4, "dropout_seed": 5}, "d931d70474105078", 2312063136, 1044672617),
    ({"encoding": "one_hot"}, "9ff2c85656d69fa4", 2684387642, 3928521228),
    ({"encoding": "permuted", "seed": 2}, "6f1bf4dc51fe4300", 1050586816, 3890055687),
    ({"congruence": 1}, "fd3b03fd00c7f24b", 2565056173, 1582704471),
    ({"dependency": 0.25, "veil_symbol": 1, "veil_role": 1}, "6495a0c728f7678e", 2367670814, 3250269245),
    ({"edge": 0}, "c206d1548c829931", 159314527, 374726832),
    ({"mask": 0.5, "skies": 3}, "83166a3f77251466", 2749670029, 3133489453),
    ({"skies": 6.0, "shuffled": 0.125}, "3d3ebf04436039f2", 794431826, 4140823274),
    ({"obstacle_rate": 0.025, "obstacle_width": 2}, "6c8329f6e9eb94d3", 1248610736, 3229181746),
    ({"scroll": 0.5, "data_seed": 3}, "8eedfb0385308390", 2593284283, 2552379475),
    ({"boards": 1000, "data_seed": 0}, "caf48d30058f0172", 1783518368, 1177519974),
    ({"regime": "other", "model": "other"}, "ae744d728f7f5050", 3756712868, 4114032822),
    ({**OTHERS, "skies": 2, "veil_role": 0.2}, "0bc5433b24c20784", 1123795590, 3107772612),
]


# settings from after these were frozen
LATER: dict[str, Any] = {
    "parent": PUBLISHED,
    **{"alignment": 0.1, "temperature": 0.2, "observe": 0.5, "positives": "shuffled"},
    **{"dose": 1.5, "veil_neurons": 0.5, "neurons": 100},
    **{"overlap": 0.1, "overlap_from": 1.0, "pair": "distress", "distance": "mse", "layers": "all"},
    **{"watched_share": 0.5, "watch": "as_played", "energy": "own", "encoder": "apart"},
    **{"objective": "auto", "predicted": "board_and_energy"},
    **{"stimuli": "boards", "context_share": 0.4, "plasticity": "hebbian", "homeostasis": "episode", "areas": "apart"},
    **{"d_model": 8, "heads": 1},
    **{"fly_probability": 0.0, "help_leap_probability": 0.5},
    **{"partner": "hop", "reward": "homeostatic", "reward_sharing": 0.5, "weight_empathy": 0.2, "score_weight": 0.0},
    **{"partner_energy": "seen", "discount": 0.9, "entropy_bonus": 0.1, "anneal": 2.0, "parallel_games": 4},
    **{"horizon": 8, "update_epochs": 1, "minibatches": 1, "partner_member": "00000000000000aa", "policies": "apart"},
    **{"rationality": 1.0, "turns_of": "chain", "coupling": 0.5, "detuning": 2.0, "phase_lag": 0.0},
    **{"giving": "blind", "gives_below": 2, "gives_share": 0.25, "knows": "told", "partner_member": PUBLISHED},
}


class TestIdentity:
    def test_of_the_published_member(self):
        """Frozen: results are found and continued by it, so it must not change unnoticed."""
        assert identity(Member(), HASH) == PUBLISHED

    @pytest.mark.parametrize(("given", "member_id", "init", "order"), GOLDEN)
    def test_of_members_of_earlier_releases(self, given, member_id, init, order):
        """Frozen as well, over widths, depths, knobs and encodings: their results are found, continued and resumed."""
        member = Member(**given)
        assert identity(member, HASH) == member_id
        assert stream_words(member, HASH, "init")[0] == init and stream_words(member, HASH, "order")[1] == order

    @pytest.mark.parametrize("name", [field.name for field in fields(Member)])
    def test_depends_on_every_setting(self, name):
        assert identity(replace(Member(), **{name: (OTHERS | LATER)[name]}), HASH) != PUBLISHED

    def test_no_two_of_the_changed_members_are_alike(self):
        # `seed` acts through the other three, and none of these is equal to changing just one.
        others = OTHERS | LATER
        ids = {identity(replace(Member(), **{name: value}), HASH) for name, value in others.items()}
        assert len(ids) == len(others)

    def test_depends_on_the_dataset(self):
        assert identity(Member(), "0123456789abcdee") != PUBLISHED

    def test_is_sixteen_hex_digits(self):
        assert len(PUBLISHED) == 16 and int(PUBLISHED, 16) >= 0

    @pytest.mark.parametrize("order", ["own", "shared"])
    def test_seeds_written_out_or_not(self, order):
        short = Member(seed=7, data_order=order)
        long = short.resolved()
        assert (long.init_seed, long.order_seed, long.dropout_seed) == (7, 0 if order == "shared" else 7, 7)
        assert identity(short, HASH) == identity(long, HASH)
        assert long.resolved() == long

    def test_the_seed_acts_through_the_three_seeds_only(self):
        given = Member(seed=8, init_seed=1, order_seed=2, dropout_seed=3)
        assert identity(given, HASH) == identity(replace(given, seed=9), HASH)

    def test_equal_members_have_equal_identities(self):
        """0 and 0.0 are the same setting, however a caller writes it."""
        whole = Member(l2=0, dropout=0, learning_rate=1, width=cast(int, np.int64(17)))
        assert whole == Member(l2=0.0, dropout=0.0, learning_rate=1.0)
        assert identity(whole, HASH) == identity(Member(l2=0.0, dropout=0.0, learning_rate=1.0), HASH)
        assert stream_words(whole, HASH, "init") == stream_words(
            Member(l2=0.0, dropout=0.0, learning_rate=1.0), HASH, "init"
        )


class TestStreams:
    @pytest.mark.parametrize("stream", ["init", "order", "dropout"])
    @pytest.mark.parametrize("changed", ["init", "order", "dropout"])
    def test_a_seed_changes_its_own_stream_only(self, stream, changed):
        before = stream_words(Member(), HASH, stream)
        after = stream_words(replace(Member(), **{f"{changed}_seed": 5}), HASH, stream)
        assert (before != after) == (stream == changed)

    @pytest.mark.parametrize("stream", ["init", "order", "dropout"])
    def test_of_different_datasets_and_settings_differ(self, stream):
        members = [Member(), *(replace(Member(), **{name: value}) for name, value in OTHERS.items())]
        words = {stream_words(member, dataset, stream) for member in members for dataset in (HASH, HASH[::-1])}
        # With another seed of one of the other two streams, a stream is the same, and `seed` gives it the seed 1 too.
        assert len(words) == 2 * (len(members) - 3)

    def test_a_members_streams_differ(self):
        assert len({stream_words(Member(), HASH, stream) for stream in ("init", "order", "dropout")}) == 3

    def test_shared_order_is_of_the_dataset_and_the_order_seed_alone(self):
        kinds = [replace(Member(data_order="shared"), **{k: v}) for k, v in OTHERS.items() if k != "order_seed"]
        assert len({stream_words(member, HASH, "order") for member in kinds}) == 1
        given = stream_words(Member(data_order="shared", order_seed=1), HASH, "order")
        assert given != stream_words(kinds[0], HASH, "order") != stream_words(kinds[0], HASH[::-1], "order")

    @pytest.mark.statistical
    def test_no_two_of_many_members_share_order_or_dropout(self):
        """A hundred thousand seeds, and some settings; 64 random bits would collide once in 3·10^9 such tests."""
        members = [Member(seed=seed) for seed in range(100_000)]
        members += [Member(seed=seed, width=width) for seed in range(100) for width in range(5, 51) if width != 17]
        for stream in ("order", "dropout"):
            words = [stream_words(member, HASH, stream) for member in members]
            assert len(set(words)) == len(members)
            assert all(0 <= word < 2**32 for pair in words[:100] for word in pair)

    def test_initial_weights_do_not_depend_on_the_order_seed(self):
        values = stack_values([Member(), Member(order_seed=3, dropout_seed=4), Member(init_seed=3)], HASH)
        keys = np.asarray(jax.vmap(lambda v: jax.random.key_data(init_key(v)))(values))
        assert keys[0].tolist() == keys[1].tolist() != keys[2].tolist()


def test_stacked_values_are_the_members():
    members = [Member(width=9, learning_rate=1e-4, dropout=0.3, l2=0.2, batch_size=20), Member(seed=2)]
    values = stack_values(members, HASH)
    assert values.width.tolist() == [9, 17] and values.batch_size.tolist() == [20, 25]
    assert values.learning_rate.tolist() == np.array([1e-4, 4e-6], np.float32).tolist()
    assert values.dropout.tolist() == np.array([0.3, 0.12], np.float32).tolist()
    assert values.l2.tolist() == np.array([0.2, 0.01], np.float32).tolist()
    for i, member in enumerate(members):
        assert tuple(values.init[i].tolist()) == stream_words(member, HASH, "init")
        assert tuple(values.order[i].tolist()) == stream_words(member, HASH, "order")
        assert tuple(values.dropout_stream[i].tolist()) == stream_words(member, HASH, "dropout")


@pytest.mark.parametrize(
    ("rate", "steps"), [(4e-6, 153_600), (2e-5, 30_720), (4e-5, 15_360), (5e-5, 12_288), (1e-4, 6_144)]
)
def test_steps_of_a_paper_epoch(rate, steps):
    member = Member(learning_rate=rate)
    assert member.step_at(1) == steps
    assert member.epoch(steps) == pytest.approx(1.0, rel=1e-12)
    assert member.step_at(50) == 50 * steps and member.step_at(0) == 0
    assert member.epoch(0) == 0


# (layers, neurons a layer): N of Tables 1 and 2 of the paper.
TABLES = {(2, 11): 26, (1, 15): 19, (2, 9): 22, (1, 11): 15, (1, 10): 14, (2, 10): 24, (3, 11): 37, (3, 10): 34}


@pytest.mark.parametrize(("shape", "number"), TABLES.items())
def test_published_numbers_of_units(shape, number):
    depth, width = shape
    assert Member(depth=depth, width=width).units == number


def test_units_of_the_published_run():
    assert Member().units == 38  # its total_neurons


@pytest.mark.parametrize(
    ("depth", "width", "number"),
    [(2, 17, 2095), (1, 15, 101 * 15 + 16 * 4), (3, 10, 101 * 10 + 2 * 110 + 44), (1, 1, 101 + 8)],
)
def test_parameter_count(depth, width, number):
    assert own_size(program_of(Member(depth=depth, width=width)), width)[1] == number
