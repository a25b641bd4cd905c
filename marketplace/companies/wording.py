"""The verdicts of ``rules`` in sentences that a vendor and an officer can read."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_DOWN, Decimal
from fractions import Fraction

from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from .enums import Answer, EntityKind, SmeClass
from .rules import Reason, Verdict

SENTENCES: Mapping[str, Promise | str] = {
    "sme.entity.not_told": _("法人の種類が分かりません。"),
    "sme.entity.to_review": _("%(entity_kind)sが中小企業基本法の「会社」に当たるかは、運営者の確認が必要です。"),
    "sme.entity.individual": _("個人事業主なので、常時使用する従業員の数だけで判定します。"),
    "sme.entity.company": _(
        "%(entity_kind)sは「会社」に当たります。資本金か従業員数のどちらかが基準以下なら中小企業者です。"
    ),
    "sme.entity.not_a_company": _("%(entity_kind)sは会社でも個人でもないため、中小企業者には当たりません。"),
    "sme.industry.known": _("日本標準産業分類%(jsic_code)sは「%(sme_class)s」に当たります。"),
    "sme.industry.not_told": _("主たる事業の産業分類が分からないため、どの基準を使うか決まりません。"),
    "sme.industry.unusable": _("産業分類%(jsic_code)sでは、どの基準を使うか決まりません。"),
    "sme.industry.too_short": _(
        "産業分類%(jsic_code)sには%(classes)sが含まれ、この桁数ではどの基準を使うか決まりません。"
    ),
    "sme.industry.not_told_but_settled": _("主たる事業の産業分類は分かりませんが、どの業種でも結果は同じです。"),
    "sme.industry.unusable_but_settled": _(
        "産業分類%(jsic_code)sでは業種が決まりませんが、どの業種でも結果は同じです。"
    ),
    "sme.industry.too_short_but_settled": _(
        "産業分類%(jsic_code)sには%(classes)sが含まれますが、どれでも結果は同じです。"
    ),
    "sme.capital.within": _("資本金（出資の総額）%(capital_yen)s円は、%(sme_class)sの基準%(limit_yen)s円以下です。"),
    "sme.capital.above": _("資本金（出資の総額）%(capital_yen)s円は、%(sme_class)sの基準%(limit_yen)s円を超えます。"),
    "sme.capital.not_told": _("資本金（出資の総額）が分かりません（%(sme_class)sの基準は%(limit_yen)s円以下）。"),
    "sme.employees.within": _("常時使用する従業員%(employees)s人は、%(sme_class)sの基準%(limit)s人以下です。"),
    "sme.employees.above": _("常時使用する従業員%(employees)s人は、%(sme_class)sの基準%(limit)s人を超えます。"),
    "sme.employees.not_told": _("常時使用する従業員の数が分かりません（%(sme_class)sの基準は%(limit)s人以下）。"),
    "deemed_large.nobody_owns": _("個人事業主には株主も役員もいないため、みなし大企業には当たりません。"),
    "deemed_large.shares.above_whole": _(
        "株主の持ち分の合計が%(share_total)sになり、100％を超えています。内容を確かめてください。"
    ),
    "deemed_large.1.met": _(
        "大企業「%(holder)s」が株式の%(share)sを持ち、基準1（1社で%(share_limit)s以上）に当たります。"
    ),
    "deemed_large.1.not_met": _(
        "1社の大企業が持つ株式は多くても%(share_possible)sで、基準1（1社で%(share_limit)s以上）に届きません。"
    ),
    "deemed_large.1.open": _(
        "1社の大企業が持つ株式は%(share)sから%(share_possible)sの間で、基準1（1社で%(share_limit)s以上）は判定できません。"
    ),
    "deemed_large.2.met": _("大企業が合わせて株式の%(share)sを持ち、基準2（合計で%(share_limit)s以上）に当たります。"),
    "deemed_large.2.not_met": _(
        "大企業が持つ株式は合わせて多くても%(share_possible)sで、基準2（合計で%(share_limit)s以上）に届きません。"
    ),
    "deemed_large.2.open": _(
        "大企業が持つ株式は合わせて%(share)sから%(share_possible)sの間で、基準2（合計で%(share_limit)s以上）は判定できません。"
    ),
    "deemed_large.3.met": _(
        "役員%(officers)s人のうち%(officers_at)s人が大企業の役員か職員を兼ね、基準3（%(share_limit)s以上）に当たります。"
    ),
    "deemed_large.3.not_met": _(
        "役員%(officers)s人のうち大企業の役員か職員を兼ねる人は少なく、基準3（%(share_limit)s以上）に届きません。"
    ),
    "deemed_large.3.open": _(
        "役員%(officers)s人のうち%(officers_open)s人の兼職が分からず、基準3（大企業の兼職が%(share_limit)s以上）は判定できません。"
    ),
    "deemed_large.3.not_told": _(
        "役員が分からないため、基準3（大企業の役員か職員を兼ねる役員の割合）は判定できません。"
    ),
    "deemed_large.4.met": _("基準1〜3に当たる中小企業が株式の%(share)sを持ち、基準4（全部）に当たります。"),
    "deemed_large.4.not_met": _(
        "基準1〜3に当たる中小企業が持つ株式は多くても%(share_possible)sで、基準4（全部）に届きません。"
    ),
    "deemed_large.4.open": _(
        "基準1〜3に当たる中小企業が持つ株式は%(share)sから%(share_possible)sの間で、基準4（全部）は判定できません。"
    ),
    "deemed_large.5.met": _(
        "役員%(officers)s人の全員が、基準1〜3に当たる中小企業の役員か職員を兼ね、基準5に当たります。"
    ),
    "deemed_large.5.not_met": _(
        "役員%(officers)s人の中に、基準1〜3に当たる中小企業の兼職がない人がいるため、基準5（全員）に当たりません。"
    ),
    "deemed_large.5.open": _(
        "役員%(officers)s人のうち%(officers_open)s人の兼職が分からず、"
        "基準5（全員が基準1〜3に当たる中小企業の兼職）は判定できません。"
    ),
    "deemed_large.5.not_told": _(
        "役員が分からないため、基準5（基準1〜3に当たる中小企業の役員か職員を兼ねる役員）は判定できません。"
    ),
    "deemed_large.foreign_holder": _(
        "外国の株主「%(holder)s」の規模は、資本金を為替相場で円に換算し、日本の中小企業者の基準に当てはめて確かめます。"
    ),
    "age.under": _(
        "%(established_on)sの設立から%(reference_on)sまで%(years)s年たっていません（%(reached_on)sに達します）。"
    ),
    "age.reached": _(
        "%(established_on)sの設立から%(reached_on)sに%(years)s年がたち、基準日%(reference_on)sには超えています。"
    ),
    "age.not_told": _(
        "設立年月日（個人事業主は開業日）が分かりません。%(reference_on)sに%(years)s年未満である必要があります。"
    ),
    "age.not_yet_established": _(
        "設立年月日%(established_on)sが基準日%(reference_on)sより後です。内容を確かめてください。"
    ),
    "statement.present": _("情報システムに関する技術と、この契約による事業拡大の説明があります。"),
    "statement.empty": _("情報システムに関する技術と、この契約による事業拡大の説明がありません。"),
    "statement.not_told": _("情報システムに関する技術と、この契約による事業拡大の説明がまだ提出されていません。"),
    "startup.definition": _(
        "中小企業者であり、みなし大企業でなく、%(reference_on)sに設立%(years)s年未満であることを確かめます。"
    ),
}

FACTS: Mapping[str, Promise | str] = {
    "entity_kind": _("法人の種類"),
    "capital_yen": _("資本金（出資の総額）"),
    "employees": _("常時使用する従業員の数"),
    "jsic_code": _("主たる事業の産業分類（3桁以上）"),
    "jsic_revision": _("産業分類の改定"),
    "established_on": _("設立年月日（開業日）"),
    "shareholders": _("株主と持ち分"),
    "shareholder_sizes": _("株主の企業規模"),
    "officers": _("役員"),
    "officer_posts": _("役員の兼職"),
    "technology_statement": _("技術と事業拡大の説明"),
}


@dataclass(frozen=True, kw_only=True)
class Step:
    """``answer`` and ``source`` are there for the template to mark and cite the sentence."""

    text: str
    answer: Answer | None
    source: str


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """A verdict in the current language. ``heading`` and ``outcome`` are labels, ``missing`` the names of facts to supply."""

    heading: str
    answer: Answer
    outcome: str
    steps: tuple[Step, ...]
    missing: tuple[str, ...]
    parts: tuple["Explanation", ...]


def explain(verdict: Verdict) -> Explanation:
    return Explanation(
        heading=str(verdict.question.label),
        answer=verdict.answer,
        outcome=str(verdict.answer.label),
        steps=tuple(Step(text=sentence(each), answer=each.answer, source=each.source) for each in verdict.reasons),
        missing=tuple(str(FACTS[name]) for name in verdict.missing),
        parts=tuple(explain(part) for part in verdict.parts),
    )


def sentence(reason: Reason) -> str:
    values = {name: _readable(name, value) for name, value in reason.params.items()}
    text = str(SENTENCES[reason.code]) % values
    if reason.params.get("unknown_holders"):
        text += gettext("企業規模が不明な株主：%(unknown_holders)s。") % values
    return text


def _readable(name: str, value: int | str | list[str]) -> str:
    if isinstance(value, list):
        words = [str(SmeClass(each).label) for each in value] if name == "classes" else value
        return gettext("、").join(words)
    if isinstance(value, int):
        return f"{value:,}"
    if name.startswith("share"):
        return share_text(Fraction(value))
    if name.endswith("_on"):
        return date_format(date.fromisoformat(value))
    if name == "sme_class":
        return str(SmeClass(value).label)
    if name == "entity_kind":
        return str(EntityKind(value).label)
    return value


def share_text(share: Fraction) -> str:
    """``1/2`` → 50％, ``2/3`` → 2/3（約66.66％）: cut off rather than rounded, so that nothing seems to reach a limit."""
    hundredths = Decimal(share.numerator) * 100 / Decimal(share.denominator)
    percent = f"{hundredths.quantize(Decimal('0.01'), ROUND_DOWN):f}".rstrip("0").rstrip(".")
    if Fraction(percent) == share * 100:
        return gettext("%(percent)s％") % {"percent": percent}
    return gettext("%(fraction)s（約%(percent)s％）") % {"fraction": share, "percent": percent}
