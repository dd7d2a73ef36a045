"""A gap is a slope on which an official panel and the paper disagree."""

from analysis.specifications import SPECIFICATIONS, select
from analysis.ye2024.decomposition.gaps import gaps
from tests.helpers.gaps import loaded


def test_only_disagreements_are_shared_out():
    frames, dataset = loaded()
    found = {(g.record.column, g.panel) for g in gaps(select(["3.2", "8.2"]), frames, dataset)}
    # 0.085, 0.022 and 0.025 against 0.105 (0.031); 0.041 against −0.047 (0.015) in sign, −0.032.
    assert ("3.2", "official-census4") in found
    assert ("3.2", "official") not in found
    assert ("8.2", "official-census4") in found
    assert ("8.2", "official") not in found
    assert gaps([], frames, dataset) == []
    assert {record.estimator for record in SPECIFICATIONS} == {"twfe", "system_gmm"}
