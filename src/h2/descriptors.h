/* What a set of .proto files defines, read from their serialised descriptors:
 * which file holds which symbol, what it imports. For reflection. */
#ifndef H2_DESCRIPTORS_H
#define H2_DESCRIPTORS_H

#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/list.h"
#include "base/map.h"
#include "base/str.h"

struct proto_file {
	const char *name;	/* "csi/csi.proto" */
	struct str bytes;	/* a FileDescriptorProto */
	size_t index;		/* 0, 1, … in order of addition */
	const char **imports;	/* names */
	size_t n_imports;
};

struct proto_extension {
	struct list link;
	const char *extends;	/* "google.protobuf.FieldOptions" */
	int32_t number;
	const struct proto_file *file;
};

struct descriptors {
	struct arena arena;
	struct map files;	/* name -> struct proto_file */
	struct map symbols;	/* "csi.v1.Controller.CreateVolume" -> struct proto_file */
	struct list extensions;
	size_t n_files;
};

void descriptors_init(struct descriptors *d);
void descriptors_fini(struct descriptors *d);

/* A serialised FileDescriptorSet, whose bytes must outlive d. Files that are
 * known by name already are passed over. -1: the bytes are no such set. */
int descriptors_add_set(struct descriptors *d, const void *set, size_t n, struct err *err);

/* NULL: not there. */
const struct proto_file *descriptors_file(const struct descriptors *d, const char *name);
const struct proto_file *descriptors_symbol(const struct descriptors *d, const char *name);
const struct proto_file *descriptors_extension(const struct descriptors *d,
					       const char *extends, int32_t number);

#endif
