"""What is typed beside the queries of a file."""

HOSTILE = {
    "16 one-letter words": "a b c d e f g h i j k l m n o p",
    "8 single characters": "管 理 市 町 村 の を に",
    "10,000 characters": "勤怠管理" * 2500,
    "control characters": "\x00\x01\x1f\u202e勤怠\ud800\u200b管理",
    "tsquery syntax": "勤怠:* & !(管理 | <-> 'クラウド')",
    "quotes and escapes": "\\' \\\\ '' \"閉じない $$ %s; DROP TABLE x --",
    "only exclusions": "-a -管理 -クラウド -システム -住民",
    "8 words with synonyms": "勤怠管理 AI 電子決裁 防災 クラウド チャットボット 文書管理 窓口",
}

PREFIXES = ("か", "きん", "勤", "勤怠", "a", "電子け", "株式会社")
