-- What a POST with an Idempotency-Key created, so that asking again creates nothing. The row commits
-- with its effect; after 24 hours it is forgotten. Neither the key nor the request is kept, only what
-- they hash to.
create table idempotency (
    account      uuid not null,
    key_hash     bytea not null check (octet_length(key_hash) = 32),
    request_hash bytea not null check (octet_length(request_hash) = 32),
    subject      uuid not null,
    created_at   timestamptz not null default now(),
    primary key (account, key_hash)
);
create index idempotency_age on idempotency (created_at);

create type idempotency_claim as (verdict text, subject uuid);

-- Called by the statement that creates `subject`: it goes on only when the verdict is `new`.
--   new       nobody used the key (or none was given: key null); it is taken now
--   running   another transaction has it in hand
--   mismatch  it was used for another request
--   replay    it was used for this one: `subject` is what was created then. It may be younger than
--             what the statement sees, so it is looked up by the next one
create function idempotency_claim(account uuid, key_hash bytea, request_hash bytea, subject uuid)
returns idempotency_claim
language plpgsql as $$
declare
    earlier idempotency;
begin
    if $2 is null then
        return row('new', $4)::idempotency_claim;
    end if;
    if not pg_try_advisory_xact_lock(hashtextextended(current_schema() || $1::text || encode($2, 'hex'), 7)) then
        return row('running', null)::idempotency_claim;
    end if;
    insert into idempotency as i (account, key_hash, request_hash, subject) values ($1, $2, $3, $4)
    on conflict on constraint idempotency_pkey do update
        set request_hash = excluded.request_hash, subject = excluded.subject, created_at = now()
        where i.created_at < now() - interval '24 hours';
    if found then
        return row('new', $4)::idempotency_claim;
    end if;
    select * into earlier from idempotency i where i.account = $1 and i.key_hash = $2;
    if not found then -- it was purged this very moment
        return row('running', null)::idempotency_claim;
    elsif earlier.request_hash <> $3 then
        return row('mismatch', null)::idempotency_claim;
    end if;
    return row('replay', earlier.subject)::idempotency_claim;
end $$;

-- What the key was claimed for is refused: it is free again.
create function idempotency_release(account uuid, key_hash bytea) returns void
language plpgsql as $$
begin
    delete from idempotency i where i.account = $1 and i.key_hash = $2;
end $$;
