"""The list of order parameters."""

from mirrorjax.phases.order import ORDER_PARAMETERS, construction_marks


def test_names_are_unique_and_raw_cmni_is_last():
    names = [each.name for each in ORDER_PARAMETERS]
    assert len(set(names)) == len(names) and names[-1] == "cmni"
    assert {each.column for each in ORDER_PARAMETERS if each.is_share} == {"mirror", "mirror_code"}
    assert {each.column for each in ORDER_PARAMETERS if each.is_signed} == {"ssi", "ssi_last", "cross_decoding_social"}


def test_marks():
    assert [(mark.axis, mark.value) for mark in construction_marks("dependency")] == [
        ("dependency", 0.0),
        ("dependency", 0.5),
    ]
    assert construction_marks("veil_symbol") == ()
