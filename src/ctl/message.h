/* Protobuf messages by their descriptors: filled in from texts, turned into JSON. */
#ifndef CTL_MESSAGE_H
#define CTL_MESSAGE_H

#include <jansson.h>
#include <protobuf-c/protobuf-c.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

/* An empty message; memory of the arena. */
ProtobufCMessage *message_new(struct arena *a, const ProtobufCMessageDescriptor *d);

/* Sets the field that path leads to (see verbs.tbl.h) from text: numbers may have
 * a unit (10GiB), enums are names, a repeated string gets one more element, a map
 * an entry from "key=value", a message becomes present. -1 and err when text does
 * not fit. A path that leads nowhere aborts. */
int message_set(struct arena *a, ProtobufCMessage *m, struct str path, const char *text,
		struct err *err);

/* All its fields under their names in the .proto file; messages that are absent
 * are left out, maps are objects, enums names. The caller releases it. */
json_t *message_json(const ProtobufCMessage *m);

#endif
