"""ebs-csi-sim as a process, asked by plain HTTP."""
import datetime
import json
import re
import subprocess
import urllib.error
import urllib.parse
import urllib.request

from until import until

ZONE = "us-east-1a"
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Refused(Exception):
    """An answer that is no 2xx: its status and text."""

    def __init__(self, status, text):
        super().__init__(f"{status}: {text}")
        self.status, self.text = status, text


def ask(url, body=None, method=None, headers=None):
    try:
        req = urllib.request.Request(url, body, headers or {}, method=method)
        with opener.open(req, timeout=60) as r:
            return r.read().decode()
    except urllib.error.HTTPError as e:
        raise Refused(e.code, e.read().decode()) from e


class Sim:
    def __init__(self, program, *options, **popen):
        self.proc = subprocess.Popen(
            [program, "--listen=tcp://127.0.0.1:0", *options],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **popen)
        line = self.proc.stdout.readline()
        if not line.startswith("ready "):
            text = self.proc.communicate()[1]
            raise RuntimeError(f"exit status {self.proc.returncode}: {text}")
        self.url = "http" + re.search(r"ec2=tcp(\S+)", line).group(1)

    def headers(self):
        now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
        return {"X-Amz-Date": now, "Authorization": "AWS4-HMAC-SHA256 Credential=AK/"
                f"{now[:8]}/us-east-1/ec2/aws4_request, SignedHeaders=host, Signature=0"}

    def call(self, action, **parameters):
        body = urllib.parse.urlencode(
            {"Action": action, "Version": "2016-11-15", **parameters}).encode()
        return ask(self.url, body, headers=self.headers())

    def control(self, path, body=None, method=None):
        data = None if body is None else json.dumps(body).encode()
        return json.loads(ask(f"{self.url}/_sim/{path}", data, method))

    def create(self, gib, **parameters):
        text = self.call("CreateVolume", AvailabilityZone=ZONE, Size=gib, VolumeType="gp3",
                         **parameters)
        v = re.search(r"<volumeId>(.*?)<", text).group(1)
        self.wait(v, "available")
        return v

    def states(self, v):
        """Status of a volume, then of its attachments."""
        return re.findall(r"<status>(.*?)<", self.call("DescribeVolumes", **{"VolumeId.1": v}))

    def wait(self, v, *wanted):
        until(f"{v} {wanted}", lambda: self.states(v) == list(wanted))

    def stop(self, status=0):
        """SIGTERM; what it wrote to standard error."""
        self.proc.terminate()
        try:
            text = self.proc.communicate(timeout=30)[1]
        except subprocess.TimeoutExpired:
            self.kill()
            raise
        assert self.proc.returncode == status, (self.proc.returncode, text)
        return text

    def kill(self):
        self.proc.kill()
        self.proc.communicate()
