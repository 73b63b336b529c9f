#!/usr/bin/env python3
"""Makes the golden messages: one file for each version of each message, with another library than ours.

A file that is there is never written again: later builds must read what earlier ones wrote. A new version
of a message gets a new entry here, and its file. Needs: pip install msgpack.
"""
import pathlib
import uuid

import msgpack

MEDIA = uuid.UUID("0192f0c1-7a00-7000-8000-000000000002").bytes
OWNER = uuid.UUID("0192f0c1-7a00-7000-8000-000000000001").bytes
FOLDER = "0192f0c1-7a00-7000-8000-000000000001/library/0192f0c1-7a00-7000-8000-000000000002"
SHA256 = bytes(range(32))

PREVIEW = {
    "name": "preview", "object_key": FOLDER + "/.renditions/preview.webp",
    "content_type": "image/webp", "width": 320, "height": 240, "size_bytes": 9120,
}
LARGE = {
    "name": "large", "object_key": FOLDER + "/.renditions/large.jpg",
    "content_type": "image/jpeg", "width": 1600, "height": 1200, "size_bytes": 301444,
}

MESSAGES = {
    "media_created.v1": {
        "media_id": MEDIA, "owner_id": OWNER, "version": 1, "filename": "Été à Sète 🏖.jpg",
        "content_type": "image/jpeg", "size_bytes": 3482113, "created_at_ms": 1763710200000,
    },
    "media_finalized.v1": {
        "media_id": MEDIA, "owner_id": OWNER, "version": 2, "filename": "Été à Sète 🏖.jpg",
        "content_type": "image/jpeg", "size_bytes": 3482113, "sha256": SHA256,
        "object_key": FOLDER + "/_t____S_te_____.jpg", "finalized_at_ms": 1763710203250,
    },
    "media_rendered.v1": {
        "media_id": MEDIA, "owner_id": OWNER, "version": 2, "width": 4032, "height": 3024,
        "degraded": False, "sha256": SHA256, "crc32": 4294967295,
        "placeholder": bytes.fromhex("dcf7090c1388868788878777770778788787780887"),
        "renditions": [PREVIEW, LARGE], "rendered_at_ms": 1763710203420,
    },
    "media_rendered_crc32.v1": {
        "media_id": MEDIA, "owner_id": OWNER, "version": 2, "width": 4032, "height": 3024,
        "degraded": False, "sha256": SHA256, "crc32": 4294967295, "placeholder": b"",
        "renditions": [PREVIEW | {"crc32": 0}, LARGE | {"crc32": 4294967295}], "rendered_at_ms": 1763710203420,
    },
    "media_rendered_video.v1": {
        "media_id": MEDIA, "owner_id": OWNER, "version": 9007199254740992, "width": 1920, "height": 1080,
        "duration_ms": 12480, "degraded": True, "sha256": SHA256, "crc32": 0, "placeholder": b"",
        "renditions": [], "rendered_at_ms": 1763710203420,
    },
    "media_rejected.v1": {
        "media_id": MEDIA, "owner_id": OWNER, "version": 2, "reason": "checksum_mismatch", "detail": "",
        "rejected_at_ms": 1763710203420,
    },
    "media_deleted.v1": {
        "media_id": MEDIA, "owner_id": OWNER, "version": 4,
        "object_key": FOLDER + "/_t____S_te_____.jpg", "deleted_at_ms": 1763796600000,
    },
    "account_changed.v1": {
        "account_id": OWNER, "version": 3, "name": "anna-photo", "tier": "business", "role": "admin",
        "disabled": True, "deleted": False, "changed_at_ms": 1763710200000,
    },
}


def main():
    here = pathlib.Path(__file__).parent
    for name, message in MESSAGES.items():
        path = here / f"{name}.msgpack"
        if not path.exists():
            path.write_bytes(msgpack.packb(message, use_bin_type=True))


if __name__ == "__main__":
    main()
