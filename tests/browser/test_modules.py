"""Modules that pages are made of, each by itself."""

import base64
import hashlib
import random

import pytest

MiB = 1024 * 1024

HASH = """async ({ text, lengths, piece }) => {
    const { createSha256, hex } = await import('/assets/sha256.js');
    const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
    return lengths.map((length) => {
        const sha = createSha256();
        for (let at = 0; at < length; at += piece)
            sha.update(bytes.subarray(at, Math.min(at + piece, length)));
        return hex(sha.digest());
    });
}"""
HASH_ZEROS = """async (length) => {
    const { createSha256, hex } = await import('/assets/sha256.js');
    const sha = createSha256(), zeros = new Uint8Array(8 * 1024 * 1024);
    for (let left = length; left > 0; left -= zeros.length)
        sha.update(zeros.subarray(0, Math.min(left, zeros.length)));
    return hex(sha.digest());
}"""
STORE = """async (steps) => {
    const { openUploadStore } = await import('/assets/upload-store.js');
    const piece = new Blob([new Uint8Array(1024 * 1024)]);
    let store = await openUploadStore('an event');
    for (const [what, key, size] of steps) {
        if (what === 'keep') {
            store.put({ key });
            store.keep(key, new File(Array(size).fill(piece), key));
        } else if (what === 'remove') {
            store.remove(key);
        } else { // as a reload does
            store.flush();
            store = await openUploadStore('an event');
            await store.load();
        }
    }
    store.flush();
    return Object.fromEntries((await store.load()).map(({ key, source }) => [key, Boolean(source)]));
}"""

SELECT = """async (steps) => {
    const { createSelection } = await import('/assets/selection.js');
    const selection = createSelection(() => {});
    for (const [what, argument] of steps)
        selection[what](what === 'of' ? [...argument].map((id) => ({ id })) : argument);
    return selection.photos.map(({ id }) => id).join('');
}"""


def hashes(page, body, lengths, piece):
    return page.evaluate(HASH, {"text": base64.b64encode(body).decode(), "lengths": lengths, "piece": piece})


@pytest.fixture
def page(visit):
    visit.open("/login")
    return visit.page


# FIPS 180-4's examples, from NIST's "Secure Hashing" pages.
@pytest.mark.parametrize("body, digest", [
    (b"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    (b"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    (b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
     "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"),
    (b"abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
     "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"),
    (b"a" * 1_000_000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")])
def test_sha256_of_the_standard(page, body, digest):
    assert hashes(page, body, [len(body)], 1000) == [digest]


@pytest.mark.parametrize("piece", [1, 7, 63, 64, 65, 4096])
def test_sha256_of_every_length_about_a_block_in_pieces(page, piece):
    body = random.Random(piece).randbytes(5000)
    lengths = [*range(260), 4095, 4096, 4097, 5000]
    assert hashes(page, body, lengths, piece) == [hashlib.sha256(body[:length]).hexdigest() for length in lengths]


@pytest.mark.parametrize("length", [512 * MiB - 1, 512 * MiB + 57])
def test_sha256_of_more_bits_than_32_bits_count(page, length):
    assert page.evaluate(HASH_ZEROS, length) == hashlib.sha256(bytes(length)).hexdigest()


@pytest.mark.parametrize("steps, kept", [
    ([("keep", "a", 200), ("keep", "b", 57), ("keep", "c", 56)], {"a": True, "b": False, "c": True}),
    ([("keep", "a", 200), ("remove", "a"), ("keep", "b", 200)], {"b": True}),
    ([("keep", "a", 200), ("keep", "a", 200), ("keep", "b", 56)], {"a": True, "b": True}),
    ([("keep", "a", 200), ("reload",), ("keep", "b", 57), ("remove", "a"), ("keep", "c", 200)], {"b": False, "c": True})],
    ids=["full", "what is removed gives its room back", "one file counts once", "what was kept before a reload counts"])
def test_files_are_kept_up_to_256_mib(page, steps, kept):
    assert page.evaluate(STORE, steps) == kept


@pytest.mark.parametrize("steps, chosen", [
    ([("toggle", 2), ("extendTo", 4), ("extendTo", 1)], "bcde"),
    ([("extendTo", 4), ("extendTo", 5)], "ef"),
    ([("toggle", 2), ("of", "abdefgh"), ("extendTo", 4), ("extendTo", 5)], "fg"),
    ([("toggle", 2), ("only", "axe"), ("of", "abcdefghx")], "ae")],
    ids=["a range", "where none began", "where the first one has gone", "no more than there are"])
def test_photos_are_selected(page, steps, chosen):
    assert page.evaluate(SELECT, [("of", "abcdefgh"), *steps]) == chosen
