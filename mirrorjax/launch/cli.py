"""The `mirrorjax` command. Every subcommand imports what it needs when it is called, so that help is quick."""

import argparse
import sys
from collections.abc import Sequence
from typing import NoReturn

from mirrorjax.errors import InputError, NotWritten, first_line
from mirrorjax.launch.commands import COMMANDS
from mirrorjax.machine.output import unbroken_output
from mirrorjax.machine.secrets import hidden
from mirrorjax.machine.signals import stops_raise

COMPLETION = """\
_mirrorjax() {
  local choices
  if [ "$COMP_CWORD" -le 1 ]; then
    choices="@COMMANDS@"
  elif [ "${COMP_WORDS[1]}" = sweep ] || [ "${COMP_WORDS[1]}" = plan ]; then
    choices=$(COMP_LINE="${COMP_LINE#* }" COMP_POINT=$COMP_POINT mirrorjax sweep -sc query=bash 2>/dev/null)
  fi
  local line=${COMP_LINE:0:$COMP_POINT}
  COMPREPLY=($(compgen -o nospace -o default -W "$choices" -- "${line##* }"))
}
COMP_WORDBREAKS=${COMP_WORDBREAKS//=}
complete -o nospace -o default -F _mirrorjax mirrorjax
""".replace("@COMMANDS@", " ".join(["sweep", "plan", *COMMANDS, "completion"]))


def _sweep(arguments: list[str]) -> int:
    if {"-sc", "--shell-completion"} & {*arguments} and any(each.startswith("install=") for each in arguments):
        print(COMPLETION, end="")
        return 0
    from mirrorjax.launch.run import run

    return run(arguments)


def _plan(arguments: list[str]) -> int:
    from mirrorjax.launch.compose import compose

    asked = compose("mirrorjax plan", [argument for argument in arguments if argument != "--measure"])
    if asked is not None:
        from rich.console import Console

        from mirrorjax.launch.plan import show_plans

        show_plans(asked.jobs, "--measure" in arguments, Console(highlight=False))
    return 0


class _Parser(argparse.ArgumentParser):
    """Says in one line what it does not take."""

    def error(self, message: str) -> NoReturn:
        raise InputError(f"{message} ({self.prog} --help)")


def _parser() -> argparse.ArgumentParser:
    about = "Populations of networks on Frog & Toad, and measures of their mirror units."
    parser = _Parser(prog="mirrorjax", description=about)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser("sweep", help="train populations (a Hydra application: mirrorjax sweep --help)", add_help=False)
    plan = "say what a sweep would take, and train nothing (mirrorjax plan experiment=NAME …, --measure)"
    commands.add_parser("plan", help=plan, add_help=False)
    for name, (help_, arguments, run) in COMMANDS.items():
        own = commands.add_parser(name, help=help_)
        arguments(own)
        own.set_defaults(run=run)
    completion = commands.add_parser("completion", help='tab completion: eval "$(mirrorjax completion)"')
    completion.set_defaults(run=lambda options: print(COMPLETION, end=""))
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command.

    What cannot be printed stops nothing but a game, and is a failure only where there is no other answer.

    Returns:
        0, or 1 for a negative answer, for a population that could not be finished and for what the system does not
        allow, or 2 for input that is not allowed, or 130 after Ctrl-C.

    Raises:
        SystemExit: after help, or a wrong option of a sweep, and with 143 after SIGTERM or 129 after SIGHUP.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    with unbroken_output(ends=given[:1] == ["play"]) as lost, stops_raise():
        code = _run(given)
        sys.stdout.flush()
        if lost.error is None or code or not _only_prints(given):
            return code
        if not isinstance(lost.error, BrokenPipeError):  # else whoever reads has seen enough
            print(f"error: standard output cannot be written: {lost.error.strerror}", file=sys.stderr)
        return 1


def _run(given: list[str]) -> int:
    try:
        if given[:1] == ["sweep"]:
            return _sweep(given[1:])
        if given[:1] == ["plan"]:
            return _plan(given[1:])
        options = _parser().parse_args(given)
        if "plugins" in options:
            from mirrorjax.launch.plugins import load

            load(options.plugins)
        return options.run(options) or 0
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1 if isinstance(error, NotWritten) else 2
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    except OSError as error:  # a disk that is full, a file that may not be read
        print(f"error: {hidden(first_line(error))}", file=sys.stderr)
        return 1


def _only_prints(given: Sequence[str]) -> bool:
    """Whether a command leaves nothing but what it prints, and has no other answer."""
    if given[:1] not in (["sweep"], ["plan"]):
        return given[:1] in (["status"], ["completion"])
    from mirrorjax.launch.command_line import Typed

    return Typed.of(given[0], given[1:]).only_prints
