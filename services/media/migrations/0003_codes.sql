-- Access codes are made and changed all or not at all. Each function answers a verdict, and how many
-- photos were wrong; whoever is refused leaves nothing behind, so that the same key can be used again.
create type code_verdict as (verdict text, subject uuid, wrong bigint);

-- How many of these are no photos of the event. Those that are stay until the transaction is over.
create function event_lacks(event_id uuid, photos uuid[]) returns bigint
language sql as $$
    select coalesce(cardinality($2), 0) - count(*) from (
        select from event_media m where m.event_id = $1 and m.media_id = any ($2) for key share) known
$$;

-- codes: [{id, access_code, label}]. The verdicts are those of idempotency_claim, and
--   no_event    there is none of this owner, or it is being deleted
--   limited     it would have more than `most`
--   taken       an access code is the event's already, or comes twice
--   not_photos  some photos are not the event's
create function codes_add(owner_id uuid, event_id uuid, batch_id uuid, codes jsonb, opens_all boolean,
                          created_at timestamptz, expires_at timestamptz, photos uuid[], most bigint,
                          key_hash bytea, request_hash bytea)
returns code_verdict
language plpgsql as $$
declare
    claim idempotency_claim;
    refusal text;
    wrong bigint := 0;
begin
    claim := idempotency_claim($1, $10, $11, $3);
    if claim.verdict <> 'new' then
        return row(claim.verdict, claim.subject, 0)::code_verdict;
    end if;

    -- Those of one event come one after the other: they are counted, and no two are alike.
    perform from event e where e.id = $2 and e.owner_id = $1 and not e.deleting for no key update;
    if not found then
        refusal := 'no_event';
    elsif (select count(*) from code c where c.event_id = $2) + jsonb_array_length($4) > $9 then
        refusal := 'limited';
    elsif exists (select from jsonb_to_recordset($4) as n(access_code text)
                  left join code c on c.event_id = $2 and c.access_code = n.access_code
                  group by n.access_code having count(*) > 1 or count(c.id) > 0) then
        refusal := 'taken';
    else
        wrong := event_lacks($2, $8);
        if wrong > 0 then
            refusal := 'not_photos';
        end if;
    end if;
    if refusal is not null then
        perform idempotency_release($1, $10);
        return row(refusal, null, wrong)::code_verdict;
    end if;

    insert into code (id, event_id, batch_id, access_code, label, opens_all, created_at, expires_at)
    select n.id, $2, $3, n.access_code, n.label, $5, $6, $7
    from jsonb_to_recordset($4) as n(id uuid, access_code text, label text);
    insert into code_media (code_id, event_id, media_id)
    select n.id, $2, p from jsonb_to_recordset($4) as n(id uuid), unnest($8) p;
    return row('new', $3, 0)::code_verdict;
end $$;

-- Null stays as it is. photos are the chosen ones from now on; what is added and removed at once is
-- removed.
--   done
--   no_code     there is none of this event and owner, or the event is being deleted
--   opens_all   it does, after this change: nothing can be added to that, or removed
--   not_photos  as above
create function code_change(owner_id uuid, event_id uuid, code_id uuid, label text, opens_all boolean,
                            revoked boolean, expires boolean, expires_at timestamptz,
                            now timestamptz, photos uuid[], added uuid[], removed uuid[])
returns code_verdict
language plpgsql as $$
declare
    before code;
    wrong bigint;
begin
    select c.* into before from code c join event e on e.id = c.event_id
    where c.id = $3 and e.id = $2 and e.owner_id = $1 and not e.deleting for update of c;
    if not found then
        return row('no_code', null, 0)::code_verdict;
    elsif coalesce($5, before.opens_all) and coalesce($11, $12) is not null then
        return row('opens_all', null, 0)::code_verdict;
    end if;
    wrong := event_lacks($2, coalesce($10, $11));
    if wrong > 0 then
        return row('not_photos', null, wrong)::code_verdict;
    end if;

    update code c set label = coalesce($4, c.label), opens_all = coalesce($5, c.opens_all),
        expires_at = case when $7 then $8 else c.expires_at end,
        revoked_at = case when $6 is null then c.revoked_at when $6 then coalesce(c.revoked_at, $9) end
    where c.id = $3;
    delete from code_media m where m.code_id = $3 and not m.media_id = any ($10);
    insert into code_media (code_id, event_id, media_id)
    select $3, $2, p from unnest(coalesce($10, $11)) p on conflict do nothing;
    delete from code_media m where m.code_id = $3 and m.media_id = any ($12);
    return row('done', $3, 0)::code_verdict;
end $$;
