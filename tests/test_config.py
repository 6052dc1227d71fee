"""Settings: how text becomes values, and what is refused."""

from dataclasses import FrozenInstanceError, fields
from pathlib import Path

import pytest

from careweft import config
from careweft.config import ConfigError, Settings

HOME = {"HOME": "/home/ana"}


@pytest.mark.parametrize(
    ("environ", "name", "value"),
    [
        ({}, "environment", "production"),
        ({}, "port", 8080),
        ({}, "public_url", "http://localhost:8080"),
        ({"CAREWEFT_PORT": "9000"}, "public_url", "http://localhost:9000"),
        ({"CAREWEFT_PORT": ""}, "port", 8080),
        ({"CAREWEFT_BASE_URL": "https://FHIR.example/"}, "public_url", "https://fhir.example"),
        ({"CAREWEFT_HOST": "0.0.0.0"}, "loopback", False),
        ({"CAREWEFT_HOST": "::1"}, "loopback", True),
        ({"CAREWEFT_DATA": "/srv/records"}, "master_key", Path("/srv/records/master.key")),
        ({"CAREWEFT_MASTER_KEY_FILE": "/run/secrets/key"}, "master_key", Path("/run/secrets/key")),
        ({"CAREWEFT_WORKERS": "3"}, "workers", 3),
        ({"CAREWEFT_STATEMENT_TIMEOUT": "2.5"}, "statement_timeout", 2.5),
        (
            {"CAREWEFT_ENVIRONMENT": "preview", "CAREWEFT_FETCH_ALLOW": "localhost:9999, [::1]:80"},
            "fetch_allow",
            ("localhost:9999", "[::1]:80"),
        ),
        ({"CAREWEFT_ENVIRONMENT": "preview", "CAREWEFT_BASE_URL": "http://10.0.0.5:8080"}, "preview", True),
    ],
)
def test_settings_are_read(environ, name, value):
    """Each row: variables, and what one setting is with them."""
    assert getattr(Settings.read(HOME | environ), name) == value


@pytest.mark.parametrize(
    ("environ", "says"),
    [
        ({"CAREWEFT_PORT": "http"}, "CAREWEFT_PORT wants a whole number from 1 to 65535, not 'http'"),
        ({"CAREWEFT_PORT": "0"}, "CAREWEFT_PORT wants"),
        ({"CAREWEFT_WORKERS": "²"}, "CAREWEFT_WORKERS wants"),
        ({"CAREWEFT_TRUSTED_PROXIES": "-1"}, "CAREWEFT_TRUSTED_PROXIES wants a whole number from 0 to 16"),
        ({"CAREWEFT_STATEMENT_TIMEOUT": "nan"}, "CAREWEFT_STATEMENT_TIMEOUT wants seconds"),
        ({"CAREWEFT_ENVIRONMENT": "staging"}, "CAREWEFT_ENVIRONMENT is production or preview, not 'staging'"),
        ({"CAREWEFT_BASE_URL": "fhir.example"}, "CAREWEFT_BASE_URL wants a URL such as"),
        ({"CAREWEFT_BASE_URL": "https://fhir.example/care"}, "CAREWEFT_BASE_URL wants scheme, host and port"),
        ({"CAREWEFT_BASE_URL": "https://ana@fhir.example"}, "CAREWEFT_BASE_URL wants scheme, host and port"),
        ({"CAREWEFT_BASE_URL": "http://fhir.example"}, "CAREWEFT_BASE_URL wants https in production"),
        ({"CAREWEFT_FETCH_ALLOW": "localhost:9999"}, "CAREWEFT_FETCH_ALLOW is for CAREWEFT_ENVIRONMENT=preview only"),
        ({"CAREWEFT_ENVIRONMENT": "preview", "CAREWEFT_FETCH_ALLOW": "*:80"}, "CAREWEFT_FETCH_ALLOW wants host:port"),
        ({"CAREWEFT_ENVIRONMENT": "preview", "CAREWEFT_FETCH_ALLOW": "localhost"}, "CAREWEFT_FETCH_ALLOW wants host"),
        ({"CAREWEFT_TLS_CERT": "/etc/cert.pem"}, "CAREWEFT_TLS_CERT and CAREWEFT_TLS_KEY are set both or neither"),
        ({"CAREWEFT_BASE_ULR": "https://fhir.example"}, "CAREWEFT_BASE_ULR is not a setting; CAREWEFT_BASE_URL is"),
    ],
)
def test_a_bad_setting_is_named(environ, says):
    """Each row: variables, and how the refusal begins."""
    with pytest.raises(ConfigError) as refused:
        Settings.read(HOME | environ)

    assert str(refused.value).startswith(says)


def test_a_database_url_is_never_shown():
    """Not in the refusal of a wrong one, not in the settings' repr."""
    with pytest.raises(ConfigError) as refused:
        Settings.read(HOME | {"CAREWEFT_DATABASE_URL": "mysql://ana:opensesame@db"})
    settings = Settings.read(HOME | {"CAREWEFT_DATABASE_URL": "postgresql://ana:opensesame@db/careweft"})

    assert "opensesame" not in str(refused.value) + repr(settings)
    assert settings.database_url is not None


def test_the_command_line_wins():
    """What is given beside the environment stands over it; None is not given."""
    settings = Settings.read(HOME | {"CAREWEFT_PORT": "9000", "CAREWEFT_HOST": "::1"}, port=9001, host=None)

    assert (settings.port, settings.host) == (9001, "::1")


def test_settings_survive_being_handed_down(monkeypatch):
    """What a process hands to its children is what they read."""
    for name, _, _ in config.reference():
        monkeypatch.delenv(name, raising=False)
    given = Settings.read(HOME, environment="preview", fetch_allow=("localhost:1",), pg_bin="/opt/pg/bin", port=81)
    for name, _, _ in config.reference():
        monkeypatch.setenv(name, "1")  # so that all of them are put back afterwards
    config.hand_down(given)

    assert config.read() == given


def test_settings_are_frozen_and_say_what_they_are():
    """A sentence for each field, and its own variable."""
    settings = Settings.read(HOME)
    with pytest.raises(FrozenInstanceError):
        settings.port = 1

    rows = list(config.reference())
    assert len(rows) == len(fields(Settings)) == len({name for name, _, _ in rows})
    assert all(says.endswith(".") for _, _, says in rows)


@pytest.mark.parametrize(
    ("uid", "platform", "environ", "folder"),
    [
        (0, "linux", HOME, "/var/lib/careweft"),
        (1000, "linux", HOME, "/home/ana/.local/share/careweft"),
        (1000, "linux", HOME | {"XDG_DATA_HOME": "/data"}, "/data/careweft"),
        (501, "darwin", HOME, "/home/ana/Library/Application Support/careweft"),
    ],
)
def test_the_data_folder_follows_the_platform(monkeypatch, uid, platform, environ, folder):
    """Each row: who asks, where, and the folder without a setting."""
    monkeypatch.setattr("os.geteuid", lambda: uid)
    monkeypatch.setattr("sys.platform", platform)

    assert config.default_data(environ) == Path(folder)
