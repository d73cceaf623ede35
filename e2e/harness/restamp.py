"""The same wheel as another version: restamp.py WHEEL FROM TO OUT_DIR."""

import base64
import hashlib
import sys
import zipfile
from pathlib import Path

# What tells the version: the metadata, the daemon's manifest and the shim's module.
TELLS = ("/METADATA", "/app/package.json", "/_version.py")


def main(wheel: Path, old: str, new: str, out: Path) -> None:
    name = wheel.name.split("-")[0]
    source = zipfile.ZipFile(wheel)
    made = zipfile.ZipFile(out / wheel.name.replace(old, new, 1), "w", zipfile.ZIP_DEFLATED)
    rows: list[str] = []
    record = f"{name}-{new}.dist-info/RECORD"
    for info in source.infolist():
        path = info.filename.replace(f"{name}-{old}", f"{name}-{new}")
        if path == record:
            continue
        data = source.read(info)
        if path.endswith(TELLS):
            data = data.replace(old.encode(), new.encode())
        info.filename = path
        made.writestr(info, data)
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        rows.append(f"{path},sha256={digest},{len(data)}")
    made.writestr(record, "\n".join([*rows, f"{record},,", ""]))
    made.close()


main(Path(sys.argv[1]), sys.argv[2], sys.argv[3], Path(sys.argv[4]))
