/* A request's bytes looked at before protobuf-c decodes them: strings that a C
 * string cannot carry (a NUL inside, invalid UTF-8) and more parts than any
 * honest request has are refused, so that what is decoded is what was sent and
 * memory is bounded. No memory of its own. */
#ifndef CSI_WIRE_H
#define CSI_WIRE_H

#include <protobuf-c/protobuf-c.h>

#include "base/err.h"
#include "base/str.h"

/* Fields, elements and unknown fields of one request, all levels together. */
#define WIRE_PARTS_MAX 20000

/* 0, or -1 and err: INVALID_ARGUMENT naming the field for a bad string or too many
 * parts; INTERNAL for bytes that are no such message (as grpc-go answers). */
int wire_check(const ProtobufCMessageDescriptor *desc, struct str bytes, struct err *err);

#endif
