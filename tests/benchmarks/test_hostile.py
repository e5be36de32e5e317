"""The benchmark of tables that ask for too much runs, on tiny ones."""

import json

from benchmarks.tables import hostile


def test_the_benchmark_measures_every_case_and_stores_it(tmp_path, monkeypatch):
    monkeypatch.setattr(hostile, "QUICK", hostile.Size(400, 2**22, 2**22, 2**31))
    told = hostile.write_tables

    def few(folder, size):
        cases = told(folder, size)
        return [case for case in cases if case[2] in ("good.csv.gz", "long_names.csv")][:2]

    monkeypatch.setattr(hostile, "write_tables", few)
    hostile.main(["--quick", "--out", str(tmp_path)])
    result = json.loads((tmp_path / "hostile_tables.json").read_text("utf-8"))
    good, long = result["cases"]
    assert (good["command"], good["code"], good["said"]) == ("predict", 0, "")
    assert long["code"] == 2
    assert "names of the columns, is longer than 2,097,152 bytes" in long["said"]
    assert 20 < good["peak_megabytes"] < 2000
    assert good["seconds"] > 0
