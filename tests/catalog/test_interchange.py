"""Lines in, listings out, the same lines again; and every way a line can be wrong."""

import datetime as dt
import io
import json
import tracemalloc

import pytest
from django.core.management import CommandError, call_command

from catalog import imports, interchange, made_up
from catalog.enums import ReviewStatus, SoftwareStatus
from catalog.interchange import BadLine, Vocabulary
from catalog.models import Category, Certification, Finding, Offer, PriceLine, Review, Revision, Software
from catalog.search.index import check_index
from catalog.search.models import SearchDocument
from marketplace.accounts.models import User
from marketplace.audit.models import AuditEvent
from marketplace.audit.trail import verify
from marketplace.companies.enums import FactSource
from marketplace.companies.facts import facts_of
from marketplace.companies.models import Company, FactSnapshot, MasterAgreement
from tests.factories.accounts import MembershipFactory
from tests.factories.catalog import listed_software
from tests.factories.companies import CompanyFactory, MasterAgreementFactory

DAY = dt.date(2026, 11, 23)
MAKER = {
    "corporate_number": "7000012050002", "name": "株式会社みなと情報", "established_on": "2019-04-01",
    "capital_yen": 30000000, "employees": 45, "jsic": "391",
}  # fmt: skip
SELLER = {"corporate_number": "5010001900101", "name": "まどぐち販売合同会社"}
PRICE_LINE = {
    "item": "基本利用料", "timing": "month", "unit": "user", "amount_yen": "500",
    "from_quantity": 1, "to_quantity": None, "tax_included": False,
}  # fmt: skip
OFFER = {"seller": MAKER, "kind": "direct", "price_lines": [PRICE_LINE], "services": ["onboarding", "training"]}
# The stable keys and nothing else, in their order.
LINE = {
    "reference": "SW-7K2M9Q", "name": "勤怠ひろば", "name_kana": "キンタイヒロバ", "summary": "出退勤と休暇を管理します。",
    "description": "打刻、休暇の申請、時間外勤務の集計。", "maker": MAKER, "categories": ["attendance"],
    "target_bodies": ["ministry", "municipality"], "delivery": ["public_cloud"], "data_location": "japan",
    "certifications": [{"scheme": "ismap", "number": "C21-0001-2", "expires_on": "2028-03-31"}],
    "integrations": ["gbizid", "jpki"], "api": True, "sign_in": ["saml", "oidc"],
    "sla": {"availability_percent": "99.90"}, "disclosed_on": "2026-10-01", "offers": [OFFER],
}  # fmt: skip
VOCABULARY = Vocabulary(categories=frozenset({"attendance"}))


def changed(path, value, line=LINE):
    """A copy of ``line`` with ``value`` at ``path`` (keys and places)."""
    copy = json.loads(json.dumps(line))
    *way, last = path
    inner = copy
    for step in way:
        inner = inner[step]
    inner[last] = value
    return copy


def raw(*values):
    return b"".join(json.dumps(value, ensure_ascii=False).encode() + b"\n" for value in values)


def fault_paths(line):
    with pytest.raises(BadLine) as bad:
        interchange.read(line if isinstance(line, bytes) else raw(line).rstrip(b"\n"), VOCABULARY)
    return [fault.path for fault in bad.value.faults]


def run(*values, by=None):
    """Import lines; return (created, changed, unchanged, faults as (line number, path))."""
    data = b"".join(value if isinstance(value, bytes) else raw(value) for value in values)
    outcomes = list(imports.import_catalog(io.BytesIO(data), by=by or imports.importer()))
    return (
        *(sum(getattr(outcome, name) for outcome in outcomes) for name in ("created", "changed", "unchanged")),
        [(number, fault.path) for outcome in outcomes for number, fault in outcome.faults],
    )


def exported():
    out = io.StringIO()
    call_command("export_catalog", stdout=out)
    return out.getvalue()


@pytest.fixture
def categories(db):
    call_command("sync_categories", stdout=io.StringIO())


# One line


def test_line_of_stable_keys_is_read_and_written_back_to_the_letter():
    line = raw(LINE).rstrip(b"\n")
    assert interchange.write(interchange.read(line, VOCABULARY)).encode() == line


def test_line_in_any_order_is_written_in_one():
    shuffled = json.dumps(dict(reversed(LINE.items())), ensure_ascii=True, separators=(",", ":")).encode()
    assert interchange.write(interchange.read(shuffled, VOCABULARY)).encode() == raw(LINE).rstrip(b"\n")


@pytest.mark.parametrize(
    ("path", "value", "fault"),
    [
        (["reference"], "SW-0O1I", "$.reference"),
        (["reference"], 7, "$.reference"),
        (["name"], "", "$.name"),
        (["name"], "あ" * 101, "$.name"),
        (["name"], "a\x00b", "$.name"),
        (["summary"], None, "$.summary"),
        (["maker"], None, "$.maker"),
        (["maker"], "株式会社みなと情報", "$.maker"),
        (["maker", "corporate_number"], "7000012050003", "$.maker.corporate_number"),
        (["maker", "corporate_number"], 7000012050002, "$.maker.corporate_number"),
        (["maker", "capital_yen"], -1, "$.maker.capital_yen"),
        (["maker", "capital_yen"], True, "$.maker.capital_yen"),
        (["maker", "capital_yen"], 2**63, "$.maker.capital_yen"),
        (["maker", "employees"], "45", "$.maker.employees"),
        (["maker", "established_on"], "2019-02-29", "$.maker.established_on"),
        (["maker", "jsic"], "39x", "$.maker.jsic"),
        (["maker", "president"], "高瀬", "$.maker.president"),
        (["categories"], ["attendance", "sorcery"], "$.categories[1]"),
        (["categories"], [], "$.categories"),
        (["target_bodies"], "ministry", "$.target_bodies"),
        (["certifications", 0, "scheme"], "iso9001", "$.certifications[0].scheme"),
        (["certifications"], [LINE["certifications"][0]] * 2, "$.certifications[1].scheme"),
        (["certifications", 0], 1, "$.certifications[0]"),
        (["sla"], {}, "$.sla.availability_percent"),
        (["sla", "availability_percent"], "100.001", "$.sla.availability_percent"),
        (["disclosed_on"], "2026/10/01", "$.disclosed_on"),
        (["licence"], "MIT", "$.licence"),
        (["offers"], [], "$.offers"),
        (["offers"], {}, "$.offers"),
        (["offers", 0], None, "$.offers[0]"),
        (["offers", 0, "kind"], "reseller", "$.offers[0].kind"),
        (["offers", 0, "seller", "name"], " " * 201, "$.offers[0].seller.name"),
        (["offers"], [OFFER, OFFER], "$.offers[1].seller"),
        (["offers", 0, "price_lines"], [], "$.offers[0].price_lines"),
        (["offers", 0, "price_lines", 0, "amount_yen"], "-1", "$.offers[0].price_lines[0].amount_yen"),
        (["offers", 0, "price_lines", 0, "amount_yen"], 500, "$.offers[0].price_lines[0].amount_yen"),
        (["offers", 0, "price_lines", 0, "timing"], "weekly", "$.offers[0].price_lines[0].timing"),
        (["offers", 0, "price_lines", 0, "from_quantity"], 2**31, "$.offers[0].price_lines[0].from_quantity"),
        (["offers", 0, "price_lines", 0, "to_quantity"], 0, "$.offers[0].price_lines[0].to_quantity"),
    ],
)
def test_fault_is_named_by_its_path_alone(path, value, fault):
    assert fault_paths(changed(path, value)) == [fault]


def test_absent_keys_are_named():
    assert fault_paths({"name": "勤怠"}) == [
        *("$.name_kana", "$.summary", "$.description", "$.disclosed_on", "$.categories", "$.target_bodies"),
        *("$.delivery", "$.data_location", "$.sign_in", "$.sla.availability_percent", "$.maker", "$.offers"),
    ]


def test_all_faults_of_a_line_are_named_at_once():
    line = changed(["name"], "")
    line = changed(["offers", 0, "price_lines", 0, "amount_yen"], "5.001", line)
    assert fault_paths(line) == ["$.name", "$.offers[0].price_lines[0].amount_yen"]


@pytest.mark.parametrize(
    ("line", "faults"),
    [
        (b"", ["$"]),
        (b"  ", ["$"]),
        (b"{", ["$"]),
        (b"[]", ["$"]),
        (b"null", ["$"]),
        (b'"\xff"', ["$"]),
        (b"[" * 200_000, ["$"]),
        (b'{"employees": ' + b"9" * 5_000 + b"}", ["$"]),
        (b'{"name": "' + b"a" * interchange.LIMIT + b'"}', ["$"]),
        (raw(LINE).replace(b'"api": true', b'"api": NaN'), ["$.api"]),
        (raw(LINE).replace(b'"capital_yen": 30000000', b'"capital_yen": 3e7', 1), ["$.maker.capital_yen"]),
        (raw(LINE).replace(b'"employees": 45', b'"employees": 45.0', 1), ["$.maker.employees"]),
        (raw(LINE).replace(b'"api": true', b'"api": true, "api": false'), ["$.api"]),
        (raw(LINE).replace(b'"item": ', b'"item": "x", "item": '), ["$.offers[0].price_lines[0].item"]),
        (raw(LINE).replace(b'"kind": ', b'"summary": "", "kind": '), ["$.offers[0].summary"]),
        (raw(LINE).replace("出退勤と".encode(), b"\\ud83d"), ["$.summary"]),
    ],
)
def test_json_that_hides_something_is_refused(line, faults):
    assert fault_paths(line.rstrip(b"\n")) == faults


def test_number_of_a_known_or_told_sole_proprietor_checks_no_digit():
    line = changed(["maker", "corporate_number"], "9700012900808")
    line = changed(["offers", 0, "seller"], line["maker"], line)
    assert fault_paths(line) == ["$.maker.corporate_number", "$.offers[0].seller.corporate_number"]
    known = Vocabulary(categories=VOCABULARY.categories, sole_proprietors=frozenset({"9700012900808"}))
    assert interchange.read(raw(line).rstrip(b"\n"), known).maker.corporate_number == "9700012900808"
    told = changed(["maker", "sole_proprietor"], True, line)
    told = changed(["offers", 0, "seller", "sole_proprietor"], True, told)
    assert interchange.read(raw(told).rstrip(b"\n"), VOCABULARY).maker.sole_proprietor


def test_records_take_either_line_end_a_mark_and_lines_beyond_measure():
    stream = io.BytesIO(b"\xef\xbb\xbfa\r\nb\n\n" + b"c" * (3 * interchange.LIMIT) + b"\nd")
    found = list(interchange.records(stream))
    assert [(number, line[:1], len(line) > interchange.LIMIT) for number, line in found] == [
        (1, b"a", False), (2, b"b", False), (3, b"", False), (4, b"c", True), (5, b"d", False),
    ]  # fmt: skip


# Into the database


@pytest.mark.django_db(transaction=True)
def test_generated_catalogue_comes_back_byte_for_byte_and_changes_nothing_twice():
    call_command("sync_categories", stdout=io.StringIO())
    generated = io.StringIO()
    call_command("generate_catalog", "40", "--seed=7", "--day=2026-11-23", stdout=generated)
    assert run(generated.getvalue().encode()) == (40, 0, 0, [])
    assert exported() == generated.getvalue()
    counted = (Software, Offer, Revision, Review, PriceLine, Certification, FactSnapshot, MasterAgreement, AuditEvent)
    before = [model.objects.count() for model in counted]
    assert run(exported().encode()) == (0, 0, 40, [])
    assert [model.objects.count() for model in counted] == before
    assert not check_index()
    assert verify().faults == []


def test_import_lists_what_the_line_says(categories):
    reseller = {"seller": SELLER, "kind": "reseller", "price_lines": [PRICE_LINE]}
    assert run(changed(["offers"], [OFFER, reseller])) == (1, 0, 0, [])
    software = Software.objects.get(reference="SW-7K2M9Q")
    assert (software.status, software.name, str(software.availability_percent)) == ("listed", "勤怠ひろば", "99.900")
    assert software.lapses_on == dt.date(2028, 10, 1)
    assert [category.slug for category in software.categories.all()] == ["attendance"]
    assert [(each.scheme, each.number) for each in software.certifications.all()] == [("ismap", "C21-0001-2")]
    assert [(each.seller.name, each.kind, each.services) for each in software.offers.listed()] == [
        ("株式会社みなと情報", "direct", ["onboarding", "training"]),
        ("まどぐち販売合同会社", "reseller", []),
    ]
    assert list(SearchDocument.objects.values_list("pk", flat=True)) == [software.pk]
    assert facts_of(software.maker).facts.capital_yen == 30_000_000
    assert FactSnapshot.objects.get(company=software.maker).source == FactSource.DECLARED
    assert MasterAgreement.objects.count() == 2


def test_imported_revisions_are_approved_by_policy_and_wait_for_the_post_check(categories):
    reseller = {"seller": SELLER, "kind": "reseller", "price_lines": [PRICE_LINE]}
    run(changed(["offers"], [OFFER, reseller]))
    reviews = Review.objects.awaiting_post_check().order_by("pk")
    assert [(each.company.name, each.status, each.decided_by, each.revisions.count()) for each in reviews] == [
        ("株式会社みなと情報", ReviewStatus.APPROVED, None, 2),
        ("まどぐち販売合同会社", ReviewStatus.APPROVED, None, 1),
    ]
    act = AuditEvent.objects.get(type="software:imported")
    assert (act.actor, act.subject) == (imports.IMPORTER, "SW-7K2M9Q")
    assert act.data["reviews"] == sorted(review.reference for review in reviews)
    assert act.data["revisions"]["SW-7K2M9Q"] == [1, Revision.objects.get(offer=None).digest]


def test_stable_keys_alone_leave_findings_of_what_the_catalogue_asks_besides(categories):
    run(LINE)
    assert set(Finding.objects.values_list("field", "check_name")) == {
        ("data_ownership", "completeness"), ("support.hours", "completeness"),
        ("support.channels", "completeness"), ("description", "sanity"),
    }  # fmt: skip


def test_import_projects_what_an_approval_projects(categories):
    """The same content through `_publish` and through the import gives the same live rows."""
    approved = listed_software()
    offer = approved.offers.get()
    line = interchange.Line(
        reference=None,
        maker=interchange.Party(corporate_number="7000012050002", name="株式会社みなと情報"),
        content=approved.listed_revision.content,
        offers=(
            interchange.OfferLine(
                seller=interchange.Party(corporate_number="7000012050002", name="株式会社みなと情報"),
                content=offer.listed_revision.content,
            ),
        ),
    )
    assert run(interchange.write(line).encode() + b"\n") == (1, 0, 0, [])
    imported = Software.objects.exclude(pk=approved.pk).get()
    own = {"id", "reference", "maker_id", "listed_revision_id", "listed_at", "software_id", "offer_id", "seller_id"}

    def rows(software):
        offers = software.offers.order_by("pk")
        related = [software.certifications.all(), offers, PriceLine.objects.filter(offer__in=offers)]
        return (
            Software.objects.filter(pk=software.pk).values(*_columns(Software, own)).get(),
            [category.slug for category in software.categories.all()],
            *(list(each.values(*_columns(each.model, own))) for each in related),
        )

    assert rows(imported) == rows(approved)


def _columns(model, without):
    return [field.attname for field in model._meta.concrete_fields if field.attname not in without]


def test_changed_line_makes_a_new_revision_of_what_changed_only(categories):
    run(LINE)
    assert run(changed(["offers", 0, "price_lines", 0, "amount_yen"], "450")) == (0, 1, 0, [])
    offer = Offer.objects.get()
    assert (offer.listed_revision.number, offer.price_lines.get().amount_yen) == (2, 450)
    assert run(changed(["api"], False, changed(["offers", 0, "price_lines", 0, "amount_yen"], "450"))) == (0, 1, 0, [])
    software = Software.objects.get()
    assert (software.listed_revision.number, software.api) == (2, False)
    assert Revision.objects.count() == 4
    assert not check_index()


def test_two_lines_for_one_software_are_two_revisions_in_order(categories):
    assert run(LINE, changed(["summary"], "後から来たほう。")) == (1, 1, 0, [])
    assert Software.objects.get().summary == "後から来たほう。"


def test_line_without_reference_is_known_by_maker_and_name(categories):
    loose = {key: value for key, value in LINE.items() if key != "reference"}
    assert run(loose, loose) == (1, 0, 1, [])
    renamed = changed(["name"], "勤怠ひろば２") | {"reference": Software.objects.get().reference}
    # After the renaming the old name is nobody's: a new software.
    assert run(renamed, loose) == (1, 1, 0, [])
    assert sorted(Software.objects.values_list("name", flat=True)) == ["勤怠ひろば", "勤怠ひろば２"]


def test_reference_of_another_makers_software_is_refused(categories):
    run(LINE)
    foreign = changed(["maker"], SELLER)
    foreign = changed(["offers", 0, "kind"], "reseller", foreign)
    assert run(foreign) == (0, 0, 0, [(1, "$.reference")])
    assert Company.objects.filter(corporate_number=SELLER["corporate_number"]).count() == 0


def test_company_whose_agreement_ended_is_not_listed_again(categories):
    company = CompanyFactory(corporate_number=MAKER["corporate_number"])
    yesterday = dt.datetime.now(dt.UTC) - dt.timedelta(days=1)
    MasterAgreementFactory(company=company, ended_at=yesterday)
    assert run(LINE) == (0, 0, 0, [(1, "$.maker"), (1, "$.offers[0].seller")])


def test_suspended_software_stays_suspended(categories):
    run(LINE)
    Software.objects.update(
        status=SoftwareStatus.SUSPENDED, suspended_at=dt.datetime.now(dt.UTC), suspended_by=imports.importer(),
        suspension_reason="契約違反",
    )  # fmt: skip
    assert run(changed(["summary"], "直しました。")) == (0, 1, 0, [])
    assert Software.objects.get().status == SoftwareStatus.SUSPENDED
    assert SearchDocument.objects.count() == 0


def test_facts_are_kept_when_they_say_something_new(categories):
    run(LINE)
    company = Company.objects.get()
    assert run(changed(["summary"], "別の概要。")) == (0, 1, 0, [])
    assert company.snapshots.count() == 1
    grown = changed(["disclosed_on"], "2026-11-01", changed(["maker", "employees"], 60))
    grown["offers"][0]["seller"] = grown["maker"]
    run(grown)
    run(grown)
    assert list(company.snapshots.values_list("as_of", "employees")) == [
        (dt.date(2026, 10, 1), 45), (dt.date(2026, 11, 1), 60),
    ]  # fmt: skip


def test_older_disclosure_does_not_rename_a_company(categories):
    run(LINE)
    old = changed(["disclosed_on"], "2025-12-01", changed(["maker", "name"], "株式会社旧みなと"))
    old["offers"][0]["seller"] = old["maker"]
    run(old)
    assert Company.objects.get().name == "株式会社みなと情報"


def test_good_lines_are_imported_beside_bad_ones(categories):
    other = changed(["name"], "文書ひろば", {key: value for key, value in LINE.items() if key != "reference"})
    bad = changed(["offers", 0, "price_lines"], [PRICE_LINE, PRICE_LINE | {"amount_yen": "x"}])
    assert run(LINE, bad, b"\n", other) == (2, 0, 0, [(2, "$.offers[0].price_lines[1].amount_yen"), (3, "$")])


def test_interrupted_import_leaves_whole_batches_and_goes_on(categories, monkeypatch):
    monkeypatch.setattr(imports, "BATCH", 3)
    lines = [interchange.write(line).encode() + b"\n" for line in made_up.lines(8, seed=3, day=DAY)]
    run_of_batches = imports.import_catalog(io.BytesIO(b"".join(lines)), by=imports.importer())
    next(run_of_batches)
    run_of_batches.close()
    assert Software.objects.count() == 3
    assert run(*lines) == (5, 0, 3, [])


def test_references_in_use_are_drawn_again(categories, monkeypatch):
    listed_software()
    taken = Offer.objects.get().reference
    drawn = iter([taken, "OF-222222", "OF-222222", "OF-333333"])
    monkeypatch.setattr(Offer._meta.get_field("reference"), "default", lambda: next(drawn))
    monkeypatch.delitem(Offer._meta.get_field("reference").__dict__, "_get_default", raising=False)
    reseller = {"seller": SELLER, "kind": "reseller", "price_lines": [PRICE_LINE]}
    run(changed(["offers"], [OFFER, reseller]))
    assert sorted(Offer.objects.values_list("reference", flat=True)) == sorted([taken, "OF-222222", "OF-333333"])


class _Stream:
    """Lines made while they are read: nothing keeps them but the import."""

    def __init__(self, count, *, seed):
        self.lines = (interchange.write(line).encode() + b"\n" for line in made_up.lines(count, seed=seed, day=DAY))

    def readline(self, limit):
        return next(self.lines, b"")


def test_memory_stays_flat(categories, monkeypatch):
    monkeypatch.setattr(imports, "BATCH", 15)
    by = imports.importer()
    list(imports.import_catalog(_Stream(15, seed=5), by=by))  # caches

    def peak(count, *, seed):
        tracemalloc.start()
        assert sum(outcome.created for outcome in imports.import_catalog(_Stream(count, seed=seed), by=by)) == count
        held = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return held

    few, many = peak(30, seed=6), peak(120, seed=7)
    assert many < 2 * few  # four times the lines; a batch may hold longer texts


# The commands


def test_import_command_says_what_is_wrong_and_where(categories, tmp_path):
    file = tmp_path / "catalogue.jsonl"
    file.write_bytes(raw(LINE, changed(["name"], "")))
    out, err = io.StringIO(), io.StringIO()
    with pytest.raises(SystemExit) as stop:
        call_command("import_catalog", str(file), stdout=out, stderr=err)
    assert stop.value.code == 1
    assert err.getvalue() == "line 2: $.name: 必須項目です。\n"
    assert out.getvalue() == "2 lines: 1 created, 0 changed, 0 unchanged, 1 bad\n"


def test_import_command_reads_standard_input(categories, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(raw(LINE))))
    call_command("import_catalog", "-", stdout=io.StringIO())
    assert Software.objects.get().name == "勤怠ひろば"


@pytest.mark.parametrize("name", ["absent.jsonl", "."])
def test_import_command_tells_an_unreadable_file_by_its_status(categories, tmp_path, name):
    with pytest.raises(CommandError) as error:
        call_command("import_catalog", str(tmp_path / name), stderr=io.StringIO())
    assert error.value.returncode == 2


def test_import_command_is_answered_for_by_the_operators_people_only(categories, tmp_path):
    file = tmp_path / "catalogue.jsonl"
    file.write_bytes(raw(LINE))
    reviewer, vendor = MembershipFactory(reviewer=True).user, MembershipFactory().user
    with pytest.raises(CommandError):
        call_command("import_catalog", str(file), by=vendor.reference)
    call_command("import_catalog", str(file), by=reviewer.reference, stdout=io.StringIO())
    assert set(Review.objects.values_list("submitted_by", flat=True)) == {reviewer.pk}


def test_account_of_the_import_opens_no_session(categories):
    run(LINE)
    account = User.objects.get(reference=imports.IMPORTER)
    assert (account.is_active, account.email, account.memberships.count()) == (False, None, 0)


def test_export_writes_a_file_whole_or_not_at_all(categories, tmp_path):
    run(LINE)
    target = tmp_path / "out.jsonl"
    call_command("export_catalog", output=str(target))
    assert target.read_bytes() == raw(LINE)
    assert list(tmp_path.iterdir()) == [target]
    with pytest.raises(CommandError):
        call_command("export_catalog", output=str(tmp_path / "absent" / "out.jsonl"))


def test_generated_lines_follow_from_number_seed_and_day():
    assert made_up.line(3, seed=1, day=DAY) == list(made_up.lines(3, seed=1, day=DAY))[2]
    assert made_up.line(3, seed=2, day=DAY) != made_up.line(3, seed=1, day=DAY)
    assert len({line.reference for line in made_up.lines(300, seed=1, day=DAY)}) == 300


# Categories


def test_sync_of_categories_changes_nothing_twice_and_never_reuses_a_bit(db, tmp_path, monkeypatch):
    from catalog.management.commands import sync_categories

    tree = [
        {
            "slug": "a",
            "name": "あ",
            "name_en": "A",
            "children": [{"slug": slug, "name": slug, "name_en": slug} for slug in ("b", "c")],
        }
    ]
    file = tmp_path / "categories.json"
    monkeypatch.setattr(sync_categories, "FILE", file)

    def sync():
        out = io.StringIO()
        file.write_text(json.dumps(tree), encoding="utf-8")
        call_command("sync_categories", stdout=out, stderr=out)
        return out.getvalue().splitlines()

    assert sync() == ["3 categories: 3 new, 0 changed"]
    assert sync() == ["3 categories: 0 new, 0 changed"]
    tree[0]["children"] = [
        {"slug": "d", "name": "d", "name_en": "d"},
        {"slug": "b", "name": "新しい名", "name_en": "b"},
    ]
    assert sync()[0] == "3 categories: 1 new, 1 changed"
    assert dict(Category.objects.exclude(parent=None).values_list("slug", "bit")) == {"b": 0, "c": 1, "d": 2}
    assert Category.objects.get(slug="b").name == "新しい名"
