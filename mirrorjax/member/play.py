"""Watching one game in the terminal, of scripted players or with a trained network as Frog."""

import math
import os
import re
import select
import sys
import termios
import time
import tty
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import jax
import jax.numpy as jnp
import numpy as np
from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from mirrorjax.errors import InputError
from mirrorjax.game.observation import view
from mirrorjax.game.render import LEGEND, render
from mirrorjax.game.rollout import PLAYERS, new_game, play_action, scripted_action
from mirrorjax.game.state import Action, Actor, GameParams, GameState
from mirrorjax.randomness import stream_from_key, substream

TURNS_WITHOUT_TERMINAL = 20
MOST_ACTIVE = 5  # hidden units that are shown
DELAYS = (0.02, 4.0)  # seconds a turn: fastest and slowest when running
_KEYS = {
    **dict.fromkeys((b" ", b"\r", b"\n", b"\x1b[C", b"\x1bOC"), "step"),
    **dict.fromkeys((b"q", b"Q", b"\x1b", b"\x03", b"\x04"), "quit"),
    **dict.fromkeys((b"+", b"="), "faster"),
    **{b"r": "run", b"-": "slower", b"n": "new"},
}
_KEY_PATTERN = re.compile(rb"\x1b[\[O][0-9;]*[A-Za-z~]|.", re.DOTALL)  # an arrow or function key, or one byte
POLICY_LEGEND = (
    "outputs: what the network answered at Frog's last turn; the largest is done (->)",
    f"layer, unit: its {MOST_ACTIVE} hidden units whose activations were farthest from 0 then",
)
_HELP = "space, enter or right: next turn   r: run or pause   + -: speed   n: new game   q: quit"


class Policy(Protocol):
    """A trained network that can play Frog."""

    def describe(self) -> str:
        """One line that names the member."""
        ...

    def run(self, observation: np.ndarray) -> tuple[np.ndarray, Sequence[np.ndarray]]:
        """The four outputs and every hidden layer's activations for float32 [100] (see `member_view`)."""
        ...


@dataclass(frozen=True)
class Decision:
    """What a policy made of a situation."""

    outputs: np.ndarray  # [4], in the order of Action
    most_active: list[tuple[int, int, float]]  # layer and unit, both from 1, and activation

    @property
    def action(self) -> Action:
        return Action(int(np.argmax(self.outputs)))


_view = jax.jit(view, static_argnums=1)


def member_view(state: GameState) -> np.ndarray:
    """What a network is given at Frog's turn, float32 [100] (see `observation.view`)."""
    return np.asarray(_view(state, Actor.FROG), np.float32)


def decide(policy: Policy, state: GameState) -> Decision:
    """The policy's outputs, and the hidden units that are farthest from zero."""
    outputs, hidden = policy.run(member_view(state))
    units = [
        (layer, unit, float(activation))
        for layer, activations in enumerate(hidden, start=1)
        for unit, activation in enumerate(np.asarray(activations), start=1)
    ]
    units.sort(key=lambda found: -abs(found[2]))
    return Decision(outputs=np.asarray(outputs, np.float64), most_active=units[:MOST_ACTIVE])


_new_game = jax.jit(partial(new_game, params=GameParams()))
_scripted = jax.jit(scripted_action, static_argnames=("who", "players"))
_advance = jax.jit(partial(play_action, params=GameParams()))


class Game:
    """One game that is being watched: game `number` of a seed, the same as in a dataset of that seed."""

    def __init__(self, players: str, seed: int, policy: Policy | None, number: int = 0):
        self.players, self.seed, self.policy, self.number = players, seed, policy, number
        self.stream = substream(stream_from_key(jax.random.key(seed)), jnp.uint32(number))
        self.state = _new_game(self.stream)
        self.turn = 0
        self.acts: tuple[Action | None, Action | None] = (None, None)
        self.decision: Decision | None = None

    def next_game(self) -> "Game":
        """A new game of the same kind."""
        return Game(self.players, self.seed, self.policy, self.number + 1)

    def step(self) -> None:
        """Plays one turn."""
        self.turn += 1
        actor, number = self.state.actor, jnp.uint32(self.turn)
        if self.policy is not None and actor == Actor.FROG:
            self.decision = decide(self.policy, self.state)
            action = self.decision.action
        else:
            action = Action(int(_scripted(actor, self.stream, number, players=PLAYERS[self.players])))
        self.state = _advance(self.state, jnp.int32(action), self.stream, number)
        self.acts = (action, self.acts[1]) if actor == Actor.FROG else (self.acts[0], action)

    @property
    def legend(self) -> str:
        """What the signs of `text` mean, in lines that stay the same."""
        return "\n".join((*LEGEND, *(POLICY_LEGEND if self.policy is not None else ())))

    def text(self) -> str:
        """The game as it stands: a headline, a frame, and what a policy made of it; always as many lines."""
        head = f"{self.players}, seed {self.seed}, game {self.number}, turn {self.turn}"
        lines = [f"{head}: {self.state.actor.name.capitalize()} is next", render(self.state, self.acts)]
        if self.policy is not None:
            lines += ["", f"Frog is {self.policy.describe()}", *_decision_lines(self.decision)]
        return "\n".join(lines)


def _decision_lines(decision: Decision | None) -> list[str]:
    """The four outputs, the choice, and the most active hidden units, a line each."""
    if decision is None:
        return ["outputs -", *["unit -"] * MOST_ACTIVE]
    outputs = "  ".join(f"{a.name.lower()} {v:+.3f}" for a, v in zip(Action, decision.outputs, strict=True))
    units = [f"layer {layer} unit {unit:<4} {value:+.3f}" for layer, unit, value in decision.most_active]
    units += ["unit -"] * (MOST_ACTIVE - len(units))
    return [f"outputs {outputs}  -> {decision.action.name.lower()}", *units]


class Keyboard:
    """Keys as they are pressed, not echoed; the terminal's settings are put back on exit."""

    def __init__(self, descriptor: int):
        self._descriptor = descriptor
        self._waiting: deque[str] = deque()

    def __enter__(self) -> "Keyboard":
        self._saved = termios.tcgetattr(self._descriptor)
        tty.setcbreak(self._descriptor)
        mode = termios.tcgetattr(self._descriptor)
        # Ctrl-C is a key: an interrupt gets lost where it comes while Python runs a callback
        mode[tty.CC][termios.VINTR] = bytes([os.fpathconf(self._descriptor, "PC_VDISABLE")])
        termios.tcsetattr(self._descriptor, termios.TCSADRAIN, mode)
        return self

    def __exit__(self, *exception) -> None:
        termios.tcsetattr(self._descriptor, termios.TCSADRAIN, self._saved)

    def read(self, timeout: float) -> str | None:
        """What the next key asks for, or None if none that means something comes in `timeout` seconds."""
        if not self._waiting and self._ready(timeout):
            pressed = os.read(self._descriptor, 1024)
            if pressed.endswith(b"\x1b") and self._ready(0.05):  # the rest of an arrow key may come late
                pressed += os.read(self._descriptor, 1024)
            self._waiting.extend(keys_of(pressed) if pressed else ["quit"])  # nothing: the terminal is gone
        return self._waiting.popleft() if self._waiting else None

    def _ready(self, timeout: float) -> bool:
        return bool(select.select([self._descriptor], [], [], timeout)[0])


def keys_of(pressed: bytes) -> list[str]:
    """What the keys in a terminal's bytes ask for; those that mean nothing are left out."""
    return [_KEYS[key] for key in _KEY_PATTERN.findall(pressed) if key in _KEYS]


def _screen(game: Game, status: str) -> Group:
    text = Text(game.text(), no_wrap=True, overflow="crop")
    text.highlight_regex(r"\bF\b|Frog", "green")
    text.highlight_regex(r"\bT\b|Toad", "yellow")
    text.highlight_regex(r"(/\\)+|distress", "red")
    text.highlight_regex(r"\*", "cyan")
    below = (Text(line, style="dim", no_wrap=True, overflow="crop") for line in (game.legend, _HELP))
    return Group(text, Text(), Text(status, no_wrap=True, overflow="crop"), *below)


def _watch(game: Game, console: Console, turns: int | None, delay: float) -> None:
    running, next_turn = False, 0.0
    with (
        Keyboard(sys.stdin.fileno()) as keyboard,
        Live(console=console, screen=True, auto_refresh=False, redirect_stdout=False, redirect_stderr=False) as live,
    ):
        while True:
            over = turns is not None and game.turn >= turns
            pace = f"running, {delay:.2f} s a turn" if running else "paused"
            live.update(_screen(game, f"stopped after {turns} turns" if over else pace), refresh=True)
            # Paused, the screen is drawn now and then all the same: the window may have changed its size.
            key = keyboard.read(max(0.0, next_turn - time.monotonic()) if running and not over else 1.0)
            if key == "quit":
                return
            if key == "new":
                game = game.next_game()
            elif key == "run":
                running, next_turn = not running, time.monotonic()
            elif key in ("faster", "slower"):
                delay = min(max(delay * (2 / 3 if key == "faster" else 1.5), DELAYS[0]), DELAYS[1])
            elif not over and (key == "step" or (running and time.monotonic() >= next_turn)):
                game.step()
                next_turn = time.monotonic() + delay


def play(
    players: str = "frog_hops",
    seed: int = 0,
    turns: int | None = None,
    delay: float = 0.25,
    policy: Policy | None = None,
    console: Console | None = None,
) -> None:
    """Shows a game until the user quits; without a terminal, prints a frame a turn as plain text.

    Args:
        players: a preset of `PLAYERS`.
        seed: of the games; they are those of a dataset with this seed.
        turns: the game stops after so many; None never stops, or without a terminal after 20.
        delay: seconds a turn when the game runs by itself.
        policy: plays Frog instead of the preset's Frog.
        console: where to show it.

    Raises:
        InputError: an argument is not allowed.
    """
    if players not in PLAYERS:
        raise InputError(f"players: '{players}' is none of {', '.join(PLAYERS)}")
    if not 0 <= seed < 2**32:
        raise InputError(f"seed: {seed} is not in 0..{2**32 - 1}")
    if turns is not None and turns < 1:
        raise InputError(f"turns: {turns} is less than 1")
    if not (math.isfinite(delay) and delay >= 0):
        raise InputError(f"delay: {delay} is no number of seconds, 0 or more")
    console = console or Console()
    game = Game(players, seed, policy)
    watched = console.is_terminal and not console.is_dumb_terminal and sys.stdin is not None and sys.stdin.isatty()
    if watched:
        try:
            _watch(game, console, turns, delay)
        except KeyboardInterrupt:
            return  # an interrupt from elsewhere; the terminal is already as it was
    else:
        console.print(game.legend + "\n", markup=False, highlight=False, soft_wrap=True)
        for _ in range(turns or TURNS_WITHOUT_TERMINAL):
            game.step()
            console.print(game.text() + "\n", markup=False, highlight=False, soft_wrap=True)
