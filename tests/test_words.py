"""The interface's words: all of them in English too, and none of them where gettext cannot find them."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from marketplace.management.commands import messages

ROOT = Path(__file__).resolve().parents[1]
ROOMS = ("marketplace", "catalog", "procurement")
TEMPLATES = sorted(
    path
    for room in ("templates", *ROOMS)
    for path in (ROOT / room).rglob("*")
    if path.suffix in {".html", ".txt"} and "templates" in path.relative_to(ROOT).parts
)
MODULES = sorted(
    path for room in ROOMS for path in (ROOT / room).rglob("*.py") if "migrations" not in path.relative_to(ROOT).parts
)

JAPANESE = re.compile(r"[ぁ-ゖァ-ヺー々㐀-鿿]")
# Japanese, its punctuation, and Latin letters as wide as Japanese ones.
WIDE = re.compile(r"[\u3000-\u30ff\u3400-\u9fff\uff00-\uffef]")
PLACEHOLDER = re.compile(r"%%s|%\(\w+\)[a-z]|(?<!%)%[sd]")

# Texts that are not the interface's, and why.
JAPANESE_TEMPLATES = {
    "templates/dev/": "a gallery for developers, with invented content",
    "marketplace/gbizid_standin/": "imitates a Japanese provider, in development only",
    "templates/catalog/email/": "stored and mailed: Japanese, whoever triggers it (notifications.actions.notify)",
    "templates/procurement/email/": "stored and mailed: Japanese, whoever triggers it (notifications.actions.notify)",
}
JAPANESE_MODULES = {
    "catalog/differences.py": "a pattern over Japanese text",
    "catalog/made_up.py": "invented listings",
    "catalog/search/": "how Japanese is normalised, split and judged",
    "marketplace/demo/": "demonstration data",
    "marketplace/devpages.py": "a gallery for developers, with invented content",
    "marketplace/formats/ja/": "Japanese dates",
    "marketplace/gbizid_standin/": "imitates a Japanese provider, in development only",
    "marketplace/settings/": "names of the service and of settings",
    "procurement/demo": "demonstration data",
    "procurement/documents/formats.py": "Japanese dates and amounts of official documents",
    "procurement/documents/pdf.py": "official documents are Japanese",
    "procurement/evaluation/": "usable without Django: its messages stand there in both languages",
    "procurement/management/commands/": "help of commands that anybody who verifies an award may run",
}
JAPANESE_LITERALS = {
    # laws and sources are cited by their names
    "catalog/api.py": {"The maker is a proven 中小企業者 and not みなし大企業 today."},
    "marketplace/companies/rules/deemed_large.py": {"ものづくり・商業・サービス革新補助金Q&A（平成27年3月9日）No.2"},
    "marketplace/companies/rules/startup.py": {"民法第143条"},
    # what people type, and what company names hold by law
    "catalog/content.py": {"^[ァ-ヺー・\\s\u3000A-Za-z0-9Ａ-Ｚａ-ｚ０-９]*$"},
    "catalog/draft_forms.py": {"円"},
    "catalog/imports.py": {"株式会社", "有限会社", "合名会社", "合資会社", "合同会社", "カタログ取込", "基本-"},
    "marketplace/notifications/models.py": {"\n\nこのお知らせを止める："},  # as the stored text it follows
    "marketplace/forms.py": {"%Y年%m月%d日"},
    # names of rows for the administration and the log
    "catalog/models.py": {" 第", "版"},
    "marketplace/accounts/management/commands/enrol_administrator.py": {"as people know them, e.g. '運営 花子'"},
    "procurement/models.py": {" 第", "回"},
    # becomes part of published documents: the name of a price that an officer can change, words of a letter
    "procurement/tender_forms.py": {"総額"},
    "procurement/views/tender.py": {"総額"},
    "procurement/records.py": {
        "総合評価落札方式（加算方式）",
        "総合評価落札方式（除算方式）",
        "契約の締結に必要な書類と日程は、担当官から連絡します。",
        "評価の内容についてお尋ねになりたいことがあれば、下記へお問い合わせください。",
        "入札価格の内訳と、その価格で履行できる根拠を示す書類の提出を、担当官から求めます。",
    },
}

GETTEXT = set(messages.KEYWORDS)


@pytest.fixture(scope="module")
def english():
    """(Japanese, English) of every text, plural forms one by one."""
    stored = messages._stored()
    pairs = []
    for message in messages.template():
        plural = not isinstance(message.id, str)
        found = message.id and stored.get(message.id[0] if plural else message.id, message.context)
        if found:
            pairs += zip(message.id, found.string, strict=True) if plural else [(message.id, found.string)]
    return pairs


def test_every_text_has_english():
    assert messages.untranslated() == []


def test_english_keeps_every_placeholder(english):
    wrong = [pair for pair in english if sorted(PLACEHOLDER.findall(pair[0])) != sorted(PLACEHOLDER.findall(pair[1]))]
    assert wrong == []


def test_english_of_a_pattern_doubles_its_percent_signs(english):
    """“100% of %(x)s” would raise an error, and only when an English page is drawn."""
    patterns = [string for text, string in english if PLACEHOLDER.search(text)]
    assert [string for string in patterns if "%" in PLACEHOLDER.sub("", string).replace("%%", "")] == []


def test_english_is_not_japanese(english):
    assert [string for _text, string in english if WIDE.search(string)] == []


def test_templates_translate_literals_only():
    """What a variable holds was never collected: it must have been translated where it was written."""
    found = [
        f"{_shown(path)}: {tag}"
        for path in TEMPLATES
        for tag in re.findall(r"{%\s*(?:translate|trans)\s+(?![\"'])[^%]*%}", path.read_text())
    ]
    assert found == []


def test_templates_hold_no_japanese_outside_translations():
    found = []
    for path in TEMPLATES:
        if _exempt(path, JAPANESE_TEMPLATES):
            continue
        source = re.sub(r"{% (comment|blocktranslate)\b.*?{% end\1 %}", "", path.read_text(), flags=re.DOTALL)
        source = re.sub(r"{#.*?#}|{%\s*translate\b.*?%}|_\(\"[^\"]*\"\)", "", source)
        source = source.replace('lang="ja">{% icon "globe" %}日本語', "")  # a language's name is its own
        found += [f"{_shown(path)}: {line.strip()}" for line in source.splitlines() if JAPANESE.search(line)]
    assert found == []


def test_python_translates_literals_only():
    found = []
    for path in MODULES:
        found += [f"{_shown(path)}: {ast.unparse(call)}" for call in _gettext_calls(path) if not _is_literal(call)]
    assert found == []


def test_python_holds_no_japanese_outside_gettext():
    found = []
    for path in MODULES:
        if _exempt(path, JAPANESE_MODULES):
            continue
        fine = {id(node) for call in _gettext_calls(path) for node in ast.walk(call)}
        fine |= {id(node.value) for node in ast.walk(_tree(path)) if isinstance(node, ast.Expr)}  # docstrings
        found += [
            f"{_shown(path)}:{node.lineno}: {node.value}"
            for node in ast.walk(_tree(path))
            if isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and JAPANESE.search(node.value)
            and id(node) not in fine
            and node.value not in JAPANESE_LITERALS.get(_shown(path), ())
        ]
    assert found == []


def test_exceptions_are_still_needed():
    """A list of exceptions nobody prunes ends up allowing everything."""
    paths = [_shown(path) for path in (*TEMPLATES, *MODULES)]
    prefixes = [*JAPANESE_TEMPLATES, *JAPANESE_MODULES, *JAPANESE_LITERALS]
    assert [prefix for prefix in prefixes if not any(path.startswith(prefix) for path in paths)] == []
    gone = {
        name: missing
        for name, allowed in JAPANESE_LITERALS.items()
        if (
            missing := allowed - {node.value for node in ast.walk(_tree(ROOT / name)) if isinstance(node, ast.Constant)}
        )
    }
    assert gone == {}


@cache
def _tree(path):
    return ast.parse(path.read_text())


def _gettext_calls(path):
    return [node for node in ast.walk(_tree(path)) if isinstance(node, ast.Call) and _name(node.func) in GETTEXT]


def _name(function):
    return function.id if isinstance(function, ast.Name) else getattr(function, "attr", None)


def _is_literal(call):
    texts = call.args[:2] if "ngettext" in _name(call.func) else call.args[:1]
    return all(isinstance(text, ast.Constant) for text in texts)


def _shown(path):
    return path.relative_to(ROOT).as_posix()


def _exempt(path, reasons):
    return _shown(path).startswith(tuple(reasons))
