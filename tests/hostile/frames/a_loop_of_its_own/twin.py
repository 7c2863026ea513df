import json
import struct

_packed = struct.pack(">I", len(json.dumps({"id": 1})))
