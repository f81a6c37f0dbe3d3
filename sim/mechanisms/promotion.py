"""Promotion: from candidates to leads, targeted and unplanned (model description, sections 5 and 9.4).

Every month a pool of candidates is drawn before any policy is read; policy decides which of them become leads:

    lam_L,k = lam_L f(e_L + z_J c_J J) [sum_g planned extra procurement of k in 24 months + cross-chain] / G_ref
    lam_C,k = lam_C f(e_C) (w_sup gap_k + w_str upg_k + w_ext ext_k)^alpha_g                    (bn yuan a year inside)
    lam_K,k = lam_K f(e_K) (sum_p emp_kp / 10,000)^alpha_K U_k/U
    lam_B,k = lam_B f(e_B) x national share of k ;   f(e) = ((e + e_0) / (eref + e_0))^eta
    lam_F,k = (sigma_F/12) (leader jobs / 1,000) related_k
    lam_N,k = (nu_N/12) N_k(opening) Q_k / Q_k0                                                 (legacy nodes)
    gap_k = [sum_g E need_k(t+18) - phi_max (operating + pipeline capacity_k)]^+
    upg_k = min(sum_g need_k, phi_max operating capacity_k) (1 - qbar_k)
    ext_k = [chi_k x leader output usable downstream - what operating and coming plants of k use]^+
    plan pressure m = [1 - signed this year / (I_plan months passed/12)]^+
    e_h = budget mix_h (1 + xi_e m) funded, smoothed ;  cost a year = budget (1 + xi_e m) + c_J J ;  J counts as funded

A candidate of channel h and node k becomes a lead if its luck u_keep < lambda(policy, state) / (f_pool x reference),
so the realised count is exactly Poisson(lambda) and two scenarios meet the same candidates. Choices of this project:
the national investment share of a node is taken as its share of national output of agent products; ext subtracts
operating use besides the pipeline, so that a filled extension stops drawing leads; the weights w_sup, w_str, w_ext
act on bn yuan a year. e_0 is the search that firms do by themselves: what nobody promotes comes too, but less often.

Three effects of policy have a price here. Better suppliers are chosen, not made: strengthening turns away the chain
candidates whose rank in quality is below s_str w_str, so the mean quality rises as their number falls. A plan that
lags behind is chased by campaigns: more effort for more money, beside weaker screens and dearer offers
(:mod:`sim.mechanisms.location`, :mod:`sim.mechanisms.fiscal`), so pressure brings leads, and leads that fail. Joint
offices of city and leaders are paid whether a supplier comes or not; they are effort for suppliers of leaders and
return less and less, as all effort does.

Reads candidates, gaps, plans, employment and effort. Writes: effort, leads, thinned, capped.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from sim.draws import Streams
from sim.mechanisms import Phase
from sim.mechanisms.candidates import REFERENCE_LEADER_JOBS
from sim.mechanisms.gaps import BILLION, GapMap, gap_map, jobs_by_product, sponsors
from sim.mechanisms.location import sponsor_county
from sim.mechanisms.prices import relative_utilisation
from sim.mechanisms.sourcing import Sourcing
from sim.parameters import Lever, Month, Parameters, entries, lever, month, parameter, sum_to_one
from sim.settings import Opening, Projects
from sim.state import YEAR, Candidates, Channel, State
from sim.sums import sum_by

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Promotion(Parameters):
    """Channels, rates and levers of investment promotion."""

    table: ClassVar[str] = "promotion"

    lead_rate_leader: float = parameter(
        0.6,
        symbol="lam_L",
        unit="leads per month at reference demand",
        low=0.1,
        high=1.0,
        grade="calibrate",
        source="fitted to projects known in November 2019, see docs/calibration.md",
        newest_fact="2019-11",
        published="2019-12",
    )
    lead_rate_chain: float = parameter(
        0.2,
        symbol="lam_C",
        unit="leads per month per node at 1 bn yuan gap",
        low=0.16,
        high=0.5,
        grade="calibrate",
        source=(
            "fitted to projects known in November 2019, see docs/calibration.md; a reduced six-node computation "
            "reached 28-37 operating projects for 0.16-0.30"
        ),
        newest_fact="2019-11",
        published="2019-12",
    )
    lead_rate_cluster: float = parameter(
        0.35,
        symbol="lam_K",
        unit="leads per month at reference cluster",
        low=0.1,
        high=1.5,
        grade="calibrate",
        source="fitted to projects known in November 2019, see docs/calibration.md",
        newest_fact="2019-11",
        published="2019-12",
    )
    lead_rate_bump: float = parameter(
        8.0,
        symbol="lam_B",
        unit="leads per month, whole city",
        low=4,
        high=15,
        grade="calibrate",
        source="to calibrate: 230 signings in 2018, most outside four clusters",
        newest_fact="2018",
    )
    gap_elasticity: float = parameter(
        0.6,
        symbol="alpha_g",
        unit="elasticity",
        low=0.3,
        high=1.0,
        grade="calibrate",
        source="to calibrate",
    )
    cluster_elasticity: float = parameter(
        0.3,
        symbol="alpha_K",
        unit="elasticity",
        low=0.1,
        high=0.6,
        grade="assumed",
        source="direction: Hu, Xu & Yashiro 2015; value assumption",
        published="2015",
    )
    effort_elasticity: float = parameter(
        0.35,
        symbol="eta_e",
        unit="elasticity (diminishing)",
        low=0.15,
        high=0.6,
        grade="assumed",
        source="assumption",
    )
    joint_leverage: float = parameter(
        3.0,
        symbol="z_J",
        unit="yuan of the city's own effort that do the same for suppliers of leaders as one of a joint office",
        low=0,
        high=6,
        grade="assumed",
        source="assumption: a buyer at the table opens doors; half an index raises the channel by a quarter",
    )
    own_search: float = parameter(
        10.0,
        symbol="e_0",
        unit="M yuan per year per channel that the search of firms themselves is worth",
        low=0,
        high=30,
        grade="assumed",
        source="assumption: a fifth of the reference effort; firms came to the city before anybody promoted it",
    )
    joint_cost: float = parameter(
        40.0,
        symbol="c_J",
        unit="M yuan per year at index 1",
        low=10,
        high=100,
        grade="assumed",
        source="assumption: a joint office for each of about ten key products at 4 M yuan a year",
    )
    pressure_effort: float = parameter(
        0.5,
        symbol="xi_e",
        unit="share by which effort is raised while nothing of the plan is signed",
        low=0,
        high=1,
        grade="assumed",
        source="assumption: campaigns of promotion towards the end of a year that lags behind its plan",
    )
    plan_pressure: float = parameter(
        0.5,
        symbol="xi_m",
        unit="screen relaxation when behind plan",
        low=0,
        high=1,
        grade="assumed",
        source="assumption",
    )
    effort_reference: float = parameter(
        50.0,
        symbol="eref",
        unit="M yuan per year per channel, city",
        low=20,
        high=100,
        grade="assumed",
        source="assumption",
    )
    downstream_propensity: float = parameter(
        0.15,
        symbol="chi_k",
        unit="share of leader output open to local processing",
        low=0.05,
        high=0.4,
        grade="assumed",
        source="assumption",
    )
    budget: Lever = lever(
        200,
        symbol="E",
        unit="M yuan per year",
        payer="city level",
        low=0,
        high=600,
        grade="assumed",
        source="city promotion spending, assumption",
        scope="city",
    )
    mix_leader: Lever = lever(
        0.3,
        symbol="e_L",
        unit="share of budget",
        payer="city level, out of promotion.budget",
        low=0,
        high=1,
        grade="assumed",
        source="assumption; the four mix shares sum to 1; before promotion.start mix_bump = 1",
        scope="city",
        neutral=0,
        starts="start",
    )
    mix_chain: Lever = lever(
        0.35,
        symbol="e_C",
        unit="share of budget",
        payer="city level, out of promotion.budget",
        low=0,
        high=1,
        grade="assumed",
        source="assumption",
        scope="city",
        neutral=0,
        starts="start",
    )
    mix_cluster: Lever = lever(
        0.25,
        symbol="e_K",
        unit="share of budget",
        payer="city level, out of promotion.budget",
        low=0,
        high=1,
        grade="assumed",
        source="assumption",
        scope="city",
        neutral=0,
        starts="start",
    )
    mix_bump: Lever = lever(
        0.1,
        symbol="e_B",
        unit="share of budget",
        payer="city level, out of promotion.budget",
        low=0,
        high=1,
        grade="assumed",
        source="assumption",
        scope="city",
        neutral=1,
        starts="start",
    )
    weight_strengthen: Lever = lever(
        0.3,
        symbol="w_str",
        unit="share",
        payer="city level, out of promotion.budget",
        low=0,
        high=1,
        grade="assumed",
        source="assumption; the three chain weights sum to 1",
        scope="city",
    )
    weight_supplement: Lever = lever(
        0.5,
        symbol="w_sup",
        unit="share",
        payer="city level, out of promotion.budget",
        low=0,
        high=1,
        grade="assumed",
        source="assumption",
        scope="city",
    )
    weight_extend: Lever = lever(
        0.2,
        symbol="w_ext",
        unit="share",
        payer="city level, out of promotion.budget",
        low=0,
        high=1,
        grade="assumed",
        source="assumption",
        scope="city",
    )
    plan_target: Lever = lever(
        100000,
        symbol="I_plan",
        unit="M yuan signed per year",
        payer="city level, for campaigns; counties, for dearer offers",
        low=20000,
        high=200000,
        grade="sourced",
        source=(
            "100 bn plan every year: Mindong Daily, 26 Dec 2019; industry part 50 bn in 2018: Fujian Daily, 23 May 2018"
        ),
        newest_fact="2019-11",
        published="2019-12",
        scope="city",
        neutral=0,
        starts="plan_start",
    )
    joint: Lever = lever(
        0.5,
        symbol="J",
        unit="index",
        payer="city level",
        low=0,
        high=1,
        grade="assumed",
        source="assumption; joint promotion named in the article",
        newest_fact="2019-11",
        published="2019-12",
        scope="city",
        neutral=0,
        starts="start",
    )
    screen_tax_per_mu: Lever = lever(
        0.08,
        symbol="th_tax",
        unit="M yuan per mu per year",
        payer="no budget: jobs of the projects refused",
        low=0,
        high=0.3,
        grade="assumed",
        source=(
            "assumption: below the weakest agent node at normal margin (0.10); the published standard of 0.2 is a goal"
        ),
        scope="city",
        neutral=0,
        starts="start",
    )
    spinoff_rate: float = parameter(
        0.05,
        symbol="sigma_F",
        unit="spin-offs per 1,000 leader jobs per year",
        low=0,
        high=0.15,
        grade="assumed",
        source="recalled: spin-off literature (Klepper); value assumed",
    )
    pool_factor: float = parameter(
        6.0,
        symbol="f_pool",
        unit="candidate pool rate / reference lead rate",
        low=4,
        high=10,
        grade="assumed",
        source="numerical: thinning bound",
    )
    effort_decay: float = parameter(
        0.9,
        symbol="rho_e",
        unit="per month memory of promotion effort",
        low=0.8,
        high=0.97,
        grade="assumed",
        source="assumption",
    )
    demand_reference: float = parameter(
        10000.0,
        symbol="G_ref",
        unit="M yuan per year",
        low=5000,
        high=20000,
        grade="assumed",
        source="normalisation of leader demand",
    )
    graft_share: float = parameter(
        0.2,
        symbol="p_graft",
        unit="share of channel C and K leads that expand an incumbent",
        low=0.0,
        high=0.5,
        grade="assumed",
        source="assumption; grafting named in the article",
        newest_fact="2019-11",
        published="2019-12",
    )
    spinoff_home: float = parameter(
        0.8,
        symbol="p_home",
        unit="share of spin-offs staying in the parent county",
        low=0.5,
        high=1.0,
        grade="recalled",
        source="recalled: spin-off literature",
    )
    spinoff_least: float = parameter(
        60.0,
        symbol="I_F_lo",
        unit="least investment of a spin-off, M yuan",
        low=20,
        high=100,
        grade="assumed",
        source="assumption",
    )
    spinoff_most: float = parameter(
        200.0,
        symbol="I_F_hi",
        unit="greatest investment of a spin-off, M yuan",
        low=120,
        high=500,
        grade="assumed",
        source="assumption",
    )
    strengthen_screen: float = parameter(
        0.5,
        symbol="s_str",
        unit="share of chain candidates, the weakest in quality, that strengthening turns away at weight 1",
        low=0.0,
        high=0.9,
        grade="assumed",
        source="assumption: raises the mean quality of chain leads by 0.1 at weight 1, as the model description has it",
    )
    normal_entry: float = parameter(
        0.085,
        symbol="nu_N",
        unit="entrants per opening firm and year, legacy nodes",
        low=0.02,
        high=0.15,
        grade="assumed",
        source="assumption: capacity of entry balances that of exit at the opening margins (0.083 to 0.088 over seeds)",
    )
    start: Month = month(
        "2016-01",
        symbol="t_pro",
        unit="month",
        low="2014-01",
        high="2035-12",
        grade="assumed",
        source="assumption: targeted promotion; mix_bump = 1 before",
    )
    plan_start: Month = month(
        "2018-01",
        symbol="t_plan",
        unit="month",
        low="2014-01",
        high="2035-12",
        grade="sourced",
        source="2018 plan (Fujian Daily, 23 May 2018)",
        newest_fact="2018-05",
        published="2018-05",
    )
    cross_chain: Mapping[str, float] = entries("promotion.cross_chain")

    def checks(self) -> Iterator[tuple[tuple[str, ...], str]]:
        """The parts of the budget sum to 1, so that no effort is free; so do the weights of the chain channel."""
        yield from sum_to_one(self, "mix_leader", "mix_chain", "mix_cluster", "mix_bump")
        yield from sum_to_one(self, "weight_supplement", "weight_strengthen", "weight_extend")


def plan_pressure(signed: float, target: float, months: int) -> float:
    """m: how far signing lags behind the plan of the year, 0-1; 0 without a plan.

    Args:
        signed: investment signed this year, M yuan.
        target: plan of the year, M yuan.
        months: months of the year that have passed; in January nothing lags behind yet.
    """
    if target <= 0 or months <= 0:
        return 0.0
    return max(0.0, 1.0 - signed / (target * months / YEAR))


def campaign_budget(budget: float, pressure: float, gain: float) -> float:
    """Budget (1 + xi_e m): what promotion spends while the plan of the year lags behind, M yuan a year.

    Args:
        budget: lever, M yuan a year.
        pressure: m, 0-1.
        gain: xi_e.
    """
    return budget * (1.0 + gain * pressure)


def promotion_cost(promotion: Promotion, state: State) -> float:
    """What promotion would cost if money were no limit, M yuan a year: campaigns and joint offices."""
    spent = campaign_budget(state.lever("promotion.budget"), state.pressure, promotion.pressure_effort)
    return spent + promotion.joint_cost * state.lever("promotion.joint")


def effort_factor(effort: float, reference: float, elasticity: float, own_search: float = 0.0) -> float:
    """((e + e_0) / (eref + e_0))^eta: diminishing returns to promotion effort; 1 at the reference.

    Args:
        effort: M yuan a year.
        reference: eref, M yuan a year.
        elasticity: eta.
        own_search: e_0, what firms search by themselves, in M yuan a year of the city's effort.
    """
    return float(((max(effort, 0.0) + own_search) / (reference + own_search)) ** elasticity)


def chain_bracket(
    gap: Floats, upgrade: Floats, extend: Floats, weights: tuple[float, float, float], power: float
) -> Floats:
    """(w_sup gap + w_str upg + w_ext ext)^alpha_g, arguments in bn yuan a year, 0 where nothing is wanted."""
    supplement, strengthen, extension = weights
    wanted = supplement * gap + strengthen * upgrade + extension * extend
    return np.asarray(np.maximum(wanted, 0.0) ** power * (wanted > 0))


class Funnel:
    """Thins the candidates into leads: the policy decides which of them are kept."""

    phase: ClassVar[Phase] = Phase.PROPOSE
    writes: ClassVar[tuple[str, ...]] = ("effort", "leads", "thinned", "capped")

    def __init__(self, promotion: Promotion, projects: Projects, sourcing: Sourcing, rates: Floats) -> None:
        self.promotion, self.projects, self.sourcing, self.rates = promotion, projects, sourcing, rates

    def step(self, state: State, streams: Streams) -> None:
        """Lead rates of the month, thinning, and the size and quality of each lead."""
        del streams
        pool = state.boards.candidates
        if pool is None:
            return
        state.boards.effort = self._effort(state)
        rates = self.lead_rates(state, state.boards.effort)
        most = self.promotion.pool_factor * self.rates
        state.boards.capped = int((rates > most + 1e-12).sum())
        chance = np.divide(rates, most, out=np.zeros_like(rates), where=most > 0)
        kept = (pool.keep < chance[pool.channel, pool.product]) & self._good_enough(state, pool)
        rows = np.flatnonzero(kept)
        leads = self._leads(state, pool, rows)
        if state.boards.branches is not None and state.boards.branches.any():
            others = self._branches(state, pool, np.flatnonzero(~kept), state.boards.branches)
            leads = {name: np.concatenate([leads[name], others[name]]) for name in leads}
        size = len(leads["product"])
        state.boards.thinned = len(pool) - size
        if size:
            state.boards.leads.append(leads)

    def _good_enough(self, state: State, pool: Candidates) -> NDArray[np.bool_]:
        """(n,) whether strengthening lets a candidate pass: all but the weakest of the chain channel."""
        standard = self.promotion.strengthen_screen * state.lever("promotion.weight_strengthen")
        return np.asarray((pool.channel != Channel.CHAIN) | (pool.quality >= standard))

    @staticmethod
    def _branches(state: State, pool: Candidates, spare: Ints, lack: Floats) -> dict[str, NDArray[np.generic]]:
        """Columns of the sites that incumbents look for: each takes the luck of a candidate for its product left over.

        So luck is the same under every policy, and how many look in a month is a matter of chance as for all others.
        """
        firms, technology = state.firms, state.technology
        asking = np.flatnonzero(lack > 0)
        asking = asking[np.lexsort((firms.slot[asking], -lack[asking]))]  # who lacks most comes first
        rank = rank_within(firms.product[asking])
        seat = rank_within(pool.product[spare])
        width = max(len(asking), len(spare), 1)
        at = np.full(state.world.product_count * width, -1)
        at[pool.product[spare] * width + seat] = spare
        rows = at[firms.product[asking] * width + rank]
        parent, rows = asking[rows >= 0], rows[rows >= 0]
        product, none = firms.product[parent], np.full(len(parent), -1)
        output = lack[parent] / technology.capital[product]
        return {
            "candidate": rows,
            "channel": np.full(len(parent), int(Channel.BRANCH)),
            "product": product,
            "sponsor": none,
            "home": none,
            "parent": parent,
            "investment": lack[parent],
            "capital_intensity": technology.capital[product],
            "announced_output": output,
            "land": output * technology.land[product],
            "graft": none,
            "quality": firms.quality[parent],
            "productivity": firms.productivity[parent],
            **_luck(pool, rows),
        }

    def _effort(self, state: State) -> Floats:
        """(4,) smoothed effort of channels L, C, K and B, M yuan a year."""
        keep = self.promotion.effort_decay
        names = ("mix_leader", "mix_chain", "mix_cluster", "mix_bump")
        mix = np.array([state.lever(f"promotion.{name}") for name in names])
        spent = campaign_budget(state.lever("promotion.budget"), state.pressure, self.promotion.pressure_effort)
        return np.asarray(keep * state.effort + (1.0 - keep) * spent * state.funded[-1] * mix)

    def chains(self, state: State) -> GapMap:
        """What promotion knows about the chains around the leaders."""
        p = self.promotion
        return gap_map(state, p.downstream_propensity, p.cross_chain, self.sourcing.cap_devoted_max)

    def lead_rates(self, state: State, effort: Floats) -> Floats:
        """(6, K) expected leads of the month by channel and node."""
        p, rates = self.promotion, self.rates.copy()
        funded = float(state.funded[-1])
        joint = p.joint_leverage * p.joint_cost * state.lever("promotion.joint") * funded
        worth = effort + np.array([joint, 0.0, 0.0, 0.0])
        factor = [effort_factor(value, p.effort_reference, p.effort_elasticity, p.own_search) for value in worth]
        chains = self.chains(state)
        rates[Channel.LEADER] *= factor[0] * chains.procurement * BILLION / p.demand_reference
        names = ("weight_supplement", "weight_strengthen", "weight_extend")
        weights = tuple(state.lever(f"promotion.{name}") for name in names)
        rates[Channel.CHAIN] *= factor[1] * chain_bracket(
            chains.gap, chains.upgrade, chains.extend, (weights[0], weights[1], weights[2]), p.gap_elasticity
        )
        jobs = (jobs_by_product(state) / 10_000.0) ** p.cluster_elasticity
        rates[Channel.CLUSTER] *= factor[2] * jobs * relative_utilisation(state)
        rates[Channel.UNPLANNED] *= factor[3]
        rates[Channel.SPINOFF] *= leader_jobs(state) / REFERENCE_LEADER_JOBS
        growth = state.markets.volume[6] / state.markets.volume_opening[6]
        rates[Channel.NORMAL] *= growth
        return rates

    def _leads(self, state: State, pool: Candidates, rows: Ints) -> dict[str, NDArray[np.generic]]:
        """Columns of the new leads."""
        channel, product = pool.channel[rows], pool.product[rows]
        investment = self._investment(state, pool, rows)
        intensity = state.technology.capital[product]
        output = investment / intensity
        targeted = channel <= Channel.CLUSTER
        graft = targeted & (channel != Channel.LEADER) & (pool.graft[rows] < self.promotion.graft_share)
        sponsored = (channel == Channel.LEADER) | (channel == Channel.CHAIN)
        stays = (channel == Channel.SPINOFF) & (pool.place[rows] < self.promotion.spinoff_home)
        parent = largest_leader(state)
        home = int(sponsor_county(state)[parent]) if parent >= 0 else -1
        return {
            "candidate": rows,
            "channel": channel,
            "product": product,
            "sponsor": np.where(sponsored, sponsors(state, product), -1),
            "home": np.where(stays, home, -1),
            "parent": np.full(len(rows), -1),
            "investment": investment,
            "capital_intensity": intensity,
            "announced_output": output,
            "land": output * state.technology.land[product],
            "graft": incumbents(state, product, pool.place[rows], graft),
            "quality": 0.3 + 0.4 * pool.quality[rows],
            "productivity": np.exp(state.scenario[Opening].productivity_spread * pool.productivity[rows]),
            **_luck(pool, rows),
        }

    def _investment(self, state: State, pool: Candidates, rows: Ints) -> Floats:
        """Investment of each lead, M yuan: lognormal by kind, uniform for spin-offs."""
        q, channel, product = self.projects, pool.channel[rows], pool.product[rows]
        small = (channel == Channel.UNPLANNED) | (channel == Channel.NORMAL)
        mean = np.where(small, q.size_bump_mean, state.technology.project_size[product])
        drawn = mean * np.exp(q.size_chain_sigma * pool.size[rows] - 0.5 * q.size_chain_sigma**2)
        low, high = self.promotion.spinoff_least, self.promotion.spinoff_most
        spinoff = low + (high - low) * ndtr(pool.size[rows])
        return np.where(channel == Channel.SPINOFF, spinoff, drawn)


def _luck(pool: Candidates, rows: Ints) -> dict[str, NDArray[np.generic]]:
    """The luck of candidates, as columns of leads."""
    return {
        "slot": pool.slot[rows],
        "luck_sign": pool.sign[rows],
        "failure_luck": pool.fail[rows],
        "work_luck": pool.work[rows],
        "requisition_luck": pool.requisition[rows],
        "place": pool.place[rows],
    }


def rank_within(groups: Ints) -> Ints:
    """(n,) position of each entry among those of its group, from 0 on, in the order given."""
    order = np.argsort(groups, kind="stable")
    first = np.searchsorted(groups[order], groups[order])
    rank = np.empty(len(groups), dtype=np.int64)
    rank[order] = np.arange(len(groups)) - first
    return rank


def largest_leader(state: State) -> int:
    """The leader with most persons at work in home plants, from which spin-offs come; -1 without leaders."""
    firms = state.firms
    live = firms.alive & (firms.leader >= 0)
    if not live.any():
        return -1
    return int(sum_by(firms.leader[live], firms.staff[live], len(state.leaders)).argmax())


def leader_jobs(state: State) -> float:
    """Persons at work in home plants of leaders."""
    firms = state.firms
    return float(firms.staff[firms.alive & (firms.leader >= 0)].sum())


def incumbents(state: State, product: Ints, luck: Floats, graft: NDArray[np.bool_]) -> Ints:
    """The operating firm that each graft expands, drawn by capacity; -1 for other leads and where the node has none.

    Args:
        state: firms.
        product: (J,) product of each lead.
        luck: (J,) uniform.
        graft: (J,) whether the lead is a graft.
    """
    firms = state.firms
    chosen = np.full(len(product), -1, dtype=np.int64)
    able = firms.alive & ~firms.fringe & ~firms.block & (firms.leader < 0)
    for node in set(product[graft].tolist()):
        asking = np.flatnonzero(graft & (product == node))
        rows = np.flatnonzero(able & (firms.product == node))
        rows = rows[np.argsort(firms.slot[rows])]  # by slot, so that luck does not depend on the order of the rows
        if len(rows):
            ladder = np.cumsum(firms.capacity[rows])
            chosen[asking] = rows[np.minimum(np.searchsorted(ladder, luck[asking] * ladder[-1]), len(rows) - 1)]
    return chosen
