"""The `mirrorjax` command. Every subcommand imports what it needs when it is called, so that help is quick."""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

from mirrorjax.errors import InputError, NotWritten
from mirrorjax.machine.output import unbroken_output
from mirrorjax.machine.signals import stops_raise
from mirrorjax.settings.texts import checked_path, text_problem

COMPLETION = """\
_mirrorjax() {
  local choices
  if [ "$COMP_CWORD" -le 1 ]; then
    choices="sweep plan status report compare measure paper-tables inspect play verify dashboard bench completion"
  elif [ "${COMP_WORDS[1]}" = sweep ] || [ "${COMP_WORDS[1]}" = plan ]; then
    choices=$(COMP_LINE="${COMP_LINE#* }" COMP_POINT=$COMP_POINT mirrorjax sweep -sc query=bash 2>/dev/null)
  fi
  local line=${COMP_LINE:0:$COMP_POINT}
  COMPREPLY=($(compgen -o nospace -o default -W "$choices" -- "${line##* }"))
}
COMP_WORDBREAKS=${COMP_WORDBREAKS//=}
complete -o nospace -o default -F _mirrorjax mirrorjax
"""

# options of Hydra with which a sweep is not run
_PRINT = ("--help", "-h", "--hydra-help", "--cfg", "-c", "--info", "-i", "--shell-completion", "-sc")


def _sweep(arguments: list[str]) -> int:
    completing = "-sc" in arguments or "--shell-completion" in arguments
    if completing and any(argument.startswith("install=") for argument in arguments):
        print(COMPLETION, end="")
        return 0
    from mirrorjax.launch.application import run

    return run(arguments)


def _plan(arguments: list[str]) -> int:
    from mirrorjax.launch.application import plan

    return plan(arguments)


def _status(options: argparse.Namespace) -> int:
    import json

    from mirrorjax.launch.status import read_status, table

    status = read_status(options.sweep)
    print(json.dumps(status.as_json(), indent=2) if options.json else "\n".join(table(status)))
    return 0


def _report(options: argparse.Namespace) -> int:
    from mirrorjax.report.page.build import write_report

    if options.readme is not None:
        from mirrorjax.report.page.readme import write_readme

        print(f"{options.readme}: {', '.join(write_readme(options.results, options.readme))}")
        return 0
    print(write_report(options.results, member=options.member))
    return 0


def _compare(options: argparse.Namespace) -> int:
    from mirrorjax.report.compare.build import write_comparison

    print(write_comparison(options.results, out=options.out, measures=options.measure))
    return 0


def _measure(options: argparse.Namespace) -> int:
    from mirrorjax.launch.measure import measure
    from mirrorjax.machine.log import shown_to_people

    def say(line: str) -> None:
        print(line, flush=True)

    with shown_to_people(say, "normal"):
        for file in measure(options.results, options.measures, options.platform, say):
            say(str(file))
    return 0


def _paper_tables(options: argparse.Namespace) -> int:
    from mirrorjax.member.paper.page import write_paper_tables

    print(write_paper_tables(options.results, member=options.member, out=options.out))
    return 0


def _inspect(options: argparse.Namespace) -> int:
    from mirrorjax.member.inspection.page import inspect_member

    print(inspect_member(options.results, member=options.member))
    return 0


def _verify(options: argparse.Namespace) -> int:
    if options.what == "turns":
        from mirrorjax.game.replay import verify_turns

        result = verify_turns(options.file)
        print(f"{result.turns:,} turns checked")
    else:
        from mirrorjax.dataset.verify import verify_labels

        result = verify_labels(options.file)
        print(f"{result.rows:,} rows checked, {result.packed_rows:,} of them as packed rows too")
    for field, count in result.mismatches.items():
        print(f"  {field:<24} {count:>8,} mismatches")
    print("all exact" if result.exact else "NOT exact")
    return 0 if result.exact else 1


def _dashboard(options: argparse.Namespace) -> int:
    from mirrorjax.tracking.dashboard import push

    print(push(options.sweeps, options.entity, options.project, options.dry_run, options.out))
    return 0


def _bench(options: argparse.Namespace) -> int:
    from mirrorjax.bench.run import bench

    print(bench(options.out, options.platform, options.sections, options.readme))
    return 0


def _play(options: argparse.Namespace) -> int:
    from mirrorjax.member.play import play
    from mirrorjax.member.policy import member_policy

    policy = member_policy(options.results, options.member) if options.results else None
    if options.member and not options.results:
        raise InputError("--member needs --results, the folder that the member was trained in")
    play(players=options.players, seed=options.seed, turns=options.turns, delay=options.delay, policy=policy)
    return 0


class _Parser(argparse.ArgumentParser):
    """Says in one line what it does not take."""

    def error(self, message: str) -> NoReturn:
        raise InputError(f"{message} ({self.prog} --help)")


def _path(given: str) -> Path:
    try:
        return checked_path("it", given)
    except InputError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _text(given: str) -> str:
    if problem := text_problem("it", given):
        raise argparse.ArgumentTypeError(problem)
    return given


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="mirrorjax", description="Populations of networks on Frog & Toad, and measures of their mirror units."
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser("sweep", help="train populations (a Hydra application: mirrorjax sweep --help)", add_help=False)
    plan = "say what a sweep would take, and train nothing (mirrorjax plan experiment=NAME …, --measure)"
    commands.add_parser("plan", help=plan, add_help=False)

    status = commands.add_parser("status", help="what is done of a sweep, while it runs and after")
    status.add_argument("sweep", type=_path, help="a sweep's folder, or one population's")
    status.add_argument("--json", action="store_true", help="for machines")
    status.set_defaults(run=_status)

    report = commands.add_parser("report", help="write report.html and figures of a results folder")
    report.add_argument("results", type=_path, help="a sweep's folder, or one population's")
    report.add_argument(
        "--member", type=_text, help="the network whose units are shown (its id, or the beginning of it)"
    )
    report.add_argument(
        "--readme", type=_path, metavar="PAGE", help="instead: put this sweep's numbers into a page's marks"
    )
    report.set_defaults(run=_report)

    compare = commands.add_parser("compare", help="curves and end values of several sweeps in one page")
    compare.add_argument("results", type=_path, nargs="+", help="two or more: sweeps' folders, or populations'")
    compare.add_argument("--out", type=_path, default=Path("compare"), help="folder to write into; default: ./compare")
    compare.add_argument(
        "--measure",
        nargs="+",
        action="extend",
        type=_text,
        default=[],
        help="columns of the records; default: what all have",
    )
    compare.set_defaults(run=_compare)

    measure = commands.add_parser(
        "measure", help="measure networks that are trained already, and add it to their results"
    )
    measure.add_argument("results", type=_path, help="a sweep's folder, or one population's")
    measure.add_argument(
        "--measures", type=_text, nargs="+", action="extend", default=[], metavar="NAME",
        help="measures or columns (docs/measures.md; an unknown name lists them); default: all calibrated ones",
    )  # fmt: skip
    measure.add_argument("--platform", choices=("cpu", "gpu", "tpu"), help="default: what they were trained on")
    measure.set_defaults(run=_measure)

    which = "the network (its id, or the beginning of it); default: the highest CMNI at the end"
    tables = commands.add_parser("paper-tables", help="write the paper's tables and figures for a network")
    tables.add_argument("results", type=_path, help="a sweep's folder, or one population's")
    tables.add_argument("--member", type=_text, help=which)
    tables.add_argument("--out", type=_path, help="folder to write into; default: RESULTS/paper_tables")
    tables.set_defaults(run=_paper_tables)

    inspect = commands.add_parser("inspect", help="look into one network: units, circuits, ablations, boards")
    inspect.add_argument("results", type=_path, help="a sweep's folder, or one population's")
    inspect.add_argument("--member", type=_text, help=which)
    inspect.set_defaults(run=_inspect)

    verify = commands.add_parser("verify", help="replay a recording and count differences")
    verify.add_argument("what", choices=("turns", "labels"))
    verify.add_argument("file", type=_path, help="an .npz recording (docs/formats.md)")
    verify.set_defaults(run=_verify)

    play = commands.add_parser("play", help="watch a game in the terminal")
    play.add_argument("--players", default="frog_hops", help="frog_hops or both_random")
    play.add_argument("--seed", type=int, default=0)
    play.add_argument("--turns", type=int, help="stop after so many")
    play.add_argument("--delay", type=float, default=0.25, help="seconds a turn when running")
    play.add_argument("--results", type=_path, help="let a trained network of this results folder play Frog")
    play.add_argument(
        "--member", type=_text, help="which one (its id, or the beginning of it); default: the highest CMNI"
    )
    play.set_defaults(run=_play)

    dashboard = commands.add_parser("dashboard", help="compare sweeps on W&B: a workspace and a report (docs/wandb.md)")
    dashboard.add_argument("action", choices=("push",))
    dashboard.add_argument("sweeps", type=_path, nargs="+", metavar="SWEEP", help="a sweep's folder")
    dashboard.add_argument("--entity", type=_text, help="user or team; default: the sweeps' own, or W&B's default")
    dashboard.add_argument("--project", type=_text, help="of W&B; default: the sweeps' own")
    dashboard.add_argument("--dry-run", action="store_true", help="print the specification as JSON, and push nothing")
    dashboard.add_argument("--out", type=_path, metavar="FILE", help="write the specification there")
    dashboard.set_defaults(run=_dashboard)

    bench = commands.add_parser("bench", help="measure this machine (docs/runtime.md)")
    bench.add_argument("--out", type=_path, default=Path("benchmarks"), help="folder of the results")
    bench.add_argument("--platform", choices=("cpu", "gpu", "tpu"), default="cpu")
    bench.add_argument(
        "--sections", type=_text, nargs="+", metavar="SECTION", help="only these; an unknown name lists all"
    )
    bench.add_argument("--readme", type=_path, help="a page to put the table into, between its marks")
    bench.set_defaults(run=_bench)

    completion = commands.add_parser("completion", help='tab completion: eval "$(mirrorjax completion)"')
    completion.set_defaults(run=lambda options: print(COMPLETION, end="") or 0)
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
        run: Callable[[argparse.Namespace], int] = options.run
        return run(options)
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1 if isinstance(error, NotWritten) else 2
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    except OSError as error:  # a disk that is full, a file that may not be read
        from mirrorjax.launch.outcome import first_line

        print(f"error: {first_line(error)}", file=sys.stderr)
        return 1


def _only_prints(given: Sequence[str]) -> bool:
    """Whether a command leaves nothing but what it prints, and has no other answer."""
    if given[:1] not in (["sweep"], ["plan"]):
        return given[:1] in (["status"], ["completion"])
    return any(argument.partition("=")[0] in _PRINT for argument in given)
