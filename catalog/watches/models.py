"""Saved searches, what each knew of the listings it finds, and what it found to be new."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.http import QueryDict
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from marketplace import clock
from marketplace.accounts.enums import Role
from marketplace.accounts.permissions import agencies_of
from marketplace.references import new_reference

from ..criteria import SIZE_FIELDS, Criteria
from .enums import DIGESTS, Frequency, HitKind


def new_saved_search_reference():
    return new_reference("SS")


class SavedSearchQuerySet(models.QuerySet):
    def watching(self):
        return self.exclude(frequency=Frequency.NEVER)

    def visible_to(self, user):
        """One's own, and those that buyers and officers of the same agency share."""
        return self.filter(Q(owner=user) | Q(agency__in=agencies_of(user, Role.BUYER, Role.OFFICER)))

    def digest_due(self, now):
        return self.filter(due_at__lte=now)


class SavedSearch(models.Model):
    """A search somebody keeps, to repeat it or to be told of news. Its conditions never change: others make another one."""

    reference = models.CharField(max_length=16, unique=True, default=new_saved_search_reference, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="saved_searches"
    )  # a person's own list goes with the person
    agency = models.ForeignKey(
        "accounts.Agency", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("共有先")
    )
    name = models.CharField(_("名前"), max_length=100)
    note = models.CharField(_("メモ"), max_length=500, blank=True)
    params = models.TextField(blank=True, editable=False)  # as Criteria writes them to the URL
    frequency = models.CharField(_("知らせる頻度"), max_length=10, choices=Frequency, default=Frequency.DAILY)
    due_at = models.DateTimeField(null=True, editable=False)  # when the next digest is due, whatever the broker forgets
    created_at = models.DateTimeField(default=clock.now, editable=False)
    edited_at = models.DateTimeField(default=clock.now, editable=False)

    objects = SavedSearchQuerySet.as_manager()

    class Meta:
        verbose_name = _("保存した検索")
        verbose_name_plural = _("保存した検索")
        indexes = [models.Index(fields=["due_at"], name="saved_search_due", condition=Q(due_at__isnull=False))]
        constraints = [
            models.CheckConstraint(name="saved_search_frequency_known", condition=Q(frequency__in=Frequency.values)),
            models.CheckConstraint(
                name="saved_search_digest_has_due",
                condition=Q(frequency__in=DIGESTS, due_at__isnull=False) | (~Q(frequency__in=DIGESTS) & Q(due_at=None)),
            ),
        ]

    def __str__(self):
        return self.name

    def get_absolute_url(self):
        return reverse("catalog:saved_search_detail", args=[self.reference])

    @cached_property
    def criteria(self) -> Criteria:
        params = QueryDict(self.params)
        return Criteria.from_params(params, {name: int(params[name]) for name in SIZE_FIELDS if name in params})


class SavedSearchListing(models.Model):
    """What a saved search knew of a listing when it last looked: that it matches, and at what price."""

    saved_search = models.ForeignKey(SavedSearch, models.CASCADE, related_name="known")  # derived
    software = models.ForeignKey("catalog.Software", models.CASCADE, related_name="+")  # derived
    price = models.BigIntegerField(null=True)  # yen a year at the saved size

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["saved_search", "software"], name="saved_search_knows_listing_once")
        ]

    def __str__(self):
        return f"{self.saved_search_id}: {self.software_id}"


class SavedSearchHit(models.Model):
    """One event one saved search tells of, once. ``happened_at`` is the event's own time, not when we noticed."""

    saved_search = models.ForeignKey(SavedSearch, models.CASCADE, related_name="hits")  # goes with its search
    software = models.ForeignKey("catalog.Software", models.CASCADE, related_name="+")  # a message, no record
    kind = models.CharField(max_length=16, choices=HitKind)
    revision = models.ForeignKey("catalog.Revision", models.PROTECT, related_name="+")  # what stood then
    happened_at = models.DateTimeField()
    old_price = models.BigIntegerField(null=True)
    new_price = models.BigIntegerField(null=True)
    found_at = models.DateTimeField(default=clock.now)
    told_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("保存した検索の新着")
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["saved_search"], name="saved_search_hit_untold", condition=Q(told_at=None)),
        ]
        constraints = [
            models.CheckConstraint(name="saved_search_hit_kind_known", condition=Q(kind__in=HitKind.values)),
            models.UniqueConstraint(
                fields=["saved_search", "software", "kind", "revision", "happened_at"],
                name="saved_search_hit_once",
            ),
        ]

    def __str__(self):
        return f"{self.get_kind_display()} {self.software_id}"


class ChangedListing(models.Model):
    """A listing that search finds differently since its transaction: to be looked at, then deleted."""

    software = models.ForeignKey("catalog.Software", models.CASCADE, related_name="+")  # a queue, no record
    changed_at = models.DateTimeField(default=clock.now)

    class Meta:
        ordering = ["pk"]

    def __str__(self):
        return str(self.software_id)
