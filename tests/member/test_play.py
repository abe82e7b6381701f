"""Watching a game: frames without a terminal, a network as Frog, and keys on a terminal that is left as it was."""

import io
import os
import pty
import re
import select
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from rich.console import Console

import mirrorjax
from mirrorjax.dataset.build import board_of
from mirrorjax.dataset.row import ENERGIES, SKIES, add_energy_and_sky, features
from mirrorjax.errors import InputError
from mirrorjax.game.render import FLAT, FLY, LEGEND, LETTERS, ROUGH
from mirrorjax.game.rollout import PLAYERS, game_streams, new_game, rollout
from mirrorjax.game.state import Action, GameParams
from mirrorjax.member.play import POLICY_LEGEND, Game, Keyboard, decide, keys_of, member_view, play
from tests.game.cases import states_of
from tests.game.reference import Board


class Leaper:
    """A policy that always leaps, and shows what it was given in its hidden units."""

    def __init__(self):
        self.seen: list[np.ndarray] = []

    def describe(self) -> str:
        return "a [bold]stub[/bold]"

    def run(self, observation):
        self.seen.append(observation)
        return np.array([0.1, -2.0, 0.9, 0.5], np.float32), [np.array([0.0, -3.0, 1.0]), np.array([2.0, 0.5, 0.25])]


def printed(**options) -> str:
    file = io.StringIO()
    play(console=Console(file=file, width=40), **options)
    return file.getvalue()


def test_frames_without_a_terminal():
    text = printed(turns=3)
    legend, *frames = text.rstrip("\n").split("\n\n")
    assert legend.splitlines() == list(LEGEND)
    assert [frame.splitlines()[0] for frame in frames] == [
        "frog_hops, seed 0, game 0, turn 1: Toad is next",
        "frog_hops, seed 0, game 0, turn 2: Frog is next",
        "frog_hops, seed 0, game 0, turn 3: Toad is next",
    ]
    assert {len(frame.splitlines()) for frame in frames} == {8}
    assert {len(line) for frame in frames for line in frame.splitlines()[1:]} == {66}  # wider than the console
    assert "\x1b" not in text
    assert "score 2      hop" in frames[2]  # Frog has hopped twice


def test_the_legend_explains_every_sign_that_is_drawn():
    assert all(len(line) <= 120 for line in (*LEGEND, *POLICY_LEGEND))
    words = " ".join(LEGEND)
    signs = (FLY.strip(), FLAT, ROUGH, *(letter.strip() for letter in LETTERS.values()))
    assert all(f"{sign} " in words for sign in signs)
    assert all(f"{action.name.lower()}:" in words for action in Action)
    assert {"energy,", "distress", "point"} <= set(words.split())


def test_the_number_of_frames_without_a_terminal_or_turns():
    assert printed().count("is next") == 20


@pytest.mark.parametrize("players", list(PLAYERS))
def test_a_watched_game_is_the_datasets_game(players):
    game = Game(players, seed=5, policy=None, number=2)
    first, second = game_streams(jax.random.key(5), 3)
    stream = first[2], second[2]
    params = GameParams()
    state = new_game(stream, params)
    assert np.array_equal(game.state.flies, state.flies)
    for _ in range(60):
        game.step()
    after, _ = jax.jit(lambda s: rollout(s, stream, jnp.uint32(0), 30, PLAYERS[players], params))(state)
    assert all(jax.tree.leaves(jax.tree.map(lambda a, b: bool(a == b), game.state, after)))
    assert game.turn == 60 and game.next_game().number == 3


def test_a_policy_plays_frog():
    policy = Leaper()
    legend, *frames = printed(turns=4, policy=policy).rstrip("\n").split("\n\nfrog_hops")
    assert legend.splitlines() == [*LEGEND, *POLICY_LEGEND]
    assert len(policy.seen) == 2  # Frog's turns
    first = frames[0].splitlines()
    assert "score 0      leap" in first[6]
    assert first[9:] == [
        "Frog is a [bold]stub[/bold]",
        "outputs hop +0.100  jump -2.000  leap +0.900  help +0.500  -> leap",
        "layer 1 unit 2    -3.000",
        "layer 2 unit 1    +2.000",
        "layer 1 unit 3    +1.000",
        "layer 2 unit 2    +0.500",
        "layer 2 unit 3    +0.250",
    ]
    assert len({frame.count("\n") for frame in frames}) == 1


def test_few_hidden_units_fill_as_many_lines():
    class Tiny(Leaper):
        def run(self, observation):
            return np.zeros(4), [np.ones(1)]

    game = Game("frog_hops", 0, Tiny())
    before = game.text().count("\n")
    game.step()
    assert game.text().count("\n") == before
    assert decide(Tiny(), game.state).action == Action.HOP


def test_a_member_sees_what_it_was_trained_on():
    """Where flies and energy are those of a training row, the view is that row's features; else they are the real."""
    ground = [column in (7, 20) for column in range(32)]
    flies = [column in SKIES[3] for column in range(32)]
    board = Board(ground, flies, [], 5, [7, 20], [ENERGIES[4], 3], [9, 8], [4, 7], 0)
    state = jax.tree.map(lambda a: a[0], states_of([board]))
    row = add_energy_and_sky(board_of(state), jnp.int32(4), jnp.int32(3))
    view = member_view(state)
    assert view.dtype == np.float32 and view.tolist() == features(row).tolist()
    assert view[32 + 7] == view[32 + 20] == 9  # distress, whatever they did
    board.flies, board.energy = [True] * 32, [-1, 3]
    view = member_view(jax.tree.map(lambda a: a[0], states_of([board])))
    assert (view[64:96] == 3).all() and view[97] == -1 and not view[[96, 98, 99]].any()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"players": "nobody"}, "players: 'nobody' is none of frog_hops, both_random"),
        ({"seed": -1}, "seed: -1"),
        ({"seed": 2**32}, "seed: 4294967296"),
        ({"turns": 0}, "turns: 0"),
        ({"delay": -0.1}, "delay: -0.1"),
        ({"delay": float("nan")}, "delay: nan"),
    ],
)
def test_what_is_not_allowed_is_named(options, message):
    with pytest.raises(InputError, match=message):
        printed(**options)


@pytest.mark.parametrize(
    ("pressed", "keys"),
    [
        (b" \r\n\x1b[C\x1bOC", ["step"] * 5),
        (b"q\x1b\x03", ["quit"] * 3),
        (b"r+=-n", ["run", "faster", "faster", "slower", "new"]),
        (b"x\x1b[A\x1b[3~\xc3\xa9", []),  # a letter, arrow up, delete, é
        (b"", []),
    ],
)
def test_keys(pressed, keys):
    assert keys_of(pressed) == keys


def test_the_keyboard_leaves_the_terminal_as_it_was():
    master, slave = pty.openpty()
    before = termios.tcgetattr(slave)
    with pytest.raises(RuntimeError), Keyboard(slave) as keyboard:
        assert not termios.tcgetattr(slave)[3] & (termios.ECHO | termios.ICANON)
        os.write(master, b"n\x1b[C")
        assert [keyboard.read(1.0), keyboard.read(1.0), keyboard.read(0.0)] == ["new", "step", None]
        raise RuntimeError
    assert termios.tcgetattr(slave) == before
    os.close(master)
    os.close(slave)


class Terminal:
    """A program on a terminal of its own, its keyboard and what it has written."""

    def __init__(self, options: str):
        self.master, self.slave = pty.openpty()
        termios.tcsetwinsize(self.slave, (30, 100))
        self.before = termios.tcgetattr(self.slave)
        # The terminal has to be the program's controlling one, or Ctrl-C is no interrupt.
        program = f"""
import fcntl, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
from mirrorjax.member.play import play
play({options})
"""
        self.program = subprocess.Popen(
            [sys.executable, "-c", program],
            cwd=Path(mirrorjax.__file__).parent.parent,
            env={**os.environ, "TERM": "xterm-256color", "JAX_PLATFORMS": "cpu"},
            stdin=self.slave,
            stdout=self.slave,
            stderr=self.slave,
            start_new_session=True,
        )
        self.written = ""

    def wait_for(self, pattern: str, seconds: float = 60.0) -> None:
        """Reads until what was written since the last call matches."""
        deadline = time.monotonic() + seconds
        new = ""
        while not re.search(pattern, new):
            assert time.monotonic() < deadline, f"no {pattern} in {new[-2000:]!r}"
            if select.select([self.master], [], [], 0.1)[0]:
                piece = os.read(self.master, 65536).decode(errors="replace")
                self.written += piece
                new = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", new + piece)

    def press(self, keys: bytes) -> None:
        os.write(self.master, keys)

    def finish(self) -> int:
        """The exit code; asserts that the terminal is as it was."""
        code = self.program.wait(30)
        while select.select([self.master], [], [], 0.1)[0]:
            self.written += os.read(self.master, 65536).decode(errors="replace")
        assert termios.tcgetattr(self.slave) == self.before
        for switched_on, switched_off in (("\x1b[?1049h", "\x1b[?1049l"), ("\x1b[?25l", "\x1b[?25h")):
            assert self.written.rindex(switched_off) > self.written.rindex(switched_on)
        assert "Traceback" not in self.written
        return code

    def close(self) -> None:
        self.program.kill()
        self.program.wait()
        os.close(self.master)
        os.close(self.slave)


@pytest.fixture
def start() -> Iterator[Callable[[str], Terminal]]:
    """Starts `play` with the given options on a terminal of its own."""
    started: list[Terminal] = []

    def begin(options: str) -> Terminal:
        started.append(Terminal(options))
        return started[-1]

    yield begin
    for terminal in started:
        terminal.close()


def test_stepping_running_a_new_game_and_q(start):
    terminal = start("players='both_random', seed=1, delay=0.05")
    terminal.wait_for(r"turn 0: Frog is next[\s\S]*paused[\s\S]*F Frog, T Toad")
    terminal.press(b" ")
    terminal.wait_for(r"turn 1: Toad is next[\s\S]*paused")
    terminal.press(b"\x1b[C\r")
    terminal.wait_for(r"turn 3: Toad is next[\s\S]*paused")
    terminal.press(b"r")
    terminal.wait_for(r"turn 8: Frog is next[\s\S]*running, 0.05 s a turn")
    terminal.press(b"-r")
    terminal.wait_for(r"paused")
    terminal.press(b"n")
    terminal.wait_for(r"game 1, turn 0: Frog is next")
    terminal.press(b"q")
    assert terminal.finish() == 0


def test_ctrl_c_quits_cleanly(start):
    terminal = start("turns=2")
    terminal.wait_for(r"turn 0: Frog is next[\s\S]*paused")
    terminal.press(b"   ")
    terminal.wait_for(r"turn 2: Frog is next[\s\S]*stopped after 2 turns")
    terminal.press(b"\x03")
    assert terminal.finish() == 0
    assert "turn 3" not in terminal.written
