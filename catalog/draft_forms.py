"""Forms over the table of fields: one form for a software's content, one for an offer's, and a formset for every list.

A form reads what a person types into content and shows content again; what content may say is decided by
``content.faults`` alone. Nothing is compulsory while drafting: fields marked as required are those a submission needs.
"""

import re
import unicodedata
from decimal import Decimal, InvalidOperation

from django import forms
from django.forms.formsets import BaseFormSet, formset_factory
from django.utils.translation import gettext_lazy as _

from marketplace import uploads
from marketplace.forms import DateField, Form, NumberField, TextAreaField

from . import content as fields
from .content import Field, Kind
from .enums import AttachmentKind
from .search.facets import category_tree

ROWS_AT_MOST = 60
ATTACHMENT_KINDS = (uploads.Kind.PDF, uploads.Kind.XLSX, uploads.Kind.DOCX)

UNTOLD = ("", _("未回答"))
FLAG_CHOICES = [("true", _("はい")), ("false", _("いいえ")), UNTOLD]
TAX_CHOICES = [("false", _("税抜")), ("true", _("税込"))]


class ExactField(forms.CharField):
    """A decimal typed by a person (１，２３４円, 99.9％), kept as the plain decimal string that content carries."""

    unit = ""

    def __init__(self, *, unit="", **kwargs):
        super().__init__(**kwargs)
        self.unit = unit

    def widget_attrs(self, widget):
        return {**super().widget_attrs(widget), "inputmode": "decimal", "autocomplete": "off"}

    def to_python(self, value):
        text = unicodedata.normalize("NFKC", super().to_python(value)).replace(",", "").replace(" ", "")
        text = text.removesuffix("円").removesuffix("%")
        try:
            number = Decimal(text)
        except InvalidOperation:
            return text  # faults() says what is wrong with it
        return f"{number:f}" if number.is_finite() else text


class FlagField(forms.TypedChoiceField):
    def __init__(self, **kwargs):
        super().__init__(coerce=lambda text: text == "true", empty_value=None, **kwargs)

    def prepare_value(self, value):
        return {True: "true", False: "false", None: ""}.get(value, value)


class _Open:
    """Marked as required, for a submission needs it; left open, for a draft does not."""

    def validate(self, value):
        if value not in self.empty_values:
            super().validate(value)


def _open(cls):
    return type(f"Open{cls.__name__}", (_Open, cls), {})


def form_field(field: Field, *, in_row: bool = False) -> forms.Field:
    """The form field that reads ``field``. In a row of a list there is no room for hints and radio buttons."""
    common = {"label": field.label, "required": field.required, "help_text": field.hint}
    match field.kind:
        case Kind.TEXT if field.lines > 1:
            area = _open(TextAreaField)(**common, widget=forms.Textarea(attrs={"rows": field.lines}))
            area.max_length = field.max_length  # for the counter; it is faults() that judges
            return area
        case Kind.TEXT:
            return _open(forms.CharField)(**common)
        case Kind.URL:
            return _open(forms.CharField)(**common, widget=forms.URLInput(attrs={"placeholder": "https://"}))
        case Kind.CHOICE:
            empty = _("選択してください") if field.required else UNTOLD[1]
            return _open(forms.ChoiceField)(**common, choices=[("", empty), *field.choices.choices])
        case Kind.CHOICES:
            return _open(forms.MultipleChoiceField)(
                **common,
                choices=field.choices.choices,
                widget=forms.CheckboxSelectMultiple(attrs={"class": "choices--inline"}),
            )
        case Kind.CATEGORIES:
            return _open(forms.MultipleChoiceField)(
                **common,
                choices=_category_choices,
                widget=forms.CheckboxSelectMultiple(attrs={"class": "choices--tree"}),
            )
        case Kind.FLAG if in_row:
            return _open(FlagField)(**common | {"label": _("消費税")}, choices=TAX_CHOICES)
        case Kind.FLAG:
            return _open(FlagField)(
                **common, choices=FLAG_CHOICES, widget=forms.RadioSelect(attrs={"class": "choices--inline"})
            )
        case Kind.DATE:
            return _open(DateField)(**common)
        case Kind.COUNT:
            return _open(NumberField)(**common, min_value=0)
        case Kind.AMOUNT:
            return _open(ExactField)(**common, unit="" if in_row else _("円"))
        case Kind.PERCENT:
            return _open(ExactField)(**common, unit="%")
    raise AssertionError(f"{field.name}: lists have formsets")


def _category_choices():
    """The leaves of the category tree under their parents' names."""
    nodes = category_tree()
    return [
        (parent.label, [(node.slug, node.label) for node in nodes if node.parent == parent.slug])
        for parent in nodes
        if parent.parent is None
    ]


def _as_content(value):
    """A cleaned value as JSON."""
    return value.isoformat() if hasattr(value, "isoformat") else value


class ContentForm(Form):
    """Reads and shows the fields of ``table`` that are no lists. Subclasses are made by ``content_form``."""

    table: tuple[Field, ...] = ()
    use_required_attribute = False

    def __init__(self, data=None, *, content=None, initial=None, **kwargs):
        told = {field.name: fields.get(content or {}, field.name) for field in self.table}
        super().__init__(data, initial=told | (initial or {}), **kwargs)

    def content(self) -> dict:
        """What was told, without blanks; fields that could not be read are left out."""
        self.is_valid()
        told: dict = {}
        for field in self.table:
            value = _as_content(self.cleaned_data.get(field.name))
            if fields.is_blank(value):
                continue
            outer, _dot, inner = field.name.partition(".")
            if inner:
                told.setdefault(outer, {})[inner] = value
            else:
                told[outer] = value
        return told

    def clean(self):
        told = {field.name: _as_content(self.cleaned_data.get(field.name)) for field in self.table}
        for field in self.table:
            if field.name not in self.errors:
                for fault in fields.faults_of_value(told[field.name], field, categories=_category_slugs(field)):
                    self.add_error(field.name, fault.message)
        return self.cleaned_data


def _category_slugs(field):
    if field.kind is not Kind.CATEGORIES:
        return frozenset()
    return frozenset(node.slug for node in category_tree() if node.parent is not None)


class RowForm(ContentForm):
    """One object of a list. A row in which nothing was typed is no row."""

    defaults: dict = {}

    def content(self) -> dict:
        told = super().content()
        return told | {field.name: told.get(field.name) for field in self.table if field.nullable}

    @property
    def is_blank(self) -> bool:
        """Whether nothing was told beyond what an empty row shows anyway."""
        return all(
            fields.is_blank(value) or self.defaults.get(name) == value for name, value in super().content().items()
        )

    @property
    def is_deleted(self) -> bool:
        return bool(self.is_bound and self.cleaned_data.get("DELETE"))


class RowFormSet(BaseFormSet):
    def content(self) -> list[dict]:
        self.is_valid()
        return [form.content() for form in self.forms if not form.is_deleted and not form.is_blank]

    def add_fields(self, form, index):
        super().add_fields(form, index)
        form.fields["DELETE"].label = _("この行を削除する")


def content_form(table: tuple[Field, ...], *, base=ContentForm, in_row=False, **attributes) -> type[ContentForm]:
    """The form class over ``table``, its fields grouped as ``content.GROUPS``."""
    scalars = tuple(field for field in table if field.kind is not Kind.LIST)
    groups = {field.group: [] for field in scalars}
    for field in scalars:
        groups[field.group].append(field.name)
    fieldsets = () if in_row else tuple((fields.GROUPS[group], names) for group, names in groups.items())
    members = {field.name: form_field(field, in_row=in_row) for field in scalars}
    return type("TableForm", (base,), members | {"table": scalars, "fieldsets": fieldsets} | attributes)


def row_formset(field: Field, **defaults) -> type[RowFormSet]:
    """The formset class over the list ``field``. ``defaults``: what an empty row shows."""
    row = content_form(field.items, base=RowForm, in_row=True, defaults=defaults)
    return formset_factory(
        row, formset=RowFormSet, extra=0, can_delete=True, max_num=ROWS_AT_MOST, absolute_max=ROWS_AT_MOST + 1
    )


_BY_NAME = {field.name: field for field in (*fields.SOFTWARE, *fields.OFFER)}

SoftwareForm = content_form(fields.SOFTWARE)
OfferForm = content_form(tuple(field for field in fields.OFFER if field.name != "kind"), fieldsets=())
ROW_FORMSETS = {
    "certifications": row_formset(_BY_NAME["certifications"]),
    "price_lines": row_formset(_BY_NAME["price_lines"], from_quantity=1, tax_included=False),
}


class Draft:
    """The whole form of one content: its fields, and its lists as formsets.

    ``keep``: names whose part of ``content`` this form does not ask about and leaves as it is.
    """

    def __init__(self, form_class, lists: tuple[str, ...], *, content: dict, data=None, keep: tuple[str, ...] = ()):
        self.form = form_class(data, content=content)
        self.lists = {name: self._rows(name, content, data) for name in lists}
        self.kept = {name: content[name] for name in keep if name in content}

    def _rows(self, name, content, data):
        formset_class = ROW_FORMSETS[name]
        # An empty table shows one row to begin with, filled in with what is usual.
        rows = content.get(name) or [formset_class.form.defaults]
        return formset_class(data, prefix=name, initial=rows)

    @property
    def forms(self) -> list:
        return [self.form, *self.lists.values()]

    def is_valid(self) -> bool:
        # Every part is asked, so that all errors show at once.
        answers = [part.is_valid() for part in self.forms]
        return all(answers)

    @property
    def errors(self) -> bool:
        return any(
            bool(part.errors) if not isinstance(part, BaseFormSet) else part.total_error_count() for part in self.forms
        )

    def content(self) -> dict:
        told = self.form.content() | self.kept
        return told | {name: rows for name, formset in self.lists.items() if (rows := formset.content())}


def software_draft(content: dict, data=None) -> Draft:
    return Draft(SoftwareForm, ("certifications",), content=content, data=data, keep=("attachments",))


def offer_draft(content: dict, data=None) -> Draft:
    return Draft(OfferForm, ("price_lines",), content=content, data=data, keep=("kind",))


def with_added_row(data, name: str):
    """The posted data with one more, empty row in the list ``name``."""
    formset_class = ROW_FORMSETS[name]
    data = data.copy()
    total = data.get(f"{name}-TOTAL_FORMS", "0")
    count = int(total) if re.fullmatch("[0-9]{1,4}", total) else 0
    if count < ROWS_AT_MOST:
        data[f"{name}-TOTAL_FORMS"] = str(count + 1)
        for key, value in formset_class.form.defaults.items():
            data[f"{name}-{count}-{key}"] = FlagField().prepare_value(value) if isinstance(value, bool) else str(value)
    return data


class NameForm(Form):
    """How a new software begins."""

    name = forms.CharField(label=_("名称"), max_length=100, help_text=_("あとで変えられます。"))

    def __init__(self, *args, companies=(), **kwargs):
        super().__init__(*args, **kwargs)
        if len(companies) > 1:
            choices = [(company.corporate_number, company.name) for company in companies]
            self.fields["company"] = forms.ChoiceField(label=_("製造事業者"), choices=choices)


class AttachmentForm(Form):
    """One document. What the file really is decides; the error stands at its field."""

    kind = forms.ChoiceField(label=_("種類"), choices=AttachmentKind.choices)
    file = forms.FileField(label=_("ファイル"), help_text=_("PDF、Excel、Word。20MBまで。"))

    def clean_file(self):
        upload = self.cleaned_data["file"]
        self.inspection = uploads.inspect(upload, ATTACHMENT_KINDS)
        return upload


class CommentForm(Form):
    body = TextAreaField(label=_("コメント"), max_length=2000, widget=forms.Textarea(attrs={"rows": 3}))


class NoteForm(Form):
    note = TextAreaField(
        label=_("事業者への連絡"), max_length=2000, help_text=_("お知らせとメールで事業者に届きます。")
    )


class SuspensionForm(Form):
    reason = TextAreaField(
        label=_("掲載停止の理由"), max_length=500, help_text=_("製品のページに、停止した日とともに表示されます。")
    )
