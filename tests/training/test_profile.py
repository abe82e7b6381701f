"""One chunk under the profiler: the operations of the compiled program, by the part that they come from."""

import jax
import jax.numpy as jnp

from mirrorjax.training.loop import Nobody, Schedule
from mirrorjax.training.profile import Operation, as_lines, profile
from tests.training.cases import epochs, mixed_members, population_of, weights_of


def test_operations_are_found_and_named(tmp_path):
    @jax.jit
    def program(x):
        with jax.named_scope("wide"):
            return jnp.sin(x) @ x

    x = jnp.ones((300, 300))
    compiled = program.lower(x).compile()
    found = profile(lambda: jax.block_until_ready([compiled(x) for _ in range(3)]), str(compiled.as_text()), tmp_path)
    assert {operation.calls for operation in found} == {3}
    assert any(operation.where.startswith("wide/") for operation in found)
    assert [o.seconds for o in found] == sorted((o.seconds for o in found), reverse=True) and found[0].seconds > 0


def test_the_table_adds_up():
    operations = [Operation(f"op.{i}", "part", calls=2, seconds=s) for i, s in enumerate((6e-6, 3e-6, 1e-6))]
    lines = as_lines(operations, steps=10, most=2)
    assert lines[1].split()[:3] == ["60.0%", "600", "2"]
    assert lines[-1].split()[:2] == ["10.0%", "100"] and lines[-1].endswith("1 others")


def test_a_population_is_profiled_once_and_unchanged(tmp_path):
    tables: list[list[str]] = []

    class Listening(Nobody):
        def profiled(self, lines: list[str]) -> None:
            tables.append(lines)

    watched = population_of(mixed_members()[:8], profile_folder=tmp_path / "trace", listener=Listening())
    plain = population_of(mixed_members()[:8])
    for population in (watched, plain):
        list(population.run(Schedule((0.0, *epochs(60, 120)))))
    (table,) = tables
    assert any("hidden_1" in line for line in table) and any("update" in line for line in table)
    assert list((tmp_path / "trace").glob("**/*.xplane.pb"))
    for one, other in zip(weights_of(watched), weights_of(plain), strict=True):
        assert all((one[name] == other[name]).all() for name in one)
