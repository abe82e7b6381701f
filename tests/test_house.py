"""What a clear house has few of, counted: nothing comes back, and what is left of each becomes less."""

from tests.house import circles, drawn_twice, knob_files, label_tables, long_functions, network_files, wide_functions


def test_modules_import_in_no_circle():
    assert circles() == []


def test_functions_are_short():
    assert long_functions() == []


def test_functions_take_few_arguments():
    assert wide_functions() == []


def test_a_label_stands_in_one_table():
    assert label_tables() == ["measures.py"]


def test_a_knob_is_described_in_one_file():
    assert len(knob_files()) == 1


def test_a_network_is_named_where_it_is_written():
    """Besides there a default, critics, what a plan leaves unsaid, and a kernel that is of one network."""
    regimes = {"regimes/supervised.py", "regimes/players/actor_critic.py"}
    assert set(network_files()) <= {"launch/plan.py", "training/engines/shape.py", *regimes}


def test_figures_are_described_once():
    assert drawn_twice() == []
