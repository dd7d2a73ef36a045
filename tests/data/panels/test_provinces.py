"""The 31 provinces, their regions and their spellings."""

from collections import Counter

import pytest

from data.panels.provinces import PROVINCES, REGION_OF, REGIONS, canonical


def test_31_provinces_in_the_papers_three_regions():
    assert len({p.name for p in PROVINCES}) == len({p.zh for p in PROVINCES}) == 31
    assert Counter(REGION_OF.values()) == {"east": 11, "central": 8, "west": 12}
    assert tuple(dict.fromkeys(REGIONS)) == ("east", "central", "west")


@pytest.mark.parametrize("province", PROVINCES, ids=lambda province: province.name)
def test_each_province_is_found_by_its_names(province):
    joined = province.name.replace(" ", "")
    names = [province.name, province.name.upper(), joined, joined.lower(), province.zh]
    names += [province.zh + "省", province.name + " Province", f"  {province.name}  "]
    assert {canonical(name) for name in names} == {province.name}


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("北京市", "Beijing"),
        ("内蒙古自治区", "Inner Mongolia"),
        ("广西壮族自治区", "Guangxi"),
        ("宁夏回族自治区", "Ningxia"),
        ("新疆维吾尔自治区", "Xinjiang"),
        ("西藏自治区", "Tibet"),
        ("Xizang", "Tibet"),
        ("Xizang Autonomous Region", "Tibet"),
        ("Guangxi Zhuang Autonomous Region", "Guangxi"),
        ("Ningxia Hui Autonomous Region", "Ningxia"),
        ("Xinjiang Uygur Autonomous Region", "Xinjiang"),
        ("Xinjiang Uyghur autonomous region", "Xinjiang"),
        ("inner_mongolia", "Inner Mongolia"),
        ("Neimenggu", "Inner Mongolia"),
        ("Shanghai Municipality", "Shanghai"),
        ("Beijing Shi", "Beijing"),
        ("Hebei Sheng", "Hebei"),
    ],
)
def test_suffixes_and_other_spellings(text, name):
    assert canonical(text) == name


@pytest.mark.parametrize("text", ["", "全国", "China", "Taiwan", "Hong Kong", "Shan", "省", "P01"])
def test_what_names_no_province(text):
    assert canonical(text) is None


def test_neighbours_in_spelling_stay_apart():
    assert canonical("Shanxi") != canonical("Shaanxi")
    assert canonical("山西") == "Shanxi"
    assert canonical("陕西") == "Shaanxi"
