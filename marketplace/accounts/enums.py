from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class AgencyKind(TextChoices):
    MINISTRY = "ministry", _("国の行政機関")
    PREFECTURE = "prefecture", _("都道府県")
    DESIGNATED_CITY = "designated_city", _("政令指定都市")
    MUNICIPALITY = "municipality", _("市区町村")
    UNION = "union", _("広域連合・一部事務組合")
    INCORPORATED = "incorporated", _("独立行政法人等")


class Role(TextChoices):
    """What a person is in one organisation. A person may hold several memberships."""

    VENDOR_MEMBER = "vendor_member", _("事業者メンバー")
    VENDOR_ADMINISTRATOR = "vendor_administrator", _("事業者管理者")
    BUYER = "buyer", _("購買担当")
    OFFICER = "officer", _("契約担当官")
    EVALUATOR = "evaluator", _("評価委員")
    REVIEWER = "reviewer", _("運営審査担当")
    ADMINISTRATOR = "administrator", _("運営管理者")


COMPANY_ROLES = (Role.VENDOR_MEMBER, Role.VENDOR_ADMINISTRATOR)
AGENCY_ROLES = (Role.BUYER, Role.OFFICER, Role.EVALUATOR)
OPERATOR_ROLES = (Role.REVIEWER, Role.ADMINISTRATOR)


class GbizAccountType(TextChoices):
    """``account_type`` of GビズID's UserInfo."""

    ENTRY = "1", _("エントリー")
    PRIME = "2", _("プライム")
    MEMBER = "3", _("メンバー")


class AccessRequestStatus(TextChoices):
    PENDING = "pending", _("確認待ち")
    APPROVED = "approved", _("承認")
    REFUSED = "refused", _("不承認")
