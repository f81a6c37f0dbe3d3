"""One run as a labelled dataset: months, years, headline series; saving and loading.

Public names:
    dataset: builds the dataset of a run from plain arrays, with labels, units and origin.
    Run: a dataset with what one asks of it; ``Run.load`` reads a saved one.
    prepare_folder: makes sure that results can be written, before anything is simulated.
    default_folder: where results of a scenario go if nobody says otherwise.
    FolderError, DamagedError: a folder that cannot take results; a saved run that cannot be trusted.
"""

from sim.results.run import TRILLION, Run, first_month_above
from sim.results.storage import DamagedError, FolderError, default_folder, prepare_folder
from sim.results.variables import VARIABLES, Variable, dataset

__all__ = [
    "TRILLION",
    "VARIABLES",
    "DamagedError",
    "FolderError",
    "Run",
    "Variable",
    "dataset",
    "default_folder",
    "first_month_above",
    "prepare_folder",
]
