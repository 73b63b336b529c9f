/* http_handlers: what the gateway answers itself; each is a route of http_gateway.c. */
#pragma once

#include "services/gateway/adapters/gateway_call.h"

/* http_accounts.c */
void post_account(struct gateway_call *call);
void get_accounts(struct gateway_call *call);
void patch_account(struct gateway_call *call);
void get_me(struct gateway_call *call);
void patch_me(struct gateway_call *call);
void delete_me(struct gateway_call *call);
void post_password(struct gateway_call *call);

/* http_sessions.c */
void post_session(struct gateway_call *call);
void get_sessions(struct gateway_call *call);
void delete_sessions(struct gateway_call *call);
void delete_session(struct gateway_call *call);
void delete_current_session(struct gateway_call *call);

/* http_tokens.c */
void post_token(struct gateway_call *call);
void get_tokens(struct gateway_call *call);
void delete_token(struct gateway_call *call);

/* http_invites.c */
void post_invite(struct gateway_call *call);
void get_invites(struct gateway_call *call);
void delete_invite(struct gateway_call *call);

/* http_updates.c */
void get_updates(struct gateway_call *call);
