-- A photographer's event: photos that guests open with access codes, until it expires.
create table event (
    id uuid primary key, -- version 7: sorts by creation
    owner_id uuid not null,
    owner_name text not null, -- the first part of its address; an account's name never changes
    version bigint not null, -- one more with each change
    name text not null,
    slug text not null,
    created_at timestamptz not null,
    seconds_to_live bigint not null,
    expires_at timestamptz not null, -- created_at + seconds_to_live
    download boolean not null, -- else guests only look
    originals boolean not null, -- else they download the large rendition
    cover_id uuid references media on delete set null,
    deleting boolean not null default false -- nobody sees it any more; a job takes it apart
);
create unique index event_address on event (owner_name, slug) where not deleting;
create index event_newest on event (owner_id, id desc);
create index event_cover on event (cover_id) where cover_id is not null; -- for media that go

-- The event a media was uploaded to, whose end is its own; null: it belongs to the library.
alter table media add column event_id uuid references event;
create index media_event on media (event_id) where event_id is not null;
create index media_bytes on media (owner_id, sha256); -- what an account has is not uploaded again

-- The photos of an event: those uploaded to it, and those linked from the library.
create table event_media (
    event_id uuid not null references event on delete cascade,
    media_id uuid not null references media on delete cascade,
    added_at timestamptz not null,
    primary key (event_id, media_id)
);
create index event_media_of on event_media (media_id);

-- An access code and what it opens.
create table code (
    id uuid primary key, -- version 7
    event_id uuid not null references event on delete cascade,
    batch_id uuid not null, -- codes made by one request share it
    access_code text not null,
    label text not null,
    opens_all boolean not null, -- all photos of the event, also later ones
    created_at timestamptz not null,
    expires_at timestamptz, -- null: with the event
    revoked_at timestamptz,
    opens bigint not null default 0,
    downloads bigint not null default 0,
    last_used_at timestamptz,
    unique (event_id, access_code)
);
create index code_batch on code (batch_id);

-- The photos a code opens that does not open all. A photo that leaves the event leaves its codes.
create table code_media (
    code_id uuid not null references code on delete cascade,
    event_id uuid not null,
    media_id uuid not null,
    primary key (code_id, media_id),
    foreign key (event_id, media_id) references event_media on delete cascade
);
create index code_media_of on code_media (event_id, media_id);

-- Wrong access codes lately, by client and by event (hashes of their names). After a crash of the
-- server it begins empty.
create unlogged table guess (
    key bytea primary key,
    failures double precision not null, -- as of at; one less with each minute
    at timestamptz not null,
    blocked_until timestamptz not null
);
create index guess_oldest on guess (at);
