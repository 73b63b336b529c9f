-- One service: a role that owns one schema and reaches nothing else. Run again, it changes nothing.
-- Variables: service, password.
select format('create role %I login', :'service')
where not exists (select from pg_roles where rolname = :'service') \gexec
alter role :"service" with login password :'password' connection limit 30;
create schema if not exists :"service" authorization :"service";
grant connect on database pierrot to :"service";

alter role :"service" set search_path = :"service";
alter role :"service" set statement_timeout = '5s';
alter role :"service" set lock_timeout = '2s';
alter role :"service" set idle_in_transaction_session_timeout = '10s';
alter role :"service" set tcp_user_timeout = '10s';
