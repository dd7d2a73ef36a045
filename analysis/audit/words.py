"""Reading of a table's notes and headings."""

import re
from collections.abc import Iterator, Mapping

SE, T, Z, P, OTHER = "se", "t", "z", "p", "other"

_STATISTIC = "值|値|统计|統計|检验|檢定"
INSIDE = {
    SE: r"standard[- ]?(error|deviation|fehler)|std\.? ?(err|dev)|\bs\.?e\.?(s|'s)?(?![a-z])|"
    r"标准[误差]|標準誤差?|erreurs? standard|errores est[aá]ndar|erros? padr|errori standard|"
    r"стандартн",
    T: rf"(?<![a-z])t(?={_STATISTIC})|\bt[- ]?(values?|stat|ratios?|tests?)|(?<!['’])\bt\b",
    Z: rf"(?<![a-z])z(?={_STATISTIC})|\bz[- ]?(values?|stat|scores?|ratios?|tests?)|\bz\b",
    P: r"(?<![a-z])p(?=值|値)|\bp[- ]?val|\bp\b(?! ?[<≤>=])|probabilit",
    OTHER: r"confidence|credible|\bci\b|interval|置信",
}
"""Statistics that may be in parentheses."""

CONVENTIONAL, ROBUST, CLUSTERED, UNUSUAL = "conventional", "robust", "clustered", "unusual"

ERRORS = {
    CONVENTIONAL: r"non-?robust|not robust|conventional|classical|homosk|homosc|\biid\b|普通标准误",
    CLUSTERED: r"cluster|聚类",
    UNUSUAL: r"newey|\bhac\b|autocorr|driscoll|kraay|conley|spatial|\bpcse\b|panel[- ]corrected",
    ROBUST: r"robust(?!ness)|heterosk|heterosc|sandwich|huber|eicker|\bwhite|\bhc[0-5]|稳健|异方差",
}
"""Kinds of standard errors, the first that fits."""

RESAMPLED = r"bootstrap|jackknife|resampl|permut|randomi[sz]ation inf|自助"
ADJUSTED = r"bonferroni|\bfdr\b|false discovery|q[- ]?values?|sidak|holm|romano|multiple (test|hyp)"
ONE_SIDED = r"one[- ]?(tail|side)|单[侧尾]"

EXPONENTIATED = (
    r"(?<!log[ -])(odds|hazard|rate|risk)[- ]?ratio|^ors?$|\birrs?\b|\bhrs?\b|\brrrs?\b|"
    r"exponentiat|\bexp ?\(|\beform\b|优势比|比值比|风险比"
)
STANDARDISED = r"(?<!un)(?<!un-)standardi[sz]ed|\bbetas?\b|标准化"

NOT_LEAST_SQUARES = (
    r"logi[ts]|probit|poisson|tobit|\bcox\b|hazard|binomial|nbreg|\bgmm\b|\b[23]sls\b|tsls|"
    r"\b(iv|2sri|liml)\b|instrument|quantile|random[- ]effects?|\bre\b|\bf?gls\b|likelihood|"
    r"\bmle?\b|multilevel|mixed|ordered|multinomial|heckman|工具变量|随机效应|分位数|泊松"
)

R2_KINDS = {
    "adjusted": r"adj|调整",
    "pseudo": r"pseudo|mcfadden|cox|nagelkerke|efron|tjur|伪",
    "other": r"between|overall|组间|总体|uncent",
}

CONSTANT = re.compile(r"(?i:_?cons(t|tant)?( term)?|\(?intercept\)?)|常数项?|截距项?|C|α")
NO = {"no", "n", "none", "否", "无", "×", "x", "✗", "✘", "false", "0"}

LEVEL = re.compile(r"(\d*[.,]?\d+) ?(%|percent|per ?cent|pct)?", re.IGNORECASE)
MOST = 0.5
"""A greater share is one of confidence, and the level is what it leaves."""
MARK = r"(?P<mark>\*{1,5}|[†‡§#+]{1,3}|\^)"
MARKED_LEVEL = re.compile(
    rf"{MARK}\s*(denotes?|indicates?|:|=|significan\w*( at)?)?\s*p?\s*[<≤=]*\s*"
    r"(?P<level>\d*[.,]?\d+ ?(%|percent|per ?cent)?)",
    re.IGNORECASE,
)
CLUSTERS = (
    r"(\d[\d,]*) ?(?:\w+ )?clusters?\b",
    r"clusters? ?(?::|=|\() ?(\d[\d,]*)",
    r"\bG ?= ?(\d+)",
)


def says(pattern: str, text: str) -> bool:
    """Return whether a text holds words."""
    return re.search(pattern, text, re.IGNORECASE) is not None


def first(patterns: Mapping[str, str], text: str) -> str:
    """Return the first kind whose words a text holds, empty if none."""
    return next((kind for kind, pattern in patterns.items() if says(pattern, text)), "")


def in_parentheses(note: str) -> tuple[str, ...]:
    """Return what a note may call the numbers in parentheses; one where it is clear, none if mute.

    Of "t statistics based on robust standard errors in parentheses" the subject is the first.
    Where a note speaks of parentheses and of brackets, only the clause on parentheses counts.
    """
    text = note.lower()
    clauses = re.split(r"[;。;]|\.\s|,(?=[^,]*bracket)", text)
    placed = [clause for clause in clauses if re.search(r"parenthes|圆?括号", clause)]
    text = " ".join(placed) if placed else text
    text = re.sub(r"\bp ?[<≤] ?[\d.]+", "", text)
    starts = {kind: hit.start() for kind, hit in _mentions(text)}
    if OTHER in starts or len(starts) < 2:
        return tuple(starts)[:1] if len(starts) < 2 else (OTHER,)
    ordered = sorted(starts, key=starts.get)
    based = re.search(r"\b(based|comput|calculat|using|from|with|by)", text)
    if based and starts[ordered[0]] < based.start() < starts[ordered[1]]:
        return (ordered[0],)
    return tuple(ordered)


def _mentions(text: str) -> Iterator[tuple[str, re.Match]]:
    for kind, pattern in INSIDE.items():
        hit = re.search(pattern, text)
        if hit:
            yield kind, hit


def levels(mark: str, text: str) -> dict[str, float]:
    """Return the level of a mark, or of every mark that a whole note explains."""
    marked = {hit["mark"]: level(hit["level"]) for hit in MARKED_LEVEL.finditer(text)}
    if not mark:
        return marked if len(marked) > 1 else _listed(text) or marked
    return {mark: marked.get(mark) or level(re.sub(r"^[^\d.]*", "", text))}


def _listed(text: str) -> dict[str, float | None]:
    """Return the levels of a note that lists marks, then levels: "*, ** denote 5 %, 1 %"."""
    marks = [hit["mark"] for hit in re.finditer(MARK, text)]
    shares = [hit[0] for hit in LEVEL.finditer(text)]
    if len(marks) != len(shares):
        return {}
    percent = "%" if re.search(r"%|per ?cent|pct", text) else ""
    return {
        mark: level(share if "%" in share else f"{share}{percent}")
        for mark, share in zip(marks, shares, strict=True)
    }


def level(text: str) -> float | None:
    """Return the share that "1%", "0.01", ".01", "p < 0.01", "1" (percent) or "99%" means."""
    match = LEVEL.search(text)
    if not match:
        return None
    value = float(match[1].replace(",", "."))
    share = value / 100 if match[2] or value >= 1 else value
    if not 0 < share < 1:
        return None
    return share if share <= MOST else round(1 - share, 12)


def confidence(text: str) -> float:
    """Return the level of intervals that a note gives, 0.95 if it gives none."""
    match = re.search(
        r"(\d\d(?:\.\d+)?) ?(?:%|per ?cent)[^.;*]{0,25}(?:interval|\bci|confidence|置信)",
        text,
        re.IGNORECASE,
    )
    return float(match[1]) / 100 if match else 0.95


def clusters(text: str) -> int | None:
    """Return the number of clusters that a note gives."""
    for pattern in CLUSTERS:
        match = re.search(pattern, text, re.IGNORECASE)
        if match:
            return int(match[1].replace(",", ""))
    return None
