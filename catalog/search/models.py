"""Derived tables of search: made from the live rows by ``index``, read by ``page`` and ``suggest``, nothing else."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.utils.translation import gettext_lazy as _


class SearchDocument(models.Model):
    """One row a listed software. Kept narrow: the three wide columns live out of line (migration ``search_storage``),
    so that counting reads few pages. Columns are in the order that packs best; see ``document`` for what they hold."""

    listing = models.OneToOneField(
        "catalog.Software",
        models.CASCADE,  # derived: goes with its row
        primary_key=True,
        related_name="search_document",
    )
    listed_at = models.DateTimeField()
    categories = models.BigIntegerField()
    price = models.BigIntegerField(null=True)
    digest = models.BigIntegerField()
    seed = models.IntegerField()
    adoptions = models.IntegerField()
    availability = models.IntegerField(null=True)
    standard_tasks = models.IntegerField()
    targets = models.SmallIntegerField()
    certifications = models.SmallIntegerField()
    integrations = models.SmallIntegerField()
    deliveries = models.SmallIntegerField()
    sme = models.SmallIntegerField()
    startup = models.SmallIntegerField()
    price_band = models.SmallIntegerField()
    availability_band = models.SmallIntegerField()
    tokens_version = models.SmallIntegerField()
    head = SearchVectorField()
    grams = SearchVectorField()
    body = models.TextField()

    class Meta:
        app_label = "catalog"
        indexes = [
            # No pending list: it would be read by every search until somebody flushes it.
            GinIndex(fields=["grams"], fastupdate=False, name="search_grams"),
            GinIndex(fields=["head"], fastupdate=False, name="search_head"),
        ]

    def __str__(self):
        return f"search document of {self.listing_id}"


class SearchName(models.Model):
    """A place in a listing's name, or in its reading, from where somebody may start typing it."""

    listing = models.ForeignKey("catalog.Software", models.CASCADE, related_name="search_names")  # derived
    form = models.CharField(max_length=120, db_collation="C")
    rank = models.SmallIntegerField()  # 0: from the start of the name

    class Meta:
        app_label = "catalog"
        indexes = [models.Index(fields=["rank", "form"], name="search_name_form")]

    def __str__(self):
        return self.form


class SearchWord(models.Model):
    """A word of some listing: what a misspelt query may have meant."""

    form = models.CharField(max_length=40, db_collation="C", primary_key=True)
    grams = SearchVectorField()

    class Meta:
        app_label = "catalog"
        indexes = [GinIndex(fields=["grams"], fastupdate=False, name="search_word_grams")]

    def __str__(self):
        return self.form


class SearchPrice(models.Model):
    """A piece of a listed offer's yearly price over users and residents: see ``prices.PricePiece``."""

    listing = models.ForeignKey("catalog.Software", models.CASCADE, related_name="search_prices")  # derived
    users_from = models.IntegerField()
    users_to = models.IntegerField()
    residents_from = models.IntegerField()
    residents_to = models.IntegerField()
    fixed_yen = models.DecimalField(max_digits=24, decimal_places=6)
    per_user = models.DecimalField(max_digits=24, decimal_places=6)
    per_resident = models.DecimalField(max_digits=24, decimal_places=6)

    class Meta:
        app_label = "catalog"

    def __str__(self):
        return f"{self.listing_id}: {self.fixed_yen}"


class SearchSynonym(models.Model):
    """Words that find each other. Seeded from ``synonyms.json``; the operator changes them without a deployment."""

    words = ArrayField(models.CharField(max_length=60), verbose_name=_("同じ意味の語"))

    class Meta:
        app_label = "catalog"
        verbose_name = _("同義語")
        verbose_name_plural = _("同義語")
        ordering = ["pk"]

    def __str__(self):
        return "、".join(self.words)
