from django.conf import settings
from django.core.mail import EmailMessage
from django.db import models
from django.utils.translation import gettext_lazy as _

from marketplace import clock


class NotificationQuerySet(models.QuerySet):
    def unread(self):
        return self.filter(read_at=None)

    def mail_due(self, now):
        return self.filter(mail_due_at__lte=now, mailed_at=None)


class Notification(models.Model):
    """One message to one person, shown in the application and sent as mail. Whoever acts decides who is told; this only delivers."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="notifications"
    )  # a person's own inbox goes with the person
    event = models.CharField(max_length=60)  # e.g. review_returned: names the templates
    subject = models.CharField(_("件名"), max_length=200)
    body = models.TextField(_("本文"))
    path = models.CharField(max_length=300, blank=True)  # where to act, relative to the site
    unsubscribe_path = models.CharField(max_length=300, blank=True)  # ends mails of this kind, without signing in
    created_at = models.DateTimeField(default=clock.now, editable=False)
    read_at = models.DateTimeField(null=True, editable=False)
    # NULL: no mail wanted. Otherwise a sweep sends it once due, however often the broker forgets.
    mail_due_at = models.DateTimeField(null=True, editable=False)
    mailed_at = models.DateTimeField(null=True, editable=False)

    objects = NotificationQuerySet.as_manager()

    class Meta:
        verbose_name = _("お知らせ")
        verbose_name_plural = _("お知らせ")
        indexes = [
            models.Index(fields=["user", "-id"], name="notification_inbox"),
            models.Index(fields=["mail_due_at"], name="notification_mail_due", condition=models.Q(mailed_at=None)),
        ]

    def __str__(self):
        return self.subject

    def as_email(self):
        body, headers = self.body, {}
        if self.path:
            body += f"\n\n{settings.PUBLIC_URL}{self.path}"
        if self.unsubscribe_path:
            off = f"{settings.PUBLIC_URL}{self.unsubscribe_path}"
            body += f"\n\nこのお知らせを止める：{off}"  # Japanese like the rest: see actions.notify
            # RFC 8058: the mail program's own button posts to it.
            headers = {"List-Unsubscribe": f"<{off}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
        return EmailMessage(self.subject, body, settings.DEFAULT_FROM_EMAIL, [self.user.mail_address], headers=headers)
