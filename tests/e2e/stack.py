"""A private stack: six services and four servers, started by deploy/local and looked at from outside."""

import json
import os
import subprocess
import time
import urllib.parse

import boto3
import botocore.config
import psycopg
import redis
import requests

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SERVICES = ("gateway", "media", "tags", "sync", "publisher", "thumbnailer")
SERVERS = ("postgres", "kafka", "s3", "redis")


def eventually(check, within=20, every=0.05, what=None):
    """The first true value of check(), which is asked again until then."""
    until = time.monotonic() + within
    while True:
        value = check()
        if value:
            return value
        assert time.monotonic() < until, f"not within {within} s: {what or check.__doc__ or 'it'}"
        time.sleep(every)


def read_env(path):
    with open(path, encoding="utf-8") as file:
        return dict(line.rstrip("\n").split("=", 1) for line in file if "=" in line)


class Stack:
    def __init__(self):
        self.var = os.path.abspath(os.environ.get("PIERROT_VAR") or os.path.join(TOP, "build/test/stack"))
        self.bin = os.path.abspath(os.environ.get("PIERROT_BIN") or os.path.join(TOP, "build/release/bin"))
        self.environ = {**os.environ, "PIERROT_VAR": self.var, "PIERROT_BIN": self.bin}
        self.environ.setdefault("PIERROT_PORT_BASE", "31000")
        for limit in ("LOGIN", "SIGNUP", "WRITE", "READ"):  # tests of limits start a gateway of their own
            self.environ.setdefault(f"PIERROT_LIMIT_{limit}", "1000000/60")

    def run(self, command, *arguments, check=True):
        """deploy/local/COMMAND; its own words when it fails."""
        done = subprocess.run([os.path.join(TOP, "deploy/local", command), *arguments], env=self.environ,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace")
        assert not check or done.returncode == 0, f"{command} {arguments}: {done.stdout}{done.stderr}"
        return done

    def up(self):
        self.run("up", "--no-demo")
        self.env = read_env(os.path.join(self.var, "env/stack.env"))
        self.gateway_url = self.env["PIERROT_GATEWAY_URL"]
        with open(self.env["PIERROT_API_TOKEN_FILE"], encoding="ascii") as file:
            self.token = file.read().strip()

    def down(self):
        self.run("down")

    def ctl(self, action, name):
        return self.run("ctl", action, name)

    def restart(self, name):
        self.ctl("start", name)
        self.ctl("wait", name)

    def pid(self, name):
        """None when it does not run."""
        done = self.run("ctl", "pid", name, check=False)
        return int(done.stdout) if done.returncode == 0 else None

    def workers(self):
        """The thumbnailer's decode workers, by pid."""
        with open(f"/proc/{self.pid('thumbnailer')}/task/{self.pid('thumbnailer')}/children",
                  encoding="ascii") as file:
            return [int(pid) for pid in file.read().split()]

    # --- the services ---

    def service_env(self, name):
        return read_env(os.path.join(self.var, f"env/{name}.env"))

    def url(self, name):
        return "http://" + self.service_env(name)["PIERROT_LISTEN"]

    def executable(self, name):
        return os.path.join(self.bin, f"pierrot-{name}")

    def ready(self, name):
        try:
            return requests.get(self.url(name) + "/readyz", timeout=2).status_code == 200
        except requests.RequestException:
            return False

    def missing(self, name):
        """What /readyz says it waits for, by name of the check."""
        try:
            checks = requests.get(self.url(name) + "/readyz", timeout=2).json()["checks"]
        except (requests.RequestException, ValueError):
            return {}
        return {check: text for check, text in checks.items() if text != "ready"}

    # --- logs ---

    def log_path(self, name):
        return os.path.join(self.var, f"log/{name}.log")

    def log_size(self, name):
        try:
            return os.path.getsize(self.log_path(name))
        except FileNotFoundError:
            return 0

    def log_text(self, name, since=0):
        try:
            with open(self.log_path(name), "rb") as file:
                file.seek(since)
                return file.read().decode("utf-8", "replace")
        except FileNotFoundError:
            return ""

    def log_lines(self, name, since=0):
        """The JSON lines of a service's log; others (a crash, a sanitizer) as {"raw": text}."""
        for line in self.log_text(name, since).splitlines():
            try:
                value = json.loads(line)
            except ValueError:
                value = None
            yield value if isinstance(value, dict) else {"raw": line}

    # --- the servers ---

    def sql(self, query, *parameters):
        """All rows, as the superuser; one connection each, because tests kill Postgres."""
        with psycopg.connect(self.env["PIERROT_DATABASE_URL"], connect_timeout=5) as connection:
            cursor = connection.execute(query, parameters)
            return cursor.fetchall() if cursor.description else []

    @property
    def bucket(self):
        return self.env["PIERROT_S3_BUCKET"]

    def s3(self):
        return boto3.client(
            "s3", endpoint_url=self.env["PIERROT_S3_ENDPOINT"], region_name=self.env["PIERROT_S3_REGION"],
            aws_access_key_id=self.env["PIERROT_S3_ACCESS_KEY"],
            aws_secret_access_key=self.env["PIERROT_S3_SECRET_KEY"],
            config=botocore.config.Config(signature_version="s3v4", s3={"addressing_style": "path"},
                                          request_checksum_calculation="when_required",
                                          response_checksum_validation="when_required"))

    def objects(self, prefix=""):
        """{key: size} of what is in the bucket."""
        pages = self.s3().get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix)
        return {item["Key"]: item["Size"] for page in pages for item in page.get("Contents", [])}

    def redis(self):
        url = urllib.parse.urlsplit(self.env["PIERROT_REDIS_URL"])
        return redis.Redis(host=url.hostname, port=url.port, password=url.password)
