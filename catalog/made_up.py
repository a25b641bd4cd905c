"""Made-up software in the interchange format, to load and measure with: words put together by chance, the same for the
same seed and day. Nobody mistakes it for the demonstration data, which people wrote."""

import datetime as dt
import re
from collections.abc import Iterator
from random import Random
from typing import Any

from marketplace.companies.rules.corporate_number import corporate_number_check_digit
from marketplace.references import ALPHABET, LENGTH

from . import enums
from .interchange import Line, OfferLine, Party
from .search.bench import corpus

COMPANIES = 2_000
_ITEMS = ("基本利用料", "標準プラン", "行政向けプラン", "アカウント利用料")
_PLACES = (
    "青葉",
    "若草",
    "三条",
    "白鳥",
    "常盤",
    "千種",
    "桜木",
    "本町",
    "緑川",
    "大門",
    "浜松町",
    "八千代",
    "富士見",
    "日吉",
    "朝霧",
    "星ヶ丘",
)
_TRADES = (
    "情報",
    "システム",
    "ソフト",
    "データ",
    "テクノ",
    "ネットワーク",
    "クラウド",
    "ワークス",
    "計算センター",
    "デジタル",
)
_HEADS = (
    "ヒカリ",
    "ミライ",
    "アオゾラ",
    "マチ",
    "クラシ",
    "ツナガル",
    "サクラ",
    "カケル",
    "スマート",
    "シビック",
    "コネクト",
    "リンク",
)
_TAILS = (
    "クラウド",
    "ナビ",
    "ポータル",
    "ワークス",
    "ノート",
    "デスク",
    "ベース",
    "ボード",
    "ステーション",
    "ヒロバ",
    "プラス",
    "フロー",
)
_CERTIFICATES = {
    "ismap": "C{0}-{1:04}-2",
    "ismap_liu": "L{0}-{1:04}-1",
    "iso27001": "IS {1:06}",
    "iso27017": "CLOUD {1:06}",
    "privacy_mark": "{1:08}({0})",
}


def lines(count: int, *, seed: int, day: dt.date) -> Iterator[Line]:
    """Yield ``count`` lines with references, one at a time."""
    for number in range(1, count + 1):
        yield line(number, seed=seed, day=day)


def line(number: int, *, seed: int, day: dt.date) -> Line:
    """Line ``number``: depends on number, seed and day alone. Disclosed in the year before ``day``."""
    random = Random(f"{seed} {number}")
    text = corpus.listing(seed * 10**9 + number)
    maker = company(random.randrange(COMPANIES), seed=seed, day=day)
    sellers = [maker]
    for _ in range(random.choices((0, 1, 2), (60, 30, 10))[0]):
        seller = company(random.randrange(COMPANIES), seed=seed, day=day)
        if seller not in sellers:
            sellers.append(seller)
    content = {
        "name": f"{text['name'][:80]} {number}",
        "name_kana": random.choice(_HEADS) + random.choice(_TAILS),
        "summary": text["summary"][:100],
        # About 300 characters, as long as what people write.
        "description": "".join(re.findall("[^。]*。", text["description"])[: random.randint(8, 13)]),
        "categories": [category["path"][1] for category in text["categories"]],
        "target_bodies": text["target"],
        "delivery": text["delivery"],
        "data_location": random.choices(enums.DataLocation.values, (90, 9, 1))[0],
        "certifications": [_certificate(scheme, random, day) for scheme in text["certification"]],
        "integrations": text["integration"],
        "api": random.random() < 0.6,
        "sign_in": _some(random, enums.SignIn.values, 2),
        "sla": {"availability_percent": random.choice(("99", "99.5", "99.9", "99.95", "99.99"))},
        "disclosed_on": (day - dt.timedelta(days=random.randrange(365))).isoformat(),
        "data_ownership": random.random() < 0.95,
        "support": {"hours": "平日 9:00〜17:30", "channels": _some(random, enums.SupportChannel.values, 2)},
    }
    if text["standard_task"]:
        content["standard_tasks"] = text["standard_task"]
    offers = tuple(
        OfferLine(seller=seller, content=_offer("direct" if seller == maker else "reseller", random))
        for seller in sellers
    )
    return Line(reference=_reference(number, seed), maker=maker, content=content, offers=offers)


def company(number: int, *, seed: int, day: dt.date) -> Party:
    """Company ``number`` from 0: the same facts on every line that names it. Its 法人番号 is of nobody."""
    random = Random(f"{seed} company {number}")
    base = f"98{seed % 10_000:04}{number:06}"
    return Party(
        corporate_number=f"{corporate_number_check_digit(base)}{base}",
        name=f"{random.choice(_PLACES)}{random.choice(_TRADES)}{number}株式会社",
        established_on=day - dt.timedelta(days=random.randrange(200, 20_000)),
        capital_yen=random.choice((0, 1_000_000, 10_000_000, 50_000_000, 50_000_001, 300_000_000, 1_200_000_000)),
        employees=int(random.paretovariate(0.7) * 5) % 20_000,
        jsic=random.choice(("391", "392", "4013", "5521")),
    )


def _offer(kind: str, random: Random) -> dict[str, Any]:
    item, unit = random.choice(_ITEMS), random.choice(("user", "organization", "device"))
    timing = random.choice(("month", "year"))
    amount = random.choice((300, 500, 800, 1_200)) * (1 if unit != "organization" else 200)
    tiers = (
        [1, *sorted(random.sample((51, 101, 501, 1_001), random.choice((0, 1, 2))))] if unit != "organization" else [1]
    )
    table = [
        _price_line(item, timing, unit, str(amount * (10 - step) // 10), start, end and end - 1)
        for step, (start, end) in enumerate(zip(tiers, [*tiers[1:], None], strict=True))
    ]
    if random.random() < 0.6:
        table.insert(
            0, _price_line("初期費用", "initial", "organization", str(random.randrange(0, 60) * 10_000), 1, None)
        )
    return {"kind": kind, "price_lines": table, "services": _some(random, enums.Service.values, 2)}


def _price_line(item: str, timing: str, unit: str, amount: str, start: int, end: int | None) -> dict[str, Any]:
    return {
        "item": item, "timing": timing, "unit": unit, "amount_yen": amount,
        "from_quantity": start, "to_quantity": end, "tax_included": False,
    }  # fmt: skip


def _certificate(scheme: str, random: Random, day: dt.date) -> dict[str, str]:
    number = _CERTIFICATES[scheme].format(random.randrange(21, 26), random.randrange(1, 10_000))
    return {
        "scheme": scheme,
        "number": number,
        "expires_on": (day + dt.timedelta(days=random.randrange(120, 900))).isoformat(),
    }


def _some(random: Random, values: list[str], count: int) -> list[str]:
    chosen = random.sample(values, count)
    return [value for value in values if value in chosen]


def _reference(number: int, seed: int) -> str:
    """A bijection, so that no two numbers share one: a multiplication modulo the number of references."""
    size = len(ALPHABET) ** LENGTH
    rest = (number * 436_273_009 + seed * 1_000_003) % size  # the factor shares none with the modulus
    digits = []
    for _ in range(LENGTH):
        rest, digit = divmod(rest, len(ALPHABET))
        digits.append(ALPHABET[digit])
    return "SW-" + "".join(reversed(digits))
