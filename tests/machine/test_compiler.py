"""A program is compiled once, by whoever needs it first; others may begin before it is needed."""

import threading
from collections.abc import Callable
from typing import NamedTuple

import jax
import pytest

from mirrorjax.machine.compiler import Compiler

SHAPE = jax.ShapeDtypeStruct((2,), "float32")


class Function(NamedTuple):
    """Stands for a jitted one."""

    compiled: Callable[[], str]

    def __call__(self) -> str:
        return self.compiled()

    def lower(self, *arguments: object) -> "Function":
        return self

    def compile(self) -> str:
        return self.compiled()


def test_what_is_compiled_ahead_is_compiled_once_and_in_order():
    told, begun, go = [], [], threading.Event()

    def slow(name: str) -> Function:
        def compiled() -> str:
            begun.append(name)
            assert go.wait(10)
            return name

        return Function(compiled)

    compiler = Compiler(1, told.append)
    compiler.ahead([lambda name=name: compiler((name, 17), slow(name), SHAPE) for name in ("init", "measure", "train")])
    threading.Timer(0.05, go.set).start()
    assert compiler(("init", 17), slow("init"), SHAPE) == "init", "waits for the one that has begun"
    compiler.wait()
    assert begun == ["init", "measure", "train"]
    assert [compiler((name, 17), slow(name), SHAPE) for name in ("measure", "train")] == ["measure", "train"]
    assert compiler.count == len(begun) == 3 == len(compiler.spent)
    assert told[0] == "init: 17 (1 of 3)" and compiler.seconds > 0
    compiler.close()


def test_without_threads_nothing_is_ahead():
    compiler = Compiler()
    compiler.ahead([lambda: pytest.fail("nobody asked")])
    compiler.wait()
    assert compiler.count == 0
    assert compiler(("init",), Function(lambda: "done"), SHAPE) == "done"


def test_what_fails_ahead_is_met_by_who_asks():
    tries = []

    def failing() -> str:
        tries.append(1)
        raise MemoryError("too large")

    compiler = Compiler(1)
    compiler.ahead([lambda: compiler(("train",), Function(failing), SHAPE)])
    compiler.wait()
    with pytest.raises(MemoryError, match="too large"):
        compiler(("train",), Function(failing), SHAPE)
    assert len(tries) == 2 and compiler.count == 0
    assert compiler(("train",), Function(lambda: "smaller"), SHAPE) == "smaller"
    compiler.close()


def test_closing_leaves_out_what_has_not_begun():
    begun, go = threading.Event(), threading.Event()

    def first() -> str:
        begun.set()
        assert go.wait(10)
        return "first"

    compiler, done = Compiler(1), []
    compiler.ahead([lambda: compiler((0,), Function(first), SHAPE), lambda: done.append("second")])
    assert begun.wait(10)
    compiler.close()
    go.set()
    assert compiler((0,), Function(first), SHAPE) == "first"
    assert done == []
