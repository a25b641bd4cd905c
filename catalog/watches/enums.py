from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Frequency(TextChoices):
    AT_ONCE = "at_once", _("そのつど")
    DAILY = "daily", _("1日1回（朝8時）")
    WEEKLY = "weekly", _("週1回（月曜の朝8時）")
    NEVER = "never", _("知らせない")


DIGESTS = (Frequency.DAILY, Frequency.WEEKLY)


class HitKind(TextChoices):
    MATCHED = "matched", _("新しく合致")
    RESUMED = "resumed", _("掲載の再開")
    PRICE_CHANGED = "price_changed", _("価格の変更")
    SUSPENDED = "suspended", _("掲載停止")
    LAPSED = "lapsed", _("掲載期限切れ")


ENDS = (HitKind.SUSPENDED, HitKind.LAPSED)
