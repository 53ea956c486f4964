"""Writes the Parquet files here, and what is in each as JSON lines. Made with pyarrow: python make.py"""
import json
import pyarrow as pa
import pyarrow.parquet as pq

names = ["서울", "Busan", "", "a" * 300, "é\n\"quoted\"", "Busan"]
message = pa.struct([("role", pa.string()), ("content", pa.string()), ("weight", pa.int64())])
schema = pa.schema([
    pa.field("id", pa.int64(), nullable=False),
    ("messages", pa.list_(message)),
    ("text", pa.string()),
    ("ids", pa.list_(pa.int32())),
    ("nested", pa.list_(pa.list_(pa.int64()))),
    ("meta", pa.struct([("score", pa.float64()), ("ok", pa.bool_()), ("tags", pa.list_(pa.string()))])),
    ("half", pa.float32()),
    ("none", pa.string()),
    ("map", pa.map_(pa.string(), pa.int32())),
])


def row(i):
    said = [{"role": ["user", "assistant"][j % 2], "content": names[(i + j) % 6], "weight": None if j % 3 else j}
            for j in range(i % 5)]
    return {
        "id": 10**12 + i,
        "messages": None if i % 7 == 6 else said,
        "text": None if i % 4 == 3 else names[i % 6] + str(i // 2),
        "ids": None if i % 9 == 8 else [i * j - 7 for j in range(i % 6)],
        "nested": None if i % 8 == 7 else [None if k == 1 else list(range(k)) for k in range(i % 4)],
        "meta": None if i % 5 == 4 else {"score": i / 4, "ok": None if i % 3 == 2 else i % 2 == 0,
                                         "tags": None if i % 6 == 5 else names[:i % 3]},
        "half": i / 8,
        "none": None,
        "map": None if i % 10 == 9 else {"k" + str(j): j for j in range(i % 3)},
    }


rows = [row(i) for i in range(50)]
table = pa.Table.from_pylist([{**r, "map": None if r["map"] is None else list(r["map"].items())} for r in rows], schema)
with open("rows.jsonl", "w") as out:
    for r in rows:
        out.write(json.dumps(r, ensure_ascii=False) + "\n")

small = dict(row_group_size=20, data_page_size=200, write_batch_size=7)
for codec in ["none", "snappy", "gzip", "zstd", "lz4", "brotli"]:
    pq.write_table(table, codec + ".parquet", compression=codec, **small)
pq.write_table(table, "version2.parquet", compression="zstd", data_page_version="2.0", version="2.6",
               write_page_checksum=True, **small)
pq.write_table(table, "version2-none.parquet", compression="none", data_page_version="2.0", **small)
pq.write_table(table, "plain.parquet", compression="snappy", use_dictionary=False, write_page_checksum=True, **small)
pq.write_table(table, "old-lists.parquet", compression="snappy", use_compliant_nested_type=False)
columns = {
    "id": "DELTA_BINARY_PACKED", "messages.list.element.role": "DELTA_LENGTH_BYTE_ARRAY",
    "messages.list.element.content": "DELTA_BYTE_ARRAY", "messages.list.element.weight": "PLAIN", "text": "DELTA_BYTE_ARRAY",
    "ids.list.element": "DELTA_BINARY_PACKED", "nested.list.element.list.element": "BYTE_STREAM_SPLIT",
    "meta.score": "BYTE_STREAM_SPLIT", "meta.ok": "RLE", "meta.tags.list.element": "DELTA_LENGTH_BYTE_ARRAY",
    "half": "BYTE_STREAM_SPLIT", "none": "PLAIN", "map.key_value.key": "PLAIN", "map.key_value.value": "PLAIN",
}
for name, version in [("encodings", "1.0"), ("encodings2", "2.0")]:
    pq.write_table(table, name + ".parquet", compression="snappy", use_dictionary=False, column_encoding=columns,
                   data_page_version=version, **small)
