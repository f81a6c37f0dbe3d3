"""BUILD: what is finished in a month is counted whole, however many projects end on the same plot."""

import numpy as np
import pytest

from sim.draws import Streams
from sim.resolvers.building import resolve_build
from sim.state import Channel, Stage


def test_two_projects_that_end_together_enlarge_their_firm_twice(fresh, next_month):
    state = fresh().state
    firms = state.firms
    row = int(np.flatnonzero(firms.alive & ~firms.block & ~firms.fringe & (firms.leader < 0))[0])
    before = firms.capital[row]
    state.projects.append(
        2,
        stage=Stage.BUILD,
        channel=Channel.CLUSTER,
        product=firms.product[row],
        county=firms.county[row],
        park=firms.park[row],
        graft=row,
        investment=np.array([30.0, 50.0]),
        capital_intensity=firms.capital_intensity[row],
        announced_output=10.0,
        work=5.0,
        work_left=0.5,
        signed=1,
        built=3,
    )
    state.month = 5
    next_month(state)
    state.boards.work_progress = np.full(2, 1.0)
    resolve_build(state, Streams(1))
    assert (state.projects.stage == Stage.DONE).all()
    assert firms.capital[row] == pytest.approx(before + 80.0)
    assert state.ledger.invested[row] == pytest.approx(80.0)
