#!/usr/bin/env bash
# The controller part of csi-sanity against moto: an EC2 double that others wrote,
# for the signer, the encoder and the XML.
# shellcheck source=tests/lib/harness.sh
. "$(dirname "$0")/../lib/harness.sh"
# shellcheck source=tests/lib/sanity.sh
. "$(dirname "$0")/../lib/sanity.sh"
need_root
need_tool csi-sanity
need_python

port=$("$python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
ec2=http://127.0.0.1:$port
export ec2
start moto "$EBS_TEST_VENV/bin/moto_server" -H 127.0.0.1 -p "$port"
answers() { curl -s -o /dev/null "$ec2/moto-api/"; }
wait_until 60 answers || die "moto does not start"

instance=$("$python" - "$ec2" <<'PY'
import boto3, sys
ec2 = boto3.client("ec2", region_name="us-east-1", endpoint_url=sys.argv[1],
                   aws_access_key_id="AKIDEXAMPLE", aws_secret_access_key="secret")
image = ec2.describe_images()["Images"][0]["ImageId"]
run = ec2.run_instances(ImageId=image, MinCount=1, MaxCount=1, InstanceType="m5.large",
                        Placement={"AvailabilityZone": "us-east-1a"})
print(run["Instances"][0]["InstanceId"])
PY
) || die "moto gives no instance"
check_match "an instance" "$instance" '^i-[0-9a-f]+$'

# The suite asks the node for its id; it mounts nothing here.
extra_env=(AWS_EC2_METADATA_DISABLED=true AWS_INSTANCE_ID="$instance"
	AWS_INSTANCE_TYPE=m5.large AWS_AVAILABILITY_ZONE=us-east-1a)
start_controller
start_node
# moto takes no notice of client tokens, so it makes a second volume where EC2 says
# that the first call asked for something else.
sanity --ginkgo.focus='Controller Service|Identity Service' \
	--ginkgo.skip='already existing name and different capacity'
sanity_results 'not supported|single node multi writer|^pending$|attachlimit not enabled|^skipped$'
finish
