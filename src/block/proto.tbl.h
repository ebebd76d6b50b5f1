/* Messages between daemon, helper and its children: the fields of each, in wire
 * order. The includer defines U8/U32/U64(name), TEXT(name, most bytes). Both ends are one build; the
 * version in the HELLO tells when they are not. */
#ifdef PROTO_HELLO_FIELDS
U32(version)
U32(pid)
U8(privileged)		/* it may mount */
#endif

#ifdef PROTO_ACT_FIELDS
U32(id)			/* never 0; not in use by another act */
U8(kind)		/* enum proto_kind */
U32(flags)		/* enum proto_flag */
U64(limit_ms)		/* the child is killed after that */
U32(major)		/* of the device, 0:0 = none */
U32(minor)
U64(diskseq)
TEXT(volume_id, 255)
TEXT(hint, 127)
TEXT(device, 63)
TEXT(fs_type, 15)
TEXT(options, 8191)
TEXT(source, 4095)
TEXT(target, 4095)
TEXT(block_size, 31)
TEXT(inode_size, 31)
TEXT(bytes_per_inode, 31)
TEXT(number_of_inodes, 31)
TEXT(cluster_size, 31)
#endif

#ifdef PROTO_WORD_FIELDS	/* GO, STOP, GONE */
U32(id)
#endif

#ifdef PROTO_ASK_FIELDS
U32(id)
U8(phase)		/* enum proto_phase */
#endif

#ifdef PROTO_HUNG_FIELDS
U32(id)
U32(pid)
U64(age_ms)
TEXT(note, 127)		/* what it is doing: "mounting /dev/nvme1n1" */
#endif

#ifdef PROTO_END_FIELDS
U32(id)
U32(code)		/* enum grpc_code */
TEXT(reason, 63)
TEXT(text, 8191)
U32(done)		/* enum block_done */
TEXT(fs_found, 15)
U64(mount_us)
U64(child_us)
U8(is_device)
U64(bytes_total)
U64(bytes_used)
U64(bytes_available)
U64(inodes_total)
U64(inodes_used)
U64(inodes_available)
#endif
