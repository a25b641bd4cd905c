"""`selection-evidence/1`: the machine-readable 選定記録, which proves by itself that nobody changed it.

The digest is SHA-256 over the canonical form (sorted keys, no white space, UTF-8) of everything but the digest.
"""

from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any, cast

from django.utils.translation import gettext as _

from procurement.evaluation.canonical import digest

from . import content, formats, schema
from .schema import Fault

FORMAT = "selection-evidence/1"


def evidence_document(selection: content.SelectionContent) -> content.SelectionEvidence:
    """The document of a locked selection: its content, the format's name and the digest over both."""
    document = {"format": FORMAT, **selection}
    return cast(content.SelectionEvidence, {**document, "digest": digest(document)})


def form_faults(document: Any) -> list[Fault]:
    """In what `document` (decoded JSON) is no `selection-evidence/1` document at all."""
    return list(schema.faults(document, content.SelectionEvidence))


def verify(document: Any) -> list[Fault]:
    """Everything wrong with a `selection-evidence/1` document, empty when it is whole and unchanged.

    First its form (every fault, with its path); only in a document of the right form are the digest and the
    statements that must agree with each other looked at.
    """
    return form_faults(document) or [
        *_digest_faults(document),
        *_search_faults(document),
        *_candidate_faults(document),
    ]


# (kind, reference, number) → digest of the stored revision, or None where there is none.
StoredDigest = Callable[[str, str, int], str | None]


def compare_revisions(document: content.SelectionEvidence, stored_digest: StoredDigest) -> list[Fault]:
    """Where the revisions named in a document of the right form differ from the stored ones.

    `stored_digest("software" or "offer", reference, number)` looks a revision up.
    """
    found = []
    for index, candidate in enumerate(document["candidates"]):
        for kind, seen in (("software", candidate["software"]), ("offer", candidate["offer"])):
            path = f"$.candidates[{index}].{kind}.digest"
            stored = stored_digest(kind, seen["reference"], seen["number"])
            if stored is None:
                names = {"reference": seen["reference"], "number": seen["number"]}
                found.append(Fault(path, _("%(reference)s 第%(number)s版は保存されていません。") % names))
            elif stored != seen["digest"]:
                found.append(Fault(path, _("保存されている版の要約値（%(stored)s）と違います。") % {"stored": stored}))
    return found


def _digest_faults(document: content.SelectionEvidence) -> Iterator[Fault]:
    rest = {key: value for key, value in document.items() if key != "digest"}
    if (computed := digest(rest)) != document["digest"]:
        yield Fault("$.digest", _("内容から計算した要約値（%(computed)s）と違います。") % {"computed": computed})


def _search_faults(document: content.SelectionEvidence) -> Iterator[Fault]:
    search, candidates = document["search"], document["candidates"]
    if search["result_count"] != len(candidates):
        counts = {"count": len(candidates)}
        yield Fault("$.search.result_count", _("候補の数（%(count)s件）と違います。") % counts)
    if formats.in_tokyo(search["searched_at"]) > formats.in_tokyo(document["locked_at"]):
        yield Fault("$.locked_at", _("検索した日時より前です。"))


def _candidate_faults(document: content.SelectionEvidence) -> Iterator[Fault]:
    seen: set[str] = set()
    for index, candidate in enumerate(document["candidates"]):
        path = f"$.candidates[{index}]"
        if candidate["number"] != index + 1:
            yield Fault(f"{path}.number", _("番号が1からの順になっていません。"))
        if candidate["offer"]["reference"] in seen:
            yield Fault(f"{path}.offer.reference", _("同じ販売サービスが二度あります。"))
        seen.add(candidate["offer"]["reference"])
        if candidate["decision"] == "dropped" and not candidate["reason"].strip():
            yield Fault(f"{path}.reason", _("除いた理由がありません。"))
        if candidate["price"] is not None:
            yield from _price_faults(candidate["price"], f"{path}.price")


def _price_faults(price: content.Price, path: str) -> Iterator[Fault]:
    for index, line in enumerate(price["lines"]):
        if Fraction(line["amount_yen"]) * Fraction(line["quantity"]) * line["times"] != Fraction(line["subtotal_yen"]):
            yield Fault(f"{path}.lines[{index}].subtotal_yen", _("単価×数量×回数と違います。"))
    total = sum((Fraction(line["subtotal_yen"]) for line in price["lines"]), Fraction(price.get("adjustment_yen", "0")))
    if total != Fraction(price["total_yen"]):
        yield Fault(f"{path}.total_yen", _("金額の合計と違います。"))
