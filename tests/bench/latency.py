"""From finalize to ready, one photo at a time on an idle stack, and where that time goes.

What counts is what a client sees: from sending POST /api/media/finalize to the first GET that says ready; it asks every few
milliseconds, so that it does not itself keep a processor busy. The parts come from the times in the two databases (one clock: the
machine's) and from the services' own metrics of their steps; they are means."""

import re
import time

import requests

import machine
from client import File, put
from stack import SERVERS, SERVICES

POLL_S = 0.003
PAUSE_S = 0.05  # between two photos: housekeeping of the one before is over
SETTLE_S = 1  # until the last message is noted as sent
WARM_UP = 5
READY_WITHIN_S = 30
STEP = re.compile(r'^pierrot_flow_step_seconds_(sum|count)\{flow="(\w+)",step="(\w+)"\} (\S+)$', re.M)

STAGES = """
select extract(epoch from finalized.created_at)::float8,
       extract(epoch from finalized.sent_at)::float8,
       extract(epoch from job.created_at)::float8,
       extract(epoch from job.finished_at)::float8,
       extract(epoch from rendered.sent_at)::float8,
       extract(epoch from applied.received_at)::float8
from media.outbox finalized
join thumbnailer.job on job.subject::text = finalized.subject and job.kind = 'render'
join thumbnailer.outbox rendered on rendered.subject = finalized.subject
join media.inbox applied on applied.event_id = rendered.event_id
where finalized.subject = %s and finalized.topic = 'media.finalized'"""


def finalize_to_ready(client, file):
    """(id of the media, when finalize was sent, when it was answered, when the media was seen ready)."""
    created = client.create(file)
    media_id = created["media"]["id"]
    put(created["upload"], file.body).raise_for_status()
    began = time.time()
    client.finalize(media_id).raise_for_status()
    answered = time.time()
    while client.media(media_id)["state"] == "finalized":
        if time.time() > began + READY_WITHIN_S:
            raise RuntimeError(f"{media_id} is not ready after {READY_WITHIN_S} s")
        time.sleep(POLL_S)
    seen = time.time()
    if client.media(media_id)["state"] != "ready":
        raise RuntimeError(f"{media_id} was rejected")
    return media_id, began, answered, seen


def parts(stack, media_id, began, answered, seen):
    """{part: milliseconds}."""
    committed, sent, queued, rendered, rendered_sent, applied = stack.sql(STAGES, media_id)[0]
    marks = [("finalize: until its transaction", began, committed),
             ("media.finalized: until the job is queued", committed, queued),
             ("the job: claimed, rendered, committed", queued, rendered),
             ("media.rendered: until media applies it", rendered, applied),
             ("applied, until a client sees it", applied, seen),
             ("(finalize as the client sees it)", began, answered),
             ("(media.finalized: until Kafka has it, and that is noted)", committed, sent),
             ("(media.rendered: until Kafka has it, and that is noted)", rendered, rendered_sent)]
    return {name: (end - start) * 1000 for name, start, end in marks}


def step_seconds(stack, name):
    """{(flow, step): [seconds, times]} as the service counts them."""
    totals = {}
    for what, flow, step, value in STEP.findall(requests.get(stack.url(name) + "/metrics", timeout=5).text):
        totals.setdefault((flow, step), [0.0, 0.0])[what == "count"] = float(value)
    return totals


def step_means(before, after):
    means = {}
    for key, (seconds, times) in after.items():
        seconds_before, times_before = before.get(key, (0, 0))
        if times > times_before:
            means["/".join(key)] = (seconds - seconds_before) / (times - times_before) * 1000
    return means


def others_s(stack):
    """CPU seconds of the machine that were neither the stack's nor ours."""
    ours = sum(machine.cpu_s(stack.pid(name)) for name in (*SERVICES, *SERVERS))
    return machine.busy_s() - ours - time.process_time()


def percentile(values, percent):
    """The smallest value that so many percent of all do not exceed."""
    return sorted(values)[max(0, -(-len(values) * percent // 100) - 1)]


def measure(stack, client, photo, count):
    file = File(photo.name, "image/jpeg", photo.read_bytes())
    for _ in range(WARM_UP):
        finalize_to_ready(client, file)
    before = {name: step_seconds(stack, name) for name in ("media", "thumbnailer")}
    others, began = others_s(stack), time.monotonic()
    journeys = []
    for _ in range(count):
        time.sleep(PAUSE_S)
        journeys.append(finalize_to_ready(client, file))
    others_cores = (others_s(stack) - others) / (time.monotonic() - began)
    time.sleep(SETTLE_S)
    waits = [(seen - began) * 1000 for _, began, _, seen in journeys]
    all_parts = [parts(stack, *journey) for journey in journeys]
    steps = {}
    for name in ("media", "thumbnailer"):
        steps.update(step_means(before[name], step_seconds(stack, name)))
    return {
        "count": count, "photo": photo.name, "waits_ms": waits,
        "median_ms": percentile(waits, 50), "p90_ms": percentile(waits, 90),
        "p99_ms": percentile(waits, 99), "most_ms": max(waits),
        "parts_ms": {name: sum(each[name] for each in all_parts) / count for name in all_parts[0]},
        "parts_p99_ms": {name: percentile([each[name] for each in all_parts], 99) for name in all_parts[0]},
        "steps_ms": steps, "others_cores": others_cores,
    }
