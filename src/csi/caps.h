/* Volume capabilities: what an EBS volume can be asked to be. */
#ifndef CSI_CAPS_H
#define CSI_CAPS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "csi/csi.pb-c.h"

/* Handles of volumes that were attached before (node-local volumes). */
#define CAPS_LOCAL_PREFIX "local-ebs://"

bool caps_is_local(const char *volume_id);

/* One that has all its REQUIRED parts; INVALID_ARGUMENT naming the missing one. */
int caps_check_form(const Csi__V1__VolumeCapability *cap, struct err *err);
/* Supported: SINGLE_NODE_WRITER with mount or block, MULTI_NODE_MULTI_WRITER with
 * block (Multi-Attach). INVALID_ARGUMENT saying what was asked and what there is. */
int caps_check(const Csi__V1__VolumeCapability *cap, struct err *err);
/* All of a list that must not be empty. */
int caps_check_all(Csi__V1__VolumeCapability *const *caps, size_t n, struct err *err);
/* A node-local volume is a disk of each node: both modes with any access type. */
int caps_check_local(const Csi__V1__VolumeCapability *cap, struct err *err);

/* One of them is MULTI_NODE_MULTI_WRITER. */
bool caps_want_multi_attach(Csi__V1__VolumeCapability *const *caps, size_t n);
bool caps_is_block(const Csi__V1__VolumeCapability *cap);

#endif
