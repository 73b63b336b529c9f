-- Uploads in parts. Of one in one piece both are null.
alter table media add column part_size_bytes bigint check (part_size_bytes > 0);
-- The store's id, from the moment the upload was begun there.
alter table media add column upload_id text
    check (upload_id is null or part_size_bytes is not null);
