"""Who gets what: every route of the public door, asked by everybody there is. The routes come from the tables in
the sources, so that a new one without a line in LET_IN fails."""

import re
import time
import uuid
from collections import namedtuple

import pytest
import requests

import pictures
from client import Client, Person, check_problem
from routes import public_routes
from test_errors import sign_identity

NOBODYS_ID = str(uuid.UUID(int=1))
ROUTES = {f"{route.method} {route.path}": route for route in public_routes()}

# What each route answers to whoever is let in: the status, to this body. Nothing is changed by it, but by those that
# end the caller, who is a new one each time. `by_token`: the status when it is another one for programs.
Answer = namedtuple("Answer", "status body ends_caller by_token", defaults=(None, False, None))

LET_IN = {
    "GET /api/server": Answer(200),
    "POST /api/accounts": Answer(400, {}),
    "GET /api/accounts": Answer(200),
    "PATCH /api/accounts/{id}": Answer(404, {"tier": "free"}),
    "GET /api/accounts/me": Answer(200),
    "PATCH /api/accounts/me": Answer(400, {}),
    "DELETE /api/accounts/me": Answer(204, ends_caller=True),
    "POST /api/accounts/me/password": Answer(400, {}),
    "POST /api/sessions": Answer(400, {}),
    "GET /api/sessions": Answer(200),
    "DELETE /api/sessions": Answer(204, ends_caller=True),
    "DELETE /api/sessions/{id}": Answer(404),
    "DELETE /api/sessions/current": Answer(204, ends_caller=True, by_token=404),
    "POST /api/tokens": Answer(400, {}),
    "GET /api/tokens": Answer(200),
    "DELETE /api/tokens/{id}": Answer(404),
    "POST /api/invites": Answer(400, {"role": "king"}),
    "GET /api/invites": Answer(200),
    "DELETE /api/invites/{id}": Answer(404),
    "POST /api/media": Answer(400, {}),
    "POST /api/media/batch": Answer(400, {}),
    "POST /api/media/finalize": Answer(400, {}),
    "GET /api/media": Answer(200),
    "GET /api/media/{id}": Answer(404),
    "DELETE /api/media/{id}": Answer(404),
    "POST /api/media/{id}/parts": Answer(404, {"parts": [{"number": 1, "sha256": "0" * 64}]}),
    "GET /api/media/{id}/parts": Answer(404),
    "POST /api/events": Answer(400, {}),
    "GET /api/events": Answer(200),
    "GET /api/events/{id}": Answer(404),
    "PATCH /api/events/{id}": Answer(404, {}),
    "DELETE /api/events/{id}": Answer(404),
    "GET /api/events/{id}/media": Answer(404),
    "PUT /api/events/{id}/media": Answer(404, {"media_ids": [NOBODYS_ID]}),
    "DELETE /api/events/{id}/media/{media_id}": Answer(404),
    "POST /api/events/{id}/codes": Answer(404, {"label": "Anna", "all": True}),
    "GET /api/events/{id}/codes": Answer(404),
    "GET /api/events/{id}/codes/{code_id}": Answer(404),
    "PATCH /api/events/{id}/codes/{code_id}": Answer(404, {}),
    "DELETE /api/events/{id}/codes/{code_id}": Answer(404),
    "GET /api/events/{id}/codes.csv": Answer(404),
    "GET /api/events/{id}/cards": Answer(404),
    "POST /api/guest/{account}/{slug}/access": Answer(400, {}),
    "GET /api/guest/{account}/{slug}": Answer(200),
    "GET /api/guest/{account}/{slug}/photos/{id}": Answer(404),
    "GET /api/guest/{account}/{slug}/zip": Answer(404),
    "POST /api/guest/{account}/{slug}/selections": Answer(404, {"ids": [NOBODYS_ID]}),
    "GET /api/updates": Answer(200),
    "GET /api/openapi.yaml": Answer(200),
    "GET /api/docs": Answer(200),
    "GET /": Answer(200),
    "GET /signup": Answer(200),
    "GET /login": Answer(200),
    "GET /account": Answer(200),
    "GET /events": Answer(200),
    "GET /events/{id}": Answer(200),
    "GET /admin": Answer(200),
    "GET /assets/{file}": Answer(200),
    "GET /favicon.ico": Answer(200),
    "GET /robots.txt": Answer(200),
    "DELETE /api/guest/{account}/{slug}/access": Answer(204),
    "GET /{account}/{slug}": Answer(200),
    "GET /healthz": Answer(200),
    "GET /readyz": Answer(200),
    "GET /metrics": Answer(200),
    "GET /debug/vars": Answer(200),
}


GuestOf = namedtuple("GuestOf", "owner account slug codes code")


class World:
    """The people of the matrix, each made when somebody asks for them."""

    def __init__(self, stack):
        self.stack = stack
        self.known, self.one = {}, None
        self.administrator = Client(stack.gateway_url, stack.token)

    def change(self, person, **change):
        changed = self.administrator.request("PATCH", f"/api/accounts/{person.id}", json=change)
        assert changed.status_code == 200, changed.text

    def person(self, role):
        """Logged in. The role comes first: what a session may do is remembered for a moment."""
        person = Person(self.stack)
        if role == "admin":
            self.change(person, role="admin")
        person.log_in()
        return person

    def event(self):
        """A new one without photos: of its owner, with a code that would open all of them."""
        owner = self.person("user").client()
        event = owner.request("POST", "/api/events", json={"name": "Matrix"}).json()["event"]
        path = f"/api/events/{event['id']}/codes"
        code = owner.request("POST", path, json={"label": "Guest", "all": True}).json()["code"]
        account, slug = event["public_url"].split("/")[3:]
        return GuestOf(owner, account, slug, path, code)

    def here(self):
        """The event whose guests and address the matrix is about."""
        if not self.one:
            self.one = self.event()
        return self.one

    def headers(self, caller, fresh=False):
        if fresh:
            return CALLERS[caller].make(self)
        if caller not in self.known:
            self.known[caller] = CALLERS[caller].make(self)
        return self.known[caller]


@pytest.fixture(scope="module")
def world(stack):
    return World(stack)


# --- everybody there is ---

# make(world) -> the headers; role None: nobody we know, who gets 401. cross_site: another site's page made the
# browser ask.
# guest: let into the event of the matrix.
Caller = namedtuple("Caller", "make role scopes by_cookie cross_site guest", defaults=(None, "", False, False, False))
FAR = {"origin": "https://elsewhere.example"}


def bearer(token):
    return {"authorization": f"Bearer {token}"}


def with_token(role, scopes):
    def make(world):
        return bearer(world.person(role).make_token(*scopes.split())["token"])
    return Caller(make, role, scopes)


def with_cookie(role, cross_site=False, **headers):
    def make(world):
        cookie, = world.person(role).http.cookies
        own = {"origin": world.stack.gateway_url} if headers.get("origin") == "own" else {}
        return {"cookie": f"{cookie.name}={cookie.value}", **headers, **own}
    return Caller(make, role, "read write admin", True, cross_site)


def expired(world):
    token = world.person("user").make_token(expires_in=1)["token"]
    time.sleep(1.1)
    return bearer(token)


def revoked(world):
    person = world.person("user")
    token = person.make_token()
    headers = bearer(token["token"])
    assert requests.get(person.url + "/api/accounts/me", headers=headers, timeout=10).status_code == 200
    assert person.request("DELETE", f"/api/tokens/{token['id']}").status_code == 204
    return headers


def disabled(world):
    person = world.person("user")
    headers = bearer(person.make_token()["token"])
    world.change(person, disabled=True)
    return headers


def logged_out(world):
    person = world.person("user")
    cookie, = person.http.cookies
    assert person.request("DELETE", "/api/sessions/current").status_code == 204
    return {"cookie": f"{cookie.name}={cookie.value}"}


def forged(world):
    """As good as the gateway's own, and yet a client's."""
    secret = bytes.fromhex(world.stack.service_env("media")["PIERROT_IDENTITY_SECRET"])
    soon = int(time.time() * 1000) + 30000
    return {"x-pierrot-identity": sign_identity(secret, uuid.uuid4(), soon, role="admin")}


def former_administrator(world):
    person = world.person("admin")
    headers = bearer(person.make_token("read", "write", "admin")["token"])
    world.change(person, role="user")
    return headers


def enter(world, guest):
    """The token of who types the code."""
    entered = requests.post(f"{world.stack.gateway_url}/api/guest/{guest.account}/{guest.slug}/access", timeout=10,
                            json={"access_code": guest.code["access_code"]})
    assert entered.status_code == 200, entered.text
    return entered.json()["token"]


def guest_cookie(world):
    return {"cookie": "pierrot_guest=" + enter(world, world.here())}


def revoked_guest(world):
    here = world.here()
    code = here.owner.request("POST", here.codes, json={"label": "Revoked", "all": True}).json()["code"]
    token = enter(world, here._replace(code=code))
    changed = here.owner.request("PATCH", f"{here.codes}/{code['id']}", json={"revoked": True})
    assert changed.status_code == 200, changed.text
    return bearer(token)


def forged_client(world):
    """The headers with which the gateway hands guests on, from a guest."""
    return {"x-pierrot-guest": enter(world, world.here()), "x-pierrot-client": "forged"}


CALLERS = {
    "guest": Caller(lambda world: bearer(enter(world, world.here())), guest=True),
    "guest's cookie": Caller(guest_cookie, guest=True),
    "guest's cookie, other site": Caller(lambda world: {**guest_cookie(world), **FAR}, cross_site=True, guest=True),
    "guest of another event": Caller(lambda world: bearer(enter(world, world.event()))),
    "guest whose code is revoked": Caller(revoked_guest),
    "guest, forged": Caller(lambda world: bearer(enter(world, world.here())[:-4] + "AAAA")),
    "guest with the gateway's headers": Caller(forged_client),
    "nobody": Caller(lambda world: {}),
    "unknown token": Caller(lambda world: bearer("prt_" + "A" * 43)),
    "no token at all": Caller(lambda world: {"authorization": "Basic YTpi"}),
    "expired token": Caller(expired),
    "revoked token": Caller(revoked),
    "disabled account": Caller(disabled),
    "ended session": Caller(logged_out),
    "forged identity": Caller(forged),
    "page of another site, nobody": Caller(lambda world: FAR, cross_site=True),
    "token to read": with_token("user", "read"),
    "token to write": with_token("user", "write"),
    "token of a user": with_token("user", "read write"),
    "token of a former administrator": Caller(former_administrator, "user", "read write"),
    "administrator's token to read": with_token("admin", "read"),
    "administrator's token without admin": with_token("admin", "read write"),
    "administrator's token for admin": with_token("admin", "admin"),
    "administrator's token": with_token("admin", "read write admin"),
    "session": with_cookie("user"),
    "session, own page": with_cookie("user", origin="own"),
    "session, own page, new browser": with_cookie("user", **{"sec-fetch-site": "same-origin"}),
    "session, other site": with_cookie("user", True, **FAR),
    "session, other site, new browser": with_cookie("user", True, **{"sec-fetch-site": "cross-site"}),
    "session, sandboxed page": with_cookie("user", True, origin="null"),
    "session, neighbour": with_cookie("user", True, **{"sec-fetch-site": "same-site"}),
    "administrator's session": with_cookie("admin"),
    "administrator's session, other site": with_cookie("admin", True, **FAR),
}


def expected(name, caller):
    route, answer = ROUTES[name], LET_IN[name]
    writes = route.method != "GET"
    counts_here = route.path.startswith("/api/")
    if route.access == "GUEST" and not (caller.cross_site and writes):
        return answer.status if caller.guest else 401
    if route.access not in ("GUEST", "PUBLIC"):
        scope = "admin" if route.access == "ADMIN" else "write" if writes else "read"
        if caller.role is None:
            return 401
        if scope not in caller.scopes.split() or scope == "admin" and caller.role != "admin":
            return 403
    if caller.cross_site and writes and counts_here:
        return 403
    return answer.by_token if answer.by_token and not caller.by_cookie else answer.status


# --- the matrix ---

def test_every_route_is_in_the_matrix():
    assert set(LET_IN) == set(ROUTES)


@pytest.mark.parametrize("name", LET_IN)
@pytest.mark.parametrize("caller", CALLERS)
def test_matrix(world, name, caller):
    route, answer = ROUTES[name], LET_IN[name]
    status = expected(name, CALLERS[caller])
    here = world.here()
    path = route.path.format_map({**dict.fromkeys(re.findall(r"{(\w+)}", route.path), NOBODYS_ID), "file": "app.css",
                                  "account": here.account, "slug": here.slug})
    # stream: only the head of an answer that does not end is waited for.
    with requests.request(route.method, world.stack.gateway_url + path, json=answer.body, timeout=30, stream=True,
                          headers=world.headers(caller, fresh=answer.ends_caller and status < 400)) as response:
        if status >= 400:
            check_problem(response, status)
        assert response.status_code == status
        if status == 401:
            assert response.headers["www-authenticate"] == "Bearer"


# --- what is somebody else's ---

@pytest.mark.parametrize("role", ["user", "admin"])
def test_somebody_elses_things_are_unknown_ones(world, role):
    """Also to administrators, whose routes are others."""
    owner, other = world.person("user"), world.person(role)
    session = owner.log_in()["id"]
    token = owner.make_token()["id"]
    media = owner.client().create(pictures.small())["media"]["id"]
    for path in (f"/api/sessions/{session}", f"/api/tokens/{token}", f"/api/media/{media}"):
        check_problem(other.request("DELETE", path), 404)
    check_problem(other.request("GET", f"/api/media/{media}"), 404)
    check_problem(other.request("POST", "/api/media/finalize", json={"media_id": media}), 404)
    assert owner.request("GET", f"/api/media/{media}").status_code == 200
    for kind, thing in (("tokens", token), ("sessions", session)):
        assert thing in [item["id"] for item in owner.request("GET", f"/api/{kind}").json()["items"]]
        assert thing not in [item["id"] for item in other.request("GET", f"/api/{kind}").json()["items"]]
        assert owner.request("DELETE", f"/api/{kind}/{thing}").status_code == 204


def test_nobody_gives_away_more_than_they_have(world):
    user = world.person("user")
    check_problem(user.request("POST", "/api/tokens", json={"name": "a", "scopes": ["admin"]}), 403, "scopes")
    reader = user.client("read")
    check_problem(reader.request("POST", "/api/tokens", json={"name": "a", "scopes": ["read"]}), 403)
    writer = user.client("write")
    check_problem(writer.request("POST", "/api/tokens", json={"name": "a", "scopes": ["read"]}), 403, "scopes")
