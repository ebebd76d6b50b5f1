/* Partitions and regions of AWS.
 *
 * PARTITION(name, DNS suffix, dual-stack suffix, pattern of its regions, region
 *           its global pseudo region stands for)
 * REGION(partition, name) */
#ifdef PARTITION
PARTITION("aws", "amazonaws.com", "api.aws",
	  "^(us|eu|ap|sa|ca|me|af|il|mx)-[A-Za-z0-9_]+-[0-9]+$", "us-east-1")
PARTITION("aws-cn", "amazonaws.com.cn", "api.amazonwebservices.com.cn",
	  "^cn-[A-Za-z0-9_]+-[0-9]+$", "cn-northwest-1")
PARTITION("aws-eusc", "amazonaws.eu", "api.amazonwebservices.eu",
	  "^eusc-(de)-[A-Za-z0-9_]+-[0-9]+$", "eusc-de-east-1")
PARTITION("aws-iso", "c2s.ic.gov", "api.aws.ic.gov",
	  "^us-iso-[A-Za-z0-9_]+-[0-9]+$", "us-iso-east-1")
PARTITION("aws-iso-b", "sc2s.sgov.gov", "api.aws.scloud",
	  "^us-isob-[A-Za-z0-9_]+-[0-9]+$", "us-isob-east-1")
PARTITION("aws-iso-e", "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk",
	  "^eu-isoe-[A-Za-z0-9_]+-[0-9]+$", "eu-isoe-west-1")
PARTITION("aws-iso-f", "csp.hci.ic.gov", "api.aws.hci.ic.gov",
	  "^us-isof-[A-Za-z0-9_]+-[0-9]+$", "us-isof-south-1")
PARTITION("aws-us-gov", "amazonaws.com", "api.aws",
	  "^us-gov-[A-Za-z0-9_]+-[0-9]+$", "us-gov-west-1")
#endif
#ifdef REGION
REGION("aws", "af-south-1")
REGION("aws", "ap-east-1")
REGION("aws", "ap-east-2")
REGION("aws", "ap-northeast-1")
REGION("aws", "ap-northeast-2")
REGION("aws", "ap-northeast-3")
REGION("aws", "ap-south-1")
REGION("aws", "ap-south-2")
REGION("aws", "ap-southeast-1")
REGION("aws", "ap-southeast-2")
REGION("aws", "ap-southeast-3")
REGION("aws", "ap-southeast-4")
REGION("aws", "ap-southeast-5")
REGION("aws", "ap-southeast-6")
REGION("aws", "ap-southeast-7")
REGION("aws", "aws-global")
REGION("aws", "ca-central-1")
REGION("aws", "ca-west-1")
REGION("aws", "eu-central-1")
REGION("aws", "eu-central-2")
REGION("aws", "eu-north-1")
REGION("aws", "eu-south-1")
REGION("aws", "eu-south-2")
REGION("aws", "eu-west-1")
REGION("aws", "eu-west-2")
REGION("aws", "eu-west-3")
REGION("aws", "il-central-1")
REGION("aws", "me-central-1")
REGION("aws", "me-south-1")
REGION("aws", "mx-central-1")
REGION("aws", "sa-east-1")
REGION("aws", "us-east-1")
REGION("aws", "us-east-2")
REGION("aws", "us-west-1")
REGION("aws", "us-west-2")
REGION("aws-cn", "aws-cn-global")
REGION("aws-cn", "cn-north-1")
REGION("aws-cn", "cn-northwest-1")
REGION("aws-eusc", "eusc-de-east-1")
REGION("aws-iso", "aws-iso-global")
REGION("aws-iso", "us-iso-east-1")
REGION("aws-iso", "us-iso-west-1")
REGION("aws-iso-b", "aws-iso-b-global")
REGION("aws-iso-b", "us-isob-east-1")
REGION("aws-iso-b", "us-isob-west-1")
REGION("aws-iso-e", "aws-iso-e-global")
REGION("aws-iso-e", "eu-isoe-west-1")
REGION("aws-iso-f", "aws-iso-f-global")
REGION("aws-iso-f", "us-isof-east-1")
REGION("aws-iso-f", "us-isof-south-1")
REGION("aws-us-gov", "aws-us-gov-global")
REGION("aws-us-gov", "us-gov-east-1")
REGION("aws-us-gov", "us-gov-west-1")
#endif
