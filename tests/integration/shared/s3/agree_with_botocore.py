#!/usr/bin/env python3
"""Signs random requests with botocore and with presign_lines; every signature must be the same.

    agree_with_botocore.py PRESIGN_LINES [ROUNDS [SEED]]
"""
import base64
import datetime
import os
import random
import re
import subprocess
import sys
import unittest.mock
from urllib.parse import parse_qsl, quote, unquote, urlsplit

try:
    import botocore.auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials
except ImportError:
    sys.exit("botocore is missing: pip install botocore")

ENDPOINT = "http://media.example.org:8080/pierrot/"
REGION = "eu-central-1"
KEYS = Credentials("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
ALPHABET = ("abcXYZ019-_.~ +%&=?#;:,@!$'()*[]{}<>|\\^`\"\t\x01\x7f"
            "äöüßñéЖ中文日本語한국어🙂👩‍👩‍👧\u00a0\u202e\u0301")
TYPES = ["image/jpeg", "image/avif", "video/quicktime", "text/plain; charset=utf-8"]


def random_text(rng, most):
    return "".join(rng.choice(ALPHABET) for _ in range(rng.randint(1, most)))


def random_key(rng):
    segments = [random_text(rng, 40) for _ in range(rng.randint(1, 4))]
    return "/".join("x" + s if s in (".", "..") else s for s in segments)


def random_request(rng):
    return {
        "time": rng.randint(1_000_000_000, 4_000_000_000),
        "key": random_key(rng),
        "method": rng.choice(["GET", "PUT"]),
        "type": rng.choice(TYPES + [None]),
        "size": rng.choice([0, 1, rng.randint(2, 1 << 40)]),
        "sha256": rng.randbytes(32),
        "if_none_match": rng.random() < 0.5,
        "name": random_text(rng, 60) if rng.random() < 0.7 else None,
        "upload_id": random_text(rng, 128) if rng.random() < 0.5 else None,
        "number": rng.randint(1, 10_000),
    }


def as_line(r):
    put = r["method"] == "PUT"
    fields = [str(r["time"] * 1000), r["key"], r["method"], r["type"] or (TYPES[0] if put else ""),
              str(r["size"]), r["sha256"].hex(), "1" if r["if_none_match"] else "0",
              r["name"] or "", r["upload_id"] or "", str(r["number"])]
    return " ".join(quote(f, safe="") for f in fields)


def check_disposition(value, name):
    """What a client reads out of it: the true name, from one form or the other."""
    form = re.fullmatch(r"attachment; filename=\"([^\"\\%/]*)\"(?:; filename\*=UTF-8''(.*))?", value)
    assert form and value.isascii() and value.isprintable(), value
    plain, extended = form.groups()
    assert (unquote(extended, errors="strict") if extended else plain) == name, (value, name)


def botocore_signature(r, ours):
    headers, query = {}, ""
    if r["method"] == "PUT" and r["upload_id"]:
        headers = {"content-length": str(r["size"]), "x-amz-checksum-sha256": base64.b64encode(r["sha256"]).decode()}
        query = f"partNumber={r['number']}&uploadId={quote(r['upload_id'], safe='-_.~')}"
    elif r["method"] == "PUT":
        headers = {"content-type": r["type"] or TYPES[0], "content-length": str(r["size"]),
                   "x-amz-checksum-sha256": base64.b64encode(r["sha256"]).decode()}
        if r["if_none_match"]:
            headers["if-none-match"] = "*"
    else:
        asked = {k: v for k, v in ours.items() if k.startswith("response-")}
        assert asked.get("response-content-type") == r["type"]
        assert ("response-content-disposition" in asked) == (r["name"] is not None)
        if r["name"] is not None:
            check_disposition(asked["response-content-disposition"], r["name"])
        query = "&".join(f"{k}={quote(v, safe='-_.~')}" for k, v in asked.items())
    request = AWSRequest(method=r["method"], headers=headers,
                         url=ENDPOINT + quote(r["key"], safe="/-_.~") + ("?" + query if query else ""))
    now = datetime.datetime.fromtimestamp(r["time"], datetime.timezone.utc)
    with unittest.mock.patch("botocore.auth.get_current_datetime", lambda *a, **k: now):
        botocore.auth.S3SigV4QueryAuth(KEYS, "s3", REGION, expires=900).add_auth(request)
    return dict(parse_qsl(urlsplit(request.url).query))


def main():
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 2000
    seed = sys.argv[3] if len(sys.argv) > 3 else os.urandom(8).hex()
    rng = random.Random(seed)
    requests = [random_request(rng) for _ in range(rounds)]
    made = subprocess.run([sys.argv[1]], input="\n".join(map(as_line, requests)) + "\n",
                          capture_output=True, text=True, check=True)
    urls = made.stdout.splitlines()
    assert len(urls) == rounds, f"{len(urls)} URLs for {rounds} requests"
    for request, url in zip(requests, urls):
        ours = dict(parse_qsl(urlsplit(url).query, strict_parsing=True))
        theirs = botocore_signature(request, ours)
        path = urlsplit(url).path
        assert unquote(path) == "/pierrot/" + request["key"], (seed, path)
        assert ours == theirs, f"seed {seed}: {request}\nours   {ours}\ntheirs {theirs}"
    print(f"{rounds} of {rounds} agree (seed {seed})")


main()
