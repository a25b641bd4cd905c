"""The row of the search table that stands for one listing. Pure: a dictionary in, a row out."""

import json
import re
from collections.abc import Iterator
from datetime import datetime
from functools import cache
from hashlib import blake2b
from typing import NamedTuple

from django.utils import translation

from ..enums import CertificationScheme, Delivery, Integration, StandardTask
from . import tokens
from .facets import BY_NAME, EVERY, FACETS, availability_band, price_band
from .normalise import RUN, canonical

SUMMARY = "~"
"""Leads the summary's lexemes in ``head``, where the name's stand bare."""
REST, REST_JUNCTION = ".", ":"
"""Lead, in ``grams``, what is found neither in name, summary nor description: whole lexemes and their beginnings.
Junctions apart, lest looking for words that begin with "ai" takes "ai ocr" in the rest for a word only found there."""


class SearchRow(NamedTuple):
    """The columns of ``SearchDocument``, in the order of COPY."""

    listing_id: int
    listed_at: datetime
    categories: int
    price: int | None
    seed: int
    adoptions: int
    availability: int | None
    standard_tasks: int
    targets: int
    certifications: int
    integrations: int
    deliveries: int
    sme: int
    startup: int
    price_band: int
    availability_band: int
    tokens_version: int
    digest: int
    head: str
    grams: str
    body: str


def build_document(listing: dict) -> SearchRow:
    """Return the search row of ``listing``.

    Keys: ``id``, ``reference``, ``name``, ``name_kana``, ``name_en`` (if any), ``summary``, ``description``, ``maker`` (name), ``sellers``
    (names), ``categories`` (of ``{"bit", "path": [slugs], "names": [labels]}``, root first), ``target``, ``delivery``,
    ``certification``, ``integration``, ``standard_task`` (lists of codes), ``sme``, ``startup`` (``yes``, ``no``,
    ``cannot_tell``), ``price`` (yearly yen at the reference size, or None), ``availability`` (thousandths of a percent,
    or None), ``adoptions`` (count), ``listed_at`` (aware), ``more`` (further texts that it is found by).
    """
    bands = {"price": price_band(listing["price"]), "availability": availability_band(listing["availability"])}
    single = {"sme": listing["sme"], "startup": listing["startup"], **bands}
    many = {kind.name: listing[kind.name] for kind in FACETS if kind.many and kind.codes}

    name, summary, description = (canonical(listing[key]) for key in ("name", "summary", "description"))
    rest = "\n".join(filter(None, map(canonical, _rest(listing))))
    written = list(filter(None, (name, canonical(listing.get("name_en", "")))))  # a name is a name in either language

    facet_lexemes = {EVERY}
    facet_lexemes.update(BY_NAME[facet].lexeme(value) for facet, value in single.items())
    facet_lexemes.update(BY_NAME[facet].lexeme(value) for facet, values in many.items() for value in values)
    facet_lexemes.update(BY_NAME["category"].lexeme(slug) for c in listing["categories"] for slug in c["path"])

    in_name = {lexeme for each in written for lexeme in tokens.lexemes(each)}
    in_summary = tokens.lexemes(summary)
    in_front = in_name | in_summary | tokens.lexemes(description)
    in_rest = tokens.lexemes(rest)
    only_in_rest = tokens.beginnings(in_rest) - tokens.beginnings(in_front)

    return SearchRow(
        listing_id=listing["id"],
        listed_at=listing["listed_at"],
        categories=sum({1 << category["bit"] for category in listing["categories"]}),
        price=listing["price"],
        seed=neutral_seed(listing["reference"]),
        adoptions=listing["adoptions"],
        availability=listing["availability"],
        **{BY_NAME[facet].column: BY_NAME[facet].mask(values) for facet, values in many.items()},
        **{BY_NAME[facet].column: BY_NAME[facet].codes[value] for facet, value in single.items()},
        tokens_version=tokens.VERSION,
        digest=digest(listing),
        head=tokens.tsvector(
            set(map(name_lexeme, written)) | in_name | {SUMMARY + lexeme for lexeme in in_summary} | facet_lexemes
        ),
        grams=tokens.tsvector(in_front | in_rest | {in_rest_only(lexeme) for lexeme in only_in_rest} | facet_lexemes),
        body=bounded("\n".join((*written, summary, description, rest))),
    )


def names(listing: dict) -> Iterator[tuple[str, int]]:
    """Yield (form, rank) for every place from where somebody may start typing the name, in writing or in reading.

    Rank 0 is the beginning. Words begin where the script changes: クラウド勤怠 is also found from 勤怠.
    """
    seen: set[str] = set()
    written = (canonical(listing[key]) for key in ("name", "name_en") if listing.get(key))
    for form in (*written, katakana(canonical(listing["name_kana"]))):
        for start in [0, *(match.start() for match in _WORD_START.finditer(form) if match.start())] if form else ():
            tail = form[start : start + 100]
            if tail not in seen:
                seen.add(tail)
                yield tail, min(start, 1)


def words(listing: dict) -> set[str]:
    """The words of a listing that a misspelt query may have meant."""
    texts = [listing["name"], listing.get("name_en", ""), listing["summary"], listing["description"], *_rest(listing)]
    return {word for text in texts for word in _SPELT_WORD.findall(canonical(text))}


def bigrams(word: str) -> set[str]:
    """The character pairs of a word, its edges included: what likeness of spelling is measured by."""
    padded = f"^{word}$"
    return {padded[i : i + 2] for i in range(len(padded) - 1)}


_KANJI, _KATAKANA, _LATIN = "々〆〇\u3400-\u9fff\uf900-\ufaff", "ァ-ヺー", "a-z0-9"
_WORD_START = re.compile(f"(?<![{_KANJI}])[{_KANJI}]|(?<![{_KATAKANA}])[{_KATAKANA}]|(?<![{_LATIN}])[{_LATIN}]|(?<= ).")
_SPELT_WORD = re.compile(f"[{_KANJI}]{{3,12}}|[{_KATAKANA}]{{4,20}}|[{_LATIN}]{{4,20}}")

_TO_KATAKANA = {code: code + 0x60 for code in range(ord("ぁ"), ord("ゖ") + 1)}


def katakana(folded: str) -> str:
    """A folded reading with hiragana written as katakana, small ヵ and ヶ as large ones."""
    return canonical(folded.translate(_TO_KATAKANA))


def _rest(listing: dict) -> Iterator[str]:
    """What a listing is also found by, least of all: its makers and sellers, its reading, its classifications."""
    yield listing["name_kana"]
    yield listing["maker"]
    yield from listing["sellers"]
    for category in listing["categories"]:
        yield from category["names"]
    for facet, labels in _labels().items():
        for value in listing[facet]:
            if value in labels:
                yield labels[value]
    yield from listing["more"]


@cache
def _labels() -> dict[str, dict[str, str]]:
    # The index has one language, whoever writes it. A public cloud is what nearly everything runs on: the word says nothing.
    with translation.override("ja"):
        return {
            facet: {value: str(label) for value, label in enum.choices if value != Delivery.PUBLIC_CLOUD}
            for facet, enum in (
                ("certification", CertificationScheme),
                ("delivery", Delivery),
                ("integration", Integration),
                ("standard_task", StandardTask),
            )
        }


def in_rest_only(lexeme: str) -> str:
    return (REST if RUN.fullmatch(lexeme) else REST_JUNCTION) + lexeme


def name_lexeme(canonical_name: str) -> str:
    """The lexeme of a whole name, which a query must equal to the letter (spaces aside)."""
    return "=" + canonical_name.replace(" ", "")[:100]


def bounded(text: str) -> str:
    """Mark where Latin words begin and end, so that looking for a term needs no regular expression."""
    return RUN.sub(lambda match: match.group() if match["cjk"] else f"<{match.group()}>", text)


def needle(term: str) -> str:
    """What to look for in ``bounded`` text to find ``term``: its last Latin word, if any, may go on."""
    marked = bounded(term)
    last = list(RUN.finditer(term))[-1]
    open_end = last["cjk"] is None and len(last.group()) >= tokens.SHORTEST_PREFIX
    return marked.removesuffix(">") if open_end else marked


def neutral_seed(reference: str) -> int:
    """A fixed, even draw per listing: orders equals without favouring age, alphabet or size. Signed 32 bit."""
    return int.from_bytes(blake2b(reference.encode(), digest_size=4).digest(), signed=True)


def digest(listing: dict) -> int:
    """Changes with the listing's content and the tokeniser, and nothing else. Signed 64 bit."""
    content = json.dumps([tokens.VERSION, listing], sort_keys=True, ensure_ascii=False, default=str)
    return int.from_bytes(blake2b(content.encode(), digest_size=8).digest(), signed=True)
