"""Derived tables of search: made from the live rows by ``index``, read by ``page`` and ``suggest``, nothing else."""

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.utils.translation import gettext_lazy as _

SLICES = 32
SLICE_ENDS = -(2**31) + 2**32 // SLICES
"""A listing is in the slice when its seed is below. Seeds are even over all 32-bit numbers, so one in ``SLICES`` is."""

_SLICED = (
    "listing_id, seed, categories, price, availability, standard_tasks, targets, certifications, integrations, deliveries,"
    " sme, startup, price_band, availability_band, head, grams"
)


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
        triggers = [
            # By the database, so that no way of writing, COPY included, can leave the slice behind.
            pgtrigger.Trigger(
                name="keep_slice",
                when=pgtrigger.After,
                operation=pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete,
                func=f"""
                    IF TG_OP <> 'INSERT' AND OLD.seed < {SLICE_ENDS} THEN
                        DELETE FROM catalog_searchslice WHERE listing_id = OLD.listing_id;
                    END IF;
                    IF TG_OP <> 'DELETE' AND NEW.seed < {SLICE_ENDS} THEN
                        INSERT INTO catalog_searchslice ({_SLICED})
                        VALUES ({", ".join(f"NEW.{name}" for name in _SLICED.split(", "))});
                    END IF;
                    RETURN NULL;
                """,
            )
        ]

    def __str__(self):
        return f"search document of {self.listing_id}"


class SearchSlice(models.Model):
    """The first listings of the neutral order, one in ``SLICES``, copied: what a large catalogue is counted by where too
    many are found to count them all. Which they are has nothing to do with what they are. Kept by a trigger."""

    listing_id = models.BigIntegerField(primary_key=True)
    categories = models.BigIntegerField()
    price = models.BigIntegerField(null=True)
    seed = models.IntegerField()
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
    head = SearchVectorField()
    grams = SearchVectorField()

    class Meta:
        app_label = "catalog"
        indexes = [
            GinIndex(fields=["grams"], fastupdate=False, name="search_slice_grams"),
            GinIndex(fields=["head"], fastupdate=False, name="search_slice_head"),
        ]

    def __str__(self):
        return f"slice of {self.listing_id}"


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
