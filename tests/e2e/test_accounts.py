"""The life of accounts: sign-up, sessions, tokens, invitations, tiers, the end. What is taken away is
gone everywhere within five seconds."""

import re
import secrets

import pytest
import requests

import pictures
from client import Client, Person, check_problem
from edge import Gateway
from routes import public_routes
from stack import eventually

SOON = 5


@pytest.fixture(scope="module")
def administrator(stack):
    """A client with the token of the administrator that `up` made."""
    return Client(stack.gateway_url, stack.token)


@pytest.fixture
def person(stack):
    person = Person(stack)
    person.log_in()
    return person


def administer(administrator, account_id, **change):
    response = administrator.request("PATCH", f"/api/accounts/{account_id}", json=change)
    assert response.status_code == 200, response.text
    return response.json()["account"]


def me(client):
    return client.request("GET", "/api/accounts/me")


# --- the way in ---

@pytest.mark.smoke
def test_from_signing_up_to_a_token_in_use(stack):
    person = Person(stack)
    assert person.account == {"id": person.id, "name": person.name, "email": person.email, "tier": "free",
                              "role": "user", "disabled": False, "created_at": person.account["created_at"]}
    check_problem(me(person), 401)
    session = person.log_in()
    assert session["current"] is True and session["address"] == "127.0.0.1" and "requests" in session["agent"]
    assert me(person).json()["account"] == person.account
    made = person.make_token("read", "write", name="uploader", expires_in=3600)
    assert re.fullmatch(r"prt_[A-Za-z0-9_-]{43}", made["token"]) and made["last_used_at"] is None
    client = Client(stack.gateway_url, made["token"])
    assert client.bring(pictures.small())["state"] == "ready"
    listed, = person.request("GET", "/api/tokens").json()["items"]
    assert listed["last_used_at"] and "token" not in listed
    assert {name: listed[name] for name in ("id", "name", "scopes", "created_at", "expires_at")} == \
        {name: made[name] for name in ("id", "name", "scopes", "created_at", "expires_at")}


def test_cookie(stack):
    cookie = Person(stack).try_log_in().headers["set-cookie"]
    assert re.fullmatch(r"pierrot_session=prs_[A-Za-z0-9_-]{43}; Path=/; Max-Age=2592000; HttpOnly; SameSite=Lax", cookie)


def test_cookie_under_https(stack):
    """Behind a front that speaks TLS the cookie is Secure, and bound to the host by its name."""
    with Gateway(stack, PUBLIC_URL="https://photos.example") as gateway:
        person = Person(stack)
        response = person.try_log_in()
        response = requests.post(gateway.url + "/api/sessions", json={"email": person.email, "password": person.password},
                                 timeout=10)
        assert re.fullmatch(r"__Host-pierrot_session=prs_[A-Za-z0-9_-]{43}; Path=/; Max-Age=2592000; HttpOnly; "
                            r"SameSite=Lax; Secure", response.headers["set-cookie"])
        assert response.headers["strict-transport-security"].startswith("max-age=")
        secret = response.headers["set-cookie"].split(";")[0]
        assert requests.get(gateway.url + "/api/accounts/me", headers={"cookie": secret}, timeout=10).status_code == 200
        renamed = secret.replace("__Host-", "")
        assert requests.get(gateway.url + "/api/accounts/me", headers={"cookie": renamed}, timeout=10).status_code == 401


@pytest.mark.parametrize("field, value", [
    ("email", "nobody"), ("email", ""), ("email", "a b@example.com"), ("email", "x" * 250 + "@example.com"), ("email", 5),
    ("name", "ab"), ("name", "x" * 33), ("name", "-abc"), ("name", "UPPER"), ("name", "admin"), ("name", "api"), ("name", None),
    ("password", "short"), ("password", "password"), ("password", "x" * 129), ("password", ["a"]),
    ("role", "admin"), ("tier", "business")])
def test_sign_up_names_the_field(stack, field, value):
    name = "test-" + secrets.token_hex(6)
    body = {"email": name + "@example.com", "name": name, "password": secrets.token_urlsafe(16), field: value}
    response = requests.post(stack.gateway_url + "/api/accounts", json=body, timeout=10)
    check_problem(response, 400, field)
    assert not stack.sql("select 1 from gateway.account where name = %s", name)


def test_no_account_takes_a_path_of_ours(stack):
    """Links to events begin with the account's name: it must be the first part of no path that is served."""
    first = {route.path.split("/")[1] for route in public_routes()}
    assert {"api", "account", "metrics"} <= first
    for name in first:
        body = {"email": f"{secrets.token_hex(6)}@example.com", "name": name, "password": secrets.token_urlsafe(16)}
        answer = requests.post(stack.gateway_url + "/api/accounts", json=body, timeout=10)
        assert answer.status_code == 400 and answer.json()["field"] == "name", name


def test_names_and_addresses_are_taken_once(stack, person):
    def sign_up(**changes):
        body = {"email": "new-" + person.email, "name": "new-" + person.name[5:], "password": person.password, **changes}
        return requests.post(stack.gateway_url + "/api/accounts", json=body, timeout=10)
    check_problem(sign_up(name=person.name), 409, "name")
    check_problem(sign_up(email=person.email.upper()), 409, "email")
    assert sign_up().status_code == 201


def test_what_one_may_change_of_oneself(person, stack):
    other = Person(stack)
    for member, value in (("name", "another"), ("tier", "business"), ("role", "admin"), ("disabled", False)):
        check_problem(person.request("PATCH", "/api/accounts/me", json={member: value}), 400, member)
    check_problem(person.request("PATCH", "/api/accounts/me", json={"email": other.email}), 409, "email")
    changed = person.request("PATCH", "/api/accounts/me", json={"email": " Changed-" + person.email})
    assert changed.status_code == 200 and changed.json()["account"]["email"] == "changed-" + person.email
    check_problem(person.try_log_in(), 401)
    person.email = "changed-" + person.email
    person.log_in()


# --- sessions ---

def test_sessions_are_listed_and_ended(person):
    first, = person.request("GET", "/api/sessions").json()["items"]
    phone = requests.Session()
    body = {"email": person.email, "password": person.password}
    second = phone.post(person.url + "/api/sessions", json=body, headers={"user-agent": "a phone"}, timeout=10).json()["session"]
    listed = person.request("GET", "/api/sessions").json()["items"]
    assert [(s["id"], s["current"]) for s in listed] == [(second["id"], False), (first["id"], True)]
    assert listed[0]["agent"] == "a phone"
    assert person.request("DELETE", f"/api/sessions/{second['id']}").status_code == 204
    eventually(lambda: phone.get(person.url + "/api/accounts/me", timeout=5).status_code == 401, SOON)
    check_problem(person.request("DELETE", f"/api/sessions/{second['id']}"), 404)
    ended = person.request("DELETE", "/api/sessions/current")
    assert ended.status_code == 204 and "Max-Age=0" in ended.headers["set-cookie"] and not person.http.cookies
    check_problem(me(person), 401)


def test_log_in_again_replaces_the_session(person):
    """A secret from before a login is good for nothing after it."""
    before = dict(person.http.cookies)
    person.log_in()
    assert dict(person.http.cookies) != before
    assert len(person.request("GET", "/api/sessions").json()["items"]) == 1
    old = requests.get(person.url + "/api/accounts/me", cookies=before, timeout=10)
    assert old.status_code == 401


def test_all_sessions_end_at_once(stack, person):
    browsers = [person]
    for _ in range(3):
        browser = requests.Session()
        assert browser.post(person.url + "/api/sessions", timeout=10,
                            json={"email": person.email, "password": person.password}).status_code == 201
        browsers.append(browser)
    with Gateway(stack) as gateway:
        for browser in browsers[1:]:
            assert browser.get(gateway.url + "/api/accounts/me", timeout=10).status_code == 200
        assert person.request("DELETE", "/api/sessions").status_code == 204
        for browser in browsers[1:]:
            eventually(lambda b=browser: b.get(gateway.url + "/api/accounts/me", timeout=10).status_code == 401, SOON)
    check_problem(me(person), 401)


def test_password_change_ends_the_other_sessions(person):
    other, token = requests.Session(), person.client()
    body = {"email": person.email, "password": person.password}
    assert other.post(person.url + "/api/sessions", json=body, timeout=10).status_code == 201
    new = secrets.token_urlsafe(16)

    def change(current, new):
        return person.request("POST", "/api/accounts/me/password", json={"current_password": current, "new_password": new})
    check_problem(change("not the one", new), 400, "current_password")
    check_problem(change(person.password, "short"), 400, "new_password")
    assert change(person.password, new).status_code == 204
    assert me(person).status_code == 200 and me(token).status_code == 200
    eventually(lambda: other.get(person.url + "/api/accounts/me", timeout=10).status_code == 401, SOON)
    check_problem(person.try_log_in(), 401)
    person.password = new
    person.log_in()


# --- tokens ---

@pytest.mark.smoke
def test_revoked_token_is_refused_everywhere(stack, person):
    made = person.make_token()
    with Gateway(stack) as gateway:
        here, there = Client(stack.gateway_url, made["token"]), Client(gateway.url, made["token"])
        assert me(here).status_code == me(there).status_code == 200
        assert person.request("DELETE", f"/api/tokens/{made['id']}").status_code == 204
        for client in (here, there):
            eventually(lambda c=client: me(c).status_code == 401, SOON, what="the revoked token is refused")
    check_problem(person.request("DELETE", f"/api/tokens/{made['id']}"), 404)


def test_token_expires(person):
    client = Client(person.url, person.make_token("read", expires_in=2)["token"])
    assert me(client).status_code == 200
    eventually(lambda: me(client).status_code == 401, 2 + SOON, 0.3)


def test_scopes(stack, person, administrator):
    reader, writer = person.client("read"), person.client("write")
    assert me(reader).status_code == 200 and me(writer).status_code == 403
    check_problem(reader.announce(pictures.small()), 403)
    assert writer.announce(pictures.small()).status_code == 201
    for scopes in (["read", "write"], ["admin"]):
        check_problem(reader.request("POST", "/api/tokens", json={"name": "more", "scopes": scopes}), 403)
        check_problem(writer.request("POST", "/api/tokens", json={"name": "more", "scopes": ["read"]}), 403)
    for scopes in ([], ["all"], ["read write"], "read", [1]):
        check_problem(person.request("POST", "/api/tokens", json={"name": "odd", "scopes": scopes}), 400, "scopes")
    check_problem(person.request("GET", "/api/accounts"), 403)
    limited = administrator.request("POST", "/api/tokens", json={"name": "limited", "scopes": ["read", "write"]}).json()
    check_problem(Client(stack.gateway_url, limited["token"]).request("GET", "/api/accounts"), 403)


def test_idempotent_token(person):
    body, key = {"name": "once", "scopes": ["read"]}, {"idempotency-key": secrets.token_hex(8)}
    first = person.request("POST", "/api/tokens", json=body, headers=key)
    again = person.request("POST", "/api/tokens", json=body, headers=key)
    assert first.status_code == again.status_code == 201
    assert again.json() == first.json() and again.headers["idempotent-replayed"] == "true"
    assert "idempotent-replayed" not in first.headers
    assert me(Client(person.url, again.json()["token"])).status_code == 200
    check_problem(person.request("POST", "/api/tokens", json={**body, "name": "other"}, headers=key), 422)
    assert person.request("DELETE", f"/api/tokens/{first.json()['id']}").status_code == 204
    check_problem(person.request("POST", "/api/tokens", json=body, headers=key), 410)


def test_idempotent_sign_up(stack):
    person, key = Person(stack), {"idempotency-key": secrets.token_hex(8)}
    body = {"email": "second-" + person.email, "name": "b" + person.name[5:], "password": person.password}

    def sign_up(**changes):
        return requests.post(stack.gateway_url + "/api/accounts", json={**body, **changes}, headers=key, timeout=10)
    first, again = sign_up(), sign_up()
    assert (first.status_code, again.status_code) == (201, 201) and again.json() == first.json()
    assert again.headers["idempotent-replayed"] == "true"
    check_problem(sign_up(name="c" + person.name[5:]), 422)


# --- administrators ---

def test_disabled_account_is_out_everywhere(stack, person, administrator):
    token = person.client()
    with Gateway(stack) as gateway:
        there = Client(gateway.url, token.http.headers["authorization"].split()[1])
        assert me(token).status_code == me(there).status_code == me(person).status_code == 200
        assert administer(administrator, person.id, disabled=True)["disabled"] is True
        for client in (token, there, person):
            eventually(lambda c=client: me(c).status_code == 401, SOON, what="the account is out")
    check_problem(person.try_log_in(), 403)
    check_problem(person.try_log_in("some other password"), 401)
    administer(administrator, person.id, disabled=False)
    eventually(lambda: me(token).status_code == 200, SOON, what="its tokens come back")
    check_problem(me(person), 401)
    person.log_in()


def test_tier_raises_the_limit(stack, administrator):
    """A higher tier is known to a gateway within five seconds: by what it lets through."""
    person = Person(stack)
    person.log_in()
    token = person.make_token()["token"]
    with Gateway(stack, LIMIT_WRITE="4/3600", TRUSTED_PROXIES="127.0.0.1/32") as gateway:
        def write(n):  # each from an address of its own, so that the account's limit alone counts
            return requests.delete(gateway.url + "/api/tokens/0192f0c1-7a00-7000-8000-000000000001", timeout=10,
                                   headers={"authorization": f"Bearer {token}", "x-forwarded-for": f"192.0.2.{n}"})
        assert [write(n).status_code for n in range(5)] == [404] * 4 + [429]
        administer(administrator, person.id, tier="business")
        eventually(lambda: write(100 + secrets.randbelow(100)).status_code == 404, SOON, 0.5)


def test_administrators_search(person, administrator):
    found = administrator.request("GET", "/api/accounts", params={"search": person.name}).json()
    assert [item["id"] for item in found["items"]] == [person.id] and found["next_cursor"] is None
    page = administrator.request("GET", "/api/accounts", params={"limit": 1}).json()
    following = administrator.request("GET", "/api/accounts", params={"limit": 1, "cursor": page["next_cursor"]}).json()
    assert page["items"][0]["id"] > following["items"][0]["id"], "newest first"
    check_problem(administrator.request("PATCH", f"/api/accounts/{person.id}", json={"email": "x@example.com"}), 400, "email")
    check_problem(administrator.request("PATCH", f"/api/accounts/{person.id}", json={"tier": "gold"}), 400, "tier")
    check_problem(administrator.request("PATCH", "/api/accounts/0192f0c1-7a00-7000-8000-000000000001",
                                        json={"tier": "free"}), 404)


def test_last_administrator_stays(stack, administrator):
    own = me(administrator).json()["account"]
    assert own["role"] == "admin"
    second = Person(stack)
    administer(administrator, second.id, role="admin")
    assert administer(administrator, second.id, role="user")["role"] == "user"
    others = stack.sql("select id from gateway.account where role = 'admin' and not disabled and id <> %s", own["id"])
    for other, in others:
        administer(administrator, other, role="user")
    for change in ({"role": "user"}, {"disabled": True}):
        check_problem(administrator.request("PATCH", f"/api/accounts/{own['id']}", json=change), 409)
    check_problem(administrator.request("DELETE", "/api/accounts/me"), 409)
    for other, in others:
        administer(administrator, other, role="admin")


@pytest.mark.smoke
def test_invitations(stack, administrator):
    made = administrator.request("POST", "/api/invites", json={"tier": "premium", "role": "admin"})
    assert made.status_code == 201
    invite = made.json()
    assert re.fullmatch(r"pri_[A-Za-z0-9_-]{43}", invite["invite"])
    assert invite["url"] == f"{stack.gateway_url}/signup#invite={invite['invite']}"
    with Gateway(stack, SIGNUP="invite") as gateway:
        def sign_up(name, **members):
            body = {"email": name + "@example.com", "name": name, "password": secrets.token_urlsafe(16), **members}
            return requests.post(gateway.url + "/api/accounts", json=body, timeout=10)
        name = "test-" + secrets.token_hex(6)
        assert requests.get(gateway.url + "/api/server", timeout=10).json()["signup"] == "invite"
        check_problem(sign_up(name), 403)
        check_problem(sign_up(name, invite="pri_" + "x" * 43), 403)
        account = sign_up(name, invite=invite["invite"]).json()["account"]
        assert (account["tier"], account["role"]) == ("premium", "admin")
        check_problem(sign_up("b" + name[1:], invite=invite["invite"]), 403)
        administer(administrator, account["id"], role="user")
    listed = next(item for item in administrator.request("GET", "/api/invites").json()["items"]
                  if item["id"] == invite["id"])
    assert listed["used_at"] and "invite" not in listed and "url" not in listed
    with Gateway(stack, SIGNUP="closed") as gateway:
        other = administrator.request("POST", "/api/invites", json={}).json()
        check_problem(sign_up("c" + name[1:], invite=other["invite"]), 403)
    assert administrator.request("DELETE", f"/api/invites/{other['id']}").status_code == 204
    check_problem(administrator.request("DELETE", f"/api/invites/{other['id']}"), 404)


# --- the end ---

@pytest.mark.smoke
def test_deleted_account_leaves_nothing(stack):
    person = Person(stack)
    person.log_in()
    client = person.client()
    client.bring(pictures.small())
    created = client.create(pictures.noisy(3, 40))["media"]["id"]
    assert stack.objects(person.id)
    gone = person.request("DELETE", "/api/accounts/me")
    assert gone.status_code == 204 and "Max-Age=0" in gone.headers["set-cookie"]
    eventually(lambda: me(client).status_code == 401, SOON)
    check_problem(person.try_log_in(), 401)
    eventually(lambda: not stack.sql("select 1 from media.media where owner_id = %s", person.id), 30,
               what=f"the media of {person.id}, also {created}, are gone")
    eventually(lambda: not stack.objects(person.id), 30, what="the objects are gone")
    left, = stack.sql("select email, password_hash from gateway.account where id = %s", person.id)
    assert left == (None, None)
    assert not stack.sql("select 1 from gateway.credential where account_id = %s", person.id)
    body = {"email": person.email, "name": person.name, "password": person.password}
    check_problem(requests.post(stack.gateway_url + "/api/accounts", json=body, timeout=10), 409, "name")
    body["name"] = "b" + person.name[1:]
    assert requests.post(stack.gateway_url + "/api/accounts", json=body, timeout=10).status_code == 201
