-- What was made of each media. A deleted one stays as a row, so that a message that comes late (another
-- topic, a replay) makes nothing anew.
create table rendition_set (
    media_id uuid primary key,
    owner_id uuid not null,
    version bigint not null, -- of the media, as its message said
    state text not null check (state in ('queued', 'rendered', 'rejected', 'deleted')),
    object_key text not null, -- of the original; the renditions lie beside it
    reason text, -- why it was rejected
    changed_at timestamptz not null default now()
);
