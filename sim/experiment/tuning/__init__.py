"""Tuning of policy: which levers matter, what is the best that can be had, and when it fails.

In order: outcomes of a run (:mod:`~sim.experiment.tuning.outcomes`), the futures that all points meet
(:mod:`~sim.experiment.tuning.futures`), goals and limits (:mod:`~sim.experiment.tuning.goals`), levers and their ranges
(:mod:`~sim.experiment.tuning.levers`), a problem (:mod:`~sim.experiment.tuning.problem`) and its file
(:mod:`~sim.experiment.tuning.problem_file`), its runs (:mod:`~sim.experiment.tuning.runs`), points in all futures
(:mod:`~sim.experiment.tuning.evaluation`), the search (:mod:`~sim.experiment.tuning.search`) and its front
(:mod:`~sim.experiment.tuning.front`), what moves the goals (:mod:`~sim.experiment.tuning.sensitivity`), and how
policies do over many futures (:mod:`~sim.experiment.tuning.robustness`).
"""
