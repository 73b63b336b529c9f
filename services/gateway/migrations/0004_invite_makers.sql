-- What an administrator has handed out goes with his being one. Nil: the operator's command.
alter table invite add made_by uuid not null default '00000000-0000-0000-0000-000000000000';
