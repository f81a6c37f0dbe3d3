"""Back-test: forecasts from past months of what was published later, scored beside simple rivals.

In order: what is asked and what is known (:mod:`~sim.experiment.backtest.plan`), parameters of the members
(:mod:`~sim.experiment.unknown`), their runs (:mod:`~sim.experiment.backtest.runs`), what the rivals answer
(:mod:`~sim.experiment.backtest.questions`), scores of each case (:mod:`~sim.experiment.backtest.scoring`), scores of
several together (:mod:`~sim.experiment.backtest.events`), means and comparisons
(:mod:`~sim.experiment.backtest.pooling`), pass marks (:mod:`~sim.experiment.backtest.marks`), and the whole
(:mod:`~sim.experiment.backtest.study`). Rules and marks stand in docs/forecast-protocol.md.
"""
