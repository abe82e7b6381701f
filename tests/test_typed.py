"""What people type: names and paths, texts that Hydra wants quoted, presets, and sweeps that are too large."""

import shlex
from pathlib import Path

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser

from mirrorjax.dataset.cache import default_folder
from mirrorjax.errors import InputError, enough_memory
from mirrorjax.job.data import load
from mirrorjax.launch.quoting import MOST_JOBS, for_hydra, number_of_jobs
from mirrorjax.population.members import Member
from mirrorjax.settings.schema import Config, DatasetConfig
from mirrorjax.settings.texts import checked_path, path_problem, text_problem

PARSER = OverridesParser.create()
TEXTS = [
    *("/data/epoch=9", "a#b", "run (1)", "run[1]", "größe", "~/x", "a:b", "$x", "a\\b", "a b", " a ", "it's", 'a"b'),
    *("a\\", 'a\\"', "{}", "a{b}", "[a]", "1e3", "007", "2024.10", "true", "😀", "a;b", "a&b", "(1)", "a|b", "-x"),
]  # fmt: skip


@pytest.mark.parametrize("multirun", [False, True])
@pytest.mark.parametrize("text", TEXTS)
def test_a_text_is_what_was_typed(text: str, multirun: bool):
    for setting in ("results_dir", "tracker.project", "+name"):
        (override,) = for_hydra([f"{setting}={text}"], multirun)
        assert PARSER.parse_override(override).value() == text
        assert for_hydra([override], multirun) == [override], "quoted once"


@pytest.mark.parametrize(
    "override",
    [
        *("results_dir=x", "name=null", "name=", "name='a,b'", 'name="a b"', "name=a/${size}", "name=a#${size}"),
        *("model.width=5", "tracker.tags=[a,b]", "population.axes.width=[5,8]", "~population", "hydra/launcher=basic"),
        *("experiment=smoke", "model.width=5#", "population.list=[{width: 5}]", "unknown=a#b", "model.width"),
    ],
)
def test_what_hydra_reads_as_it_should_is_left_alone(override: str):
    assert for_hydra([override], False) == [override]


def test_texts_of_a_list_are_quoted_too():
    (override,) = for_hydra(["tracker.tags=[a#b,'c d',ü]"], False)
    assert PARSER.parse_override(override).value() == ["a#b", "c d", "ü"]


def test_a_comma_is_a_sweep_with_m_and_else_it_is_said_what_to_type():
    assert for_hydra(["results_dir=a,b"], True) == ["results_dir=a,b"]
    with pytest.raises(InputError) as error:
        for_hydra(["results_dir=a,b"], False)
    (typed,) = shlex.split(str(error.value).split(" is typed ")[1])
    assert PARSER.parse_override(typed).value() == "a,b"
    with pytest.raises(InputError) as error:
        for_hydra(["results_dir=a=1,b"], True)
    (typed,) = shlex.split(str(error.value).split("quote each value: ")[1])
    assert list(PARSER.parse_override(typed).sweep_string_iterator()) == ['"a=1"', '"b"']


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["experiment=[smoke,paper]"], "experiment=[smoke,paper]: one preset at a time; -m experiment=smoke,paper"),
        (["size=[small]"], "size=[small]: one preset at a time"),
        (["model=[mlp,mlp]"], "model=[mlp,mlp]: one preset at a time"),
        (
            ["experiment=smoke", "report=false", "experiment=paper"],
            "experiment is given twice, smoke and paper; allowed",
        ),
        (["game=frog_hops", "game=both_random"], "game is given twice, frog_hops and both_random; allowed: one preset"),
    ],
)
def test_two_presets_are_refused(overrides: list[str], message: str):
    with pytest.raises(InputError, match=rf"^{message.replace('[', '.').replace(']', '.')}"):
        for_hydra(overrides, False)


@pytest.mark.parametrize(
    ("overrides", "number"),
    [
        (["dataset.seed=range(0,1000)"], 1000),
        (["dataset.seed=range(0,1,0.25)", "game=a,b", "model.width=5"], 8),
        (["dataset.seed=1,2,3", "dataset.seed=4,5"], 2),
        (["dataset.seed=range(5,0,-2)"], 3),
    ],
)
def test_jobs_are_counted(overrides: list[str], number: int):
    assert number_of_jobs(PARSER.parse_overrides(overrides)) == number


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (
            ["dataset.seed=range(0,100000)"],
            "-m makes 100,000 populations \\(dataset.seed: 100,000\\); allowed: at most",
        ),
        (["dataset.seed=range(0,1e12)"], "-m makes 1,000,000,000,000 populations"),
        (["dataset.seed=range(0,40)", "dataset.turns=range(0,40)"], "-m makes 1,600 populations"),
        (["dataset.seed=range(0,9,0)"], "-m makes inf populations"),
        (["dataset.seed=range(5,0)"], "dataset.seed: a sweep over no value at all"),
    ],
)
def test_sweeps_that_are_too_large_are_refused_without_making_them(overrides: list[str], message: str):
    assert MOST_JOBS == 1000
    with pytest.raises(InputError, match=rf"^{message}"):
        number_of_jobs(PARSER.parse_overrides(overrides))


@pytest.mark.parametrize(
    ("name", "given", "message"),
    [
        ("name", "", "name is empty; give it a value, or leave it out"),
        ("name", "  ", "name is empty"),
        ("name", "a\nb", "name is 'a\\nb'; allowed: text without '\\n', in UTF-8"),
        ("name", "a\x00b", "name is 'a\\x00b'; allowed: text without '\\x00'"),
        ("name", "a\x1b[31mb", "name is 'a\\x1b[31mb'; allowed: text without '\\x1b'"),
        ("name", "a\udcfcb", "name is 'a\\udcfcb'; allowed: text without '\\udcfc', in UTF-8"),
        ("name", "a" * 300, "name has 300 characters (aaaaaaaaaaaaaaaaaaaa…); allowed: at most 100"),
        ("tracker.project", "a" * 129, "tracker.project has 129 characters"),
        (
            "tracker.project",
            "team/proj",
            "tracker.project is 'team/proj'; W&B allows none of / \\ # ? % :; a team's is ",
        ),
        ("tracker.project", "a?", "tracker.project is 'a?'; W&B allows none of / \\ # ? % :"),
        ("tracker.entity", "a b", "tracker.entity is 'a b'; W&B allows none of"),
        ("tracker.tags", "a" * 65, "tracker.tags has 65 characters"),
    ],
)
def test_names_that_cannot_be(name: str, given: str, message: str):
    problem = text_problem(name, given)
    assert problem is not None and problem.startswith(message)
    assert "\n" not in problem


def test_the_hint_at_a_team_can_be_typed():
    problem = text_problem("tracker.project", "team/proj")
    assert problem is not None and problem.endswith("tracker.entity=team tracker.project=proj")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("", "results_dir is empty"),
        (
            "a" * 300,
            "results_dir is aaaaaaaaaaaaaaaaaaaa…, 300 characters; allowed: 4,095 bytes, and 255 between two '/'",
        ),
        ("ü" * 150, "results_dir is "),
        ("a/" * 2100, "results_dir is "),
        ("~nobody_of_that_name/x", "results_dir is ~nobody_of_that_name/x; nobody of that name has a home folder here"),
    ],
)
def test_paths_that_cannot_be(given: str, message: str):
    problem = path_problem("results_dir", given)
    assert problem is not None and problem.startswith(message)
    with pytest.raises(InputError):
        checked_path("results_dir", given)


def test_a_tilde_is_written_out(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HOME", "/home/frog")
    assert checked_path("results_dir", "~/a b") == Path("/home/frog/a b")
    assert checked_path("results_dir", "a/~/b") == Path("a/~/b")


@pytest.mark.parametrize(("variable", "inside"), [("MIRRORJAX_CACHE", ""), ("XDG_CACHE_HOME", "mirrorjax")])
def test_a_cache_of_the_environment_is_a_path_like_any_other(
    variable: str, inside: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.delenv("MIRRORJAX_CACHE", raising=False)
    monkeypatch.setenv("HOME", "/home/frog")
    monkeypatch.setenv(variable, "~/kept")
    assert default_folder() == Path("/home/frog/kept") / inside
    monkeypatch.setenv(variable, "~nobody_of_that_name")
    with pytest.raises(InputError, match=rf"^{variable} is ~nobody_of_that_name; nobody of that name"):
        default_folder()


def test_a_dataset_for_which_there_is_no_memory_is_refused_before_it_is_built(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("mirrorjax.dataset.configured.free_memory", lambda: 50_000_000)
    config = Config(name="test", dataset=DatasetConfig(turns=7_000_000, cache=str(tmp_path)))
    with pytest.raises(InputError) as error:
        load(config, [Member()], lambda line: None)
    assert str(error.value) == (
        "dataset.turns is 7,000,000: building it takes about 0.7 GiB of memory, and 0.0 are free; allowed: at most "
        "500,000 here"
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("error", [MemoryError("Unable to allocate 9 TiB"), RuntimeError("RESOURCE_EXHAUSTED: Out of")])
def test_what_found_no_memory_is_told_with_the_settings_to_lower(error: Exception):
    @enough_memory("the dataset", "dataset.turns")
    def build() -> None:
        raise error

    with pytest.raises(InputError, match=rf"^no memory for the dataset \({str(error)[:9]}.*\); lower dataset.turns$"):
        build()


def test_other_errors_pass():
    with pytest.raises(ZeroDivisionError), enough_memory("a", "b"):
        _ = 1 / 0
    with pytest.raises(InputError, match=r"^mine$"), enough_memory("a", "b"):
        raise InputError("mine")
