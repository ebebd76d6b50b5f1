/* Format options: FORMAT(key, kind, member of struct block_mkfs, file systems) */
FORMAT("blocksize", ALNUM, block_size, EXT3 | EXT4 | XFS)
FORMAT("inodesize", ALNUM, inode_size, EXT3 | EXT4 | XFS)
FORMAT("bytesperinode", ALNUM, bytes_per_inode, EXT3 | EXT4)
FORMAT("numberofinodes", ALNUM, number_of_inodes, EXT3 | EXT4)
FORMAT("ext4bigalloc", BOOL, bigalloc, EXT4)
FORMAT("ext4clustersize", ALNUM, cluster_size, EXT4)
FORMAT("ext4encryptionsupport", BOOL, encryption, EXT4)
