"""Listings made up from a vocabulary of public administration: the same for the same number, whatever was made before.

The vocabulary is smaller than that of real texts, so each word is in more listings than it would be: what is measured
here is slower than it will be.
"""

import json
import unicodedata
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from random import Random

from ..facets import BY_NAME

CATEGORIES = Path(__file__).parents[2] / "categories.json"

FUNCTIONS = {
    "attendance": "勤怠管理 出退勤 打刻 休暇申請 時間外勤務 シフト作成 タイムカード 出張旅費 36協定 庶務事務 年次有給休暇 勤務実績",
    "hr-payroll": "人事評価 給与計算 年末調整 人事異動 会計年度任用職員 昇任試験 研修管理 職員台帳 社会保険 手当認定 採用管理 マイナンバー収集",
    "accounting": "財務会計 予算編成 予算執行 支出負担行為 決算統計 公会計 起債管理 歳入管理 資金管理 源泉徴収 補助金管理 固定資産台帳",
    "documents": "文書管理 電子決裁 起案 収受 保存年限 公文書館 情報公開 ファイル基準表 廃棄審査 回議 施行文書 電子公印",
    "contracts": "電子契約 契約管理 電子署名 入札参加資格 見積合わせ 仕様書作成 検査調書 契約台帳 タイムスタンプ 発注管理 請書 電子入札",
    "assets": "公有財産 施設予約 設備点検 備品管理 長寿命化計画 修繕履歴 公用車管理 鍵管理 占用許可 図面管理 保全計画 エネルギー管理",
    "meetings": "会議録作成 文字起こし 議会中継 議案管理 委員会運営 一般質問 ペーパーレス会議 発言検索 議員名簿 要約作成 字幕表示 音声認識",
    "groupware": "グループウェア チャット 掲示板 回覧 スケジュール共有 在席確認 ファイル共有 プロジェクト管理 メール 電話帳 アンケート 設備予約",
    "web-meeting": "Web会議 遠隔窓口 画面共有 録画 同時通訳 待合室 手話通訳 遠隔相談 予約受付 本人確認 書画カメラ 電子サイン",
    "knowledge": "ナレッジ FAQ 業務マニュアル 手順書 引継ぎ 全文検索 動画マニュアル 問い合わせ履歴 用語集 版管理 閲覧権限 社内Wiki",
    "generative-ai": "生成AI 文章要約 文案作成 議会答弁 翻訳 校正 RAG プロンプト管理 禁止語検知 利用ログ 企画書作成 チャット検索",
    "counter": "書かない窓口 申請書作成 本人確認 待ち時間案内 受付番号 窓口ナビ 異動受付 証明書交付 らくらく窓口 翻訳支援 混雑状況 キャッシュレス",
    "online-application": "電子申請 オンライン予約 施設予約 本人認証 電子納付 様式作成 審査状況照会 ぴったりサービス 通知送信 添付書類 職員受付 入力補助",
    "call-center": "チャットボット 問い合わせ管理 応対履歴 自動応答 音声ガイダンス 多言語対応 有人切替 LINE 通話録音 意見要望 FAQ検索 満足度調査",
    "payment": "決済 収納代行 キャッシュレス コンビニ納付 クレジットカード 口座振替 督促 消込 QRコード決済 領収書発行 滞納管理 eLTAX",
    "website": "ホームページ作成 広報紙 CMS アクセシビリティ検査 SNS連携 メール配信 オープンデータ 記者発表 多言語翻訳 災害時切替 アクセス解析 画像管理",
    "disaster-information": "災害情報 被害報告 Lアラート 防災無線 気象警報 河川水位 防災地図 情報集約 避難指示 クロノロジー ドローン映像 職員配備",
    "shelter": "避難所運営 罹災証明 被災者台帳 備蓄物資 要支援者名簿 入退所受付 物資要請 避難者名簿 仮設住宅 義援金配分 個別避難計画 在宅避難",
    "safety-confirmation": "安否確認 職員参集 一斉連絡 緊急連絡網 訓練配信 参集見込 自動集計 位置情報 掲示板 家族連絡 気象連動 当直管理",
    "school-administration": "校務支援 通知表 指導要録 出欠管理 成績処理 保健日誌 調査書 時間割編成 学籍管理 教職員勤怠 備品台帳 グループ連絡",
    "learning": "授業支援 ドリル教材 協働学習 デジタル教科書 学習履歴 CBT 情報モラル プログラミング教育 課題配信 個別最適 意見共有 探究学習",
    "parent-contact": "保護者連絡 欠席連絡 学校だより 面談予約 集金 健康観察 お便り配信 アンケート 緊急配信 既読確認 多言語配信 提出物管理",
    "childcare": "子育て支援 保育所入所 予防接種 母子手帳 保育料 一時預かり 放課後児童クラブ 児童相談 登降園管理 選考支援 電子母子手帳 発達支援",
    "care": "介護保険 要介護認定 ケアプラン 高齢者見守り 地域包括支援 認定審査会 給付管理 介護予防 事業所指定 主治医意見書 配食 通いの場",
    "health": "健康管理 特定健診 がん検診 保健指導 健康ポイント 予防接種台帳 PHR 食生活改善 受診勧奨 問診票 母子保健 データヘルス",
    "welfare-consultation": "相談支援 生活困窮 重層的支援 支援計画 ケース記録 生活保護 自立相談 ひきこもり支援 多機関連携 アセスメント 障害福祉 面談記録",
    "civil-works": "道路台帳 上下水道 橋梁点検 水道料金 工事台帳 積算 道路損傷通報 管路管理 マンホール 検針 占用申請 舗装診断",
    "gis": "地理情報 統合型GIS 公開型地図 都市計画図 航空写真 地番図 現地調査 三次元点群 住居表示 空き家調査 衛星画像 座標変換",
    "environment": "ごみ分別 収集車運行 粗大ごみ受付 温室効果ガス 再生可能エネルギー 環境測定 不法投棄通報 資源回収 鳥獣対策 公害苦情 排出量算定 リサイクル",
    "agriculture-tourism": "農地台帳 観光案内 人流分析 鳥獣被害 営農支援 スマート農業 森林簿 漁港管理 周遊スタンプ ふるさと納税 宿泊統計 直売所",
    "tax": "固定資産税 個人住民税 法人住民税 軽自動車税 課税台帳 滞納整理 家屋評価 償却資産 所得照会 納税通知書 税務相談 電子申告",
    "register": "住民記録 戸籍 印鑑登録 住民票 マイナンバーカード交付 転入転出 住居地届出 戸籍附票 除票 コンビニ交付 選挙人名簿 在留管理",
    "identity": "認証基盤 シングルサインオン 多要素認証 アカウント管理 特権ID 顔認証 証明書認証 パスワードレス ID連携 権限棚卸 SAML OpenID",
    "endpoint": "端末管理 操作ログ 資産管理 EDR 脆弱性診断 デバイス制御 更新配信 持出管理 ウイルス対策 遠隔消去 仮想デスクトップ 通信監視",
    "data-platform": "データ連携 データ分析 EBPM BI ダッシュボード 匿名加工 ETL データカタログ 統計分析 API管理 可視化 予測モデル",
    "low-code": "ノーコード RPA AI-OCR 業務改善 帳票読取 ワークフロー 自動化 アプリ作成 手書き認識 シナリオ作成 データ変換 申請様式",
}  # fmt: skip
TECHNICAL = ["クラウド", "管理", "システム", "データベース", "サーバー", "ユーザー", "インターフェース", "スマートフォン", "タブレット", "ブラウザー", "API連携", "CSV出力", "Excel取込", "PDF", "暗号化", "バックアップ", "冗長化", "アクセス権限", "監査ログ", "検索機能", "通知機能", "集計機能", "ダッシュボード", "テンプレート", "承認経路", "一括登録", "自動バックアップ", "国内データセンター", "閉域網", "VPN", "ゼロトラスト", "AWS", "Azure", "Google", "Cloud", "Kubernets", "Kubernetes", "Oracle", "PostgreSQL", "Online", "Offline", "LINE", "Teams", "OCR", "AI", "ISO27001", "Pマーク", "UDフォント", "外字", "文字情報基盤", "LGWAN", "常時SSL", "負荷分散", "二十四時間監視", "障害通知", "稼働統計"]  # fmt: skip
GOVERNMENT = [
    "自治体",
    "市役所",
    "町村",
    "都道府県",
    "中核市",
    "政令指定都市",
    "広域連合",
    "一部事務組合",
    "出先機関",
    "支所",
    "庁内",
    "住民",
    "職員",
    "議会",
    "条例",
    "個人情報保護",
    "番号制度",
    "標準準拠システム",
    "ガバメントクラウド",
    "地方公共団体",
    "総務省",
    "デジタル庁",
    "文部科学省",
    "厚生労働省",
    "国土交通省",
    "災害対策基本法",
    "地方自治法",
    "公務員",
    "行政手続",
    "窓口",
]
RARE = [
    "鷹匠台帳",
    "蒟蒻",
    "犬の登録",
    "狂犬病予防",
    "墓地台帳",
    "霊園",
    "古文書",
    "埋蔵文化財",
    "文化財保護",
    "養蚕",
    "酒造",
    "湧水",
    "温泉権",
    "入会林野",
    "里道",
    "水利権",
    "漁業権",
    "橋",
    "渡船",
    "灯台",
    "祭礼",
    "神楽",
    "和紙",
    "漆器",
    "陶磁器",
    "盆栽",
    "錦鯉",
    "闘牛",
    "競輪",
    "地方競馬",
    "宝くじ",
    "平和祈念",
    "姉妹都市",
    "国勢調査",
    "検察審査会",
    "裁判員",
    "恩給",
    "援護",
    "引揚",
    "遺族年金",
    "結核",
    "ハンセン病",
    "難病",
    "臓器提供",
    "献血",
    "と畜検査",
    "食鳥検査",
    "温室",
    "種苗",
    "家畜改良",
    "蜂群",
    "鵜飼",
    "簗",
    "棚田",
    "ため池",
    "用水路",
    "砂防",
    "雪崩",
    "火山",
    "津波",
    "液状化",
    "離島",
    "過疎",
    "限界集落",
    "移住",
    "婚活",
    "空港",
    "港湾",
    "鉄道",
    "索道",
    "動物園",
    "水族館",
    "植物園",
    "天文台",
    "図書館",
    "博物館",
    "美術館",
    "公民館",
    "武道館",
    "斎場",
    "火葬場",
    "し尿",
    "浄化槽",
    "騒音",
    "振動",
    "悪臭",
    "土壌汚染",
    "アスベスト",
    "ダイオキシン",
]
PREFECTURES = [
    "北海道",
    "青森県",
    "岩手県",
    "宮城県",
    "秋田県",
    "山形県",
    "福島県",
    "茨城県",
    "栃木県",
    "群馬県",
    "埼玉県",
    "千葉県",
    "東京都",
    "神奈川県",
    "新潟県",
    "富山県",
    "石川県",
    "福井県",
    "山梨県",
    "長野県",
    "岐阜県",
    "静岡県",
    "愛知県",
    "三重県",
    "滋賀県",
    "京都府",
    "大阪府",
    "兵庫県",
    "奈良県",
    "和歌山県",
    "鳥取県",
    "島根県",
    "岡山県",
    "広島県",
    "山口県",
    "徳島県",
    "香川県",
    "愛媛県",
    "高知県",
    "福岡県",
    "佐賀県",
    "長崎県",
    "熊本県",
    "大分県",
    "宮崎県",
    "鹿児島県",
    "沖縄県",
]
SENTENCES = (
    "{a}と{b}を一つの画面で行えます。",
    "{gov}での利用を前提に、{a}から{b}までをまとめて支援します。",
    "{tech}に対応し、{a}にかかる手間を減らします。",
    "{pref}の{gov}と共同で{a}の流れを見直しました。",
    "{a}の記録は{tech}により安全に保管されます。",
    "{b}の結果をCSVで出力し、{other}と連携できます。",
    "操作は{tech}の画面から行い、特別な機器は要りません。",
    "{gov}の担当者が自分で{a}の項目を追加できます。",
    "{rare}のような件数の少ない業務にも使えます。",
    "年度切替や人事異動のときも、{b}の設定をまとめて引き継げます。",
    "{a}の期限が近づくと、担当者と所属長に通知します。",
    "導入時の{tech}と職員研修を標準で提供します。",
    "{other}で使っている台帳を取り込み、{a}をすぐに始められます。",
    "{gov}からの照会には、{b}の履歴をそのまま示せます。",
    "アクセス権限は所属と役職ごとに設定し、{tech}に残します。",
    "{pref}内の{gov}での導入実績があります。",
    "{a}、{b}、{other}を段階的に導入できます。",
    "{tech}と{tech2}を組み合わせ、止まらない運用を実現しました。",
    "紙で行っていた{a}を電子化し、{b}にかかる時間を半分にします。",
    "{a}に関する法令改正には、追加費用なしで対応します。",
    "毎月の{b}を自動で集計し、{gov}への報告様式で出力します。",
    "{tech}上で動作し、{tech2}との接続も選べます。",
    "高齢の方や外国人の方にも分かりやすい{a}の案内を用意しています。",
    "平日の{a}に加え、夜間と休日の{b}にも対応します。",
)
SUMMARIES = (
    "{a}と{b}をまとめて支援する{gov}向けの{tech}サービスです。",
    "{gov}の{a}を電子化し、{b}の手間を減らします。",
    "{a}から{b}までを一貫して行う、{tech}対応の業務支援です。",
    "{other}と連携し、{gov}の{a}をやさしくします。",
)
HEADS = [
    "ひかり",
    "みらい",
    "あおぞら",
    "まち",
    "くらし",
    "つながる",
    "さくら",
    "かける",
    "すぐ",
    "らく",
    "スマート",
    "シビック",
    "パブ",
    "ローカル",
    "コネクト",
    "グリーン",
    "ブルー",
    "ネクスト",
    "オープン",
    "リンク",
]
TAILS = [
    "クラウド",
    "ナビ",
    "ポータル",
    "ワークス",
    "ノート",
    "デスク",
    "ベース",
    "ポケット",
    "ライン",
    "ボード",
    "ステーション",
    "ひろば",
    "くん",
    "プラス",
    "Pro",
    "Suite",
    "Hub",
    "Flow",
    "One",
    "Cloud",
]
LATIN = [
    "zen",
    "nova",
    "civic",
    "hub",
    "flow",
    "gov",
    "link",
    "sky",
    "next",
    "open",
    "data",
    "lumi",
    "kiri",
    "toki",
    "mori",
    "sora",
    "kaze",
    "tera",
    "nexa",
    "vio",
]


@cache
def category_leaves() -> tuple[dict, ...]:
    """The leaves of the real tree as ``build_document`` wants them, bits in file order."""
    roots = json.loads(CATEGORIES.read_text(encoding="utf-8"))
    leaves = [(root, leaf) for root in roots for leaf in root["children"]]
    return tuple(
        {
            "bit": bit,
            "path": [root["slug"], leaf["slug"]],
            "names": [root["name"], root["name_en"], leaf["name"], leaf["name_en"]],
        }
        for bit, (root, leaf) in enumerate(leaves)
    )


def listings(count: int, start: int = 1) -> Iterator[dict]:
    """Yield ``count`` listings, as ``source.read_listings`` would, with ids from ``start``."""
    return map(listing, range(start, start + count))


def listing(number: int) -> dict:
    """Listing ``number``: depends on the number alone."""
    random = Random(number)
    leaves = category_leaves()
    first = random.randrange(len(leaves))
    others = random.choices((0, 1, 2), (70, 25, 5))[0]
    picked = {first, *random.sample(range(max(0, first - 4), min(len(leaves), first + 5)), others)}
    vocabulary = [word for index in picked for word in FUNCTIONS[leaves[index]["path"][1]].split()]

    def fill(pattern: str) -> str:
        a, b = random.sample(vocabulary, 2)
        other = random.choice(FUNCTIONS[random.choice(leaves)["path"][1]].split())
        return pattern.format(
            a=a,
            b=b,
            other=other,
            tech=random.choice(TECHNICAL),
            tech2=random.choice(TECHNICAL),
            gov=random.choice(GOVERNMENT),
            pref=random.choice(PREFECTURES),
            rare=random.choice(RARE),
        )

    name = _name(random, vocabulary)
    price, lines = _prices(random)
    maker = random.choice(PREFECTURES)[:2] + random.choice(TECHNICAL[:12]) + str(random.randrange(400))
    return {
        "id": number,
        "reference": f"SW-{number:06}",
        "name": _spelt(random, name),
        "name_kana": _kana(name),
        "summary": _spelt(random, fill(random.choice(SUMMARIES))),
        "description": _spelt(random, "".join(fill(pattern) for pattern in random.sample(SENTENCES, random.randint(14, 24)))),
        "maker": f"株式会社{maker}",
        "sellers": [f"株式会社{maker}", *(f"{random.choice(PREFECTURES)}情報サービス" for _ in range(random.choice((0, 0, 1))))],
        "categories": [leaves[index] for index in sorted(picked)],
        **{facet: _some(random, facet, chances) for facet, chances in _CHANCES.items()},
        "sme": random.choices(("yes", "no", "cannot_tell"), (62, 28, 10))[0],
        "startup": random.choices(("yes", "no", "cannot_tell"), (18, 72, 10))[0],
        "price": price,
        "price_lines": lines,
        "availability": random.choices((None, 99_000, 99_500, 99_900, 99_950, 99_990), (8, 8, 24, 44, 10, 6))[0],
        "adoptions": int(random.paretovariate(0.9)) - 1,
        "more": [],
        "listed_at": datetime(2024, 4, 1, tzinfo=UTC) + timedelta(minutes=random.randrange(1_300_000)),
    }  # fmt: skip


def _prices(random: Random) -> tuple[int | None, list[dict]]:
    """The price table of a listing's sellers, and what a year costs the reference body of it, in yen with tax."""
    year = int(random.lognormvariate(14.6, 1.2)) // 1000 * 1000
    shape = random.choices(("none", "flat", "users", "residents"), (5, 35, 40, 20))[0]
    if shape == "none":
        return None, []
    if shape == "flat":
        return year, [{"timing": "year", "unit": "organization", "amount_yen": year}]
    if shape == "users":
        each = max(1, year // 1200)
        tiers = ((1, 499, each), (500, None, each - each // 5))
        lines = [
            {"timing": "month", "unit": "user", "amount_yen": amount, "from_quantity": low, "to_quantity": high}
            for low, high, amount in tiers
        ]
        return each * 1200, lines
    each = max(1, year // 100_000)
    lines = [
        {"item": "初期設定", "timing": "initial", "unit": "organization", "amount_yen": year // 3},
        {"timing": "year", "unit": "organization", "amount_yen": year // 2},
        {"item": "住民数による加算", "timing": "year", "unit": "resident", "amount_yen": each},
    ]
    return year // 2 + each * 50_000, lines


_CHANCES = {
    "target": (0.35, 0.55, 0.6, 0.85, 0.3, 0.25),
    "delivery": (0.75, 0.3, 0.4),
    "certification": (0.3, 0.1, 0.55, 0.3, 0.5),
    "integration": (0.2, 0.15, 0.1, 0.2, 0.05, 0.03, 0.06, 0.03),
    "standard_task": (0.02,) * 20,
}


def _some(random: Random, facet: str, chances: tuple[float, ...]) -> list[str]:
    chosen = [value for value, chance in zip(BY_NAME[facet].codes, chances, strict=True) if random.random() < chance]
    return sorted(chosen or ([next(iter(BY_NAME[facet].codes))] if facet in ("target", "delivery") else []))


def _name(random: Random, vocabulary: list[str]) -> str:
    shape = random.randrange(5)
    latin = (random.choice(LATIN) + random.choice(LATIN)).capitalize()
    if shape == 0:
        return f"{random.choice(HEADS)}{random.choice(vocabulary)}"
    if shape == 1:
        return f"{random.choice(vocabulary)}{random.choice(TAILS)}"
    if shape == 2:
        return f"{latin} {random.choice(vocabulary)}"
    if shape == 3:
        return f"{random.choice(HEADS)}{random.choice(TAILS)}"
    return f"{latin} {random.choice(TAILS)}"


def _kana(name: str) -> str:
    return "".join(
        character for character in unicodedata.normalize("NFKC", name) if "ぁ" <= character <= "ヺ" or character == "ー"
    )


_FULL_WIDTH = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}
_HALF_WIDTH = {
    unicodedata.normalize("NFKC", half): half
    for half in (
        *(chr(code) for code in range(0xFF66, 0xFF9E)),
        *(chr(code) + mark for code in range(0xFF66, 0xFF9E) for mark in "ﾞﾟ"),
    )
    if len(unicodedata.normalize("NFKC", half)) == 1
}


def _spelt(random: Random, text: str) -> str:
    """As people type: 6 % in full-width letters, 5 % with half-width kana."""
    dice = random.random()
    if dice < 0.06:
        return text.translate(_FULL_WIDTH)
    if dice < 0.11:
        return "".join(_HALF_WIDTH.get(character, character) for character in text)
    return text
