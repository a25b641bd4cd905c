"""What ``pricing`` finds, in sentences for the vendor who mends a price table and the buyer who gives a size."""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from .pricing import Fault, FaultCode, Problem

QUANTITIES: Mapping[str, Promise | str] = {
    "organizations": _("団体数"),
    "users": _("利用者数"),
    "residents": _("住民数"),
    "devices": _("端末数"),
    "cases_per_year": _("年間の件数"),
    "gigabytes": _("保存容量（GB）"),
    "gigabytes_per_year": _("年間の通信量（GB）"),
}

PROBLEMS: Mapping[Problem, Promise | str] = {
    Problem.QUANTITY_MISSING: _("数量が入力されていないため、計算できません。"),
    Problem.NO_TIER: _("この数量の価格は公開されていません。販売事業者に確かめてください。"),
    Problem.TIERS_OVERLAP: _("この数量に当たる価格が二つあり、計算できません。"),
}

FAULTS: Mapping[FaultCode, Promise | str] = {
    FaultCode.EMPTY: _("価格表に行がありません。1行以上入力してください。"),
    FaultCode.ITEM_BLANK: _("%(lines)s行目：品目を入力してください。"),
    FaultCode.AMOUNT_NEGATIVE: _("%(lines)s行目：単価は0円以上で入力してください。"),
    FaultCode.FROM_BELOW_ONE: _("%(lines)s行目：数量の下限は1以上で入力してください。"),
    FaultCode.TO_BELOW_FROM: _("%(lines)s行目：数量の上限を下限以上にしてください。"),
    FaultCode.VALIDITY_REVERSED: _("%(lines)s行目：有効期間の終わりを始まり以後にしてください。"),
    FaultCode.TIERS_OVERLAP: _("%(lines)s行目：「%(item)s」の数量の範囲が重なっています。"),
    FaultCode.TIERS_GAP: _("%(lines)s行目：「%(item)s」の数量の範囲の間に、価格のない数量があります。"),
    FaultCode.TAX_MIXED: _("%(lines)s行目：「%(item)s」の税込と税抜をそろえてください。"),
}


def fault_sentence(fault: Fault) -> str:
    """Lines are counted from 1, as the form shows them."""
    numbers = str(_("・")).join(str(position + 1) for position in fault.lines)
    return str(FAULTS[fault.code]) % {"lines": numbers, "item": fault.item}
