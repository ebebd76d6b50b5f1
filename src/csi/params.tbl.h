/* Parameters of a StorageClass (CLASS) and of a VolumeAttributesClass (MUTABLE),
 * in lower case: keys are compared without regard to case.
 *
 * PARAM(key, kind, member of struct params, where)
 *   NUMBER   decimal, 0 to 2147483647
 *   BOOL     true or false
 *   STATE    as BOOL, and whether it was given
 *   TEXT     as it is
 *   ALNUM    letters and digits, empty is "not given"
 *   NOTHING  accepted for old classes, without effect
 * Keys that begin with tagSpecification, tagDeletion are not in this table. */
PARAM("type", TEXT, type, CLASS | MUTABLE)
PARAM("volumetype", TEXT, type_alias, MUTABLE)
PARAM("iops", NUMBER, iops, CLASS | MUTABLE)
PARAM("iopspergb", NUMBER, iops_per_gb, CLASS | MUTABLE)
PARAM("allowautoiopspergbincrease", BOOL, allow_iops_increase, CLASS)
PARAM("allowautoiopsincreaseonmodify", STATE, keep_ratio, CLASS | MUTABLE)
PARAM("throughput", NUMBER, throughput, CLASS | MUTABLE)
PARAM("encrypted", STATE, encrypted, CLASS)
PARAM("kmskeyid", TEXT, kms_key_id, CLASS)
PARAM("volumeinitializationrate", NUMBER, initialization_rate, CLASS)
PARAM("blocksize", ALNUM, format.block_size, CLASS)
PARAM("inodesize", ALNUM, format.inode_size, CLASS)
PARAM("bytesperinode", ALNUM, format.bytes_per_inode, CLASS)
PARAM("numberofinodes", ALNUM, format.number_of_inodes, CLASS)
PARAM("ext4bigalloc", BOOL, format.bigalloc, CLASS)
PARAM("ext4clustersize", ALNUM, format.cluster_size, CLASS)
PARAM("ext4encryptionsupport", BOOL, format.encryption, CLASS)
PARAM("blockattachuntilinitialized", BOOL, wait_initialized, CLASS)
PARAM("csi.storage.k8s.io/pvc/name", TEXT, pvc_name, CLASS | MUTABLE)
PARAM("csi.storage.k8s.io/pvc/namespace", TEXT, pvc_namespace, CLASS | MUTABLE)
PARAM("csi.storage.k8s.io/pv/name", TEXT, pv_name, CLASS | MUTABLE)
PARAM("blockexpress", NOTHING, unused, CLASS)
PARAM("fstype", NOTHING, unused, CLASS)
