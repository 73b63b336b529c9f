create table account (
    id uuid primary key,
    name text not null unique check (name ~ '^[a-z0-9-]{3,32}$'),
    tier text not null default 'free' check (tier in ('free', 'premium', 'business')),
    role text not null default 'user' check (role in ('user', 'admin')),
    disabled boolean not null default false,
    created_at timestamptz not null default now()
);

-- Only the SHA-256 of a token's text is kept.
create table api_token (
    id uuid primary key,
    account_id uuid not null references account on delete cascade,
    name text not null,
    hash bytea not null unique check (octet_length(hash) = 32),
    created_at timestamptz not null default now()
);
