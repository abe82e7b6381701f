"""Each measure finds exactly what was planted, and nothing else."""

from collections.abc import Callable
from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mirrorjax.measurement.battery import classes as kinds
from mirrorjax.measurement.battery import discriminability as told_apart
from mirrorjax.measurement.battery.counterfactual import counterfactual
from mirrorjax.measurement.battery.decoding import decoding
from mirrorjax.measurement.battery.decomposition import decomposition
from mirrorjax.measurement.battery.geometry import geometry
from mirrorjax.measurement.battery.overlap import overlap
from mirrorjax.measurement.battery.responses import Responses
from tests.measurement.battery.cases import (
    ANY_NINE,
    FROG_ONLY,
    MIRROR,
    NOTHING,
    OPPOSED,
    SUPPRESSED,
    TOAD_ONLY,
    planted,
)

ONE_OF_EACH = [NOTHING, MIRROR, SUPPRESSED, FROG_ONLY, TOAD_ONLY, OPPOSED]
CLASSES = kinds.CLASSES

# compiled whole: operation by operation a test waits ten times as long, most of it for the compiler
classes, discovered, sign_flip_p = map(jax.jit, (kinds.classes, kinds.discovered, kinds.sign_flip_p))
auc, d_prime = (jax.jit(measure, static_argnums=1) for measure in (told_apart.auc, told_apart.d_prime))


def numbers(measure: Callable[..., dict], *arguments: object) -> dict[str, float]:
    return {name: float(value) for name, value in jax.jit(measure)(*arguments).items()}


def test_classes_are_those_that_were_planted():
    found = classes(planted(ONE_OF_EACH))
    assert [CLASSES[kind] for kind in np.asarray(found.kind)] == [
        "none", "mirror", "suppressed", "frog only", "toad only", "opposed",
    ]  # fmt: skip


def test_a_small_effect_is_no_class_however_significant():
    found = classes(planted([{"xF": 0.2, "xT": 0.2}]))
    assert float(found.p_frog[0]) < 1e-6 and CLASSES[int(found.kind[0])] == "none"


def test_noise_is_called_a_class_as_seldom_as_said():
    """Sign flips under the null: p is uniform."""
    random = np.random.default_rng(0)
    p = np.asarray(sign_flip_p(jnp.asarray(random.normal(size=(4000, 200)), jnp.float32)))
    assert abs((p < 0.05).mean() - 0.05) < 0.015 and abs(p.mean() - 0.5) < 0.03


def test_discoveries_are_those_of_benjamini_and_hochberg():
    p = jnp.asarray([0.001, 0.008, 0.039, 0.041, 0.042, 0.06, 0.074, 0.205, 0.9, 0.0001], jnp.float32)
    tested = np.asarray([True] * 9 + [False])
    assert np.asarray(discovered(p, tested)).tolist() == [True, True] + [False] * 8
    assert np.asarray(discovered(p, np.ones(10, bool))).tolist() == [True, True] + [False] * 7 + [True]


def test_d_prime_and_auc_of_a_known_effect():
    """Two normal distributions two deviations apart: d′ 2, AUC Φ(2/√2) = .921."""
    found = planted([MIRROR, TOAD_ONLY, NOTHING])
    assert np.allclose(d_prime(found, "xF"), [2, 0, 0], atol=0.1)
    assert np.allclose(d_prime(found, "xT"), [2, 2, 0], atol=0.1)
    # the same boards on both sides: their ties do not count for more than they should
    assert np.allclose(auc(found, "xT"), [0.921, 0.921, 0.5], atol=0.02)
    columns = numbers(told_apart.discriminability, found)
    assert columns["d_prime_mni"] == pytest.approx(2 / 3, abs=0.05)
    assert columns["auc_mni"] == pytest.approx(2 * 0.421 / 3, abs=0.02)


def test_a_mirror_unit_counts_and_a_response_to_any_nine_does_not():
    mirror, any_nine = numbers(counterfactual, planted([MIRROR])), numbers(counterfactual, planted([ANY_NINE]))
    assert mirror["cf_mni"] == pytest.approx(any_nine["cf_mni"], rel=1e-5) and mirror["cf_mni"] > 0.4
    assert mirror["mni_star"] == pytest.approx(mirror["cf_mni"]) and any_nine["mni_star"] == pytest.approx(0, abs=1e-6)


def test_who_answers_to_both_is_seen_against_chance():
    """Of four units two answer to both: chance has every pair of a δ^F and a δ^T, a quarter of the sixteen."""
    both = numbers(counterfactual, planted([MIRROR, MIRROR, NOTHING, NOTHING]))
    assert both["mni_star_permuted"] == pytest.approx(both["mni_star"] / 2, rel=0.05)
    separate = planted([FROG_ONLY, FROG_ONLY, TOAD_ONLY, TOAD_ONLY])
    apart = numbers(counterfactual, separate)
    assert apart["mni_star"] == pytest.approx(0, abs=1e-6)
    change = np.asarray(jax.jit(Responses.change, static_argnums=1)(separate, "xF"))
    assert apart["mni_star_permuted"] == pytest.approx(change[0] / 4, rel=0.05)


def test_raw_responses_are_taken_apart_by_what_they_answer_to():
    """Two deviations each, of three units and a padded one: mirror, any nine, and half of it the token's."""
    half = {"xF": 2.0, "xT": 2.0, "xO": 1.0}
    found = planted([MIRROR, ANY_NINE, half, MIRROR])
    columns = numbers(decomposition, found, jnp.asarray([True, True, True, False]))
    assert columns["cmni_matched"] == pytest.approx(2, abs=1e-5)
    assert columns["cmni_social"] == pytest.approx((2 + 0 + 1) / 3, abs=1e-5)
    apart = numbers(decomposition, planted([FROG_ONLY, TOAD_ONLY, SUPPRESSED]), jnp.ones(3, bool))
    assert apart == pytest.approx({"cmni_matched": 0, "cmni_social": 0}, abs=1e-6)


def test_the_pattern_over_units_is_social_or_not():
    social = numbers(counterfactual, planted([MIRROR, NOTHING, {"xO": 2.0}]))
    assert social["ssi"] == pytest.approx(1, abs=1e-5)
    nines = numbers(counterfactual, planted([ANY_NINE, NOTHING, NOTHING]))
    assert nines["ssi"] == pytest.approx(0, abs=1e-5)
    layers = replace(planted([ANY_NINE, NOTHING, MIRROR, {"xO": 2.0}]), layer=jnp.asarray([1, 1, 2, 2], jnp.int32))
    by_layer = numbers(counterfactual, layers)
    assert by_layer["ssi_last"] == pytest.approx(1, abs=1e-5) and 0.2 < by_layer["ssi"] < 0.8
    apart = numbers(counterfactual, planted([FROG_ONLY, TOAD_ONLY, NOTHING]))
    assert apart["ssi"] == pytest.approx(0, abs=1e-5) and apart["cf_mni"] == pytest.approx(0, abs=1e-6)


def test_cross_decoding_finds_the_shared_code_and_its_control_nothing():
    shared = numbers(decoding, planted([MIRROR, NOTHING, {"xO": 2.0}], jitter=0.5))
    assert shared["cross_decoding"] > 0.25 and shared["cross_decoding_social"] > 0.25
    assert abs(shared["cross_decoding_object"]) < 0.1
    nines = numbers(decoding, planted([ANY_NINE, NOTHING], jitter=0.5))
    assert nines["cross_decoding"] > 0.25 and abs(nines["cross_decoding_social"]) < 0.02
    apart = numbers(decoding, planted([FROG_ONLY, TOAD_ONLY], jitter=0.5))
    assert abs(apart["cross_decoding"]) < 0.1


def test_overlap_is_whole_where_own_and_others_distress_look_alike():
    alike, apart = numbers(overlap, planted([MIRROR, NOTHING])), numbers(overlap, planted([FROG_ONLY, TOAD_ONLY]))
    assert alike["soo_mse"] == pytest.approx(0, abs=1e-10) and alike["soo_cos"] == pytest.approx(1, abs=1e-5)
    assert apart["soo_mse"] > 0.1 and apart["soo_nmse"] > 0.5 and apart["soo_cos"] < 0.99


def test_geometry_knows_alike_patterns_and_different_ones():
    random = np.random.default_rng(1)
    units = 12
    strength = random.normal(size=(3, units))

    def with_boards(frog: np.ndarray, toad: np.ndarray) -> Responses:
        found = planted([NOTHING] * units)
        scores = random.normal(size=(3, found.hidden["x0"].shape[1])) * np.array([[3.0], [2.0], [1.0]])
        change = {"xF": frog.T @ scores, "xT": toad.T @ scores}
        hidden = {name: np.float32(value + change.get(name, 0.0)) for name, value in found.hidden.items()}
        return replace(found, hidden=hidden)

    alike = numbers(geometry, with_boards(strength, strength))
    assert alike["cka"] == pytest.approx(1, abs=0.01) and alike["rsa"] == pytest.approx(1, abs=0.01)
    assert alike["alignment_z"] > 3
    shuffled = numbers(geometry, with_boards(strength, strength[:, random.permutation(units)]))
    assert shuffled["cka"] > 0.8, "blind to which unit does it"
    assert shuffled["alignment_z"] < 2.5, "not blind to it"


def test_a_duplicate_does_not_count_twice():
    random = planted([MIRROR, NOTHING], jitter=0.5)
    alone = numbers(counterfactual, random)
    hidden = {name: np.asarray(value) for name, value in random.hidden.items()}
    rms = np.asarray(random.rms)
    doubled = Responses(
        hidden={name: jnp.asarray(np.concatenate([value, 0.5 * value[:1]])) for name, value in hidden.items()},
        outputs={},
        rms=jnp.asarray(np.concatenate([rms, 0.5 * rms[:1]])),
        alive=jnp.asarray([True] * 3),
        weight=jnp.asarray([0.5, 1.0, 0.5], jnp.float32),
        layer=jnp.asarray([1, 1, 1], jnp.int32),
    )
    assert numbers(counterfactual, doubled) == pytest.approx(alone, abs=1e-5)
    assert numbers(decoding, doubled) == pytest.approx(numbers(decoding, random), abs=1e-3)
