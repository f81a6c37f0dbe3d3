"""Every mechanism has a test that leaves it out, and those that the month cannot do without stop it at once."""
# ruff: noqa: E501  (names of tests are sentences)

from pathlib import Path

import pytest

from sim.accounts import BrokenIdentityError
from sim.mechanisms.fiscal import Budgets
from sim.mechanisms.labour import Staffing
from sim.mechanisms.production import Production
from sim.mechanisms.promotion import Funnel

ABLATIONS = {
    "OutsideDemand": "test_demand.py::test_without_the_mechanism_markets_stand_and_who_sold_to_them_does_not_grow",
    "WorldPrices": "test_prices.py::test_without_the_mechanism_prices_and_materials_stand_and_volumes_do_not_care",
    "Rain": "test_construction.py::test_without_weather_every_county_has_the_mean_of_the_year",
    "CandidatePool": "test_candidates.py::test_without_the_pool_nobody_comes_and_the_money_for_promotion_is_spent_in_vain",
    "OrderBooks": "test_leaders.py::test_without_order_books_leaders_plants_only_serve_their_neighbours",
    "Expansion": "test_leaders.py::test_without_expansion_leaders_plan_nothing_at_home_or_away",
    "Incentives": "test_fiscal.py::test_without_the_offers_of_counties_their_level_of_the_opening_stands",
    "History": "test_events.py::test_without_history_no_dated_plant_comes_and_steel_is_missing_where_it_stood",
    "Branching": "test_branching.py::test_a_firm_without_room_grows_on_another_site",
    "Funnel": "test_promotion.py::test_without_budget_fewer_come_on_every_promoted_way_and_the_others_as_before",
    "CityPlan": "test_zoning.py::test_a_plan_brings_chains_where_they_belong_and_leaves_the_unplanned_alone",
    "ServiceTeams": "test_service.py::test_without_the_mechanism_nobody_is_served_and_the_teams_are_paid_in_vain",
    "ParkChoice": "test_location.py::test_without_the_choice_of_parks_other_places_win_more_often",
    "Failure": "test_location.py::test_without_failure_every_signed_project_goes_on",
    "EnergyHeadroom": "test_energy.py::test_no_cap_is_the_run_without_the_mechanism_and_a_wide_one_changes_no_known_year",
    "Negotiation": "test_enclave.py::test_without_negotiation_nobody_signs_and_the_run_is_that_without_direction",
    "FirstOffer": "test_enclave.py::test_without_the_first_offer_fewer_of_the_origin_work_in_the_host",
    "TaxSharing": "test_enclave.py::test_without_sharing_hosts_keep_all_their_tax",
    "EnergyLimit": "test_energy.py::test_no_cap_is_the_run_without_the_mechanism_and_a_wide_one_changes_no_known_year",
    "Development": "test_land.py::test_without_quota_developed_land_stops_and_queues_and_prices_rise",
    "Requisition": "test_land.py::test_without_requisition_signed_projects_get_their_land_and_never_build",
    "Building": "test_construction.py::test_without_the_mechanism_no_work_is_done_and_none_is_paid",
    "SupplierChoice": "test_sourcing.py::test_without_adjustment_shares_stand_still",
    "Staffing": "test_labour.py::test_staffing_that_limits_nothing_leaves_firms_as_they_are",
    "OutsideSupply": "test_shortage.py::test_where_no_product_is_named_nothing_is_written_and_nothing_kept",
    "Production": "test_production.py::test_without_home_suppliers_firms_make_their_final_orders_and_buy_all_inputs_outside",
    "Wages": "test_labour.py::test_without_the_mechanism_wages_stand_and_nobody_saves_labour",
    "Migration": "test_migration.py::test_without_the_mechanism_residents_stand_still",
    "Investment": "../test_traps.py::test_without_investment_plants_cannot_follow_demand",
    "ProductivityNoise": "test_firms.py::test_without_noise_productivity_stays_with_noise_it_spreads_around_the_same_mean",
    "Clusters": "test_agglomeration.py::test_neutral_parameters_are_the_run_without_it",
    "Withdrawal": "test_shocks.py::test_without_the_closing_of_plants_a_leader_that_leaves_keeps_them_empty",
    "Referral": "test_linkage.py::test_without_referral_and_transfer_the_run_is_the_run_without_the_mechanism",
    "Training": "test_linkage.py::test_without_referral_and_transfer_the_run_is_the_run_without_the_mechanism",
    "Transfers": "test_linkage.py::test_without_referral_and_transfer_the_run_is_the_run_without_the_mechanism",
    "LandReform": "test_land_cage.py::test_at_intensity_zero_the_run_is_the_run_without_the_mechanism",
    "Exit": "test_firms.py::test_without_exit_nobody_leaves_and_the_city_keeps_their_output",
    "Consumption": "test_households.py::test_jobs_make_local_demand",
    "TalentAppeal": "test_talent.py::test_without_the_plan_nobody_comes_for_it_and_nothing_is_paid",
    "TalentMoney": "test_talent.py::test_without_the_plan_nobody_comes_for_it_and_nothing_is_paid",
    "TalentMoves": "test_talent.py::test_without_the_plan_nobody_comes_for_it_and_nothing_is_paid",
    "TalentCosts": "test_talent.py::test_without_the_plan_nobody_comes_for_it_and_nothing_is_paid",
    "RoadWorks": "test_infrastructure.py::test_without_the_works_the_minutes_stay",
    "RoadCosts": "test_infrastructure.py::test_without_the_works_the_minutes_stay",
    "Budgets": "test_fiscal.py::test_an_exhausted_budget_stops_its_policies",
}
"""The test that leaves each mechanism out, or, where the month needs it, takes a neutral value of what it decides."""


def test_every_mechanism_is_left_out_by_a_test(usual):
    assert {type(part).__name__ for part in usual.month_list} == ABLATIONS.keys()
    for test in ABLATIONS.values():
        file, name = test.split("::")
        assert f"def {name}(" in (Path(__file__).parent / file).read_text(encoding="utf-8"), test


@pytest.mark.parametrize(
    ("needed", "error"),
    [
        (Funnel, BrokenIdentityError),  # candidates that nobody counted
        (Budgets, BrokenIdentityError),  # taxes paid to nobody
        (Staffing, AssertionError),
        (Production, AssertionError),
    ],
)
def test_a_month_without_what_it_needs_stops_and_does_not_run_on_zeros(fresh, needed, error):
    with pytest.raises(error):
        fresh(without=(needed,)).step()
