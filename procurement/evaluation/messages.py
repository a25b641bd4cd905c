"""What a fault or a reason says to people, in Japanese and in English.

The package does not know Django, so it cannot use gettext; and a published file must explain itself on a machine that has
nothing but Python.
"""

from collections.abc import Mapping
from typing import Final, Literal

Language = Literal["ja", "en"]

# code -> (Japanese, English)
FAULTS: Final[dict[str, tuple[str, str]]] = {
    # The file
    "file_unreadable": ("ファイルを読めません（{detail}）", "the file cannot be read ({detail})"),
    "file_too_large": (
        "ファイルが大きすぎます（上限 {limit} バイト）",
        "the file is too large (at most {limit} bytes)",
    ),
    "not_utf8": ("UTF-8 として読めません（{offset} バイト目）", "this is not UTF-8 (byte {offset})"),
    "not_json": (
        "JSON として読めません（{line} 行 {column} 文字目: {detail}）",
        "this is not JSON (line {line}, column {column}: {detail})",
    ),
    "too_deep": ("入れ子が深すぎます", "this is nested too deeply"),
    # Shape
    "object_expected": (
        "オブジェクト {{…}} が必要です（{found} があります）",
        "an object {{…}} is needed, not {found}",
    ),
    "list_expected": ("配列 […] が必要です（{found} があります）", "a list […] is needed, not {found}"),
    "text_expected": ("文字列が必要です（{found} があります）", "text is needed, not {found}"),
    "boolean_expected": ("true か false が必要です（{found} があります）", "true or false is needed, not {found}"),
    "integer_expected": ("整数が必要です（{found} があります）", "a whole number is needed, not {found}"),
    "decimal_expected": (
        '"166.08" のような十進数の文字列が必要です（{found} があります）',
        'a decimal string such as "166.08" is needed, not {found}',
    ),
    "date_expected": (
        '"2026-04-01" のような日付が必要です（{found} があります）',
        'a date such as "2026-04-01" is needed, not {found}',
    ),
    "unknown_key": ("この場所にこの項目はありません", "there is no such key here"),
    "missing_key": ("必要な項目がありません", "this key is missing"),
    "duplicate_key": ("同じ項目が二度書かれています", "this key is written twice"),
    "wrong_method": (
        "評価方式が {method} の文書にこの項目は書けません",
        "a document of the method {method} cannot have this key",
    ),
    "empty": ("空にできません", "this must not be empty"),
    "too_many": ("数が多すぎます（上限 {limit}）", "there are too many (at most {limit})"),
    "too_long": ("長すぎます（上限 {limit} 文字）", "this is too long (at most {limit} characters)"),
    "bad_text": ("文字として正しくない符号を含みます", "this contains a code that is not a character"),
    # Numbers
    "float_refused": (
        '小数点や指数のある数値 {found} は使えません。"166.08" のような文字列で書いてください',
        'the number {found} is refused: write a decimal string such as "166.08"',
    ),
    "not_finite": ("{found} は数ではありません", "{found} is not a number"),
    "number_not_string": (
        '数値 {found} を文字列（"{found}"）で書いてください',
        'write the number {found} as the string "{found}"',
    ),
    "exponent_refused": ("指数表記 {found} は使えません", "the exponent in {found} is refused"),
    "too_many_digits": (
        "桁が多すぎます（整数部 {whole} 桁、小数部 {part} 桁まで）",
        "there are too many digits (at most {whole} before and {part} after the point)",
    ),
    "not_above_zero": ("0 より大きい必要があります（{found} があります）", "this must be above zero, not {found}"),
    "too_small": ("{limit} 以上が必要です（{found} があります）", "this must be at least {limit}, not {found}"),
    "too_large": ("{limit} 以下が必要です（{found} があります）", "this must be at most {limit}, not {found}"),
    # Meaning
    "unknown_choice": (
        "{choices} のいずれかが必要です（{found} があります）",
        "one of {choices} is needed, not {found}",
    ),
    "unknown_reference": ("{found} はこの文書に定義されていません", "{found} is not defined in this document"),
    "duplicate_id": ("{found} は二度使われています", "{found} is used twice"),
    "price_needed": ("{needed_by} の計算に必要ですが、null です", "{needed_by} needs this price, but it is null"),
    "points_needed": (
        "raw_maximum による換算に必要ですが、null です",
        "scaling by raw_maximum needs this, but it is null",
    ),
    "technical_missing": (
        "technical_points（技術点）も marks（採点）もありません",
        "there are neither technical_points nor marks",
    ),
    "technical_twice": (
        "technical_points と marks の両方があります。どちらか一方にしてください",
        "there are both technical_points and marks: give one of them",
    ),
    "missing_mark": ("採点がありません（0 点とはみなしません）", "this mark is missing (it does not count as zero)"),
    "missing_evaluator": (
        "他の入札を採点した評価者の採点がありません",
        "an evaluator who marked other bids did not mark this one",
    ),
    "too_few_evaluators": (
        "評価者が {found} 人です（{aggregate} には {needed} 人以上が必要です）",
        "there are {found} evaluators, but {aggregate} needs at least {needed}",
    ),
    "lot_number_missing": (
        "くじで決める必要がありますが、くじ番号がありません（missing_number は null です）",
        "a lot must be drawn, but the lot number is missing (and missing_number is null)",
    ),
    "lot_order_missing": (
        "くじで決める必要がありますが、くじの並び順がありません",
        "a lot must be drawn, but the lot order is missing",
    ),
    "lot_order_shared": (
        "くじで決める必要がありますが、並び順 {found} が他の入札と同じです",
        "a lot must be drawn, but the lot order {found} is also that of another bid",
    ),
    # A published sheet, compared with what was computed
    "differs": ("公表値は {expected}、計算値は {computed} です", "published {expected}, computed {computed}"),
    "not_computed": ("公表値に対応する計算値がありません", "nothing was computed that corresponds to this"),
    "nothing_expected": (
        "比べる公表値（expected）がありません",
        "there are no published values (expected) to compare with",
    ),
}

REASONS: Final[dict[str, tuple[str, str]]] = {
    "over_ceiling": (
        "入札価格 {price} 円が予定価格 {ceiling} 円を超えています",
        "the price of {price} yen is above the ceiling of {ceiling} yen",
    ),
    "mandatory_unmet": (
        "必須項目「{criterion}」を満たさないと {evaluators} 人中 {unmet} 人が判定しました",
        "{unmet} of {evaluators} evaluators found the mandatory criterion “{criterion}” unmet",
    ),
    "below_minimum": (
        "技術点 {technical_points} 点が最低点 {minimum} 点に達しません",
        "the technical points of {technical_points} are below the minimum of {minimum}",
    ),
    "below_standard": (
        "評価値 {value} が基準評価値 {standard} に達しません",
        "the value of {value} is below the standard value of {standard}",
    ),
}


def describe(code: str, params: Mapping[str, str | int], language: Language = "ja") -> str:
    """The sentence for a fault's or a reason's `code`; KeyError for a code that does not exist."""
    japanese, english = FAULTS[code] if code in FAULTS else REASONS[code]
    return (japanese if language == "ja" else english).format_map(params)
