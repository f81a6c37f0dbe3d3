"""Settings without a mechanism of their own: the run, the opening, the input-output table and projects.

The opening and the table are read by the builders of the opening position, the projects by several mechanisms. Figures
are those of the model description; a default that is a guess says assumption.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import ClassVar, Literal

from sim import data
from sim.parameters import Month, Parameters, choice, entries, integer, month, parameter, show, sum_to_one


class Run(Parameters):
    """Which months are run, what is known of history, and the seed of all chance.

    The opening position is that of December 2013. Facts of history dated after ``known_until`` are withheld; with
    ``world = "conditional"`` outside series of the world are given beyond it, and with ``world = "flat"`` they stay as
    they were at the opening: nothing then grows that the model does not make grow.
    """

    table: ClassVar[str] = "run"

    seed: int = integer(
        1,
        symbol="seed",
        unit="root seed of all random streams",
        low=0,
        high=2**31 - 1,
        grade="assumed",
        source="assumption: any seed is as good as another",
    )
    tolerance: float = parameter(
        1e-12,
        symbol="eps_x",
        unit="relative",
        low=1e-13,
        high=1e-08,
        grade="assumed",
        source="assumption: far below the identity tolerance of 1e-9",
    )
    start: Month = month(
        "2014-01",
        symbol="t0",
        unit="month",
        low="2014-01",
        high="2019-12",
        grade="assumed",
        source="assumption: modelling decision",
    )
    end: Month = month(
        "2035-12",
        symbol="t1",
        unit="month",
        low="2014-12",
        high="2050-12",
        grade="assumed",
        source="assumption: modelling decision",
    )
    known_until: Month = month(
        "2019-11",
        symbol="known",
        unit="month",
        low="2014-12",
        high="2021-12",
        grade="assumed",
        source="assumption: the article reports up to November 2019; events dated later are withheld",
        newest_fact="2019-11",
        published="2019-12",
    )
    world: str = choice(
        "unconditional",
        options=("unconditional", "conditional", "flat"),
        symbol="mode",
        grade="assumed",
        source=(
            "assumption; conditional: world volumes and prices up to 2021-12 are given; "
            "flat: they stay at their opening"
        ),
    )

    rationing: str = choice(
        "local_first",
        options=("local_first", "proportional"),
        symbol="rule",
        grade="assumed",
        source=(
            "assumption; who is served when a home supplier is short: home producers first, or all buyers alike; "
            "long-standing customers nearby are rarely cut first"
        ),
    )

    @property
    def rule(self) -> Literal["local_first", "proportional"]:
        """The rule of rationing, as a type that the matrices know."""
        return "proportional" if self.rationing == "proportional" else "local_first"

    def checks(self) -> Iterator[tuple[str, str]]:
        """The last month comes after the first."""
        if self.end <= self.start:
            yield "end", f'"{self.end}" is not after run.start = "{self.start}"'


class Opening(Parameters):
    """The opening position of December 2013: control totals, county gaps and the synthetic population of firms."""

    table: ClassVar[str] = "opening"

    gdp_2013: float = parameter(
        123.9,
        symbol="G_13",
        unit="bn yuan, current, old basis",
        low=112,
        high=130,
        grade="recalled",
        source="recalled; 107.5 in 2012 is published (preliminary)",
        newest_fact="2013",
    )
    census_revision: float = parameter(
        1.14,
        symbol="rev",
        unit="factor to the 2018 census basis",
        low=1.0,
        high=1.18,
        grade="derived",
        source="245.17/1.092 at 2019 prices against 194.28 for 2018 gives 1.13-1.15",
        newest_fact="2019",
    )
    price_2013_to_2018: float = parameter(
        1.105,
        symbol="defl",
        unit="GDP deflator ratio",
        low=1.08,
        high=1.13,
        grade="derived",
        source=(
            "World Bank, World Development Indicators NY.GDP.DEFL.KD.ZG, 2014-2018: 1.03, 0.00, 1.41, "
            "4.23, 3.50%; in github.com/open-numbers/ddf--open_numbers--world_development_indicators"
        ),
        published="2018",
    )
    industry_share: float = parameter(
        0.41,
        symbol="s_ind",
        unit="share of GDP before the census revision",
        low=0.36,
        high=0.46,
        grade="recalled",
        source="recalled: secondary about 0.48 less construction 0.07; secondary 0.381 in 2007 is published",
        newest_fact="2013",
    )
    construction_share: float = parameter(
        0.07,
        symbol="s_con",
        unit="share of GDP before the census revision",
        low=0.05,
        high=0.1,
        grade="recalled",
        source="recalled",
        newest_fact="2013",
    )
    primary_share: float = parameter(
        0.18,
        symbol="s_pri",
        unit="share of GDP before the census revision",
        low=0.15,
        high=0.2,
        grade="recalled",
        source="recalled",
        newest_fact="2013",
    )
    above_scale_share: float = parameter(
        0.85,
        symbol="s_abv",
        unit="share of industrial VA",
        low=0.75,
        high=0.92,
        grade="assumed",
        source="assumption",
    )
    energy_output: float = parameter(
        12.0,
        symbol="Y_EN",
        unit="bn yuan a year, 2018 prices",
        low=6,
        high=20,
        grade="assumed",
        source="nuclear, thermal, hydro and grid; assumption",
    )
    cells_output: float = parameter(
        6.5,
        symbol="Y_B13",
        unit="bn yuan a year, 2018 prices",
        low=3,
        high=8,
        grade="derived",
        source="two leaders 25 in 2016, current prices; 5 if they had doubled twice until then (docs/calibration.md)",
        newest_fact="2019-11",
        published="2019-12",
    )
    stainless_output: float = parameter(
        20.0,
        symbol="Y_S13",
        unit="bn yuan a year",
        low=10,
        high=35,
        grade="derived",
        source="13 in early years to 100.8 in 2018 (Fujian Daily, 4 Jan 2019), interpolated",
        newest_fact="2018",
        published="2019-01",
    )
    copper_output: float = parameter(
        0.3,
        symbol="Y_C13",
        unit="bn yuan a year",
        low=0,
        high=1,
        grade="assumed",
        source="assumption",
    )
    vehicle_output: float = parameter(
        0.5,
        symbol="Y_V13",
        unit="bn yuan a year (parts of motors and vehicles only)",
        low=0,
        high=2,
        grade="assumed",
        source="assumption",
    )
    firms_above_scale: float = parameter(
        950.0,
        symbol="N_13",
        unit="firms",
        low=700,
        high=1200,
        grade="assumed",
        source="266 in Fuding in 2020 against its GDP share",
        newest_fact="2020",
    )
    pareto_exponent: float = parameter(
        1.06,
        symbol="zeta_0",
        unit="exponent",
        low=0.9,
        high=1.3,
        grade="sourced",
        source=(
            'Axtell, "Zipf distribution of U.S. firm sizes", Science 293:1818, 2001, '
            "https://doi.org/10.1126/science.1062081 (Zipf law, exponent about 1; second decimal "
            "recalled)"
        ),
        published="2001",
    )
    min_size: float = parameter(
        20.0,
        symbol="y_min",
        unit="M yuan a year",
        low=20,
        high=20,
        grade="sourced",
        source="official threshold since 2011",
        published="2011",
    )
    fuding_gdp_share: float = parameter(
        0.2235,
        symbol="w_FD",
        unit="share",
        low=0.21,
        high=0.235,
        grade="derived",
        source="33.25 / 148.8 (2015)",
        newest_fact="2015",
    )
    shouning_gdp_share: float = parameter(
        0.038,
        symbol="w_SN",
        unit="share",
        low=0.033,
        high=0.043,
        grade="derived",
        source="7.44 / 194.28 (2018, low trust)",
        newest_fact="2018",
    )
    per_head_core: float = parameter(
        1.25,
        symbol="f_core",
        unit="relative GDP per head",
        low=1.0,
        high=1.5,
        grade="assumed",
        source="assumption",
    )
    per_head_fuan: float = parameter(
        1.25,
        symbol="f_FA",
        unit="relative GDP per head",
        low=1.0,
        high=1.5,
        grade="assumed",
        source="assumption",
    )
    per_head_xiapu: float = parameter(
        0.85,
        symbol="f_XP",
        unit="relative GDP per head",
        low=0.7,
        high=1.0,
        grade="assumed",
        source="assumption",
    )
    per_head_mountain: float = parameter(
        0.8,
        symbol="f_MTN",
        unit="relative GDP per head",
        low=0.6,
        high=1.0,
        grade="assumed",
        source="assumption; Shouning 2018 gives 0.63",
        newest_fact="2018",
    )
    dongqiao_share: float = parameter(
        0.3,
        symbol="s_DQ",
        unit="share of official Jiaocheng GDP",
        low=0.15,
        high=0.45,
        grade="assumed",
        source="assumption; 23.5 bn in 2020 (press)",
        newest_fact="2020",
    )
    dongqiao_population: float = parameter(
        60000.0,
        symbol="N_DQ",
        unit="persons",
        low=30000,
        high=100000,
        grade="assumed",
        source="assumption",
    )
    high_skill_share_core: float = parameter(
        0.14,
        symbol="h_core",
        unit="share of workers",
        low=0.08,
        high=0.2,
        grade="assumed",
        source="assumption",
    )
    high_skill_share_other: float = parameter(
        0.08,
        symbol="h_oth",
        unit="share of workers",
        low=0.04,
        high=0.12,
        grade="assumed",
        source="assumption",
    )
    working_age_share: float = parameter(
        0.62,
        symbol="s_work",
        unit="share of residents",
        low=0.58,
        high=0.68,
        grade="recalled",
        source="recalled",
        newest_fact="2013",
    )
    rest_fujian_share_gdp: float = parameter(
        0.037,
        symbol="s_RF",
        unit="share of national output",
        low=0.034,
        high=0.041,
        grade="derived",
        source=(
            "Fujian 3,868.8 bn in 2018 after the census (mszz.cn on NBS, Jan 2020, "
            "https://mszz.cn/news/yaowen/73321.html) / 91,928 bn (NBS in FocusEconomics, "
            "https://www.focus-economics.com/country-indicator/China/gdp/) = 4.21%, less Ningde 0.24% = "
            "3.97%; 2017 print 3.90%; lowered for 2013"
        ),
        newest_fact="2018",
        published="2020-01",
    )
    noise_intensity: float = parameter(
        0.35,
        symbol="sd_0",
        unit="sd of log, firm intensities",
        low=0.2,
        high=0.6,
        grade="assumed",
        source="assumption",
    )
    productivity_spread: float = parameter(
        0.1,
        symbol="sd_A",
        unit="sd of log productivity, firms of the opening and later entrants",
        low=0.0,
        high=0.3,
        grade="assumed",
        source="assumption",
    )
    mix_machinery: float = parameter(
        0.25,
        symbol="m_MACH",
        unit="share of the industry outside chains and energy",
        low=0.15,
        high=0.35,
        grade="assumed",
        source="assumption: motors, ships, electrical goods",
    )
    mix_food: float = parameter(
        0.3,
        symbol="m_FOOD",
        unit="share",
        low=0.2,
        high=0.4,
        grade="assumed",
        source="assumption: tea, fish, mushrooms",
    )
    mix_other: float = parameter(
        0.45,
        symbol="m_OTHM",
        unit="share",
        low=0.35,
        high=0.6,
        grade="assumed",
        source="assumption: castings, leather, building materials, medicine",
    )
    battery_materials_output: float = parameter(
        0.5,
        symbol="Y_BM13",
        unit="bn yuan a year, 2018 prices",
        low=0,
        high=2,
        grade="assumed",
        source="assumption: structure parts and equipment mostly",
    )
    stainless_melt_share: float = parameter(
        0.65,
        symbol="m_SM",
        unit="share of opening stainless output",
        low=0.5,
        high=0.8,
        grade="assumed",
        source="assumption",
    )
    stainless_roll_share: float = parameter(
        0.25,
        symbol="m_SR",
        unit="share; the rest is products",
        low=0.1,
        high=0.4,
        grade="assumed",
        source="assumption",
    )
    max_size: float = parameter(
        3000.0,
        symbol="y_max",
        unit="M yuan a year, largest unnamed firm",
        low=1500,
        high=6000,
        grade="assumed",
        source="assumption: legacy firms stay below the leaders",
    )
    share_catl_dongqiao: float = parameter(
        0.05,
        symbol="m_CATL",
        unit="share of opening B_CELL output; the three B_CELL shares sum to 1",
        low=0.02,
        high=0.5,
        grade="derived",
        source="shipments of 0.2 GWh in 2013 and 0.25 GWh in 2014 (world.csv), with room to spare",
        newest_fact="2015",
        published="2018-06",
    )
    share_atl_dongqiao: float = parameter(
        0.47,
        symbol="m_ATL_DQ",
        unit="share of opening B_CELL output",
        low=0.05,
        high=0.6,
        grade="assumed",
        source="assumption",
        newest_fact="2015",
        published="2018-06",
    )
    share_atl_jiaocheng: float = parameter(
        0.48,
        symbol="m_ATL_JC",
        unit="share of opening B_CELL output",
        low=0.3,
        high=0.7,
        grade="assumed",
        source="assumption",
    )
    share_qingtuo_melt: float = parameter(
        0.85,
        symbol="m_QT_M",
        unit="share of opening S_MELT output",
        low=0.6,
        high=1,
        grade="assumed",
        source="assumption",
    )
    share_qingtuo_roll: float = parameter(
        0.7,
        symbol="m_QT_R",
        unit="share of opening S_ROLL output",
        low=0.4,
        high=1,
        grade="assumed",
        source="assumption",
    )
    world_share_atl: float = parameter(
        0.165,
        symbol="s_ATL",
        unit="share of world consumer cells in 2013, all sites",
        low=0.06,
        high=0.18,
        grade="assumed",
        source="assumption; the part above home output stands at other sites",
        newest_fact="2019-11",
        published="2019-12",
    )
    world_share_qingtuo: float = parameter(
        0.023,
        symbol="s_QT",
        unit="share of world crude stainless in 2013, all sites",
        low=0.015,
        high=0.04,
        grade="derived",
        source="0.85 x 13 bn / 12,700 yuan per t / 38.5 Mt",
        newest_fact="2013",
        published="2019-01",
    )
    population_fujian: float = parameter(
        37740000.0,
        symbol="N_FJ",
        unit="persons, 2013",
        low=37500000,
        high=38000000,
        grade="recalled",
        source="recalled: Fujian Bureau of Statistics",
        published="2013",
    )
    population_china: float = parameter(
        1360700000.0,
        symbol="N_CN",
        unit="persons, 2013",
        low=1360000000,
        high=1367000000,
        grade="recalled",
        source="recalled: National Bureau of Statistics",
        published="2013",
    )
    park_fill: float = parameter(
        0.9,
        symbol="f_park",
        unit="occupied / developed, at most",
        low=0.8,
        high=1,
        grade="assumed",
        source="assumption",
    )
    utilisation: float = parameter(
        0.8,
        symbol="U_0",
        unit="output over capacity of every firm at the opening",
        low=0.7,
        high=0.9,
        grade="assumed",
        source="assumption",
    )
    leader_quality: float = parameter(
        0.9,
        symbol="q_0",
        unit="quality of the plants of leaders, 0-1",
        low=0.7,
        high=1.0,
        grade="assumed",
        source="assumption",
    )

    def checks(self) -> Iterator[tuple[tuple[str, ...], str]]:
        """Shares that divide a whole sum to 1, or leave something for the rest."""
        yield from sum_to_one(self, "share_catl_dongqiao", "share_atl_dongqiao", "share_atl_jiaocheng")
        yield from sum_to_one(self, "mix_machinery", "mix_food", "mix_other")
        rolled_and_melted = self.stainless_melt_share + self.stainless_roll_share
        if rolled_and_melted > 1.0:
            sentence = f"stainless_melt_share + stainless_roll_share is {show(rolled_and_melted)}, which is above 1"
            yield ("stainless_roll_share", "stainless_melt_share"), sentence


class InputOutput(Parameters):
    """The input-output table: value added, home technology, splits of national sectors, trade between regions."""

    table: ClassVar[str] = "io"

    va_cell: float = parameter(
        0.33,
        symbol="v_cell",
        unit="VA / output",
        low=0.22,
        high=0.45,
        grade="calibrate",
        source=(
            "between the national battery sector (0.191, 2018 table) and the 2017 cluster figure "
            "15.16/35.84 = 0.423 (China National Radio, May 2018)"
        ),
        newest_fact="2017",
        published="2018",
    )
    va_cathode: float = parameter(
        0.12,
        symbol="v_cath",
        unit="VA / output",
        low=0.08,
        high=0.18,
        grade="recalled",
        source="recalled",
    )
    va_anode: float = parameter(
        0.31,
        symbol="v_anod",
        unit="VA / output",
        low=0.22,
        high=0.4,
        grade="derived",
        source=(
            "NBS national input-output table, 153 sectors (in github.com/Carol-seven/ionet), graphite and"
            " other mineral products 0.306, 0.316, 0.307 in 2017, 2018, 2020 (parent sector)"
        ),
        published="2020",
    )
    va_separator: float = parameter(
        0.4,
        symbol="v_sepa",
        unit="VA / output",
        low=0.3,
        high=0.5,
        grade="recalled",
        source="recalled",
    )
    va_electrolyte: float = parameter(
        0.22,
        symbol="v_elec",
        unit="VA / output",
        low=0.15,
        high=0.3,
        grade="recalled",
        source="recalled",
    )
    va_struct: float = parameter(
        0.24,
        symbol="v_stru",
        unit="VA / output",
        low=0.17,
        high=0.28,
        grade="derived",
        source=(
            "NBS national input-output table, 153 sectors (in github.com/Carol-seven/ionet), metal "
            "products 0.243, 0.245, 0.245 in 2017, 2018, 2020 (parent sector)"
        ),
        published="2020",
    )
    va_equipment: float = parameter(
        0.33,
        symbol="v_eqpt",
        unit="VA / output",
        low=0.25,
        high=0.4,
        grade="recalled",
        source="recalled",
    )
    va_oem: float = parameter(
        0.19,
        symbol="v_oem",
        unit="VA / output",
        low=0.158,
        high=0.228,
        grade="derived",
        source=(
            "NBS national input-output table, 153 sectors (in github.com/Carol-seven/ionet), complete "
            "vehicles: 0.239 (2017), 0.228 (2018), 0.220 (2020), of which net production taxes 0.110 in "
            "2018; low end takes off consumption tax above the parts sector (0.07), which electric cars "
            "and exports do not pay"
        ),
        published="2020",
    )
    va_parts: float = parameter(
        0.195,
        symbol="v_part",
        unit="VA / output",
        low=0.185,
        high=0.21,
        grade="derived",
        source=(
            "NBS national input-output table, 153 sectors (in github.com/Carol-seven/ionet), auto parts: "
            "0.204 (2017), 0.195 (2018), 0.192 (2020)"
        ),
        published="2020",
    )
    va_smelt: float = parameter(
        0.24,
        symbol="v_smel",
        unit="VA / output",
        low=0.15,
        high=0.29,
        grade="derived",
        source=(
            "NBS national input-output table, 153 sectors (in github.com/Carol-seven/ionet), steelmaking "
            "0.223, 0.262, 0.244 and iron and ferroalloys 0.244, 0.289, 0.284 in 2017, 2018, 2020; "
            "imported nickel ore argues for the lower end"
        ),
        published="2020",
    )
    va_roll: float = parameter(
        0.1,
        symbol="v_roll",
        unit="VA / output",
        low=0.06,
        high=0.15,
        grade="recalled",
        source="recalled",
    )
    va_ssprod: float = parameter(
        0.24,
        symbol="v_ssp",
        unit="VA / output",
        low=0.15,
        high=0.28,
        grade="derived",
        source=(
            "NBS national input-output table, 153 sectors (in github.com/Carol-seven/ionet), metal "
            "products 0.243, 0.245, 0.245 in 2017, 2018, 2020 (parent sector)"
        ),
        published="2020",
    )
    va_copper_cathode: float = parameter(
        0.06,
        symbol="v_cu",
        unit="VA / output",
        low=0.04,
        high=0.1,
        grade="derived",
        source=(
            "2018 benchmark TC/RC 82.25 USD/t and 8.225 c/lb (Reuters, 27 Dec 2017, "
            "https://cn.reuters.com/article/china-copper-refining-idCNL4N1OR2PM): about 497 USD per t of "
            "copper at 27% concentrate, 7.6% of the 2018 price of 6,530 (World Bank); less energy and "
            "supplies, plus acid and free metal"
        ),
        published="2018",
    )
    leader_goods_share: float = parameter(
        0.62,
        symbol="m_L",
        unit="goods procurement / output, cell makers",
        low=0.55,
        high=0.7,
        grade="recalled",
        source="recalled: annual reports",
    )
    flq_delta: float = parameter(
        0.25,
        symbol="delta_FLQ",
        unit="exponent",
        low=0.05,
        high=0.35,
        grade="sourced",
        source=(
            "Finland modal 0.25; nine Austrian regions and Catalonia median 0.26, regions of the size of Ningde; "
            "Chinese provinces, ten times as large, 0.05-0.15 (Studies in Regional Science 44:423); see "
            "docs/calibration.md"
        ),
        published="2014",
    )
    gravity_decay: float = parameter(
        0.01,
        symbol="beta_g",
        unit="per minute",
        low=0.004,
        high=0.03,
        grade="assumed",
        source="assumption; own distance = 0.5 sqrt(area/pi) at 40 km/h",
    )
    gravity_decay_far: float = parameter(
        1.0,
        symbol="beta_far",
        unit="elasticity to km, outside regions",
        low=0.5,
        high=1.8,
        grade="recalled",
        source="recalled: gravity literature",
    )
    anchor_cap: float = parameter(
        0.9,
        symbol="cap_a",
        unit="share of a parent cell that anchored child cells may take",
        low=0.7,
        high=0.98,
        grade="assumed",
        source="numerical safety",
    )
    base_scale: float = parameter(
        0.713,
        symbol="g_2013",
        unit="national activity 2013 / 2018 at 2018 prices",
        low=0.705,
        high=0.72,
        grade="derived",
        source=(
            "1/1.4027: World Bank WDI real growth 2014-2018, 7.43, 7.04, 6.85, 6.95, 6.75%; in "
            "github.com/open-numbers/ddf--open_numbers--world_development_indicators"
        ),
        published="2018",
    )
    va_copper_processing: float = parameter(
        0.08,
        symbol="v_cp",
        unit="VA / output",
        low=0.05,
        high=0.14,
        grade="recalled",
        source="recalled",
    )
    km_rest_fujian: float = parameter(
        150.0,
        symbol="km_RF",
        unit="km, home to rest of Fujian",
        low=80,
        high=250,
        grade="assumed",
        source="assumption; only splits outside flows",
    )
    km_rest_china: float = parameter(
        1000.0,
        symbol="km_RC",
        unit="km, home to rest of China",
        low=600,
        high=1500,
        grade="assumed",
        source="assumption; splits outside flows, and freight of outside suppliers (9.5)",
    )
    nontraded_share: float = parameter(
        0.9,
        symbol="R_nt",
        unit="least own share of CONS and CSRV, per level",
        low=0.8,
        high=1,
        grade="assumed",
        source="assumption",
    )
    split_own_use: float = parameter(
        1.0,
        symbol="w_own",
        unit="prior weight of a split product's sales to itself, 1 = by output shares",
        low=0.25,
        high=4,
        grade="assumed",
        source="assumption; unknown, and decisive for multipliers elsewhere (Lindner, Legault and Guan 2012)",
        published="2012",
    )
    premium_import: float = parameter(
        0.03,
        symbol="pi_imp",
        unit="cost premium when local supply fails",
        low=0.0,
        high=0.1,
        grade="assumed",
        source="assumption",
    )
    inventory_months: float = parameter(
        0.5,
        symbol="n_inv",
        unit="months of critical inputs in stock; 0 = none",
        low=0.0,
        high=1.5,
        grade="assumed",
        source="assumption; ARIO-type logic (Hallegatte 2008); prior 0.2 to 1.5",
        published="2008",
    )
    rounds_max: int = integer(
        60,
        symbol="N_c2",
        unit="rounds",
        low=30,
        high=200,
        grade="derived",
        source="28 rounds reached 1e-8 on random data",
    )
    bom: Mapping[str, float] = entries("io.bom")
    split: Mapping[str, float] = entries("io.split")
    ores: Mapping[str, float] = entries("io.ores")

    def checks(self) -> Iterator[tuple[tuple[str, ...], str]]:
        """A national sector of which nothing is left beside its parts (vehicles, vehicle parts) is divided in full."""
        for sector in data.rows("sectors.csv"):
            parts = [part for part in sector["children"].split(";") if part]
            total = sum(self.split[part] for part in parts)
            if parts and not sector["product"] and not abs(total - 1.0) <= 1e-9:
                shares = " + ".join(parts)
                names = tuple(f"split.{part}" for part in parts)
                yield names, f"{shares} is {show(round(total, 9))}; these shares must sum to 1"


class Projects(Parameters):
    """Investment projects and capital: sizes, capital per output, depreciation, ramp-up."""

    table: ClassVar[str] = "projects"

    size_chain_mean: float = parameter(
        711.0,
        symbol="I_bar_C",
        unit="M yuan",
        low=400,
        high=1000,
        grade="derived",
        source="27,000/38",
        newest_fact="2019-11",
        published="2019-12",
    )
    size_vehicle_parts_mean: float = parameter(
        200.0,
        symbol="I_bar_V",
        unit="M yuan",
        low=100,
        high=400,
        grade="assumed",
        source="half of the 10 to 20 bn yuan of the vehicle base with its suppliers / 31 suppliers contracted in 2018 "
        "gives 160 to 320 (projects and history of Ningde); the half is an assumption",
        newest_fact="2019-09",
        published="2019-09",
    )
    size_chain_sigma: float = parameter(
        0.9,
        symbol="sig_I",
        unit="sd of log",
        low=0.6,
        high=1.3,
        grade="assumed",
        source="assumption",
    )
    size_industry_mean: float = parameter(
        300.0,
        symbol="I_bar",
        unit="M yuan",
        low=200,
        high=380,
        grade="derived",
        source="78,080/230 (2018) = 339; 56,342/242 (2020) = 233; 40,860/116 (first half 2021) = 352",
        newest_fact="2021-06",
    )
    size_bump_mean: float = parameter(
        60.0,
        symbol="I_bar_B",
        unit="M yuan",
        low=20,
        high=150,
        grade="assumed",
        source="assumption (article: unplanned promotion attracts low and small)",
        newest_fact="2019-11",
        published="2019-12",
    )
    KY_battery_materials: float = parameter(
        0.307,
        symbol="kappa_mat",
        unit="investment / announced annual output",
        low=0.25,
        high=0.45,
        grade="derived",
        source="27/88; Shanshan 12.5/30=0.42",
        newest_fact="2019-11",
        published="2019-12",
    )
    KY_cell: float = parameter(
        0.3,
        symbol="kappa_cell",
        unit="investment / announced annual output",
        low=0.2,
        high=0.4,
        grade="derived",
        source=("announced plans: Cheliwan 10 bn / 50 bn (Feb 2020), Fuding phase one 17 bn / 50 bn (Dec 2020)"),
        newest_fact="2020-12",
    )
    KY_oem: float = parameter(
        0.18,
        symbol="kappa_oem",
        unit="productive investment / announced output",
        low=0.15,
        high=0.3,
        grade="derived",
        source="SAIC 10/55; plus 10 bn infrastructure",
        newest_fact="2019-09",
        published="2019-09",
    )
    KY_smelt: float = parameter(
        0.25,
        symbol="kappa_smelt",
        unit="investment / output",
        low=0.15,
        high=0.4,
        grade="assumed",
        source="assumption (nickel-chrome integrated route)",
    )
    KY_roll: float = parameter(
        0.15,
        symbol="kappa_roll",
        unit="investment / output",
        low=0.08,
        high=0.3,
        grade="calibrate",
        source="assumption; rolling is light in capital relative to turnover",
    )
    KY_ssprod: float = parameter(
        0.5,
        symbol="kappa_ssprod",
        unit="investment / output",
        low=0.3,
        high=1.0,
        grade="derived",
        source="2019 plan of the Zhouning stainless park: 5 bn for 10-12 bn a year",
        newest_fact="2019",
        published="2020-11",
    )
    KY_copper: float = parameter(
        0.15,
        symbol="kappa_cu",
        unit="investment / output",
        low=0.1,
        high=0.25,
        grade="recalled",
        source="recalled: 4.6 bn for 400 kt; copper wire and foil 6 bn plan",
        newest_fact="2019",
    )
    depreciation: float = parameter(
        0.08,
        symbol="delta_K",
        unit="per year",
        low=0.06,
        high=0.12,
        grade="recalled",
        source="recalled",
    )
    ramp_tau: float = parameter(
        6.0,
        symbol="tau_ramp",
        unit="months (exponential)",
        low=3,
        high=12,
        grade="assumed",
        source="assumption",
    )
    KY_parts: float = parameter(
        0.6,
        symbol="kappa_part",
        unit="investment / output",
        low=0.3,
        high=1.0,
        grade="assumed",
        source="assumption",
    )
    KY_other: float = parameter(
        0.6,
        symbol="kappa_oth",
        unit="investment / output",
        low=0.3,
        high=1.0,
        grade="assumed",
        source="assumption, all nodes not named",
    )
