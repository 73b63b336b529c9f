-- Nobody may do anything in the database `pierrot` but those it is granted to.
revoke all on database pierrot from public;
revoke all on schema public from public;
