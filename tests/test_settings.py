"""Settings come from the environment over one TOML file, and say what is wrong with them."""

from pathlib import Path

import pytest

from flixpose.errors import BadSettings
from flixpose.settings import load_settings, redact


def test_defaults_need_no_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    settings = load_settings({"HOME": "/home/ann"})
    assert settings.home == Path("/home/ann/.cache/flixpose")
    assert settings.database_url.startswith("sqlite:////home/ann/.local/share/flixpose/")
    assert settings.store_url == "file:///home/ann/.local/share/flixpose/store"
    assert settings.max_pixels == 100_000_000


def test_environment_wins_over_the_file(tmp_path: Path) -> None:
    config = tmp_path / "f.toml"
    config.write_text('store_url = "s3://a/b"\nchunk_size = 4\nread_buckets = ["x", "y"]\n')
    settings = load_settings({"FLIXPOSE_CONFIG": str(config), "FLIXPOSE_CHUNK_SIZE": "8"})
    assert (settings.store_url, settings.chunk_size, settings.read_buckets) == ("s3://a/b", 8, ("x", "y"))


def test_file_in_the_current_folder_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "flixpose.toml").write_text("max_attempts = 7\n")
    monkeypatch.chdir(tmp_path)
    assert load_settings({}).max_attempts == 7


def test_postgres_urls_name_their_driver() -> None:
    for url in ("postgres://u:p@h/d", "postgresql://u:p@h/d", "postgresql+psycopg://u:p@h/d"):
        assert load_settings({"FLIXPOSE_DATABASE_URL": url}).database_url == "postgresql+psycopg://u:p@h/d"


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("FLIXPOSE_DATABASE_URL", "mysql://h/d"),
        ("FLIXPOSE_DATABASE_URL", "sqlite://file.sqlite"),
        ("FLIXPOSE_DATABASE_URL", "postgresql://h:port/d"),
        ("FLIXPOSE_BROKER_URL", "amqp://h"),
        ("FLIXPOSE_STORE_URL", "s3:///prefix"),
        ("FLIXPOSE_STORE_URL", "file:///"),
        ("FLIXPOSE_STORE_URL", "file://relative/folder"),
        ("FLIXPOSE_MAX_MEGAPIXELS", "many"),
        ("FLIXPOSE_MAX_FILE_MB", "-1"),
        ("FLIXPOSE_MAX_FILE_MB", "nan"),
        ("FLIXPOSE_CHUNK_SIZE", "0"),
        ("FLIXPOSE_MAX_ATTEMPTS", "2.5"),
        ("FLIXPOSE_S3_REQUEST_CHECKSUM", "never"),
    ],
)
def test_a_bad_value_names_its_variable(variable: str, value: str) -> None:
    with pytest.raises(BadSettings, match=variable) as failure:
        load_settings({variable: value})
    assert failure.value.subject == variable


def test_a_bad_file_names_itself(tmp_path: Path) -> None:
    config = tmp_path / "f.toml"
    for text, named in [
        ("databse_url = 'x'", "databse_url"),
        ("a = ", "not valid TOML"),
        ("chunk_size = 'x'", "f.toml"),
    ]:
        config.write_text(text)
        with pytest.raises(BadSettings, match=named):
            load_settings({"FLIXPOSE_CONFIG": str(config)})
    with pytest.raises(BadSettings, match="FLIXPOSE_CONFIG"):
        load_settings({"FLIXPOSE_CONFIG": str(tmp_path / "absent.toml")})


def test_passwords_are_never_printed() -> None:
    settings = load_settings(
        {
            "FLIXPOSE_DATABASE_URL": "postgresql://u:hunter2@h/d",
            "FLIXPOSE_BROKER_URL": "redis://:hunter2@h:1/0?password=hunter2",
        }
    )
    assert "hunter2" not in repr(settings) + str(settings.redacted())
    assert settings.redacted()["database_url"] == "postgresql+psycopg://u:***@h/d"
    assert "hunter2" not in redact("could not connect to redis://:hun@ter2@h or redis://x:hunter2@h")
    with pytest.raises(BadSettings) as failure:
        load_settings({"FLIXPOSE_DATABASE_URL": "mysql://u:hunter2@h/d"})
    assert "hunter2" not in str(failure.value)
