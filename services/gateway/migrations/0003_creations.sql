-- What is created at most once, and only when it may be. Each answers as idempotency_claim, with more
-- verdicts; whoever is refused leaves nothing behind, so that the same key can be used again.

-- An account, which uses up its invitation when it has one; the tier and role are the invitation's, as
-- the caller read them.
--   not_invited  the invitation is unknown, used or expired
--   name_taken, email_taken
create function account_add(id uuid, name text, email text, password_hash text, tier text, role text,
                            created_at timestamptz, invite_hash bytea, key_hash bytea,
                            request_hash bytea)
returns idempotency_claim
language plpgsql as $$
declare
    nobody constant uuid := '00000000-0000-0000-0000-000000000000';
    claim idempotency_claim;
    taken text;
begin
    claim := idempotency_claim(nobody, $9, $10, $1);
    if claim.verdict <> 'new' then
        return claim;
    end if;

    -- First of all: strangers do not learn what is taken.
    perform from invite i
    where i.hash = $8 and i.used_at is null and i.expires_at > $7 and i.tier = $5 and i.role = $6
    for update;
    if $8 is not null and not found then
        perform idempotency_release(nobody, $9);
        return row('not_invited', null)::idempotency_claim;
    end if;

    insert into account (id, name, email, password_hash, tier, role, created_at)
    values ($1, $2, $3, $4, $5, $6, $7);
    update invite i set used_by = $1, used_at = $7 where i.hash = $8;
    return claim;
exception when unique_violation then -- and all of the above is undone
    get stacked diagnostics taken = constraint_name;
    case taken
        when 'account_name_key' then return row('name_taken', null)::idempotency_claim;
        when 'account_email_key' then return row('email_taken', null)::idempotency_claim;
        else raise;
    end case;
end $$;

-- A token, if its account has fewer than `most`.
--   unauthorized  the account is disabled or deleted
--   limited       it has as many as it may
create function token_add(id uuid, account_id uuid, kind text, name text, scopes text, hash bytea,
                          agent text, address text, created_at timestamptz, expires_at timestamptz,
                          most bigint, key_hash bytea, request_hash bytea)
returns idempotency_claim
language plpgsql as $$
declare
    claim idempotency_claim;
    refusal text;
begin
    claim := idempotency_claim($2, $12, $13, $1);
    if claim.verdict <> 'new' then
        return claim;
    end if;

    -- Those of one account come one after the other: they are counted.
    perform from account a where a.id = $2 and not a.disabled for update;
    if not found then
        refusal := 'unauthorized';
    elsif (select count(*) from credential c
           where c.account_id = $2 and c.kind = $3 and c.expires_at > $9) >= $11 then
        refusal := 'limited';
    end if;
    if refusal is not null then
        perform idempotency_release($2, $12);
        return row(refusal, null)::idempotency_claim;
    end if;

    insert into credential (id, account_id, kind, name, scopes, hash, agent, address, created_at,
                            expires_at)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10);
    return claim;
end $$;

-- A session, in place of the one the browser had and of those used longest ago, so that there are no
-- more than `most`. False, and nothing is done, when the account is disabled or deleted, or the password
-- that was verified is no more its password.
create function session_add(id uuid, account_id uuid, kind text, name text, scopes text, hash bytea,
                            agent text, address text, created_at timestamptz,
                            expires_at timestamptz, most bigint, verified text, replaced bytea)
returns boolean
language plpgsql as $$
begin
    -- Whoever changes the password or disables the account holds this lock as well.
    perform from account a
    where a.id = $2 and not a.disabled and a.password_hash = $12
    for update;
    if not found then
        return false;
    end if;

    delete from credential c where c.hash = $13 and c.kind = $3;
    delete from credential c where c.id in (
        select s.id from credential s
        where s.account_id = $2 and s.kind = $3 and s.expires_at > $9
        order by greatest(s.created_at, s.last_used_at) desc, s.id desc
        offset $11 - 1);
    insert into credential (id, account_id, kind, name, scopes, hash, agent, address, created_at,
                            expires_at)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10);
    return true;
end $$;
