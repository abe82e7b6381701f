"""The list of order parameters."""

from mirrorjax.measures import MEASURES
from mirrorjax.statistics.order_parameters import ORDER_PARAMETERS, construction_marks


def test_each_is_a_measure_and_raw_cmni_is_last():
    known = [MEASURES[name] for name in ORDER_PARAMETERS]
    assert len(set(known)) == len(known) and ORDER_PARAMETERS[-1] == "cmni"
    assert {each.name for each in known if each.kind == "verdict"} == {"mirror", "mirror_code"}
    assert {each.name for each in known if each.kind == "signed"} == {
        "ssi",
        "ssi_last",
        "cross_decoding_social",
        "empathy",
    }


def test_marks():
    assert [(mark.axis, mark.value) for mark in construction_marks("dependency")] == [
        ("dependency", 0.0),
        ("dependency", 0.5),
    ]
    assert construction_marks("veil_symbol") == ()
