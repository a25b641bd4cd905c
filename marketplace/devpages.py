"""The component page: every component with the markup people write. Development and tests only.

This module is also a URL configuration (the site plus this page), which the browser tests use.
"""

from datetime import datetime, timedelta

from django import forms
from django.contrib.auth.decorators import login_not_required
from django.core.paginator import Paginator
from django.shortcuts import render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_safe

from marketplace.forms import DateField, DateTimeField, Form, NumberField, PointsField, TextAreaField, YenField
from marketplace.urls import *  # noqa: F403 - the same site, handlers included
from marketplace.urls import urlpatterns as site_urlpatterns


class ExampleForm(Form):
    """One field of each kind."""

    name = forms.CharField(label="製品名", max_length=60, help_text="カタログに表示される名称です。")
    summary = TextAreaField(label="概要", max_length=100, help_text="何のための製品かを一文で書いてください。")
    price = YenField(label="月額", min_value=0)
    users = NumberField(label="利用者数", unit="人", required=False)
    points = PointsField(label="配点", max_digits=6, decimal_places=2, required=False)
    starts_on = DateField(label="提供開始日")
    closes_at = DateTimeField(label="質問の締切", required=False)
    category = forms.ChoiceField(
        label="業務分類", choices=[("", "選択してください"), ("document", "文書管理"), ("disaster", "防災・避難所")]
    )
    delivery = forms.MultipleChoiceField(
        label="提供形態",
        choices=[("public", "パブリッククラウド"), ("government", "ガバメントクラウド"), ("lgwan", "LGWAN-ASP")],
        widget=forms.CheckboxSelectMultiple,
    )
    location = forms.ChoiceField(
        label="データの保管場所",
        choices=[("japan", "国内のみ"), ("abroad", "国外を含む")],
        widget=forms.RadioSelect(attrs={"class": "choices--inline"}),
    )
    terms = forms.FileField(label="利用規約", required=False, help_text="PDF、10MBまで。")
    declared = forms.BooleanField(label="登録内容に誤りがないことを確認しました")

    fieldsets = (
        ("基本情報", ("name", "summary", "category")),
        ("価格と期間", ("price", "users", "points", "starts_on", "closes_at")),
        ("提供のしかた", ("delivery", "location", "terms", "declared")),
    )


@login_not_required
@require_safe
def components(request):
    """Every component. `?errors=1` shows the form as it comes back with faults."""
    form = ExampleForm()
    if request.GET.get("errors"):
        form = ExampleForm(
            {"name": "庁内文書くらうど", "price": "五百円", "starts_on": "2026-02-30", "summary": "文書" * 60}
        )
    morning = timezone.make_aware(datetime(2026, 11, 2, 9, 30))
    return render(
        request,
        "dev/components.html",
        {
            "form": form,
            "tones": ["", "blue", "green", "yellow", "red", "purple", "cyan", "solid"],
            "statuses": [
                ("draft", "下書き"),
                ("in_review", "審査中"),
                ("returned", "差戻し"),
                ("approved", "承認"),
                ("rejected", "却下"),
            ],
            "tabs": [
                {"label": "概要", "url": "?tab=summary", "current": True},
                {"label": "価格", "url": "?tab=price", "current": False},
                {"label": "導入実績", "url": "?tab=adoptions", "current": False, "count": 12},
            ],
            "steps": [
                {"label": "検索と絞り込み", "state": "done", "note": "3日"},
                {"label": "選定の確定", "state": "done", "note": "1日"},
                {"label": "見積り", "state": "current", "note": "締切 11月30日"},
                {"label": "契約", "state": "todo"},
            ],
            "events": [
                {"at": morning, "title": "審査に提出", "actor": "申請者"},
                {
                    "at": morning + timedelta(days=1),
                    "title": "差戻し",
                    "tone": "negative",
                    "body": "ISMAPの登録番号を確かめてください。",
                },
                {"at": morning + timedelta(days=2, hours=4), "title": "承認", "tone": "positive"},
            ],
            "facts": [
                ("提供形態", "ガバメントクラウド、LGWAN-ASP"),
                ("データの保管場所", "国内のみ"),
                ("サポート窓口", "平日 9時〜18時（電話・メール）"),
            ],
            "figures": [
                ("掲載中のソフトウェア", "1,284", "件"),
                ("事業者", "362", "社"),
                ("うち中小企業", "71", "％"),
                ("公表した調達", "0", "件"),
            ],
            "page": Paginator(range(240), 20).get_page(request.GET.get("page", 4)),
            "options": [
                {"value": "document", "label": "文書管理", "count": 84, "checked": True},
                {"value": "disaster", "label": "防災・避難所", "count": 37, "checked": False},
                {"value": "school", "label": "校務支援", "count": 0, "checked": False},
            ],
            "bars": [
                ("都道府県", 41, ""),
                ("政令指定都市", 17, ""),
                ("市区町村", 96, "green"),
                ("広域連合・一部事務組合", 0, ""),
            ],
            "listing_facts": [("価格の目安", "年 594,000円から"), ("販売事業者", "3社"), ("導入実績", "21団体")],
            "certifications": ["ISMAP", "ISO 27001", "LGWAN-ASP"],
        },
    )


urlpatterns = [*site_urlpatterns, path("dev/components/", components, name="components")]
