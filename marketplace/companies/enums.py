"""Codes of company facts and of the rules over them. Values are stored and exchanged; labels are what people read."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class EntityKind(TextChoices):
    """What a company is in law: decides whether 中小企業基本法 can apply to it at all."""

    KABUSHIKI = "kabushiki", _("株式会社")
    YUGEN = "yugen", _("特例有限会社")
    GOMEI = "gomei", _("合名会社")
    GOSHI = "goshi", _("合資会社")
    GODO = "godo", _("合同会社")
    SHIGYO = "shigyo", _("士業法人")
    SOLE_PROPRIETOR = "sole_proprietor", _("個人事業主")
    GENERAL_ASSOCIATION = "general_association", _("一般社団法人・一般財団法人")
    PUBLIC_ASSOCIATION = "public_association", _("公益社団法人・公益財団法人")
    NPO = "npo", _("特定非営利活動法人")
    MEDICAL = "medical", _("医療法人")
    SCHOOL = "school", _("学校法人")
    WELFARE = "welfare", _("社会福祉法人")
    COOPERATIVE = "cooperative", _("組合")
    FOREIGN = "foreign", _("外国会社")
    PUBLIC_BODY = "public_body", _("国・地方公共団体等")
    OTHER = "other", _("その他の法人")


class JsicRevision(TextChoices):
    """日本標準産業分類: the revision a code was chosen from."""

    REV13 = "13", _("第13回改定（平成26年4月から）")
    REV14 = "14", _("第14回改定（令和6年4月から）")


class SmeClass(TextChoices):
    """The four lines of 中小企業基本法第2条第1項, in its order."""

    MANUFACTURING = "manufacturing", _("製造業その他")
    WHOLESALE = "wholesale", _("卸売業")
    SERVICE = "service", _("サービス業")
    RETAIL = "retail", _("小売業")


class HolderSize(TextChoices):
    """How a shareholder counts in the five tests of みなし大企業."""

    LARGE = "large", _("大企業")
    SME = "sme", _("中小企業")
    DEEMED_LARGE_SME = "deemed_large_sme", _("大企業の支配を受ける中小企業（基準1〜3に該当）")
    INVESTMENT_EXEMPT = "investment_exempt", _("中小企業投資育成株式会社・投資事業有限責任組合")
    INDIVIDUAL = "individual", _("個人")
    UNKNOWN = "unknown", _("不明")


class FactSource(TextChoices):
    """Where a fact comes from, weakest evidence first: at the same date the later one here is believed."""

    DECLARED = "declared", _("事業者の申告")
    GBIZINFO = "gbizinfo", _("gBizINFO")
    REGISTER = "register", _("登記・法人番号公表サイト")
    DOCUMENT = "document", _("確認書類")


class Answer(TextChoices):
    YES = "yes", _("該当")
    NO = "no", _("非該当")
    CANNOT_TELL = "cannot_tell", _("判定できません")


class Question(TextChoices):
    SME = "sme", _("中小企業者である")
    DEEMED_LARGE = "deemed_large", _("みなし大企業である")
    AGE = "age", _("設立からの年数が基準未満である")
    STATEMENT = "statement", _("技術と事業拡大の説明がある")
    STARTUP = "startup", _("スタートアップである")
