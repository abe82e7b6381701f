"""The subcommands that argparse reads: what each takes, and what it calls. What one needs is imported when it runs."""

import argparse
from collections.abc import Callable
from pathlib import Path

from mirrorjax.errors import InputError, printable
from mirrorjax.settings.texts import expanded, path_problem, text_problem

_RESULTS = "a sweep's folder, or one population's"
_MEMBER = "its id, or the beginning of it"
_WHICH = f"the network ({_MEMBER}); default: the highest CMNI at the end"


def _path(given: str) -> Path:
    return expanded(_text(given, path_problem))


def _text(given: str, problem_of: Callable[[str, str], str | None] = text_problem) -> str:
    if problem := problem_of("it", given):
        raise argparse.ArgumentTypeError(printable(problem))
    return given


def _plugins(parser: argparse.ArgumentParser) -> None:
    plugins = "modules with networks, regimes, measures or figures of your own (docs/plugins.md)"
    parser.add_argument("--plugins", type=_text, nargs="+", action="extend", default=[], metavar="MODULE", help=plugins)


def _status_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("sweep", type=_path, help=_RESULTS)
    parser.add_argument("--json", action="store_true", help="for machines")


def _status(options: argparse.Namespace) -> None:
    import json

    from mirrorjax.launch.status import read_status, table

    status = read_status(options.sweep)
    print(json.dumps(status.as_json(), indent=2) if options.json else "\n".join(table(status)))


def _report_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("results", type=_path, help=_RESULTS)
    parser.add_argument("--member", type=_text, help=f"the network whose units are shown ({_MEMBER})")
    readme = "instead: put this sweep's numbers into a page's marks"
    parser.add_argument("--readme", type=_path, metavar="PAGE", help=readme)
    _plugins(parser)


def _report(options: argparse.Namespace) -> None:
    if options.readme is None:
        from mirrorjax.report.page.build import write_report

        print(write_report(options.results, member=options.member))
    else:
        from mirrorjax.report.page.readme import write_readme

        print(f"{options.readme}: {', '.join(write_readme(options.results, options.readme))}")


def _compare_arguments(parser: argparse.ArgumentParser) -> None:
    results = "sweeps' folders, or populations': two or more, or one that holds several ways to learn"
    parser.add_argument("results", type=_path, nargs="+", help=results)
    parser.add_argument("--out", type=_path, default=Path("compare"), help="folder to write into; default: ./compare")
    measures = "columns of the records; default: what all have"
    parser.add_argument("--measure", nargs="+", action="extend", type=_text, default=[], help=measures)
    as_run = "log figures and tables as a W&B run of the sweeps' project (docs/wandb.md)"
    parser.add_argument("--wandb", action="store_true", help=as_run)
    _plugins(parser)


def _compare(options: argparse.Namespace) -> None:
    from mirrorjax.report.compare.build import write_comparison

    print(write_comparison(options.results, out=options.out, measures=options.measure))
    if options.wandb:
        from mirrorjax.machine.log import shown_to_people
        from mirrorjax.tracking.compared import log_comparison

        with shown_to_people(print, "normal"):
            log_comparison(options.results, options.out)


def _measure_arguments(parser: argparse.ArgumentParser) -> None:
    results = f"{_RESULTS}; or activations of a network of your own: .npz, .safetensors or a folder"
    parser.add_argument("results", type=_path, help=f"{results} (docs/own-network.md)")
    names = "measures or columns (docs/measures.md; an unknown name lists them); default: all calibrated ones"
    parser.add_argument("--measures", type=_text, nargs="+", action="extend", default=[], metavar="NAME", help=names)
    parser.add_argument("--platform", choices=("cpu", "gpu", "tpu"), help="default: what they were trained on")
    parser.add_argument("--out", type=_path, metavar="PAGE", help="of activations: the page to write, needed")
    parser.add_argument("--groups", type=_path, metavar="FILE", help="of activations: a label a row, .npy or lines")
    pairs = "of activations: the conditions that are self and other there, as you,bob; default: self,other"
    parser.add_argument("--pairs", type=_text, metavar="SELF,OTHER", help=pairs)
    _plugins(parser)


def _measure(options: argparse.Namespace) -> None:
    from mirrorjax.own.files import is_activations

    if is_activations(options.results):
        _measure_activations(options)
        return
    for name in ("out", "groups", "pairs"):
        if getattr(options, name) is not None:
            raise InputError(f"--{name}: {options.results} holds no activations, which alone it is for")
    from mirrorjax.launch.measure import measure
    from mirrorjax.machine.log import shown_to_people

    def say(line: str) -> None:
        print(line, flush=True)

    with shown_to_people(say, "normal"):
        for file in measure(options.results, options.measures, options.platform, say):
            say(str(file))


def _measure_activations(options: argparse.Namespace) -> None:
    from mirrorjax.own.command import measure_file

    if options.out is None:
        raise InputError(f"--out: {options.results} holds activations; say which page to write, as --out report.html")
    if options.measures or options.platform:
        raise InputError(f"--{'measures' if options.measures else 'platform'}: is for results, not for activations")
    for line in measure_file(options.results, options.out, options.groups, options.pairs):
        print(line)


def _paper_tables_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("results", type=_path, help=_RESULTS)
    parser.add_argument("--member", type=_text, help=_WHICH)
    parser.add_argument("--out", type=_path, help="folder to write into; default: RESULTS/paper_tables")
    _plugins(parser)


def _paper_tables(options: argparse.Namespace) -> None:
    from mirrorjax.member.paper.page import write_paper_tables

    print(write_paper_tables(options.results, member=options.member, out=options.out))


def _inspect_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("results", type=_path, help=_RESULTS)
    parser.add_argument("--member", type=_text, help=_WHICH)
    _plugins(parser)


def _inspect(options: argparse.Namespace) -> None:
    from mirrorjax.member.inspection.page import inspect_member

    print(inspect_member(options.results, member=options.member))


def _export_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("results", type=_path, help=f"{_RESULTS}; with --check an archive")
    parser.add_argument("--out", type=_path, metavar="FILE", help="the archive, .zip; default: RESULTS.zip beside it")
    parser.add_argument("--check", action="store_true", help="instead: compare an archive's files with their hashes")


def _export(options: argparse.Namespace) -> int:
    from mirrorjax.results.archive import check, export

    if options.check and options.out is not None:
        raise InputError("--out: --check writes nothing")
    archived, problems = check(options.results) if options.check else (export(options.results, options.out), [])
    for problem in problems:
        print(problem)
    print(f"{archived.file}: {archived.files:,} files of {archived.folder}, {archived.size:,} bytes")
    print(f"sha256 {archived.sha256}")
    if options.check:
        print("NOT whole" if problems else "whole")
    return 1 if problems else 0


def _verify_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", choices=("turns", "labels"))
    parser.add_argument("file", type=_path, help="an .npz recording (docs/formats.md)")


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


def _play_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--players", default="frog_hops", help="frog_hops or both_random")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--turns", type=int, help="stop after so many")
    parser.add_argument("--delay", type=float, default=0.25, help="seconds a turn when running")
    parser.add_argument("--results", type=_path, help="let a trained network of this results folder play Frog")
    parser.add_argument("--member", type=_text, help=f"which one ({_MEMBER}); default: the highest CMNI")
    games = "instead: what it does in so many games beside each scripted player, as a table"
    parser.add_argument("--games", type=int, metavar="N", help=games)
    _plugins(parser)


def _play(options: argparse.Namespace) -> None:
    from mirrorjax.member.play import play
    from mirrorjax.member.policy import member_policy

    for name in ("member", "games"):
        if getattr(options, name) is not None and not options.results:
            raise InputError(f"--{name} needs --results, the folder that the member was trained in")
    if options.games is not None:
        from mirrorjax.member.playing import write_played

        print(write_played(options.results, options.member, options.games))
        return
    policy = member_policy(options.results, options.member) if options.results else None
    play(players=options.players, seed=options.seed, turns=options.turns, delay=options.delay, policy=policy)


def _dashboard_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", choices=("push",))
    parser.add_argument("sweeps", type=_path, nargs="+", metavar="SWEEP", help="a sweep's folder")
    parser.add_argument("--entity", type=_text, help="user or team; default: the sweeps' own, or W&B's default")
    parser.add_argument("--project", type=_text, help="of W&B; default: the sweeps' own")
    parser.add_argument("--dry-run", action="store_true", help="print the specification as JSON, and push nothing")
    parser.add_argument("--out", type=_path, metavar="FILE", help="write the specification there")


def _dashboard(options: argparse.Namespace) -> None:
    from mirrorjax.report.figures.ways import COLOURS
    from mirrorjax.tracking.dashboard import push

    print(push(options.sweeps, options.entity, options.project, options.dry_run, options.out, COLOURS))


def _bench_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", type=_path, default=Path("benchmarks"), help="folder of the results")
    parser.add_argument("--platform", choices=("cpu", "gpu", "tpu"), default="cpu")
    sections = "only these; an unknown name lists all"
    parser.add_argument("--sections", type=_text, nargs="+", metavar="SECTION", help=sections)
    parser.add_argument("--readme", type=_path, help="a page to put the table into, between its marks")


def _bench(options: argparse.Namespace) -> None:
    from mirrorjax.bench.run import bench

    print(bench(options.out, options.platform, options.sections, options.readme))


Command = tuple[str, Callable[[argparse.ArgumentParser], None], Callable[[argparse.Namespace], int | None]]
COMMANDS: dict[str, Command] = {  # by name: its help, what adds its arguments, and what does it; no exit code is 0
    "status": ("what is done of a sweep, while it runs and after", _status_arguments, _status),
    "report": ("write report.html and figures of a results folder", _report_arguments, _report),
    "compare": ("curves and end values of several sweeps in one page", _compare_arguments, _compare),
    "measure": ("measure networks that are trained already, and add it to their results", _measure_arguments, _measure),
    "paper-tables": ("write the paper's tables and figures for a network", _paper_tables_arguments, _paper_tables),
    "inspect": ("look into one network: units, circuits, ablations, boards", _inspect_arguments, _inspect),
    "export": ("pack finished results into one archive with hashes, or check one", _export_arguments, _export),
    "play": ("watch a game in the terminal", _play_arguments, _play),
    "verify": ("replay a recording and count differences", _verify_arguments, _verify),
    "dashboard": ("compare sweeps on W&B: a workspace and a report (docs/wandb.md)", _dashboard_arguments, _dashboard),
    "bench": ("measure this machine (docs/runtime.md)", _bench_arguments, _bench),
}
