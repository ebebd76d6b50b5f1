#include "h2/reflection.h"

#include <string.h>

#include "base/log.h"
#include "h2/descriptors.h"
#include "h2/reflection.pb-c.h"

typedef Grpc__Reflection__V1__ServerReflectionRequest request_t;
typedef Grpc__Reflection__V1__ServerReflectionResponse response_t;
#define ASKED(x) GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_##x
#define TOLD(x) GRPC__REFLECTION__V1__SERVER_REFLECTION_RESPONSE__MESSAGE_RESPONSE_##x

extern const unsigned char reflection_v1_descriptor_set[];
extern const size_t reflection_v1_descriptor_set_len;
extern const unsigned char reflection_v1alpha_descriptor_set[];
extern const size_t reflection_v1alpha_descriptor_set_len;

struct grpc_reflection {
	struct descriptors index;
	const struct grpc_server *server;
	struct rpc_method methods[2];
};

/* One question: what the answer is made of lives in a. */
struct asking {
	struct grpc_reflection *r;
	struct arena a;
	bool *sent;		/* by file index; of the stream */
	response_t resp;
};

/* ---- answers ---- */

static void say_error(struct asking *q, enum grpc_code code, const char *what, const char *name)
{
	Grpc__Reflection__V1__ErrorResponse *e = arena_alloc(&q->a, sizeof(*e));

	grpc__reflection__v1__error_response__init(e);
	e->error_code = (int32_t)code;
	e->error_message = arena_printf(&q->a, "%s not found: %s", what, name);
	q->resp.message_response_case = TOLD(ERROR_RESPONSE);
	q->resp.error_response = e;
}

typedef Grpc__Reflection__V1__FileDescriptorResponse files_t;

static void add_file(struct asking *q, files_t *files, const struct proto_file *file)
{
	q->sent[file->index] = true;
	files->file_descriptor_proto[files->n_file_descriptor_proto++] = (ProtobufCBinaryData){
		.len = file->bytes.n, .data = (uint8_t *)(uintptr_t)file->bytes.p,
	};
}

/* The file itself always, of what it imports only what the stream has not had.
 * The growing array is the queue: each file in it brings its imports. */
static void say_files(struct asking *q, const struct proto_file *file)
{
	const struct descriptors *d = &q->r->index;
	files_t *files = arena_alloc(&q->a, sizeof(*files));
	const struct proto_file **queue = arena_array(&q->a, d->n_files + 1, sizeof(*queue));
	size_t n = 0;

	grpc__reflection__v1__file_descriptor_response__init(files);
	files->file_descriptor_proto = arena_array(&q->a, d->n_files + 1,
						   sizeof(*files->file_descriptor_proto));
	queue[n++] = file;
	add_file(q, files, file);
	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < queue[i]->n_imports; k++) {
			const struct proto_file *f = descriptors_file(d, queue[i]->imports[k]);

			if (!f || q->sent[f->index])
				continue;
			queue[n++] = f;
			add_file(q, files, f);
		}
	}
	q->resp.message_response_case = TOLD(FILE_DESCRIPTOR_RESPONSE);
	q->resp.file_descriptor_response = files;
}

static void say_file_or_error(struct asking *q, const struct proto_file *file,
			      const char *what, const char *name)
{
	if (file)
		say_files(q, file);
	else
		say_error(q, GRPC_NOT_FOUND, what, name);
}

static void say_extension(struct asking *q, const Grpc__Reflection__V1__ExtensionRequest *ext)
{
	const struct proto_file *file =
		descriptors_extension(&q->r->index, ext->containing_type, ext->extension_number);

	say_file_or_error(q, file, "extension",
			  arena_printf(&q->a, "%s %d", ext->containing_type,
				       ext->extension_number));
}

static void say_extension_numbers(struct asking *q, char *type)
{
	Grpc__Reflection__V1__ExtensionNumberResponse *out = arena_alloc(&q->a, sizeof(*out));
	size_t max = 0;

	if (!descriptors_symbol(&q->r->index, type)) {
		say_error(q, GRPC_NOT_FOUND, "type", type);
		return;
	}
	grpc__reflection__v1__extension_number_response__init(out);
	list_for_each(l, &q->r->index.extensions)
		max++;
	out->base_type_name = type;
	out->extension_number = arena_array(&q->a, max + 1, sizeof(*out->extension_number));
	list_for_each(l, &q->r->index.extensions) {
		const struct proto_extension *e = list_entry(l, struct proto_extension, link);

		if (strcmp(e->extends, type) == 0)
			out->extension_number[out->n_extension_number++] = e->number;
	}
	q->resp.message_response_case = TOLD(ALL_EXTENSION_NUMBERS_RESPONSE);
	q->resp.all_extension_numbers_response = out;
}

/* ---- the list of services ---- */

typedef Grpc__Reflection__V1__ServiceResponse service_t;

struct names {
	struct arena *a;
	service_t **services;
	size_t n;
};

static void count_name(void *ctx, const char *name)
{
	((struct names *)ctx)->n++;
}

static void add_name(void *ctx, const char *name)
{
	struct names *names = ctx;
	service_t *s = arena_alloc(names->a, sizeof(*s));

	grpc__reflection__v1__service_response__init(s);
	s->name = arena_str(names->a, name);
	names->services[names->n++] = s;
}

static int by_name(const void *a, const void *b)
{
	return strcmp((*(service_t *const *)a)->name, (*(service_t *const *)b)->name);
}

static void say_services(struct asking *q)
{
	Grpc__Reflection__V1__ListServiceResponse *out = arena_alloc(&q->a, sizeof(*out));
	struct names names = { .a = &q->a };

	grpc__reflection__v1__list_service_response__init(out);
	grpc_server_each_service(q->r->server, count_name, &names);
	names.services = arena_array(&q->a, names.n + 1, sizeof(service_t *));
	names.n = 0;
	grpc_server_each_service(q->r->server, add_name, &names);
	qsort(names.services, names.n, sizeof(service_t *), by_name);
	out->service = names.services;
	out->n_service = names.n;
	q->resp.message_response_case = TOLD(LIST_SERVICES_RESPONSE);
	q->resp.list_services_response = out;
}

/* ---- a question ---- */

/* -1: none was asked. */
static int consider(struct asking *q, request_t *req)
{
	const struct descriptors *d = &q->r->index;

	switch (req->message_request_case) {
	case ASKED(FILE_BY_FILENAME):
		say_file_or_error(q, descriptors_file(d, req->file_by_filename), "file",
				  req->file_by_filename);
		return 0;
	case ASKED(FILE_CONTAINING_SYMBOL):
		say_file_or_error(q, descriptors_symbol(d, req->file_containing_symbol), "symbol",
				  req->file_containing_symbol);
		return 0;
	case ASKED(FILE_CONTAINING_EXTENSION):
		say_extension(q, req->file_containing_extension);
		return 0;
	case ASKED(ALL_EXTENSION_NUMBERS_OF_TYPE):
		say_extension_numbers(q, req->all_extension_numbers_of_type);
		return 0;
	case ASKED(LIST_SERVICES):
		say_services(q);
		return 0;
	default:
		return -1;
	}
}

static bool *sent_files(struct rpc *rpc, const struct grpc_reflection *r)
{
	if (!rpc->user)
		rpc->user = arena_array(&rpc->arena, r->index.n_files + 1, sizeof(bool));
	return rpc->user;
}

static void answer(struct rpc *rpc, struct asking *q, request_t *req)
{
	struct err err = {0};
	uint8_t *out;

	grpc__reflection__v1__server_reflection_response__init(&q->resp);
	q->resp.valid_host = req->host;
	q->resp.original_request = req;
	if (consider(q, req) < 0) {
		err_set(&err, GRPC_INVALID_ARGUMENT, "reflection request asks for nothing");
		rpc_end(rpc, &err);
		err_fini(&err);
		return;
	}
	out = arena_alloc(&q->a, grpc__reflection__v1__server_reflection_response__get_packed_size(
					 &q->resp) + 1);
	rpc_send(rpc, str_n((char *)out, grpc__reflection__v1__server_reflection_response__pack(
						 &q->resp, out)));
}

static void on_request(struct rpc *rpc, struct str msg)
{
	struct grpc_reflection *r = rpc->method->ctx;
	struct asking q = { .r = r, .sent = sent_files(rpc, r) };
	struct err err = {0};
	request_t *req;

	req = grpc__reflection__v1__server_reflection_request__unpack(NULL, msg.n,
								     (const uint8_t *)msg.p);
	if (!req) {
		err_set(&err, GRPC_INTERNAL, "message is no ServerReflectionRequest");
		rpc_end(rpc, &err);
		err_fini(&err);
		return;
	}
	arena_init(&q.a);
	answer(rpc, &q, req);
	arena_fini(&q.a);
	grpc__reflection__v1__server_reflection_request__free_unpacked(req, NULL);
}

static void on_half_closed(struct rpc *rpc)
{
	rpc_end(rpc, NULL);
}

/* ---- life ---- */

static void add_own(struct grpc_reflection *r, const void *set, size_t n)
{
	struct err err = {0};

	if (grpc_reflection_add_set(r, set, n, &err) < 0) {
		log_error(AREA_H2, "descriptors made at build time: %s", err_msg(&err));
		abort();
	}
}

struct grpc_reflection *grpc_reflection_new(void)
{
	static const char *const paths[2] = {
		"/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
		"/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
	};
	struct grpc_reflection *r = xcalloc(1, sizeof(*r));

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
		r->methods[i] = (struct rpc_method){
			.path = paths[i], .message = on_request,
			.half_closed = on_half_closed, .ctx = r,
		};
	descriptors_init(&r->index);
	add_own(r, reflection_v1_descriptor_set, reflection_v1_descriptor_set_len);
	add_own(r, reflection_v1alpha_descriptor_set, reflection_v1alpha_descriptor_set_len);
	return r;
}

void grpc_reflection_free(struct grpc_reflection *r)
{
	if (!r)
		return;
	descriptors_fini(&r->index);
	free(r);
}

int grpc_reflection_add_set(struct grpc_reflection *r, const void *set, size_t n,
			    struct err *err)
{
	return descriptors_add_set(&r->index, set, n, err);
}

void grpc_reflection_add_to(struct grpc_reflection *r, struct grpc_server *s)
{
	r->server = s;
	grpc_server_add(s, r->methods, ARRAY_SIZE(r->methods));
}
