"""The registry of networks, and how large one is said to be."""

from mirrorjax.models import MODELS, layers_by_units
from mirrorjax.population.members import Member


def test_layers_are_counted_where_a_network_has_a_say_in_them():
    sizes = {model: layers_by_units(vars(Member(model=model, depth=3, width=8))) for model in MODELS}
    assert sizes == {"mlp": "3×8", "transformer": "3×8", "gru": "1×8"}
    assert layers_by_units({"depth": 2, "width": 17}) == "2×17", "of results from before there were models"
