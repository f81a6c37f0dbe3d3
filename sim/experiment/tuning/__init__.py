"""Tuning of policy: which levers matter, what is the best that can be had, and when it fails.

In order: outcomes of a run (:mod:`~sim.experiment.tuning.outcomes`), goals and limits
(:mod:`~sim.experiment.tuning.goals`), levers and their ranges (:mod:`~sim.experiment.tuning.levers`), a problem
(:mod:`~sim.experiment.tuning.problem`) and its file (:mod:`~sim.experiment.tuning.problem_file`), points in all futures
(:mod:`~sim.experiment.tuning.evaluation`), the search (:mod:`~sim.experiment.tuning.search`).
"""
