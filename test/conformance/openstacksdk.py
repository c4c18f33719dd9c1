"""
A server's life by openstacksdk, the library beneath the client, with every compute request at the newest microversion
that the cloud offers. Prints what it saw as one JSON object.
"""
import json
import sys

import openstack

IMAGE, KEY = sys.argv[1:]
cloud = openstack.connect(cloud="caelum")
newest = ".".join(map(str, cloud.compute.get_endpoint_data().max_microversion))
cloud = openstack.connect(cloud="caelum", compute_default_microversion=newest)
compute, network = cloud.compute, cloud.network

image = cloud.create_image("sdk", filename=IMAGE, disk_format="raw", container_format="bare", wait=True)
lan = network.create_network(name="sdk")
network.create_subnet(name="sdk", network_id=lan.id, ip_version=4, cidr="10.7.0.0/24")
key = compute.create_keypair(name="sdk", public_key=open(KEY).read())
group = compute.create_server_group(name="sdk", policy="anti-affinity", rules={"max_server_per_host": 2})
server = compute.create_server(
    name="sdk",
    image_id=image.id,
    flavor_id=compute.find_flavor("m1.tiny").id,
    networks=[{"uuid": lan.id}],
    key_name=key.name,
    description="by the library",
    tags=["a"],
    scheduler_hints={"group": group.id},
)
server = compute.wait_for_server(server, interval=0.2, wait=60)
raw = compute.get(f"/servers/{server.id}").json()["server"]
compute.stop_server(server)
stopped = compute.wait_for_server(server, status="SHUTOFF", interval=0.2, wait=60)
seen = {
    "newest": newest,
    "image": image.status,
    "flavors": [flavor.name for flavor in compute.flavors()],
    "key": key.type,
    "group": [group.policy, group.rules],
    "server": {
        "microversion": server.microversion,
        "status": raw["status"],
        "addresses": [address["addr"] for address in server.addresses["sdk"]],
        "description": server.description,
        "tags": server.tags,
        "host_status": server.host_status,
        "groups": server.server_groups,
        "flavor": server.flavor.original_name,
        "image": server.image.id == image.id,
        "stopped": stopped.status,
    },
    "raw": raw,
    "hypervisors": [[one.name, one.state] for one in compute.hypervisors(details=True)],
    "services": [[one.host, one.binary] for one in compute.services()],
    "cores": compute.get_limits().absolute.total_cores_used,
    "console": compute.get_server_console_output(server)["output"],
    "port": [port.status for port in network.ports(device_id=server.id)],
}
compute.delete_server(server)
compute.wait_for_delete(server, interval=0.2, wait=60)
compute.delete_server_group(group)
compute.delete_keypair(key)
network.delete_network(lan)
cloud.delete_image(image.id)
cloud.create_container("sdk")
cloud.create_object("sdk", "greeting", data=b"hello")
seen["object"] = cloud.get_object("sdk", "greeting")[1]
cloud.delete_object("sdk", "greeting")
cloud.delete_container("sdk")
seen["left"] = [*(s.name for s in compute.servers()), *(n.name for n in network.networks())]
print(json.dumps(seen))
