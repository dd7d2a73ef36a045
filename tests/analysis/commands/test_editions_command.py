"""The command of both editions, with fits that are not sampled."""

import pandas as pd

from analysis.commands import editions
from analysis.comparison import tables


def test_a_column_is_set_beside_its_first_edition_and_others_stay(tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(editions, "sample_jobs", lambda listed, *_: asked.extend(listed) or [])
    empty = pd.DataFrame(columns=["panel", "model", "column", "fitted_column", "term"])
    monkeypatch.setattr(tables, "make", lambda _: {"comparison": empty, "turning_points": empty})
    for columns in (["8.2", "8.3"], ["8.3"]):
        editions.editions(columns, out=tmp_path)
    assert {job.specification.column for job in asked} == {"3.2"}  # of which 8.2 is a part
    assert {job.panel.name.partition("@")[2] for job in asked} == {"", "1"}
    written = pd.read_csv(tmp_path / "results/long" / "editions.csv", dtype={"column": str})
    assert written["column"].value_counts().to_dict() == {"8.2": 3, "8.3": 3}
    assert written["estimate_first"].notna().all()
