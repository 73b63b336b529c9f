-- Photos of a code that a guest downloads as one archive: more than fit into a request's target.
create table selection (
    id uuid primary key, -- version 7
    code_id uuid not null references code on delete cascade,
    digest bytea not null, -- of media_ids: the same photos are the same selection
    media_ids uuid[] not null, -- in order
    chosen_at timestamptz not null, -- the last time
    unique (code_id, digest)
);
