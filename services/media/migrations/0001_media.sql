-- One row a photo or video. A deleted one has no row.
create table media (
    id uuid primary key, -- version 7: sorts by creation
    owner_id uuid not null,
    version bigint not null, -- one more with each change
    state text not null check (state in ('created', 'finalized', 'ready', 'rejected')),
    kind text not null check (kind in ('image', 'video')),
    filename text not null,
    content_type text not null,
    object_key text not null unique,
    size_bytes bigint not null check (size_bytes > 0),
    sha256 bytea not null check (octet_length(sha256) = 32),
    created_at timestamptz not null,
    upload_expires_at timestamptz not null,
    finalized_at timestamptz,
    width bigint,
    height bigint,
    duration_ms bigint,
    degraded boolean not null default false,
    crc32 bigint,
    placeholder bytea,
    -- [{name, object_key, content_type, width, height, size_bytes}]
    renditions jsonb not null default '[]',
    reject_reason text
);

create index media_newest on media (owner_id, id desc);
create index media_abandoned on media (upload_expires_at) where state = 'created';
