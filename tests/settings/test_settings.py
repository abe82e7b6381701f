"""A setting is described once: all that follows for a made-up one, and that the docs' tables are what fields say."""

import re
import runpy
from pathlib import Path
from typing import Any, cast

import pyarrow as pa
import pytest
from omegaconf import OmegaConf
from omegaconf.errors import ConfigKeyError

import mirrorjax
from mirrorjax.dataset.knobs import PAPER
from mirrorjax.errors import InputError
from mirrorjax.report.map.axes import Axis
from mirrorjax.report.page.marks import block
from mirrorjax.report.read.configurations import BY_NAME
from mirrorjax.results.store import KNOBS, MEMBERS, setting_fields
from mirrorjax.settings.allowed import validate
from mirrorjax.settings.axes import AXES
from mirrorjax.settings.folder import job_hash
from mirrorjax.settings.grid import each_combination
from mirrorjax.settings.map_axes import map_of
from mirrorjax.settings.schema import MEMBER, SETTINGS, Config, config_with, unvaried
from mirrorjax.settings.setting import Acts, Range, Setting

PACKAGE = Path(str(mirrorjax.__file__)).parent
DOCS = Path(__file__).parents[2] / "docs"
TABLES = runpy.run_path(str(DOCS / "tables.py"))
LOUDNESS = Setting(
    *(0.5, Range(0.0, 2.0)), label="loudness L", note="how loud Toad calls", acts=Acts.VALUE, knob="L", later=True,
    key="regime.loudness", hint=float,
)  # fmt: skip
SCHEMA = config_with([LOUDNESS])
GOLDEN = "3cc5c6613209"  # the folder of the population below, in earlier releases


def config_of(given: dict[str, Any]) -> Any:
    return OmegaConf.to_object(OmegaConf.merge(OmegaConf.structured(SCHEMA(name="test")), given))


def test_the_order_of_axes_is_frozen():
    """Members are expanded in this order, and a population that was stopped is continued by their places."""
    assert list(AXES) == [
        *("width", "depth", "activation", "learning_rate", "dropout", "l2", "batch_size"),
        *("congruence", "dependency", "edge", "veil_symbol", "veil_role", "mask", "skies", "shuffled"),
        *("alignment", "temperature", "observe", "positives", "dose", "veil_neurons", "neurons"),
        *("overlap", "overlap_from", "pair", "distance", "layers", "watched_share", "watch", "energy", "encoder"),
        *("objective", "predicted", "context_share", "plasticity", "homeostasis"),
        *("partner", "reward", "reward_sharing", "weight_empathy", "score_weight", "partner_energy", "discount"),
        *("entropy_bonus", "anneal", "parallel_games", "horizon", "update_epochs", "minibatches"),
        *("rationality", "turns_of", "coupling", "detuning", "phase_lag", "giving", "gives_below", "gives_share"),
        *("areas", "knows"),
        *("encoding", "d_model", "heads", "obstacle_rate", "obstacle_width", "scroll", "fly_probability"),
        *("help_leap_probability", "boards", "data_seed"),
    ]


class TestOneMore:
    def test_is_a_key_of_the_configuration(self):
        assert config_of({}).regime.loudness == 0.5
        assert config_of({"regime": {"loudness": 1}}).regime.loudness == 1.0
        with pytest.raises(ConfigKeyError):
            OmegaConf.merge(OmegaConf.structured(Config(name="test")), {"regime": {"loudness": 1}})

    def test_is_an_axis_in_all_ways_to_vary(self):
        config = config_of(
            {
                "population": {
                    "axes": {"width": [5, 8]},
                    "union": [
                        {"zip": {"loudness": [0, 2], "depth": [1, 2]}},
                        {"random": {"draws": 1, "loudness": {"low": 0.1, "high": 0.2}}},
                        {"list": [{"loudness": 1.5}]},
                    ],
                }
            }
        )
        validate(config)
        found = list(each_combination(config.population, config.population.union))
        drawn = found[4]["loudness"]
        assert [each["loudness"] for each in found] == [0, 0, 2, 2, drawn, drawn, 1.5, 1.5] and 0.1 <= drawn <= 0.2
        assert unvaried(config)["loudness"] == 0.5
        assert unvaried(config).keys() == {*AXES, "loudness"}

    def test_is_an_axis_of_a_map(self):
        config = config_of({"refine": 1, "population": {"axes": {"loudness": [0, 1]}}})
        validate(config)
        (axis,) = map_of(config.population, config.population.union).axes
        assert axis.middle((0.0,), (1.0,)) == (0.5,)

    @pytest.mark.parametrize(
        ("given", "message"),
        [
            ({"regime": {"loudness": 3}}, "regime.loudness is 3.0; allowed: from 0 to 2"),
            (
                {"population": {"axes": {"loudness": [0, 3]}}},
                "population.axes.loudness is 3.0; allowed: from 0 to 2",
            ),
            (
                {"population": {"random": {"draws": 2, "loudness": {"low": -1, "high": 1}}}},
                "population.random.loudness.low is -1.0; allowed: from 0 to 2",
            ),
        ],
    )
    def test_is_allowed_what_it_says(self, given: dict[str, Any], message: str):
        with pytest.raises(InputError, match=f"^{re.escape(message)}$"):
            validate(config_of(given))

    def test_leaves_the_names_of_folders_from_before_it(self):
        population = {"axes": {"width": [5]}, "list": [{"depth": 1}], "union": [{"zip": {"l2": [0]}}]}

        def name_of(*given: dict[str, Any], schema: Any = SCHEMA) -> str:
            config = OmegaConf.merge(OmegaConf.structured(schema(name="golden")), {"population": population}, *given)
            return job_hash(cast(Any, OmegaConf.to_container(config)), [*SETTINGS.values(), LOUDNESS])

        assert name_of() == name_of(schema=Config) == GOLDEN
        vary = {"population": {"axes": {"loudness": [0, 1]}}}
        assert len({name_of(), name_of({"regime": {"loudness": 1}}), name_of(vary)}) == 3

    def test_is_a_column(self):
        assert setting_fields([LOUDNESS]) == [pa.field("loudness", pa.float64())]

    def test_is_a_heading(self, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setitem(BY_NAME, LOUDNESS.name, LOUDNESS)
        axis = Axis(("loudness",), ((0.0,), (0.5,), (1.0,)))
        assert axis.label == "loudness L" and axis.paper == 1

    def test_is_a_row_of_the_docs(self):
        assert "| L | `regime.loudness` | 0.5 | how loud Toad calls |\n" in TABLES["knobs_table"]([LOUDNESS])
        row = "| `loudness` | `regime.loudness` | 0.5 | from 0 to 2 | float64 | loudness L |\n"
        assert row in TABLES["axes_table"]([LOUDNESS])


def test_every_setting_of_a_member_has_a_column():
    assert {*MEMBERS.names, *KNOBS.names} >= set(MEMBER)
    assert [KNOBS.field(name).type for name in ("skies", "obstacle_width", "boards", "data_seed", "encoding")] == [
        *(pa.float64(), pa.float64(), pa.int64(), pa.int64(), pa.string())
    ]


@pytest.mark.parametrize("page", TABLES["BLOCKS"])
def test_the_tables_of_the_docs_are_what_the_fields_say(page: str):
    name, table = TABLES["BLOCKS"][page]
    text = (DOCS / page).read_text(encoding="utf-8")
    assert block(text, name) == table, "python docs/tables.py writes it"


def test_a_knob_is_written_where_it_is_described_and_where_it_acts():
    """In no table besides: a file of the package that names one of the knobs is its field's, or one that uses it."""
    files = {
        file.relative_to(PACKAGE).as_posix(): set(re.findall(r"\w+", file.read_text(encoding="utf-8")))
        for file in PACKAGE.rglob("*.py")
    }
    acts = {"dataset/knobs.py", "dataset/coordinates.py"}
    for knob in set(PAPER) - {"mask", "skies", "edge", "shuffled", "dependency", "congruence"}:  # words of their own
        assert {name for name, words in files.items() if knob in words} == {"settings/groups.py", *acts}, knob
