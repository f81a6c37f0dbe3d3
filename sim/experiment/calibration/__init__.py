"""Calibration on the past: which parameter values agree with what was published up to a month, and how far.

In order: free parameters and their ranges (:mod:`~sim.experiment.calibration.prior`), the facts
(:mod:`~sim.experiment.calibration.targets`), runs in waves with history matching
(:mod:`~sim.experiment.calibration.waves`), what the facts say of each parameter
(:mod:`~sim.experiment.calibration.identify`), and the whole (:mod:`~sim.experiment.calibration.calibrate`). What it
leaves, draws of the posterior in a file, is read and used by :mod:`sim.experiment.drawn`.
"""
