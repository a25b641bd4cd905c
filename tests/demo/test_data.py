"""The demonstration data: complete, consistent, and what catalogue, rules and engine accept."""

import json
import re
import shutil
from collections import Counter
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from catalog import content, enums, pricing
from marketplace.companies import rules
from marketplace.companies.enums import Answer, FactSource
from marketplace.demo import data
from procurement.evaluation import evaluate, parse_document

ROOT = Path(__file__).parents[2]
TODAY = date(2026, 11, 23)
CATEGORIES = json.loads((ROOT / "catalog/categories.json").read_text(encoding="utf-8"))
LEAVES = frozenset(leaf["slug"] for group in CATEGORIES for leaf in group["children"])


@pytest.fixture(scope="module")
def demo():
    return data.load()


def facts_of(company):
    """The company's newest facts, as the rules read them."""
    snapshots = [
        rules.Snapshot(
            source=FactSource(snapshot["source"]),
            as_of=date.fromisoformat(snapshot["as_of"]),
            facts=rules.Facts(
                entity_kind=company["entity_kind"],
                capital_yen=snapshot["capital_yen"],
                employees=snapshot["employees"],
                jsic_code=snapshot["jsic_code"],
                jsic_revision=snapshot["jsic_revision"] and str(snapshot["jsic_revision"]),
                established_on=snapshot["established_on"] and date.fromisoformat(snapshot["established_on"]),
                shareholders=None
                if snapshot["shareholders"] is None
                else tuple(rules.Holding.from_dict(holder) for holder in snapshot["shareholders"]),
                officers=None
                if snapshot["officers"] is None
                else tuple(
                    rules.Officer.from_dict({key: value for key, value in officer.items() if key != "role"})
                    for officer in snapshot["officers"]
                ),
            ),
        )
        for snapshot in company["snapshots"]
    ]
    return rules.merge(snapshots).facts


def price_lines(lines):
    return [pricing.PriceLine.from_dict(line) for line in lines]


def software_content(software):
    return {key: value for key, value in software.items() if key not in ("maker", "offers")}


# How much there is


def test_demo_has_the_promised_sizes(demo):
    assert len(demo.companies) >= 60
    assert (len(demo.software), sum(len(s["offers"]) for s in demo.software)) == (150, 220)
    assert len(demo.agencies) == 8
    assert len(demo.procurements) == 12


def test_companies_are_spread_over_all_groups(demo):
    groups = Counter(company["group"] for company in demo.companies if company["listed"])
    least = {
        "startup": 15,
        "sme": 15,
        "large": 8,
        "deemed_large": 6,
        "cannot_tell": 6,
        "individual": 2,
        "not_company": 2,
    }
    assert {group: groups[group] >= number for group, number in least.items()} == dict.fromkeys(least, True)


def test_agencies_are_of_every_kind(demo):
    assert {agency["kind"] for agency in demo.agencies} == {kind.value for kind in enums.TargetBody}


def test_every_leaf_category_has_three_to_six_software_of_its_own(demo):
    first = Counter(software["categories"][0] for software in demo.software)
    assert first.keys() == LEAVES
    assert {slug: count for slug, count in first.items() if not 3 <= count <= 6} == {}


def test_procurements_stand_in_every_state(demo):
    states = {story["status"] for story in demo.procurements}
    assert states == set(data.get_args(data.get_type_hints(data.Procurement)["status"]))
    assert {"open", "marking", "evaluated", "awarded", "cancelled"} <= {
        s.get("tender_status") for s in demo.procurements
    }


def test_reviews_stand_in_every_state(demo):
    assert {story["state"] for story in demo.reviews} == {status.value for status in enums.ReviewStatus}


# Companies


@pytest.mark.parametrize("company", [c for c in data.load().companies if c["listed"]], ids=lambda c: c["name"])
def test_company_is_what_its_group_says(company):
    facts = facts_of(company)
    sme = rules.sme(facts, on=TODAY).answer
    deemed = rules.deemed_large(facts).answer
    startup = rules.startup(facts, TODAY, rules.startup_definition(TODAY)).answer
    yes, no, open_ = Answer.YES, Answer.NO, Answer.CANNOT_TELL
    fits = {
        "startup": (sme, deemed, startup) == (yes, no, yes),
        "sme": (sme, deemed, startup) == (yes, no, no),
        "large": (sme, startup) == (no, no),
        "deemed_large": (sme, deemed, startup) == (yes, yes, no),
        "cannot_tell": startup == open_,
        "individual": company["entity_kind"] == "sole_proprietor",
        "not_company": (sme, startup) == (no, no),
    }
    assert fits[company["group"]], (sme, deemed, startup)


def test_deemed_large_companies_are_caught_by_each_of_the_five_tests(demo):
    met = {
        reason.code
        for company in demo.companies
        if company["group"] == "deemed_large"
        for reason in rules.deemed_large(facts_of(company)).reasons
        if reason.answer == Answer.YES
    }
    assert met == {f"deemed_large.{number}.met" for number in range(1, 6)}


def test_some_companies_turn_ten_within_weeks_on_either_side_of_today(demo):
    birthdays = [
        date.fromisoformat(facts["established_on"]).replace(year=2026)
        for facts in map(data.newest_facts, demo.companies)
        if facts.get("established_on", "").startswith("2016")
    ]
    near = [day for day in birthdays if abs(day - TODAY) <= timedelta(weeks=6)]
    assert any(day <= TODAY for day in near)
    assert any(day > TODAY for day in near)


def test_companies_of_the_stand_in_are_here_under_the_same_facts(demo):
    accounts = json.loads((ROOT / "marketplace/gbizid_standin/accounts.json").read_text(encoding="utf-8"))
    ours = {c["corporate_number"]: (c["name"], c["name_kana"], c["prefecture"], c["address"]) for c in demo.companies}
    theirs = {
        c["corporate_number"]: (c["name"], c["name_kana"], c["prefecture_name"], c["address1"] + c["address2"])
        for c in accounts["companies"]
    }
    assert theirs.items() <= ours.items()


def test_some_companies_have_facts_that_supersede_older_ones(demo):
    assert sum(len(company["snapshots"]) > 1 for company in demo.companies) >= 3


# Software


@pytest.mark.parametrize("software", data.load().software, ids=lambda s: s["name"])
def test_software_content_is_complete_and_sound(software):
    mine = software_content(software)
    assert content.faults(mine, content.SOFTWARE, categories=LEAVES) == []
    assert content.missing(mine, content.SOFTWARE) == []
    assert date.fromisoformat(software["disclosed_on"]) <= TODAY
    for offer in software["offers"]:
        mine = {key: value for key, value in offer.items() if key != "seller"}
        assert content.faults(mine, content.OFFER, categories=LEAVES) == []
        assert content.missing(mine, content.OFFER) == []


@pytest.mark.parametrize("software", data.load().software, ids=lambda s: s["name"])
def test_prices_have_no_fault_and_a_total_for_any_size(software):
    small = pricing.Size(
        organizations=1, users=1, residents=1, devices=1, cases_per_year=1, gigabytes=1, gigabytes_per_year=1
    )
    big = pricing.Size(
        organizations=1, users=12_000, residents=1_500_000, devices=9_000, cases_per_year=900_000, gigabytes=5_000,
        gigabytes_per_year=5_000,
    )  # fmt: skip
    for offer in software["offers"]:
        lines = price_lines(offer["price_lines"])
        assert pricing.faults(lines) == ()
        for size in (small, big):
            assert pricing.total(lines, size, 5, pricing.tax_rate(TODAY)).total is not None, offer["seller"]["name"]


def test_texts_have_their_lengths_and_paragraphs(demo):
    wrong = {
        software["name"]: (len(software["summary"]), len(software["description"]))
        for software in demo.software
        if len(software["summary"]) > 100
        or not 250 <= len(software["description"]) <= 600
        or not 2 <= len(software["description"].split("\n\n")) <= 4
    }
    assert wrong == {}


def test_no_sentence_stands_in_two_descriptions(demo):
    sentences = Counter(
        sentence
        for software in demo.software
        for sentence in re.split(r"[。\n]", software["description"])
        if len(sentence) >= 25
    )
    assert [sentence for sentence, count in sentences.items() if count > 1] == []


def test_no_opening_is_shared_by_descriptions(demo):
    """A template shows in the first words."""
    openings = Counter(software["description"][:12] for software in demo.software)
    assert [opening for opening, count in openings.items() if count > 1] == []


def test_some_certificates_expire_soon_and_none_has_expired(demo):
    days = [
        (date.fromisoformat(c["expires_on"]) - TODAY).days
        for software in demo.software
        for c in software["certifications"]
    ]
    assert min(days) > 0
    assert sum(day <= 90 for day in days) >= 5


def test_texts_give_the_search_something_to_normalise(demo):
    """Full width and half width, long vowels and variants of one word stand side by side, as in real listings."""
    texts = "\n".join(software[key] for software in demo.software for key in ("name", "summary", "description"))
    for forms in (
        ("ＹＤ", "YD"),
        ("ＡＩ", "AI"),
        ("サーバー", "サーバ、"),
        ("人工知能", "AI"),
        ("出退勤", "勤怠", "タイムカード"),
    ):
        assert [form for form in forms if form not in texts + "YD"] == []


# Procurements


def evaluation_document(story):
    """The document that the application will compute for a story whose marks are all there."""
    tender = story["tender"]
    criteria = [
        {"id": f"c{number}", "kind": c["kind"]}
        | ({} if c["kind"] == "mandatory" else {"points": c["points"], "scale": c["scale"]})
        for number, c in enumerate(tender["criteria"], start=1)
    ]
    bonuses = [
        {"id": bonus["kind"], "label": bonus["label"], "points": bonus["points"], "group": bonus["group"] or None}
        for bonus in tender["bonuses"]
    ]
    bids = []
    for order, bid in enumerate(tender["bids"], start=1):
        entry = {"id": bid["id"], "status": "withdrawn" if "withdrawn" in bid else "valid", "lot_order": order}
        if "withdrawn" not in bid:
            entry["prices"] = bid["prices"]
        if "technical_points" in bid:
            entry["technical_points"] = bid["technical_points"]
        elif "withdrawn" not in bid:
            entry["marks"] = {
                f"e{number}": {
                    f"c{position}": mark["mark"] if isinstance(mark, dict) else mark
                    for position, mark in enumerate(marks["of"][bid["id"]], start=1)
                }
                for number, marks in enumerate(tender["marks"], start=1)
                if marks["handed_in"]
            }
        accepted = [
            claim["bonus"] for claim in bid.get("claims", []) if claim["decision"] and claim["decision"]["accept"]
        ]
        if accepted:
            entry["bonuses"] = accepted
        if "lot_number" in bid:
            entry["lot_number"] = bid["lot_number"]
        bids.append(entry)
    limits = {key: tender[key] for key in ("ceiling_price", "low_price_threshold")}
    heading = {
        "format": "evaluation/1",
        "title": story["title"],
        "criteria": criteria,
        "bonuses": bonuses,
        "bids": bids,
    }
    return heading | tender["rule"] | limits


def result_of(demo, key):
    story = next(story for story in demo.procurements if story["key"] == key)
    return evaluate(parse_document(evaluation_document(story))).as_dict()


def test_published_rules_are_accepted_by_the_engine(demo):
    for story in demo.procurements:
        if "tender" in story:
            parse_document(evaluation_document(story) | {"bids": []})


def test_past_sheet_is_re_entered_with_its_published_result(demo):
    sheet = json.loads((ROOT / "tests/demo/mlit-a.json").read_text(encoding="utf-8"))
    story = next(story for story in demo.procurements if story.get("past_sheet"))
    assert story["source"] == sheet["document"]["source"]
    assert sheet["document"]["source"] in story["purpose"]
    bids = {
        bid["seller"]: {"prices": bid["prices"], "technical_points": bid["technical_points"]}
        for bid in story["tender"]["bids"]
    }
    assert bids == {
        bid["id"]: {"prices": bid["prices"], "technical_points": bid["technical_points"]}
        for bid in sheet["document"]["bids"]
    }
    for key in ("ceiling_price", "low_price_threshold"):
        assert story["tender"][key] == sheet["document"][key]

    result = evaluate(parse_document(evaluation_document(story))).as_dict()
    sellers = {bid["id"]: bid["seller"] for bid in story["tender"]["bids"]}
    assert result["standard_value"] == sheet["expected"]["standard_value"]
    assert sellers[result["winner"]] == sheet["expected"]["winner"]
    found = {sellers[bid["id"]]: {"outcome": bid["outcome"], "total": bid["total"]} for bid in result["bids"]}
    assert found == sheet["expected"]["bids"]


def test_startup_bonus_decides_the_contract_it_is_told_for(demo):
    story = next(story for story in demo.procurements if story["key"] == "kokudo-keiyaku")
    document = evaluation_document(story)
    assert evaluate(parse_document(document)).as_dict()["winner"] == "tsumugi"
    for bid in document["bids"]:
        bid["bonuses"] = [bonus for bonus in bid.get("bonuses", []) if bonus != "startup"]
    assert evaluate(parse_document(document)).as_dict()["winner"] != "tsumugi"


def test_leader_waiting_for_the_award_is_below_the_low_price_threshold(demo):
    result = result_of(demo, "aone-gis")
    assert (result["winner"], result["provisional"]) == ("chizukomachi", True)
    assert result["next"] is not None


@pytest.mark.parametrize(("key", "winner"), [("aozora-kintai", "tokinowa"), ("umibe-web", "whiteboard")])
def test_award_goes_to_the_bid_its_reason_speaks_of(demo, key, winner):
    assert result_of(demo, key)["winner"] == winner


def test_contract_is_the_winning_price_with_tax(demo):
    for story in demo.procurements:
        if "contract" in story:
            winner = result_of(demo, story["key"])["winner"]
            price = next(Decimal(b["prices"]["total"]) for b in story["tender"]["bids"] if b["id"] == winner)
            assert story["contract"]["amount_yen"] == int(price * Decimal("1.1"))
            assert story["contract"]["amount_yen"] <= story["budget_yen"]


def found_by(story, demo):
    """The software × seller that a search by category and target body finds."""
    search = story["search"]
    return {
        (software["name"], offer["seller"]["name"])
        for software in demo.software
        if {*search.get("category", [])} & {*software["categories"]}
        and {*search["target"]} <= {*software["target_bodies"]}
        for offer in software["offers"]
    }


@pytest.mark.parametrize(
    "key", ["aone-anpi", "chihama-hoiku", "kokudo-kaigiroku", "aozora-kintai", "kokudo-keiyaku", "mitsumori-bunbetsu"]
)
def test_locked_selection_keeps_or_drops_every_candidate_with_a_reason(demo, key):
    story = next(story for story in demo.procurements if story["key"] == key)
    judged = set()
    for choice in [*story["keep"], *story["drops"]]:
        sellers = {
            offer["seller"]["name"] for s in demo.software if s["name"] == choice["software"] for offer in s["offers"]
        }
        judged |= {(choice["software"], seller) for seller in ({choice["seller"]} if choice["seller"] else sellers)}
    assert judged == found_by(story, demo)


def test_kept_software_was_disclosed_before_it_was_searched(demo):
    disclosed = {software["name"]: date.fromisoformat(software["disclosed_on"]) for software in demo.software}
    for story in demo.procurements:
        for choice in story.get("keep", []):
            assert disclosed[choice["software"]] <= TODAY + timedelta(days=story["days"]["searched"]), choice


# Reviews


def test_review_changes_are_content_the_catalogue_accepts(demo):
    software = {s["name"]: s for s in demo.software}
    for story in demo.reviews:
        for part in (story, *([story["then"]] if "then" in story else [])):
            new = software_content(software[story["software"]]) | part["changes"]["software"]
            assert content.faults(new, content.SOFTWARE, categories=LEAVES) == [], story["key"]
            assert content.missing(new, content.SOFTWARE) == [], story["key"]
            offer = next(
                offer for offer in software[story["software"]]["offers"] if offer["seller"]["name"] == story["company"]
            )
            new = {key: value for key, value in offer.items() if key != "seller"} | part["changes"]["offer"]
            assert content.faults(new, content.OFFER, categories=LEAVES) == [], story["key"]


def test_review_that_nobody_decided_changes_low_risk_fields_only(demo):
    stories = [story for story in demo.reviews if story["state"] == "approved" and story["reviewer"] is None]
    assert stories
    low_risk = {field.name.split(".")[0] for field in content.SOFTWARE if field.low_risk}
    for story in stories:
        assert story["changes"]["software"].keys() <= low_risk
        assert story["changes"]["offer"] == {}


def test_review_comments_stand_at_fields_that_exist(demo):
    fields = {part: content.fields_of(part == "offer") for part in ("software", "offer")}
    for story in demo.reviews:
        for comment in story["comments"]:
            names = {field.name for field in fields[comment["part"]]}
            listed = {f"{field.name}.{item.name}" for field in fields[comment["part"]] for item in field.items}
            assert re.sub(r"\[\d+\]", "", comment["field"]) in names | listed


# Faults


@pytest.fixture
def copy(tmp_path):
    folder = tmp_path / "demo"
    shutil.copytree(data.FOLDER, folder, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def change(path, old, new):
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def faults_of(folder):
    with pytest.raises(data.DemoDataError) as caught:
        data.load(folder)
    return caught.value.faults


def test_faults_of_shape_are_all_named_with_file_and_path(copy):
    change(copy / "companies.json", '"capital_yen": 18000000', '"capital_yen": "18000000"')
    change(copy / "agencies.json", '"staff": 2150', '"stuff": 2150')
    change(copy / "software/disaster.jsonl", '"api": true', '"api": 1')
    (copy / "reviews.json").write_text("{", encoding="utf-8")
    assert [re.sub(r"(reviews\.json: ).*", r"\1…", fault) for fault in faults_of(copy)] == [
        "companies.json: $.companies[0].snapshots[0].capital_yen: '18000000' is no int",
        "agencies.json: $.agencies[0].stuff: unknown key",
        "agencies.json: $.agencies[0].staff: missing",
        "reviews.json: …",
        "software/disaster.jsonl:1: $.api: 1 is no bool",
    ]


@pytest.mark.parametrize(
    ("file", "old", "new", "fault"),
    [
        ("companies.json", '"5010001900101"', '"4010001900101"', "wrong check digit"),
        ("companies.json", '"share": "0.71"', '"share": "0.72"', "more than the whole"),
        ("agencies.json", "kanbayashi@kokudo-chiiki.example", "kanbayashi@pref.aone.example", "is not of kokudo-chiiki"),
        ("procurements.json", '"officer": "shibuya@', '"officer": "konno@', "is no officer of"),
        ("procurements.json", '"software": "ソラマメ文書"', '"software": "ソラマメ文章"', "no offer of ソラマメ文章"),
        ("procurements.json", '"mark": "A"', '"mark": "E"', "'E' does not fit"),
        ("procurements.json", '"bids_due": 12', '"bids_due": -9', "bids_due before published"),
        ("reviews.json", '"company": "株式会社トキノワ"', '"company": "株式会社ミズモリ"', "has nothing to do with"),
        ("software/education.jsonl", '"kind": "direct"', '"kind": "reseller"', "the maker sells directly"),
    ],
)  # fmt: skip
def test_fault_of_sense_is_named(copy, file, old, new, fault):
    change(copy / file, old, new)
    assert any(fault in each for each in faults_of(copy))
