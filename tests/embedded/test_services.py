"""The servers of tests/services.py are the real ones, and each test gets its own corner."""

import boto3
import psycopg
import pytest
import redis
from botocore.exceptions import ClientError

pytestmark = pytest.mark.services


def test_redis_refuses_rather_than_evicts(redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as connection:
        assert connection.dbsize() == 0
        assert connection.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
        assert connection.config_get("appendonly") == {"appendonly": "yes"}
        connection.set("left", "over")


def test_redis_needs_its_password(redis_url: str) -> None:
    address = redis_url.split("@")[1]
    with redis.Redis.from_url(f"redis://{address}") as stranger, pytest.raises(redis.AuthenticationError):
        stranger.ping()


@pytest.mark.parametrize("run", [1, 2])
def test_each_test_has_a_database_of_its_own(postgres_url: str, run: int) -> None:
    with psycopg.connect(postgres_url.replace("+psycopg", "")) as connection:
        connection.execute("CREATE TABLE mine (n int)")  # would fail at the second run in a shared database
        assert connection.info.server_version >= 160000


def test_s3_keeps_an_object(s3_env: dict[str, str]) -> None:
    store = boto3.session.Session().client("s3")  # the default one remembers other keys
    bucket, prefix = s3_env["FLIXPOSE_STORE_URL"].removeprefix("s3://").split("/")
    store.put_object(Bucket=bucket, Key=f"{prefix}/a b.txt", Body=b"hello")
    assert store.get_object(Bucket=bucket, Key=f"{prefix}/a b.txt")["Body"].read() == b"hello"


def test_s3_needs_its_access_key(s3_env: dict[str, str]) -> None:
    stranger = boto3.session.Session().client(
        "s3", aws_access_key_id="AKSTRANGER", aws_secret_access_key="none"
    )
    with pytest.raises(ClientError):
        stranger.list_objects_v2(Bucket="flixpose")
