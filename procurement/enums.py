from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class ProcurementStatus(TextChoices):
    DRAFT = "draft", _("準備中")
    SEARCHING = "searching", _("検索中")
    SELECTED = "selected", _("選定済み")
    TENDERING = "tendering", _("入札受付中")
    EVALUATING = "evaluating", _("評価中")
    AWARDED = "awarded", _("落札者決定")
    CONTRACTED = "contracted", _("契約済み")
    CLOSED = "closed", _("完了")
    CANCELLED = "cancelled", _("中止")
    NONE_SUITABLE = "none_suitable", _("該当なし")


class ContractKind(TextChoices):
    """Kinds of contract the thresholds distinguish. SaaS is normally a service."""

    SERVICE = "service", _("役務（クラウドサービスの利用を含む）")
    PURCHASE = "purchase", _("物品の買入れ")
    LEASE = "lease", _("物品の借入れ")


class TenderStatus(TextChoices):
    DRAFT = "draft", _("作成中")
    OPEN = "open", _("入札受付中")
    MARKING = "marking", _("技術評価中")
    MARKED = "marked", _("技術評価確定（開札待ち）")
    EVALUATED = "evaluated", _("開札・評価済み")
    AWARDED = "awarded", _("落札者決定")
    CANCELLED = "cancelled", _("中止")


class PriceTax(TextChoices):
    """What a bid's prices, the ceiling and the low-price threshold are: practice differs from tender to tender."""

    EXCLUDED = "excluded", _("税抜（消費税及び地方消費税を除く）")
    INCLUDED = "included", _("税込（消費税及び地方消費税を含む）")


class CriterionKind(TextChoices):
    MANDATORY = "mandatory", _("必須")
    SCORED = "scored", pgettext_lazy("criterion", "加点")


class BonusKind(TextChoices):
    STARTUP = "startup", _("デジタル・スタートアップ")
    WAGE = "wage", _("賃上げ")
    WORK_LIFE = "work_life", _("ワーク・ライフ・バランス")


class BidStatus(TextChoices):
    SUBMITTED = "submitted", _("提出済み")
    REPLACED = "replaced", _("差し替え済み")
    WITHDRAWN = "withdrawn", _("辞退")
    INVALID = "invalid", _("無効")


class ClaimStatus(TextChoices):
    CLAIMED = "claimed", _("確認待ち")
    ACCEPTED = "accepted", _("認める")
    REFUSED = "refused", _("認めない")
