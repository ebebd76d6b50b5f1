/* The FileDescriptorSet of csi.proto and what it imports, serialised: what
 * reflection shows. Made at build time. */
#ifndef CSI_DESCRIPTOR_H
#define CSI_DESCRIPTOR_H

#include <stddef.h>

extern const unsigned char csi_descriptor_set[];
extern const size_t csi_descriptor_set_len;

#endif
