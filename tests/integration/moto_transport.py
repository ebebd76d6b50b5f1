"""Runs the EC2 client given against moto with its signature check on: with keys
of a user, with a role's keys and session token, and with a wrong secret."""

import os
import socket
import subprocess
import sys
import tempfile
import urllib.request

import boto3

from until import until

POLICY = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}'
TRUST = ('{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},'
         '"Action":"sts:AssumeRole"}]}')
BOOTSTRAP_CALLS = 7
REGION = "us-west-2"


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def start_moto(port, log):
    env = {**os.environ, "INITIAL_NO_AUTH_ACTION_COUNT": str(BOOTSTRAP_CALLS)}
    server = os.path.join(os.path.dirname(sys.executable), "moto_server")
    moto = subprocess.Popen([sys.executable, server, "-H", "127.0.0.1", "-p", str(port)],
                            env=env, stdout=log, stderr=log)

    def answers():
        if moto.poll() is not None:
            raise AssertionError(f"moto has ended by itself with {moto.returncode}")
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/moto-api/", timeout=5).close()
            return True
        except OSError:
            return False

    try:
        until("moto answers", answers, seconds=60, pause=.1)
    except AssertionError as e:
        moto.kill()
        sys.exit(str(e))
    return moto


def bootstrap(url):
    def client(service):
        return boto3.client(service, region_name=REGION, endpoint_url=url,
                            aws_access_key_id="x", aws_secret_access_key="y")
    iam, sts, ec2 = client("iam"), client("sts"), client("ec2")
    iam.create_user(UserName="u")
    iam.put_user_policy(UserName="u", PolicyName="p", PolicyDocument=POLICY)
    user = iam.create_access_key(UserName="u")["AccessKey"]
    role = iam.create_role(RoleName="r", AssumeRolePolicyDocument=TRUST)["Role"]
    iam.put_role_policy(RoleName="r", PolicyName="p", PolicyDocument=POLICY)
    assumed = sts.assume_role(RoleArn=role["Arn"], RoleSessionName="session")["Credentials"]
    instance = ec2.run_instances(ImageId="ami-12c6146b", InstanceType="m5.large", MinCount=1,
                                 MaxCount=1)["Instances"][0]["InstanceId"]
    return user, assumed, instance


def life(program, argument, url, keys):
    env = {k: v for k, v in os.environ.items() if not k.upper().startswith("AWS_")
           and not k.lower().endswith("_proxy")}
    env.update(AWS_REGION=REGION, AWS_EC2_ENDPOINT=url, AWS_CONFIG_FILE="/dev/null",
               AWS_SHARED_CREDENTIALS_FILE="/dev/null",
               AWS_ACCESS_KEY_ID=keys["AccessKeyId"],
               AWS_SECRET_ACCESS_KEY=keys["SecretAccessKey"])
    if "SessionToken" in keys:
        env["AWS_SESSION_TOKEN"] = keys["SessionToken"]
    return subprocess.run([program, argument], env=env, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=120)


def check(program, url):
    user, assumed, instance = bootstrap(url)
    for name, keys in (("user", user), ("role with a session token", assumed)):
        run = life(program, instance, url, keys)
        print(f"--- {name}\n{run.stdout}", end="")
        if run.returncode:
            return False
    run = life(program, "--zones", url, {**user, "SecretAccessKey": "wrong"})
    print(f"--- wrong secret\n{run.stdout}", end="")
    return run.returncode == 1 and "AuthFailure" in run.stdout


def main():
    port = free_port()
    with tempfile.TemporaryFile() as log:
        moto = start_moto(port, log)
        try:
            good = check(sys.argv[1], f"http://127.0.0.1:{port}")
        finally:
            moto.kill()
            moto.wait()
    sys.exit(0 if good else 1)


main()
