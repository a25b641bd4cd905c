"""Components, forms and error pages: what they print, what they escape, and that a browser finds no fault with them."""

import re
from datetime import date
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace

import pytest
from django import forms
from django.conf import settings
from django.core.paginator import Paginator
from django.template import engines
from django.template.loader import render_to_string
from django.test import RequestFactory
from django.utils import translation

from marketplace import context_processors
from marketplace.accounts.enums import Role
from marketplace.devpages import ExampleForm
from marketplace.forms import DateField, Form, NumberField, PointsField, TextAreaField, YenField
from marketplace.templatetags.components import error_links, yen
from tests.axe import violations

ROOT = Path(settings.BASE_DIR)


class Elements(HTMLParser):
    """The elements of a piece of HTML as (tag, attributes)."""

    def __init__(self, html):
        super().__init__()
        self.found = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))

    def with_attribute(self, name):
        return [attributes[name] for _tag, attributes in self.found if name in attributes]


def render(source, path="/", **context):
    template = engines["django"].from_string("{% load i18n components %}" + source)
    return template.render(context, RequestFactory().get(path))


# Templates


def all_templates():
    folders = [ROOT / "templates", *ROOT.glob("*/templates"), *ROOT.glob("marketplace/*/templates")]
    return sorted(path for folder in folders for path in folder.rglob("*.html"))


INLINE_CODE = re.compile(
    r"""<style\b|<script\b(?![^>]*\bsrc=)|<[^>]*\s(?:style|on[a-z]+)\s*=|(?:href|src|action)\s*=\s*["']?\s*javascript:""",
    re.IGNORECASE,
)


@pytest.mark.parametrize(
    "line",
    ['<p style="color:red">', "<style>", "<script>x()</script>", '<a onclick="x()">', '<a href="javascript:x()">'],
)
def test_inline_code_pattern_finds_what_the_policy_forbids(line):
    assert INLINE_CODE.search(line)


def test_templates_have_no_inline_style_or_script():
    offenders = [
        f"{path.relative_to(ROOT)}: {match.group()}"
        for path in all_templates()
        for match in INLINE_CODE.finditer(path.read_text(encoding="utf-8"))
    ]

    assert offenders == []


def test_component_includes_see_only_what_they_are_given():
    include = re.compile(r'{% include "components/[^%]*%}')
    offenders = [
        f"{path.relative_to(ROOT)}: {tag}"
        for path in all_templates()
        for tag in include.findall(path.read_text(encoding="utf-8"))
        if not tag.endswith(" only %}")
    ]

    assert offenders == []


# Forms


def test_field_with_hint_and_error_describes_its_control_by_both():
    html = ExampleForm({"summary": "あ" * 101})["summary"].as_field_group()

    elements = Elements(html)
    (control,) = [attributes for tag, attributes in elements.found if tag == "textarea"]
    assert control["aria-invalid"] == "true"
    assert set(control["aria-describedby"].split()) == {
        "id_summary_helptext",
        "id_summary_error",
        "id_summary_counter",
    } & set(elements.with_attribute("id"))
    assert len(control["aria-describedby"].split()) == 3


def test_field_optional_says_so():
    assert "任意" in ExampleForm()["users"].as_field_group()
    assert "※必須" not in ExampleForm()["users"].as_field_group()
    assert "※必須" in ExampleForm()["name"].as_field_group()


def test_field_value_and_error_are_escaped():
    class OneField(Form):
        name = forms.ChoiceField(label="<b>名称</b>", choices=[("a", "A")], widget=forms.TextInput)

    html = OneField({"name": "<script>alert(1)</script>"})["name"].as_field_group()

    assert "<script>" not in html
    assert "<b>" not in html
    assert html.count("&lt;script&gt;") == 2  # in the control, and quoted in the message


def test_choices_are_a_group_named_by_its_legend():
    elements = Elements(ExampleForm({})["delivery"].as_field_group())

    tags = [tag for tag, _attributes in elements.found]
    assert tags[:2] == ["fieldset", "legend"]
    ids = [attributes["id"] for tag, attributes in elements.found if tag == "input"]
    assert ids == ["id_delivery_0", "id_delivery_1", "id_delivery_2"]
    assert elements.with_attribute("for") == ids


def test_error_summary_links_lead_to_controls_on_the_page():
    form = ExampleForm({"price": "五百円"})

    html = render('{% include "components/error_summary.html" with forms=form only %}{{ form }}', form=form)

    elements = Elements(html)
    links = [href.removeprefix("#") for href in elements.with_attribute("href")]
    focusable = {attributes.get("id") for tag, attributes in elements.found if tag in {"input", "select", "textarea"}}
    assert links == [
        "id_name",
        "id_summary",
        "id_price",
        "id_starts_on",
        "id_category",
        "id_delivery_0",
        "id_location_0",
        "id_declared",
    ]
    assert set(links) <= focusable
    ids = elements.with_attribute("id")
    assert len(ids) == len(set(ids))


def test_error_summary_without_errors_is_absent():
    html = render('{% include "components/error_summary.html" with forms=form only %}', form=ExampleForm())

    assert html.strip() == ""


def test_error_links_of_formset_include_its_own_errors():
    class Line(Form):
        amount = YenField(label="金額")

    Lines = forms.formset_factory(Line, min_num=2, validate_min=True, extra=0)
    formset = Lines(
        {"form-TOTAL_FORMS": "1", "form-INITIAL_FORMS": "0", "form-0-amount": "千円"},
    )

    links = error_links([formset, None])

    assert [link["href"] for link in links] == ["#form-errors", "#id_form-0-amount"]
    assert "#form-errors".removeprefix("#") in Elements(str(formset)).with_attribute("id")


def test_required_message_names_the_field_once():
    links = error_links(ExampleForm({}))

    assert links[0] == {"href": "#id_name", "label": "", "message": "「製品名」を入力してください。"}


def test_required_message_of_the_forms_author_is_kept():
    class Own(Form):
        name = forms.CharField(error_messages={"required": "担当者の氏名が要ります。"})

    assert Own({}).errors["name"] == ["担当者の氏名が要ります。"]


def test_fieldsets_leave_no_field_out():
    class Grouped(Form):
        first = forms.CharField()
        second = forms.CharField()
        fieldsets = (("組", ("first", "gone")),)

    groups = [(legend, [field.name for field in fields]) for legend, fields in Grouped().groups]

    assert groups == [("組", ["first"]), ("", ["second"])]


class Numbers(Form):
    price = YenField(required=False)
    count = NumberField(required=False, unit="人")
    points = PointsField(required=False, max_digits=6, decimal_places=2)
    day = DateField(required=False)
    text = TextAreaField(required=False, max_length=3)


@pytest.mark.parametrize(
    ("field", "typed", "value"),
    [
        ("price", "１，２３４円", 1234),
        ("price", "0", 0),
        ("price", "", None),
        ("count", " 5人 ", 5),
        ("day", "２０２６年４月１日", date(2026, 4, 1)),
        ("day", "2026/4/1", date(2026, 4, 1)),
        ("text", "あ\r\nい", "あ\nい"),
    ],
)
def test_fields_accept_what_people_type(field, typed, value):
    form = Numbers({field: typed})

    assert form.errors == {}
    assert form.cleaned_data[field] == value


def test_points_stay_exact():
    form = Numbers({"points": "１２．３０"})

    assert form.is_valid()
    assert str(form.cleaned_data["points"]) == "12.30"


def test_length_limit_tells_both_numbers():
    assert Numbers({"text": "あいうえ"}).errors["text"] == ["3文字以内で入力してください。いまは4文字です。"]


def test_text_area_does_not_let_the_browser_cut_text():
    elements = Elements(Numbers()["text"].as_field_group())

    assert elements.with_attribute("maxlength") == []
    assert elements.with_attribute("data-limit") == ["3"]


# Components


def test_yen_zero_is_an_amount_and_none_is_not():
    assert [yen(amount) for amount in (0, None, 1234567)] == ["0円", "", "1,234,567円"]


def test_sort_header_reverses_and_returns_to_the_first_page():
    html = render('{% sort_header "価格" "price" %}', path="/?ordering=price&page=3&q=文書")

    elements = Elements(html)
    assert elements.with_attribute("aria-sort") == ["ascending"]
    (href,) = elements.with_attribute("href")
    assert "ordering=-price" in href
    assert "q=" in href
    assert "page" not in href


def test_pagination_keeps_the_query():
    page = Paginator(range(100), 10).get_page(2)

    html = render('{% include "components/pagination.html" with page=page only %}', path="/?q=a%26b&page=2", page=page)

    elements = Elements(html)
    assert elements.with_attribute("href")[0] == "?q=a%26b&page=1"
    assert elements.with_attribute("aria-current") == ["page"]


def test_pagination_of_one_page_is_absent():
    page = Paginator(range(3), 10).get_page(1)

    assert render('{% include "components/pagination.html" with page=page only %}', page=page).strip() == ""


def test_bar_chart_without_any_value_has_bars_of_no_length():
    html = render('{% bar_chart "団体" rows %}', rows=[("県", 0), ("市", 0)])

    assert [attributes["width"] for tag, attributes in Elements(html).found if tag == "rect"] == ["0", "0"]


def test_bar_chart_draws_in_proportion_and_prints_the_numbers():
    html = render('{% bar_chart "団体" rows "団体" %}', rows=[("<県>", 10), ("市", 40, "green")])

    assert [attributes["width"] for tag, attributes in Elements(html).found if tag == "rect"] == ["250", "1000"]
    assert "10団体" in html
    assert "&lt;県&gt;" in html


def test_notification_error_interrupts_and_success_does_not():
    source = '{% include "components/notification.html" with kind=kind title=title only %}'

    assert Elements(render(source, kind="error", title="x")).with_attribute("role") == ["alert"]
    assert Elements(render(source, kind="success", title="x")).with_attribute("role") == ["status"]


def test_listing_card_escapes_what_vendors_write():
    html = render(
        '{% include "components/listing_card.html" with url="/x/" name=text maker=text summary=text badges=badges only %}',
        text="<img src=x>",
        badges=["<i>"],
    )

    assert "<img" not in html
    assert "<i>" not in html
    assert html.count("&lt;img") == 3


# The frame


def member(*roles, unread=0):
    notifications = SimpleNamespace(unread=lambda: SimpleNamespace(count=lambda: unread))
    return SimpleNamespace(
        is_authenticated=True,
        name="山田 花子",
        notifications=notifications,
        active_memberships=[
            SimpleNamespace(role=role, company=None, agency="みらい市", get_role_display=lambda role=role: role.label)
            for role in roles
        ],
    )


@pytest.fixture
def known_urls(monkeypatch):
    monkeypatch.setattr(
        context_processors, "optional_url", lambda name: f"/{name.replace(':', '/').replace('_', '/')}/"
    )


@pytest.mark.usefixtures("known_urls")
def test_navigation_shows_each_role_its_own():
    def labels(user):
        request = RequestFactory().get("/")
        request.user = user
        return {str(link["label"]) for link in context_processors.frame(request)["navigation"]}

    visitor = labels(SimpleNamespace(is_authenticated=False))
    assert "審査" not in visitor
    assert labels(member(Role.REVIEWER)) - visitor == {"審査"}
    assert labels(member(Role.OFFICER, Role.EVALUATOR)) - visitor == {"調達案件", "評価"}
    assert labels(member(Role.VENDOR_MEMBER)) - visitor == {"自社の製品", "入札の案件"}


@pytest.mark.usefixtures("known_urls")
def test_navigation_marks_the_nearest_link_only():
    request = RequestFactory().get("/catalog/software/list/SW-7K2M9Q/")

    navigation = context_processors.frame(request)["navigation"]

    assert [link["current"] for link in navigation if link["current"]] == ["true"]


def test_frame_before_authentication_is_a_visitors():
    frame = context_processors.frame(RequestFactory().get("/"))

    assert not frame["account"]


@pytest.mark.parametrize("template", ["400.html", "500.html", "503.html"])
def test_error_page_needs_neither_request_nor_database(template):
    html = render_to_string(template)

    assert "<script" not in html
    assert "次にできること" in html


@pytest.mark.parametrize("code", ["403", "403_csrf", "404", "410", "429"])
def test_error_page_says_what_to_do_next(code):
    request = RequestFactory().get("/")
    html = render_to_string(f"{code}.html", {"exception": ""}, request)

    assert "次にできること" in html
    assert Elements(html).with_attribute("lang")[0] == "ja"


def test_error_page_of_a_suspended_listing_gives_date_and_reason():
    context = {"name": "避難所<ナビ>", "suspended_at": date(2026, 11, 2), "reason": "確認中のため"}
    html = render_to_string("410.html", context, RequestFactory().get("/"))

    assert "避難所&lt;ナビ&gt;" in html
    assert "2026年11月2日" in html
    assert "確認中のため" in html


def test_page_title_announces_errors():
    template = engines["django"].from_string('{% extends "layout/base.html" %}{% block title %}登録{% endblock %}')

    def title(form):
        html = template.render({"form": form}, RequestFactory().get("/"))
        return re.search("<title>(.*?)</title>", html)[1]

    assert title(ExampleForm()) == "登録｜デジタルマーケットプレイス"
    assert title(ExampleForm({})) == "エラー：登録｜デジタルマーケットプレイス"


def test_page_in_english_says_so():
    with translation.override("en"):
        html = render_to_string("layout/base.html", {}, RequestFactory().get("/"))

    assert Elements(html).with_attribute("lang")[0] == "en"


# In the browser


@pytest.fixture
def component_page(live_server, settings, page):
    settings.ROOT_URLCONF = "marketplace.devpages"
    faults = []
    page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.faults = faults
    page.url_of = lambda path: live_server.url + path
    return page


@pytest.mark.browser
@pytest.mark.parametrize("width", [1280, 360])
@pytest.mark.parametrize("path", ["/", "/dev/components/", "/dev/components/?errors=1", "/no-such-page/"])
def test_page_satisfies_axe_and_the_content_security_policy(component_page, path, width):
    component_page.set_viewport_size({"width": width, "height": 900})
    response = component_page.goto(component_page.url_of(path))

    assert "script-src 'self';" in response.headers["content-security-policy"] + ";"
    assert violations(component_page) == []
    missing = [] if response.ok else ["Failed to load resource: the server responded with a status of 404 (Not Found)"]
    assert component_page.faults == missing
    assert component_page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.browser
def test_error_summary_takes_focus_and_leads_to_the_field(component_page):
    component_page.goto(component_page.url_of("/dev/components/?errors=1"))
    assert component_page.evaluate("document.activeElement.matches('[data-error-summary]')")

    component_page.get_by_role("link", name="月額").click()

    assert component_page.evaluate("document.activeElement.id") == "id_price"


@pytest.mark.browser
def test_double_click_sends_a_form_once_and_a_retry_again(component_page):
    component_page.goto(component_page.url_of("/dev/components/"))
    component_page.evaluate(
        """() => {
            window.sent = [];
            window.addEventListener("submit", (event) => {
                window.sent.push(!event.defaultPrevented);
                event.preventDefault();
            });
        }"""
    )
    button = component_page.get_by_role("button", name="保存する").last

    button.evaluate("button => { button.click(); button.click(); }")
    assert component_page.evaluate("window.sent") == [True, False]

    component_page.evaluate("window.dispatchEvent(new PageTransitionEvent('pageshow'))")  # back from the answer
    button.click()
    assert component_page.evaluate("window.sent") == [True, False, True]


@pytest.mark.browser
def test_counter_counts_characters_not_code_units(component_page):
    component_page.goto(component_page.url_of("/dev/components/"))

    component_page.get_by_label("概要").fill("𠮷野家\n")

    assert component_page.locator("#id_summary_counter").inner_text() == "残り96文字"


@pytest.mark.browser
@pytest.mark.usefixtures("known_urls")
def test_menu_on_a_phone_opens_by_button_and_closes_by_escape(component_page):
    component_page.set_viewport_size({"width": 360, "height": 800})
    component_page.goto(component_page.url_of("/"))
    menu = component_page.locator("#global-nav-list")
    assert not menu.is_visible()

    component_page.get_by_role("button", name="メニュー").click()
    assert menu.is_visible()

    component_page.keyboard.press("Escape")
    assert not menu.is_visible()
