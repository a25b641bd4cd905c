import os
import signal
import stat

import pytest
import redis

from marketplace.launcher.service import LaunchError
from marketplace.launcher.valkey import Valkey


@pytest.fixture
def broker(root):
    with Valkey(root).in_use() as broker:
        yield broker


def client(broker):
    return redis.Redis(unix_socket_path=str(broker.socket))


def test_broker_listens_on_a_private_socket_only(broker):
    with client(broker) as connection:
        assert connection.config_get("port") == {"port": "0"}
    assert stat.S_IMODE(broker.socket_folder.stat().st_mode) == 0o700


def test_killed_broker_is_revived_with_its_queue(broker):
    with client(broker) as connection:
        connection.rpush("celery", "a task")
    os.kill(broker.processes()[0], signal.SIGKILL)
    assert broker.wait_until(lambda: not broker.answers())

    assert broker.revive() is True

    with client(broker) as connection:
        assert connection.lrange("celery", 0, -1) == [b"a task"]


def test_released_broker_is_gone_and_remembers(root):
    with Valkey(root).in_use() as broker, client(broker) as connection:
        connection.set("key", "value")
    assert broker.processes() == []
    with Valkey(root).in_use() as broker, client(broker) as connection:
        assert connection.get("key") == b"value"


def test_broker_that_hangs_gets_a_sentence(broker, monkeypatch):
    monkeypatch.setattr(Valkey, "patience", 0.2)
    [pid] = broker.processes()
    os.kill(pid, signal.SIGSTOP)
    try:
        with pytest.raises(LaunchError, match="runs but does not answer"):
            broker.revive()
    finally:
        os.kill(pid, signal.SIGCONT)
