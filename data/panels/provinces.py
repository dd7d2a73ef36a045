"""The 31 provinces of mainland China, their regions, and the spellings they go by."""

from dataclasses import dataclass

from data.panels.spelling import fold_words

REGIONS = ("east", "central", "west")
"""The paper's three regions (Table 8: 11, 8 and 12 provinces), in its order."""


@dataclass(frozen=True)
class Province:
    """One province: English name, short Chinese name, economic region."""

    name: str
    zh: str
    region: str


PROVINCES = (
    Province("Beijing", "北京", "east"),
    Province("Tianjin", "天津", "east"),
    Province("Hebei", "河北", "east"),
    Province("Shanxi", "山西", "central"),
    Province("Inner Mongolia", "内蒙古", "west"),
    Province("Liaoning", "辽宁", "east"),
    Province("Jilin", "吉林", "central"),
    Province("Heilongjiang", "黑龙江", "central"),
    Province("Shanghai", "上海", "east"),
    Province("Jiangsu", "江苏", "east"),
    Province("Zhejiang", "浙江", "east"),
    Province("Anhui", "安徽", "central"),
    Province("Fujian", "福建", "east"),
    Province("Jiangxi", "江西", "central"),
    Province("Shandong", "山东", "east"),
    Province("Henan", "河南", "central"),
    Province("Hubei", "湖北", "central"),
    Province("Hunan", "湖南", "central"),
    Province("Guangdong", "广东", "east"),
    Province("Guangxi", "广西", "west"),
    Province("Hainan", "海南", "east"),
    Province("Chongqing", "重庆", "west"),
    Province("Sichuan", "四川", "west"),
    Province("Guizhou", "贵州", "west"),
    Province("Yunnan", "云南", "west"),
    Province("Tibet", "西藏", "west"),
    Province("Shaanxi", "陕西", "west"),
    Province("Gansu", "甘肃", "west"),
    Province("Qinghai", "青海", "west"),
    Province("Ningxia", "宁夏", "west"),
    Province("Xinjiang", "新疆", "west"),
)
"""In the order of the administrative codes, as every yearbook prints them."""

REGION_OF = {province.name: province.region for province in PROVINCES}

# Longest first, so that "维吾尔自治区" is stripped before "自治区".
_SUFFIXES_ZH = ("维吾尔自治区", "壮族自治区", "回族自治区", "自治区", "省", "市")
_SUFFIXES_EN = (
    "uygur autonomous region",
    "uyghur autonomous region",
    "zhuang autonomous region",
    "hui autonomous region",
    "autonomous region",
    "province",
    "municipality",
    "city",
    "shi",
    "sheng",
)
_ALIASES = {"xizang": "Tibet", "neimenggu": "Inner Mongolia", "nei mongol": "Inner Mongolia"}
_BY_NAME = {
    **_ALIASES,
    **{province.name.lower(): province.name for province in PROVINCES},
    **{province.name.lower().replace(" ", ""): province.name for province in PROVINCES},
    **{province.zh: province.name for province in PROVINCES},
}


def canonical(text: str) -> str | None:
    """Return the English name of a province, or None if `text` names none of the 31.

    Parameters
    ----------
    text : str
        Chinese or English, with or without suffix: "广西", "广西壮族自治区", "Guangxi",
        "guangxi zhuang autonomous region".
    """
    name = fold_words(text)
    for suffix in _SUFFIXES_ZH:
        name = name.removesuffix(suffix)
    for suffix in _SUFFIXES_EN:
        name = name.removesuffix(" " + suffix)
    return _BY_NAME.get(name)
