-- What every service has: messages owed to Kafka, messages taken from it, and slow work.

-- Messages owed to Kafka. seq is drawn before the commit, so a relay asks for what is not sent, never
-- for what comes after the last seq it saw.
create table outbox (
    seq         bigint generated always as identity primary key,
    event_id    uuid not null unique,
    topic       text not null,
    key         bytea not null,
    type        text not null,
    subject     text not null,
    traceparent text,
    body        bytea not null check (octet_length(body) <= 65536),
    created_at  timestamptz not null default now(),
    sent_at     timestamptz
) with (autovacuum_vacuum_scale_factor = 0.02);
create index outbox_owed on outbox (seq) where sent_at is null;
create index outbox_sent on outbox (sent_at) where sent_at is not null;

-- Messages whose effect is committed.
create table inbox (
    event_id       uuid primary key,
    topic          text not null,
    partition      int not null,
    message_offset bigint not null,
    received_at    timestamptz not null default now()
);
create index inbox_received on inbox (received_at);

-- Slow work. args, subject and account are the caller's; turn makes the order fair among accounts.
create table job (
    id           bigint generated always as identity primary key,
    kind         text not null,
    dedupe       text not null,
    subject      uuid not null,
    account      uuid not null,
    priority     int not null default 0,
    turn         bigint not null,
    args         bytea not null,
    state        text not null default 'ready'
                 check (state in ('ready', 'leased', 'done', 'cancelled', 'dead')),
    run_at       timestamptz not null default now(),
    lease        uuid,
    lease_until  timestamptz,
    attempts     int not null default 0,
    max_attempts int not null check (max_attempts > 0),
    last_error   text,
    traceparent  text,
    created_at   timestamptz not null default now(),
    finished_at  timestamptz,
    unique (kind, dedupe)
) with (autovacuum_vacuum_scale_factor = 0.02);
create index job_ready on job (kind, priority desc, turn, id) where state = 'ready';
create index job_turn on job (kind, priority, account, turn) where state = 'ready';
create index job_leased on job (kind, lease_until) where state = 'leased';
create index job_subject on job (kind, subject) where state in ('ready', 'leased');
create index job_finished on job (kind, finished_at) where state in ('done', 'cancelled');

-- The functions are plpgsql because it keeps their plans; sql functions are planned at every call.

create function outbox_add(event_id uuid, topic text, key bytea, type text, subject text,
                           traceparent text, body bytea) returns void
language plpgsql as $$
begin
    insert into outbox (event_id, topic, key, type, subject, traceparent, body)
    values ($1, $2, $3, $4, $5, $6, $7);
end $$;

-- True when the message is new: only then is its effect applied.
create function inbox_add(event_id uuid, topic text, partition int, message_offset bigint)
returns boolean
language plpgsql as $$
begin
    insert into inbox (event_id, topic, partition, message_offset) values ($1, $2, $3, $4)
    on conflict do nothing;
    return found;
end $$;

-- True when there was no such (kind, dedupe). The turn is one after the account's last that waits, but
-- not before the first that anybody waits for: one of each account before the second of any.
create function job_add(kind text, dedupe text, subject uuid, account uuid, priority int, args bytea,
                        max_attempts int, traceparent text, run_at timestamptz default now())
returns boolean
language plpgsql as $$
declare
    nobody constant uuid := '00000000-0000-0000-0000-000000000000';
    last_own bigint;
    first_any bigint;
begin
    select turn into last_own from job
    where job.kind = $1 and job.priority = $5 and job.account = coalesce($4, nobody)
      and state = 'ready'
    order by turn desc limit 1;

    -- One that waits for its next attempt keeps its old turn and says nothing of where the queue is.
    select turn into first_any from job
    where job.kind = $1 and job.priority = $5 and state = 'ready' and job.run_at <= now()
    order by turn, id limit 1;

    insert into job (kind, dedupe, subject, account, priority, turn, args, max_attempts, traceparent,
                     run_at)
    values ($1, $2, coalesce($3, nobody), coalesce($4, nobody), $5,
            1 + coalesce(greatest(last_own, first_any - 1), 0), coalesce($6, ''), $7, $8, $9)
    on conflict on constraint job_kind_dedupe_key do nothing;
    return found;
end $$;

-- False when the lease is no longer the caller's: then nothing else may be changed either.
create function job_finish(id bigint, lease uuid) returns boolean
language plpgsql as $$
begin
    update job set state = 'done', finished_at = now()
    where job.id = $1 and job.lease = $2 and state = 'leased';
    return found;
end $$;

-- What has not ended is not wanted any more; who runs it now will be refused by job_finish. Answers
-- until when such a one may still be at it; null when none is.
create function job_cancel(kind text, subject uuid) returns timestamptz
language plpgsql as $$
declare
    busy_until timestamptz;
begin
    with c as (
        update job set state = 'cancelled', finished_at = now()
        where job.kind = $1 and job.subject = $2 and state in ('ready', 'leased')
        returning lease_until, lease is not null and lease_until > now() as busy)
    select max(lease_until) into busy_until from c where busy;
    return busy_until;
end $$;
