"""Electricity: use per unit falls by a constant rate a year."""

import numpy as np
import pytest

from sim.mechanisms.energy import electricity
from sim.state import Firms


def test_use_falls_by_the_yearly_rate():
    firms = Firms()
    firms.append(2, energy_intensity=[40.0, 180.0], output=[5.0, 5.0], alive=[True, False])
    assert electricity(firms, 0, 0.015) == pytest.approx([200.0, 0.0])
    assert electricity(firms, 12, 0.015) == pytest.approx([197.0, 0.0])
    assert electricity(firms, 24, 0.015)[0] / electricity(firms, 12, 0.015)[0] == pytest.approx(0.985)
    assert np.all(electricity(firms, 60, 0.0) == electricity(firms, 0, 0.0))
