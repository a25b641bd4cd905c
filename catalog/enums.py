"""Codes of the catalogue. Values are what the interchange format and the API carry; labels are what people read."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class SoftwareStatus(TextChoices):
    UNLISTED = "unlisted", _("未掲載")
    LISTED = "listed", _("掲載中")
    SUSPENDED = "suspended", _("掲載停止")
    LAPSED = "lapsed", _("掲載期限切れ")


class ReviewStatus(TextChoices):
    """The way of submitted revisions to a decision. A draft is a revision without a review."""

    SUBMITTED = "submitted", _("提出済み")
    CHECKING = "checking", _("自動点検中")
    IN_REVIEW = "in_review", _("審査中")
    APPROVED = "approved", _("承認")
    RETURNED = "returned", _("差し戻し")
    REJECTED = "rejected", _("不承認")
    WITHDRAWN = "withdrawn", _("取り下げ")


OPEN_REVIEW_STATUSES = (ReviewStatus.SUBMITTED, ReviewStatus.CHECKING, ReviewStatus.IN_REVIEW)


class Severity(TextChoices):
    ERROR = "error", _("要修正")
    WARNING = "warning", _("要確認")
    INFO = "info", _("参考")


class AttachmentKind(TextChoices):
    PRICE_TABLE = "price_table", _("価格表")
    SLA = "sla", _("サービス仕様・SLA")
    TERMS = "terms", _("利用規約")
    CERTIFICATE = "certificate", _("認証の登録証")


class ScanStatus(TextChoices):
    WAITING = "waiting", _("検査待ち")
    CLEAN = "clean", _("検査済み")
    INFECTED = "infected", _("ウイルスを検出")


class TargetBody(TextChoices):
    MINISTRY = "ministry", _("国の行政機関")
    PREFECTURE = "prefecture", _("都道府県")
    DESIGNATED_CITY = "designated_city", _("政令指定都市")
    MUNICIPALITY = "municipality", _("市区町村")
    UNION = "union", _("広域連合・一部事務組合")
    INCORPORATED = "incorporated", _("独立行政法人等")


class Delivery(TextChoices):
    PUBLIC_CLOUD = "public_cloud", _("パブリッククラウド")
    GOVERNMENT_CLOUD = "government_cloud", _("ガバメントクラウド")
    LGWAN_ASP = "lgwan_asp", _("LGWAN-ASP")


class DataLocation(TextChoices):
    JAPAN = "japan", _("国内のみ")
    JAPAN_AND_ABROAD = "japan_and_abroad", _("国内と国外")
    ABROAD = "abroad", _("国外のみ")


class SignIn(TextChoices):
    PASSWORD = "password", _("パスワード")
    SAML = "saml", "SAML"
    OIDC = "oidc", "OpenID Connect"
    CERTIFICATE = "certificate", _("クライアント証明書")
    MFA = "mfa", _("多要素認証")


class CertificationScheme(TextChoices):
    ISMAP = "ismap", "ISMAP"
    ISMAP_LIU = "ismap_liu", "ISMAP-LIU"
    ISO27001 = "iso27001", "ISO/IEC 27001"
    ISO27017 = "iso27017", "ISO/IEC 27017"
    PRIVACY_MARK = "privacy_mark", _("プライバシーマーク")


class Integration(TextChoices):
    GBIZID = "gbizid", _("GビズID")
    JPKI = "jpki", _("マイナンバーカード認証（JPKI）")
    MYNAPORTAL = "mynaportal", _("マイナポータル")
    GOVERNMENT_CLOUD = "government_cloud", _("ガバメントクラウド")
    PAYMENT = "payment", _("政府共通決済基盤")
    PMH = "pmh", _("PMH（公共医療連携）")
    BASE_REGISTRY = "base_registry", _("ベース・レジストリ")
    GSS = "gss", _("GSS（ガバメントソリューションサービス）")


class StandardTask(TextChoices):
    """The 20 municipal tasks of 地方公共団体情報システムの標準化に関する法律."""

    RESIDENT_RECORD = "resident_record", _("住民基本台帳")
    FAMILY_REGISTER = "family_register", _("戸籍")
    FAMILY_REGISTER_NOTE = "family_register_note", _("戸籍の附票")
    SEAL_REGISTRATION = "seal_registration", _("印鑑登録")
    ELECTION_ROLL = "election_roll", _("選挙人名簿管理")
    PROPERTY_TAX = "property_tax", _("固定資産税")
    RESIDENT_TAX = "resident_tax", _("個人住民税")
    CORPORATE_TAX = "corporate_tax", _("法人住民税")
    VEHICLE_TAX = "vehicle_tax", _("軽自動車税")
    HEALTH_INSURANCE = "health_insurance", _("国民健康保険")
    PENSION = "pension", _("国民年金")
    ELDERLY_MEDICAL = "elderly_medical", _("後期高齢者医療")
    CARE_INSURANCE = "care_insurance", _("介護保険")
    DISABILITY_WELFARE = "disability_welfare", _("障害者福祉")
    LIVELIHOOD_SUPPORT = "livelihood_support", _("生活保護")
    CHILD_ALLOWANCE = "child_allowance", _("児童手当")
    CHILD_REARING_ALLOWANCE = "child_rearing_allowance", _("児童扶養手当")
    CHILD_SUPPORT = "child_support", _("子ども・子育て支援")
    SCHOOL_ENROLMENT = "school_enrolment", _("就学")
    HEALTH_MANAGEMENT = "health_management", _("健康管理")


class Accessibility(TextChoices):
    CONFORMS = "conforms", _("JIS X 8341-3 レベルAA準拠")
    PARTIAL = "partial", _("JIS X 8341-3 レベルAA一部準拠")
    NOT_TESTED = "not_tested", _("未試験")


class SupportChannel(TextChoices):
    PHONE = "phone", _("電話")
    MAIL = "mail", _("メール")
    CHAT = "chat", _("チャット")
    ONSITE = "onsite", _("訪問")


class OfferKind(TextChoices):
    DIRECT = "direct", _("直接販売")
    RESELLER = "reseller", _("販売代理")


class Service(TextChoices):
    ONBOARDING = "onboarding", _("導入支援")
    MIGRATION = "migration", _("データ移行")
    TRAINING = "training", _("操作研修")
    OPERATION = "operation", _("運用代行")


class PriceTiming(TextChoices):
    INITIAL = "initial", _("初期（一回）")
    MONTH = "month", _("月額")
    YEAR = "year", _("年額")
    USAGE = "usage", _("従量（年間の件数）")


class PriceUnit(TextChoices):
    ORGANIZATION = "organization", _("団体")
    USER = "user", _("利用者")
    RESIDENT = "resident", _("住民")
    DEVICE = "device", _("端末")
    CASE = "case", pgettext_lazy("unit", "件")
    GB = "gb", "GB"
