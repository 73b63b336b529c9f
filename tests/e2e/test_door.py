"""The public door as browsers, front ends of other sites and guessers find it: whose writes are taken,
who may read, how many may come, and what a service behind it believes."""

import base64
import hashlib
import hmac
import secrets
import statistics
import time
import uuid

import pytest
import requests

import pictures
from client import Client, Person, check_problem
from edge import Gateway
from stack import SERVICES

OURS, OTHER = "https://photos.example", "https://evil.example"


@pytest.fixture(scope="module")
def person(stack):
    person = Person(stack)
    person.log_in()
    return person


@pytest.fixture(scope="module")
def own(stack):
    """A gateway behind a front at OURS, of whose answers pages of app.example may read."""
    with Gateway(stack, PUBLIC_URL=OURS, CORS_ORIGINS="https://app.example, http://localhost:3000") as gateway:
        yield gateway.url


# --- another site's page makes a browser ask, with our cookie (CSRF) ---

CSRF = [  # Sec-Fetch-Site, Origin, may it write?
    (None, None, True), ("same-origin", OURS, True), ("none", None, True),
    ("cross-site", OTHER, False), ("same-site", "https://other.photos.example", False), ("cross-site", OURS, False),
    ("cross-site", None, False), ("cross-site", "https://app.example", False),
    (None, OURS, True), (None, OTHER, False), (None, "null", False), (None, OURS + ".evil.example", False),
    (None, "http://{host}", True), (None, "http://{host}0", False)]


def browser_headers(url, site, origin):
    headers = {"sec-fetch-site": site, "origin": origin and origin.replace("{host}", url.removeprefix("http://"))}
    return {name: value for name, value in headers.items() if value}


@pytest.mark.parametrize("site, origin, may", CSRF)
def test_writes_with_the_cookie(person, own, site, origin, may):
    headers = browser_headers(own, site, origin)
    cookie = {"cookie": "__Host-pierrot_session=" + person.http.cookies["pierrot_session"]}
    body = {"email": person.email}

    def ask(method, path, **options):
        options["headers"] = {**headers, **options.get("headers", cookie)}
        return requests.request(method, own + path, timeout=10, **options)
    changed = ask("PATCH", "/api/accounts/me", json=body)
    assert changed.status_code == 200 if may else check_problem(changed, 403)
    forwarded = ask("DELETE", "/api/media/0192f0c1-7a00-7000-8000-000000000001")
    assert forwarded.status_code == (404 if may else 403)
    assert ask("GET", "/api/accounts/me").status_code == 200, "reading is CORS's business"
    token = {"authorization": "Bearer " + person.make_token()["token"]}
    assert ask("PATCH", "/api/accounts/me", json=body, headers=token).status_code == 200, "a token is no cookie"
    login = ask("POST", "/api/sessions", json={"email": person.email, "password": person.password}, headers={})
    assert login.status_code == (201 if may else 403), "nobody is logged in by another site"


def test_token_beats_cookie(person, own):
    other = uuid.uuid4().hex
    for headers in ({"authorization": "Bearer prt_" + "x" * 43}, {"authorization": "Basic eDp5"}, {"authorization": other}):
        check_problem(person.request("GET", "/api/accounts/me", headers=headers), 401)
    assert person.request("GET", "/api/server", headers={"authorization": "Bearer prt_" + "x" * 43}).status_code == 200


# --- pages of other origins (CORS) ---

def test_cors(own, person):
    token = {"authorization": "Bearer " + person.make_token("read")["token"]}
    for origin in ("https://app.example", "http://localhost:3000"):
        for path, status in (("/api/accounts/me", 200), ("/api/media", 200), ("/api/server", 200)):
            answer = requests.get(own + path, headers={**token, "origin": origin}, timeout=10)
            assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (status, origin)
            exposed = set(answer.headers["access-control-expose-headers"].split(", "))
            assert {"ratelimit-remaining", "etag", "accept-ranges", "content-range", "content-disposition"} <= exposed
            assert "origin" in answer.headers["vary"].lower()
            assert "access-control-allow-credentials" not in answer.headers
        refused = requests.get(own + "/api/accounts/me", headers={"origin": origin}, timeout=10)
        assert refused.status_code == 401 and refused.headers["access-control-allow-origin"] == origin
    for origin in (OTHER, "https://app.example.evil.example", "null", "http://app.example"):
        answer = requests.get(own + "/api/accounts/me", headers={**token, "origin": origin}, timeout=10)
        assert answer.status_code == 200 and "access-control-allow-origin" not in answer.headers
    assert "access-control-allow-origin" not in requests.get(own + "/", headers={"origin": "https://app.example"},
                                                             timeout=10).headers


def test_preflight(own):
    def ask(path, origin):
        return requests.options(own + path, timeout=10, headers={
            "origin": origin, "access-control-request-method": "PATCH",
            "access-control-request-headers": "authorization,content-type"})
    for path in ("/api/accounts/me", "/api/media", "/api/media/x/y", "/api/tokens/x", "/api/openapi.yaml"):
        answer = ask(path, "https://app.example")
        assert answer.status_code == 204 and answer.content == b""
        assert answer.headers["access-control-allow-origin"] == "https://app.example"
        assert answer.headers["access-control-max-age"] == "600"
        assert "PATCH" in answer.headers["access-control-allow-methods"]
        assert {"authorization", "content-type", "idempotency-key"} <= \
            set(answer.headers["access-control-allow-headers"].split(", "))
        refused = ask(path, OTHER)
        assert refused.status_code == 204
        assert not [name for name in refused.headers if name.lower().startswith("access-control")]


# --- how many may come ---

def test_too_many_logins(stack, person):
    with Gateway(stack, LIMIT_LOGIN="3/60", TRUSTED_PROXIES="127.0.0.0/8") as gateway:
        address = f"192.0.2.{secrets.randbelow(250)}"

        def log_in(email, address=address):
            return requests.post(gateway.url + "/api/sessions", json={"email": email, "password": "not the one"}, timeout=10,
                                 headers={"x-forwarded-for": address})
        for left in (2, 1, 0):
            answer = log_in(f"{secrets.token_hex(6)}@example.com")
            check_problem(answer, 401)
            assert (answer.headers["ratelimit-limit"], answer.headers["ratelimit-remaining"]) == ("3", str(left))
        answer = log_in(person.email)
        check_problem(answer, 429)
        assert answer.headers["ratelimit-remaining"] == "0"
        assert 0 < int(answer.headers["retry-after"]) <= 20 < int(answer.headers["ratelimit-reset"]) <= 60
        check_problem(log_in(person.email, "198.51.100.1"), 401)
        assert requests.get(gateway.url + "/api/server", headers={"x-forwarded-for": address}, timeout=10).status_code == 200


def test_guesses_at_one_account_from_everywhere(stack):
    """A password is guessed at no faster from a thousand addresses than from five; and one of them alone keeps
    nobody from logging in."""
    victim, other = Person(stack), Person(stack)
    with Gateway(stack, LIMIT_LOGIN="3/60", TRUSTED_PROXIES="127.0.0.0/8") as gateway:
        def log_in(person, n, password="not the one"):
            return requests.post(gateway.url + "/api/sessions", json={"email": person.email, "password": password}, timeout=10,
                                 headers={"x-forwarded-for": f"203.0.113.{n}"})
        assert [log_in(other, 1).status_code for _ in range(5)] == [401] * 3 + [429] * 2
        assert log_in(other, 2, other.password).status_code == 201
        assert [log_in(victim, 10 + n).status_code for n in range(16)] == [401] * 15 + [429]
        limited = log_in(victim, 90, victim.password)
        check_problem(limited, 429)
        assert int(limited.headers["retry-after"]) > 0
        assert log_in(other, 91, other.password).status_code == 201


def test_unknown_credentials_are_counted(stack):
    with Gateway(stack, LIMIT_LOGIN="1/60") as gateway:  # ten times as many credentials that are nobody's
        statuses = [requests.get(gateway.url + "/api/accounts/me", timeout=10,
                                 headers={"authorization": "Bearer prt_" + secrets.token_urlsafe(32)}).status_code
                    for _ in range(15)]
    assert statuses[:10] == [401] * 10 and statuses[-1] == 429, statuses


def test_limits_hold_over_two_gateways(stack, person):
    token = {"authorization": "Bearer " + person.make_token()["token"]}
    with Gateway(stack, LIMIT_WRITE="20/3600", TRUSTED_PROXIES="127.0.0.0/8") as one, \
            Gateway(stack, LIMIT_WRITE="20/3600", TRUSTED_PROXIES="127.0.0.0/8") as two:
        headers = {**token, "x-forwarded-for": f"192.0.2.{secrets.randbelow(250)}"}
        statuses = [requests.delete((one, two)[n % 2].url + "/api/tokens/0192f0c1-7a00-7000-8000-000000000001",
                                    headers=headers, timeout=10).status_code for n in range(30)]
        assert statuses == [404] * 20 + [429] * 10
        assert requests.get(one.url + "/api/accounts/me", headers=headers, timeout=10).status_code == 200


def test_forged_addresses_do_not_help(stack):
    """Who is not of a trusted network is known by the connection alone."""
    with Gateway(stack, LIMIT_LOGIN="2/60") as gateway:
        statuses = [requests.post(gateway.url + "/api/sessions", json={"email": "x@example.com", "password": "not the one"},
                                  headers={"x-forwarded-for": f"192.0.2.{n}", "forwarded": f"for=198.51.100.{n}"},
                                  timeout=10).status_code for n in range(4)]
    assert statuses == [401, 401, 429, 429]


# --- a wrong password and an unknown address are the same ---

def test_wrong_password_and_unknown_address_are_alike(stack):
    known = Person(stack)
    times = {"known": [], "unknown": []}
    answers = {}
    for n in range(21):
        for kind, email in (("known", known.email), ("unknown", f"nobody-{n}-{known.email}")):
            began = time.perf_counter()
            answer = known.http.post(stack.gateway_url + "/api/sessions", timeout=10,
                                     json={"email": email, "password": "not the one"})
            times[kind].append(time.perf_counter() - began)
            problem = check_problem(answer, 401)
            answers.setdefault(kind, set()).add((problem["title"], problem.get("detail"), problem.get("field")))
    assert answers["known"] == answers["unknown"] and len(answers["known"]) == 1
    ratio = statistics.median(times["known"]) / statistics.median(times["unknown"])
    assert 0.8 < ratio < 1.25, (ratio, times)


# --- what a service believes ---

def identity(secret, account, expires_at, name="mallory", role="admin"):
    payload = f"1|{account}|{name}|business|{role}|{int(expires_at * 1000)}".encode()

    def text(data):
        return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
    return text(payload) + "." + text(hmac.new(secret, payload, hashlib.sha256).digest())


@pytest.mark.parametrize("service", [name for name in SERVICES if name != "gateway"])
def test_services_believe_the_gateway_alone(stack, person, service):
    """Media is the one with routes for accounts today; whoever gets them is asked the same."""
    secret = bytes.fromhex(stack.service_env("media")["PIERROT_IDENTITY_SECRET"])
    good = identity(secret, person.id, time.time() + 30)
    payload, signature = good.split(".")
    bad = [None, "", good[:-1], payload, "." + signature, good + "x", identity(b"another" * 8, person.id, time.time() + 30),
           identity(secret, person.id, time.time() - 1), identity(secret, person.id, 0),
           identity(secret, uuid.uuid4(), time.time() + 30).split(".")[0] + "." + signature,
           payload + "=." + signature, "x" * 300]
    expected = {401} if service == "media" else {404}
    for header in bad:
        headers = {} if header is None else {"x-pierrot-identity": header}
        headers["authorization"] = "Bearer " + stack.token
        for path in ("/media", "/tags", "/photostreams", "/channels"):
            answer = requests.get(stack.url(service) + path, headers=headers, timeout=10)
            assert answer.status_code in expected | {404}, (path, header)
    if service == "media":
        answer = requests.get(stack.url(service) + "/media", headers={"x-pierrot-identity": good}, timeout=10)
        assert answer.status_code == 200, "the same, rightly signed"


def test_identity_of_a_client_is_dropped(stack, person):
    secret = bytes.fromhex(stack.service_env("media")["PIERROT_IDENTITY_SECRET"])
    victim = Person(stack)
    victim.log_in()
    media = victim.client().bring(pictures.small())["id"]
    forged = {"x-pierrot-identity": identity(secret, victim.id, time.time() + 30)}
    client = person.client()
    check_problem(client.request("GET", f"/api/media/{media}", headers=forged), 404)
    check_problem(Client(stack.gateway_url, None).request("GET", f"/api/media/{media}", headers=forged), 401)


# --- every answer ---

def test_headers_of_every_answer(stack, person):
    for path, status in (("/api/server", 200), ("/api/media", 401), ("/nowhere", 404), ("/healthz", 200)):
        answer = requests.get(stack.gateway_url + path, timeout=10)
        assert answer.status_code == status
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
        assert answer.headers["cache-control"] == "no-store"
        assert "strict-transport-security" not in answer.headers, "without TLS nobody may say so"
    page = requests.get(stack.gateway_url + "/", timeout=10)
    policy = dict(part.strip().split(" ", 1) for part in page.headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'" and policy["script-src"] == "'self'"
    assert policy["connect-src"] == "'self' " + stack.env["PIERROT_S3_PUBLIC_ENDPOINT"]
