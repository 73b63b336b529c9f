"""The whole story, as a photographer and a guest live it, with thirty real photographs: from signing up to a guest who is
shut out."""

import base64
import glob
import hashlib
import io
import mimetypes
import os
import re
import zipfile

import requests
from playwright.sync_api import expect

from visit import Person

PHOTOS = sorted(glob.glob("/usr/share/backgrounds/mate/*/*.*"))[:30]  # Debian's mate-backgrounds
PATIENCE = 60_000  # ms
DROP = """(files) => {
    const transfer = new DataTransfer();
    for (const { name, type, bytes } of files)
        transfer.items.add(new File([Uint8Array.from(atob(bytes), (c) => c.charCodeAt(0))], name, { type }));
    for (const kind of ['dragenter', 'dragover', 'drop'])
        document.querySelector('#add').dispatchEvent(new DragEvent(kind, { dataTransfer: transfer, bubbles: true, cancelable: true }));
}"""


def read(path):
    with open(path, "rb") as file:
        return file.read()


SHA256 = {os.path.basename(path): hashlib.sha256(read(path)).hexdigest() for path in PHOTOS}


def unpacked(body):
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        assert archive.testzip() is None
        return {name: hashlib.sha256(archive.read(name)).hexdigest() for name in archive.namelist()}


def named(tiles):
    return [label.split(",")[0] for label in tiles.evaluate_all("(all) => all.map((e) => e.ariaLabel)")]


def test_from_sign_up_to_the_end(visits):
    owner, person = visits(), Person()
    page = owner.page
    owner.open("/signup")
    owner.fill(email_address=person.email, name=person.name, password=person.password)
    owner.press("Create account")
    owner.arrive("/account")
    owner.open("/events")
    owner.press("Create your first event")
    owner.fill(name="Summer Wedding")
    owner.press("Create event")
    page.wait_for_url(re.compile(r"/events/[0-9a-f-]{36}$"))
    owner.see("Summer Wedding")

    # Thirty photographs are dropped, and appear.
    page.evaluate(DROP, [{"name": os.path.basename(path), "type": mimetypes.guess_type(path)[0],
                          "bytes": base64.b64encode(read(path)).decode()} for path in PHOTOS])
    expect(page.locator("#uploads-title")).to_have_text("All uploaded", timeout=PATIENCE)
    expect(page.locator("#event-facts")).to_contain_text("30 photos", timeout=PATIENCE)
    expect(page.locator(".tile-note[data-tone=busy]")).to_have_count(0, timeout=PATIENCE)
    owner.press("Close", "#uploads")

    # Ten of them are for table 4.
    tiles = page.get_by_role("gridcell")
    tiles.nth(0).click()
    tiles.nth(9).click(modifiers=["Shift"])
    owner.see("10 photos selected", "#selection-bar")
    chosen = sorted(named(tiles)[:10])
    owner.press("New code from these")
    page.get_by_label("For whom?").fill("Table 4")
    owner.press("Make code", "dialog")
    owner.see("The code of Table 4 is")
    code = page.locator("#code-list code").inner_text()
    link = page.locator("#public-link").get_attribute("href")

    # A guest, in a browser that was never here.
    guest = visits()
    guest.page.goto(link)
    guest.page.get_by_label("Access code").fill(code)
    guest.page.keyboard.press("Enter")
    seen = guest.page.get_by_role("gridcell")
    expect(seen).to_have_count(10)
    names = named(seen)
    assert sorted(names) == chosen
    expect(guest.page.get_by_role("timer")).to_have_text("6 days 23 hours left")

    # One, three, all.
    seen.nth(0).hover()
    guest.press(f"Select {names[0]}")
    with guest.page.expect_download() as one:
        guest.press("Download")
    assert hashlib.sha256(read(one.value.path())).hexdigest() == SHA256[names[0]]
    seen.nth(2).click(modifiers=["Shift"])
    expect(guest.page.locator("#chosen-count")).to_have_text("3 selected")
    with guest.page.expect_download() as three:
        guest.press("Download")
    assert unpacked(read(three.value.path())) == {name: SHA256[name] for name in names[:3]}
    with guest.page.expect_download() as everything:
        guest.page.locator("#download-all").click()
    whole = read(everything.value.path())
    assert unpacked(whole) == {name: SHA256[name] for name in chosen}

    # A download that was cut goes on where it stopped.
    cookies = {cookie["name"]: cookie["value"] for cookie in guest.context.cookies(link.replace(owner.url, owner.url + "/api/guest"))}
    archive = link.replace(owner.url, owner.url + "/api/guest") + "/zip"
    with requests.get(archive, cookies=cookies, stream=True, timeout=30) as cut:
        assert cut.status_code == 200
        begun, etag = cut.raw.read(len(whole) // 3), cut.headers["etag"]
    rest = requests.get(archive, cookies=cookies, timeout=30, headers={"range": f"bytes={len(begun)}-", "if-range": etag})
    assert rest.status_code == 206 and begun + rest.content == whole

    # Shut out.
    page.bring_to_front()
    owner.press("Revoke Table 4")
    owner.press("Revoke", "dialog")
    owner.see("Table 4 is shut out.")
    assert requests.get(archive, cookies=cookies, timeout=30).status_code == 401
    guest.page.reload()
    guest.page.get_by_label("Access code").wait_for()
    assert seen.count() == 0
    guest.expect_refusals(401)
