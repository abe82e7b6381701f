"""W&B's environment variables: taken where a setting says nothing, named where they do not count."""

import pytest

from mirrorjax.errors import InputError
from mirrorjax.settings.schema import TrackerConfig
from mirrorjax.tracking.wandb import choose_mode
from mirrorjax.tracking.wandb_config import overruled, with_environment

ENV = {"WANDB_PROJECT": "frogs", "WANDB_ENTITY": "team", "WANDB_TAGS": "a, b,"}


def test_the_environment_counts_where_no_setting_says_otherwise():
    assert with_environment(TrackerConfig(), {}) == TrackerConfig(project="mirrorjax")
    assert with_environment(TrackerConfig(), ENV) == TrackerConfig(project="frogs", entity="team", tags=["a", "b"])
    given = TrackerConfig(project="mine", entity="me", tags=["c"])
    assert with_environment(given, ENV) == given
    assert with_environment(TrackerConfig(project="mirrorjax"), ENV).project == "mirrorjax", "asked for by name"
    assert with_environment(TrackerConfig(), dict.fromkeys(ENV, "")) == TrackerConfig(project="mirrorjax")


@pytest.mark.parametrize(
    ("env", "message"),
    [
        ({"WANDB_PROJECT": "team/frogs"}, "WANDB_PROJECT is 'team/frogs'; W&B allows none of / "),
        ({"WANDB_ENTITY": "a b"}, "WANDB_ENTITY is 'a b'; W&B allows none of / "),
        ({"WANDB_TAGS": f"a,{'b' * 65}"}, "WANDB_TAGS has 65 characters"),
    ],
)
def test_what_wandb_refuses_is_named_by_its_variable(env: dict[str, str], message: str):
    with pytest.raises(InputError, match=rf"^{message}"):
        with_environment(TrackerConfig(), env)
    with_environment(TrackerConfig(mode="disabled"), env)


def test_variables_that_do_not_count_are_named():
    assert overruled({**ENV, "WANDB_NOTES": "x", "WANDB_BASE_URL": "http://x", "WANDB_NAME": ""}) is None
    line = overruled({"WANDB_NAME": "x", "WANDB_RUN_ID": "y"})
    assert line is not None and line.startswith("W&B: WANDB_NAME, WANDB_RUN_ID do not count: ")


def test_wandb_disabled_is_a_mode():
    assert choose_mode(None, {"WANDB_DISABLED": "true"}, lambda: True) == "disabled"
    assert choose_mode(None, {"WANDB_DISABLED": "false"}, lambda: True) == "online"
    assert choose_mode(None, {"WANDB_DISABLED": "true", "WANDB_MODE": "offline"}, lambda: True) == "offline"
    assert choose_mode("online", {"WANDB_DISABLED": "true"}, lambda: True) == "online"
