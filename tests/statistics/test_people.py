"""The record of people: residents by where they live, jobs by where they work."""

import numpy as np
import pytest

import sim


@pytest.fixture(scope="module")
def recorded():
    model = sim.NingdeModel(sim.load("baseline"), 4)
    for _ in range(3):
        model.step()
    return model, {name: values[2] for name, values in model.recorder.arrays.items()}


def test_at_work_is_told_by_residence_and_jobs_by_workplace(recorded):
    """Dongqiao has more jobs than residents at work, Jiaocheng beside it fewer; the two are not the same column."""
    model, record = recorded
    workers = model.state.people.workers
    for home in range(10):
        assert record["at_work"][home] == pytest.approx(workers[:, home, :].sum(), rel=1e-12)
        assert record["jobs"][home].sum() == pytest.approx(workers[:, :, home].sum(), rel=1e-9)
    assert record["at_work"].sum() == pytest.approx(record["jobs"].sum(), rel=1e-9)
    gap = record["at_work"] - record["jobs"].sum(axis=1)
    assert gap[model.world.county("DQ")] < -1000.0
    assert gap[model.world.county("JC")] > 1000.0
    assert (record["at_work"] <= record["labour_force"] * (1 + 1e-9)).all()


def test_commuters_run_from_home_to_work(recorded):
    model, record = recorded
    np.testing.assert_allclose(record["commuters"], model.state.people.workers.sum(axis=0), rtol=1e-12)
