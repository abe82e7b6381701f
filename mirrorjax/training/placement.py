"""The parts of a population take turns on the devices: all stay there while they fit, else one at a time."""

import logging
from collections.abc import Callable
from typing import TypeVar

import jax

from mirrorjax.errors import InputError
from mirrorjax.machine.hosts import several
from mirrorjax.machine.log import event
from mirrorjax.training.memory import Room
from mirrorjax.training.part import OverBudget, PartRunner

Result = TypeVar("Result")


def out_of_memory(error: Exception) -> bool:
    """Whether something can be done about an error: a device has no memory left, or a program is more than it may take.

    Among several processes only the latter is seen by all of them.
    """
    exhausted = isinstance(error, jax.errors.JaxRuntimeError) and "RESOURCE_EXHAUSTED" in str(error)
    return isinstance(error, OverBudget) or (exhausted and not several())


class Placement:
    """Parts that are worked on one after the other; `undone` is told how many model-steps have to be done again."""

    def __init__(self, runners: list[PartRunner], room: Room, undone: Callable[[int], None]):
        self.runners, self._undone = runners, undone
        self._stay, self._budget = room.stay, room.budget

    def each(self, work: Callable[[PartRunner], Result]) -> list[Result]:
        """What `work` gives for every part, in order.

        A part that finds no memory makes the others leave; if there are none it is cut in two, and the work is done
        anew with each half. So `work` has to leave its part as it was, or be free to start again from there. No bit of
        a member depends on it: blocks stay as they are.

        Raises:
            InputError: a part of one block on each device is too large.
        """
        results: list[Result] = []
        while len(results) < len(self.runners):
            runner = self.runners[len(results)]
            others = [each for each in self.runners if each is not runner and each.loaded]
            while others and not self._stay:
                others.pop().unload()
            runner.room = float("inf") if self._budget is None else self._budget - sum(each.bytes for each in others)
            try:
                runner.load()
                results.append(work(runner))
            except Exception as error:
                if not out_of_memory(error):
                    raise
                if lost := runner.recover():
                    self._undone(lost)
                for other in others:
                    other.unload()
                place = len(results)
                self.runners[place : place + 1] = self._smaller(runner, bool(others), error)
        return results

    def _smaller(self, runner: PartRunner, had_company: bool, error: Exception) -> list[PartRunner]:
        members = f"{len(runner.part.members):,} members"
        why = str(error).strip().split("\n")[0]
        if had_company:
            self._stay = False
            _say(f"no room for {members} beside the others ({why}); from here on parts take turns")
            return [runner]
        if halves := runner.halves():
            sizes = " and ".join(f"{len(half.part.members):,}" for half in halves)
            _say(f"no room for {members} at once ({why}); trained as {sizes}")
            return halves
        if isinstance(error, OverBudget):  # it may be tried: a budget is a plan
            _say(f"a block of {members} is more than the budget ({why}); tried all the same")
            self._budget = None
            return [runner]
        block = runner.part.slots.shape[1]
        raise InputError(
            f"runtime.block: no memory for one block of {block} members on each device ({why}); allowed: fewer, for "
            f"instance runtime.block={max(1, block // 2)}"
        ) from error


def _say(text: str) -> None:
    event("memory", f"memory: {text}", level=logging.WARNING)
