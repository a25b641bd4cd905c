import json
import stat

from marketplace.launcher.secrets import development_secrets


def test_secrets_are_made_once_and_private(tmp_path):
    made = development_secrets(tmp_path / "var")
    assert development_secrets(tmp_path / "var") == made
    assert stat.S_IMODE((tmp_path / "var" / "secrets.json").stat().st_mode) == 0o600
    assert len(set(made.values())) == len(made) == 3


def test_secrets_of_an_older_version_are_completed_not_replaced(tmp_path):
    (tmp_path / "secrets.json").write_text(json.dumps({"SECRET_KEY": "old"}))
    assert development_secrets(tmp_path)["SECRET_KEY"] == "old"
    assert set(json.loads((tmp_path / "secrets.json").read_text())) == {
        "SECRET_KEY",
        "SEALING_KEY",
        "GBIZID_CLIENT_SECRET",
    }
