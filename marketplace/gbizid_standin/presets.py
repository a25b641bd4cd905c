"""The preset accounts, and what GビズID's UserInfo would say about each."""

import json
from functools import cache
from pathlib import Path

ACCOUNT_TYPES = {"1": "エントリー", "2": "プライム", "3": "メンバー"}

_PROFILE = (
    "corp_type",
    "corporate_number",
    "name",
    "en_name",
    "prefecture_name",
    "address1",
    "address2",
    "rep_last_nm",
    "rep_first_nm",
    "rep_last_nm_kana",
    "rep_first_nm_kana",
)
_USER = ("user_last_nm", "user_first_nm", "user_last_nm_kana", "user_first_nm_kana", "user_department")


@cache
def accounts() -> dict[str, dict]:
    """Every preset account by ``sub``, completed with the facts of its company."""
    data = json.loads(Path(__file__).with_name("accounts.json").read_text(encoding="utf-8"))
    companies = {company["corporate_number"]: company for company in data["companies"]}
    return {account["sub"]: companies.get(account["corporate_number"], {}) | account for account in data["accounts"]}


def claims(account: dict, *, scopes, client_id: str) -> dict:
    """The flat UserInfo answer for ``account``, limited to ``scopes`` (connection guideline 2.9, §3.4.1)."""
    answer = {"sub": account["sub"]}
    if "profile" in scopes:
        answer["account_type"] = account["account_type"]
        answer |= {key: account.get(key, "") for key in _PROFILE}
        if account["account_type"] != "1":
            answer["birthday_ymd"] = account["birthday_ymd"]
        if "parent_id" in account:
            answer["parent_id"] = account["parent_id"]
    if "user" in scopes:
        answer |= {key: account[key] for key in _USER}
    if "mandate" in scopes and account["account_type"] == "3":
        answer["mandate_info"] = [{"client_id": client_id}] if account["mandate"] else []
    if "email" in scopes:
        answer["email"] = account["email"]
    return answer
