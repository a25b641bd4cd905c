"""Forms of the tender: the rule, the bid, the marks, the decision. They check shape; rules and the engine check meaning."""

import re
from decimal import Decimal

from django import forms
from django.core.exceptions import ValidationError
from django.forms.utils import ErrorDict, ErrorList
from django.utils.functional import cached_property, lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from marketplace import uploads
from marketplace.forms import DateField, DateTimeField, Form, NumberField, PointsField, TextAreaField, YenField

from . import scoring
from .enums import BonusKind, CriterionKind, PriceTax
from .evaluation.formulas import FORMULAS
from .evaluation.vocabulary import Aggregate, Formula, MandatoryRule, Method, RoundingMode

# The rule

MODES = {RoundingMode.DOWN: _("切り捨て"), RoundingMode.HALF_UP: _("四捨五入"), RoundingMode.UP: _("切り上げ")}
MOST_DIGITS = 4  # what published tenders use; the document itself allows more

METHODS = {
    Method.ADDITION: _("加算方式：技術点に価格点を足す"),
    Method.DIVISION: _("除算方式：技術点を入札価格で割る"),
}
FORMULA_LABELS = {
    Formula.LINEAR: _("配点 ×（1 − 入札価格 ÷ 予定価格）"),
    Formula.LOWEST_RATIO: _("配点 × 最低の入札価格 ÷ 入札価格"),
    Formula.LINEAR_FLOORED: _("配点 ×（1 − 入札価格 ÷ 予定価格）、下限の割合より安い分は評価しない"),
    Formula.LINEAR_KINKED: _("配点 ×（1 − 入札価格 ÷ 予定価格）、調査基準価格を下回る分は半分だけ評価する"),
    Formula.TENT: _("配点 ×（1 − ｜入札価格 ÷ 予定価格 − 基準の割合｜）"),
}
AGGREGATES = {
    Aggregate.MEAN: _("平均"),
    Aggregate.MEDIAN: _("中央値"),
    Aggregate.TRIMMED_MEAN: _("最高と最低を一つずつ除いた平均（評価委員3人以上）"),
}
MANDATORY_RULES = {
    MandatoryRule.ANY: _("一人でも不適合とすれば不合格"),
    MandatoryRule.MAJORITY: _("過半数が不適合とすれば不合格"),
    MandatoryRule.UNANIMOUS: _("全員が不適合とすれば不合格"),
}
TIES = {
    "technical,price,lot": _("技術点が高い者、次に入札価格が低い者、最後はくじ"),
    "technical,lot": _("技術点が高い者、次にくじ"),
    "price,lot": _("入札価格が低い者、次にくじ"),
    "price,technical,lot": _("入札価格が低い者、次に技術点が高い者、最後はくじ"),
    "lot": _("くじ"),
}


class RoundingField(forms.ChoiceField):
    """A declared rounding, ``{"mode", "digits"}``, or None where there is none."""

    def __init__(self, *, optional=True, **kwargs):
        none = [("", _("端数処理をしない"))] if optional else []
        choices = [
            (f"{mode}:{digits}", lazy(_rounding_label, str)(mode, digits))
            for mode in RoundingMode
            for digits in range(MOST_DIGITS + 1)
        ]
        super().__init__(choices=[*none, *choices], required=not optional, **kwargs)

    def prepare_value(self, value):
        return f"{value['mode']}:{value['digits']}" if isinstance(value, dict) else value

    def clean(self, value):
        mode, colon, digits = super().clean(value).partition(":")
        return {"mode": mode, "digits": int(digits)} if colon else None


def _rounding_label(mode, digits):
    if digits == 0:
        return _("小数点以下を%(mode)s（整数）") % {"mode": MODES[mode]}
    return _("小数第%(gone)d位を%(mode)s（小数第%(kept)d位まで）") % {
        "gone": digits + 1,
        "mode": MODES[mode],
        "kept": digits,
    }


class ScaleField(forms.CharField):
    """Letters and the share of the points each earns, typed in percent: ``A=100, B=70`` → ``{"A": "1", "B": "0.7"}``."""

    def prepare_value(self, value):
        if isinstance(value, dict):
            return ", ".join(f"{letter}={scoring.text(Decimal(share) * 100)}" for letter, share in value.items())
        return value

    def to_python(self, value):
        value = super().to_python(value).translate(str.maketrans("＝、％：，", "=,%:,"))
        if not value:
            return None
        scale: dict[str, str] = {}
        for entry in filter(None, (part.strip() for part in re.split(r"[,\n]", value))):
            found = re.fullmatch(r"(\S{1,5}?)\s*[=: ]\s*(\d{1,3}(?:\.\d{1,2})?)\s*%?", entry)
            if not found or found[1] in scale or Decimal(found[2]) > 100:
                raise ValidationError(
                    _("評語と割合（％）を「A=100, B=70, C=40, D=0」のように、重複なく入力してください。"), code="scale"
                )
            scale[found[1]] = scoring.text(Decimal(found[2]) / 100)
        return scale


def _choice(label, choices, *, initial=None, widget=forms.RadioSelect, **kwargs):
    return forms.ChoiceField(
        label=label,
        choices=[(str(key), text) for key, text in choices.items()],
        initial=initial,
        widget=widget,
        **kwargs,
    )


class RuleForm(Form):
    """Method, weights, roundings, ties, dates and the startup bonus: everything of the rule but its lists."""

    method = _choice(_("評価の方式"), METHODS, initial="addition")
    price_tax = forms.ChoiceField(
        label=_("入札価格の消費税"),
        choices=PriceTax,
        initial=PriceTax.EXCLUDED,
        widget=forms.RadioSelect,
        help_text=_("入札書、予定価格、調査基準価格のすべてに使います。"),
    )

    technical_points = PointsField(
        label=_("技術点の満点"),
        required=False,
        min_value=0,
        max_digits=9,
        decimal_places=4,
        help_text=_("基礎点を除きます。空欄のときは、評価項目の配点の合計です。"),
    )
    scale_marks = forms.BooleanField(label=_("評価項目の配点の合計を、技術点の満点に換算する"), required=False)
    base_points = PointsField(
        label=_("基礎点"),
        initial=Decimal(0),
        min_value=0,
        max_digits=9,
        decimal_places=4,
        help_text=_("必須項目をすべて満たした提案に与える点です。なければ0です。"),
    )
    minimum = PointsField(
        label=_("技術点の最低基準"),
        required=False,
        min_value=0,
        max_digits=9,
        decimal_places=4,
        help_text=_("加点措置を加える前の技術点がこれを下回る提案は不合格です。"),
    )
    aggregate = _choice(_("採点の集約"), AGGREGATES, initial="mean")
    mandatory_rule = _choice(_("必須項目の判定"), MANDATORY_RULES, initial="any")
    criterion_rounding = RoundingField(label=_("項目ごとの端数"))
    technical_rounding = RoundingField(label=_("技術点の端数"))

    total_rounding = RoundingField(label=_("総合評価点の端数"))

    division_scale = forms.DecimalField(
        label=_("評価値の倍率"),
        initial=Decimal(100_000_000),
        min_value=1,
        max_digits=15,
        decimal_places=0,
        required=False,
        widget=forms.TextInput(attrs={"inputmode": "numeric"}),
        help_text=_("評価値 ＝ 技術点 ÷ 入札価格 × 倍率。1億円あたりなら100000000です。"),
    )
    standard_points = PointsField(
        label=_("標準点"),
        required=False,
        min_value=0,
        max_digits=9,
        decimal_places=4,
        help_text=_("基準評価値（標準点 ÷ 予定価格）を下回る入札を落札者としないときに入力します。"),
    )
    division_rounding = RoundingField(label=_("評価値の端数"), optional=False, initial="down:4")

    ties = _choice(_("同点のとき"), TIES, initial="technical,price,lot")
    missing_lot_number = NumberField(
        label=_("くじ番号の入力がないとき"),
        required=False,
        initial=999,
        min_value=0,
        max_value=999,
        help_text=_("この番号とみなします。空欄にすると、入札書のくじ番号が必須になります。"),
    )

    startup_points = PointsField(
        label=_("スタートアップ加点"),
        required=False,
        min_value=Decimal("0.0001"),
        max_digits=9,
        decimal_places=4,
        help_text=_("加点しない調達では空欄にします。"),
    )
    startup_reference_date = DateField(
        label=_("設立からの年数を測る基準日"),
        required=False,
        help_text=_("公告日、入札書の提出期限など、公告で定める日です。"),
    )
    startup_years = NumberField(
        label=_("設立からの年数の上限"), required=False, min_value=1, max_value=30, unit=_("年未満"), initial=10
    )
    startup_source = forms.CharField(
        label=_("加点の根拠"),
        required=False,
        max_length=300,
        help_text=_("例：情報システムに係る調達におけるデジタル・スタートアップの評価について"),
    )

    bids_due_at = DateTimeField(label=_("入札書の提出期限"), help_text=_("この時刻になった瞬間から受け付けません。"))
    opening_at = DateTimeField(label=_("開札予定日時"), help_text=_("技術評価を確定した後、この日時から開札できます。"))

    fieldsets = [
        (_("日程"), ["bids_due_at", "opening_at"]),
        (_("方式"), ["method", "price_tax"]),
        (
            _("技術点"),
            [
                "technical_points",
                "scale_marks",
                "base_points",
                "minimum",
                "aggregate",
                "mandatory_rule",
                "criterion_rounding",
                "technical_rounding",
            ],
        ),
        (_("加算方式の合計"), ["total_rounding"]),
        (_("除算方式の計算"), ["division_scale", "standard_points", "division_rounding"]),
        (_("同点のとき"), ["ties", "missing_lot_number"]),
        (
            _("デジタル・スタートアップの加点"),
            ["startup_points", "startup_reference_date", "startup_years", "startup_source"],
        ),
    ]

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        ties = self.initial.get("ties")
        if ties and ties not in TIES:  # a rule made elsewhere may order them otherwise; editing must not change it
            self.fields["ties"].choices = [*self.fields["ties"].choices, (ties, ties)]

    def clean(self):
        cleaned = super().clean()
        due, opening = cleaned.get("bids_due_at"), cleaned.get("opening_at")
        if due and opening and opening < due:
            self.add_error("opening_at", _("開札は入札書の提出期限以後にしてください。"))
        if cleaned.get("scale_marks") and cleaned.get("technical_points") is None:
            self.add_error("technical_points", _("換算するときは、技術点の満点を入力してください。"))
        if cleaned.get("startup_points") is not None:
            for name in ("startup_reference_date", "startup_years", "startup_source"):
                if not cleaned.get(name) and name not in self.errors:
                    self.add_error(name, _("スタートアップ加点には、基準日、年数、根拠が必要です。"))
        if cleaned.get("method") == Method.DIVISION and not cleaned.get("division_scale"):
            self.add_error("division_scale", _("除算方式では、評価値の倍率を入力してください。"))
        return cleaned

    def tender_values(self, components: list[dict], criteria: list[dict]) -> dict:
        """The fields of Tender that this form decides, with the rule in the words of the evaluation document."""
        given = self.cleaned_data
        division = given["method"] == Method.DIVISION
        rule = {
            "method": given["method"],
            "technical": {
                "points": _text(given["technical_points"]),
                "base_points": _text(given["base_points"]),
                "raw_maximum": _text(scored_points(criteria)) if given["scale_marks"] else None,
                "minimum": _text(given["minimum"]),
                "aggregate": given["aggregate"],
                "criterion_rounding": given["criterion_rounding"],
                "rounding": given["technical_rounding"],
            },
            "mandatory_rule": given["mandatory_rule"],
            "total": {"rounding": None if division else given["total_rounding"]},
            "ties": given["ties"].split(","),
            "lot": {"missing_number": given["missing_lot_number"]},
        }
        if division:
            rule["division"] = {
                "scale": _text(given["division_scale"]),
                "standard_points": _text(given["standard_points"]),
                "rounding": given["division_rounding"],
            }
        else:
            rule["price"] = {"components": components}
        has_startup = given["startup_points"] is not None
        return {
            "rule": rule,
            "price_tax": given["price_tax"],
            "bids_due_at": given["bids_due_at"],
            "opening_at": given["opening_at"],
            "startup_reference_date": given["startup_reference_date"] if has_startup else None,
            "startup_years": given["startup_years"] if has_startup else None,
            "startup_source": given["startup_source"] if has_startup else "",
        }

    def startup_bonus(self) -> list[dict]:
        points = self.cleaned_data["startup_points"]
        label = gettext("デジタル・スタートアップ")
        return [] if points is None else [{"kind": BonusKind.STARTUP, "label": label, "points": points, "group": ""}]

    def add_faults(self, error) -> None:
        """Show what the engine holds against the rule, each fault at its field where there is one."""
        for fault in error.faults:
            field = next((name for prefix, name in _FIELD_OF.items() if fault.path.startswith(prefix)), None)
            self.add_error(field, scoring.fault_line(fault))


_FIELD_OF = {
    "$.technical.points": "technical_points",
    "$.technical.base_points": "base_points",
    "$.technical.raw_maximum": "scale_marks",
    "$.technical.minimum": "minimum",
    "$.technical.aggregate": "aggregate",
    "$.division.scale": "division_scale",
    "$.division.standard_points": "standard_points",
    "$.lot": "missing_lot_number",
}


def scored_points(criteria: list[dict]) -> Decimal:
    return sum((criterion["points"] for criterion in criteria if criterion["points"] is not None), Decimal(0))


def _text(number: Decimal | None) -> str | None:
    return None if number is None else scoring.text(number)


def rule_initial(tender) -> dict:
    """What RuleForm shows of a stored draft."""
    rule = tender.rule
    initial: dict = {
        name: getattr(tender, name)
        for name in ("bids_due_at", "opening_at", "price_tax", "startup_reference_date", "startup_source")
    }
    initial["startup_years"] = tender.startup_years or 10
    startup = tender.bonuses.filter(kind=BonusKind.STARTUP).first()
    initial["startup_points"] = startup and Decimal(scoring.text(startup.points))
    return initial | (rule_fields(rule) if rule else {})


def rule_fields(rule: dict) -> dict:
    """The fields of RuleForm that a rule of the evaluation document stands for."""
    technical, division = rule["technical"], rule.get("division") or {}
    fields = {
        "method": rule["method"],
        "technical_points": technical["points"],
        "scale_marks": technical["raw_maximum"] is not None,
        "base_points": technical["base_points"],
        "minimum": technical["minimum"],
        "aggregate": technical["aggregate"],
        "criterion_rounding": technical["criterion_rounding"],
        "technical_rounding": technical["rounding"],
        "mandatory_rule": rule["mandatory_rule"],
        "total_rounding": rule["total"]["rounding"],
        "ties": ",".join(rule["ties"]),
        "missing_lot_number": rule["lot"]["missing_number"],
    }
    if division:
        fields |= {
            "division_scale": division["scale"],
            "standard_points": division["standard_points"],
            "division_rounding": division["rounding"],
        }
    return fields


class ComponentForm(Form):
    """One part of the price and what it can earn, such as 初期費用 and 利用料."""

    name = forms.CharField(
        label=_("価格の名称"), max_length=60, help_text=_("一つだけなら「総額」のままで構いません。")
    )
    points = PointsField(label=_("価格点の配点"), min_value=0, max_digits=9, decimal_places=4)
    formula = _choice(_("計算式"), FORMULA_LABELS, initial="linear", widget=forms.Select)
    ratio = forms.DecimalField(
        label=_("下限・基準の割合（％）"),
        required=False,
        min_value=0,
        max_value=100,
        decimal_places=2,
        widget=forms.TextInput(attrs={"inputmode": "decimal"}),
        help_text=_("計算式に下限の割合か基準の割合があるときに入力します。例：75"),
    )
    rounding = RoundingField(label=_("価格点の端数"))

    def clean(self):
        cleaned = super().clean()
        key = FORMULAS[Formula(cleaned["formula"])].ratio_key if cleaned.get("formula") else None
        if key and cleaned.get("ratio") is None and "ratio" not in self.errors:
            self.add_error("ratio", _("この計算式では、割合を入力してください。"))
        return cleaned

    def component(self) -> dict:
        given = self.cleaned_data
        component = {
            "id": given["name"],
            "points": _text(given["points"]),
            "formula": given["formula"],
            "rounding": given["rounding"],
        }
        if key := FORMULAS[Formula(given["formula"])].ratio_key:
            component[key] = _text(given["ratio"] / 100)
        return component


def component_initial(component: dict) -> dict:
    ratio = component.get("floor_ratio", component.get("peak_ratio"))
    return {
        "name": component["id"],
        "points": component["points"],
        "formula": component["formula"],
        "ratio": ratio and Decimal(scoring.text(Decimal(ratio) * 100)),
        "rounding": component["rounding"],
    }


class CriterionForm(Form):
    """One criterion: mandatory (met or not), or scored by a scale of letters or by points."""

    kind = forms.ChoiceField(
        label=_("種別"),
        choices=CriterionKind,
        initial=CriterionKind.SCORED,
        widget=forms.RadioSelect(attrs={"class": "choices--inline"}),
    )
    name = forms.CharField(label=_("評価項目"), max_length=100)
    description = TextAreaField(
        label=_("評価の観点"), required=False, max_length=1000, widget=forms.Textarea(attrs={"rows": 2})
    )
    points = PointsField(
        label=_("配点"),
        required=False,
        min_value=Decimal("0.0001"),
        max_digits=9,
        decimal_places=4,
        help_text=_("加点項目だけに入力します。"),
    )
    scale = ScaleField(
        label=_("評語と割合（％）"),
        required=False,
        max_length=200,
        help_text=_("例：A=100, B=70, C=40, D=0。空欄なら、0点から配点までの点数で採点します。"),
    )

    def clean(self):
        cleaned = super().clean()
        mandatory = cleaned.get("kind") == CriterionKind.MANDATORY
        if mandatory and (cleaned.get("points") is not None or cleaned.get("scale")):
            self.add_error("points", _("必須項目は適合・不適合だけで判定します。配点と評語を空にしてください。"))
        if (
            cleaned.get("kind") == CriterionKind.SCORED
            and cleaned.get("points") is None
            and "points" not in self.errors
        ):
            self.add_error("points", _("加点項目の配点を、0より大きい点で入力してください。"))
        return cleaned

    def criterion(self) -> dict:
        return {name: self.cleaned_data[name] for name in ("kind", "name", "description", "points", "scale")}


class BonusForm(Form):
    """A bonus beside the startup's: of one group only the highest counts."""

    kind = forms.ChoiceField(
        label=_("種別"), choices=[choice for choice in BonusKind.choices if choice[0] != BonusKind.STARTUP]
    )
    label = forms.CharField(label=_("名称"), max_length=100, help_text=_("例：えるぼし認定（3段階目）"))
    points = PointsField(label=_("加点"), min_value=Decimal("0.0001"), max_digits=9, decimal_places=4)
    group = forms.CharField(
        label=_("重複しない組"),
        required=False,
        max_length=20,
        help_text=_("同じ組の中では、最も高い加点だけを数えます。"),
    )

    def bonus(self) -> dict:
        return {name: self.cleaned_data[name] for name in ("kind", "label", "points", "group")}


class _Rows(forms.BaseFormSet):
    """Rows that can be left out by ticking 削除; a row left as it was offered does not count."""

    def get_deletion_widget(self):
        return forms.CheckboxInput()

    def add_fields(self, form, index):
        super().add_fields(form, index)
        form.empty_permitted = True
        if "DELETE" in form.fields:
            form.fields["DELETE"].label = _("この行を削除する")

    def forgive(self):
        """Show what was typed, without holding against it what is still to be typed."""
        self._errors, self._non_form_errors = [], ErrorList()
        for form in self.forms:
            form._errors = ErrorDict()

    @property
    def kept(self):
        return [
            form
            for form in self.forms
            if form.cleaned_data and form.has_changed() and not form.cleaned_data.get("DELETE")
        ]


class _Components(_Rows):
    def clean(self):
        names = [form.cleaned_data.get("name") for form in self.kept]
        if len(set(names)) < len(names):
            raise ValidationError(_("価格の名称が重複しています。"))


ComponentFormSet = forms.formset_factory(
    ComponentForm, formset=_Components, extra=0, max_num=5, validate_max=True, can_delete=True
)
CriterionFormSet = forms.formset_factory(
    CriterionForm, formset=_Rows, extra=0, max_num=100, validate_max=True, can_delete=True
)
BonusFormSet = forms.formset_factory(BonusForm, formset=_Rows, extra=0, max_num=10, validate_max=True, can_delete=True)


_INTEGER = {"mode": "down", "digits": 0}
_NO_ROUNDING = {"total_rounding": None, "criterion_rounding": None}

# Starting points seen in published evaluation rules (weights, formula, rounding); the officer changes them freely.
PRESETS: dict[str, dict] = {
    "two_to_one": {
        "label": _("2：1、予定価格との比、切り捨て"),
        "note": _("技術200点、価格100点。技術点と価格点はそれぞれ小数点以下を切り捨て"),
        "rule": {"method": "addition", "technical_points": "200", "scale_marks": True, "technical_rounding": _INTEGER} | _NO_ROUNDING,
        "components": [{"name": "総額", "points": "100", "formula": "linear", "rounding": _INTEGER}],
    },
    "one_to_one": {
        "label": _("1：1、予定価格との比、切り捨て"),
        "note": _("技術100点、価格100点。技術点と価格点はそれぞれ小数点以下を切り捨て"),
        "rule": {"method": "addition", "technical_points": "100", "scale_marks": True, "technical_rounding": _INTEGER} | _NO_ROUNDING,
        "components": [{"name": "総額", "points": "100", "formula": "linear", "rounding": _INTEGER}],
    },
    "lowest_ratio": {
        "label": _("7：3、最低価格との比、四捨五入"),
        "note": _("技術70点、価格30点。価格点は最も安い入札に対する割合で、整数に四捨五入"),
        "rule": {"method": "addition", "technical_points": "70", "scale_marks": True, "technical_rounding": {"mode": "half_up", "digits": 0}} | _NO_ROUNDING,
        "components": [{"name": "総額", "points": "30", "formula": "lowest_ratio", "rounding": {"mode": "half_up", "digits": 0}}],
    },
    "division": {
        "label": _("除算方式、評価値を小数第4位まで"),
        "note": _("基礎点100点に採点を加え、入札価格で割る。基準評価値を下回る入札は落札者としない"),
        "rule": {
            "method": "division", "technical_points": None, "scale_marks": False, "technical_rounding": None, "base_points": "100",
            "division_scale": "100000000", "standard_points": "100", "division_rounding": {"mode": "down", "digits": 4},
            "ties": "technical,lot",
        } | _NO_ROUNDING,
        "components": [],
    },
}  # fmt: skip


class PublishForm(Form):
    """The secret prices, typed when the tender is published and sealed at once."""

    ceiling_price = YenField(label=_("予定価格"), min_value=1, help_text=_("これを超える入札は評価しません。"))
    low_price_threshold = YenField(
        label=_("調査基準価格"),
        min_value=1,
        required=False,
        help_text=_(
            "落札候補の入札がこれを下回ると、低入札価格調査のため決定が仮のものになります。なければ空欄にします。"
        ),
    )

    def clean(self):
        cleaned = super().clean()
        ceiling, threshold = cleaned.get("ceiling_price"), cleaned.get("low_price_threshold")
        if ceiling and threshold and threshold > ceiling:
            self.add_error("low_price_threshold", _("調査基準価格は予定価格以下にしてください。"))
        return cleaned


class TrialForm(Form):
    """The prices a trial assumes. They are not stored."""

    ceiling_price = YenField(label=_("仮の予定価格"), min_value=1)
    low_price_threshold = YenField(label=_("仮の調査基準価格"), min_value=1, required=False)


class TrialBidForm(Form):
    """An invented bid."""

    name = forms.CharField(label=_("入札"), max_length=40)
    technical_points = PointsField(label=_("技術点"), min_value=0, max_digits=12, decimal_places=4)

    def __init__(self, *args, components, bonuses, **kwargs):
        super().__init__(*args, **kwargs)
        self.components, self.bonuses = components, bonuses
        for index, component in enumerate(components):
            label = _("入札価格") if len(components) == 1 else _("入札価格：%(name)s") % {"name": component}
            self.fields[f"price_{index}"] = YenField(label=label, min_value=1)
        for bonus in bonuses:
            self.fields[f"bonus_{bonus.key}"] = forms.BooleanField(label=bonus.label, required=False)
        self.mind_manners()

    def bid(self, order: int) -> dict:
        given = self.cleaned_data
        return {
            "id": given["name"],
            "status": "valid",
            "prices": {component: str(given[f"price_{index}"]) for index, component in enumerate(self.components)},
            "technical_points": scoring.text(given["technical_points"]),
            "bonuses": [bonus.key for bonus in self.bonuses if given[f"bonus_{bonus.key}"]],
            "lot_number": 0,
            "lot_order": order,
        }


class AssignForm(Form):
    evaluator = forms.ModelChoiceField(label=_("評価委員"), queryset=None, empty_label=_("選んでください"))

    def __init__(self, *args, people, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["evaluator"].queryset = people
        self.fields["evaluator"].to_field_name = "reference"


# The bid


class BidForm(Form):
    """Prices by component, the proposal and the claims of one tender."""

    proposal = TextAreaField(
        label=_("提案内容"),
        required=False,
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 10}),
        help_text=_("評価委員は会社名を見ずに採点します。会社名や価格を書かないでください。"),
    )
    attachment = forms.FileField(
        label=_("提案書（PDF）"),
        required=False,
        help_text=_("20MBまで。会社名や価格の記載がないものにしてください。"),
        widget=forms.FileInput(attrs={"accept": "application/pdf,.pdf"}),
    )
    drop_attachment = forms.BooleanField(label=_("添付した提案書を外す"), required=False)
    lot_number = NumberField(
        label=_("くじ番号"),
        required=False,
        min_value=0,
        max_value=999,
        help_text=_("0から999までの好きな数字です。同点になり、くじで決めるときに使います。"),
    )

    def __init__(self, *args, tender, attached=False, **kwargs):
        super().__init__(*args, **kwargs)
        self.tender, self.attached = tender, attached
        components = scoring.price_components(tender.rule)
        for index, component in enumerate(components):
            label = _("入札価格") if len(components) == 1 else _("入札価格：%(name)s") % {"name": component}
            self.fields[f"price_{index}"] = YenField(
                label=label, min_value=1, max_value=10**15, help_text=tender.get_price_tax_display()
            )
        bonuses = list(tender.bonuses.all())
        for bonus in bonuses:
            points = scoring.text(bonus.points)
            self.fields[f"claim_{bonus.key}"] = forms.BooleanField(
                label=_("「%(label)s」の加点（%(points)s点）を申告する") % {"label": bonus.label, "points": points},
                required=False,
            )
            self.fields[f"statement_{bonus.key}"] = TextAreaField(
                label=_("技術と事業拡大の説明") if bonus.kind == BonusKind.STARTUP else _("申告の根拠"),
                required=False,
                max_length=2000,
                widget=forms.Textarea(attrs={"rows": 4}),
                help_text=_(
                    "情報システムに関する技術を使った事業であることと、この契約を実績にどう事業を広げるかを書いてください。"
                )
                if bonus.kind == BonusKind.STARTUP
                else _("認定の名称、番号、日付などを書いてください。"),
            )
        self.bonuses, self.components = bonuses, components
        if not attached:
            del self.fields["drop_attachment"]
        self.fields["lot_number"].required = scoring.needs_lot_number(tender)
        self.fieldsets = [
            (_("入札価格"), [f"price_{index}" for index in range(len(components))]),
            (_("提案"), ["proposal", "attachment", "drop_attachment"]),
            (_("加点の申告"), [f"{part}_{bonus.key}" for bonus in bonuses for part in ("claim", "statement")]),
            (_("くじ"), ["lot_number"]),
        ]
        self.mind_manners()

    def clean_attachment(self):
        """The upload with what it turned out to be, or None."""
        upload = self.cleaned_data["attachment"]
        if upload:
            upload.inspection = uploads.inspect(upload, (uploads.Kind.PDF,))
        return upload

    def clean(self):
        cleaned = super().clean()
        for bonus in self.bonuses:
            if cleaned.get(f"claim_{bonus.key}") and not cleaned.get(f"statement_{bonus.key}"):
                self.add_error(f"statement_{bonus.key}", _("申告する加点の説明を入力してください。"))
        keeps_file = self.attached and not cleaned.get("drop_attachment")
        if not (cleaned.get("proposal") or cleaned.get("attachment") or keeps_file or "attachment" in self.errors):
            self.add_error("proposal", _("提案内容を入力するか、提案書のPDFを添付してください。"))
        return cleaned

    @property
    def prices(self) -> dict[str, Decimal]:
        return {
            component: Decimal(self.cleaned_data[f"price_{index}"]) for index, component in enumerate(self.components)
        }

    @property
    def claims(self) -> dict:
        """Bonus → statement of what is claimed."""
        return {
            bonus: self.cleaned_data[f"statement_{bonus.key}"]
            for bonus in self.bonuses
            if self.cleaned_data[f"claim_{bonus.key}"]
        }


class WithdrawForm(Form):
    reason = forms.CharField(
        label=_("辞退の理由"),
        max_length=500,
        required=False,
        help_text=_("任意です。入札の記録に残り、担当官が読むことができます。"),
    )


# Marks


class DeclareForm(Form):
    has_conflict = forms.TypedChoiceField(
        label=_("利害関係"),
        choices=[("no", _("利害関係はない")), ("yes", _("利害関係がある（この調達の評価を辞退する）"))],
        coerce=lambda value: value == "yes",
        widget=forms.RadioSelect,
    )


class MarkForm(Form):
    """One evaluator's mark of one proposal on one criterion. May be left open while working."""

    use_required_attribute = False

    comment = forms.CharField(label=_("コメント"), required=False, max_length=1000)

    def __init__(self, *args, criterion, mark=None, **kwargs):
        initial = {"comment": mark.comment, "mark": mark_value(mark)} if mark else {}
        super().__init__(*args, prefix=criterion.key, initial=initial, **kwargs)
        self.criterion, self.mark = criterion, mark
        inline = {"class": "choices--inline"}
        if criterion.kind == CriterionKind.MANDATORY:
            field = forms.ChoiceField(
                label=_("判定"),
                choices=[("met", _("適合")), ("unmet", _("不適合"))],
                widget=forms.RadioSelect(attrs=inline),
            )
        elif criterion.scale:
            field = forms.ChoiceField(
                label=_("評語"),
                choices=[
                    (
                        letter,
                        gettext("%(letter)s（%(points)s）")
                        % {"letter": letter, "points": scoring.text(criterion.points * Decimal(share))},
                    )
                    for letter, share in criterion.scale.items()
                ],
                widget=forms.RadioSelect(attrs=inline),
            )
        else:
            field = PointsField(
                label=_("点数（0〜%(points)s）") % {"points": scoring.text(criterion.points)},
                min_value=0,
                max_value=Decimal(scoring.text(criterion.points)),
                max_digits=9,
                decimal_places=4,
            )
        self.fields = {"mark": field, "comment": self.fields["comment"]}
        self.mind_manners()
        # Shown as required, for nobody hands in without it; a mark that was given can be changed, not taken back.
        if mark is None:
            validate = field.validate
            field.validate = lambda value: value in field.empty_values or validate(value)
        field.error_messages["required"] = _("一度付けた採点は、消さずに付け直してください。")

    @cached_property
    def is_marked(self) -> bool:
        return self.cleaned_data.get("mark") not in (None, "")

    def values(self) -> dict:
        """The arguments of ``save_mark``."""
        mark, comment = self.cleaned_data["mark"], self.cleaned_data["comment"]
        if self.criterion.kind == CriterionKind.MANDATORY:
            return {"is_met": mark == "met", "comment": comment}
        if self.criterion.scale:
            return {"letter": mark, "comment": comment}
        return {"points": mark, "comment": comment}


def mark_value(mark):
    if mark.is_met is not None:
        return "met" if mark.is_met else "unmet"
    return mark.letter or Decimal(scoring.text(mark.points))


# Decisions


class ClaimForm(Form):
    accept = forms.TypedChoiceField(
        label=_("判断"),
        choices=[("yes", _("加点を認める")), ("no", _("加点を認めない"))],
        coerce=lambda value: value == "yes",
        widget=forms.RadioSelect,
    )
    reason = TextAreaField(
        label=_("判断の理由"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("通知と評価結果に載ります。"),
    )


class DisqualifyForm(Form):
    reason = TextAreaField(
        label=_("無効とする理由"),
        max_length=250,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("通知と評価結果に載ります。"),
    )


class AwardForm(Form):
    evaluation = forms.IntegerField(widget=forms.HiddenInput)
    reason = TextAreaField(label=_("決定の理由"), max_length=1000, widget=forms.Textarea(attrs={"rows": 4}))


class ContractForm(Form):
    number = forms.CharField(label=_("契約番号"), max_length=40)
    amount_yen = YenField(label=_("契約金額（税込）"), min_value=1, max_value=10**15)
    signed_on = DateField(label=_("契約締結日"))
    term_from = DateField(label=_("契約期間の開始日"))
    term_to = DateField(label=_("契約期間の終了日"))

    def clean(self):
        cleaned = super().clean()
        start, end = cleaned.get("term_from"), cleaned.get("term_to")
        if start and end and end < start:
            self.add_error("term_to", _("終了日は開始日以後にしてください。"))
        return cleaned


class GivenPointsForm(Form):
    points = PointsField(label=_("技術点"), min_value=0, max_digits=12, decimal_places=4)
