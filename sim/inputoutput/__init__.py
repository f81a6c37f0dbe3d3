"""Input-output methods as pure functions on arrays, and the labelled table they are applied to.

Nothing here knows a firm, a file or a parameter group. A matrix of flows has sellers in rows and buyers in columns.
Each module is one family of techniques and names its sources; the common names can be imported from here::

    from sim import inputoutput as io

    A = io.technical_coefficients(Z, x)
    io.output_multipliers(A)
    io.extract(Z, x, [0, 3], kind="total").loss
"""

from sim.inputoutput.anchors import Anchor, balance
from sim.inputoutput.balancing import BalancingError, gras, ras
from sim.inputoutput.checks import ArgumentError
from sim.inputoutput.content import direct_content, output_content, value_added_content, vertical_specialisation
from sim.inputoutput.decomposition import Diagonal, Inverse, decompose, final_demand_factors, output_change
from sim.inputoutput.dynamic import balanced_growth, capacity_step, forward_step
from sim.inputoutput.exchange import (
    ExchangeError,
    from_csv,
    from_pymrio,
    from_xarray,
    read_csv,
    to_csv,
    to_pymrio,
    to_xarray,
)
from sim.inputoutput.extraction import extract, extract_each, linkage_loss, set_apart
from sim.inputoutput.ghosh import ghosh_from_leontief, ghosh_inverse, supply_driven_output
from sim.inputoutput.identities import IdentityError, check_table
from sim.inputoutput.interregional import footprints, loops, regional_multipliers, spillovers
from sim.inputoutput.leontief import (
    Leontief,
    NotProductiveError,
    allocation_coefficients,
    leontief_inverse,
    solve,
    spectral_radius,
    technical_coefficients,
)
from sim.inputoutput.linkage import (
    backward_linkages,
    forward_linkages,
    key_sectors,
    linkages,
    normalised,
    power_of_dispersion,
    sensitivity_of_dispersion,
)
from sim.inputoutput.multipliers import (
    Households,
    closed,
    households,
    output_multipliers,
    total_content,
    type_one,
    type_two,
)
from sim.inputoutput.multiregional import regionalise
from sim.inputoutput.paths import path_multiplier, structural_paths
from sim.inputoutput.price_model import price_change, prices, prices_with_given
from sim.inputoutput.propagation import average_propagation_lengths, downstreamness, upstreamness, weighted_average
from sim.inputoutput.quotients import (
    augmented_flegg_location_quotients,
    charm_trade,
    cross_industry_location_quotients,
    flegg_location_quotients,
    regional_coefficients,
    semilogarithmic_location_quotients,
    simple_location_quotients,
)
from sim.inputoutput.regional_rules import Rules
from sim.inputoutput.splitting import Child, SplitError, split
from sim.inputoutput.tables import Table, aggregate, inside, nation, single_region
from sim.inputoutput.trade import chenery_moses

__all__ = [
    "Anchor",
    "ArgumentError",
    "BalancingError",
    "Child",
    "Diagonal",
    "ExchangeError",
    "Households",
    "IdentityError",
    "Inverse",
    "Leontief",
    "NotProductiveError",
    "Rules",
    "SplitError",
    "Table",
    "aggregate",
    "allocation_coefficients",
    "augmented_flegg_location_quotients",
    "average_propagation_lengths",
    "backward_linkages",
    "balance",
    "balanced_growth",
    "capacity_step",
    "charm_trade",
    "check_table",
    "chenery_moses",
    "closed",
    "cross_industry_location_quotients",
    "decompose",
    "direct_content",
    "downstreamness",
    "extract",
    "extract_each",
    "final_demand_factors",
    "flegg_location_quotients",
    "footprints",
    "forward_linkages",
    "forward_step",
    "from_csv",
    "from_pymrio",
    "from_xarray",
    "ghosh_from_leontief",
    "ghosh_inverse",
    "gras",
    "households",
    "inside",
    "key_sectors",
    "leontief_inverse",
    "linkage_loss",
    "linkages",
    "loops",
    "nation",
    "normalised",
    "output_change",
    "output_content",
    "output_multipliers",
    "path_multiplier",
    "power_of_dispersion",
    "price_change",
    "prices",
    "prices_with_given",
    "ras",
    "read_csv",
    "regional_coefficients",
    "regional_multipliers",
    "regionalise",
    "semilogarithmic_location_quotients",
    "sensitivity_of_dispersion",
    "set_apart",
    "simple_location_quotients",
    "single_region",
    "solve",
    "spectral_radius",
    "spillovers",
    "split",
    "structural_paths",
    "supply_driven_output",
    "technical_coefficients",
    "to_csv",
    "to_pymrio",
    "to_xarray",
    "total_content",
    "type_one",
    "type_two",
    "upstreamness",
    "value_added_content",
    "vertical_specialisation",
    "weighted_average",
]
