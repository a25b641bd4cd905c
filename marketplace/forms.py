"""Forms the way the design system asks: label, requirement, hint, error, control.

`FORM_RENDERER = "marketplace.forms.Renderer"` makes `{{ form }}`, `{{ formset }}` and `{{ field.as_field_group }}`
look and speak the same everywhere. Build on `Form` and `ModelForm` below; they add fieldsets and messages a person
understands.
"""

import unicodedata

from django import forms
from django.forms.renderers import TemplatesSetting
from django.forms.utils import pretty_name
from django.utils.translation import gettext_lazy as _


class BoundField(forms.BoundField):
    """What the field template needs to know beyond Django's own bound field."""

    @property
    def first_control_id(self) -> str:
        """Where a link in the error summary leads. A group's own id belongs to a container no one can focus."""
        return f"{self.auto_id}_0" if self.field.widget.use_fieldset else self.id_for_label

    @property
    def is_single_checkbox(self) -> bool:
        return isinstance(self.field.widget, forms.CheckboxInput)

    @property
    def unit(self) -> str:
        """The unit printed behind the control, such as 円."""
        return getattr(self.field, "unit", "")

    @property
    def counter_limit(self) -> int | None:
        """The length a text area counts against."""
        is_text_area = isinstance(self.field.widget, forms.Textarea)
        return getattr(self.field, "max_length", None) if is_text_area else None

    @property
    def aria_describedby(self):
        described_by = super().aria_describedby
        extra = [
            f"{self.auto_id}_{name}"
            for name, present in (("unit", self.unit), ("counter", self.counter_limit))
            if present and self.auto_id
        ]
        return " ".join(filter(None, [described_by, *extra])) if described_by is not None else None


class Renderer(TemplatesSetting):
    """Django's own templates of forms, found in the project's templates and so free to use its components."""

    form_template_name = "components/form.html"
    formset_template_name = "components/formset.html"
    field_template_name = "components/field.html"
    bound_field_class = BoundField


LIMIT_MESSAGES = {
    "max_length": _("%(limit_value)d文字以内で入力してください。いまは%(show_value)d文字です。"),
    "min_length": _("%(limit_value)d文字以上で入力してください。いまは%(show_value)d文字です。"),
    "max_value": _("%(limit_value)s以下の数を入力してください。"),
    "min_value": _("%(limit_value)s以上の数を入力してください。"),
}


class _Manners:
    """Fieldsets, and messages that name the field.

    `fieldsets`: pairs (legend, list of field names); fields named nowhere follow without a legend.
    """

    fieldsets: tuple = ()

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.mind_manners()

    def mind_manners(self):
        """Give every field its messages; a form that adds fields of its own calls it again."""
        for name, field in self.fields.items():
            label = field.label or pretty_name(name)
            field.error_messages["required"] = _required_message(field, label)
            field.error_messages = LIMIT_MESSAGES | field.error_messages

    @property
    def groups(self) -> list[tuple]:
        """The visible fields as pairs (legend, fields), in page order; '' where there is no legend."""
        grouped = [(legend, [self[name] for name in names if name in self.fields]) for legend, names in self.fieldsets]
        named = {name for _legend, names in self.fieldsets for name in names}
        rest = [field for field in self.visible_fields() if field.name not in named]
        return [(legend, fields) for legend, fields in [*grouped, ("", rest)] if fields]


def _required_message(field, label):
    standard = forms.Field.default_error_messages["required"]
    if field.error_messages.get("required", standard) is not standard:
        return field.error_messages["required"]  # the form's author said it better
    if isinstance(field, forms.BooleanField):
        return _("「%(label)s」にチェックを入れてください。") % {"label": label}
    if isinstance(field, forms.FileField):
        return _("「%(label)s」のファイルを選んでください。") % {"label": label}
    if isinstance(field, forms.ChoiceField | forms.ModelChoiceField):
        return _("「%(label)s」を選んでください。") % {"label": label}
    return _("「%(label)s」を入力してください。") % {"label": label}


class Form(_Manners, forms.Form):
    pass


class ModelForm(_Manners, forms.ModelForm):
    pass


def _half_width(value):
    """What a Japanese keyboard types as １，２３４ is 1,234."""
    return unicodedata.normalize("NFKC", value).strip() if isinstance(value, str) else value


class NumberField(forms.IntegerField):
    """A whole number typed as text: full-width digits and thousands separators are welcome, spin buttons are not."""

    widget = forms.TextInput
    unit = ""
    default_error_messages = {"invalid": _("整数を数字で入力してください。例：1200")}

    def __init__(self, *, unit="", **kwargs):
        super().__init__(**kwargs)
        self.unit = unit or self.unit

    def widget_attrs(self, widget):
        return {**super().widget_attrs(widget), "inputmode": "numeric", "autocomplete": "off"}

    def to_python(self, value):
        value = _half_width(value)
        if isinstance(value, str):
            value = value.removesuffix(str(self.unit)).replace(",", "") if self.unit else value.replace(",", "")
        return super().to_python(value)


class YenField(NumberField):
    """An amount in whole yen, an `int`."""

    unit = _("円")


class PointsField(forms.DecimalField):
    """Points, an exact `Decimal`, typed as text."""

    widget = forms.TextInput
    unit = _("点")
    default_error_messages = {"invalid": _("点数を数字で入力してください。例：12.5")}

    def widget_attrs(self, widget):
        return {**super().widget_attrs(widget), "inputmode": "decimal", "autocomplete": "off"}

    def to_python(self, value):
        return super().to_python(_half_width(value))


class DateField(forms.DateField):
    """A date through the browser's own date control, or typed the usual Japanese ways where there is none."""

    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    default_error_messages = {"invalid": _("日付を正しく入力してください。例：2026年4月1日")}

    def __init__(self, *, input_formats=("%Y-%m-%d", "%Y/%m/%d", "%Y年%m月%d日"), **kwargs):
        super().__init__(input_formats=input_formats, **kwargs)

    def to_python(self, value):
        return super().to_python(_half_width(value))


class DateTimeField(forms.DateTimeField):
    """A moment in the current time zone through the browser's own control; the value is aware."""

    widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
    default_error_messages = {"invalid": _("日時を正しく入力してください。例：2026-04-01 17:00")}

    def to_python(self, value):
        return super().to_python(_half_width(value))


class TextAreaField(forms.CharField):
    """Longer text, counted against `max_length` without cutting off what is typed or pasted."""

    widget = forms.Textarea(attrs={"rows": 5})

    def widget_attrs(self, widget):
        attrs = super().widget_attrs(widget)
        attrs.pop("maxlength", None)  # a browser would cut pasted text without a word
        return attrs

    def to_python(self, value):
        # A browser sends a line break as two characters; what is counted and kept is one.
        return super().to_python(value.replace("\r\n", "\n") if isinstance(value, str) else value)
