/*
 * control.h: the handler of the control plane: who asks, for which row of control.def, and the
 * answer as JSON. What the rows do is in control_*.c.
 */
#ifndef SELVAGE_PLATFORM_CONTROL_H
#define SELVAGE_PLATFORM_CONTROL_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/check.h"
#include "platform/accounts.h"
#include "platform/deployments.h"
#include "platform/ids.h"
#include "platform/quotas.h"
#include "server/executor.h"

struct platform_state;

/* Bytes of a module, and of a request, which holds one in base64. */
#define CONTROL_MODULE_MOST (UINT64_C(64) << 20)
#define CONTROL_BODY_MOST (CONTROL_MODULE_MOST / 3 * 4 + (UINT64_C(8) << 20))

/* Fill in `handler`; `state` is borrowed. */
void control_init(struct handler *handler, struct platform_state *state);

/* One request, as a function of control_*.c sees it. */
struct control_call {
	struct platform_state *state;
	const struct host_request *request;
	struct account account;
	char name[128]; /* of the deployment in the path, "" if there is none */
	int64_t id;     /* the number that an id in the path is for (control_id); 0: none */
	json_t *body;   /* object, owned; NULL if the request has none */
	int status;     /* 200 unless it is set */
	json_t *answer; /* owned */
	struct buffer text; /* owned; the answer if it is not JSON */
	bool waits;     /* nothing to say yet: to be called again in a moment */
	bool is_waiting; /* has one of the places for that */
	uint64_t until; /* of that, nanoseconds of CLOCK_MONOTONIC; 0 before the first time */
};

/* Answer with an error; always returns false. `code` is for programs: "not_found". */
bool control_fail(struct control_call *call, int status, const char *code, const char *format, ...)
		SV_PRINTF(4, 5);

/* The same for a report: its kind decides on the status. */
bool control_fail_error(struct control_call *call, const struct sv_error *error);

/* Answer with an object made by json_pack, which is taken over; false if it is NULL (no memory). */
bool control_answer(struct control_call *call, json_t *answer);

/* The deployment of the path; false, with the answer, if it is not there for who asks. */
SV_MUST_USE bool control_deployment(struct control_call *call, struct deployment *deployment);

/* The same for who has the lock of changes. */
SV_MUST_USE bool control_deployment_now(struct control_call *call, struct deployment *deployment);

/* Who runs the server: an admin of the tenant "default"; whoever is of that tenant. */
bool is_operator(const struct control_call *call);
bool is_of_operator(const struct control_call *call);

/* Find the number of the id in the path, which is then `id`; `what` is for the answer. */
SV_MUST_USE bool control_id(struct control_call *call, enum id_kind kind, const char *what);

/*
 * A member of the body, or `missing`; false with the answer if it is of another type or, for
 * numbers, not from `least` to `most`.
 */
SV_MUST_USE bool control_text(struct control_call *call, const char *member, const char *missing,
		const char **text);
SV_MUST_USE bool control_number(struct control_call *call, const char *member, int64_t missing,
		int64_t least, int64_t most, int64_t *number);

/* What is deployed: a module, the sources of one, or what one was compiled to. */
struct upload {
	struct buffer content; /* owned */
	bool is_source;
	struct buffer assets; /* owned; static files, a bundle */
	char language[16]; /* "" for a module that was sent alone */
	char file[128]; /* what the module was called */
	char signature[SIGNATURE_SIZE]; /* of what is compiled; else "" */
};

/*
 * What a project in an archive, in base64, is; `language` as for project_language. False with the
 * answer.
 */
SV_MUST_USE bool control_project(struct control_call *call, const char *archive, size_t length,
		const char *language, struct upload *upload);

/*
 * Keep what was sent and make it a version of the deployment `name` of who asks, with the settings
 * in the body, all or nothing, and have it built. `expires`: seconds since 1970, 0 never. False
 * with the answer.
 */
SV_MUST_USE bool control_commit(struct control_call *call, const char *name, int64_t expires,
		const struct upload *upload, struct version *version);

/* False with the answer if the tenant has more than its quota, with `adding` to it. */
SV_MUST_USE bool control_quota(struct control_call *call, enum quota which, int64_t tenant,
		uint64_t adding);

/* The members "env" and "secrets" of a deployment's answer. False with `error`. */
SV_MUST_USE bool control_settings_add(struct control_call *call, int64_t deployment, json_t *answer,
		struct sv_error *error);

/* The same: "hosts". */
SV_MUST_USE bool control_hosts_add(struct control_call *call, int64_t deployment, json_t *answer,
		struct sv_error *error);

/* The same: "limits". */
SV_MUST_USE bool control_caps_add(struct control_call *call, int64_t deployment, json_t *answer,
		struct sv_error *error);

/* Limits of an object, by name, into the database; in a transaction. */
SV_MUST_USE bool control_caps_store(struct control_call *call, int64_t deployment, json_t *limits,
		struct sv_error *error);

/* Release what it owns. */
void upload_finish(struct upload *upload);

/* A number of the query string, or `missing`. */
int64_t control_query(const struct control_call *call, const char *name, int64_t missing);

/* Seconds since 1970 as RFC 3339; null for 0. */
json_t *control_time(int64_t seconds);

/* Addresses of a deployment. "" if there is no such listener. */
void control_url(const struct platform_state *state, const char *name, bool is_https, char *url,
		size_t size);

#define CONTROL(method, path, role, function, changes, body_most) \
	void control_##function(struct control_call *call);
#include "platform/control.def"
#undef CONTROL

#endif
