-- A deleted account keeps its row, and with it its name: nobody else's links may come to bear it.
alter table account
    add email text unique check (email = lower(email) and length(email) between 3 and 254),
    add password_hash text, -- Argon2id, as libsodium writes it; null: cannot log in
    add version bigint not null default 1,
    add deleted_at timestamptz,
    add check (deleted_at is null or (email is null and password_hash is null and disabled));
create index account_newest on account (id desc) where deleted_at is null;

-- Sessions of browsers and tokens of programs. Only the SHA-256 of a secret's text is kept.
create table credential (
    id uuid primary key,
    account_id uuid not null references account on delete cascade,
    kind text not null check (kind in ('session', 'token')),
    name text not null default '',
    scopes text not null check (scopes ~ '^(read|write|admin)( (write|admin)){0,2}$'),
    hash bytea not null unique check (octet_length(hash) = 32),
    agent text not null default '',
    address text not null default '',
    created_at timestamptz not null,
    expires_at timestamptz not null,
    last_used_at timestamptz -- to the minute
);
create index credential_of on credential (account_id, kind, id desc);
create index credential_expired on credential (expires_at);

insert into credential (id, account_id, kind, name, scopes, hash, created_at, expires_at)
select id, account_id, 'token', name, 'read write admin', hash, created_at, now() + interval '10 years'
from api_token;
drop table api_token;

-- Links that let one person sign up.
create table invite (
    id uuid primary key,
    hash bytea not null unique check (octet_length(hash) = 32),
    tier text not null check (tier in ('free', 'premium', 'business')),
    role text not null check (role in ('user', 'admin')),
    -- What an administrator has handed out goes with his being one. Nil: the operator's command.
    made_by uuid not null,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    used_by uuid references account,
    used_at timestamptz
);
