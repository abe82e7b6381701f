"""A checkpoint's columns: losses apart, accuracy and recalls, and that all are described."""

from dataclasses import replace

import numpy as np
import pytest

from mirrorjax.dataset.build import answers
from mirrorjax.measurement.learnt import LEARNT_BELOW
from mirrorjax.measurement.records import MEASURES, accuracy_columns, loss_columns, record
from mirrorjax.measures import EVERY_RECORD, EVERY_UNIT, Measure
from tests.measurement.cases import measured, some_weights
from tests.measurement.conftest import WIDTHS
from tests.training.cases import observed_run


class TestLoss:
    def test_is_the_sum_of_its_parts(self, found):
        columns = loss_columns(found)
        assert (columns["val_loss"] == columns["val_mse"] + columns["penalty"]).all()
        assert columns["penalty"][1] == 0 < columns["penalty"][2]  # l2 is 0 for the second
        penalty = found.statistics.scores["penalty"] * np.array([0.01, 0, 0.5])
        np.testing.assert_allclose(columns["penalty"], penalty, rtol=1e-6)

    @pytest.mark.parametrize("member", range(len(WIDTHS)))
    def test_mse_and_excess_error(self, found, dataset, on_validation, member):
        validation = dataset.validation[:1300]
        labels = np.eye(4)[answers(validation)["label"]]
        mse = ((on_validation[member].outputs - labels) ** 2).mean()
        constant = ((labels.mean(0) - labels) ** 2).mean()
        columns = loss_columns(found)
        np.testing.assert_allclose(columns["val_mse"][member], mse, rtol=1e-5)
        np.testing.assert_allclose(columns["excess_error"][member], mse / constant, rtol=1e-5)

    def test_the_best_constant_has_excess_error_one(self, dataset):
        constant = some_weights(8, 1, 8, 0)
        validation = dataset.validation[:600]
        constant["output_kernel"][:] = 0
        constant["output_bias"][:] = np.eye(4)[answers(validation)["label"]].mean(0)
        columns = loss_columns(measured([constant], [8], dataset.test[:600], validation))
        assert columns["excess_error"][0] == pytest.approx(1.0, abs=1e-5)  # a float32 sum of 600 terms
        assert columns["learnt"].tolist() == [0.0]

    def test_learnt_is_a_small_excess_error(self, found):
        """Its only boundary is LEARNT_BELOW; where no answer can be learnt nobody has learnt one."""
        mse = loss_columns(found)["val_mse"]
        at_half = replace(found, constant_mse=mse / LEARNT_BELOW)
        assert loss_columns(at_half)["learnt"].tolist() == [0.0] * len(WIDTHS)
        below = replace(found, constant_mse=mse / LEARNT_BELOW * 1.001)
        assert loss_columns(below)["learnt"].tolist() == [1.0] * len(WIDTHS)
        nothing = replace(found, constant_mse=mse, best_mse=mse)
        columns = loss_columns(nothing)
        assert np.isnan(columns["excess_error"]).all() and columns["learnt"].tolist() == [0.0] * len(WIDTHS)


class TestAccuracy:
    @pytest.mark.parametrize("member", range(len(WIDTHS)))
    def test_against_numpy(self, found, dataset, on_test, member):
        answer = on_test[member].outputs.argmax(1)
        right = answers(dataset.test)
        label, kind = right["label"].astype(int), right["help_kind"]
        columns = {name: column[member] for name, column in accuracy_columns(found).items()}
        expected = np.zeros((4, 4), int)
        np.add.at(expected, (label, answer), 1)
        assert columns["confusion"].dtype == np.int64
        assert np.array_equal(columns["confusion"].reshape(4, 4), expected)
        assert columns["accuracy"] == pytest.approx(np.mean(answer == label), abs=1e-12)
        for name, rows in {
            "hop": label == 0,
            "jump": label == 1,
            "leap": label == 2,
            "help": label == 3,
            "help_edge": kind == 1,
            "help_rescue": kind == 2,
        }.items():
            assert columns[f"recall_{name}"] == pytest.approx(np.mean(answer[rows] == label[rows]), abs=1e-12), name

    def test_edge_and_rescue_help_are_apart(self, found):
        columns = accuracy_columns(found)
        edge, rescue = found.counts.truths[3:]
        both = (columns["recall_help_edge"] * edge + columns["recall_help_rescue"] * rescue) / (edge + rescue)
        np.testing.assert_allclose(columns["recall_help"], both, rtol=1e-12)
        assert (columns["recall_help_edge"] != columns["recall_help_rescue"]).any()

    def test_no_rows_no_recall(self, networks, dataset):
        """Without rescues on the test rows, their recall is undefined and the rest is not."""
        test = dataset.test[answers(dataset.test)["help_kind"] != 2]
        columns = accuracy_columns(measured(networks[:1], [17], test, dataset.validation[:600]))
        assert np.isnan(columns["recall_help_rescue"]).all()
        assert columns["recall_help"] == columns["recall_help_edge"]
        assert np.isfinite(columns["accuracy"]).all()


def described(measures: tuple[Measure, ...]) -> set[str]:
    return {column.name for each in measures for column in each.columns()}


def test_every_record_has_the_described_columns():
    """Here without boards, of two layers."""
    assert set(observed_run().checkpoints[-1].records) == described(EVERY_RECORD) | {
        "mne_layer_2",
        "learnt",
        "accuracy_live",
    }


def test_every_unit_has_the_described_columns():
    assert set(observed_run().checkpoints[-1].units or ()) == described(EVERY_UNIT)


def test_rows_of_units_and_members():
    population, checkpoints, *_ = observed_run()
    end = checkpoints[-1]
    assert end.units is not None and all(checkpoint.units is None for checkpoint in checkpoints[:-1])
    assert end.records["member_id"].tolist() == population.ids
    assert {len(column) for column in end.records.values()} == {16}
    assert {len(column) for column in end.units.values()} == {16 * 38}
    assert set(end.units["member_id"]) == set(population.ids)
    for member, cmni in zip(population.ids, end.records["cmni"], strict=True):
        own = end.units["mns"][end.units["member_id"] == member]
        assert len(own) == 38 and own.sum() / 38 == pytest.approx(cmni, rel=1e-12)
    for member, step in zip(population.ids, end.records["step"], strict=True):
        assert set(end.units["step"][end.units["member_id"] == member]) == {step}


def test_a_record_has_what_every_measure_says(found):
    columns = record(found)
    assert columns.keys() == {name for measure in MEASURES.values() for name in measure(found)}
    assert all(len(column) == len(WIDTHS) for column in columns.values())
