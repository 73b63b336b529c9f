"""A stranger who reads the topics: another language, another Kafka client, another msgpack, and the
AsyncAPI document as all they know."""

import base64
import re
import uuid

import kafka
import msgpack
import yaml
from jsonschema import Draft202012Validator, FormatChecker

from stack import TOP


class Wrong(AssertionError):
    pass


class Message:
    def __init__(self, record):
        self.topic, self.partition, self.offset = record.topic, record.partition, record.offset
        self.headers = {name: value.decode("utf-8", "backslashreplace") for name, value in record.headers}
        self.repeated = len(record.headers) != len(self.headers)
        self.key, self.value = record.key, record.value
        self.where = f"{self.topic}/{self.partition}@{self.offset}"
        self.payload = None

    @property
    def id(self):
        return self.headers.get("ce_id")

    @property
    def subject(self):
        return self.headers.get("ce_subject")


def read_all(brokers):
    """Every message on every topic, from the first to the last of now."""
    consumer = kafka.KafkaConsumer(bootstrap_servers=brokers, auto_offset_reset="earliest",
                                   enable_auto_commit=False, consumer_timeout_ms=15000)
    topics = sorted(topic for topic in consumer.topics() if not topic.startswith("__"))
    parts = [kafka.TopicPartition(topic, number) for topic in topics
             for number in consumer.partitions_for_topic(topic)]
    consumer.assign(parts)
    ends = consumer.end_offsets(parts)
    consumer.seek_to_beginning()
    messages = []
    left = {part for part in parts if ends[part] > consumer.position(part)}
    while left:
        batch = consumer.poll(timeout_ms=5000)
        for records in batch.values():
            messages += [Message(record) for record in records]
        left = {part for part in left if consumer.position(part) < ends[part]}
    consumer.close()
    return topics, messages


class Contract:
    """proto/asyncapi.yaml."""

    def __init__(self):
        with open(f"{TOP}/proto/asyncapi.yaml", encoding="utf-8") as file:
            self.document = yaml.safe_load(file)
        self.by_topic = {}
        for channel in self.document["channels"].values():
            self.by_topic[channel["address"]] = [self.resolve(ref) for ref in channel["messages"].values()]

    def resolve(self, node):
        while "$ref" in node:
            target = self.document
            for part in node["$ref"].removeprefix("#/").split("/"):
                target = target[part.replace("~1", "/")]
            node = target
        return node

    def validate(self, schema, value, where):
        schema = {**schema, "components": self.document["components"]}
        errors = list(Draft202012Validator(schema, format_checker=FormatChecker()).iter_errors(value))
        if errors:
            raise Wrong(f"{where}: {errors[0].json_path}: {errors[0].message}")

    def shown(self, schema, value, where):
        """A msgpack value as the schema shows it; its wire type must be what x-msgpack says."""
        schema = self.resolve(schema)
        wire = {bytes: "bin", str: "str", bool: "bool", int: "int", list: "array", dict: "map"}[type(value)]
        if schema.get("x-msgpack") not in (None, wire):
            raise Wrong(f"{where}: {wire} on the wire, not {schema['x-msgpack']}")
        size = len(value.encode()) if wire == "str" else len(value) if wire == "bin" else None
        if size is not None and not schema.get("x-min-bytes", 0) <= size <= schema.get("x-max-bytes", size):
            raise Wrong(f"{where}: {size} bytes")
        if wire == "bin":
            return str(uuid.UUID(bytes=value)) if schema.get("format") == "uuid" else base64.b64encode(value).decode()
        if wire == "array":
            return [self.shown(schema["items"], item, f"{where}[{i}]") for i, item in enumerate(value)]
        if wire == "map":
            known = schema["properties"]
            if unknown := value.keys() - known.keys():
                raise Wrong(f"{where}: {unknown} is not in the document")
            return {name: self.shown(known[name], item, f"{where}.{name}") for name, item in value.items()}
        return value

    def check(self, message):
        """Headers, key and payload; fills message.payload."""
        if message.topic not in self.by_topic:
            raise Wrong(f"{message.where}: the document has no such topic")
        described = [one for one in self.by_topic[message.topic]
                     if one["name"] in (message.headers.get("ce_type"), "dead_letter")]
        if len(described) != 1 or message.repeated:
            raise Wrong(f"{message.where}: headers {message.headers}")
        one = described[0]
        self.validate(one["headers"], message.headers, message.where + " headers")
        if one["name"] == "dead_letter":
            return
        self.validate(self.document["components"]["schemas"]["key"], message.key.decode("ascii"), message.where + " key")
        if message.key.decode("ascii") != message.subject:
            raise Wrong(f"{message.where}: the key is not the subject")
        if len(message.value) > 65536:
            raise Wrong(f"{message.where}: {len(message.value)} bytes")
        schema = self.resolve(one["payload"])
        value = msgpack.unpackb(message.value, raw=False, strict_map_key=True)
        message.payload = self.shown(schema, value, message.where)
        self.validate(one["payload"], message.payload, message.where)
        about = message.topic.split(".")[0]
        if message.payload[about + "_id"] != message.subject:
            raise Wrong(f"{message.where}: the subject is not the {about}")
        if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", message.headers["ce_time"]):
            raise Wrong(f"{message.where}: ce_time {message.headers['ce_time']}")
