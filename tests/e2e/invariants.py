"""What must hold when nothing is under way any more, however the run went: looked at through the
database, the bucket, the cache and the topics together. Each fault is one line."""

import re
from collections import Counter

from messages import Contract, Wrong, read_all
from stack import eventually

# S3Proxy writes an object under its key and a random UUID before it gets its name: one that is killed leaves that.
UNFINISHED = re.compile(r"-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")
RELATED = {"media": ["media.created", "media.finalized", "media.deleted"],
           "thumbnailer": ["media.rendered", "media.rejected"],
           "gateway": ["account.changed"]}


def under_way(stack):
    """What is still to be done, by name; jobs that wait for their time do not count."""
    counts = {}
    for schema in RELATED:
        counts[f"{schema} messages not sent"], = stack.sql(
            f"select count(*) from {schema}.outbox where sent_at is null")[0]
        counts[f"{schema} jobs"], = stack.sql(
            f"select count(*) from {schema}.job where state = 'leased' or state in ('waiting', 'ready') and "
            "(run_at < now() + interval '100 seconds' or attempts > 0)")[0]
    counts["changes of accounts not taken"], = stack.sql(
        "select count(*) from gateway.outbox o where topic = 'account.changed' "
        "and not exists (select from media.inbox i where i.event_id = o.event_id)")[0]
    counts["media not rendered"], = stack.sql("select count(*) from media.media where state = 'finalized'")[0]
    return {name: count for name, count in counts.items() if count}


def settle(stack, within=120):
    """Waits until nothing is under way; what still is, when that takes too long."""
    try:
        eventually(lambda: not under_way(stack), within, 0.3)
    except AssertionError:
        return [f"after {within} s: {under_way(stack)}"]
    return []


def rows(stack):
    columns = "id::text, owner_id::text, state, version, object_key, size_bytes, renditions"
    names = ["id", "owner_id", "state", "version", "object_key", "size_bytes", "renditions"]
    return {row[0]: dict(zip(names, row)) for row in stack.sql(f"select {columns} from media.media")}


def check_objects(stack, media):
    """Each ready media has its original and exactly its two renditions; nothing else lies there."""
    objects = stack.objects()
    expected = {}
    for row in media.values():
        if row["state"] == "ready":
            names = sorted(r["name"] for r in row["renditions"])
            if names != ["large", "preview"]:
                yield f"{row['id']}: renditions {names}"
            expected[row["object_key"]] = row["size_bytes"]
            expected.update({r["object_key"]: r["size_bytes"] for r in row["renditions"]})
    for key, size in expected.items():
        if objects.get(key) != size:
            yield f"{key}: {objects.get(key)} bytes in the bucket, {size} in the row"
    owners = {row["object_key"].rsplit("/", 1)[0]: row for row in media.values()}
    for key in objects.keys() - expected.keys():
        if UNFINISHED.sub("", key) in expected:
            continue
        row = owners.get(key.split("/.renditions/")[0] if "/.renditions/" in key else key.rsplit("/", 1)[0])
        if row is None:
            yield f"{key}: an object without a row"
        elif "/.renditions/" in key:
            yield f"{key}: a rendition of a media that is {row['state']}"


def check_messages(stack, media, messages):
    """Each topic holds exactly what the outboxes hold, once an id; each media went through its states
    once."""
    contract = Contract()
    for message in messages:
        try:
            contract.check(message)
        except Wrong as wrong:
            yield str(wrong)
    sent = {schema: {str(row[0]): row[1:] for row in stack.sql(
        f"select event_id, topic, subject, body from {schema}.outbox")} for schema in RELATED}
    for schema, topics in RELATED.items():
        copies = Counter(message.id for message in messages if message.topic in topics)
        for lost in sent[schema].keys() - copies.keys():
            yield f"{schema}: message {lost} of {sent[schema][lost][:2]} is not on its topic"
        for unknown in copies.keys() - sent[schema].keys():
            yield f"{schema}: message {unknown} is in no outbox"
    for message in messages:
        for schema, topics in RELATED.items():
            if message.topic in topics and message.id in sent[schema]:
                topic, subject, body = sent[schema][message.id]
                if (message.topic, message.subject, message.value) != (topic, subject, bytes(body)):
                    yield f"{message.where}: is not what its outbox says"

    changes = Counter((message.topic, message.subject) for message in {m.id: m for m in messages}.values())
    for (topic, subject), count in changes.items():
        if count != 1 and topic != "account.changed" and "dead-letters" not in topic:
            yield f"{subject}: {count} messages on {topic}"
    told = {topic: {subject for t, subject in changes if t == topic} for topic in sum(RELATED.values(), [])}
    for row in media.values():
        expected = {"created": {"media.created"}, "finalized": {"media.created", "media.finalized"},
                    "ready": {"media.created", "media.finalized", "media.rendered"},
                    "rejected": None}[row["state"]]
        actual = {topic for topic, subjects in told.items() if row["id"] in subjects}
        if expected is not None and actual != expected:
            yield f"{row['id']} is {row['state']}, but there are messages {sorted(actual)}"
        if row["state"] == "rejected" and actual not in ({"media.created"},
                                                         {"media.created", "media.finalized", "media.rejected"}):
            yield f"{row['id']} is rejected, but there are messages {sorted(actual)}"
    for gone in told["media.created"] - media.keys() - told["media.deleted"]:
        yield f"{gone}: created, has no row, and was never deleted"
    for both in told["media.deleted"] & media.keys():
        yield f"{both}: deleted, and has a row"


def check_order(messages):
    """One subject's messages on one topic stay on one partition."""
    partitions = {}
    for message in messages:
        if "dead-letters" in message.topic:
            continue
        first = partitions.setdefault((message.topic, message.subject), message.partition)
        if message.partition != first:
            yield f"{message.where}: {message.subject} is on partition {first} as well"


def check_inbox(stack, messages):
    """Everything that was sent to a service was taken by it."""
    for schema, topics in {"media": ["media.rendered", "media.rejected", "account.changed"],
                           "thumbnailer": ["media.finalized", "media.deleted"]}.items():
        taken = Counter(str(row[0]) for row in stack.sql(f"select event_id from {schema}.inbox"))
        wanted = {message.id for message in messages if message.topic in topics}
        for missing in wanted - taken.keys():
            yield f"{schema}: never took message {missing}"
        for schema_id, count in taken.items():
            if count > 1:
                yield f"{schema}: took {schema_id} {count} times"


def check_owners(stack):
    """A deleted account owns nothing."""
    for table in ("media", "event"):
        for owner, count in stack.sql(f"select owner_id, count(*) from media.{table} join gateway.account a "
                                      "on a.id = owner_id where a.deleted_at is not null group by 1"):
            yield f"{owner}: is deleted, and owns {count} of {table}"


def check_events(stack):
    """What is deleting goes; an event has the one job that will end it; what was uploaded to it is in it, and lies
    under its prefix."""
    for event, in stack.sql("select id from media.event where deleting"):
        yield f"{event}: is deleting, and still there"
    for event, count in stack.sql("select e.id, count(j) from media.event e left join media.job j on j.subject = e.id "
                                  "and j.kind = 'purge_event' and j.state in ('waiting', 'ready', 'leased') group by 1 "
                                  "having count(j) <> 1"):
        yield f"{event}: {count} jobs will end it"
    for media, in stack.sql("select id from media.media m where event_id is not null and (not exists (select "
                            "from media.event_media l where l.media_id = m.id and l.event_id = m.event_id) "
                            "or not starts_with(object_key, owner_id || '/' || event_id || '/' || id || '/'))"):
        yield f"{media}: is of an event, and not in it or elsewhere in the bucket"
    for media, in stack.sql("select media_id from media.event_media l join media.media m on m.id = media_id "
                            "where m.event_id <> l.event_id"):
        yield f"{media}: is of an event, and linked to another"


def check_uploads(stack):
    """What S3 has of uploads in parts belongs to a media that still waits for it."""
    waiting = dict(stack.sql("select object_key, upload_id from media.media where state = 'created' "
                             "and upload_id is not null"))
    for page in stack.s3().get_paginator("list_multipart_uploads").paginate(Bucket=stack.bucket):
        for upload in page.get("Uploads", []):
            if waiting.get(upload["Key"]) != upload["UploadId"]:
                yield f"{upload['Key']}: parts of an upload that nobody waits for"


def check_jobs(stack):
    for schema in RELATED:
        for kind, subject, error in stack.sql(
                f"select kind, subject, last_error from {schema}.job where state = 'dead'"):
            yield f"{schema}: job {kind} of {subject} is dead: {error}"


def check(stack, dead_letters=False):
    """All faults, after waiting for what is under way."""
    faults = settle(stack)
    media = rows(stack)
    _, messages = read_all(stack.env["PIERROT_KAFKA_BROKERS"])
    faults += check_objects(stack, media)
    faults += check_messages(stack, media, messages)
    faults += check_order(messages)
    faults += check_inbox(stack, messages)
    faults += check_owners(stack)
    faults += check_events(stack)
    faults += check_uploads(stack)
    faults += check_jobs(stack)
    if not dead_letters:
        faults += [f"{m.where}: dead letter: {m.headers.get('dl_detail')}" for m in messages
                   if m.topic.endswith(".dead-letters")]
    return faults
