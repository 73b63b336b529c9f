-- A job whose time has not come waits apart, so that however many do, those that are due are found at once:
-- ready means due. The next claim makes ready what waited long enough.
alter table job drop constraint job_state_check;
alter table job add constraint job_state_check
    check (state in ('waiting', 'ready', 'leased', 'done', 'cancelled', 'dead'));
update job set state = 'waiting' where state = 'ready' and run_at > now();
create index job_waiting on job (kind, run_at) where state = 'waiting';
drop index job_turn;
create index job_turn on job (kind, priority, account, turn) where state in ('waiting', 'ready');
drop index job_subject;
create index job_subject on job (kind, subject) where state in ('waiting', 'ready', 'leased');

-- As before. One that waits says nothing of where the queue is.
create or replace function job_add(kind text, dedupe text, subject uuid, account uuid, priority int, args bytea,
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
      and state in ('waiting', 'ready')
    order by turn desc limit 1;

    select turn into first_any from job
    where job.kind = $1 and job.priority = $5 and state = 'ready'
    order by turn, id limit 1;

    insert into job (kind, dedupe, subject, account, priority, turn, args, max_attempts, traceparent,
                     run_at, state)
    values ($1, $2, coalesce($3, nobody), coalesce($4, nobody), $5,
            1 + coalesce(greatest(last_own, first_any - 1), 0), coalesce($6, ''), $7, $8, $9,
            case when $9 > now() then 'waiting' else 'ready' end)
    on conflict on constraint job_kind_dedupe_key do nothing;
    return found;
end $$;

create or replace function job_cancel(kind text, subject uuid) returns timestamptz
language plpgsql as $$
declare
    busy_until timestamptz;
begin
    with c as (
        update job set state = 'cancelled', finished_at = now()
        where job.kind = $1 and job.subject = $2 and state in ('waiting', 'ready', 'leased')
        returning lease_until, lease is not null and lease_until > now() as busy)
    select max(lease_until) into busy_until from c where busy;
    return busy_until;
end $$;
