"""Results: derived figures equal what they are made of; files come back bit for bit, or not at all."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import shutil
import tempfile
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from sim import data, results
from sim.results import VARIABLES, DamagedError, FolderError, Run, prepare_folder, provenance, storage
from sim.results.run import industry
from sim.results.tables import harmless
from sim.world import load_world
from tests.report import fake

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture(scope="module")
def run() -> Run:
    return fake.run()


@pytest.fixture
def short() -> Run:
    return fake.run(fake.scenario(end="2015-12", seed=7))


@pytest.fixture(scope="module")
def folder_of_short(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("short")
    fake.run(fake.scenario(end="2015-12", seed=7)).save(folder)
    return folder


@pytest.fixture
def saved(folder_of_short: Path, tmp_path: Path) -> tuple[Path, Path]:
    """Dataset and manifest of ``short`` in a folder of one's own, with the tables beside them."""
    shutil.copytree(folder_of_short, tmp_path, dirs_exist_ok=True)
    return tmp_path / "run-seed0007.nc", tmp_path / "manifest-seed0007.json"


def arrays(monthly: xr.Dataset) -> dict[str, np.ndarray]:
    return {name: monthly[name].values.copy() for name in VARIABLES if name != "residual"}


# --- the dataset ------------------------------------------------------------------------------------------------------


def test_every_variable_has_labels_and_units(run: Run) -> None:
    world = load_world()
    assert list(run.monthly.data_vars) == list(VARIABLES)
    assert all(array.attrs["unit"] and array.attrs["long_name"] for array in run.monthly.data_vars.values())
    assert run.monthly["county"].values.tolist() == list(world.county_names)
    assert run.monthly["product"].values.tolist() == list(world.products)
    assert (run.start, run.end, run.monthly.sizes["month"]) == ("2014-01", "2035-12", 264)
    assert run.monthly["month"].dtype == "datetime64[ns]"
    assert run.monthly["output"].attrs["unit"] == "M yuan a month, 2018 prices"
    assert run.output.attrs["unit"] == "bn yuan a year, 2018 prices"
    assert run.output_nominal.attrs["unit"] == "bn yuan a year, current prices"


def test_the_dataset_says_where_it_comes_from(run: Run) -> None:
    chosen = fake.scenario()
    attributes = run.monthly.attrs
    assert (attributes["scenario"], attributes["seed"], attributes["hash"]) == ("fake", 1, chosen.hash)
    assert attributes["text"] == chosen.text
    assert (run.known_until, attributes["opening"]) == ("2019-11", "synthetic")
    assert attributes["data_digest"] == data.digest()
    assert set(run.versions) == {"python", "numpy", "scipy", "mesa", "xarray", "sim"}
    assert run.versions["numpy"] == np.__version__


def test_another_seed_than_that_of_the_scenario_is_kept() -> None:
    chosen = fake.scenario(end="2014-12")
    made = results.dataset(chosen, arrays(fake.monthly(chosen)), {"I1": 0.0}, seed=33)
    assert Run(made).seed == 33


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_value_that_is_no_number_is_refused_by_name_and_place(value: float) -> None:
    chosen = fake.scenario(end="2014-12")
    values = arrays(fake.monthly(chosen))
    values["output"][3, 2, 1] = value
    with pytest.raises(ValueError, match=r"output: .* at position \(3, 2, 1\) of month, county, product"):
        results.dataset(chosen, values, {"I1": 0.0})


def test_a_missing_an_unknown_and_a_misshapen_variable_are_refused() -> None:
    chosen = fake.scenario(end="2014-12")
    values = arrays(fake.monthly(chosen))
    with pytest.raises(ValueError, match=r"missing \['jobs'\], unknown \['job'\]"):
        results.dataset(
            chosen, {("job" if name == "jobs" else name): each for name, each in values.items()}, {"I1": 0.0}
        )
    with pytest.raises(ValueError, match=r"price: shape \(24, 12\), expected \(12, 24\)"):
        results.dataset(chosen, values | {"price": values["price"].T}, {"I1": 0.0})


def test_the_local_share_may_be_undefined_but_not_infinite() -> None:
    chosen = fake.scenario(end="2014-12")
    values = arrays(fake.monthly(chosen))
    values["local_share_realised"][:] = np.nan
    made = Run(results.dataset(chosen, values, {"I1": 0.0}))
    assert np.isnan(made.headline["local_share_realised"]).all()
    values["local_share_realised"][:] = np.inf
    with pytest.raises(ValueError, match="local_share_realised"):
        results.dataset(chosen, values, {"I1": 0.0})


def test_the_largest_residual_is_found(run: Run) -> None:
    assert run.largest_residual == ("I2 columns", 8e-12)


# --- years ------------------------------------------------------------------------------------------------------------


def test_years_are_sums_of_flows_decembers_of_stocks_and_means_of_indices(run: Run) -> None:
    for name, variable in VARIABLES.items():
        if "month" not in variable.dims:
            continue
        months = run.monthly[name].values[60:72]  # 2019
        year = run.yearly[name].sel(year=2019).values
        expected = {"flow": months.sum(axis=0), "stock": months[-1], "index": months.mean(axis=0)}[variable.kind]
        np.testing.assert_array_equal(year, expected, err_msg=name)
    kinds = {name: VARIABLES[name].kind for name in ("output", "entered", "firms", "land", "price", "world_volume")}
    assert list(kinds.values()) == ["flow", "flow", "stock", "stock", "index", "index"]


def test_properties_are_the_yearly_variables_in_billion(run: Run) -> None:
    pairs = ((run.output, "output"), (run.output_nominal, "output_nominal"), (run.value_added, "value_added"))
    for array, name in (*pairs, (run.value_added_nominal, "value_added_nominal")):
        np.testing.assert_array_equal(array.values, run.yearly[name].values / 1000, err_msg=name)
    np.testing.assert_array_equal(run.firms.values, run.yearly["firms"].values)
    assert run.output.sel(county="Fuding").dims == ("year", "product")


@pytest.mark.parametrize(
    ("start", "end", "years"),
    [
        ("2014-01", "2016-12", [2014, 2015, 2016]),
        ("2014-02", "2016-11", [2015]),
        ("2019-12", "2020-12", [2020]),
        ("2019-03", "2020-05", []),
        ("2019-03", "2019-10", []),
    ],
)
def test_a_year_covered_in_part_is_left_out(start: str, end: str, years: list[int]) -> None:
    partial = fake.run(fake.scenario(start, end))
    assert partial.yearly["year"].values.tolist() == years
    assert partial.headline["year"].values.tolist() == years
    assert partial.output.sizes["year"] == len(years)


# --- official statistics ----------------------------------------------------------------------------------------------


def crowded() -> Run:
    """A run in which services and agriculture are "above scale" too: only industry must be counted."""
    monthly = fake.monthly(fake.scenario(end="2016-12"))
    names = [name for name in VARIABLES if "above_scale" in name]
    return Run(monthly.assign({name: monthly[name] * 0 + 1.0 for name in names}))


def test_industry_is_the_products_of_firms_and_energy() -> None:
    world = load_world()
    counted = crowded()
    assert float(industry(counted.monthly["output_above_scale"])[0]) == 19 * 10
    groups = industry(counted.monthly["output_above_scale"], ("chain",))[0]
    sizes = dict(zip(groups["chain"].values.tolist(), groups.values.tolist(), strict=True))
    chains = {chain: 10.0 * int((world.chain == index).sum()) for index, chain in enumerate(world.chains)}
    assert sizes == {**chains, "other": 40.0}  # machinery, food, other industry, energy


def test_trailing_output_by_hand(run: Run) -> None:
    trailing = run.trailing_output()
    nominal = run.monthly["output_above_scale_nominal"].values[:, :, :19].sum(axis=(1, 2))
    between = run.monthly["intermediate_industry_nominal"].values
    real = run.monthly["output_above_scale"].values[:, :, :19].sum(axis=(1, 2))
    for month in (11, 12, 100, 263):
        window = slice(month - 11, month + 1)
        here = trailing.isel(month=month - 11)
        expected = np.datetime64("2014-01") + np.timedelta64(month, "M")
        assert str(here["month"].values.astype("datetime64[M]")) == str(expected)
        assert float(here["nominal"]) == pytest.approx(nominal[window].sum() / 1000, rel=1e-12)
        assert float(here["real"]) == pytest.approx(real[window].sum() / 1000, rel=1e-12)
        assert float(here["net"]) == pytest.approx((nominal - between)[window].sum() / 1000, rel=1e-12)
    assert trailing.sizes["month"] == 264 - 11
    assert trailing["nominal"].attrs["unit"] == "bn yuan, current prices"


def test_chains_and_counties_add_up_to_the_city(run: Run) -> None:
    city = run.trailing_output()
    for by, dims in ((("chain",), ["chain"]), (("county",), ["county"]), (("county", "chain"), ["county", "chain"])):
        parts = run.trailing_output(*by)
        assert parts["nominal"].dims == ("month", *dims)
        assert set(parts.data_vars) == {"nominal", "real"}
        for name in parts:
            np.testing.assert_allclose(parts[name].sum(dims), city[name], rtol=1e-12)


def test_december_is_the_calendar_year(run: Run) -> None:
    expected = run.yearly["output_above_scale_nominal"].values[:, :, :19].sum(axis=(1, 2)) / 1000
    np.testing.assert_allclose(run.headline["output_nominal"], expected, rtol=1e-12)
    np.testing.assert_allclose(run.yearly_output("chain")["nominal"].sum("chain"), expected, rtol=1e-12)


def test_headline_by_hand(run: Run) -> None:
    added = run.yearly["value_added_above_scale_nominal"].sel(year=2019).values
    headline = run.headline.sel(year=2019)
    assert float(headline["value_added_nominal"]) == pytest.approx(added[:, :19].sum() / 1000)
    assert float(headline["four_chain_share"]) == pytest.approx(added[:, :15].sum() / added[:, :19].sum())
    assert float(headline["firms"]) == run.monthly["firms"].values[71].sum()
    assert float(headline["introduced"]) == run.monthly["introduced"].values[71].sum()


def test_a_run_shorter_than_a_year_has_no_trailing_output() -> None:
    assert fake.run(fake.scenario("2019-03", "2019-12")).trailing_output("chain").sizes["month"] == 0


def test_official_jiaocheng_holds_dongqiao(run: Run) -> None:
    official = run.official
    assert "Dongqiao" not in official.monthly["county"].values
    assert official.monthly.sizes["county"] == 9
    for name in (each for each, variable in VARIABLES.items() if "county" in variable.dims):
        ten, nine = run.monthly[name], official.monthly[name]
        if weight := VARIABLES[name].weight:
            size = run.monthly[weight].sum("product")
            both = (ten * size).sel(county=["Jiaocheng", "Dongqiao"]).sum("county")
            mean = both / size.sel(county=["Jiaocheng", "Dongqiao"]).sum("county")
            np.testing.assert_allclose(nine.sel(county="Jiaocheng"), mean, err_msg=name)
            np.testing.assert_allclose(nine.sel(county="Fuan"), ten.sel(county="Fuan"), rtol=1e-14)
            continue
        np.testing.assert_array_equal(
            nine.sel(county="Jiaocheng"), ten.sel(county="Jiaocheng") + ten.sel(county="Dongqiao"), err_msg=name
        )
        for county in set(nine["county"].values.tolist()) - {"Jiaocheng"}:
            np.testing.assert_array_equal(nine.sel(county=county), ten.sel(county=county))
        np.testing.assert_allclose(nine.sum("county"), ten.sum("county"), rtol=1e-12)
    assert list(official.monthly.data_vars) == list(VARIABLES)
    assert official.output.attrs == run.output.attrs


def test_the_first_month_above_the_goal(run: Run) -> None:
    nominal = run.trailing_output()["nominal"]
    assert results.first_month_above(nominal) is None
    place = int(np.flatnonzero(nominal.values >= 500.0)[0])
    assert results.first_month_above(nominal, 500.0) == str(np.datetime64("2014-12") + np.timedelta64(place, "M"))
    assert results.first_month_above(nominal, float(nominal[40])) == "2018-04"  # at the goal counts


# --- files ------------------------------------------------------------------------------------------------------------


def test_save_and_load_return_the_same_bits(short: Run, tmp_path: Path) -> None:
    values = short.monthly["output"].values
    values[0, 0, :4] = [-0.0, 5e-324, 0.1 + 0.2, 1.7976931348623157e308]
    short.monthly["local_share_potential"].values[5] = np.nan
    file = short.save(tmp_path)[0]
    loaded = Run.load(file)
    assert loaded.monthly.identical(short.monthly)
    for name in short.monthly.variables:
        before, after = short.monthly[name].values, loaded.monthly[name].values
        if before.dtype == np.float64:
            assert before.tobytes() == after.tobytes(), name
        assert [str(each) for each in before.ravel()] == [str(each) for each in after.ravel()], name
    assert loaded.monthly["month"].dtype == short.monthly["month"].dtype
    assert loaded.versions == short.versions


def test_names_hold_the_seed_and_nothing_else_is_left(short: Run, tmp_path: Path) -> None:
    files = short.save(tmp_path)
    tables = ("yearly", "headline", "growth", "counties", "indicators", "statistics")
    names = ["run-seed0007.nc", *(f"{table}-seed0007.csv" for table in tables), "manifest-seed0007.json"]
    assert [file.name for file in files] == names
    assert sorted(each.name for each in tmp_path.iterdir()) == sorted(names)


def test_saving_again_changes_no_number(short: Run, tmp_path: Path) -> None:
    first = json.loads(short.save(tmp_path)[-1].read_text(encoding="utf-8"))
    second = json.loads(short.save(tmp_path)[-1].read_text(encoding="utf-8"))
    assert first["arrays_sha256"] == second["arrays_sha256"]
    texts = [name for name in first["files_sha256"] if name.endswith(".csv")]
    assert [first["files_sha256"][name] for name in texts] == [second["files_sha256"][name] for name in texts]


def test_the_default_folder_is_that_of_the_scenario(
    short: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert short.save()[0] == Path("results") / "fake" / "run-seed0007.nc"


def test_the_manifest_says_all_that_repeats_the_run(short: Run, tmp_path: Path) -> None:
    files = short.save(tmp_path)
    manifest = json.loads(files[-1].read_text(encoding="utf-8"))
    chosen = fake.scenario(end="2015-12", seed=7)
    assert (manifest["scenario"], manifest["seed"], manifest["hash"]) == ("fake", 7, chosen.hash)
    assert manifest["text"] == chosen.text
    assert manifest["months"] == {"first": "2014-01", "last": "2015-12", "count": 24}
    assert manifest["largest_residual"] == {"I1 rows": 3e-13, "I2 columns": 8e-12, "I17 nominal": 0.0}
    assert manifest["data_digest"] == data.digest()
    assert manifest["versions"] == short.versions
    for file in files[:-1]:
        assert manifest["files_sha256"][file.name] == hashlib.sha256(file.read_bytes()).hexdigest()


def test_the_digest_sees_every_bit_and_every_label(short: Run) -> None:
    before = storage.digest(short.monthly)
    nudged = short.monthly.copy(deep=True)
    nudged["jobs"].values[3, 2, 1] = np.nextafter(nudged["jobs"].values[3, 2, 1], np.inf)
    renamed = short.monthly.assign_coords(county=[name.upper() for name in short.monthly["county"].values])
    assert len({before, storage.digest(nudged), storage.digest(renamed)}) == 3
    assert storage.digest(short.monthly.assign_attrs(versions="{}")) == before


def test_a_failure_while_writing_leaves_no_file(short: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def half(_: xr.Dataset, path: Path, **__: object) -> None:
        Path(path).write_bytes(b"half of a file")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(xr.Dataset, "to_netcdf", half)
    with pytest.raises(FolderError, match=r"run-seed0007\.nc: the file could not be written.*No space left"):
        short.save(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_kill_while_writing_leaves_no_file(short: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(*_: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", killed)
    with pytest.raises(KeyboardInterrupt):
        short.save(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_failure_leaves_the_older_run_as_it_was(short: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = short.save(tmp_path)[0]
    before = file.read_bytes()
    monkeypatch.setattr(storage.os, "fsync", lambda _: (_ for _ in ()).throw(OSError(5, "Input/output error")))
    with pytest.raises(FolderError, match="Input/output error"):
        short.save(tmp_path)
    monkeypatch.undo()
    assert file.read_bytes() == before
    assert Run.load(file).monthly.identical(short.monthly)


def test_a_run_with_an_older_manifest_is_refused(short: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = short.save(tmp_path)[0]
    monkeypatch.setattr(storage, "_manifest", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt()))
    changed = Run(short.monthly.assign(jobs=short.monthly["jobs"] + 1))
    with pytest.raises(KeyboardInterrupt):
        changed.save(tmp_path)
    with pytest.raises(DamagedError, match="damaged"):
        Run.load(file)


def test_the_file_reaches_the_disk_before_its_name(short: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []
    fsync, replace = os.fsync, Path.replace
    monkeypatch.setattr(storage.os, "fsync", lambda number: (order.append("fsync"), fsync(number)))
    monkeypatch.setattr(Path, "replace", lambda self, to: (order.append("rename"), replace(self, to))[1])
    short.save(tmp_path)
    assert order == ["fsync", "rename", "fsync"] * 8  # dataset, six tables, manifest


@pytest.mark.parametrize("place", [0, 100, -1])
def test_a_damaged_file_never_meets_the_library(
    saved: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, place: int
) -> None:
    file = saved[0]
    content = bytearray(file.read_bytes())
    content[place] ^= 1
    file.write_bytes(content)
    monkeypatch.setattr(xr, "load_dataset", lambda *_, **__: pytest.fail("the library met damaged bytes"))
    with pytest.raises(DamagedError, match=r"run-seed0007\.nc: the file is damaged.*run the scenario again"):
        Run.load(file)


def test_a_truncated_file_is_refused(saved: tuple[Path, Path]) -> None:
    file = saved[0]
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(DamagedError, match="damaged"):
        Run.load(file)


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "null", "{}", '{"files_sha256": 1}', '{"files_sha256": {}, "format": 0}', "[" * 200_000]
)
def test_a_manifest_that_is_none_is_refused(saved: tuple[Path, Path], content: str) -> None:
    file, manifest = saved
    manifest.write_text(content, encoding="utf-8")
    with pytest.raises(DamagedError, match=r"manifest-seed0007\.json"):
        Run.load(file)


def test_a_run_of_another_version_of_the_files_is_refused(saved: tuple[Path, Path]) -> None:
    file, manifest = saved
    content = json.loads(manifest.read_text(encoding="utf-8"))
    manifest.write_text(json.dumps(content | {"format": storage.FORMAT + 1}), encoding="utf-8")
    with pytest.raises(DamagedError, match="saved by another version of the simulator"):
        Run.load(file)


def test_a_missing_manifest_or_run_is_named(saved: tuple[Path, Path], tmp_path: Path) -> None:
    file, manifest = saved
    manifest.unlink()
    with pytest.raises(DamagedError, match="the manifest is missing"):
        Run.load(file)
    with pytest.raises(FileNotFoundError, match=r"run-seed0009\.nc: there is no such file"):
        Run.load(tmp_path / "run-seed0009.nc")
    with pytest.raises(DamagedError, match=r"has a name such as run-seed0001\.nc"):
        Run.load(tmp_path / "yearly-seed0007.csv")


def _describe(file: Path, manifest: Path) -> None:
    """Make the manifest vouch for the bytes of the file, as a forger would."""
    content = json.loads(manifest.read_text(encoding="utf-8"))
    content["files_sha256"][file.name] = hashlib.sha256(file.read_bytes()).hexdigest()
    manifest.write_text(json.dumps(content), encoding="utf-8")


def test_bytes_that_are_vouched_for_but_no_run_are_refused(saved: tuple[Path, Path]) -> None:
    file, manifest = saved
    file.write_bytes(b"\x89HDF\r\n\x1a\n and nothing else")
    _describe(file, manifest)
    with pytest.raises(DamagedError, match="no dataset of a run"):
        Run.load(file)


def test_other_numbers_in_a_file_that_is_vouched_for_are_refused(short: Run, saved: tuple[Path, Path]) -> None:
    file, manifest = saved
    short.monthly.assign(jobs=short.monthly["jobs"] * 2).to_netcdf(file, engine="netcdf4")
    _describe(file, manifest)
    with pytest.raises(DamagedError, match="the numbers are not those"):
        Run.load(file)


# --- tables -----------------------------------------------------------------------------------------------------------


def table(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))))


def test_the_yearly_table_is_the_yearly_dataset(short: Run, tmp_path: Path) -> None:
    rows = table(short.save(tmp_path)[1])
    assert len(rows) == 2 * 10 * 24
    assert {(row["scenario"], row["seed"], row["evidence"]) for row in rows} == {("fake", "7", "synthetic")}
    for row in rows[::37]:
        at = {"year": int(row["year"]), "county": row["county"], "product": row["product"]}
        for column, array in (
            ("output_bn_yuan_2018_prices", short.output),
            ("value_added_bn_yuan_current_prices", short.value_added_nominal),
            ("jobs_persons", short.jobs),
            ("firms", short.firms),
            ("capital_bn_yuan_2018_prices", short.yearly["capital"] / 1000),
        ):
            assert float(row[column]) == pytest.approx(float(array.sel(at)), rel=1e-9), column


def test_the_headline_table_is_the_headline(short: Run, tmp_path: Path) -> None:
    rows = table(short.save(tmp_path)[2])
    assert [row["year"] for row in rows] == ["2014", "2015"]
    net = short.headline["output_net"].values
    assert [float(row["output_net_bn_yuan_current_prices"]) for row in rows] == pytest.approx(net.tolist(), rel=1e-9)


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_a_formula_in_a_text_cell_stays_text(text: str) -> None:
    assert harmless(text) == f"'{text}"


def test_texts_of_a_table_are_made_harmless_and_numbers_stay(short: Run, tmp_path: Path) -> None:
    assert harmless("Fuding") == "Fuding"
    evil = Run(short.monthly.assign_attrs(scenario="=cmd()").assign(jobs=-short.monthly["jobs"]))
    row = table(evil.save(tmp_path)[1])[0]
    assert row["scenario"] == "'=cmd()"
    assert float(row["jobs_persons"]) < 0


# --- folders ----------------------------------------------------------------------------------------------------------


def test_a_folder_is_made_and_left_empty(tmp_path: Path) -> None:
    folder = prepare_folder(tmp_path / "a" / "b")
    assert folder.is_dir()
    assert list(folder.iterdir()) == []
    assert prepare_folder(folder) == folder


@pytest.mark.parametrize("below", ["", "inside", "inside/deeper"])
def test_a_file_in_the_way_is_named(tmp_path: Path, below: str) -> None:
    (tmp_path / "results").write_text("mine", encoding="utf-8")
    with pytest.raises(FolderError, match="results is a file, so there can be no folder"):
        prepare_folder(tmp_path / "results" / below)
    assert (tmp_path / "results").read_text(encoding="utf-8") == "mine"


def test_a_link_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "results").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    monkeypatch.chdir(tmp_path)
    for folder in (tmp_path / "results", tmp_path / "dangling", Path("results"), Path("results") / "baseline"):
        with pytest.raises(FolderError, match="is a link"):
            prepare_folder(folder)
    assert list((tmp_path / "elsewhere").iterdir()) == []
    assert not (tmp_path / "nowhere").exists()


def test_without_permission_nothing_is_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(tempfile, "TemporaryFile", refuse)
    with pytest.raises(FolderError, match="no permission to write results there"):
        prepare_folder(tmp_path / "a" / "b")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="the administrator may write anywhere")
def test_a_folder_that_is_read_only_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(FolderError, match="no permission"):
        prepare_folder(tmp_path / "results")


@pytest.mark.parametrize("name", ["nul\0character", "x" * 300])
def test_an_impossible_name_is_one_sentence(tmp_path: Path, name: str) -> None:
    with pytest.raises(FolderError) as caught:
        prepare_folder(tmp_path / "made" / name)
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


# --- provenance -------------------------------------------------------------------------------------------------------


def checkout(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    "files",
    [
        {".git/HEAD": f"{COMMIT}\n"},
        {".git/HEAD": "ref: refs/heads/main\n", ".git/refs/heads/main": f"{COMMIT}\n"},
        {".git/HEAD": "ref: refs/heads/main\n", ".git/packed-refs": f"# packed\n{COMMIT} refs/heads/main\n"},
        {
            ".git": "gitdir: main/.git/worktrees/second\n",
            "main/.git/worktrees/second/HEAD": "ref: refs/heads/main\n",
            "main/.git/worktrees/second/commondir": "../..\n",
            "main/.git/refs/heads/main": f"{COMMIT}\n",
        },
    ],
    ids=["detached", "branch", "packed", "second working tree"],
)
def test_the_commit_is_read_from_the_checkout(tmp_path: Path, files: dict[str, str]) -> None:
    assert provenance.code_version(checkout(tmp_path, files)) == f"git {COMMIT}"


@pytest.mark.parametrize("files", [{}, {".git/HEAD": "ref: refs/heads/main\n"}, {".git/HEAD": "rubbish"}])
def test_without_a_commit_the_version_of_the_package_is_told(tmp_path: Path, files: dict[str, str]) -> None:
    assert provenance.code_version(checkout(tmp_path, files)) == f"version {provenance.package_version()}"


def test_the_digest_of_the_code_sees_a_change_that_git_does_not(tmp_path: Path) -> None:
    checkout(tmp_path, {"a.py": "x = 1\n", "sub/b.py": "y = 2\n"})
    before = provenance.code_digest(tmp_path)
    assert provenance.code_digest(tmp_path) == before
    checkout(tmp_path, {"sub/b.py": "y = 3\n"})
    assert provenance.code_digest(tmp_path) != before
