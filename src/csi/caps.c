#include "csi/caps.h"

#include <stdio.h>

#include "base/str.h"

#define MODE(name) CSI__V1__VOLUME_CAPABILITY__ACCESS_MODE__MODE__##name

bool caps_is_local(const char *volume_id)
{
	return str_starts(str_c(volume_id), CAPS_LOCAL_PREFIX);
}

bool caps_is_block(const Csi__V1__VolumeCapability *cap)
{
	return cap->access_type_case == CSI__V1__VOLUME_CAPABILITY__ACCESS_TYPE_BLOCK;
}

int caps_check_form(const Csi__V1__VolumeCapability *cap, struct err *err)
{
	if (!cap)
		return err_set(err, GRPC_INVALID_ARGUMENT, "volume_capability is missing");
	if (!cap->access_mode)
		return err_set(err, GRPC_INVALID_ARGUMENT,
			       "volume_capability has no access_mode");
	if (cap->access_type_case == CSI__V1__VOLUME_CAPABILITY__ACCESS_TYPE__NOT_SET)
		return err_set(err, GRPC_INVALID_ARGUMENT,
			       "volume_capability has no access_type: neither block nor mount");
	return 0;
}

static const char *mode_name(int mode, char *room, size_t n)
{
	const ProtobufCEnumValue *v = protobuf_c_enum_descriptor_get_value(
		&csi__v1__volume_capability__access_mode__mode__descriptor, mode);

	if (v)
		return v->name;
	snprintf(room, n, "%d", mode);
	return room;
}

static int refuse(const Csi__V1__VolumeCapability *cap, const char *supported, struct err *err)
{
	char room[16];

	return err_set(err, GRPC_INVALID_ARGUMENT,
		       "volume_capability: access mode %s with %s access is not supported; %s",
		       mode_name((int)cap->access_mode->mode, room, sizeof(room)),
		       caps_is_block(cap) ? "block" : "mount", supported);
}

int caps_check(const Csi__V1__VolumeCapability *cap, struct err *err)
{
	if (caps_check_form(cap, err) < 0)
		return -1;
	if (cap->access_mode->mode == MODE(SINGLE_NODE_WRITER))
		return 0;
	if (cap->access_mode->mode == MODE(MULTI_NODE_MULTI_WRITER) && caps_is_block(cap))
		return 0;
	return refuse(cap, "supported are SINGLE_NODE_WRITER, and MULTI_NODE_MULTI_WRITER "
		      "with block access", err);
}

int caps_check_local(const Csi__V1__VolumeCapability *cap, struct err *err)
{
	if (caps_check_form(cap, err) < 0)
		return -1;
	if (cap->access_mode->mode == MODE(SINGLE_NODE_WRITER) ||
	    cap->access_mode->mode == MODE(MULTI_NODE_MULTI_WRITER))
		return 0;
	return refuse(cap, "a node-local volume supports SINGLE_NODE_WRITER and "
		      "MULTI_NODE_MULTI_WRITER", err);
}

int caps_check_all(Csi__V1__VolumeCapability *const *caps, size_t n, struct err *err)
{
	if (n == 0)
		return err_set(err, GRPC_INVALID_ARGUMENT, "volume_capabilities is empty");
	for (size_t i = 0; i < n; i++)
		if (caps_check(caps[i], err) < 0)
			return err_prefix(err, "capability %zu of %zu", i + 1, n);
	return 0;
}

bool caps_want_multi_attach(Csi__V1__VolumeCapability *const *caps, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (caps[i]->access_mode->mode == MODE(MULTI_NODE_MULTI_WRITER))
			return true;
	return false;
}
